"""Goes on after mistakes that have one likely repair.

In: what the parser could not accept in a piece of a file. Out: the diagnostic, with its fix, and
the tokens to read instead; the parser goes on as if the repair had been made, so the mistake costs
nothing else, and the next one is found too. What has no such repair is left to `syntax_errors`.
"""

from __future__ import annotations

import re

from msgspec.structs import replace

from ..diagnostics import Diagnostic, Silence
from ..diagnostics.codes import CODES
from ..source import SourceFile, Span
from .parser import Token, UnexpectedInput
from .recover import Piece
from .repair_place import Place, Repair
from .repair_rules import RULES

MOST_REPAIRS = 30

# What is said of a file that has been parsed.
_CHECKED = frozenset(code for code in CODES if code[2] in "2345")

# As many words and marks between two mistakes make them two.
_NEAR = 4
_LEXEME = re.compile(r"\w+|[^\w\s]")


class Mender:
    """Mends what can be mended in one piece, as the parser's `on_error`."""

    def __init__(self, source: SourceFile, text: str, piece: Piece) -> None:
        self.source = source
        self.parsed = text
        self.piece = piece
        self.problems: list[Diagnostic] = []
        self._last = (-1, "")

    def mend(self, error: UnexpectedInput) -> tuple[list[Token], int] | None:
        """Return what to read instead, and where to read on; None where there is no repair."""
        if len(self.problems) >= MOST_REPAIRS:
            return None
        place = Place(self.source, self.parsed, self.piece, error)
        for rule in RULES:
            repair = rule(place)
            if repair is None or not self._advances(repair):
                continue
            if repair.tokens and repair.tokens[0][0] not in place.accepts:
                continue
            if not error.takes(kind for kind, _ in repair.tokens):
                return None
            self._tell(repair)
            tokens = [
                Token(kind, text, *_place_of(text, place, repair)) for kind, text in repair.tokens
            ]
            return tokens, repair.resume
        return None

    def _tell(self, repair: Repair) -> None:
        """Keep the problem of a repair, unless it may come from what was told before."""
        found = repair.problem
        if found in self.problems:
            return  # it has two ends
        span = found.span
        assert span is not None
        if self.parsed[span.start : span.end] != span.text:
            return  # a slip of the same characters has been told
        if any(each.message != found.message and _is_near(each, found) for each in self.problems):
            return  # the mistake before may be what makes this one
        if not repair.is_certain:
            found = replace(found, silences=(*found.silences, Silence(_CHECKED, _line_of(span))))
        self.problems.append(found)

    def _advances(self, repair: Repair) -> bool:
        """Whether a repair is not the one before again, at the same place."""
        now = (repair.resume, repair.tokens[0][0] if repair.tokens else "")
        if now == self._last:
            return False
        self._last = now
        return True


def _place_of(value: str, place: Place, repair: Repair) -> tuple[int, int]:
    """Where a token is taken to stand: at the place, or where what it repeats does."""
    repeated = place.previous_end - len(value)
    if place.text[repeated : place.previous_end] == value:
        return repeated, place.previous_end
    return place.start, max(place.start, min(place.start + len(value), repair.resume))


def is_on_line_of(found: Diagnostic, other: Diagnostic) -> bool:
    """Whether two diagnostics start on the same line."""
    assert found.span is not None
    assert other.span is not None
    return found.span.line == other.span.line


def is_behind(found: Diagnostic, other: Diagnostic) -> bool:
    """Whether a diagnostic starts on the line of another, and not in front of it."""
    assert found.span is not None
    assert other.span is not None
    return is_on_line_of(found, other) and other.span.start <= found.span.start


def _is_near(first: Diagnostic, second: Diagnostic) -> bool:
    """Whether hardly anything stands between two diagnostics of a line."""
    if not is_on_line_of(first, second):
        return False
    assert first.span is not None
    assert second.span is not None
    between = first.span.source.text[first.span.end : second.span.start]
    return len(_LEXEME.findall(between)) < _NEAR


def _line_of(span: Span) -> Span:
    text = span.source.text
    end = text.find("\n", span.end)
    start = text.rfind("\n", 0, span.start) + 1
    return span.source.span(start, len(text) if end == -1 else end)
