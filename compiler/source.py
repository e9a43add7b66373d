"""Texts and places in them.

In: a path and its text. Out: `Span`s that every later phase carries along, so that any
diagnostic can point at the characters that caused it. Offsets count characters from 0,
lines and columns from 1; an end is exclusive.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property

from msgspec import Struct


class SourceFile(Struct, frozen=True, dict=True):
    """A text and the path it is known by.

    `path` is shown in diagnostics as the user gave it; it is never opened from here.
    """

    path: str
    text: str

    def __repr__(self) -> str:
        return f"SourceFile({self.path!r})"

    @cached_property
    def _line_starts(self) -> list[int]:
        starts = [0]
        position = self.text.find("\n")
        while position != -1:
            starts.append(position + 1)
            position = self.text.find("\n", position + 1)
        return starts

    def position(self, offset: int) -> tuple[int, int]:
        """Return the line and column, from 1, of a character offset."""
        line = bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    def line(self, number: int) -> str:
        """Return a line's text, numbered from 1, without its line end."""
        start = self._line_starts[number - 1]
        end = self.text.find("\n", start)
        return self.text[start : len(self.text) if end == -1 else end].removesuffix("\r")

    @property
    def last_line(self) -> int:
        """The number of the last line, from 1."""
        return len(self._line_starts)

    def span(self, start: int, end: int) -> Span:
        """Return the span from `start` up to, without, `end`."""
        return Span(self, start, end)


class Span(Struct, frozen=True):
    """A run of characters of one source file."""

    source: SourceFile
    start: int
    end: int

    @property
    def text(self) -> str:
        """The characters of the span."""
        return self.source.text[self.start : self.end]

    @property
    def line(self) -> int:
        """The line on which the span starts, from 1."""
        return self.source.position(self.start)[0]

    def to(self, last: Span) -> Span:
        """Return the span from the start of this one to the end of `last`."""
        return Span(self.source, self.start, last.end)
