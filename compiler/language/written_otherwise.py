"""What other languages write so, and this one in another way, where nothing can be mended.

In: what the parser met, where, and what it could have been. Out: a syntax error with the way out,
or None where it is none of these habits. What has one likely repair is in the rules of `repair`.
"""

from __future__ import annotations

import re

from msgspec import Struct

from ..diagnostics import Diagnostic, Edit, Fix, replace_fix
from ..source import Span
from .problem import FOREIGN_TYPES, TEXTS, problem
from .recover import CLAUSES, Piece, closing_of, just_before


class _Found(Struct, frozen=True):
    """What was met, and what stands in front of it."""

    span: Span
    last: int
    """Where what stands in front of it ends."""
    opening: str
    """The innermost bracket that is open."""
    expected: set[str]
    piece: Piece
    before_it: str
    """The word or path in front of it, empty where it is none."""

    @property
    def found(self) -> str:
        return self.span.text

    @property
    def text(self) -> str:
        return self.span.source.text

    @property
    def is_joined(self) -> bool:
        """Whether nothing stands between it and what is in front of it."""
        return self.last == self.span.start

    @property
    def is_of_type(self) -> bool:
        """Whether it stands in an argument or a type."""
        return re.match(r"arg\b|type\b", self.text[self.piece.start :]) is not None


def written_otherwise(
    span: Span, last: int, opening: str, expected: set[str], piece: Piece
) -> Diagnostic | None:
    """Return the syntax error for a habit of another language, None where it is none."""
    word = just_before(r"[\w.]*\Z", span.source.text, last)
    place = _Found(span, last, opening, expected, piece, word[0] if word else "")
    return next((told for habit in _HABITS if (told := habit(place)) is not None), None)


def _literal(place: _Found) -> Diagnostic | None:
    """`007`, `1_000`, `r"…"`."""
    found, text, last, span = place.found, place.text, place.last, place.span
    if place.is_joined and re.match(r"\d", found) and text[last - 1] == "0":
        return problem("a number does not start with 0", span.source.span(last - 1, span.end))
    if place.is_joined and place.opening and (given := _duration(place)):
        return given
    if place.is_joined and re.match(r"\w", found) and re.fullmatch(r"\d+", place.before_it):
        number = span.source.span(last - len(place.before_it), span.end)
        return problem("a number is written in digits alone", number, help="without `_` or `x`")
    if place.is_joined and re.match(r"\d", found) and just_before(r"\d,\Z", text, last):
        return problem("a number is written in digits alone", span, help="leave out the `,`")
    if place.is_joined and found.startswith('"') and text[last - 1] == "f":
        return unmatched_braces(span.source.span(last - 1, span.end))
    if (
        place.is_joined
        and found.startswith('"')
        and re.fullmatch(r"[A-Za-z]{1,2}", place.before_it)
    ):
        prefix = span.source.span(last - len(place.before_it), last)
        meant = "f" if place.before_it == "F" else ""
        return problem(
            "an f-string starts with a small `f`"
            if meant
            else f"a text has no `{place.before_it}`",
            prefix,
            fix=replace_fix(prefix, meant, is_safe=bool(meant)),
        )
    return None


def _duration(place: _Found) -> Diagnostic | None:
    """`hr.find(timeout = 10s)`: a clause among the arguments, or a duration as a value."""
    start = place.last - len(place.before_it)
    duration = re.compile(r"\d+(?:\.\d+)?(?:ms|[smh])\b").match(place.text, start)
    if duration is None:
        return None
    span = place.span.source.span(*duration.span())
    clause = just_before(r"\b(timeout|every)\s*=\s*\Z", place.text, start)
    if clause is not None:
        given = place.span.source.span(clause.start(), duration.end())
        return clause_among_arguments(given, clause[1], f"{clause[1]} {span.text}")
    return problem("a duration is no value", span, help=f'write a text, `"{span.text}"`')


def clause_among_arguments(span: Span, clause: str, written: str) -> Diagnostic:
    """Return the diagnostic for what is given to a tool, and was to be said of the step."""
    return problem(
        f"`{clause}` is a clause of the step, not an argument",
        span,
        help=f"write `{written}` behind the call",
    )


