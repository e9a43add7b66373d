"""What is said of schemas and values: answers, verdicts, violations, and that there is no sense."""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct

from .json_value import Json

Answer = Literal["yes", "no", "unknown"]


class NoCounterexample:
    """What stands for a counter-example where there is none; None would be the value null."""

    def __repr__(self) -> str:
        return "NO_COUNTEREXAMPLE"


NO_COUNTEREXAMPLE: Final = NoCounterexample()


class Verdict(Struct, frozen=True):
    """The answer to `assignable`."""

    answer: Answer
    reason: str = ""
    """For ``no``: what differs. For ``unknown``: why it cannot be told."""
    path: tuple[str | int, ...] = ()
    """For ``no``: where in the value it differs."""
    counterexample: Json | NoCounterexample = NO_COUNTEREXAMPLE
    """For ``no``: a value that the source allows and the target refuses."""


class Violation(Struct, frozen=True):
    """One thing that is wrong with a value."""

    path: tuple[str | int, ...]
    """Where in the value."""
    message: str
    keyword: str
    """The keyword of the schema that is violated."""


class SchemaError(ValueError):
    """A schema that no draft of JSON Schema allows."""

    def __init__(self, message: str, pointer: str = "") -> None:
        super().__init__(message)
        self.message = message
        """What is wrong, in words."""
        self.pointer = pointer
        """Where it stands in the schema, as a JSON Pointer."""
