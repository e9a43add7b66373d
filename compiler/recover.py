"""Cuts a file that does not parse into pieces that can be parsed one by one.

In: a text with a mistake somewhere. Out: its declarations and, within workflows, its
statements, as pieces that the parser tries on their own: so one mistake spoils one piece.
Brackets are followed, but not trusted (an unclosed one is the commonest mistake): a keyword
at the start of a line that can only start a declaration or statement starts a new piece.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_LEXEMES = re.compile(
    r'"""(?:[^\\]|\\.)*?(?:"""|\Z)|"(?:[^"\\\n]|\\.)*"?|(?P<comment>#[^\n]*)'
    r"|(?P<bracket>[()\[\]{}])|(?P<word>[A-Za-z_]\w*)|\S",
    re.DOTALL,
)

# The first words of declarations and statements, each with what follows it when it is one
# for certain, and not a parameter, a key or a field of that name inside open brackets.
_DECLARATIONS = {
    word: re.compile(follows)
    for word, follows in {
        "server": r'\s*"',
        "use": r'\s+[\w"]',
        "type": r"\s+\w+\s*=",
        "workflow": r'\s+\w+\s*["{]',
    }.items()
}
_STATEMENTS = {
    word: re.compile(follows)
    for word, follows in {
        "arg": r"\s+\w",
        "instruction": r'\s*"',
        "step": r"\s+\w+\s*:",
        "parallel": r"\s*\{",
        "handoff": r'\s*[\w"]',
        "return": r'\s*[\w"{\[]',
    }.items()
}
_USED_AS_A_NAME = re.compile(r"\s*[=:,.)\]}]")
_CLOSING = {"(": ")", "[": "]", "{": "}"}


@dataclass
class Piece:
    """A run of the text that is parsed on its own."""

    rule: str
    """The rule of the grammar to parse it by: declaration, workflow_header or statement."""
    start: int
    end: int = -1
    open_bracket: int | None = None
    """Where a bracket opens that the piece does not close."""
    statements: list[Piece] = field(default_factory=list)
    """Of a workflow's header: the pieces of its body."""
    body_start: int = -1
    """Of a workflow's header: where the brace of its body opens; -1 without one."""
    body_end: int = -1
    """Of a workflow's header: where its body ends; -1 where it is never closed."""


def pieces(text: str) -> list[Piece]:
    """Cut a text into its declarations, and its workflows into their statements."""
    cutter = _Cutter(text)
    for match in _LEXEMES.finditer(text):
        if match.lastgroup != "comment":
            cutter.take(match)
    cutter.close_piece()
    return cutter.declarations


class _Cutter:
    """Walks over the lexemes of a text, keeping the piece that it is in."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.declarations: list[Piece] = []
        self.workflow: Piece | None = None
        self.piece: Piece | None = None
        self.open: list[int] = []
        self.parallels: list[int] = []

    def take(self, match: re.Match[str]) -> None:
        """Take the next lexeme."""
        if match.lastgroup == "word" and self._starts_a_line(match.start()):
            self._cut_before(match)
        if match.lastgroup == "bracket":
            if self._is_structure(match):
                return
            self._follow_bracket(match)
        if self.piece is None:
            self._open_piece("declaration" if self.workflow is None else "statement", match.start())
        assert self.piece is not None
        self.piece.end = match.end()

    def close_piece(self) -> None:
        """End the piece under way, if there is one."""
        if self.piece is not None and self.open:
            self.piece.open_bracket = self.open[-1]
        self.piece = None
        self.open.clear()

    def _starts_a_line(self, position: int) -> bool:
        line_start = self.text.rfind("\n", 0, position) + 1
        return not self.text[line_start:position].strip(" \t\r\ufeff{")

    def _open_piece(self, rule: str, start: int) -> None:
        self.piece = Piece(rule, start)
        home = self.declarations if self.workflow is None else self.workflow.statements
        home.append(self.piece)

    def _cut_before(self, match: re.Match[str]) -> None:
        word = match[0]
        follows = _DECLARATIONS.get(word) or _STATEMENTS.get(word)
        if follows is None:
            return
        certain = follows.match(self.text, match.end()) is not None
        in_body = self.workflow is not None
        if word == "workflow" and certain:
            self.close_piece()
            self.workflow = None
            self._open_piece("workflow_header", match.start())
        elif word in _DECLARATIONS and not in_body and (certain or not self.open):
            self.close_piece()
            self._open_piece("declaration", match.start())
        elif word in _STATEMENTS and in_body:
            used_as_a_name = _USED_AS_A_NAME.match(self.text, match.end()) is not None
            if certain or not (self.open or used_as_a_name):
                self.close_piece()
                self._open_piece("statement", match.start())

    def _is_structure(self, match: re.Match[str]) -> bool:
        """Whether this is the brace of a workflow's body or of a `parallel`."""
        if match[0] == "{" and self.piece is not None and not self.open:
            if self.piece.rule == "workflow_header":
                self.workflow, self.piece = self.piece, None
                self.workflow.body_start = match.start()
                return True
            if self.text[self.piece.start : match.start()].strip() == "parallel":
                # Its steps are parsed like any others; only their order in time differs.
                assert self.workflow is not None
                self.workflow.statements.pop()
                self.piece = None
                self.parallels.append(match.start())
                return True
        if match[0] == "}" and self.workflow is not None and not self._closes_something("}"):
            self.close_piece()
            if self.parallels:
                self.parallels.pop()
            else:
                self.workflow.body_end = match.end()
                self.workflow = None
            return True
        return False

    def _closes_something(self, bracket: str) -> bool:
        return any(_CLOSING[self.text[position]] == bracket for position in self.open)

    def _follow_bracket(self, match: re.Match[str]) -> None:
        if match[0] in _CLOSING:
            self.open.append(match.start())
        elif self._closes_something(match[0]):
            while _CLOSING[self.text[self.open.pop()]] != match[0]:
                pass