def _type(place: _Found) -> Diagnostic | None:
    """`("a", "b")`, `list[string]`, `Literal[…]`, `Array<string>`."""
    found, text, last = place.found, place.text, place.last
    span, expected = place.span, place.expected
    first_of_choice = just_before(r'\(\s*("[^"]*"\s*)?\Z', text, last)
    if place.is_of_type and first_of_choice and (found.startswith('"') or found == ","):
        return problem("a choice of texts is a type with `|`", span, help='write `"a" | "b"`')
    if found == "[" and "NAME" in expected and "LSQB" not in expected and "LBRACE" in expected:
        item = re.match(r"\[\s*(\w+)\s*\]", text[span.start :])
        return _array_behind(span, item[1] if item else "string")
    if expected == {"RSQB"} and text[last - 1] == "[":
        head = just_before(r"(\w+)\s*\[\s*\Z", text, last)
        if head and head[1].lower() == "union":
            listed = re.match(r"[\w\s,]*", text[span.start :])
            names = re.findall(r"\w+", listed[0] if listed else "")
            meant = " | ".join(FOREIGN_TYPES.get(name.lower(), name) for name in names)
            help = f"write `{meant}`"
            return problem("alternatives stand between `|`", span, help=help)
        if head and head[1].lower() in ("literal", "enum"):
            help = 'write `"a" | "b"`'
            return problem("alternatives stand between `|`", span, help=help)
        if head and head[1].lower() in ("dict", "map", "record"):
            help = "write its fields, `{name: string}`, or `any`"
            return problem("an object type is written with its fields", span, help=help)
        if head and head[1].lower() == "optional":
            help = "the `?` of an optional argument or field stands after its name: `x?: string`"
            return problem("a type is not made optional like this", span, help=help)
        return _array_behind(span, head[1] if head and found.isdigit() else found)
    limit = re.match(r"[<>]=?\s*(\d+)", text[span.start :])
    if limit and place.is_of_type and place.before_it:
        bound = "max" if found.startswith("<") else "min"
        help = f"write `{place.before_it}({bound} = {limit[1]})`"
        return problem("a constraint stands in parentheses", span, help=help)
    if found == "<" and re.fullmatch(r"(?i)list|array|set", place.before_it):
        item = re.match(r"<\s*(\w+)", text[span.start :])
        return _array_behind(span, item[1] if item else "string")
    return None


def _field(place: _Found) -> Diagnostic | None:
    """`employee.["name"]`, `found[-1]`."""
    last = place.last
    if place.text[last - 1] == "." and place.expected == {"NAME"}:
        return problem(
            "expected the name of a field after this `.`",
            place.span.source.span(last - 1, last),
            help='a field whose name is no word is read with `["…"]`',
        )
    if place.found.startswith("-") and place.expected & {"INTEGER"} and place.text[last - 1] == "[":
        return problem(
            "items are counted from the start", place.span,
            help="the first is `[0]`; `for x in list` runs a step for each",
        )  # fmt: skip
    return None


def _call(place: _Found) -> Diagnostic | None:
    """`hr.find[…]`, `hr.find(…).total`, `await hr.find(…)`, `len(x)`."""
    found, text, last, span = place.found, place.text, place.last, place.span
    if found == "(" and text[last - 1] == "(" and "RPAR" in place.expected:
        return problem("one `(` opens the arguments of a call", span, fix=replace_fix(span, ""))
    if found == "(":
        return _computed(place)
    if found == "[" and place.expected == {"LPAR"}:
        return in_parentheses(span)
    if found == "." and text[last - 1] == ")" and re.match(r"step\b", text[place.piece.start :]):
        return problem(
            "what a step gives is read by its name", span,
            help="name it, `server.tool(…) as x`, and read `x.…` from the next step on",
        )  # fmt: skip
    if found == '"' + found[1:-1] + '"' and text[last - 1] == '"' and place.opening == "(":
        return problem("two texts do not make one", span, help="write one string")
    if (
        place.before_it in ("await", "async", "call", "run", "do", "invoke", "workflow", "step")
        and "LPAR" in place.expected
    ):
        return problem(
            f"a step calls its tool without `{place.before_it}`",
            span.source.span(last - len(place.before_it), last),
            fix=replace_fix(
                span.source.span(last - len(place.before_it), span.start),
                "",
                is_safe=True,
            ),
        )
    return None


