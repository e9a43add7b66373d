"""The last results of functions of JSON values, and what tells such values apart."""

from __future__ import annotations

import marshal
from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from .json_value import Schema

MOST_SAME = 10_000
"""How many results of a function `same` keeps before it forgets them all."""

_Result = TypeVar("_Result")
_Rest = ParamSpec("_Rest")


def key(value: Any) -> bytes:
    """Return bytes that only this value has: `1` is not `1.0` here, nor is the order of keys lost.

    `value` is JSON, or a tuple of it. Raises `ValueError` for what is nested too deeply. It is the
    quickest way to one text for all of a value; version 2 writes nothing but the value itself.
    """
    return marshal.dumps(value, 2)


class Cache(Generic[_Result]):
    """The last results of a function of a schema."""

    def __init__(self, compute: Callable[[Schema], _Result], size: int) -> None:
        self._compute = compute
        self._size = size
        self._kept: OrderedDict[bytes, _Result] = OrderedDict()

    def __call__(self, schema: Schema) -> _Result:
        """Return the function's result for `schema`."""
        asked = key(schema)
        if asked in self._kept:
            self._kept.move_to_end(asked)
            return self._kept[asked]
        result = self._compute(schema)
        self._kept[asked] = result
        if len(self._kept) > self._size:
            self._kept.popitem(last=False)
        return result


def same(
    compute: Callable[Concatenate[Schema, _Rest], _Result],
) -> Callable[Concatenate[Schema, _Rest], _Result]:
    """Have a function give the very same schema the result that it gave it before.

    A workflow asks of a few schemas again and again, and they may be large: here nothing is looked
    at of them. Nobody changes a schema; what else the function takes is hashable.
    """
    # The schema is kept with its result, so that no other can come to stand at its place.
    kept: dict[tuple[Any, ...], tuple[Schema, _Result]] = {}

    @wraps(compute)
    def result(schema: Schema, /, *rest: _Rest.args, **options: _Rest.kwargs) -> _Result:
        place = (id(schema), *rest, *options.items())
        if place not in kept:
            if len(kept) >= MOST_SAME:
                kept.clear()
            kept[place] = schema, compute(schema, *rest, **options)
        return kept[place][1]

    return result
