"""What is said of two schemas: whether every value of one is valid for the other."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from .engine import Answer
from .json_value import Json


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