def _use(place: _Found) -> Diagnostic | None:
    """`use from …`."""
    last = place.last
    if (
        place.found == "from"
        and place.expected <= TEXTS | {"_AS", "COMMA", "_FROM"}
        and not place.opening
    ):
        return problem(
            "the servers stand in front of the file",
            place.span,
            help='write `use hr from "mcp.json"`',
        )
    renamed = just_before(r'\buse\s+(\w+)\s+from\s+("[^"\n]*")\s*\Z', place.text, last)
    name = re.match(r"as\s+([A-Za-z_]\w*)", place.text[place.span.start :])
    if place.found == "as" and renamed and name:
        use = place.span.source.span(renamed.start(), place.span.start + name.end())
        new = f"use {renamed[1]} as {name[1]} from {renamed[2]}"
        return problem(
            "another name stands behind the server", place.span, help=f"write `{new}`",
            fix=replace_fix(use, new, is_safe=True),
        )  # fmt: skip
    if (
        place.found.startswith('"')
        and "_FROM" in place.expected
        and just_before(r"use\s+from\Z", place.text, last)
    ):
        return problem(
            "this `use` names no server",
            place.span.source.span(last - len("from"), last),
            label="a name belongs in front of this",
            help='write `use hr from "mcp.json"`',
        )
    return None


def _block(place: _Found) -> Diagnostic | None:
    """`arg name {…}`, `step a: {…}`, a body behind `:`, and `instruction |`."""
    found, span = place.found, place.span
    so_far = place.text[place.piece.start : span.start]
    argument = re.fullmatch(r"arg\s+(\w+)\s*", so_far)
    if found == "{" and argument:
        return problem(
            "the type of an argument follows `:`, without braces", span,
            help=f"write `arg {argument[1]}: string`",
        )  # fmt: skip
    if found == "{" and re.fullmatch(r"step\s+\w+\s*:\s*", so_far):
        return problem(
            "a step makes one call, without braces", span,
            help="write a step for each; those in a `parallel { … }` run at the same time",
        )  # fmt: skip
    is_header = place.piece.rule == "workflow_header" and so_far.rstrip().endswith('"')
    if is_header and found in (":", "=>", "->"):
        return problem(
            "the body of a workflow stands between braces", span,
            help='write `workflow NAME "description" {`, and `}` after its last statement',
        )  # fmt: skip
    if found in ("|", ">", "<") and place.expected <= TEXTS:
        return problem(
            "a text over several lines stands between quotes", span,
            help=f'write `{so_far.split()[-1]} """…"""`',
        )  # fmt: skip
    return None


def _choice(place: _Found) -> Diagnostic | None:
    """`x or y`, `x ? y : z`, `[x for x in …]`, `x == y` outside of a condition."""
    found, span, expected = place.found, place.span, place.expected
    if place.opening == "(" and found in ("or", "if", "?") and {"COMMA", "RPAR"} <= expected:
        return problem(
            f"a value is not chosen with `{found}`",
            span,
            help="give the argument a default, `arg x = …`, or run the step only `when x`",
        )
    if found == "?" and just_before(r"\bwhen\b[^\n]*\Z", place.text, place.last):
        return problem(
            "a value is not chosen with `? :`", span,
            help="a step runs where the condition of its `when` holds, another `when not …`",
        )  # fmt: skip
    if found in _COMPARISONS and place.before_it in ("and", "or", "not", "when", "require"):
        return problem(
            "a comparison has a value on both sides",
            span,
            help=f"write `x {found} …`, also where `x` stands in front of the `{place.before_it}`",
        )
    if place.opening == "[" and found == "for":
        return problem(
            "an array is not made with `for`",
            span,
            help="a step runs once for each item by its clause `for x in list`",
        )
    if (
        found in _COMPARISONS
        and not place.is_of_type
        and "OPERATOR" not in expected
        and (place.opening or place.before_it)
    ):
        if re.match(r"[^\n]*\?[^\n]*:", place.text[span.end :]):
            return problem(
                "a value is not chosen with `? :`", span,
                help="run one of two steps, each with its own `when`",
            )  # fmt: skip
        return problem(
            "values are compared only in `when` and `require`", span,
            help="let a step run only `when` they compare so",
        )  # fmt: skip
    if found in ("is", "in") and "OPERATOR" in expected:
        help = "write `==`; `when x` tests whether `x` is there"
        return problem(
            f"values are not compared with `{found}`",
            span,
            help=help if found == "is" else "write `list contains item`",
        )
    return None


