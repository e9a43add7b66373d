"""Which JSON types, and which finite list of values, a schema allows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .engine import can_be_walked, text, validator
from .json_value import Json, Schema, json_type
from .keywords import ANNOTATIONS, definition_name, definitions

ALL = frozenset({"null", "boolean", "number", "string", "array", "object"})
"""Every type; ``number`` includes the integers."""

MAX_ALTERNATIVES = 1000
"""How many values `enumeration` lists before it takes a set for infinite."""


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


def enumeration(schema: Schema) -> list[Json] | None:
    """Return the values of `schema` where it lists them (``enum``, ``const``, unions of those).

    None where it does not: the values may still be few, as with ``boolean``.
    """
    if not can_be_walked(schema):
        return None
    listed = _listed(schema, definitions(schema), frozenset())
    if listed is None or len(listed) > MAX_ALTERNATIVES:
        return None
    # A plain list has been checked by being written.
    plain = isinstance(schema, dict) and (
        schema.keys() <= {"enum", *ANNOTATIONS} or schema.keys() <= {"const", *ANNOTATIONS}
    )
    check = None if plain else validator(schema)
    try:
        valid = [value for value in listed if check is None or check.is_valid(value)]
    except ValueError:
        return None
    distinct: dict[str, Json] = {}
    for value in valid:
        distinct.setdefault(text(value), value)
    return list(distinct.values())


def _listed(schema: Any, available: dict[str, Any], opened: frozenset[str]) -> list[Json] | None:
    """Return values among which all those of `schema` are, if it names them."""
    if not isinstance(schema, dict):
        return None
    if "const" in schema:
        return [schema["const"]]
    if "enum" in schema:
        return list(schema["enum"])
    name = definition_name(schema)
    if name is not None and name not in opened and name in available:
        target = _listed(available[name], available, opened | {name})
        if target is not None:
            return target
    for child in schema.get("allOf", ()):
        listed = _listed(child, available, opened)
        if listed is not None:
            return listed
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            branches = [_listed_or_null(child, available, opened) for child in schema[keyword]]
            if all(branch is not None for branch in branches):
                return [value for branch in branches if branch is not None for value in branch]
    return None


def _listed_or_null(
    schema: Any, available: dict[str, Any], opened: frozenset[str]
) -> list[Json] | None:
    listed = _listed(schema, available, opened)
    if listed is None and _types(schema, available, opened) == {"null"}:
        return [None]
    return listed
