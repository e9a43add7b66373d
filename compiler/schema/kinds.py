"""Which JSON types a schema allows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .cached import same
from .json_value import Schema, json_type
from .keywords import definition_name, definitions
from .weight import can_be_walked

ALL = frozenset({"null", "boolean", "number", "string", "array", "object"})
"""Every type; ``number`` includes the integers."""


@same
def types(schema: Schema) -> frozenset[str]:
    """Return the JSON types that values of `schema` can have: at least those, rarely more.

    ``number`` includes the integers, so ``integer`` stands beside it never: a schema of any
    number gives ``{"number"}``, one of whole numbers ``{"integer"}``.
    """
    if not can_be_walked(schema):
        return ALL
    return types_within(schema, definitions(schema))


def types_within(schema: Any, available: dict[str, Any]) -> frozenset[str]:
    """Return what `types` does for a part of a document that has the `available` definitions."""
    return _types(schema, available, frozenset())


def _types(schema: Any, available: dict[str, Any], opened: frozenset[str]) -> frozenset[str]:
    if schema is False:
        return frozenset()
    if not isinstance(schema, dict):
        return ALL
    allowed = ALL
    if "type" in schema:
        named = schema["type"]
        allowed = _tidy([named] if isinstance(named, str) else named)
    if "const" in schema:
        allowed = _meet(allowed, _tidy([json_type(schema["const"])]))
    if "enum" in schema:
        allowed = _meet(allowed, _tidy(map(json_type, schema["enum"])))
    name = definition_name(schema)
    if name is not None and name not in opened and name in available:
        allowed = _meet(allowed, _types(available[name], available, opened | {name}))
    for child in schema.get("allOf", ()):
        allowed = _meet(allowed, _types(child, available, opened))
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            branches = (_types(child, available, opened) for child in schema[keyword])
            allowed = _meet(allowed, _tidy(kind for branch in branches for kind in branch))
    if "if" in schema:
        branches = (
            _types(schema.get(keyword, True), available, opened) for keyword in ("then", "else")
        )
        allowed = _meet(allowed, _tidy(kind for branch in branches for kind in branch))
    return allowed - _ruled_out(schema.get("not"))


def _tidy(kinds: Iterable[str]) -> frozenset[str]:
    found = frozenset(kinds)
    return found - {"integer"} if "number" in found else found


def _meet(left: frozenset[str], right: frozenset[str]) -> frozenset[str]:
    common = left & right
    if ("integer" in left and "number" in right) or ("number" in left and "integer" in right):
        common |= {"integer"}
    return common


def _ruled_out(negated: Any) -> frozenset[str]:
    """Return the types that ``not: {type: …}`` excludes; anything subtler excludes none."""
    if negated is True or negated == {}:
        return ALL | {"integer"}
    if isinstance(negated, dict) and set(negated) == {"type"}:
        named = negated["type"]
        kinds = frozenset([named] if isinstance(named, str) else named)
        return kinds | {"integer"} if "number" in kinds else kinds
    return frozenset()
