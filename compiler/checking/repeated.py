"""Names that are there twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..diagnostics import Diagnostic, Related
from ..language import syntax


def report_repeated(
    names: Iterable[syntax.Name], code: str, kind: str, report: Callable[[Diagnostic], None]
) -> dict[str, syntax.Name]:
    """Report each name that was there before; return the first of each."""
    first: dict[str, syntax.Name] = {}
    for name in names:
        if name.text in first:
            report(
                Diagnostic(
                    code,
                    f"there are two {kind}s called `{name.text}`",
                    name.span,
                    label="a second time",
                    related=(Related(first[name.text].span, "first here"),),
                    help="rename one of them",
                )
            )
        first.setdefault(name.text, name)
    return first
