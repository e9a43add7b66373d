"""Schemas put together from others, each of which brings its own definitions along."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .access import Access
from .json_value import Schema
from .keywords import DEFINITION, LISTS, MAPS, SINGLE, definition_name


def array_of(item: Schema) -> Schema:
    """Return the schema of an array of `item`."""
    collected = _Definitions()
    return collected.attached({"type": "array", "items": collected.hoisted(item)})


def tuple_of(items: Iterable[Schema]) -> Schema:
    """Return the schema of an array that has exactly these items."""
    collected = _Definitions()
    each = [collected.hoisted(item) for item in items]
    if not each:
        return {"type": "array", "maxItems": 0}
    return collected.attached(
        {"type": "array", "prefixItems": each, "items": False, "minItems": len(each)}
    )


def object_of(fields: Mapping[str, Access]) -> Schema:
    """Return the schema of an object that has these fields and no others."""
    collected = _Definitions()
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {name: collected.hoisted(field.schema) for name, field in fields.items()},
        "additionalProperties": False,
    }
    required = [name for name, field in fields.items() if field.required]
    if required:
        schema["required"] = required
    return collected.attached(schema)


def union_of(alternatives: Iterable[Schema]) -> Schema:
    """Return the schema of what one of the alternatives allows."""
    collected = _Definitions()
    distinct: list[Any] = []
    for alternative in alternatives:
        hoisted = collected.hoisted(alternative)
        if hoisted not in distinct:
            distinct.append(hoisted)
    if not distinct:
        return False
    if len(distinct) == 1:
        only = distinct[0]
        return collected.attached(only) if isinstance(only, dict) else bool(only)
    return collected.attached({"anyOf": distinct})


def both_of(left: Schema, right: Schema) -> Schema:
    """Return the schema of what both allow."""
    collected = _Definitions()
    return collected.attached({"allOf": [collected.hoisted(left), collected.hoisted(right)]})


class _Definitions:
    """The definitions of several documents in one ``$defs``, renamed where two differ."""

    def __init__(self) -> None:
        self._taken: dict[str, Any] = {}

    def hoisted(self, schema: Schema) -> Any:
        """Return `schema` without its ``$defs``, which are kept here."""
        if not isinstance(schema, dict) or "$defs" not in schema:
            return schema
        own = schema["$defs"]
        names = {name: self._free_name(name, schema) for name in own}
        for name, definition in own.items():
            self._taken[names[name]] = renamed(definition, names)
        bare = {keyword: value for keyword, value in schema.items() if keyword != "$defs"}
        return renamed(bare, names)

    def attached(self, schema: dict[str, Any]) -> Schema:
        return {**schema, "$defs": dict(sorted(self._taken.items()))} if self._taken else schema

    def _free_name(self, name: str, schema: dict[str, Any]) -> str:
        if name not in self._taken:
            return name
        from .engine import text

        definition, candidate, number = schema["$defs"][name], name, 1
        while candidate in self._taken and not (
            candidate == name
            and text(self._taken[name]) == text(definition)
            and _closed_over(definition, schema["$defs"], self._taken)
        ):
            number += 1
            candidate = f"{name}_{number}"
        return candidate


def _closed_over(definition: Any, own: dict[str, Any], taken: dict[str, Any]) -> bool:
    """Say whether everything that a definition leads to is the same in both places."""
    from .engine import text

    waiting, seen = [definition], set()
    while waiting:
        current = waiting.pop()
        if isinstance(current, list):
            waiting.extend(current)
        if not isinstance(current, dict):
            continue
        name = definition_name(current)
        if name is not None and name not in seen:
            seen.add(name)
            if name not in taken or text(taken[name]) != text(own.get(name)):
                return False
            waiting.append(own.get(name))
        waiting.extend(current.values())
    return True


def renamed(schema: Any, names: Mapping[str, str]) -> Any:
    """Return `schema` with its references under the new names that `names` gives them."""
    if not isinstance(schema, dict):
        return schema
    result = dict(schema)
    for keyword, value in schema.items():
        if keyword in SINGLE:
            result[keyword] = renamed(value, names)
        elif keyword in LISTS:
            result[keyword] = [renamed(child, names) for child in value]
        elif keyword in MAPS:
            result[keyword] = {key: renamed(child, names) for key, child in value.items()}
    name = definition_name(schema)
    if name is not None:
        result["$ref"] = DEFINITION + names.get(name, name)
    return result
