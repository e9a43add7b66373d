"""Goes on after mistakes that have one likely repair.

In: what Lark could not accept in a piece of a file. Out: the diagnostic, with its fix, and a
parser that goes on as if the repair had been made; so the mistake costs nothing else, and the
next one is found too. What has no such repair is left to `syntax_errors`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from lark import Token
from lark.exceptions import UnexpectedInput, UnexpectedToken

from .diagnostics import Diagnostic, Edit, Fix, replace_fix
from .recover import CLAUSES, CLOSING, Piece, before
from .source import SourceFile, Span
from .suggest import nearest
from .syntax_errors import (
    BASE_TYPE_NAMES,
    FOREIGN_VALUES,
    TEXTS,
    is_keyword,
    keyword_of,
    never_closed,
    problem,
    terminal_of,
)

MOST_REPAIRS = 30

_WORD = re.compile(r"[A-Za-z_]\w*")
_ITEM = re.compile(r'[A-Za-z_"0-9\[{-]')
_STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BARE_TEXT = re.compile(r"[A-Za-z_./][^\s\"'{}()\[\],;#]*(?:[ \t]+[A-Za-z][^\s\"'{}()\[\],;#=:]*)*")
_DURATION = re.compile(r'"?(\d+(?:\.\d+)?)[ \t]*([A-Za-z]*)"?')
_UNITS = {
    "ms": "ms msec msecs millis millisecond milliseconds",
    "s": "s sec secs second seconds",
    "m": "m min mins minute minutes",
    "h": "h hr hrs hour hours",
}
_UNIT_OF = {word: unit for unit, words in _UNITS.items() for word in words.split()}

# What other languages call a thing that has a place in this one.
_KEYWORD_OF = {
    "args": "arg", "argument": "arg", "input": "arg", "inputs": "arg", "param": "arg",
    "params": "arg", "parameter": "arg", "task": "step", "job": "step", "run": "step",
    "import": "use", "include": "use", "if": "when", "foreach": "for", "rollback": "undo",
    "assert": "require", "ensure": "require", "wait": "every", "output": "return",
    "concurrently": "parallel", "instructions": "instruction",
}  # fmt: skip


@dataclass(frozen=True)
class _Repair:
    """A problem, the tokens that the parser gets instead, and where it goes on to read."""

    problem: Diagnostic
    tokens: tuple[tuple[str, str], ...]
    resume: int


class Mender:
    """Mends what can be mended in one piece, as Lark's `on_error`."""

    def __init__(self, source: SourceFile, text: str, piece: Piece) -> None:
        self.source = source
        self.text = text
        self.piece = piece
        self.problems: list[Diagnostic] = []
        self._last = (-1, "")

    def mend(self, error: UnexpectedInput) -> bool:
        """Repair the parser's state; return False where there is no repair."""
        parser: Any = getattr(error, "interactive_parser", None)
        if parser is None or len(self.problems) >= MOST_REPAIRS:
            return False
        place = _Place(self, error, parser.accepts())
        for rule in _RULES:
            repair = rule(place)
            if repair is None or not self._advances(repair):
                continue
            for kind, value in repair.tokens:
                end = place.start + len(value)
                token = Token(kind, value, place.start, 1, 1, 1, 1, end)
                try:
                    parser.feed_token(token)
                except UnexpectedToken:
                    return False
            parser.lexer_thread.state.line_ctr.char_pos = repair.resume
            if not self._is_told(repair.problem.span):
                self.problems.append(repair.problem)
            return True
        return False

    def _is_told(self, span: Span | None) -> bool:
        """Whether a slip of the same characters has been reported."""
        return span is not None and self.text[span.start : span.end] != span.text

    def _advances(self, repair: _Repair) -> bool:
        """Whether a repair is not the one before again, at the same place."""
        now = (repair.resume, repair.tokens[0][0] if repair.tokens else "")
        if now == self._last:
            return False
        self._last = now
        return True


