"""How long a search may go on."""

from __future__ import annotations

import time


class Exhausted(Exception):
    """The search has gone on for long enough."""


class Budget:
    """A number of steps to spend, the same on every machine, and a net below it.

    The steps make answers repeatable. The seconds, of the thread's own processor time, are
    for input made to be slow, whose steps take far longer than they should.
    """

    cut_off = 0
    """How many searches ended because of the seconds, and might go on longer another time."""

    def __init__(self, steps: int, seconds: float) -> None:
        self._steps = steps
        self._deadline = time.thread_time() + seconds

    def spend(self, steps: int = 1) -> None:
        """Count some steps, or raise `Exhausted`."""
        self._steps -= steps
        if self._steps < 0:
            raise Exhausted
        if time.thread_time() > self._deadline:
            Budget.cut_off += 1
            raise Exhausted
