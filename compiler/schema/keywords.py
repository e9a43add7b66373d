"""Where the subschemas of a 2020-12 schema stand, and how to walk over them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from .cached import Cache
from .json_value import Schema

SINGLE = (
    "items",
    "contains",
    "additionalProperties",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
    "not",
    "if",
    "then",
    "else",
)
"""Keywords whose value is one schema."""

LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
"""Keywords whose value is a list of schemas."""

MAPS = ("properties", "patternProperties", "dependentSchemas", "$defs")
"""Keywords whose value maps names to schemas."""

ASSERTIONS = (
    "type",
    "enum",
    "const",
    "multipleOf",
    "maximum",
    "exclusiveMaximum",
    "minimum",
    "exclusiveMinimum",
    "maxLength",
    "minLength",
    "pattern",
    "maxItems",
    "minItems",
    "uniqueItems",
    "maxContains",
    "minContains",
    "maxProperties",
    "minProperties",
    "required",
    "dependentRequired",
)
"""Keywords that constrain the value by themselves."""

ANNOTATIONS = (
    "title",
    "description",
    "default",
    "examples",
    "deprecated",
    "readOnly",
    "writeOnly",
    "format",
    "contentMediaType",
    "contentEncoding",
)
"""Keywords that say something about the value and refuse none."""

DEFINITION = "#/$defs/"
"""How every reference within a normalized schema begins."""


def subschemas(schema: Any) -> Iterator[Any]:
    """Yield the direct subschemas of a schema, those under ``$defs`` included."""
    if not isinstance(schema, dict):
        return
    for keyword, value in schema.items():
        if keyword in SINGLE:
            yield value
        elif keyword in LISTS:
            yield from value
        elif keyword in MAPS:
            yield from value.values()


def definitions(schema: Any) -> dict[str, Any]:
    """Return the definitions that a normalized schema carries along."""
    return schema.get("$defs", {}) if isinstance(schema, dict) else {}


def definition_name(schema: dict[str, Any]) -> str | None:
    """Return the definition that a schema's ``$ref`` names, or None for none or a remote one."""
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference.startswith(DEFINITION):
        return reference[len(DEFINITION) :]
    return None


def is_opaque(schema: dict[str, Any]) -> bool:
    """Say whether this schema object itself refers to something that is not at hand."""
    return "$dynamicRef" in schema or ("$ref" in schema and definition_name(schema) is None)


def with_definitions(schema: Any, available: dict[str, Any]) -> Any:
    """Return `schema` made self-contained: with those of the `available` definitions it needs."""
    if not isinstance(schema, dict):
        return schema
    needed: dict[str, Any] = {}
    waiting = [schema]
    while waiting:
        current = waiting.pop()
        if not isinstance(current, dict):
            continue
        name = definition_name(current)
        if name is not None and name not in needed and name in available:
            needed[name] = available[name]
            waiting.append(available[name])
        waiting.extend(subschemas(current))
    bare = {keyword: value for keyword, value in schema.items() if keyword != "$defs"}
    if not needed:
        return bare
    return {**bare, "$defs": {name: available[name] for name in available if name in needed}}


def without_annotations(schema: Any) -> Any:
    """Return `schema` with only what constrains values, and ``format``, which may."""
    if not isinstance(schema, dict):
        return schema
    result: dict[str, Any] = {}
    for keyword, value in schema.items():
        if keyword in SINGLE:
            result[keyword] = without_annotations(value)
        elif keyword in LISTS:
            result[keyword] = [without_annotations(child) for child in value]
        elif keyword in MAPS:
            result[keyword] = {name: without_annotations(child) for name, child in value.items()}
        elif keyword == "format" or keyword not in ANNOTATIONS:
            result[keyword] = value
    return result


bare: Callable[[Schema], Schema] = Cache(without_annotations, 2048)
"""Return a schema with only what constrains values, and ``format``."""


def references_outside(schema: Any) -> str | None:
    """Return a reference of `schema` to something that is not at hand, if it has one."""
    waiting = [schema]
    while waiting:
        current = waiting.pop()
        if isinstance(current, dict):
            if is_opaque(current):
                return str(current.get("$dynamicRef", current.get("$ref")))
            waiting.extend(subschemas(current))
    return None