class _Place:
    """Where the parser stopped, with what the rules ask about it."""

    def __init__(self, mender: Mender, error: UnexpectedInput, accepts: Iterable[str]) -> None:
        self.source = mender.source
        self.text = mender.text
        self.piece = mender.piece
        self.accepts = set(accepts)
        self.kind = ""
        self.start = error.pos_in_stream or 0
        self.end = self.start + 1
        if isinstance(error, UnexpectedToken):
            self.kind = error.token.type
            self.end = error.token.end_pos or self.start
            if self.kind == "$END":
                self.start = self.end = self.piece.end
        self.previous_end, brackets = before(self.text, self.piece.start, self.start)
        self.bracket = brackets[-1] if brackets else None
        self.found = self.text[self.start : self.end]
        self.rest = self.text[self.start : self.piece.end]
        self.line = self.rest.split("\n", 1)[0]
        words = _WORD.findall(self.text[self.piece.start : self.previous_end])
        self.previous = self.text[self.piece.start : self.previous_end].split()[-1:] or [""]
        self.previous_word = words[-1] if words else ""
        self.first_word = words[0] if words else ""

    @property
    def is_at_start(self) -> bool:
        return not self.text[self.piece.start : self.start].strip()

    @property
    def opening(self) -> str:
        """The innermost bracket that is open here; empty where none is."""
        return "" if self.bracket is None else self.text[self.bracket]

    @property
    def is_first_on_line(self) -> bool:
        return "\n" in self.text[self.previous_end : self.start]

    def span(self, length: int | None = None) -> Span:
        return self.source.span(self.start, self.end if length is None else self.start + length)

    def replace(
        self, message: str, new: str, tokens: tuple[tuple[str, str], ...] = (), *,
        length: int | None = None, is_safe: bool = True, help: str | None = None,
        label: str = "",
    ) -> _Repair:  # fmt: skip
        """Put `new` in the place of what was found."""
        span = self.span(length)
        fix = replace_fix(span, new, is_safe=is_safe)
        if not new:
            end = span.end
            while self.text[end : end + 1] in (" ", "\t"):
                end += 1
            fix = replace_fix(
                self.source.span(span.start, end), "", title="remove it", is_safe=is_safe
            )
        return _Repair(problem(message, span, label=label, help=help, fix=fix), tokens, span.end)

    def insert(
        self, message: str, new: str, tokens: tuple[tuple[str, str], ...], *,
        is_safe: bool = True, label: str = "", help: str | None = None, span: Span | None = None,
    ) -> _Repair:  # fmt: skip
        """Put `new` behind what was read before, and read on at the same place."""
        at = self.source.span(self.previous_end, self.previous_end)
        fix = replace_fix(at, new, is_safe=is_safe, title=f"add `{new.strip()}`")
        found = problem(message, span or self.span(), label=label, help=help, fix=fix)
        return _Repair(found, tokens, self.start)


# --- Marks


def _colon_for_equal(place: _Place) -> _Repair | None:
    if place.found != ":" or "EQUAL" not in place.accepts:
        return None
    length = 2 if place.rest.startswith(":=") else 1
    before_it = "" if place.text[place.start - 1 : place.start].isspace() else " "
    after_it = "" if place.rest[length : length + 1].isspace() else " "
    return place.replace(
        "an argument is given with `=`, not with `:`" if place.opening else
        "a default is given with `=`, not with `:`",
        f"{before_it}={after_it}",
        (("EQUAL", "="),),
        length=length,
        label="`=` belongs here",
    )  # fmt: skip


def _equal_for_colon(place: _Place) -> _Repair | None:
    if place.found != "=" or "COLON" not in place.accepts or "EQUAL" in place.accepts:
        return None
    what = "the value of a key" if place.opening == "{" else f"what the {place.first_word} does"
    if place.first_word == "type" or place.previous_word == "arg":
        what = "a type"
    blank = " " if place.text[place.start - 1 : place.start].isspace() else ""
    repair = place.replace(
        f"{what} follows `:`, not `=`", ":", (("COLON", ":"),), label="`:` belongs here"
    )
    span = place.source.span(place.start - len(blank), place.end)
    gap = "" if place.rest[1:2].isspace() else " "
    fix = replace_fix(span, ":" + gap, is_safe=True)
    return _Repair(replace(repair.problem, fix=fix), repair.tokens, repair.resume)


def _one_equal_sign(place: _Place) -> _Repair | None:
    if place.found != "=" or "OPERATOR" not in place.accepts:
        return None
    return place.replace(
        "values are compared with `==`", "==", (("OPERATOR", "=="),), label="a comparison has two"
    )


def _two_equal_signs(place: _Place) -> _Repair | None:
    if place.found != "==" or "EQUAL" not in place.accepts:
        return None
    return place.replace(
        "an argument is given with a single `=`", "=", (("EQUAL", "="),), label="one is enough"
    )


