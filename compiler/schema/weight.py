"""How much work a schema may cause: an estimate that takes time linear in its size.

Deciding containment multiplies alternatives out: three ``anyOf`` of two under one ``allOf`` are
eight cases. What is said of the parts of a value adds up; what is said of the same value, also
through references, multiplies. The estimate was fitted to measured times of jsonschema-rs.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from msgspec import Struct

from .cached import Cache
from .json_value import Schema
from .keywords import definition_name, definitions, subschemas

ENOUGH = 10**6
"""Weights stop growing here."""

MAX_DEPTH = 150
"""Depth, references followed, at which measuring stops: a chain of references may be endless."""

MAX_CASES = 48
"""How many cases a schema may distinguish for one value."""

MAX_SPREAD = 2000
"""How many schemas may have a say on one value, for anything here to look at them one by one."""

_SAME_VALUE = ("allOf", "anyOf", "oneOf", "not", "if", "then", "else")
_STRUCTURED = ("properties", "required", "items", "additionalProperties", "prefixItems")

_PLAIN_CASE = 0.2
"""What an alternative counts that is about no parts: a constant, a range of numbers."""

_MULTIPLIED = 3.0
"""What it costs extra that alternatives have to be combined with others."""


class Weight(Struct, frozen=True):
    """What a schema may cost."""

    size: int
    """How many schemas there are in the document."""
    cases: float
    """How many cases the schemas of one value distinguish, for the value that has most."""
    spread: int
    """How many schemas have a say on one value, counted again each time one is referred to."""
    depth: int
    """Nesting, with references followed until they repeat."""


def weigh(schema: Any) -> Weight:
    """Return the weight of a normalized schema."""
    scale = _Scale(definitions(schema))
    size, cases, spread = 0, 0.0, 1
    waiting = [schema]
    while waiting:
        current = waiting.pop()
        size += 1
        if isinstance(current, dict):
            size += _length(current)
            here = scale.value(current, 0)
            cases, spread = max(cases, here.cases), max(spread, here.spread)
            waiting.extend(subschemas(current))
    return Weight(size, cases, spread, scale.depth(schema, 0))


def _length(schema: dict[str, Any]) -> int:
    """Return for how many schemas a long list of values or names counts."""
    return (len(schema.get("enum", ())) + len(schema.get("required", ()))) // 20


class _Say(Struct, frozen=True):
    """What is said of one value."""

    cases: float
    spread: int


_NOTHING = _Say(_PLAIN_CASE, 1)
_TOO_MUCH = _Say(ENOUGH, ENOUGH)


class _Scale:
    """Weighs the schemas of one document, each once."""

    def __init__(self, available: dict[str, Any]) -> None:
        self._available = available
        self._said: dict[int, _Say] = {}
        self._depths: dict[str, int] = {}

    def value(self, schema: Any, level: int) -> _Say:
        """Return how much a schema, with those it is made of, says of one value."""
        if not isinstance(schema, dict):
            return _NOTHING
        if level > MAX_DEPTH:
            return _TOO_MUCH
        key = id(schema)
        if key not in self._said:
            # A reference that leads back here adds nothing.
            self._said[key] = _NOTHING
            self._said[key] = self._own(schema, level + 1)
        return self._said[key]

    def _own(self, schema: dict[str, Any], level: int) -> _Say:
        spread = 1 + _length(schema)
        factors: list[float] = []
        for keyword in _SAME_VALUE:
            if keyword in schema:
                inner = schema[keyword]
                children = inner if isinstance(inner, list) else [inner]
                said = [self.value(child, level) for child in children]
                spread += sum(child.spread for child in said)
                union = keyword in ("anyOf", "oneOf")
                factors += [sum(c.cases for c in said)] if union else [c.cases for c in said]
        if "if" in schema:
            factors.append(2)
        factors += [2] * len(schema.get("dependentRequired", ()))
        for child in schema.get("dependentSchemas", {}).values():
            said_then = self.value(child, level)
            factors.append(1 + said_then.cases)
            spread += said_then.spread
        name = definition_name(schema)
        if name is not None:
            meant = self.value(self._available.get(name), level)
            factors.append(meant.cases)
            spread += meant.spread
        telling = [factor for factor in factors if factor > 1]
        cases = max([_PLAIN_CASE, *factors, *([1.0] if _is_structured(schema) else [])])
        if len(telling) > 1:
            cases = prod(telling[:60]) * _MULTIPLIED
        return _Say(min(cases, ENOUGH), min(spread, ENOUGH))

    def depth(self, schema: Any, level: int) -> int:
        """Return how deep a schema is, references followed."""
        if not isinstance(schema, dict):
            return 1
        if level > MAX_DEPTH:
            return ENOUGH
        deepest = 0
        for keyword, value in schema.items():
            if keyword != "$defs":
                for child in subschemas({keyword: value}):
                    deepest = max(deepest, self.depth(child, level + 1))
        name = definition_name(schema)
        if name is not None:
            if name not in self._depths:
                self._depths[name] = 0
                self._depths[name] = self.depth(self._available.get(name), level + 1)
            deepest = max(deepest, self._depths[name])
        return min(deepest + 1, ENOUGH)


def _is_structured(schema: dict[str, Any]) -> bool:
    return any(keyword in schema for keyword in _STRUCTURED)


weight: Callable[[Schema], Weight] = Cache(weigh, 2048)
"""Return how heavy a schema is."""


def within_reach(schema: Schema) -> bool:
    """Say whether the library may be asked about this schema."""
    measured = weight(schema)
    return measured.cases <= MAX_CASES and measured.depth <= MAX_DEPTH


def can_be_walked(schema: Schema) -> bool:
    """Say whether what a schema says of one value can be looked at piece by piece."""
    measured = weight(schema)
    return measured.spread <= MAX_SPREAD and measured.depth <= MAX_DEPTH
