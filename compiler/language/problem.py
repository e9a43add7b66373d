"""A syntax error as data, and the words that others have for what stands here.

Nothing here knows the parser: the rules of `repair` and the words of `syntax_errors` are made of
it.
"""

from __future__ import annotations

from ..diagnostics import Diagnostic, Fix, Related, Silence
from ..source import Span

TEXTS = {"STRING", "LONG_STRING", "FSTRING", "LONG_FSTRING"}
BASE_TYPE_NAMES = {
    "string", "integer", "number", "boolean", "null", "any", "date", "datetime", "time",
    "duration", "email", "uri", "uuid",
}  # fmt: skip
FOREIGN_VALUES = {
    "True": "true", "False": "false", "None": "null", "nil": "null", "undefined": "null",
    "TRUE": "true", "FALSE": "false", "NULL": "null", "Null": "null",
}  # fmt: skip
FOREIGN_TYPES = {
    "str": "string", "text": "string", "int": "integer", "float": "number", "double": "number",
    "bool": "boolean", "none": "null", "object": "any", "dict": "any", "timestamp": "datetime",
    "url": "uri", "undefined": "null", "void": "null", "array": "any[]", "list": "any[]",
}  # fmt: skip


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
