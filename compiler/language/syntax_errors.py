"""Syntax errors in words.

In: what the parser could not accept, and the piece of the file it was parsing. Out: a diagnostic
(WF1xx) that says what stands there, what could stand there instead, and the way out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from msgspec.structs import replace

from ..diagnostics import Diagnostic, Silence, replace_fix
from ..diagnostics.suggest import nearest
from ..source import SourceFile, Span
from .parser import END, UnexpectedCharacters, UnexpectedInput, UnexpectedToken
from .problem import BASE_TYPE_NAMES, TEXTS, problem
from .recover import CLAUSES, CLOSING, KEYWORDS, Piece, before, comment_with, just_before
from .written_otherwise import in_parentheses, unmatched_braces, written_otherwise

NO_WORKFLOW = "there is no workflow in this file"

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
    "enum": 'a choice of texts is a type: `type NAME = "a" | "b"`',
    "description": 'a description stands after the name, as in `workflow NAME "description" {`; '
    'a step has none, but `guidance "…"`',
    "on_error": "what a failed workflow takes back stands in its steps' `undo` clauses",
    "needs": "steps run in the order of the file, and nothing has to say so",
    "prompt": 'what the model is to do stands in an `instruction "…"`, or a step\'s `guidance "…"`',
    "env": "what a server needs of the environment stands in its configuration, as `${NAME}`",
    "end": "a workflow ends with `}`",
    "class": "an object with fields is a type: `type NAME = {field: type}`",
}
_SAME_AS = {
    "elif": "else", "unless": "if", "foreach": "while", "loop": "while", "catch": "try",
    "except": "try", "finally": "try", "var": "let", "const": "let", "set": "let",
    "function": "def", "fn": "def", "include": "import", "input": "inputs", "params": "inputs",
    "param": "inputs", "parameter": "inputs", "args": "inputs", "output": "outputs", "job": "run",
    "jobs": "steps", "task": "run", "call": "run", "name": "description", "typedef": "enum",
    "record": "class", "model": "class", "servers": "import",
    "mcpservers": "import", "from": "import", "tools": "import", "on_failure": "on_error",
    "onerror": "on_error", "on": "on_error", "fallback": "on_error", "rescue": "on_error",
    "depends_on": "needs", "depends": "needs", "after": "needs", "before": "needs", "then": "needs",
    "requires": "needs", "system": "prompt", "user": "prompt", "message": "prompt",
    "environment": "env", "secrets": "env", "secret": "env", "echo": "print", "log": "print",
    "console": "print", "async": "def", "export": "def", "public": "def", "module": "def",
    "package": "def", "arguments": "inputs", "variable": "inputs", "edge": "needs",
    "transition": "needs", "next": "needs", "goto": "needs", "provider": "import",
    "resource": "run", "locals": "let", "local": "let",
}  # fmt: skip


def is_of_another_language(word: str) -> bool:
    """Whether a word starts something in another language, and nothing here."""
    return word.lower() in _INSTEAD or word.lower() in _SAME_AS


def starts_as_here(text: str, piece: Piece, words: Iterable[str]) -> bool:
    """Whether a piece starts with one of the words, or with what is nearly one."""
    word = re.compile(r"[\s-]*(\w+)").match(text, piece.start)
    if word is None or is_of_another_language(word[1]):
        return False
    return nearest(word[1], words) is not None


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


def explain(error: UnexpectedInput, source: SourceFile, piece: Piece) -> Diagnostic:
    """Return the diagnostic for what the parser met in a piece of a file."""
    if isinstance(error, UnexpectedCharacters):
        if _is_behind_an_open_bracket(source, piece, error.start):
            assert piece.open_bracket is not None
            return never_closed(source, piece.open_bracket)
        return _unexpected_character(error, source)
    assert isinstance(error, UnexpectedToken)
    expected = set(error.accepts)
    if error.token.type == END:
        return _ends_early(source, piece, expected)
    start = error.start
    last, brackets = before(source.text, piece.start, start)
    if missing := _missing_at_line_end(source, piece, start):
        return missing
    is_whole = "$END" in expected or "RBRACE" in expected
    if not (brackets or is_whole) and "\n" in source.text[last:start]:
        return _ends_early(source, replace(piece, end=start), expected)
    if _is_behind_an_open_bracket(source, piece, start):
        assert piece.open_bracket is not None
        return never_closed(source, piece.open_bracket)
    return _unexpected(source.span(start, error.token.end), expected, piece)


# A declaration that lacks the name it gives to something.
_NAMELESS = re.compile(
    r"^\s*(?:arg|use|type|workflow)\b(?!\s+[A-Za-z_\"])|^\s*use\s+from\b"
    r"|\bas\b(?![ \t]+[A-Za-z_])|,\s*,"
)


def with_silences(
    diagnostic: Diagnostic, source: SourceFile, piece: Piece, body: Span
) -> Diagnostic:
    """Return the diagnostic of a piece that is lost, with what its loss makes look wrong.

    `body` is the workflow around the piece, or the piece itself: other declarations are known
    in the whole file.
    """
    text = source.text[piece.start : piece.end]
    # What is called, and whose field is read, is not what the piece gives a name to.
    first = re.match(r"\w*", text)
    word = first[0] if first else ""
    words = frozenset(re.findall(r"(?<![.\w])[A-Za-z_]\w*+(?!\s*[.(])", text))
    words -= {word} & KEYWORDS
    # Where the name itself is missing, any unknown name may be the one.
    names = None if _NAMELESS.search(text) else words
    everywhere = source.span(0, len(source.text))
    silences = [
        Silence(frozenset({"WF201", "WF202"}), body, names),
        Silence(frozenset({"WF404"}), body, words),
        Silence(frozenset({"WF303"}), everywhere, frozenset(re.findall(r"^arg\s+(\w+)", text))),
        Silence(frozenset({"WF207"}), body),
    ]
    if piece.rule != "statement" or word in ("use", "type"):
        of_word = {"use": {"WF301"}, "type": {"WF208"}, "workflow": {"WF201"}}.get(
            word, {"WF201", "WF208", "WF301"}
        )
        silences.append(Silence(frozenset(of_word), everywhere, names))
    return replace(diagnostic, silences=(*diagnostic.silences, *silences))


def with_silences_of_part(diagnostic: Diagnostic) -> Diagnostic:
    """Return the diagnostic of a value or clause that is read in part, with its consequences."""
    span = diagnostic.span
    assert span is not None
    return replace(diagnostic, silences=(Silence(frozenset({"WF401", "WF402"}), span),))


def never_closed(source: SourceFile, bracket: int) -> Diagnostic:
    """Return the diagnostic for a bracket, at an offset, that nothing closes."""
    opening = source.text[bracket]
    comment = comment_with(source.text, bracket)
    if comment is not None:
        span = source.span(*comment)
        return problem(
            f"this `{opening}` is never closed: its `{CLOSING[opening]}` is part of a comment",
            source.span(bracket, bracket + 1),
            code="WF102",
            label=f"needs a `{CLOSING[opening]}`",
            related=((span, "a comment goes on to the end of its line"),),
            help="move the comment to the end, or to a line of its own",
        )
    return problem(
        f"this `{opening}` is never closed",
        source.span(bracket, bracket + 1),
        code="WF102",
        label=f"add `{CLOSING[opening]}` where it ends",
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


def nested_parallel(word: Span) -> Diagnostic:
    """Return the diagnostic for a `parallel` within another."""
    return problem(
        "a `parallel` cannot stand within another",
        word,
        help="its steps run at the same time as the others: put them all in one",
    )


def no_body(header: Span, piece: Piece) -> Diagnostic:
    """Return the diagnostic for a workflow's header that no `{` follows."""
    return problem(
        "the `{` of this workflow is missing" if piece.statements else "this workflow has no body",
        header,
        label="expected `{` after this",
        help="write its arguments and steps between `{` and `}`",
    )


