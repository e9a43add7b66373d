"""The codes of all diagnostics, with a title each.

The titles stand in `wfc explain`, in SARIF rules and in the documentation. What a code means at
length is in `explain/CODE.md`.
"""

from __future__ import annotations

from msgspec import Struct

from . import Severity

KINDS = {
    "WF1": "Syntax",
    "WF2": "Names and structure",
    "WF3": "Tools",
    "WF4": "Types",
    "WF5": "Advice",
    "WF9": "Environment",
}


class Code(Struct, frozen=True):
    """A code: its title, in a line, and how much it weighs where nothing else is said."""

    code: str
    title: str
    severity: Severity = Severity.ERROR

    @property
    def kind(self) -> str:
        """What sort of problems it belongs to."""
        return KINDS[self.code[:3]]


_ERRORS = {
    "WF101": "unexpected word or mark",
    "WF102": "a bracket, string or character that cannot stand so",
    "WF103": "unknown escape in a string",
    "WF104": "a number too large",
    "WF105": "not a path between the braces of an f-string",
    "WF106": "a key, field, constraint or clause given twice",
    "WF107": "a duration or number of attempts out of range",
    "WF201": "unknown name",
    "WF202": "binding used before its step",
    "WF203": "two bindings of one name",
    "WF204": "two steps of one name",
    "WF205": "two arguments of one name",
    "WF206": "two workflows of one name",
    "WF207": "workflow without steps",
    "WF208": "unknown type",
    "WF209": "workflows that call each other without end",
    "WF210": "a server or type declared twice",
    "WF211": "a declaration or statement out of order",
    "WF212": "a constraint that the type does not take",
    "WF301": "unknown server",
    "WF302": "unknown tool",
    "WF303": "unknown parameter",
    "WF304": "missing required parameter",
    "WF305": "parameter given twice",
    "WF401": "type mismatch",
    "WF402": "constant not valid here",
    "WF403": "no such field",
    "WF404": "value may be absent",
    "WF406": "no items to index or loop over",
    "WF407": "not allowed in an f-string",
    "WF408": "declared type contradicts the output schema",
    "WF901": "file not found or not readable",
    "WF902": "server cannot be reached",
    "WF903": "lock out of date",
    "WF904": "output was not written by wfc, or edited by hand",
    "WF905": "output out of date",
}
_WARNINGS = {
    "WF306": "a schema of a server that makes no sense",
    "WF405": "cannot be proved before it runs",
    "WF501": "unused argument",
    "WF502": "unused binding",
    "WF503": "`retry` on a tool not marked idempotent or read-only",
    "WF504": "destructive tool without `undo` before a step that may fail",
    "WF505": "a condition that does not test what it seems to",
    "WF506": "a placeholder in a string that is no f-string",
}

CODES: dict[str, Code] = {
    code: Code(code, title, severity)
    for code, title, severity in sorted(
        [
            *((code, title, Severity.ERROR) for code, title in _ERRORS.items()),
            *((code, title, Severity.WARNING) for code, title in _WARNINGS.items()),
        ]
    )
}
