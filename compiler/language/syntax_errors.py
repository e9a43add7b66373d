"""Syntax errors in words.

In: what Lark could not accept, and the piece of the file it was parsing. Out: a diagnostic
(WF1xx) that says what stands there, what could stand there instead, and the way out.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace

from lark import Token
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from ..diagnostics import Diagnostic, Fix, Related, Silence, replace_fix
from ..source import SourceFile, Span
from .recover import CLAUSES, CLOSING, FOREIGN, Piece, before

NESTED_TOO_DEEPLY = "this is nested too deeply"
NO_WORKFLOW = "there is no workflow in this file"

TEXTS = {"STRING", "LONG_STRING", "FSTRING", "LONG_FSTRING"}
BASE_TYPE_NAMES = {
    "string", "integer", "number", "boolean", "null", "any", "date", "datetime", "time",
    "duration", "email", "uri", "uuid",
}  # fmt: skip
FOREIGN_VALUES = {
    "True": "true", "False": "false", "None": "null", "nil": "null", "undefined": "null",
    "TRUE": "true", "FALSE": "false", "NULL": "null", "Null": "null",
}  # fmt: skip

# What a reader calls each terminal; keywords and marks are shown as they are written.
HUMAN_NAMES = {
    "NAME": "a name",
    "INTEGER": "a whole number",
    "NUMBER": "a number",
    "DURATION": "a duration like `10s`",
    "STRING": "a string",
    "LONG_STRING": "a string",
    "FSTRING": "a string",
    "LONG_FSTRING": "a string",
    "OPERATOR": "a comparison",
    "CONTAINS": "a comparison",
    "MATCHES": "a comparison",
    "OPTIONAL": "`?`",
    "COMMA": "`,`",
    "COLON": "`:`",
    "EQUAL": "`=`",
    "DOT": "`.`",
    "VBAR": "`|`",
    "LPAR": "`(`",
    "RPAR": "`)`",
    "LSQB": "`[`",
    "RSQB": "`]`",
    "LBRACE": "`{`",
    "RBRACE": "`}`",
    "UNSAFE": "`unsafe`",
    "$END": "nothing more",
}

# Terminals that together are one thing to a reader, the largest first.
_VALUE = TEXTS | {"NUMBER", "_TRUE", "_FALSE", "_NULL", "LSQB", "LBRACE"}
_GROUPS: tuple[tuple[set[str], str], ...] = (
    (_VALUE | {"NAME", "_NOT", "LPAR"}, "a condition"),
    (_VALUE | {"NAME"}, "a value"),
    (_VALUE - {"FSTRING", "LONG_FSTRING"}, "a constant"),
    ({"_WHEN", "_FOR", "_TIMEOUT", "_RETRY", "_UNDO", "_REQUIRE", "_GUIDANCE"}, "a clause"),
    ({"NAME", "STRING", "LONG_STRING", "INTEGER", "LBRACE", "LPAR"}, "a type"),
    ({"_ARG", "_INSTRUCTION", "_STEP", "_PARALLEL", "_HANDOFF", "_RETURN"},
     "`arg`, `instruction`, `step`, `parallel`, `handoff` or `return`"),
    ({"_SERVER", "_USE", "_TYPE", "_WORKFLOW"}, "`server`, `use`, `type` or `workflow`"),
)  # fmt: skip
# What can nearly always follow, and is not worth a word where something else can.
_GO_ON = {"DOT", "LSQB", "$END", "VBAR", "LPAR", "OPTIONAL", "_AND", "_OR"}

# How the language says what a first word of another language stands for.
_INSTEAD = {
    "if": "a step runs under a condition by its clause `when …`, after its call",
    "else": "give the other step its own condition: `when not …`",
    "while": "a step is repeated by its clause `for x in list`, or `retry 3 every 2s`",
    "try": "what a failed workflow takes back stands in its steps' `undo` clauses",
    "let": "a value gets its name from a step: `step NAME: server.tool(…) as name`",
    "def": 'what a file can do starts with `workflow NAME "description" {`',
    "import": 'servers come from a configuration: `use hr from "mcp.json"`',
    "print": "what the model is to read is a `guidance` of a step, or an `instruction`",
    "steps": "each step is written `step NAME: server.tool(…)`",
    "inputs": 'each argument is written `arg NAME: type "description"`',
    "outputs": "what a workflow gives is written `return {…}`",
    "run": "a tool is called as `step NAME: server.tool(…)`",
    "description": 'a description stands after the name: `workflow NAME "description" {`',
    "end": "a workflow ends with `}`",
}
_SAME_AS = {
    "elif": "else", "unless": "if", "foreach": "while", "loop": "while", "catch": "try",
    "except": "try", "finally": "try", "var": "let", "const": "let", "set": "let",
    "function": "def", "fn": "def", "include": "import", "input": "inputs", "params": "inputs",
    "param": "inputs", "parameter": "inputs", "args": "inputs", "output": "outputs", "job": "run",
    "jobs": "steps", "task": "run", "call": "run", "name": "description",
}  # fmt: skip


def is_keyword(terminal: str) -> bool:
    """Whether a terminal is a word of the language."""
    return (terminal.startswith("_") and terminal[1:].isupper()) or terminal in _KEPT_KEYWORDS


def keyword_of(terminal: str) -> str:
    """Return a keyword as it is written."""
    return terminal.strip("_").lower()


def terminal_of(keyword: str) -> str:
    """Return the terminal of a keyword."""
    name = keyword.upper()
    return name if name in _KEPT_KEYWORDS else f"_{name}"


_KEPT_KEYWORDS = {"CONTAINS", "MATCHES", "UNSAFE"}


def problem(
    message: str,
    span: Span,
    *,
    code: str = "WF101",
    label: str = "",
    notes: tuple[str, ...] = (),
    help: str | None = None,
    related: tuple[tuple[Span, str], ...] = (),
    fix: Fix | None = None,
    silences: tuple[Silence, ...] = (),
) -> Diagnostic:
    """Return a syntax error; `related` pairs spans with what they explain."""
    return Diagnostic(
        code,
        message,
        span,
        label=label,
        notes=notes,
        help=help,
        related=tuple(Related(*each) for each in related),
        fix=fix,
        silences=silences,
    )


def explain(error: UnexpectedInput, source: SourceFile, piece: Piece) -> Diagnostic:
    """Return the diagnostic for what Lark met in a piece of a file."""
    if isinstance(error, UnexpectedCharacters):
        if _is_behind_an_open_bracket(source, piece, error.pos_in_stream or 0):
            assert piece.open_bracket is not None
            return never_closed(source, piece.open_bracket)
        return _unexpected_character(error, source)
    assert isinstance(error, UnexpectedToken)
    expected = set(error.accepts or error.expected)
    token = error.token
    if token.type == "$END":
        return _ends_early(source, piece, expected)
    start = token.start_pos or 0
    if _is_behind_an_open_bracket(source, piece, start):
        assert piece.open_bracket is not None
        return never_closed(source, piece.open_bracket)
    span = source.span(start, token.end_pos or start + len(token))
    return _unexpected(span, token, expected, piece)


# A declaration that lacks the name it gives to something.
_NAMELESS = re.compile(
    r"^\s*(?:arg|use|type|workflow)\b(?!\s+[A-Za-z_\"])|\bas\b(?!\s+[A-Za-z_])|,\s*,"
)


def with_silences(
    diagnostic: Diagnostic, source: SourceFile, piece: Piece, body: Span
) -> Diagnostic:
    """Return the diagnostic of a piece that is lost, with what its loss makes look wrong.

    `body` is the workflow around the piece, or the piece itself: other declarations are known
    in the whole file.
    """
    text = source.text[piece.start : piece.end]
    words = frozenset(re.findall(r"[A-Za-z_]\w*", text))
    # Where the name itself is missing, any unknown name may be the one.
    names = None if _NAMELESS.search(text) else words
    everywhere = source.span(0, len(source.text))
    silences = [
        Silence(frozenset({"WF201", "WF202"}), body, names),
        Silence(frozenset({"WF404"}), body, words),
        # What is lost may have used any of the names.
        Silence(frozenset({"WF501", "WF502"}), body),
        Silence(frozenset({"WF303"}), everywhere, frozenset(re.findall(r"^arg\s+(\w+)", text))),
        Silence(frozenset({"WF207"}), body),
    ]
    if piece.rule != "statement":
        silences.append(Silence(frozenset({"WF201", "WF208", "WF301"}), everywhere, names))
    return replace(diagnostic, silences=tuple(silences))


def with_silences_of_part(diagnostic: Diagnostic) -> Diagnostic:
    """Return the diagnostic of a value or clause that is read in part, with its consequences."""
    span = diagnostic.span
    assert span is not None
    words = frozenset(re.findall(r"[A-Za-z_]\w*", span.text))
    everywhere = span.source.span(0, len(span.source.text))
    silences = (
        Silence(frozenset({"WF401", "WF402"}), span),
        Silence(frozenset({"WF501", "WF502"}), everywhere, words),
    )
    return replace(diagnostic, silences=silences)


def never_closed(source: SourceFile, bracket: int) -> Diagnostic:
    """Return the diagnostic for a bracket, at an offset, that nothing closes."""
    opening = source.text[bracket]
    return problem(
        f"this `{opening}` is never closed",
        source.span(bracket, bracket + 1),
        code="WF102",
        label=f"needs a `{CLOSING[opening]}`",
        help=f"add `{CLOSING[opening]}` where it ends",
    )


def closed_early(source: SourceFile, brace: int) -> Diagnostic:
    """Return the diagnostic for a brace that ends a workflow whose statements go on after it."""
    return problem(
        "this `}` ends the workflow, and more of it follows",
        source.span(brace, brace + 1),
        label="one too many, here or before",
    )


def nested_workflow(header: Span) -> Diagnostic:
    """Return the diagnostic for a workflow that stands in the body of another."""
    return problem(
        "a workflow cannot stand within another",
        header,
        help="move it out; a step calls it as `step NAME: workflow(…)`",
    )


def no_body(header: Span, piece: Piece) -> Diagnostic:
    """Return the diagnostic for a workflow's header that no `{` follows."""
    return problem(
        "the `{` of this workflow is missing" if piece.statements else "this workflow has no body",
        header,
        label="expected `{` after this",
        help="write its arguments and steps between `{` and `}`",
    )


