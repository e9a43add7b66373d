"""Makes the changes that diagnostics suggest.

In: diagnostics with fixes, of texts that are as they were checked. Out: the texts with as many
of the fixes as do not overlap; what was in the way of another is left for the next run.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from . import Diagnostic, Fix

# Fixes that touch each other are made one round after the other.
MOST_ROUNDS = 10


class Fixed(Struct, frozen=True):
    """A text after its fixes, and how many there were."""

    path: str
    text: str
    count: int


def fix_files(diagnostics: Iterable[Diagnostic], *, unsafe: bool = False) -> list[Fixed]:
    """Return the files that fixes change; `unsafe` takes guesses as well.

    Only `.wf` files are changed: a lock or a configuration is not wfc's to mend.
    """
    fixes: dict[str, list[Fix]] = {}
    texts: dict[str, str] = {}
    for diagnostic in diagnostics:
        fix = diagnostic.fix
        if fix is None or not (fix.is_safe or unsafe):
            continue
        source = fix.edits[0].span.source
        if source.path.endswith(".wf"):
            texts[source.path] = source.text
            fixes.setdefault(source.path, []).append(fix)
    found: list[Fixed] = []
    for path, wanted in fixes.items():
        made = _without_overlaps(wanted)
        found.append(Fixed(path, apply(texts[path], made), len(made)))
    return found


def apply(text: str, fixes: Iterable[Fix]) -> str:
    """Return a text with fixes made that do not overlap."""
    edits = sorted(
        (edit for fix in fixes for edit in fix.edits),
        key=lambda edit: (edit.span.start, edit.span.end),
        reverse=True,
    )
    for edit in edits:
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return text


def _without_overlaps(fixes: list[Fix]) -> list[Fix]:
    """Return the fixes without those that touch what an earlier one changes."""
    made: list[Fix] = []
    taken: list[tuple[int, int]] = []
    for fix in fixes:
        places = [(edit.span.start, edit.span.end) for edit in fix.edits]
        if any(
            (start < end_taken and start_taken < end) or start == start_taken
            for start, end in places
            for start_taken, end_taken in taken
        ):
            continue
        taken += places
        made.append(fix)
    return made
