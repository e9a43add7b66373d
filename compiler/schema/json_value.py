"""JSON values as JSON Schema sees them, and not as Python does.

In Python ``True == 1`` and ``1.0`` is no ``int``; in JSON Schema a boolean is never a number and
``1.0`` is an integer.
"""

from __future__ import annotations

import json
from typing import Any, TypeAlias

Json: TypeAlias = Any
"""A JSON value: ``None``, ``bool``, ``int``, ``float``, ``str``, ``list`` or ``dict`` of those."""

Schema: TypeAlias = dict[str, Any] | bool
"""A JSON Schema in the one form of this package, as `normalize` returns it."""


def json_type(value: Json) -> str:
    """Return the most precise JSON Schema type of `value`: ``integer`` for ``1`` and ``1.0``."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "integer" if value.is_integer() else "number"
    if isinstance(value, str):
        return "string"
    if isinstance(value, list):
        return "array"
    return "object"


def compact(value: Json) -> str:
    """Return `value` as one line of JSON."""
    return json.dumps(value, ensure_ascii=False)
