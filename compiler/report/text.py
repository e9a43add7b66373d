"""Diagnostics for people: the line, a caret under it, and the way out.

In: diagnostics, and whether to colour. Out: text for a terminal or a log.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from msgspec import Struct

from ..diagnostics import Diagnostic, Edit, Fix
from ..diagnostics.fixes import apply
from ..source import SourceFile, Span

_COLOURS = {
    "error": "\x1b[1;31m",
    "warning": "\x1b[1;33m",
    "note": "\x1b[1;36m",
    "bold": "\x1b[1m",
    "frame": "\x1b[34m",
    "help": "\x1b[36m",
    "removed": "\x1b[31m",
    "added": "\x1b[32m",
}
_RESET = "\x1b[0m"
_TAB = "    "
_WIDEST = 120
_MOST_CHANGED = 4
# No more characters of a line are looked at on either side of a mark.
_FURTHEST = 4 * _WIDEST


def render(diagnostics: Iterable[Diagnostic], *, colour: bool = False) -> str:
    """Return all diagnostics, with a line that counts them at the end."""
    found = list(diagnostics)
    writer = _Writer(colour)
    blocks = [writer.diagnostic(each) for each in found]
    return "\n".join([*blocks, *([_summary(found)] if found else [])])


def _summary(diagnostics: list[Diagnostic]) -> str:
    severities = [each.severity.value for each in diagnostics]
    counts = [
        _count(severities.count(word), word)
        for word in ("error", "warning", "note")
        if word in severities
    ]
    parts = [" and ".join(filter(None, [", ".join(counts[:-1]), counts[-1]]))]
    mended = sum(each.fix is not None and each.fix.is_safe for each in diagnostics)
    guessed = sum(each.fix is not None and not each.fix.is_safe for each in diagnostics)
    if mended:
        parts.append(f"`wfc check --fix` mends {mended}")
    if guessed:
        option = "`--unsafe-fixes`" if mended else "`wfc check --unsafe-fixes`"
        parts.append(f"{option} mends {guessed}{' more' if mended else ''}")
    codes = list(dict.fromkeys(each.code for each in diagnostics))
    parts.append(f"`wfc explain {codes[0]}` says more")
    return "; ".join(parts)


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'s' if number > 1 else ''}"


class _Mark(Struct, frozen=True):
    """A place to show: its span, what is said of it, and whether it is the problem itself."""

    span: Span
    label: str
    is_primary: bool


class _Writer:
    """Writes diagnostics, one at a time."""

    def __init__(self, colour: bool) -> None:
        self.colour = colour
        self.width = 0

    def paint(self, kind: str, text: str) -> str:
        return f"{_COLOURS[kind]}{text}{_RESET}" if self.colour and text else text

    @property
    def bar(self) -> str:
        """The empty margin of a line, as wide as the line numbers of the diagnostic."""
        return f"{' ' * self.width} {self.paint('frame', '|')}"

    def diagnostic(self, diagnostic: Diagnostic) -> str:
        severity = diagnostic.severity.value
        title = self.paint(severity, f"{severity}[{diagnostic.code}]")
        lines = [f"{title}: {self.paint('bold', _on_screen(diagnostic.message))}"]
        named = [related for related in diagnostic.related if not related.is_quoted]
        marks = [
            _Mark(related.span, related.message, False)
            for related in diagnostic.related
            if related.is_quoted
        ]
        if diagnostic.span is not None:
            marks.insert(0, _Mark(diagnostic.span, diagnostic.label, True))
        self.width = max((len(str(mark.span.line)) for mark in marks), default=0)
        by_file: dict[str, list[_Mark]] = {}
        for mark in marks:
            by_file.setdefault(mark.span.source.path, []).append(mark)
        for number, group in enumerate(by_file.values()):
            lines += self.snippet(group, severity, is_first=number == 0)
        for related in named:
            lines.append(f"{self.place(related.span, ':::')} {_on_screen(related.message)}")
        notes, help = diagnostic.further_notes, diagnostic.further_help
        if marks and not named and (notes or help):
            lines.append(self.bar)
        for note in notes:
            lines += self.remark("note", note)
        if diagnostic.fix is not None:
            lines += self.fix(diagnostic, diagnostic.fix)
        elif help:
            lines += self.remark("help", help)
        return "\n".join([*lines, ""])

    def snippet(self, marks: list[_Mark], severity: str, *, is_first: bool) -> list[str]:
        """The marked lines of one file, in their order, under a line that says where they are."""
        lines = [self.place(marks[0].span, "-->" if is_first else ":::")]
        if is_first:
            lines.append(self.bar)
        shown = 0
        for mark in sorted(marks, key=lambda mark: (mark.span.line, mark.span.start)):
            number = mark.span.line
            if shown and number > shown + 1:
                lines.append(self.paint("frame", "..."))
            lines += self.marked_line(mark, severity, with_text=number != shown)
            shown = number
        return lines

    def place(self, span: Span, arrow: str) -> str:
        """The line that says where a span is."""
        line, column = span.source.position(span.start)
        where = f"{_on_screen(span.source.path)}:{line}:{column}"
        return f"{' ' * self.width}{self.paint('frame', arrow)} {where}"

    def marked_line(self, mark: _Mark, severity: str, *, with_text: bool) -> list[str]:
        """The source line of a mark with a caret under its part, and the label beside it."""
        source = mark.span.source
        number, column = source.position(mark.span.start)
        end_number, end_column = source.position(mark.span.end)
        line = source.line(number)
        if end_number > number:
            end_column = len(line) + 1
        shown, start, length = _window(line, column - 1, max(end_column - column, 1))
        under = ("^" if mark.is_primary else "-") * length
        label = f" {_on_screen(mark.label)}" if mark.label else ""
        painted = self.paint(severity if mark.is_primary else "frame", f"{under}{label}")
        text = f"{self.paint('frame', str(number).rjust(self.width))} {self.bar.lstrip()} {shown}"
        pointer = f"{self.bar} {' ' * start}{painted}"
        return [text.rstrip(), pointer] if with_text else [pointer]

    def remark(self, kind: str, text: str) -> list[str]:
        first, *rest = [_on_screen(line) for line in text.split("\n")]
        margin = " " * self.width
        head = f"{margin} {self.paint('frame', '=')} {self.paint('help', kind)}: {first}"
        return [head, *(" " * (self.width + 5 + len(kind)) + line for line in rest)]

    def fix(self, diagnostic: Diagnostic, fix: Fix) -> list[str]:
        """What helps, and what the marked lines do not show yet of the lines that a fix changes."""
        made_by = "made by `--fix`" if fix.is_safe else "a guess, made by `--unsafe-fixes`"
        help = diagnostic.further_help
        remark = self.remark("help", f"{help} ({made_by})") if help else self.remark("fix", made_by)
        if _is_said(diagnostic, fix):
            return remark
        removed, added = _changed_lines(fix)
        if added and removed.keys() <= _quoted_lines(diagnostic, fix.edits[0].span.source):
            removed = {}
        return [
            *remark,
            *self.changed("removed", "-", removed),
            *self.changed("added", "+", added),
        ]

    def changed(self, kind: str, sign: str, lines: dict[int, str]) -> list[str]:
        """Lines that a fix takes away or puts there, the first of them where they are many."""
        shown = [
            f"{self.paint('frame', str(number).rjust(self.width))} "
            + self.paint(kind, f"{sign} {line}".rstrip())
            for number, line in lines.items()
        ]
        if len(shown) > _MOST_CHANGED:
            shown[_MOST_CHANGED - 1 :] = [self.paint("frame", "...")]
        return shown


def _is_said(diagnostic: Diagnostic, fix: Fix) -> bool:
    """Whether a fix only puts what the message or the help names where the mark ends."""
    (edit, *rest), marked = fix.edits, diagnostic.span
    named = f"`{edit.text}`"
    return (
        not rest
        and marked is not None
        and edit.span.source.path == marked.source.path
        and marked.start <= edit.span.start < edit.span.end == marked.end
        and named in diagnostic.remarks
    )


def _changed_lines(fix: Fix) -> tuple[dict[int, str], dict[int, str]]:
    """Return the lines that a fix takes away and those it puts there, by their numbers."""
    source = fix.edits[0].span.source
    # The lines alone are mended: a file may be long, and have many fixes.
    start = min(edit.span.start - source.position(edit.span.start)[1] + 1 for edit in fix.edits)
    line_end = source.text.find("\n", max(edit.span.end for edit in fix.edits))
    end = len(source.text) if line_end == -1 else line_end
    lines = SourceFile(source.path, source.text[start:end])
    edits = tuple(
        Edit(lines.span(edit.span.start - start, edit.span.end - start), edit.text)
        for edit in fix.edits
    )
    first = source.position(start)[0]
    removed = dict(enumerate(_lines(lines.text), first))
    added = dict(enumerate(_lines(apply(lines.text, [Fix(edits)])), first))
    if len(removed) == len(added):
        # Where lines are changed one by one, those that stay are no part of it.
        for number in [number for number in removed if removed[number] == added[number]]:
            del removed[number], added[number]

    starts = {
        number: _first_difference(removed[number], added[number])
        for number in removed.keys() & added.keys()
    }

    def shown(lines: dict[int, str]) -> dict[int, str]:
        return {each: _window(line, starts.get(each, 0), 1)[0] for each, line in lines.items()}

    return shown(removed), shown(added)


def _first_difference(left: str, right: str) -> int:
    pairs = enumerate(zip(left, right, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(left), len(right)))


def _lines(text: str) -> list[str]:
    return [line.removesuffix("\r") for line in text.split("\n")]


def _quoted_lines(diagnostic: Diagnostic, source: SourceFile) -> set[int]:
    """The numbers of the lines of a text that are shown with their marks."""
    spans = [each.span for each in diagnostic.related if each.is_quoted]
    spans += [diagnostic.span] if diagnostic.span is not None else []
    return {span.line for span in spans if span.source.path == source.path}


def _window(line: str, start: int, length: int) -> tuple[str, int, int]:
    """Return what is shown of a line, and where and how wide its marked part is on screen."""
    end = start + length
    before, marked, after = line[max(start - _FURTHEST, 0) : start], line[start:end], line[end:]
    after = after[:_FURTHEST]
    before, marked, after = map(_on_screen, (before, marked, after))
    if _width(before) + _width(marked) + _width(after) > _WIDEST:
        if _width(before) > _WIDEST // 2:
            before = "…" + _narrowed(before[::-1], _WIDEST // 3)[::-1]
        if _width(marked) > _WIDEST // 2:
            marked, after = _narrowed(marked, _WIDEST // 2), "…"
        room = max(_WIDEST - _width(before) - _width(marked), 8)
        if _width(after) > room:
            after = _narrowed(after, room) + "…"
    return before + marked + after, _width(before), max(_width(marked), 1)


def _narrowed(text: str, width: int) -> str:
    """Return as much of the start of a text as fits."""
    taken = 0
    for position, character in enumerate(text):
        taken += _width(character)
        if taken > width:
            return text[:position]
    return text


def _on_screen(text: str) -> str:
    """Return a text without what a terminal would obey instead of showing it."""
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}"
        for character in text.replace("\t", _TAB)
    )


def _width(text: str) -> int:
    """How many columns a terminal gives a text."""
    return sum(
        0 if unicodedata.category(character) in ("Mn", "Me")
        else 2 if unicodedata.east_asian_width(character) in "WF"
        else 1
        for character in text
    )  # fmt: skip