def no_workflow(source: SourceFile) -> Diagnostic:
    """Return the diagnostic for a file in which there is nothing to do."""
    end = len(source.text.rstrip())
    return problem(
        NO_WORKFLOW,
        source.span(max(end - 1, 0), end),
        help='add one: `workflow NAME "what it does" { … }`',
    )


def somewhere(source: SourceFile) -> Diagnostic:
    """Return the diagnostic for a file whose pieces are right, and which is not as a whole."""
    return problem("this file is not in the language", source.span(0, 1))


def _is_behind_an_open_bracket(source: SourceFile, piece: Piece, start: int) -> bool:
    """Whether the bracket that is open at the end of a piece is the mistake, and not this place.

    It is where this place is on a later line, one on which something else than an item of the
    bracket has begun.
    """
    if piece.open_bracket is None or start <= piece.open_bracket:
        return False
    line_start = source.text.rfind("\n", 0, start) + 1
    first = source.text[line_start:].split(None, 1)[0] if source.text[line_start:].strip() else ""
    word = re.match(r"\w*", first)
    return line_start > piece.open_bracket and word is not None and word[0] in (*CLAUSES, "as")


def _unexpected(span: Span, token: Token, expected: set[str], piece: Piece) -> Diagnostic:
    found = span.text
    text = span.source.text
    last, brackets = before(text, piece.start, span.start)
    opening = text[brackets[-1]] if brackets else ""
    if not text[piece.start : span.start].strip():
        return _unknown_start(span, expected, piece)
    if opening == "(" and expected <= {"EQUAL", "COMMA", "RPAR", "NAME", "STRING", "LONG_STRING"}:
        is_path = found == "." and re.search(r"[(,]\s*[A-Za-z_]\w*\Z", text[:last])
        if "NAME" in expected or is_path or text[last - 1] == '"':
            return problem(
                "an argument is given by its name",
                span,
                label="expected `name = ` in front of this" if "NAME" in expected else "",
                help="write `name = value`; a name alone stands for `name = name`",
            )
    if last == span.start and found[0].isdigit() and text[last - 1] == "0":
        return problem("a number does not start with 0", span.source.span(last - 1, span.end))
    if last == span.start and found.startswith('"') and text[last - 1] == "f":
        return _unmatched_braces(span.source.span(last - 1, span.end))
    if expected == {"RSQB"} and text[last - 1] == "[":
        return problem(
            "an array type is written behind the type of its items",
            span,
            help=f"write `{found}[]`",
        )
    if found == "=" and text[last - 1] == '"':
        return problem(
            "a default stands in front of the description", span, help='`arg x = 3 "description"`'
        )
    if found in BASE_TYPE_NAMES and "_TRUE" in expected and "COLON" not in expected:
        return problem(
            "a type follows `:`, and a default `=`",
            span,
            label="this is a type",
            help=f"write `: {found}`; a text stands in double quotes",
        )
    if found == "{" and expected == {"LPAR"}:
        return problem(
            "arguments stand in parentheses", span, help="write `server.tool(name = value)`"
        )
    if expected <= _GO_ON:
        return problem(f"{_shown(found)} does not belong here", span, label="not expected here")
    return problem(
        f"expected {_list_of(expected)}, found {_shown(found)}",
        span,
        label="not expected here",
    )


