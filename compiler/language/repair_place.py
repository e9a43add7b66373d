"""Where a parser stopped, and what to do about it.

In: what the parser could not accept. Out: a `Place`, which the rules of `repair_rules` ask, and the
`Repair`s that they make there.
"""

from __future__ import annotations

import re

from msgspec import Struct

from ..diagnostics import Diagnostic, replace_fix
from ..source import SourceFile, Span
from .parser import UnexpectedInput, UnexpectedToken
from .problem import problem
from .recover import CLOSING, Piece, before

_WORD = re.compile(r"[A-Za-z_]\w*")


class Repair(Struct, frozen=True):
    """A problem, the tokens that the parser gets instead, and where it goes on to read."""

    problem: Diagnostic
    tokens: tuple[tuple[str, str], ...]
    resume: int
    is_certain: bool = True
    """Whether nothing else can be meant; otherwise the checker has no say on the line."""


class Place:
    """Where the parser stopped, with what the rules ask about it."""

    def __init__(
        self,
        source: SourceFile,
        text: str,
        piece: Piece,
        error: UnexpectedInput,
    ) -> None:
        self.source = source
        self.text = text
        self.piece = piece
        self.accepts = error.accepts
        self.kind = ""
        self.start = error.start
        self.end = self.start + 1
        if isinstance(error, UnexpectedToken):
            self.kind = error.token.type
            self.end = error.token.end
        self.previous_end, brackets = before(self.text, self.piece.start, self.start)
        self.bracket = brackets[-1] if brackets else None
        self.open_brackets = len(brackets)
        self.found = self.text[self.start : self.end]
        self.rest = self.text[self.start : self.piece.end]
        self.line = self.rest.split("\n", 1)[0]
        words = _WORD.findall(self.text[self.piece.start : self.previous_end])
        self.previous = self.text[self.piece.start : self.previous_end].split()[-1:] or [""]
        self.previous_word = words[-1] if words else ""
        self.first_word = words[0] if words else ""

    @property
    def is_at_start(self) -> bool:
        """Whether nothing of the piece stands in front of it."""
        return not self.text[self.piece.start : self.start].strip()

    @property
    def opening(self) -> str:
        """The innermost bracket that is open here; empty where none is."""
        return "" if self.bracket is None else self.text[self.bracket]

    def closes_outer(self, closing: str) -> bool:
        """Whether a bracket closes one that is open further out than the innermost."""
        _, brackets = before(self.text, self.piece.start, self.start)
        return any(CLOSING[self.text[position]] == closing for position in brackets[:-1])

    @property
    def is_first_on_line(self) -> bool:
        """Whether a line begins here."""
        return "\n" in self.text[self.previous_end : self.start]

    def span(self, length: int | None = None) -> Span:
        """The span of what was found, or of as many characters from there on."""
        return self.source.span(self.start, self.end if length is None else self.start + length)

    def replace(
        self, message: str, new: str, tokens: tuple[tuple[str, str], ...] = (), *,
        length: int | None = None, is_safe: bool = True, help: str | None = None,
        label: str = "",
    ) -> Repair:  # fmt: skip
        """Put `new` in the place of what was found."""
        span = self.span(length)
        fix = replace_fix(span, new, is_safe=is_safe)
        if not new:
            end = span.end
            while self.text[span.start - 1].isspace() and self.text[end : end + 1] in (" ", "\t"):
                end += 1
            fix = replace_fix(
                self.source.span(span.start, end), "", title="remove it", is_safe=is_safe
            )
        return Repair(problem(message, span, label=label, help=help, fix=fix), tokens, span.end)

    def insert(
        self, message: str, new: str, tokens: tuple[tuple[str, str], ...], *,
        is_safe: bool = True, label: str = "", help: str | None = None, span: Span | None = None,
    ) -> Repair:  # fmt: skip
        """Put `new` behind what was read before, and read on at the same place."""
        at = self.source.span(self.previous_end, self.previous_end)
        fix = replace_fix(at, new, is_safe=is_safe, title=f"add `{new.strip()}`")
        found = problem(message, span or self.span(), label=label, help=help, fix=fix)
        return Repair(found, tokens, self.start, is_certain=is_safe)
