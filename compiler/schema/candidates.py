"""Values that may tell two schemas apart.

In: a place in the source (schemas that all have to hold there) and the same place in the target
(schemas whose limits are worth crossing). Out: values, likely ones first, in a fixed order.
Most are valid for the source; whether they are is for the caller to check.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain, islice, product
from typing import Any

from msgspec import Struct

from .budget import Budget
from .engine import text, validator
from .json_value import Json, json_type
from .keywords import definition_name
from .kinds import types
from .patterns import examples

MAX_ALTERNATIVES = 24
"""How many of the cases that a source distinguishes are looked at."""

MAX_HINTS = 80
"""How many schemas of the target are looked at in one place."""

MAX_HERE = 400
MAX_TRIED_HERE = 800
"""How many candidates one place within a value may give, and how many are tried for that."""

MAX_NAMES = 120
"""How many fields that are not required are looked at."""

MAX_DEPTH = 10
"""How deep in a value its parts are varied; below, they are only filled in."""

_ORDER = ("string", "integer", "number", "boolean", "null", "array", "object")

_SAMPLES = {
    "date": "2024-02-29",
    "date-time": "2024-02-29T10:00:00Z",
    "time": "10:00:00Z",
    "duration": "P1D",
    "email": "a@b.co",
    "idn-email": "a@b.co",
    "hostname": "a.b",
    "idn-hostname": "a.b",
    "ipv4": "10.0.0.1",
    "ipv6": "::1",
    "uri": "https://a.b/c",
    "uri-reference": "/a",
    "iri": "https://a.b/c",
    "iri-reference": "/a",
    "uri-template": "/a",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "json-pointer": "/a",
    "relative-json-pointer": "0",
    "regex": "a",
}


class Place(Struct, frozen=True):
    """Schemas that stand in one place of a document, and the definitions they refer to."""

    schemas: tuple[Any, ...]
    definitions: dict[str, Any]

    def inner(self, schemas: Iterable[Any]) -> Place:
        """Return a place within this one."""
        return Place(tuple(schemas), self.definitions)

    def key(self) -> tuple[int, ...]:
        """Return what tells this place from others of the same document."""
        return tuple(id(schema) for schema in self.schemas)


class Candidates:
    """Builds candidates for one pair of documents."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._known: dict[tuple[tuple[int, ...], ...], list[Json]] = {}
        self._open: dict[tuple[tuple[int, ...], ...], int] = {}
        self._simple: dict[tuple[int, ...], list[Json]] = {}
        # Places are told apart by identity, so the schemas that make them must stay alive.
        self._kept: list[Place] = []

    def of(self, source: Place, target: Place) -> Iterator[Json]:
        """Yield candidates for a place."""
        return self._generated(source, target, 0)

    def _generated(self, source: Place, target: Place, depth: int) -> Iterator[Json]:
        hints = list(islice(_flattened(target.schemas, target.definitions), MAX_HINTS))
        own = list(islice(_flattened(source.schemas, source.definitions), MAX_HINTS))
        against = target.inner(hints)
        mentioned = _mentioned([*hints, *own])
        for case in _cases(source.schemas, source.definitions):
            here = source.inner(case)
            listed = _listed(case)
            if listed is not None:
                yield from _told_apart(listed, hints)
                continue
            kinds = _kinds(case)
            for kind in _ORDER:
                if kind in kinds or (kind == "integer" and "number" in kinds):
                    yield from self._of_kind(kind, here, against, depth)
            yield from (value for value in mentioned if json_type(value) in kinds)

    def _varied(self, source: Place, target: Place, depth: int) -> list[Json]:
        """Return candidates for a place within a value: valid ones, the plainest first."""
        key = (source.key(), target.key())
        if key in self._known:
            return self._known[key]
        if depth > MAX_DEPTH or self._open.get(key, 0) > 1:
            return self._plain(source, depth)
        self._open[key] = self._open.get(key, 0) + 1
        self._kept += [source, target]
        values = list(islice(self._valid(source, target, depth), MAX_HERE))
        self._open[key] -= 1
        distinct = list({text(value): value for value in values}.values())
        if not self._open[key]:
            self._known[key] = distinct
        return distinct or self._plain(source, depth)

    def _plain(self, source: Place, depth: int) -> list[Json]:
        """Return one valid value for a place, or none where none was found."""
        key = source.key()
        if key not in self._simple:
            self._simple[key] = []
            self._kept.append(source)
            if depth < 3 * MAX_DEPTH:
                found = self._valid(source, source.inner(()), depth + MAX_DEPTH)
                self._simple[key] = list(islice(found, 1))
        return self._simple[key]

    def _valid(self, source: Place, target: Place, depth: int) -> Iterator[Json]:
        """Yield those of the candidates for a place that are valid there."""
        self._budget.spend(20)
        allowed = _check(source)
        for value in islice(self._generated(source, target, depth), MAX_TRIED_HERE):
            self._budget.spend()
            if allowed(value):
                yield value

    def _of_kind(self, kind: str, source: Place, target: Place, depth: int) -> Iterator[Json]:
        if kind == "string":
            return _strings(source.schemas, target.schemas)
        if kind in ("integer", "number"):
            return _numbers(source.schemas, target.schemas, whole=kind == "integer")
        if kind == "boolean":
            return iter((True, False))
        if kind == "null":
            return iter((None,))
        if kind == "array":
            return self._arrays(source, target, depth)
        return self._objects(source, target, depth)

    # ---- arrays

    def _arrays(self, source: Place, target: Place, depth: int) -> Iterator[Json]:
        own, hints = source.schemas, target.schemas
        least = max((s.get("minItems", 0) for s in own), default=0)
        most = min((s["maxItems"] for s in own if "maxItems" in s), default=least + 60)
        lengths = [least, least + 1, least + 2]
        for schema in (*hints, *own):
            for keyword in ("minItems", "maxItems", "minContains", "maxContains"):
                if keyword in schema:
                    lengths += [schema[keyword] + step for step in (-1, 0, 1)]
            count = len(schema.get("prefixItems", ()))
            lengths += [count, count + 1] if count else []
        room = [n for n in dict.fromkeys(lengths) if least <= n <= most and n <= least + 40 <= 300]
        unique = any(schema.get("uniqueItems") for schema in own)
        wanted = [s["contains"] for s in own if "contains" in s and s.get("minContains", 1) > 0]
        for length in room:
            choices = [
                self._items_at(index, source, target, depth, wanted) for index in range(length)
            ]
            if not all(choices):
                continue
            yield from islice(_rows(choices, unique), 150)
        for contained in [s["contains"] for s in (*hints, *own) if "contains" in s]:
            for value in self._items_at(0, source, target, depth, [contained])[:3]:
                yield from ([value] * length for length in room)

    def _items_at(
        self, index: int, source: Place, target: Place, depth: int, wanted: list[Any]
    ) -> list[Json]:
        schemas = [schema for s in source.schemas for schema in _item_schemas(s, index)]
        hints = [schema for s in target.schemas for schema in _item_schemas(s, index)]
        hints += [s["contains"] for s in target.schemas if "contains" in s]
        found = list(self._varied(source.inner(schemas), target.inner(hints), depth + 1))
        for contained in wanted:
            inner = source.inner([*schemas, contained])
            found = self._varied(inner, target.inner(hints), depth + 1)[:6] + found
        return found

    # ---- objects

    def _objects(self, source: Place, target: Place, depth: int) -> Iterator[Json]:
        own, hints = source.schemas, target.schemas
        required = dict.fromkeys(name for s in own for name in s.get("required", ()))
        declared, hinted = dict.fromkeys(_names(own)), dict.fromkeys(_names(hints))
        shared = (name for name in declared if name in hinted)
        names = dict.fromkeys(
            chain(required, shared, islice(declared, 60), islice(hinted, 60), declared)
        )
        fresh = _fresh_names(own, hints, names)
        names = dict.fromkeys(chain(islice(names, len(required) + MAX_NAMES), fresh))
        allowed_name = _check(
            source.inner([s["propertyNames"] for s in own if "propertyNames" in s])
        )
        choices: dict[str, list[Json]] = {}
        for name in names:
            schemas = [schema for s in own for schema in _field_schemas(s, name)]
            if False in schemas or not allowed_name(name):
                continue
            inner = target.inner(
                schema for s in hints for schema in (*_field_schemas(s, name), *_name_hints(s))
            )
            values = self._varied(source.inner(schemas), inner, depth + 1)
            if values:
                choices[name] = values
        if any(name not in choices for name in required):
            return
        base = {name: choices[name][0] for name in required}
        fewest = max((s.get("minProperties", 0) for s in own), default=0)
        optional = [name for name in choices if name not in required]
        for name in optional[: max(0, fewest - len(base))]:
            base[name] = choices[name][0]
        yield from _records(base, choices, own, hints)