def _unknown_start(span: Span, expected: set[str], piece: Piece) -> Diagnostic:
    """What stands where a declaration or statement has to begin."""
    found = span.text
    word = found.lower()
    help = _INSTEAD.get(_SAME_AS.get(word, word)) if word in FOREIGN else None
    if found in CLAUSES:
        help = f"`{found}` is a clause of a step, and stands after its call"
    elif found == "}":
        return problem("this `}` closes nothing", span, label="no `{` is open for it")
    elif help is None and found in ("arg", "instruction", "step", "parallel", "handoff", "return"):
        help = 'it stands in a workflow: `workflow NAME "description" { … }`'
    elif help is None and "_STEP" in expected:
        help = _as_a_step(_rest(span))
    where = "a workflow" if piece.rule == "statement" else "a file"
    return problem(
        f"nothing in {where} starts with {_shown(found)}",
        span,
        label=f"expected {_list_of(expected)}",
        help=help,
    )


def _as_a_step(line: str) -> str | None:
    """Say how what seems to be a call, without `step`, is written."""
    call = re.match(r"(?:(?P<name>\w+)\s*(?P<mark>[:=])\s*)?(?P<callee>\w+(?:\.\w+)?)\s*\(", line)
    if call is None:
        named = re.match(r"(\w+)\s*:", line)
        return f"a step is written `step {named[1]}: server.tool(…)`" if named else None
    name = call["name"] if call["mark"] == ":" else "NAME"
    bound = f" as {call['name']}" if call["mark"] == "=" else ""
    return f"a call stands in a step: `step {name}: {call['callee']}(…){bound}`"


