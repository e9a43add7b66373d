"""Cuts a file that does not parse into pieces that can be parsed one by one.

In: a text with a mistake somewhere. Out: its declarations and, within workflows, its
statements, as pieces that the parser tries on their own: so one mistake spoils one piece.
Brackets are followed, but not trusted (an unclosed one is the commonest mistake): a keyword
at the start of a line that can only start a declaration or statement starts a new piece. So does,
where no bracket is open, another word after what can end a statement.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct, field

from ..diagnostics.suggest import nearest

_LEXEMES = re.compile(
    r'f?"""(?:[^\\]|\\.)*?(?:"""|\Z)|f?"(?:[^"\\\n]|\\.)*"?|(?P<comment>#[^\n]*)'
    r"|(?P<bracket>[()\[\]{}])|(?P<word>[A-Za-z_]\w*)|[^ \t\r\n\ufeff]",
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
        "step": r"\s+\w+\s*(?::|=\s*\w+\s*\.)",
        "parallel": r"\s*\{",
        "handoff": r'\s*[\w"]',
        "return": r'\s*[\w"{\[(]',
    }.items()
}
CLAUSES = ("when", "for", "timeout", "retry", "undo", "require", "guidance")
DECLARATIONS, STATEMENTS = tuple(_DECLARATIONS), tuple(_STATEMENTS)
# What may stand at the start of a line within a statement.
_CONTINUATIONS = {
    *CLAUSES,
    "as",
    "in",
    "every",
    "unsafe",
    "and",
    "or",
    "not",
    "contains",
    "matches",
}
_CONTINUATIONS |= {"version", "from"}
KEYWORDS = {*_CONTINUATIONS, *DECLARATIONS, *STATEMENTS, "read"}
# First words of blocks in other languages, whose braces hold statements.
_BLOCKS = {
    "if", "else", "elif", "unless", "for", "foreach", "while", "loop", "try", "catch", "except",
    "finally", "when", "steps", "args", "inputs", "jobs", "begin", "do", "sequence", "group",
}  # fmt: skip
# What other languages call a thing that has a place in this one.
KEYWORD_OF = {
    "args": "arg", "argument": "arg", "input": "arg", "inputs": "arg", "param": "arg",
    "params": "arg", "parameter": "arg", "task": "step", "job": "step", "run": "step",
    "import": "use", "include": "use", "if": "when", "foreach": "for", "rollback": "undo",
    "compensate": "undo", "assert": "require", "ensure": "require", "retries": "retry",
    "within": "timeout", "wait": "every", "output": "return", "concurrently": "parallel",
    "instructions": "instruction", "into": "as",
    "expect": "require", "check": "require", "node": "step", "activity": "step", "stage": "step",
    "interface": "type", "struct": "type",
}  # fmt: skip
_NEAR = 200
CLOSING = {"(": ")", "[": "]", "{": "}"}


class Piece(Struct):
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
    early_end: int = -1
    """Of a workflow's header: a brace that seems to end the body, and is followed by more of it."""
    nested_parallels: list[int] = field(default_factory=list)
    """Of a workflow's header: each `parallel` that stands in another, where it must not."""
    open_parallel: int = -1
    """Of a workflow's header: the brace of a `parallel` that is still open after its steps."""
    outer: Piece | None = None
    """Of a workflow's header: the workflow in whose body it stands, where it must not."""


def has_braces_of_its_own(text: str, piece: Piece) -> bool:
    """Whether a piece closes each brace that it opens, and no other."""
    depth = 0
    for match in _LEXEMES.finditer(text, piece.start, piece.end):
        if match[0] in ("{", "}"):
            depth += 1 if match[0] == "{" else -1
            if depth < 0:
                return False
    return depth == 0


def before(text: str, start: int, end: int) -> tuple[int, list[int]]:
    """Return where the last word from `start` to `end` ends, and the brackets open there."""
    last = start
    brackets: list[int] = []
    for match in _LEXEMES.finditer(text, start, end):
        if match.lastgroup == "comment":
            continue
        last = match.end()
        if match.lastgroup == "bracket":
            if match[0] in CLOSING:
                brackets.append(match.start())
            elif brackets and CLOSING[text[brackets[-1]]] == match[0]:
                brackets.pop()
    return last, brackets


def closing_of(text: str, bracket: int, end: int) -> int | None:
    """Return the offset behind what closes the bracket at an offset; None where nothing does."""
    depth = 0
    for match in _LEXEMES.finditer(text, bracket, end):
        if match.lastgroup == "bracket":
            depth += 1 if match[0] in CLOSING else -1
            if depth == 0:
                return match.end()
    return None


def lists_of_steps(text: str) -> Iterator[list[int]]:
    """The marks that make a list of each `parallel: [step …, step …]`: what is no block."""
    before_it, last, colon = "", "", -1
    marks: list[int] = []
    depth = 0
    for match in _LEXEMES.finditer(text):
        mark, start = match[0], match.start()
        if match.lastgroup == "comment":
            continue
        if marks:
            depth += 0 if match.lastgroup != "bracket" else 1 if mark in CLOSING else -1
            if depth == 0 or (depth == 1 and mark == ","):
                marks.append(start)
            if depth == 0:
                yield marks
                marks = []
        elif last == "parallel" or (before_it == "parallel" and last in (":", "=")):
            of_colon = [] if last == "parallel" else [colon]
            if mark == "{" and of_colon:
                yield of_colon
            elif mark in ("[", "(") and _STEP_INSIDE.match(text, match.end()):
                is_closed = closing_of(text, start, len(text)) is not None
                marks, depth = ([*of_colon, start], 1) if is_closed else ([], 0)
        before_it, last, colon = last, mark, start


_STEP_INSIDE = re.compile(r"(?:\s|#[^\n]*)*step\b")


def brace_of_clauses(text: str, piece: Piece) -> int | None:
    """Return the offset of a brace that opens behind the call of a step, None without one."""
    depth = 0
    words = ["", ""]
    if re.compile(r"step\b").match(text, piece.start) is None:
        return None
    for match in _LEXEMES.finditer(text, piece.start, piece.end):
        if match.lastgroup == "comment":
            continue
        if match[0] == "{" and depth == 0 and (words[1] == ")" or words[0] == "as"):
            return match.start()
        if match.lastgroup == "bracket":
            depth += 1 if match[0] in CLOSING else -1
        words = [words[1], match[0]]
    return None


def comment_with(text: str, bracket: int) -> tuple[int, int] | None:
    """Return where the comment stands that holds what would close the bracket at an offset.

    It is looked for up to the next line that starts something else.
    """
    end = _STARTS_A_PIECE.search(text, bracket)
    for match in _LEXEMES.finditer(text, bracket, end.start() if end else len(text)):
        if match.lastgroup == "comment" and CLOSING[text[bracket]] in match[0]:
            return match.start(), match.end()
    return None


_STARTS_A_PIECE = re.compile(
    rf"\n[ \t]*(?:{'|'.join((*_DECLARATIONS, *_STATEMENTS, *CLAUSES))})\b(?!\s*[=,:.)])"
)


def just_before(pattern: str, text: str, end: int) -> re.Match[str] | None:
    r"""Search the last words in front of an offset for a pattern that ends there, by `\Z`.

    What is further away says nothing of a place, and to search it takes time.
    """
    return re.compile(pattern).search(text, max(end - _NEAR, 0), end)


def pieces(text: str) -> list[Piece]:
    """Cut a text into its declarations, and its workflows into their statements."""
    cutter = _Cutter(text)
    for match in _LEXEMES.finditer(text):
        if match.lastgroup != "comment":
            cutter.take(match)
    cutter.finish()
    return cutter.declarations


class _Cutter:
    """Walks over the lexemes of a text, keeping the piece that it is in."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.declarations: list[Piece] = []
        self.workflow: Piece | None = None
        self.piece: Piece | None = None
        self.last = ""
        self.open: list[int] = []
        self.parallels: list[int] = []

    def take(self, match: re.Match[str]) -> None:
        """Take the next lexeme."""
        if self._starts_a_line(match.start()):
            if match.lastgroup == "word":
                self._cut_before(match)
            elif match[0] in ("-", "@") and not self.open:
                self.close_piece()  # an item of a list, as in YAML; a decorator, as in Python
        elif match.lastgroup == "word" and not self.open and self._follows_a_whole_piece():
            words = _STATEMENTS if self.workflow is not None else _DECLARATIONS
            if (follows := words.get(match[0])) and follows.match(self.text, match.end()):
                self._cut_before(match)
        if match.lastgroup == "bracket":
            if self._is_structure(match):
                return
            self._follow_bracket(match)
        if self.piece is None:
            self._open_piece("declaration" if self.workflow is None else "statement", match.start())
        assert self.piece is not None
        self.piece.end = match.end()
        self.last = match[0]

    def close_piece(self) -> None:
        """End the piece under way, if there is one."""
        if self.piece is not None and self.open:
            self.piece.open_bracket = self.open[-1]
        self.piece = None
        self.open.clear()

    def finish(self) -> None:
        """End what is under way when the text ends."""
        self.close_piece()
        self._leave_workflow()

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
        if follows is None and not self.open and self._seems_to_start_a_piece(match):
            self.close_piece()
            if self.workflow is None and nearest(word, DECLARATIONS) == "workflow":
                self._open_piece("workflow_header", match.start())
        if follows is None:
            if (self.open and self._seems_to_be_a_step(match)) or (
                not self.open
                and word in CLAUSES
                and (self._is_of_no_step() or self._opens_a_block(match))
            ):
                self.close_piece()
            return
        certain = follows.match(self.text, match.end()) is not None
        in_body = self.workflow is not None
        if word == "workflow" and (certain or not (in_body or self.open)):
            self.close_piece()
            outer = self._workflow_around(match.start())
            self._leave_workflow()
            self._open_piece("workflow_header", match.start())
            assert self.piece is not None
            self.piece.outer = outer
        elif word in _DECLARATIONS and not in_body and (certain or not self.open):
            self.close_piece()
            self._open_piece("declaration", match.start())
        elif word in _DECLARATIONS and in_body and certain and not self.open:
            self.close_piece()
            self._open_piece("statement", match.start())
        elif word in _STATEMENTS:
            if certain and not in_body:
                self._enter_workflow()
            if self.workflow is not None and (certain or not self.open):
                self._take_brace_of_parallel()
                if word == "parallel" and self._is_nested(match.start()):
                    self.workflow.nested_parallels.append(match.start())
                elif self.parallels and self.parallels[-1] != -1 and word != "step":
                    self.workflow.open_parallel = self.parallels.pop()
                self.close_piece()
                self._open_piece("statement", match.start())

    def _opens_a_block(self, match: re.Match[str]) -> bool:
        """Whether a `for` or `when` holds the lines after it, as in other languages."""
        line = self.text[match.start() :].split("\n", 1)[0].split("#")[0].rstrip()
        return match[0] in ("for", "when") and line.endswith(("{", ":"))

    def _is_nested(self, start: int) -> bool:
        """Whether a `parallel` stands deeper than the line that opens the one around it."""
        if not self.parallels or self.parallels[-1] == -1:
            return False
        line_start = self.text.rfind("\n", 0, self.parallels[-1]) + 1
        indent = len(self.text[line_start:]) - len(self.text[line_start:].lstrip())
        return self._column(start) > indent + 1

    def _seems_to_start_a_piece(self, match: re.Match[str]) -> bool:
        """Whether a word that is no keyword, at the start of a line, begins something new.

        It does after what can end a declaration or statement, unless it is probably a clause.
        """
        if match[0] in _CONTINUATIONS or not self._follows_a_whole_piece():
            return False
        line = self.text[match.start() :].split("\n", 1)[0].split("#")[0].rstrip()
        if match[0] == "if":
            return "{" in line or line.endswith(":") or re.search(r"\bstep\b", line) is not None
        if line.endswith(","):
            return False  # an argument, rather
        if KEYWORD_OF.get(match[0].lower()) in _CONTINUATIONS:
            return False
        return nearest(match[0], KEYWORDS) not in _CONTINUATIONS

    def _is_of_no_step(self) -> bool:
        """Whether the piece under way is whole, and of a kind that has no clauses."""
        if self.workflow is None or not self._follows_a_whole_piece():
            return False
        assert self.piece is not None
        first = self._first_word()
        if first in KEYWORDS:
            return first in ("arg", "instruction", "handoff", "return")
        return "(" not in self.text[self.piece.start : self.piece.end]

    def _first_word(self) -> str:
        assert self.piece is not None
        word = re.compile(r"\w*").match(self.text, self.piece.start)
        return word[0] if word else ""

    def _follows_a_whole_piece(self) -> bool:
        """Whether the piece under way ends with what can be the end of one."""
        if self.piece is None:
            return False
        return self.last[-1] in ')]}"' or (self.last[0].isalnum() and self.last not in KEYWORDS)

    def _workflow_around(self, start: int) -> Piece | None:
        """The workflow under way, where a header at `start` stands deeper than its own does."""
        if self.workflow is None or self.parallels:
            return None
        is_deeper = self._column(start) > self._column(self.workflow.start)
        return self.workflow if is_deeper else None

    def _column(self, position: int) -> int:
        return position - self.text.rfind("\n", 0, position)

    def _leave_workflow(self) -> None:
        """Go on outside of the workflow under way, or in the one around it."""
        if self.workflow is not None and self.parallels:
            self.workflow.open_parallel = self.parallels[0]
        self.parallels.clear()
        self.workflow = None

    def _take_brace_of_parallel(self) -> None:
        """Take a `parallel` whose brace is missing for one that has it, when a step follows."""
        if self.piece is not None and not self.open and self._is_parallel(self.piece.end):
            self.parallels.append(self.piece.start)

    def _is_parallel(self, end: int) -> bool:
        """Whether the piece under way says nothing but `parallel` so far."""
        assert self.piece is not None
        return self.text[self.piece.start : end].strip() == "parallel"

    def _seems_to_be_a_step(self, match: re.Match[str]) -> bool:
        """Whether a word within brackets is a misspelt `step`, and a bracket is never closed."""
        follows = _STATEMENTS["step"].match(self.text, match.end())
        return follows is not None and nearest(match[0], KEYWORDS) == "step"

    def _enter_workflow(self) -> None:
        """Take a statement outside of any workflow for one of the workflow before it.

        It is where the brace that opens its body is missing, or one too many has closed it.
        """
        last = self.declarations[-1] if self.declarations else None
        if last is None or last.rule != "workflow_header":
            return
        if last.body_end != -1:
            last.early_end, last.body_end = last.body_end - 1, -1
        elif last is self.piece:
            self.close_piece()
        self.workflow = last

    def _is_structure(self, match: re.Match[str]) -> bool:
        """Whether this is the brace of a workflow's body or of a `parallel`."""
        if match[0] == "{" and self._starts_a_statement(match.start()):
            # A `parallel` without its word: what is in it are steps all the same.
            self.close_piece()
            self._open_piece("statement", match.start())
            assert self.piece is not None
            self.piece.end = match.end()
            self.piece = None
            self.parallels.append(-1)
            return True
        if match[0] == "{" and self.piece is not None and not self.open:
            if self.piece.rule == "workflow_header":
                self.workflow, self.piece = self.piece, None
                self.workflow.body_start = match.start()
                return True
            if self.workflow is not None and (
                self._first_word() in _BLOCKS or self._is_step_of_steps(match)
            ):
                self.piece.end = match.end()
                self.piece = None
                self.parallels.append(-1)
                return True
            if self.workflow is not None and self._is_parallel(match.start()):
                # Its steps are parsed like any others; only their order in time differs.
                self.workflow.statements.pop()
                self.piece = None
                self.parallels.append(match.start())
                return True
        if match[0] == "}" and self.workflow is not None and not self._closes_something("}"):
            if self.open and not self._starts_a_line(match.start()):
                return False  # one too many within an argument, more likely than the body's end
            self.close_piece()
            if self.parallels:
                self.parallels.pop()
            else:
                self.workflow.body_end = match.end()
                self.workflow = self.workflow.outer
            return True
        return False

    def _is_step_of_steps(self, match: re.Match[str]) -> bool:
        """Whether a brace opens what is meant as a step that has steps in it."""
        assert self.piece is not None
        head = self.text[self.piece.start : match.start()]
        is_step = re.fullmatch(r"step\s+\w+\s*:?\s*", head) is not None
        return is_step and _STEP_INSIDE.match(self.text, match.end()) is not None

    def _starts_a_statement(self, start: int) -> bool:
        """Whether a brace begins something of its own in the body of a workflow."""
        if self.workflow is None or self.open or not self._starts_a_line(start):
            return False
        return self.piece is None or self._follows_a_whole_piece()

    def _closes_something(self, bracket: str) -> bool:
        return any(CLOSING[self.text[position]] == bracket for position in self.open)

    def _follow_bracket(self, match: re.Match[str]) -> None:
        if match[0] in CLOSING:
            self.open.append(match.start())
        elif self._closes_something(match[0]):
            while CLOSING[self.text[self.open.pop()]] != match[0]:
                pass
