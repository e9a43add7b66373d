"""Diagnostics for people: the line, a caret under it, and the way out.

In: diagnostics, and whether to colour. Out: text for a terminal or a log.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from ..diagnostics import Diagnostic, Related
from ..source import Span

_COLOURS = {
    "error": "\x1b[1;31m",
    "warning": "\x1b[1;33m",
    "bold": "\x1b[1m",
    "frame": "\x1b[34m",
    "help": "\x1b[36m",
}
_RESET = "\x1b[0m"
_TAB = "    "
_WIDEST = 120


def render(diagnostics: Iterable[Diagnostic], *, colour: bool = False) -> str:
    """Return all diagnostics, with a line that counts them at the end."""
    found = list(diagnostics)
    writer = _Writer(colour)
    blocks = [writer.diagnostic(each) for each in found]
    errors = sum(each.is_error for each in found)
    warnings = len(found) - errors
    counts = [
        f"{number} {word}{'s' if number > 1 else ''}"
        for number, word in ((errors, "error"), (warnings, "warning"))
        if number
    ]
    return "\n".join([*blocks, *([" and ".join(counts)] if counts else [])])


class _Writer:
    def __init__(self, colour: bool) -> None:
        self.colour = colour

    def paint(self, kind: str, text: str) -> str:
        return f"{_COLOURS[kind]}{text}{_RESET}" if self.colour and text else text

    def diagnostic(self, diagnostic: Diagnostic) -> str:
        severity = diagnostic.severity.value
        title = self.paint(severity, f"{severity}[{diagnostic.code}]")
        lines = [f"{title}: {self.paint('bold', diagnostic.message)}"]
        width = 0
        spans = [each.span for each in diagnostic.related]
        if diagnostic.span is not None:
            spans.append(diagnostic.span)
        if spans:
            width = max(len(str(span.line)) for span in spans)
        if diagnostic.span is not None:
            lines += self.place(diagnostic.span, diagnostic.label, severity, width, "-->")
        for related in diagnostic.related:
            lines += self.related(related, width)
        gutter = " " * width
        if diagnostic.span is not None and (diagnostic.notes or diagnostic.help):
            lines.append(f"{gutter} {self.paint('frame', '|')}")
        for note in diagnostic.notes:
            lines += self.remark("note", note, gutter)
        if diagnostic.help:
            lines += self.remark("help", diagnostic.help, gutter)
        return "\n".join([*lines, ""])

    def related(self, related: Related, width: int) -> list[str]:
        return self.place(related.span, related.message, "frame", width, ":::")

    def remark(self, kind: str, text: str, gutter: str) -> list[str]:
        first, *rest = text.split("\n")
        head = f"{gutter} {self.paint('frame', '=')} {self.paint('help', kind)}: {first}"
        indent = " " * (len(gutter) + 5 + len(kind))
        return [head, *(indent + line for line in rest)]

    def place(self, span: Span, label: str, kind: str, width: int, arrow: str) -> list[str]:
        """The source line of a span with a caret under its part, and the label beside it."""
        number, column = span.source.position(span.start)
        end_number, end_column = span.source.position(span.end)
        line = span.source.line(number)
        if end_number > number:
            end_column = len(line) + 1
        shown, start, length = _window(line, column - 1, max(end_column - column, 1))
        bar = self.paint("frame", "|")
        gutter = " " * width
        where = f"{span.source.path}:{number}:{column}"
        caret = self.paint(kind, f"{'^' * length}{' ' + label if label else ''}")
        return [
            f"{gutter}{self.paint('frame', arrow)} {where}",
            f"{gutter} {bar}",
            f"{self.paint('frame', str(number).rjust(width))} {bar} {shown}".rstrip(),
            f"{gutter} {bar} {' ' * start}{caret}",
        ]


def _window(line: str, start: int, length: int) -> tuple[str, int, int]:
    """Return what is shown of a line, and where and how wide its marked part is on screen."""
    before, marked, after = line[:start], line[start : start + length], line[start + length :]
    before, marked, after = map(_on_screen, (before, marked, after))
    if _width(before) + _width(marked) + _width(after) > _WIDEST:
        if _width(before) > _WIDEST // 2:
            before = "…" + before[-(_WIDEST // 3) :]
        if _width(marked) > _WIDEST // 2:
            marked, after = marked[: _WIDEST // 2], "…"
        room = max(_WIDEST - _width(before) - _width(marked), 8)
        after = after if _width(after) <= room else after[:room] + "…"
    return before + marked + after, _width(before), max(_width(marked), 1)


def _on_screen(text: str) -> str:
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}"
        for character in text.replace("\t", _TAB)
    )


def _width(text: str) -> int:
    """How many columns a terminal gives a text."""
    return sum(
        0 if unicodedata.combining(character)
        else 2 if unicodedata.east_asian_width(character) in "WF"
        else 1
        for character in text
    )  # fmt: skip


