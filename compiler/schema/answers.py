"""Answers about schemas: no question is asked twice, neither by a run nor by the next.

In: functions of JSON values that return JSON, or tuples of it. Out: the same functions, which first
look whether they were asked before. `remembered` takes over what the last run about the same files
was answered, from the user's cache, as data: who edits a workflow asks hardly anything of its
tools that was not asked then, and needs neither jsonschema-rs nor what is built on it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from hashlib import blake2b, sha256
from typing import Any, ParamSpec, TypeVar

from ..cache import keep_for_this_wfc, kept_by_this_wfc
from .budget import Budget
from .cached import key

MOST_ANSWERS = 100_000
"""How many answers a process remembers before it forgets them all."""

_Question = ParamSpec("_Question")
_Answer = TypeVar("_Answer")


class _Answers:
    """What is known, by digests of the questions, and what of it was asked for."""

    def __init__(self, name: str | None, known: dict[bytes, Any]) -> None:
        self.name = name
        self.known = known
        self.asked: set[bytes] = set()
        self.passing: set[bytes] = set()
        """Answers that may be others next time, as time ran out."""
        self.kept = len(known)

    def to(self, question: bytes, ask: Callable[[], Any]) -> Any:
        """Return the answer to a question, which `ask` gives where it is not known."""
        if question not in self.known:
            if len(self.known) >= MOST_ANSWERS:
                self.known.clear()
            cut_off = Budget.cut_off
            self.known[question] = ask()
            if Budget.cut_off != cut_off:
                self.passing.add(question)
        self.asked.add(question)
        return self.known[question]

    def keep(self) -> None:
        """Keep what is known for the next run; what it was not asked for only for a while."""
        lasting = {each: self.known[each] for each in self.known if each not in self.passing}
        if self.name is None or len(lasting) == self.kept:
            return
        if len(lasting) > 2 * len(self.asked):
            lasting = {each: lasting[each] for each in lasting if each in self.asked}
        self.kept = len(lasting)
        keep_for_this_wfc(self.name, lasting)


_current = _Answers(None, {})


def answered(ask: Callable[_Question, _Answer]) -> Callable[_Question, _Answer]:
    """Have a function asked each question once; its arguments and answers are JSON, or tuples."""

    @wraps(ask)
    def answer(*arguments: _Question.args, **options: _Question.kwargs) -> _Answer:
        try:
            asked = key((ask.__name__, arguments, options))
        except ValueError:
            return ask(*arguments, **options)
        question = blake2b(asked, digest_size=16).digest()
        found: _Answer = _current.to(question, lambda: ask(*arguments, **options))
        return found

    return answer


@contextmanager
def remembered(files: Sequence[str]) -> Iterator[None]:
    """Know what was answered about these files last time, and keep what is answered meanwhile."""
    global _current
    paths = "\n".join(map(os.path.abspath, files))
    name = f"answers-{sha256(os.fsencode(paths)).hexdigest()[:32]}"
    if _current.name != name:
        _current = _Answers(name, kept_by_this_wfc(name) or {})
    yield
    _current.keep()
