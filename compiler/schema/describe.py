"""A schema in the words of the ``.wf`` language, for messages."""

from __future__ import annotations

import re
from typing import Any

from .json_value import Schema, compact
from .keywords import definition_name, definitions, is_opaque
from .kinds import ALL, types
from .weight import can_be_walked

FORMAT_NAMES = {
    "date": "date",
    "date-time": "datetime",
    "time": "time",
    "duration": "duration",
    "email": "email",
    "uri": "uri",
    "uuid": "uuid",
}
"""The formats that have a name in the language."""

_ORDER = ("string", "integer", "number", "boolean", "object", "array", "null")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_OBJECT_HINTS = ("properties", "required", "additionalProperties", "patternProperties")
_ARRAY_HINTS = ("items", "prefixItems", "minItems")
_MAX_NESTING = 6


def describe(schema: Schema, limit: int = 60) -> str:
    """Return `schema` as a type of the language, at most `limit` characters long.

    What does not fit, or has no words in the language, is shortened with ``…``.
    """
    if not can_be_walked(schema):
        return "…"
    described = _Words(definitions(schema), limit).union(schema, 0)
    return described if len(described) <= limit else described[: max(limit - 1, 0)].rstrip() + "…"


class _Words:
    """Writes the schemas of one document, and stops when enough is written."""

    def __init__(self, available: dict[str, Any], limit: int) -> None:
        self._available = available
        self._limit = limit
        self._opened: list[str] = []

    def union(self, schema: Any, depth: int) -> str:
        """Return `schema` as a type that may be a union."""
        return " | ".join(dict.fromkeys(self.alternatives(schema, depth)))

    def single(self, schema: Any, depth: int) -> str:
        """Return `schema` as a type that ``[]`` can follow."""
        alternatives = list(dict.fromkeys(self.alternatives(schema, depth)))
        return alternatives[0] if len(alternatives) == 1 else f"({' | '.join(alternatives)})"

    def alternatives(self, schema: Any, depth: int) -> list[str]:
        if schema is False:
            return ["nothing"]
        if not isinstance(schema, dict) or not schema:
            return ["any"]
        if depth > _MAX_NESTING:
            return ["…"]
        name = definition_name(schema)
        if name is not None:
            return self._reference(name, depth)
        if is_opaque(schema):
            return ["any"]
        if "const" in schema:
            return [compact(schema["const"])]
        if "enum" in schema:
            return self._shortened([compact(value) for value in schema["enum"]])
        for keyword in ("anyOf", "oneOf"):
            if keyword in schema and not any(hint in schema for hint in _OBJECT_HINTS):
                branches = [self.alternatives(child, depth + 1) for child in schema[keyword]]
                return self._shortened([words for branch in branches for words in branch])
        if "allOf" in schema and not any(hint in schema for hint in ("type", *_OBJECT_HINTS)):
            return self._conjunction(schema["allOf"], depth)
        return self._typed(schema, depth)

    def _reference(self, name: str, depth: int) -> list[str]:
        if name in self._opened or name not in self._available:
            return ["…"]
        self._opened.append(name)
        described = self.alternatives(self._available[name], depth + 1)
        self._opened.pop()
        return described

    def _shortened(self, words: list[str]) -> list[str]:
        """Return as many of the words as can be shown; none has to be written in full to know."""
        shown: list[str] = []
        length = 0
        for word in words:
            if length > self._limit:
                return [*shown, "…"]
            shown.append(word)
            length += len(word) + 3
        return shown

    def _conjunction(self, children: list[Any], depth: int) -> list[str]:
        telling = [child for child in children if child is not True and child != {}]
        if len(telling) == 1:
            return self.alternatives(telling[0], depth + 1)
        described = [self.single(child, depth + 1) for child in telling]
        known = [words for words in dict.fromkeys(described) if words != "any"]
        return [" & ".join(known)] if known else ["any"]

    def _typed(self, schema: dict[str, Any], depth: int) -> list[str]:
        kinds = types({**schema, "$defs": self._available})
        if kinds == ALL:
            if any(hint in schema for hint in _OBJECT_HINTS):
                kinds = frozenset({"object"})
            elif any(hint in schema for hint in _ARRAY_HINTS):
                kinds = frozenset({"array"})
            else:
                return ["any"]
        if not kinds:
            return ["nothing"]
        return [self._of_type(kind, schema, depth) for kind in _ORDER if kind in kinds]

    def _of_type(self, kind: str, schema: dict[str, Any], depth: int) -> str:
        if kind == "object":
            return self._object(schema, depth)
        if kind == "array":
            return self._array(schema, depth)
        if kind == "string":
            return FORMAT_NAMES.get(schema.get("format", ""), "string") + _constraints(
                schema, {"min": "minLength", "max": "maxLength", "pattern": "pattern"}
            )
        if kind in ("integer", "number"):
            return kind + _constraints(schema, {"min": "minimum", "max": "maximum"})
        return kind

    def _array(self, schema: dict[str, Any], depth: int) -> str:
        if "prefixItems" in schema:
            items = [self.union(child, depth + 1) for child in schema["prefixItems"]]
            rest = [] if schema.get("items") is False else ["…"]
            return f"[{', '.join([*items, *rest])}]"
        return self.single(schema.get("items", True), depth + 1) + "[]"

    def _object(self, schema: dict[str, Any], depth: int) -> str:
        required = schema.get("required", ())
        fields: list[str] = []
        length = 0
        for name, child in schema.get("properties", {}).items():
            if length > self._limit:
                fields.append("…")
                break
            written = name if _NAME.match(name) else compact(name)
            mark = "" if name in required else "?"
            fields.append(f"{written}{mark}: {self.union(child, depth + 1)}")
            length += len(fields[-1]) + 2
        if fields:
            return "{" + ", ".join(fields) + "}"
        rest = schema.get("additionalProperties")
        if isinstance(rest, dict) and rest:
            return "{…: " + self.union(rest, depth + 1) + "}"
        return "{}" if rest is False else "object"


def _constraints(schema: dict[str, Any], names: dict[str, str]) -> str:
    given = [
        f"{name}={compact(schema[keyword])}" for name, keyword in names.items() if keyword in schema
    ]
    return f"({', '.join(given)})" if given else ""
