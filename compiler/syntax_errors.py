"""Syntax errors in words.

In: what Lark could not accept, and the piece of the file it was parsing. Out: a diagnostic
(WF1xx) that says what stands there, what could stand there instead, and the way out.
"""

from __future__ import annotations

from lark import Token
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from .diagnostics import Diagnostic, Related
from .recover import Piece
from .source import SourceFile, Span

NESTED_TOO_DEEPLY = "this is nested too deeply"

# What a reader calls each terminal; keywords and marks are shown as they are written.
HUMAN_NAMES = {
    "NAME": "a name",
    "INTEGER": "a whole number",
    "NUMBER": "a number",
    "DURATION": "a duration like `10s`",
    "STRING": "a string",
    "LONG_STRING": "a string",
    "FSTRING": 'an f-string like `f"…{name}…"`',
    "LONG_FSTRING": 'an f-string like `f"…{name}…"`',
    "OPERATOR": "a comparison",
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
    "$END": "the end of the file",
}


def problem(
    message: str,
    span: Span,
    *,
    code: str = "WF101",
    label: str = "",
    notes: tuple[str, ...] = (),
    help: str | None = None,
    related: tuple[tuple[Span, str], ...] = (),
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
    )


def explain(error: UnexpectedInput, source: SourceFile, piece: Piece) -> Diagnostic:
    """Return the diagnostic for what Lark met in a piece of a file."""
    if isinstance(error, UnexpectedToken) and error.token.type != "$END":
        token = error.token
        start = token.start_pos or 0
        span = source.span(start, token.end_pos or start + len(token))
        return _unexpected(span, token, set(error.accepts or error.expected), piece)
    if isinstance(error, UnexpectedCharacters):
        return _unexpected_character(error, source)
    expected = error.accepts if isinstance(error, UnexpectedToken) else None
    return _ends_early(source, piece, set(expected or ()))


def never_closed(source: SourceFile, bracket: int) -> Diagnostic:
    """Return the diagnostic for a bracket, at an offset, that nothing closes."""
    opening = source.text[bracket]
    closing = {"(": ")", "[": "]", "{": "}"}[opening]
    return problem(
        f"this `{opening}` is never closed",
        source.span(bracket, bracket + 1),
        code="WF102",
        label=f"needs a `{closing}`",
        help=f"add `{closing}` where it ends",
    )


def no_body(header: Span) -> Diagnostic:
    """Return the diagnostic for a workflow of which only the header is there."""
    return problem(
        "this workflow has no body",
        header,
        label="expected `{` after this",
        help="write its arguments and steps between `{` and `}`",
    )


def _unexpected(span: Span, token: Token, expected: set[str], piece: Piece) -> Diagnostic:
    return problem(
        f"expected {_list_of(expected)}, found `{_shown(span.text)}`",
        span,
        label="not expected here",
        help=_way_out(span, expected),
    )


def _way_out(span: Span, expected: set[str]) -> str | None:
    found = span.text
    if found == ":" and "EQUAL" in expected:
        return "an argument is given with `=`: `name = value`"
    if found == "=" and "COLON" in expected:
        return "a field, a type or a step's call follows `:`"
    if "COMMA" in expected and found not in ",)}]":
        return "is a `,` missing in front of it?"
    if "DURATION" in expected:
        return "give a unit: `500ms`, `10s`, `5m` or `1h`"
    return None


def _unexpected_character(error: UnexpectedCharacters, source: SourceFile) -> Diagnostic:
    start = error.pos_in_stream
    character = source.text[start : start + 1]
    line_end = source.text.find("\n", start)
    rest = source.text[start : len(source.text) if line_end == -1 else line_end]
    if character in "\"'" or rest.startswith('f"'):
        if character == "'":
            return problem(
                "strings stand in double quotes",
                source.span(start, start + 1),
                code="WF102",
                help="write \"…\" instead of '…'",
            )
        return problem(
            "this string does not end",
            source.span(start, start + len(rest.rstrip())),
            code="WF102",
            help='close it with `"` on the same line, or write it between `"""` and `"""`',
        )
    if rest.startswith("//"):
        return problem(
            "comments start with `#`",
            source.span(start, start + 2),
            code="WF102",
            help="write `#` instead of `//`",
        )
    if rest.startswith(("<<<<<<<", "=======", ">>>>>>>")):
        return problem(
            "a merge conflict is not resolved here",
            source.span(start, start + len(rest.rstrip())),
            code="WF102",
            help="choose one side and remove the lines with `<<<<<<<`, `=======` and `>>>>>>>`",
        )
    return problem(
        f"`{_shown(character)}` (U+{ord(character):04X}) has no meaning here",
        source.span(start, start + 1),
        code="WF102",
        label="not expected here",
    )


def _ends_early(source: SourceFile, piece: Piece, expected: set[str]) -> Diagnostic:
    """What a piece lacks at its end is shown at the bracket that it does not close."""
    if piece.open_bracket is not None:
        return never_closed(source, piece.open_bracket)
    text = source.text[piece.start : piece.end].rstrip()
    end = piece.start + len(text)
    start = end - len(text.split()[-1]) if text else end
    return problem(
        f"expected {_list_of(expected)} after this",
        source.span(start, end),
        label="more is needed",
    )


def _list_of(terminals: set[str]) -> str:
    names = sorted({_human_name(terminal) for terminal in terminals}, key=_natural_order)
    if not names:
        return "something else"
    if len(names) > 8:
        names = [*names[:8], "…"]
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " or " + names[-1]


def _human_name(terminal: str) -> str:
    return HUMAN_NAMES.get(terminal) or f"`{terminal.strip('_').lower()}`"


def _natural_order(name: str) -> tuple[bool, str]:
    return (not name.startswith(("a", "the")), name)


def _shown(text: str) -> str:
    text = text.split("\n")[0]
    return text if len(text) <= 30 else text[:29] + "…"
