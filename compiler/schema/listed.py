"""Which finite list of values a schema allows."""

from __future__ import annotations

from typing import Any

from .engine import text, validator
from .json_value import Json, Schema
from .keywords import ANNOTATIONS, definition_name, definitions
from .kinds import types_within
from .weight import can_be_walked

MAX_ALTERNATIVES = 1000
"""How many values `enumeration` lists before it takes a set for infinite."""


def enumeration(schema: Schema) -> list[Json] | None:
    """Return the values of `schema`, None where it does not list them: see `questions`."""
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
    if listed is None and types_within(schema, available) == {"null"}:
        return [None]
    return listed