def nested_too_deeply(bracket: Span) -> Diagnostic:
    """Return the diagnostic for a bracket that is inside too many others."""
    return problem("this is nested too deeply", bracket)


def another_language(problems: list[Diagnostic]) -> Diagnostic:
    """Return the diagnostic for a file in which nothing starts as it does here.

    `problems` are all that were found in it, of which the first to stand there is kept.
    """
    first = min(problems, key=lambda each: each.span.start if each.span else 0)
    assert first.span is not None
    line = first.span.source.line(1)
    return problem(
        "this file is written in another language",
        first.span if first.span.line == 1 else first.span.source.span(0, len(line)),
        label="a file starts with `server`, `use`, `type` or `workflow`",
        help='a file says `use hr from "mcp.json"`, then `workflow NAME "description" { … }` with '
        "`arg NAME: type` for each argument and `step NAME: hr.tool(…) as name` for each call",
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


def _missing_at_line_end(source: SourceFile, piece: Piece, start: int) -> Diagnostic | None:
    """`as` at the end of a line: the clause of the next line has been read as the name."""
    last, _ = before(source.text, piece.start, start)
    cut = just_before(r"(\bas|:)[ \t]*(?:#[^\n]*)?\n\s*(\w+)\Z", source.text, last)
    if cut is None or cut[2] not in CLAUSES:
        return None
    place = source.span(cut.start(1), cut.end(1))
    wanted = "a name" if cut[1] == "as" else "a type"
    return problem(f"expected {wanted} after this", place, label="more is needed")


_STRING_BEFORE = r'"(?:[^"\\\n]|\\.)*"\Z'


def _unexpected(span: Span, expected: set[str], piece: Piece) -> Diagnostic:
    found = span.text
    text = span.source.text
    last, brackets = before(text, piece.start, span.start)
    opening = text[brackets[-1]] if brackets else ""
    if not text[piece.start : span.start].strip():
        return _unknown_start(span, expected, piece)
    block = re.match(r'("?)(\w+)\1\s*\{', _rest(span)) if "NAME" in expected else None
    if block and re.match(r"(?:arg|step)\s*\Z", text[piece.start : span.start]):
        what = text[piece.start : last]
        follows = "string" if what == "arg" else "server.tool(…)"
        return problem(
            f"{'the type of an argument' if what == 'arg' else 'what a step does'} follows `:`, "
            "without braces",
            span,
            help=f"write `{what} {block[2]}: {follows}`",
        )
    if instead := written_otherwise(span, last, opening, expected, piece):
        return instead
    if opening == "(" and re.match(r"arg\b|type\b", text[piece.start :]) and "NAME" in expected:
        return problem(
            "a constraint is given by its name", span,
            help="write `min = 1`, `max = 9` or `pattern = \"…\"`",
        )  # fmt: skip
    if found == "{" and text[last - 1] == "(":
        return problem(
            "arguments stand in parentheses, without braces", span,
            help="write `name = value`; a name alone stands for `name = name`",
        )  # fmt: skip
    if opening == "(" and expected <= {"EQUAL", "COMMA", "RPAR", "NAME", "STRING", "LONG_STRING"}:
        is_path = found == "." and just_before(r"[(,]\s*[A-Za-z_]\w*\Z", text, last)
        if "NAME" in expected or is_path or text[last - 1] == '"':
            value = just_before(_STRING_BEFORE, text, last) if text[last - 1] == '"' else None
            return problem(
                "an argument is given by its name",
                span if value is None else span.source.span(value.start(), last),
                label="expected `name = ` in front of this",
                help="write `name = value`; a name alone stands for `name = name`",
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
    if found == "{" and expected == {"COLON"}:
        name = just_before(r"\w+\Z", text, last)
        return problem(
            "what a step does follows `:`, without braces",
            span,
            help=f"write `step {name[0] if name else 'NAME'}: server.tool(…)`, then its clauses",
        )
    if found.startswith('"') and not brackets and "\n" in text[last : span.start]:
        return problem(
            "a text does not stand alone",
            span,
            help='a comment starts with `#`; what the model is to read is an `instruction "…"`',
        )
    if found == "{" and expected == {"LPAR"}:
        return in_parentheses(span)
    if expected == {"LPAR"} and last == span.start and found == ".":
        return _quoted_tool(span)
    help = _form(text, piece, span.start)
    if expected <= _GO_ON:
        message = f"{_shown(found)} does not belong here"
        return problem(message, span, label="not expected here", help=help)
    return problem(
        f"expected {_list_of(expected)}, found {_shown(found)}",
        span,
        label="not expected here",
        help=help,
    )


# How a declaration, statement or clause is written.
_FORMS = {
    "server": 'server "name" version "1.0.0"',
    "use": 'use hr, finance from "mcp.json"',
    "type": 'type Level = "junior" | "senior"',
    "workflow": 'workflow NAME "description" { … }',
    "arg": 'arg NAME: type = default "description"',
    "instruction": 'instruction "…"',
    "step": "step NAME: server.tool(parameter = value) as name",
    "parallel": "parallel { step … step … }",
    "handoff": 'handoff server.tool(parameter = value) "what is left to do"',
    "return": "return {key: value}",
    "when": "when x.total > 3 and y",
    "for": "for item in list",
    "timeout": "timeout 10s",
    "retry": "retry 3 every 2s",
    "undo": "undo server.tool(parameter = value)",
    "require": 'require x.total > 3 "what is wrong otherwise"',
    "guidance": 'guidance "…"',
}


def _form(text: str, piece: Piece, end: int) -> str | None:
    """Say how what an offset is in is written: the clause, or else the statement."""
    words = re.findall(r"(?:^|\n|\))\s*([a-z]+)\b", text[piece.start : end])
    known = [word for word in words if word in _FORMS]
    return f"it is written `{_FORMS[known[-1]]}`" if known else None


def _unknown_start(span: Span, expected: set[str], piece: Piece) -> Diagnostic:
    """What stands where a declaration or statement has to begin."""
    found = span.text
    word = found.lower()
    help = _INSTEAD.get(_SAME_AS.get(word, word))
    if found in CLAUSES:
        help = f"it is a clause: `step NAME: server.tool(…) {_clause(_rest(span))}`"
    elif found == "as":
        help = "what a step gives is named after its own call: `step NAME: server.tool(…) as name`"
    elif found == "read":
        help = 'a resource is read in a step: `step NAME: read server "…" as name`'
    elif found == "}":
        return problem("this `}` closes nothing", span, label="no `{` is open for it")
    elif piece.rule == "statement" and found in ("server", "use", "type", "workflow"):
        help = "it stands at the top of the file, outside of the workflow"
    elif help is None and found in ("arg", "instruction", "step", "parallel", "handoff", "return"):
        help = 'it stands in a workflow: `workflow NAME "description" { … }`'
    elif help is None and "_STEP" in expected:
        help = _as_a_step(_rest(span))
    in_front = re.match(r"(?:(?:export|public|default|async)\s+)+(?=workflow\b)", _rest(span))
    if in_front:
        words = span.source.span(span.start, span.start + in_front.end())
        return problem(
            "nothing stands in front of `workflow`",
            span.source.span(span.start, span.start + len(in_front[0].rstrip())),
            fix=replace_fix(words, "", is_safe=True),
        )
    where = "a workflow" if piece.rule == "statement" else "a file"
    return problem(
        f"nothing in {where} starts with {_shown(found)}",
        span,
        label=f"expected {_list_of(expected)}",
        help=help,
    )


def _clause(line: str) -> str:
    """Return a clause without what does not belong to it."""
    clause = re.split(r"\s*(?:[{#]|:\s*$)", line)[0]
    return clause if len(clause) <= 40 else f"{clause.split()[0]} …"


def _as_a_step(line: str) -> str | None:
    """Say how what seems to be a call, without `step`, is written."""
    call = re.match(r"(?:(?P<name>\w+)\s*(?P<mark>[:=])\s*)?(?P<callee>\w+(?:\.\w+)?)\s*\(", line)
    if call is None:
        named = re.match(r"(\w+)\s*:", line)
        typed = re.match(r"(\w+)\s*(\??\s*:\s*|\s+)(\w+)", line)
        if typed and typed[2].strip() and typed[3] in BASE_TYPE_NAMES:
            return f"an argument is written `arg {typed[0]}`"
        if typed and typed[1] in BASE_TYPE_NAMES:
            return f"an argument is written `arg {typed[3]}: {typed[1]}`"
        return f"a step is written `step {named[1]}: server.tool(…)`" if named else None
    name = call["name"] if call["mark"] == ":" else "NAME"
    bound = f" as {call['name']}" if call["mark"] == "=" else ""
    return f"a call stands in a step: `step {name}: {call['callee']}(…){bound}`"


def _rest(span: Span) -> str:
    return span.source.text[span.start :].split("\n", 1)[0]


def _unexpected_character(error: UnexpectedCharacters, source: SourceFile) -> Diagnostic:
    start = error.start
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
        is_long = rest.removeprefix("f").startswith('"""')
        if not is_long and (whole := re.match(r'f?"(?:[^"\\]|\\.)*"', rest)):
            span = source.span(start, start + whole.end())
            control = re.search(r"[\x00-\x1f]", whole[0])
            return _control_character(span, control) if control else unmatched_braces(span)
        return problem(
            "this string does not end",
            source.span(start, start + len(rest.rstrip())),
            code="WF102",
            help=f"close it with `{closing}` on the same line"
            if closing == "'"
            else 'close it with `"""`'
            if is_long
            else 'close it with `"` on the same line, or write it between `"""` and `"""`',
        )
    if named := _name_with_a_mark(source, start):
        return named
    line_start = source.text.rfind("\n", 0, start) + 1
    is_first = not source.text[line_start:start].strip()
    if character == "*" and source.text[:start].rstrip(" ").endswith("["):
        return problem(
            "a path leads to one item, not to all of them",
            source.span(start, start + 1),
            help="the first is `[0]`; `for x in list` runs a step for each",
        )
    if (character == "*" or rest.startswith("...")) and re.search(
        r"[(,]\s*\Z", source.text[max(start - 80, 0) : start]
    ):
        return problem(
            "arguments are given one by one, each by its name",
            source.span(start, start + 1),
            help="write `name = value`; a name alone stands for `name = name`",
        )
    if character in "-–—" and re.match(r"\s*arg\b", source.text[line_start:start]):
        return problem(
            "a description stands in double quotes",
            source.span(start, start + len(rest.rstrip())),
            fix=replace_fix(
                source.span(start, start + len(rest.rstrip())),
                json.dumps(rest.strip(f"{character} \t"), ensure_ascii=False),
            ),
        )
    if character in "+%" and not is_first and '"' in source.text[line_start:start] + rest:
        return problem(
            f"texts are not put together with `{character}`",
            source.span(start, start + 1),
            help='write one f-string: `f"…{name}…"`',
        )
    if character in "+-*/%" and not is_first:
        return problem(
            "there is no arithmetic in a workflow",
            source.span(start, start + 1),
            label="not expected here",
            help='let a tool do it; texts are put together in an f-string: `f"{first}{second}"`'
            if character == "+"
            else "let a tool do it",
        )
    decorated = re.match(r"@\w[\w.]*", rest)
    if decorated and is_first:
        return problem(
            "nothing is decorated here",
            source.span(start, start + decorated.end()),
            help="leave it out: every workflow is a tool and a prompt of the server",
        )
    shown = character if character.isprintable() else ""
    return problem(
        f"{f'`{shown}` (' if shown else 'the character '}U+{ord(character):04X}"
        f"{')' if shown else ''} has no meaning here",
        source.span(start, start + 1),
        code="WF102",
        label="not expected here",
    )


def _name_with_a_mark(source: SourceFile, start: int) -> Diagnostic | None:
    """`my-name`, a regular expression between slashes, or `*` for all servers."""
    text = source.text
    rest = text[start:].split("\n", 1)[0]
    hyphenated = just_before(r"\b[A-Za-z_]\w*\Z", text, start)
    tail = re.match(r"-[A-Za-z_][\w-]*", rest)
    if hyphenated and tail:
        span = source.span(hyphenated.start(), start + tail.end())
        is_tool = text[: span.start].endswith(".")
        is_server = re.match(r"use\b", text[text.rfind("\n", 0, start) + 1 :]) is not None
        if is_tool:
            return _quoted_tool(source.span(start, start + 1))
        word = span.text.replace("-", "_")
        renamed = re.match(r"\s+as\b", text[span.end :]) is not None
        quoted = f'"{span.text}"' if renamed else f'"{span.text}" as {word}'
        new = quoted if is_server else word
        return problem("a name has no `-`", span, help=f"write `{new}`", fix=replace_fix(span, new))
    if rest.startswith("/") and just_before(r"\bmatches\s+\Z", text, start):
        return problem(
            "a regular expression stands in double quotes",
            source.span(start, start + 1),
            help='write `matches "…"`',
        )
    if rest.startswith("*") and just_before(r"\buse\s+\Z", text, start):
        return problem(
            "servers are named one by one",
            source.span(start, start + 1),
            help='write `use hr, finance from "mcp.json"`',
        )
    return None


def _quoted_tool(mark: Span) -> Diagnostic:
    """A tool's name that is no word, at the mark that makes it none."""
    text = mark.source.text
    head = just_before(r"[\w-]+\Z", text, mark.start)
    tail = re.match(r"[.\w-]+", text[mark.start :])
    start = mark.start - (len(head[0]) if head else 0)
    span = mark.source.span(start, mark.start + (tail.end() if tail else 1))
    return problem(
        "a tool whose name is no word stands in double quotes",
        span,
        help=f'write `"{span.text}"`',
        fix=replace_fix(span, f'"{span.text}"'),
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
        help=_form(source.text, piece, end),
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