def _rest(span: Span) -> str:
    return span.source.text[span.start :].split("\n", 1)[0]


def _unexpected_character(error: UnexpectedCharacters, source: SourceFile) -> Diagnostic:
    start = error.pos_in_stream or 0
    character = source.text[start : start + 1]
    rest = _rest(source.span(start, start + 1))
    if character in "\"'‘’“”" or rest.startswith('f"'):
        closing = character if character in "\"'" else '"'
        if character == "'" and rest.count("'") > 1:
            return problem(
                "strings stand in double quotes",
                source.span(start, start + 1),
                code="WF102",
                help='write "…" instead of \'…\', and \\" for a quote within it',
            )
        if whole := re.match(r'f?"(?:[^"\\]|\\.)*"', rest):
            span = source.span(start, start + whole.end())
            control = re.search(r"[\x00-\x1f]", whole[0])
            return _control_character(span, control) if control else _unmatched_braces(span)
        return problem(
            "this string does not end",
            source.span(start, start + len(rest.rstrip())),
            code="WF102",
            help=f"close it with `{closing}` on the same line"
            if closing == "'"
            else 'close it with `"` on the same line, or write it between `"""` and `"""`',
        )
    if character in "+%" and '"' in source.text[max(start - 200, 0) : start + 200]:
        return problem(
            f"texts are not put together with `{character}`",
            source.span(start, start + 1),
            help='write one f-string: `f"…{name}…"`',
        )
    if character in "+-*/%":
        return problem(
            "there is no arithmetic in a workflow",
            source.span(start, start + 1),
            label="not expected here",
            help="let a tool do it",
        )
    shown = character if character.isprintable() else ""
    return problem(
        f"{f'`{shown}` (' if shown else 'the character '}U+{ord(character):04X}"
        f"{')' if shown else ''} has no meaning here",
        source.span(start, start + 1),
        code="WF102",
        label="not expected here",
    )