def _boolean_operator(place: _Place) -> _Repair | None:
    for mark, keyword in (("&&", "and"), ("||", "or"), ("!", "not"), ("&", "and"), ("|", "or")):
        terminal = terminal_of(keyword)
        if place.rest.startswith(mark) and terminal in place.accepts:
            if not {"OPERATOR", "_NOT", "CONTAINS"} & place.accepts and keyword != "not":
                return None
            new = keyword + ("" if place.rest[len(mark) : len(mark) + 1].isspace() else " ")
            return place.replace(
                f"`{mark}` is written `{keyword}`", new, ((terminal, keyword),), length=len(mark)
            )
    return None


def _colon_too_many(place: _Place) -> _Repair | None:
    """`timeout: 10s`, as in YAML."""
    if place.found not in (":", "=") or place.opening or "COLON" in place.accepts:
        return None
    keyword = terminal_of(place.previous_word)
    if place.is_at_start or not is_keyword(keyword) or place.previous[0] != place.previous_word:
        return None
    return place.replace(f"no `{place.found}` follows `{place.previous_word}`", "")


def _comma_too_many(place: _Place) -> _Repair | None:
    if place.found != "," or place.is_at_start:
        return None
    if "COMMA" in place.accepts or (
        place.opening and place.text[place.previous_end - 1] not in ",([{"
    ):
        return None
    where = "between two items" if place.opening else "here"
    return place.replace(f"a `,` too many: none belongs {where}", "", label="not expected here")


def _bracket_too_many(place: _Place) -> _Repair | None:
    if place.found not in (")", "]", "}") or len(place.found) != 1 or place.is_at_start:
        return None
    _, brackets = before(place.text, place.piece.start, place.start)
    if any(CLOSING[place.text[position]] == place.found for position in brackets):
        return None
    return place.replace(
        f"this `{place.found}` closes nothing", "", label="no bracket is open for it", is_safe=False
    )


def _missing_comma(place: _Place) -> _Repair | None:
    if "COMMA" not in place.accepts or not _ITEM.match(place.rest):
        return None
    if place.previous_end == place.start:
        return None  # `01`, or `f"` with braces that do not match
    follows = {
        "(": r'(?:\w+|"(?:[^"\\\n]|\\.)*")\s*(?:=(?!=)|[,)])',
        "{": r'(?:\w+|"(?:[^"\\\n]|\\.)*")\s*\??\s*:',
        "[": "",
        "": r"\w+\s*(?:,|from\b)" if "_FROM" in place.accepts else r"(?!)",
    }[place.opening]
    is_own_line = place.opening == "(" and place.is_first_on_line and place.found[0].isalpha()
    if re.match(follows, place.rest) is None and not (
        is_own_line and place.found not in (*CLAUSES, "as")
    ):
        return None
    end = place.source.span(place.previous_end - 1, place.previous_end)
    return place.insert(
        "a `,` is missing after this", ",", (("COMMA", ","),), span=end,
        label=f"`,` belongs between this and `{_short(place)}`",
    )  # fmt: skip


def _list_item(place: _Place) -> _Repair | None:
    if not (place.is_at_start and place.rest.startswith("-")) or place.rest[1:2].isdigit():
        return None
    return place.replace(
        "statements are not items of a list", "", length=1, help="leave out the `-`"
    )


# --- Brackets


def _never_closed(place: _Place) -> _Repair | None:
    """A clause begins, on a line of its own, while the brackets of a call are open."""
    if place.bracket is None or not place.is_first_on_line:
        return None
    closing = CLOSING[place.opening]
    terminal = {")": "RPAR", "]": "RSQB", "}": "RBRACE"}[closing]
    if terminal not in place.accepts or place.found not in (*CLAUSES, "as"):
        return None
    at = place.source.span(place.previous_end, place.previous_end)
    found = never_closed(place.source, place.bracket)
    fix = replace_fix(at, closing, title=f"add `{closing}`")
    return _Repair(replace(found, fix=fix), ((terminal, closing),), place.start)


def _no_parentheses(place: _Place) -> _Repair | None:
    if place.accepts != {"LPAR"} or place.found in ("{", "[", ":", "="):
        return None
    name = place.source.span(place.previous_end - len(place.previous_word), place.previous_end)
    return place.insert(
        "a call needs its parentheses", "()", (("LPAR", "("), ("RPAR", ")")), span=name,
        label="`(…)` belongs after this",
    )  # fmt: skip


# --- Words


