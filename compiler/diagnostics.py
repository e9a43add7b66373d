"""Problems as data: what every phase returns beside its value.

Nothing here knows the language or a terminal. The phases build `Diagnostic`s; the modules
of `report` turn them into text, JSON and so on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from .source import Span


class Severity(StrEnum):
    """How much a diagnostic weighs: an error fails the command, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Related:
    """A second place that explains a diagnostic, such as a first definition."""

    span: Span
    message: str


@dataclass(frozen=True)
class Diagnostic:
    """One problem: its stable code, where it is, and what helps to mend it.

    `label` is what stands under the caret; `notes` say where expected and found come from;
    `help` says the way out. `span` is None only for problems of the environment (WF9xx).
    """

    code: str
    message: str
    span: Span | None
    severity: Severity = Severity.ERROR
    label: str = ""
    notes: tuple[str, ...] = ()
    help: str | None = None
    related: tuple[Related, ...] = ()

    @property
    def is_error(self) -> bool:
        """Whether this diagnostic fails the command."""
        return self.severity is Severity.ERROR


def in_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Return the diagnostics without repetitions, sorted by file and position."""

    def place(diagnostic: Diagnostic) -> tuple[str, int, int, str]:
        span = diagnostic.span
        if span is None:
            return ("", 0, 0, diagnostic.code)
        return (span.source.path, span.start, span.end, diagnostic.code)

    return sorted(dict.fromkeys(diagnostics), key=place)