def _unmatched_braces(span: Span) -> Diagnostic:
    return problem(
        "the braces in this f-string do not match",
        span,
        code="WF105",
        help="write `{name}` for a value, and `{{` or `}}` for a brace",
    )


def _control_character(span: Span, control: re.Match[str]) -> Diagnostic:
    start = span.start + control.start()
    escaped = json.dumps(control[0])[1:-1]
    what = "a tab" if control[0] == "\t" else f"the character U+{ord(control[0]):04X}"
    place = span.source.span(start, start + 1)
    return problem(
        f"{what} cannot stand in a string",
        place,
        code="WF102",
        help=f"write `{escaped}`",
        fix=replace_fix(place, escaped, is_safe=True),
    )


def _ends_early(source: SourceFile, piece: Piece, expected: set[str]) -> Diagnostic:
    """What a piece lacks at its end is shown at the bracket that it does not close."""
    if piece.open_bracket is not None:
        return never_closed(source, piece.open_bracket)
    end, _ = before(source.text, piece.start, piece.end)
    text = source.text[piece.start : end]
    start = end - len(text.split()[-1]) if text else end
    return problem(
        f"expected {_list_of(expected)} after this",
        source.span(start, end),
        label="more is needed",
    )


def _list_of(terminals: set[str]) -> str:
    """Name what could stand at a place, in few words."""
    left = set(terminals)
    names: list[str] = []
    for group, name in _GROUPS:
        if group <= left:
            left -= group
            names.append(name)
    if names or left - _GO_ON:
        left -= _GO_ON
    names += sorted({_human_name(terminal) for terminal in left}, key=_natural_order)
    if not names:
        return "something else"
    if len(names) > 6:
        names = [*names[:6], "…"]
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " or " + names[-1]


def _human_name(terminal: str) -> str:
    return HUMAN_NAMES.get(terminal) or f"`{keyword_of(terminal)}`"


def _natural_order(name: str) -> tuple[bool, str]:
    return (not name.startswith(("a ", "the ")), name)


def _shown(text: str) -> str:
    text = text.split("\n")[0]
    text = text if len(text) <= 30 else text[:29] + "…"
    return f"the string {text}" if text.startswith(('"', 'f"')) else f"`{text}`"
