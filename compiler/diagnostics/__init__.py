"""Problems as data: what every phase returns beside its value.

Nothing here knows the language or a terminal. The phases build `Diagnostic`s; the modules
of `report` turn them into text, JSON and so on.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from ..source import Span


class Severity(StrEnum):
    """How much a diagnostic weighs: an error fails the command, a warning does not.

    A note is only worth knowing.
    """

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Related(Struct, frozen=True):
    """A second place that explains a diagnostic, such as a first definition.

    `is_quoted` is False where the message says all that the line there would.
    """

    span: Span
    message: str
    is_quoted: bool = True


class Edit(Struct, frozen=True):
    """New text for a run of characters; an empty span inserts."""

    span: Span
    text: str


class Fix(Struct, frozen=True):
    """A change of the source that mends a problem.

    A safe one cannot be meant otherwise, and is made by `--fix`; one that is a guess, such as
    a name that is spelt nearly alike, is only made on request. `title` says what it does.
    """

    edits: tuple[Edit, ...]
    is_safe: bool = False
    title: str = ""


def replace_fix(span: Span, text: str, *, is_safe: bool = False, title: str = "") -> Fix:
    """Return the fix that puts `text` in the place of a span."""
    return Fix((Edit(span, text),), is_safe, title or (f"write `{text}`" if text else "remove it"))


class Silence(Struct, frozen=True):
    """What a problem makes look wrong elsewhere, and is not told beside it.

    It covers diagnostics of the `codes` whose span lies in `region`, and where `words` is not
    None only those that point at one of these words.
    """

    codes: frozenset[str]
    region: Span
    words: frozenset[str] | None = None

    def covers(self, diagnostic: Diagnostic) -> bool:
        """Whether a diagnostic is a mere consequence."""
        span = diagnostic.span
        return (
            span is not None
            and diagnostic.code in self.codes
            and span.source.path == self.region.source.path
            and self.region.start <= span.start <= self.region.end
            and (self.words is None or span.text in self.words)
        )


class Diagnostic(Struct, frozen=True):
    """One problem: its stable code, where it is, and what helps to mend it.

    `label` is what stands under the caret; `notes` say where expected and found come from;
    `help` says the way out and `fix` goes it. A note or a help may be in the label as well, word
    for word: people are not told it twice, and who sees no labels is told it. `span` is None only
    for problems of the environment (WF9xx). `silences` is what would not be told without this
    problem.
    """

    code: str
    message: str
    span: Span | None
    severity: Severity = Severity.ERROR
    label: str = ""
    notes: tuple[str, ...] = ()
    help: str | None = None
    related: tuple[Related, ...] = ()
    fix: Fix | None = None
    silences: tuple[Silence, ...] = ()

    @property
    def is_error(self) -> bool:
        """Whether this diagnostic fails the command."""
        return self.severity is Severity.ERROR

    @property
    def further_notes(self) -> list[str]:
        """The notes that the label does not say already."""
        return [note for note in self.notes if note not in self.label]

    @property
    def further_help(self) -> str | None:
        """The help, unless the label says it already."""
        return None if self.help is None or self.help in self.label else self.help

    @property
    def remarks(self) -> str:
        """All that is said, a line each, and each once."""
        said = [self.message, self.label, *self.further_notes, self.further_help]
        return "\n".join(remark for remark in said if remark)

    def strictly(self) -> Diagnostic:
        """Return the diagnostic with a warning taken as an error."""
        if self.severity is not Severity.WARNING:
            return self
        return replace(self, severity=Severity.ERROR)


def in_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Return the diagnostics by file and position, without repetitions and consequences."""

    def place(diagnostic: Diagnostic) -> tuple[str, int, int, str]:
        span = diagnostic.span
        if span is None:
            return ("", 0, 0, diagnostic.code)
        return (span.source.path, span.start, span.end, diagnostic.code)

    found = dict.fromkeys(diagnostics)
    silences = [silence for diagnostic in found for silence in diagnostic.silences]
    told = (each for each in found if not any(silence.covers(each) for silence in silences))
    return sorted(told, key=place)