def _keyword(place: _Place) -> _Repair | None:
    """A keyword that is misspelt, or another language's."""
    word = _WORD.match(place.rest)
    if word is None or (is_keyword(place.kind) and place.found in place.accepts):
        return None
    keywords = {keyword_of(each): each for each in place.accepts if is_keyword(each)}
    if place.opening or not keywords:
        return None
    meant = _KEYWORD_OF.get(word[0].lower())
    is_foreign = meant in keywords
    if not is_foreign:
        meant = nearest(word[0], keywords)
        # What could as well be a name is only a keyword where nothing but keywords can stand.
        if meant is None or (len(word[0]) < 4 and not place.is_at_start):
            return None
    assert meant is not None
    if re.match(r"\s*[({]", place.rest[word.end() :]) and is_foreign:
        return None
    if place.is_at_start and re.match(r"\s*:", place.rest[word.end() :]):
        return None
    return place.replace(
        f"`{word[0]}` is written `{meant}` here" if is_foreign else f"there is no `{word[0]}` here",
        meant,
        ((keywords[meant], meant),),
        length=word.end(),
        is_safe=False,
        help=None if is_foreign else f"did you mean `{meant}`?",
    )


def _foreign_value(place: _Place) -> _Repair | None:
    """`True` where only a constant can stand."""
    word = _WORD.match(place.rest)
    value = FOREIGN_VALUES.get(word[0]) if word else None
    if value is None or terminal_of(value) not in place.accepts:
        return None
    assert word is not None
    return place.replace(
        f"`{word[0]}` is written `{value}`",
        value,
        ((terminal_of(value), value),),
        length=word.end(),
    )


def _quoted_name(place: _Place) -> _Repair | None:
    string = _STRING.match(place.rest)
    if string is None or "NAME" not in place.accepts or "STRING" in place.accepts:
        return None
    parts = string[1].split(".")
    if len(parts) > 2 or not all(_IDENTIFIER.fullmatch(part) for part in parts):
        return None
    tokens: tuple[tuple[str, str], ...] = (("NAME", parts[0]),)
    if len(parts) == 2:
        if "_READ" not in place.accepts:
            return None
        tokens = (*tokens, ("DOT", "."), ("NAME", parts[1]))
    return place.replace(
        "a name stands without quotes", string[1], tokens, length=string.end(),
        help=f"write `{string[1]}`",
    )  # fmt: skip


def _quoted_source(place: _Place) -> _Repair | None:
    """`use "hr" from …`: a quoted server needs a name."""
    if place.accepts != {"_AS"} or place.first_word != "use":
        return None
    quoted = re.search(r'"([A-Za-z_]\w*)"\s*\Z', place.text[: place.previous_end])
    if quoted is None:
        return None
    span = place.source.span(quoted.start(), place.previous_end)
    found = problem(
        "a server whose name is a word stands without quotes",
        span,
        help=f'write `{quoted[1]}`; other names are given one: `"my-{quoted[1]}" as {quoted[1]}`',
        fix=replace_fix(span, quoted[1], is_safe=True),
    )
    return _Repair(found, (("_AS", "as"), ("NAME", quoted[1])), place.start)


def _bare_text(place: _Place) -> _Repair | None:
    """`from mcp.json`: a text without its quotes."""
    if "STRING" not in place.accepts or "NAME" in place.accepts or place.kind == "$END":
        return None
    bare = _BARE_TEXT.match(place.rest)
    if bare is None or "_TRUE" in place.accepts or place.accepts - TEXTS - {"LPAR"}:
        return None
    text = bare[0].rstrip()
    return place.replace(
        "a text stands in double quotes", f'"{text}"', (("STRING", f'"{text}"'),),
        length=len(text), is_safe=" " not in text, help=f'write `"{text}"`',
    )  # fmt: skip


def _missing_description(place: _Place) -> _Repair | None:
    if place.piece.rule != "workflow_header" or place.kind != "$END":
        return None
    if not place.accepts <= TEXTS:
        return None
    name = place.source.span(place.previous_end - len(place.previous_word), place.previous_end)
    found = problem(
        "this workflow has no description",
        name,
        label="a text belongs after this",
        help=f'say what it does, for the model that is to use it: `workflow {name.text} "…"`',
    )
    return _Repair(found, (("STRING", '""'),), place.start)


def _type_without_colon(place: _Place) -> _Repair | None:
    """`arg name string`."""
    if "COLON" not in place.accepts or place.is_first_on_line:
        return None
    word = _WORD.match(place.rest)
    if word is None or not (place.first_word == "arg" or word[0] in BASE_TYPE_NAMES):
        return None
    if place.opening and place.opening != "{":
        return None
    return place.insert(
        "a type follows `:`", ":", (("COLON", ":"),), label="`:` belongs in front of this"
    )