def unmatched_braces(span: Span) -> Diagnostic:
    """Return the diagnostic for an f-string whose braces are not those of paths."""
    return problem(
        "the braces in this f-string do not match",
        span,
        code="WF105",
        help="write `{name}` for a value, and `{{` or `}}` for a brace",
    )


_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")


def _array_behind(span: Span, item: str) -> Diagnostic:
    return problem(
        "an array type is written behind the type of its items", span, help=f"write `{item}[]`"
    )


def in_parentheses(span: Span) -> Diagnostic:
    """Return the diagnostic for arguments in other brackets."""
    return problem("arguments stand in parentheses", span, help="write `server.tool(name = value)`")


def _computed(place: _Found) -> Diagnostic | None:
    """A parenthesis where none belongs: a function that is called, or a value within two."""
    name, span, expected = place.before_it, place.span, place.expected
    if name and place.is_of_type:
        return None
    if place.piece.rule == "workflow_header" and expected <= TEXTS:
        return problem(
            "a workflow has no list of arguments",
            span,
            help="what it takes is declared inside: `arg name: string`",
            fix=_declared_inside(span),
        )
    is_returned = re.match(r"return\b", place.text[place.piece.start :]) is not None
    is_value = (
        place.opening or is_returned or "OPERATOR" in expected or expected >= {"_UNDO", "DOT"}
    )
    if name != "return" and name and is_value and not name.isdigit() and name not in CLAUSES:
        return problem(
            "a value is not computed here: only a step calls something",
            span,
            help="call a tool in a step of its own, and use what it gives",
        )
    if "NUMBER" in expected or expected & {"DURATION", "INTEGER"}:
        return problem("a value stands without parentheses", span)
    return None


def _declared_inside(bracket: Span) -> Fix | None:
    """The fix that makes the arguments in a workflow's parentheses statements of its body."""
    text = bracket.source.text
    end = closing_of(text, bracket.start, len(text))
    header = None if end is None else _REST_OF_HEADER.match(text, end)
    if end is None or header is None:
        return None
    inside = text[bracket.end : end - 1].strip().removesuffix(",")
    listed = [_PARAMETER.fullmatch(each) for each in inside.split(",")] if inside else []
    if any(each is None for each in listed):
        return None
    line_start = text.rfind("\n", 0, bracket.start) + 1
    indent = "\n" + re.sub(r"\S.*", "", text[line_start : bracket.start]) + "  "
    declared = "".join(indent + _declaration(each) for each in listed if each is not None)
    edits = (
        Edit(
            bracket.source.span(bracket.start, header.end("given") if header["given"] else end), ""
        ),
        Edit(bracket.source.span(header.end(), header.end()), declared),
    )
    return Fix(edits, is_safe=True, title="declare them inside")


# What stands between the parentheses and the body: perhaps what is given back, then a description.
_REST_OF_HEADER = re.compile(
    r'(?P<given>\s*(?:->|=>|:)\s*[\w\[\]|]+)?\s*(?:"(?:[^"\\\n]|\\.)*"\s*)?\{(?:[ \t]*#[^\n]*)?'
)
_PARAMETER = re.compile(
    r"\s*(?P<name>[A-Za-z_]\w*)\s*(?P<optional>\??)\s*"
    r"(?::\s*(?P<type>[^\s=(){}][^=(){}]*?)\s*)?(?:=\s*(?P<default>\S.*?)\s*)?"
)


def _declaration(parameter: re.Match[str]) -> str:
    declared = f"arg {parameter['name']}{parameter['optional']}"
    if parameter["type"]:
        declared += f": {parameter['type']}"
    return declared + (f" = {parameter['default']}" if parameter["default"] else "")


_HABITS = (_block, _literal, _type, _field, _call, _use, _choice)