def _records(
    base: dict[str, Json],
    choices: dict[str, list[Json]],
    own: tuple[Any, ...],
    hints: tuple[Any, ...],
) -> Iterator[Json]:
    """Yield objects: as few fields as may be, one varied at a time, all, pairs, a given number."""
    yield base
    for name, values in choices.items():
        yield {**base, name: values[0]}
    for name, values in choices.items():
        for value in values[1:]:
            yield {**base, name: value}
    full = {**base, **{name: values[0] for name, values in choices.items()}}
    yield full
    for name in full:
        yield {other: value for other, value in full.items() if other != name}
    for limit in sorted({s["maxProperties"] + 1 for s in hints if "maxProperties" in s}):
        yield dict(islice(full.items(), limit))
    for schema in (*own, *hints):
        for trigger, needed in schema.get("dependentRequired", {}).items():
            wanted = [name for name in (trigger, *needed) if name in choices]
            yield {**base, **{name: choices[name][0] for name in wanted}}
    few = list(choices)[:8]
    for first, second in product(few, few):
        if first < second:
            for one, other in product(choices[first][:5], choices[second][:5]):
                yield {**base, first: one, second: other}
    for name, values in choices.items():
        for value in values[1:8]:
            yield {**full, name: value}


def _rows(choices: list[list[Json]], unique: bool) -> Iterator[list[Json]]:
    """Yield arrays: the first choice everywhere, one place varied at a time, pairs."""
    base: list[Json] = []
    for values in choices:
        fresh = [value for value in values if not unique or value not in base]
        base.append((fresh or values)[0])
    yield base
    for index, values in enumerate(choices[:6]):
        for value in values:
            yield [*base[:index], value, *base[index + 1 :]]
    if len(choices) >= 2:
        for one, other in product(choices[0][:6], choices[1][:6]):
            yield [one, other, *base[2:]]
        for value in choices[0][:8]:
            if all(value in values for values in choices):
                yield [value] * len(choices)


