"""Counter-examples: a value that one schema allows and another refuses.

Candidates are built from the two schemas themselves: bounds and their neighbours, members of
enumerations, fields left out and fields added, every branch of a union, strings for patterns.
Nothing is random, so the same two schemas always give the same counter-example. A candidate
counts only once both schemas have been asked about it; the smallest form found is returned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from .budget import Budget, Exhausted
from .candidates import Candidates, Place
from .engine import difference, gave_up, validator
from .json_value import Json, Schema
from .keywords import definitions
from .verdict import NO_COUNTEREXAMPLE, NoCounterexample

MAX_REDUCTIONS = 300
"""How many smaller forms of a counter-example are tried."""


def find(source: Schema, target: Schema, budget: Budget) -> Json | NoCounterexample:
    """Return a small value of `source` that `target` refuses, or `NO_COUNTEREXAMPLE`.

    The value is valid for `source` also where formats are asserted, and invalid for `target` also
    where they are not, so that it convinces whatever a validator makes of ``format``.
    """
    is_witness = _judge(source, target)
    if is_witness is None:
        return NO_COUNTEREXAMPLE
    try:
        for candidate in _candidates(source, target, budget):
            budget.spend()
            if is_witness(candidate):
                return _reduced(candidate, is_witness, budget)
    except Exhausted:
        pass
    return NO_COUNTEREXAMPLE


def is_counterexample(value: Json, source: Schema, target: Schema) -> bool:
    """Say whether `source` allows `value` and `target` refuses it, whatever becomes of formats."""
    if isinstance(value, NoCounterexample):
        return False
    is_witness = _judge(source, target)
    return is_witness is not None and is_witness(value)


def _candidates(source: Schema, target: Schema, budget: Budget) -> Iterator[Json]:
    within = Place((source,), definitions(source))
    against = Place((target,), definitions(target))
    yield from Candidates(budget).of(within, against)
    # What the one admits and the other does not, spelled out, leads straight to such a value; but
    # it takes longer to work out than most candidates take to try.
    rest = difference(source, target)
    if rest is not None:
        yield from Candidates(budget).of(Place((rest,), definitions(rest)), against)


def _judge(source: Schema, target: Schema) -> Callable[[Json], bool] | None:
    """Return the test that a counter-example has to pass, or None if it cannot be had."""
    allows = validator(source, formats=True)
    refuses = validator(target, formats=False)
    if allows is None or refuses is None:
        return None

    def is_witness(candidate: Json) -> bool:
        try:
            if refuses.is_valid(candidate) or not allows.is_valid(candidate):
                return False
            return not any(map(gave_up, refuses.iter_errors(candidate)))
        except ValueError:
            return False

    return is_witness


def _reduced(value: Json, is_witness: Callable[[Json], bool], budget: Budget) -> Json:
    """Return the smallest form of a counter-example that leaving parts out leads to."""
    tried = 0
    improving = True
    try:
        while improving:
            improving = False
            for smaller in _smaller(value):
                budget.spend()
                tried += 1
                if tried > MAX_REDUCTIONS:
                    return value
                if is_witness(smaller):
                    value, improving = smaller, True
                    break
    except Exhausted:
        pass
    return value


def _smaller(value: Json) -> Iterable[Json]:
    """Yield forms of a value with one part left out or made plainer."""
    if isinstance(value, dict):
        for name in value:
            yield {other: inner for other, inner in value.items() if other != name}
        for name, inner in value.items():
            for smaller in _plainer(inner):
                yield {**value, name: smaller}
    elif isinstance(value, list):
        for index in range(len(value)):
            yield value[:index] + value[index + 1 :]
        for index, inner in enumerate(value):
            for smaller in _plainer(inner):
                yield [*value[:index], smaller, *value[index + 1 :]]
    elif isinstance(value, str) and value:
        yield ""
        if len(value) > 1:
            yield value[0]
            yield value[: len(value) // 2]
            yield value[:-1]


def _plainer(part: Json) -> Iterable[Json]:
    """Yield what a part of a value may be replaced by."""
    if isinstance(part, dict | list) and part:
        yield from (None, type(part)())
    yield from _smaller(part)
