"""Random programs of one flow: a value, taken apart and put together, into a parameter.

Each program knows the values that its source can have, so that what the checker says of it can be
compared with what happens.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

ABSENT = object()


@dataclass(frozen=True)
class Kind:
    """A type: as it is written, as a schema, and a way to draw one of its values."""

    text: str
    schema: dict[str, Any]
    draw: Callable[[], Any]
    fields: tuple[tuple[str, Kind, bool], ...] = ()
    item: Kind | None = None


def kind(random: Random, depth: int = 0) -> Kind:
    """Return a random type."""
    makers = [_text, _limited, _number, _boolean, _null, _choice, _anything]
    if depth < 3:
        makers += [_object, _object, _array, _union]
    return random.choice(makers)(random, depth)


def _text(random: Random, depth: int) -> Kind:
    return Kind("string", {"type": "string"}, lambda: random.choice(["", "a", "bb", "7"]))


def _limited(random: Random, depth: int) -> Kind:
    low = random.choice([0, 1, 5])
    high = low + random.choice([0, 3])
    return Kind(
        f"integer(min = {low}, max = {high})",
        {"type": "integer", "minimum": low, "maximum": high},
        lambda: random.randint(low, high),
    )


def _number(random: Random, depth: int) -> Kind:
    if random.random() < 0.5:
        return Kind("integer", {"type": "integer"}, lambda: random.choice([-3, 0, 2, 40]))
    return Kind("number", {"type": "number"}, lambda: random.choice([-1, 0, 0.5, 3.0, 8]))


def _boolean(random: Random, depth: int) -> Kind:
    return Kind("boolean", {"type": "boolean"}, lambda: random.random() < 0.5)


def _null(random: Random, depth: int) -> Kind:
    return Kind("null", {"type": "null"}, lambda: None)


def _choice(random: Random, depth: int) -> Kind:
    values = random.sample(["a", "bb", "c", 1, 6], random.choice([1, 2, 3]))
    text = " | ".join(json.dumps(value) for value in values)
    return Kind(f"({text})", {"enum": values}, lambda: random.choice(values))


def _anything(random: Random, depth: int) -> Kind:
    return Kind("any", {}, lambda: random.choice([None, 3, "a", [1], {"a": "b"}]))


def _object(random: Random, depth: int) -> Kind:
    names = random.sample(["a", "b", "c"], random.choice([1, 2, 3]))
    fields = tuple((name, kind(random, depth + 1), random.random() < 0.7) for name in names)
    text = ", ".join(f"{name}{'' if always else '?'}: {of.text}" for name, of, always in fields)

    def draw() -> Any:
        return {name: of.draw() for name, of, always in fields if always or random.random() < 0.5}

    schema = {
        "type": "object",
        "properties": {name: of.schema for name, of, _ in fields},
        "required": [name for name, _, always in fields if always],
    }
    return Kind("{" + text + "}", schema, draw, fields=fields)


def _array(random: Random, depth: int) -> Kind:
    item = kind(random, depth + 1)
    schema = {"type": "array", "items": item.schema}
    return Kind(
        f"({item.text})[]",
        schema,
        lambda: [item.draw() for _ in range(random.choice([0, 1, 2]))],
        item=item,
    )


def _union(random: Random, depth: int) -> Kind:
    left, right = kind(random, depth + 1), kind(random, depth + 1)
    return Kind(
        f"({left.text} | {right.text})",
        {"anyOf": [left.schema, right.schema]},
        lambda: random.choice([left, right]).draw(),
    )


@dataclass(frozen=True)
class Written:
    """An expression: as it is written, and its value for a value of `x`."""

    text: str
    value: Callable[[Any], Any]


def expression(random: Random, source: Kind, depth: int = 0) -> Written:
    """Return a random expression over `x`, which is of the type `source`."""
    chance = random.random()
    if depth < 2 and chance < 0.25:
        return _written_object(random, source, depth)
    if depth < 2 and chance < 0.4:
        return _written_array(random, source, depth)
    if depth and chance < 0.6:
        constant = random.choice(["a", "zz", 1, 6, 0.5, True, None])
        return Written(json.dumps(constant), lambda x: constant)
    return _path(random, source)


def _path(random: Random, source: Kind) -> Written:
    text, steps, current = "x", [], source
    while random.random() < 0.75:
        if current.fields:
            name, current, _ = random.choice(current.fields)
            text += f".{name}"
            steps.append(name)
        elif current.item is not None:
            current = current.item
            text += "[0]"
            steps.append(0)
        else:
            break

    def value(x: Any) -> Any:
        for step in steps:
            if isinstance(step, str):
                if step not in x:
                    return ABSENT
                x = x[step]
            else:
                x = x[step]  # past the end, the step fails: an IndexError
        return x

    return Written(text, value)


def _written_object(random: Random, source: Kind, depth: int) -> Written:
    names = random.sample(["a", "b", "c"], random.choice([1, 2, 3]))
    entries = [(name, expression(random, source, depth + 1)) for name in names]

    def value(x: Any) -> Any:
        found = {name: each.value(x) for name, each in entries}
        return {name: each for name, each in found.items() if each is not ABSENT}

    return Written("{" + ", ".join(f"{name}: {each.text}" for name, each in entries) + "}", value)


def _written_array(random: Random, source: Kind, depth: int) -> Written:
    items = [expression(random, source, depth + 1) for _ in range(random.choice([1, 2]))]
    return Written(
        "[" + ", ".join(item.text for item in items) + "]",
        lambda x: [item.value(x) for item in items],
    )


def parameter(random: Random, source: Kind) -> dict[str, Any]:
    """Return the schema of a random parameter: a part of the source's type, or another type."""
    parts = _parts(source)
    schema = random.choice(parts).schema if random.random() < 0.6 else kind(random).schema
    return _closed(schema) if random.random() < 0.4 else schema


def _parts(of: Kind) -> list[Kind]:
    inner = [field for _, field, _ in of.fields] + ([of.item] if of.item else [])
    return [of, *(part for each in inner for part in _parts(each))]


def _closed(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {
        keyword: {name: _closed(each) for name, each in value.items()}
        if keyword == "properties"
        else _closed(value)
        for keyword, value in schema.items()
    }
    return {**closed, "additionalProperties": False} if "properties" in closed else closed