def _question_mark_after_type(place: _Place) -> _Repair | None:
    if place.found != "?":
        return None
    declared = re.search(r"(\w+\"?)\s*:[^:]*\Z", place.text[place.piece.start : place.start])
    if declared is None:
        return None
    name = place.piece.start + declared.end(1)
    edits = (
        Edit(place.source.span(name, name), "?"),
        Edit(place.source.span(place.start, place.end), ""),
    )
    found = problem(
        "the `?` of an optional name stands after the name",
        place.span(),
        help=f"write `{declared[1]}?: …`",
        fix=Fix(edits, is_safe=True, title="move the `?`"),
    )
    return _Repair(found, (), place.end)


def _arrow(place: _Place) -> _Repair | None:
    arrow = re.match(r"[-=]>", place.rest)
    if arrow is None or "_AS" not in place.accepts:
        return None
    return place.replace(
        "the result of a step is named with `as`", "as", (("_AS", "as"),), length=2
    )


def _member_mark(place: _Place) -> _Repair | None:
    """`hr:create(…)`, `hr/create(…)`."""
    mark = re.match(r"::|->|[:/]", place.rest)
    if mark is None or not {"DOT", "LPAR"} <= place.accepts or "COLON" in place.accepts:
        return None
    if not re.match(r"\w+\s*\(", place.rest[mark.end() :]):
        return None
    return place.replace(
        "a tool follows its server after `.`", ".", (("DOT", "."),), length=mark.end()
    )


# --- Numbers


def _duration(place: _Place) -> _Repair | None:
    if "DURATION" not in place.accepts:
        return None
    written = _DURATION.match(place.rest)
    if written is None:
        return None
    unit = _UNIT_OF.get(written[2].lower())
    if unit is None and (written[2] in CLAUSES or place.rest[written.end(1) :][:1].isspace()):
        length, value = written.end(1), f"{written[1]}s"
    elif unit is None and written[2]:
        return None
    else:
        length, value = written.end(), f"{written[1]}{unit or 's'}"
    if unit is None:
        return place.replace(
            f"a duration needs a unit: {written[1]} what?", value, (("DURATION", value),),
            length=length, is_safe=False, help="write `ms`, `s`, `m` or `h` after the number, "
            f"like `{value}`",
        )  # fmt: skip
    return place.replace(
        f"this duration is written `{value}`", value, (("DURATION", value),), length=length
    )


def _rest_of_duration(place: _Place) -> _Repair | None:
    """`10seconds`, of which `10s` has been read."""
    written = re.search(r"(\d+(?:\.\d+)?)([A-Za-z]+)\Z", place.text[: place.start])
    tail = re.match(r"[A-Za-z]+", place.rest)
    if written is None or tail is None or place.previous_end != place.start:
        return None
    unit = _UNIT_OF.get((written[2] + tail[0]).lower())
    if unit is None:
        return None
    value = written[1] + unit
    span = place.source.span(written.start(), place.start + tail.end())
    found = problem(
        f"this duration is written `{value}`", span, fix=replace_fix(span, value, is_safe=True)
    )
    return _Repair(found, (), span.end)


def _times(place: _Place) -> _Repair | None:
    if "_EVERY" not in place.accepts:
        return None
    if re.match(r"\d+(?:\.\d+)?(?:ms|[smh])\b", place.rest):
        return place.insert(
            "the time between two attempts follows `every`", " every", (("_EVERY", "every"),)
        )
    word = re.match(r"(?:times?|attempts?)\b", place.rest)
    if word is None:
        return None
    return place.replace(f"no `{word[0]}` follows the number of attempts", "", length=word.end())


def _short(place: _Place) -> str:
    word = re.match(r'\w+|"[^"\n]*"|.', place.rest)
    text = word[0] if word else place.found
    return text if len(text) <= 30 else text[:29] + "…"


_RULES: tuple[Callable[[_Place], _Repair | None], ...] = (
    _list_item, _colon_for_equal, _member_mark, _equal_for_colon, _one_equal_sign,
    _two_equal_signs, _boolean_operator, _duration, _rest_of_duration, _times, _never_closed,
    _missing_comma, _foreign_value, _quoted_name, _quoted_source, _keyword, _type_without_colon,
    _question_mark_after_type, _arrow, _bare_text, _missing_description, _no_parentheses,
    _colon_too_many, _comma_too_many, _bracket_too_many,
)  # fmt: skip
