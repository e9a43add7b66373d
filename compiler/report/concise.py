"""Diagnostics as one line each, for editors and `grep`: `file:line:column: CODE message`."""

from __future__ import annotations

from collections.abc import Iterable

from ..diagnostics import Diagnostic


def render(diagnostics: Iterable[Diagnostic]) -> str:
    """Return a line for each diagnostic; one of the environment has no place in front."""
    return "\n".join(_line(each) for each in diagnostics)


def _line(diagnostic: Diagnostic) -> str:
    place = ""
    if diagnostic.span is not None:
        line, column = diagnostic.span.source.position(diagnostic.span.start)
        place = f"{diagnostic.span.source.path}:{line}:{column}: "
    return place + f"{diagnostic.code} {' '.join(diagnostic.message.split())}"
