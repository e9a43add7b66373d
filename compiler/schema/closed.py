"""A schema read as its author may have meant it: with no fields but those that it declares."""

from __future__ import annotations

from typing import Any

from .json_value import Schema
from .keywords import DEFINITION, LISTS, MAPS, SINGLE, definition_name, definitions

_CLOSED = ".closed"
_COMBINING = ("$ref", "$dynamicRef", "allOf", "anyOf", "oneOf", "if", "dependentSchemas")
_ABOUT_OBJECTS = ("properties", "required", "patternProperties")
_SAME_VALUE = frozenset(
    {"allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", "propertyNames"}
)


def closed(schema: Schema) -> Schema:
    """Return `schema` with every object in it closed to fields that it does not declare.

    Where ``additionalProperties`` gives other fields a type, they count as declared; ``true``
    and ``{}`` say as little as nothing. A value about which nothing is said stays as it is.
    """
    if not isinstance(schema, dict):
        return schema
    defined: dict[str, Any] = {}
    for name, definition in definitions(schema).items():
        defined[name] = _inside(definition)
        defined[name + _CLOSED] = _value(definition)
    bare = {keyword: value for keyword, value in schema.items() if keyword != "$defs"}
    result: dict[str, Any] = _value(bare)
    return {**result, "$defs": defined} if defined else result


def _value(schema: Any) -> Any:
    """Close a schema that by itself describes a value."""
    if not isinstance(schema, dict):
        return schema
    result = _inside(schema)
    if _is_open(schema) and _is_about_objects(schema):
        keyword = "unevaluatedProperties" if _combines(schema) else "additionalProperties"
        result[keyword] = False
        known = dict.fromkeys(schema.get("required", ()), True)
        result["properties"] = {**known, **result.get("properties", {})}
        return result
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            result[keyword] = [_value(child) for child in schema[keyword]]
    name = definition_name(schema)
    if name is not None:
        result["$ref"] = DEFINITION + name + _CLOSED
    if "allOf" in schema and not _is_about_objects(schema) and _is_open(schema):
        result["unevaluatedProperties"] = False
    return result


def _inside(schema: Any) -> Any:
    """Close what a schema says of the parts of a value, and leave the value itself open."""
    if not isinstance(schema, dict):
        return schema
    result = dict(schema)
    for keyword, value in schema.items():
        close = _inside if keyword in _SAME_VALUE else _value
        if keyword in ("not", "if"):
            continue
        if keyword in SINGLE:
            result[keyword] = close(value)
        elif keyword in LISTS:
            result[keyword] = [close(child) for child in value]
        elif keyword in MAPS:
            result[keyword] = {name: close(child) for name, child in value.items()}
    return result


def _combines(schema: dict[str, Any]) -> bool:
    return any(keyword in schema for keyword in _COMBINING)


def _is_open(schema: dict[str, Any]) -> bool:
    return all(
        schema.get(keyword, True) in (True, {})
        for keyword in ("additionalProperties", "unevaluatedProperties")
    )


def _is_about_objects(schema: dict[str, Any]) -> bool:
    kinds = schema.get("type", ())
    named = "object" in ([kinds] if isinstance(kinds, str) else kinds)
    return named or any(keyword in schema for keyword in _ABOUT_OBJECTS)