# ---- what schemas say of one place


def _flattened(
    schemas: Iterable[Any], available: dict[str, Any], opened: frozenset[str] = frozenset()
) -> Iterator[dict[str, Any]]:
    """Yield every schema that has a say on the same value, whatever combines them."""
    for schema in schemas:
        if not isinstance(schema, dict):
            continue
        yield schema
        name = definition_name(schema)
        if name is not None and name not in opened and name in available:
            yield from _flattened([available[name]], available, opened | {name})
        for keyword in ("allOf", "anyOf", "oneOf"):
            if keyword in schema:
                yield from _flattened(schema[keyword], available, opened)
        inner = [schema[keyword] for keyword in ("not", "if", "then", "else") if keyword in schema]
        inner += schema.get("dependentSchemas", {}).values()
        yield from _flattened(inner, available, opened)


def _cases(schemas: Iterable[Any], available: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Return the cases that schemas distinguish, each the plain schemas that hold in it."""
    cases: list[tuple[Any, ...]] = [()]
    for schema in schemas:
        cases = _joined(cases, _alternatives(schema, available, frozenset()))
    return cases


def _alternatives(
    schema: Any, available: dict[str, Any], opened: frozenset[str]
) -> list[tuple[Any, ...]]:
    if schema is False:
        return []
    if not isinstance(schema, dict):
        return [()]
    cases: list[tuple[Any, ...]] = [(schema,)]
    name = definition_name(schema)
    if name is not None:
        if name in opened:
            return []
        if name in available:
            cases = _joined(cases, _alternatives(available[name], available, opened | {name}))
    for child in schema.get("allOf", ()):
        cases = _joined(cases, _alternatives(child, available, opened))
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            branches = [_alternatives(child, available, opened) for child in schema[keyword]]
            cases = _joined(cases, _in_turn(branches))
    if "if" in schema:
        holds = _joined(
            _alternatives(schema["if"], available, opened),
            _alternatives(schema.get("then", True), available, opened),
        )
        otherwise = _alternatives(schema.get("else", True), available, opened)
        cases = _joined(cases, [*otherwise[:6], *holds])
    for child in schema.get("dependentSchemas", {}).values():
        cases = _joined(cases, [(), *_alternatives(child, available, opened)])
    return cases


def _joined(left: list[tuple[Any, ...]], right: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return list(islice(((*one, *other) for one in left for other in right), MAX_ALTERNATIVES))


def _in_turn(branches: list[list[tuple[Any, ...]]]) -> list[tuple[Any, ...]]:
    longest = max(map(len, branches), default=0)
    return [branch[turn] for turn in range(longest) for branch in branches if turn < len(branch)]


def _kinds(case: tuple[Any, ...]) -> frozenset[str]:
    own = [
        {keyword: schema[keyword] for keyword in ("type", "not") if keyword in schema}
        for schema in case
    ]
    return types({"allOf": own}) if own else types(True)


def _listed(case: tuple[Any, ...]) -> list[Json] | None:
    """Return the values of the shortest ``enum`` or ``const`` of a case."""
    lists = [[s["const"]] for s in case if "const" in s] + [s["enum"] for s in case if "enum" in s]
    return min(lists, key=len) if lists else None


def _told_apart(values: list[Json], hints: list[dict[str, Any]]) -> list[Json]:
    """Return the values with those first that the target does not name."""
    named = {
        text(value)
        for hint in hints
        for value in (*hint.get("enum", ()), *([hint["const"]] if "const" in hint else ()))
    }
    return sorted(values, key=lambda value: text(value) in named)


def _mentioned(schemas: list[dict[str, Any]]) -> list[Json]:
    """Return values that schemas name, and values one step from those."""
    found: list[Json] = []
    for schema in schemas:
        values = [*schema.get("enum", ())[:30]]
        if "const" in schema:
            values.append(schema["const"])
        for value in values:
            found.append(value)
            if isinstance(value, dict):
                found += [{k: v for k, v in value.items() if k != name} for name in value]
                found.append({**value, "x": None})
            elif isinstance(value, list):
                found += [value[:-1], [*value, None], value[::-1]]
            elif isinstance(value, bool):
                found.append(int(value))
    return found


def _check(place: Place) -> Any:
    """Return the test whether a value is valid in a place; anything goes where none can be had."""
    telling = [schema for schema in place.schemas if schema is not True and schema != {}]
    if not telling:
        return lambda value: True
    schema: dict[str, Any] = {"allOf": telling}
    if place.definitions:
        schema["$defs"] = place.definitions
    check = validator(schema, formats=True)
    return check.is_valid if check is not None else lambda value: True


def _item_schemas(schema: dict[str, Any], index: int) -> list[Any]:
    first = schema.get("prefixItems", ())
    if index < len(first):
        return [first[index]]
    return [schema[k] for k in ("items", "unevaluatedItems") if k in schema][:1]


def _field_schemas(schema: dict[str, Any], name: str) -> list[Any]:
    found = []
    if name in schema.get("properties", {}):
        found.append(schema["properties"][name])
    for pattern, child in schema.get("patternProperties", {}).items():
        check = validator({"pattern": pattern})
        if check is not None and check.is_valid(name):
            found.append(child)
    if not found and "additionalProperties" in schema:
        found.append(schema["additionalProperties"])
    return found


def _name_hints(schema: dict[str, Any]) -> list[Any]:
    return [schema["unevaluatedProperties"]] if "unevaluatedProperties" in schema else []


def _names(schemas: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield the field names that schemas speak of."""
    for schema in schemas:
        yield from schema.get("properties", ())
        yield from schema.get("required", ())
        for trigger, needed in schema.get("dependentRequired", {}).items():
            yield trigger
            yield from needed
        yield from schema.get("dependentSchemas", ())
        for value in (*schema.get("enum", ())[:10], schema.get("const")):
            if isinstance(value, dict):
                yield from value
        for pattern in schema.get("patternProperties", ()):
            yield from examples(pattern)[:4]
        if "propertyNames" in schema:
            yield from _names_allowed(schema["propertyNames"])


def _names_allowed(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        # The definitions are out of sight here; a name by reference is simply not found.
        said = tuple(islice(_flattened([schema], {}), 10))
        listed = (value for s in said for value in (*s.get("enum", ()), s.get("const")))
        yield from (value for value in islice(listed, 60) if isinstance(value, str))
        yield from islice(_strings(said, ()), 12)


def _fresh_names(
    own: tuple[Any, ...], hints: tuple[Any, ...], taken: dict[str, None]
) -> Iterator[str]:
    """Yield names that nobody speaks of, as many as a count of properties may ask for."""
    counts = [
        s[k] + 1 for s in (*own, *hints) for k in ("minProperties", "maxProperties") if k in s
    ]
    wanted = min(max([1, *counts]), 60)
    yield from islice((name for name in _every_name() if name not in taken), wanted)
    # Limits on names: one that is empty, one that is long, one in capitals.
    if any("propertyNames" in s or "patternProperties" in s for s in (*own, *hints)):
        yield from ("", "A", "0", "-", "xxxxxxxxxxxxxxxxxxxx")


def _every_name() -> Iterator[str]:
    yield from ("x", "y", "z")
    for number in range(1000):
        yield f"x{number}"


# ---- strings and numbers


def _strings(own: tuple[Any, ...], hints: tuple[Any, ...]) -> Iterator[str]:
    least = max((s.get("minLength", 0) for s in own), default=0)
    most = min((s["maxLength"] for s in own if "maxLength" in s), default=least + 5000)
    formats = [s["format"] for s in own if s.get("format") in _SAMPLES]
    patterns = [s["pattern"] for s in own if "pattern" in s]
    bases = [_SAMPLES[name] for name in formats]
    for pattern in patterns:
        bases += examples(pattern)
    barred = [p for s in hints if "pattern" in s for p in examples(s["pattern"])[:8]]
    lengths = [least, least + 1, most]
    for schema in hints:
        for keyword in ("minLength", "maxLength"):
            if keyword in schema:
                lengths += [schema[keyword] + step for step in (-1, 0, 1)]
    named = [v for s in (*hints, *own) for v in (*s.get("enum", ()), s.get("const"))]
    named = [value for value in named if isinstance(value, str)][:20]
    room = [n for n in dict.fromkeys(lengths) if least <= n <= most and n <= 20_000]
    yield from bases
    if not patterns and not formats:
        yield from ("x" * n for n in room)
    for string in bases:
        yield from (string + "x", "x" + string)
        yield from ((string * (n // max(len(string), 1) + 1))[:n] for n in room if string)
    yield from barred
    for string in (*barred, *named):
        yield from (string, string + "x", "x" + string, string[:-1], string.upper())
    for character in ("a", "A", "0", " ", "-", "é", "\n", "😀"):
        yield from (character * n for n in (1, *room) if n <= 64)
    if not patterns:
        yield from _SAMPLES.values()
    yield from (string + "\n" for string in bases)


def _numbers(own: tuple[Any, ...], hints: tuple[Any, ...], *, whole: bool) -> Iterator[Json]:
    points: list[Fraction] = []
    for schema in (*own, *hints):
        for keyword in ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"):
            points += _exactly(schema.get(keyword))
        for value in (*schema.get("enum", ())[:20], schema.get("const")):
            points += _exactly(value)
    steps = [step for s in own for step in _exactly(s.get("multipleOf")) if step > 0]
    others = [step for s in hints for step in _exactly(s.get("multipleOf")) if step > 0]
    points = list(dict.fromkeys([Fraction(0), Fraction(1), *points]))[:40]
    step = _common_multiple(steps[:4])
    if whole and step:
        step = _common_multiple([step, Fraction(1)])
    nudges = [Fraction(0), Fraction(1), Fraction(-1)]
    if not whole:
        nudges += [Fraction(1, 2), Fraction(-1, 2), Fraction(1, 8), Fraction(-1, 8)]
    for nudge in nudges:
        for point in points:
            if step:
                nearest = math.floor(point / step) * step
                yield from (_number(nearest + count * step) for count in range(-2, 4))
            else:
                yield _number(point + nudge)
    for other in others[:6]:
        yield from (_number(other * count) for count in (1, 2, 3))
        yield from (_number((step or Fraction(1)) * count) for count in range(1, 14))
    yield from (10**6, -(10**6), 2**53, -(2**53), 10**20)
    if not whole:
        yield from (0.1, 1e-9, 1e300)


def _exactly(value: Any) -> list[Fraction]:
    """Return a number as it is written, without the error of binary floats."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return []
    if isinstance(value, float) and not math.isfinite(value):
        return []
    written = repr(value)
    # Exponents in the thousands make fractions of thousands of digits.
    return [Fraction(written)] if len(written) < 400 else []


def _number(value: Fraction) -> Json:
    if value.denominator == 1:
        return value.numerator
    return float(value)


def _common_multiple(steps: list[Fraction]) -> Fraction | None:
    if not steps:
        return None
    multiple = steps[0]
    for step in steps[1:]:
        numerator = math.lcm(
            multiple.numerator * step.denominator, step.numerator * multiple.denominator
        )
        multiple = Fraction(numerator, multiple.denominator * step.denominator)
    return multiple
