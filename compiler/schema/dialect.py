"""JSON Schema as servers send it, made one form: self-contained draft 2020-12.

In: a schema in any draft from 04 to 2020-12. Out: an equivalent `Schema` in which

- every reference that can be resolved reads ``#/$defs/<name>``, and ``$defs`` stands at the root
  only and holds just what is referred to; anchors, ``$id`` and ``$schema`` are gone;
- a reference to a document that is not at hand keeps its absolute address. Nothing is fetched;
- ``$dynamicRef`` is left only where the place it means depends on how one gets there;
- keywords that its draft does not know are gone, since validators ignore them too.

Errors: `SchemaError` for what no draft allows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urljoin

import jsonschema_rs
from jsonschema_rs.canonical import json as canonical_json
from msgspec import Struct, field

from .json_value import Json, Schema
from .keywords import ANNOTATIONS, ASSERTIONS, DEFINITION, LISTS, MAPS, SINGLE
from .verdict import SchemaError

MAX_DEPTH = 200
"""Nesting beyond which a schema is refused: far above any real one, far below stack limits."""

DRAFT_04, DRAFT_06, DRAFT_07, DRAFT_2019, DRAFT_2020 = 4, 6, 7, 2019, 2020

_DIALECTS = {
    "http://json-schema.org/schema": DRAFT_2020,
    "http://json-schema.org/draft-03/schema": DRAFT_04,
    "http://json-schema.org/draft-04/schema": DRAFT_04,
    "http://json-schema.org/draft-06/schema": DRAFT_06,
    "http://json-schema.org/draft-07/schema": DRAFT_07,
    "http://json-schema.org/draft/2019-09/schema": DRAFT_2019,
    "http://json-schema.org/draft/2020-12/schema": DRAFT_2020,
}

_SINCE = {
    "const": DRAFT_06,
    "contains": DRAFT_06,
    "propertyNames": DRAFT_06,
    "if": DRAFT_07,
    "then": DRAFT_07,
    "else": DRAFT_07,
    "minContains": DRAFT_2019,
    "maxContains": DRAFT_2019,
    "dependentRequired": DRAFT_2019,
    "dependentSchemas": DRAFT_2019,
    "unevaluatedItems": DRAFT_2019,
    "unevaluatedProperties": DRAFT_2019,
    "prefixItems": DRAFT_2020,
}
"""The draft that brought each keyword that was not always there."""

_COUNTS = frozenset(keyword for keyword in ASSERTIONS if keyword[:3] in ("min", "max")) - {
    "minimum",
    "maximum",
}

_NESTING = tuple(
    keyword for keyword in (*SINGLE, *LISTS, *MAPS) if keyword not in ("items", "$defs")
)
"""Keywords with subschemas that mean the same in every draft that knows them."""

_NESTING_ANYWHERE = (*SINGLE, *LISTS, *MAPS, "definitions", "additionalItems", "dependencies")
"""Keywords under which an identifier or an anchor may stand."""


def normalized(schema: Any, dialect: str | None) -> Schema:
    """Return `schema` in the one form, or raise `SchemaError`: see `questions.normalize`."""
    if isinstance(schema, bool):
        return schema
    if not isinstance(schema, dict):
        raise SchemaError(f"a schema is an object or a boolean, not {schema!r:.40}")
    check_depth(schema)
    root_dialect = _dialect(schema.get("$schema", dialect), DRAFT_2020, "")
    document = _Document(schema, root_dialect, declared="$schema" in schema or dialect is not None)
    normal = document.normalized()
    if not _is_text(normal):
        raise SchemaError("the schema holds half of a surrogate pair, which is no character")
    return normal


def check_depth(schema: Json) -> None:
    """Raise `SchemaError` for a schema nested deeper than anything here can safely walk."""
    level: list[Json] = [schema]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for value in level
            for child in (
                value.values()
                if isinstance(value, dict)
                else value
                if isinstance(value, list)
                else ()
            )
            if isinstance(child, dict | list)
        ]
        if not level:
            return
    raise SchemaError(f"the schema is nested deeper than {MAX_DEPTH} levels")


def _dialect(address: Any, otherwise: int, pointer: str) -> int:
    if address is None:
        return otherwise
    if not isinstance(address, str):
        raise SchemaError("`$schema` must be a string", f"{pointer}/$schema")
    key = address.rstrip("#").rstrip("/").replace("https://", "http://")
    # A draft that is not known is read as the newest one, as validators do.
    return _DIALECTS.get(key, DRAFT_2020)


class _Place(Struct, frozen=True):
    """A schema within the document, with what its surroundings say about it."""

    schema: Any
    base: str
    dialect: int
    pointer: str
    entered: bool = False
    """Whether `base` and `dialect` are already what the schema's own keywords make of them."""


class _Document(Struct):
    """One schema document on its way to the normalized form."""

    root: dict[str, Any]
    dialect: int
    declared: bool
    resources: dict[str, _Place] = field(default_factory=dict)
    anchors: dict[tuple[str, str], _Place] = field(default_factory=dict)
    dynamic: dict[str, list[_Place]] = field(default_factory=dict)
    recursive: list[_Place] = field(default_factory=list)
    names: dict[int | str, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    targets: dict[str, _Place] = field(default_factory=dict)
    definitions: dict[str, Any] = field(default_factory=dict)

    def normalized(self) -> Schema:
        self._index(self._whole)
        self.resources.setdefault("", self._entered(self._whole))
        result: dict[str, Any] = self._convert(self._whole)
        while self.targets:
            name, target = next(iter(self.targets.items()))
            del self.targets[name]
            self.definitions[name] = self._convert(target)
        if self.definitions:
            result = {**result, "$defs": dict(sorted(self.definitions.items()))}
        return result

    @property
    def _whole(self) -> _Place:
        return _Place(self.root, "", self.dialect, "")

    # ---- finding what references mean

    def _entered(self, place: _Place) -> _Place:
        """Return `place` with the base address and draft that its own keywords set."""
        schema = place.schema
        if not isinstance(schema, dict) or place.entered:
            return place
        dialect = _dialect(schema.get("$schema"), place.dialect, place.pointer)
        identifier = schema.get("id" if dialect == DRAFT_04 else "$id")
        base = place.base
        if isinstance(identifier, str) and not (dialect <= DRAFT_07 and "$ref" in schema):
            address = identifier.partition("#")[0]
            base = _join(base, address) if address else base
        return _Place(schema, base, dialect, place.pointer, entered=True)

    def _index(self, root: _Place) -> None:
        """Note every embedded resource and every anchor of the document."""
        waiting = [root]
        while waiting:
            outer = waiting.pop()
            place = self._entered(outer)
            schema = place.schema
            if not isinstance(schema, dict):
                continue
            if place.base != outer.base:
                self.resources.setdefault(place.base, place)
            identifier = schema.get("id" if place.dialect == DRAFT_04 else "$id")
            names = [schema.get("$anchor"), schema.get("$dynamicAnchor")]
            if isinstance(identifier, str) and place.dialect <= DRAFT_07:
                names.append(identifier.partition("#")[2])
            for name in names:
                if isinstance(name, str) and name:
                    self.anchors.setdefault((place.base, name), place)
            if isinstance(schema.get("$dynamicAnchor"), str):
                self.dynamic.setdefault(schema["$dynamicAnchor"], []).append(place)
            if schema.get("$recursiveAnchor") is True:
                self.recursive.append(place)
            for steps, child in _children(schema):
                waiting.append(_Place(child, place.base, place.dialect, place.pointer + steps))

    def _find(self, reference: str, place: _Place) -> _Place | None:
        """Return what `reference` means, seen from `place`; None when it is not at hand."""
        address, _, fragment = reference.partition("#")
        base = _join(place.base, address) if address else place.base
        resource = self.resources.get(base)
        if resource is None:
            return None
        fragment = unquote(fragment)
        if not fragment:
            return resource
        if not fragment.startswith("/"):
            return self.anchors.get((base, fragment))
        return self._follow(resource, fragment)

    def _follow(self, place: _Place, fragment: str) -> _Place | None:
        """Walk a JSON Pointer down from a resource, minding the resources on the way."""
        current: Any = place.schema
        base, dialect, pointer = place.base, place.dialect, place.pointer
        for step in fragment[1:].split("/"):
            name = step.replace("~1", "/").replace("~0", "~")
            if isinstance(current, dict) and name in current:
                current = current[name]
            elif isinstance(current, list) and name.isdecimal() and int(name) < len(current):
                current = current[int(name)]
            else:
                return None
            pointer += "/" + step
            place = self._entered(_Place(current, base, dialect, pointer))
            base, dialect = place.base, place.dialect
        return place

    def _reference(self, reference: Any, place: _Place, keyword: str) -> str:
        """Return the normalized form of a static reference."""
        where = f"{place.pointer}/{keyword}"
        if not isinstance(reference, str):
            raise SchemaError(f"`{keyword}` must be a string", where)
        target = self._find(reference, place)
        if target is not None:
            if not isinstance(target.schema, dict | bool):
                raise SchemaError(f"`{reference}` does not lead to a schema", where)
            return DEFINITION + self._definition(target)
        address = reference.partition("#")[0]
        if not address or _join(place.base, address) in self.resources:
            raise SchemaError(f"`{reference}` leads nowhere", where)
        return _join(place.base, reference)

    def _definition(self, target: _Place) -> str:
        """Return the name under which `target` stands in ``$defs``, choosing one if need be."""
        # Booleans have no identity of their own, so they go by their place.
        key = id(target.schema) if isinstance(target.schema, dict) else target.pointer
        if key not in self.names:
            last = target.pointer.rpartition("/")[2] or "Root"
            stem = re.sub(r"[^A-Za-z0-9_.-]+", "_", unquote(last)) or "Schema"
            name, number = stem, 1
            while name in self.taken:
                number += 1
                name = f"{stem}_{number}"
            self.names[key] = name
            self.taken.add(name)
            self.targets[name] = target
        return self.names[key]

    # ---- converting

    def _convert(self, outer: _Place) -> Any:
        """Return one schema in the normalized form, without ``$defs``."""
        schema, pointer = outer.schema, outer.pointer
        if isinstance(schema, bool):
            return schema
        if not isinstance(schema, dict):
            raise SchemaError(f"a schema is an object or a boolean, not {schema!r:.40}", pointer)
        place = self._entered(outer)
        dialect = place.dialect
        if "$ref" in schema and dialect <= DRAFT_07:
            # Before 2019-09 everything beside a `$ref` was ignored; words stay words.
            said = {key: schema[key] for key in ("title", "description") if key in schema}
            return {**said, "$ref": self._reference(schema["$ref"], place, "$ref")}
        result = {
            keyword: self._plain(keyword, value, place)
            for keyword, value in schema.items()
            if (keyword in ASSERTIONS or (keyword in ANNOTATIONS and _is_text(value)))
            and _SINCE.get(keyword, DRAFT_04) <= dialect
        }
        for keyword in _NESTING:
            if keyword in schema and _SINCE.get(keyword, DRAFT_04) <= dialect:
                result[keyword] = self._nested(keyword, schema[keyword], place)
        self._items(place, result)
        self._dependencies(place, result)
        self._exclusive_bounds(place, result)
        self._references(place, result)
        _check_types(result, pointer)
        return result

    def _nested(self, keyword: str, value: Any, place: _Place) -> Any:
        pointer = f"{place.pointer}/{keyword}"
        if keyword in SINGLE:
            return self._convert(_Place(value, place.base, place.dialect, pointer))
        if keyword in LISTS:
            if not isinstance(value, list):
                raise SchemaError(f"`{keyword}` must be a list of schemas", pointer)
            if not value and keyword != "prefixItems":
                raise SchemaError(f"`{keyword}` must name at least one schema", pointer)
            return [
                self._convert(_Place(child, place.base, place.dialect, f"{pointer}/{index}"))
                for index, child in enumerate(value)
            ]
        if not isinstance(value, dict):
            raise SchemaError(f"`{keyword}` must map names to schemas", pointer)
        return {
            name: self._convert(
                _Place(child, place.base, place.dialect, f"{pointer}/{_escape(name)}")
            )
            for name, child in value.items()
        }

    def _plain(self, keyword: str, value: Any, place: _Place) -> Any:
        pointer = f"{place.pointer}/{keyword}"
        if keyword in _COUNTS:
            if not _is_count(value):
                raise SchemaError(f"`{keyword}` must be a whole number from 0", pointer)
            return int(value)
        if keyword in ("title", "description", "format", "pattern") and not isinstance(value, str):
            raise SchemaError(f"`{keyword}` must be a string", pointer)
        return value

    def _items(self, place: _Place, result: dict[str, Any]) -> None:
        schema, dialect = place.schema, place.dialect
        if "items" not in schema:
            return
        items = schema["items"]
        if isinstance(items, list) and (dialect <= DRAFT_2019 or not self.declared):
            result["prefixItems"] = [
                self._convert(_Place(child, place.base, dialect, f"{place.pointer}/items/{index}"))
                for index, child in enumerate(items)
            ]
            if not items:
                del result["prefixItems"]
            if "additionalItems" in schema:
                result["items"] = self._convert(
                    _Place(
                        schema["additionalItems"],
                        place.base,
                        dialect,
                        f"{place.pointer}/additionalItems",
                    )
                )
        else:
            result["items"] = self._nested("items", items, place)

    def _dependencies(self, place: _Place, result: dict[str, Any]) -> None:
        value = place.schema.get("dependencies")
        if value is None or (place.dialect >= DRAFT_2019 and self.declared):
            return
        pointer = f"{place.pointer}/dependencies"
        if not isinstance(value, dict):
            raise SchemaError("`dependencies` must map names to schemas or names", pointer)
        for name, needed in value.items():
            if isinstance(needed, list):
                result.setdefault("dependentRequired", {}).setdefault(name, needed)
            else:
                converted = self._convert(
                    _Place(needed, place.base, place.dialect, f"{pointer}/{_escape(name)}")
                )
                result.setdefault("dependentSchemas", {}).setdefault(name, converted)

    def _exclusive_bounds(self, place: _Place, result: dict[str, Any]) -> None:
        """Turn draft-04's ``minimum: 1, exclusiveMinimum: true`` into one bound."""
        for bound, exclusive in (
            ("minimum", "exclusiveMinimum"),
            ("maximum", "exclusiveMaximum"),
        ):
            flag = result.get(exclusive)
            if not isinstance(flag, bool) or (self.declared and place.dialect > DRAFT_04):
                continue
            del result[exclusive]
            if flag and bound in result:
                result[exclusive] = result.pop(bound)

    def _references(self, place: _Place, result: dict[str, Any]) -> None:
        schema, dialect = place.schema, place.dialect
        targets: list[dict[str, Any]] = []
        if "$ref" in schema:
            targets.append({"$ref": self._reference(schema["$ref"], place, "$ref")})
        if dialect == DRAFT_2020 and "$dynamicRef" in schema:
            targets.append(self._dynamic_reference(schema["$dynamicRef"], place))
        if dialect == DRAFT_2019 and "$recursiveRef" in schema:
            targets.append(self._recursive_reference(place))
        for target in targets:
            if "$ref" in target and "$ref" in result:
                result["allOf"] = [*result.get("allOf", []), target]
            else:
                result.update(target)

    def _dynamic_reference(self, reference: Any, place: _Place) -> dict[str, Any]:
        """Settle a ``$dynamicRef`` that can only mean one place; leave the others."""
        if not isinstance(reference, str):
            raise SchemaError("`$dynamicRef` must be a string", f"{place.pointer}/$dynamicRef")
        target = self._find(reference, place)
        name = unquote(reference.partition("#")[2])
        candidates = self.dynamic.get(name, [])
        is_dynamic = target is not None and any(c.schema is target.schema for c in candidates)
        # Evaluation starts in the root, so an anchor there is always the outermost one.
        outermost = [c for c in candidates if c.base == self._entered(self._whole).base]
        if target is not None and is_dynamic and outermost:
            return {"$ref": DEFINITION + self._definition(outermost[0])}
        if target is not None and (not is_dynamic or len(candidates) == 1):
            return {"$ref": DEFINITION + self._definition(target)}
        return {"$dynamicRef": reference}

    def _recursive_reference(self, place: _Place) -> dict[str, Any]:
        target = self._find("#", place)
        ambiguous = [p for p in self.recursive if target is None or p.schema is not target.schema]
        marked = any(target is not None and p.schema is target.schema for p in self.recursive)
        if marked and ambiguous:
            return {"$dynamicRef": "#"}
        return {"$ref": self._reference("#", place, "$recursiveRef")}


def _children(schema: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield each direct subschema of a schema of any draft, with the JSON Pointer to it."""
    for keyword in _NESTING_ANYWHERE:
        value = schema.get(keyword)
        if keyword in MAPS or keyword in ("definitions", "dependencies"):
            if isinstance(value, dict):
                for name, child in value.items():
                    yield f"/{keyword}/{_escape(name)}", child
        elif isinstance(value, list):
            for index, child in enumerate(value):
                yield f"/{keyword}/{index}", child
        elif isinstance(value, dict):
            yield f"/{keyword}", value


def _check_types(schema: dict[str, Any], pointer: str) -> None:
    """Check one schema object against the 2020-12 metaschema, its subschemas left out."""
    own = {keyword: schema[keyword] for keyword in ASSERTIONS if keyword in schema}
    if not own:
        return
    try:
        jsonschema_rs.meta.validate(own)
    except jsonschema_rs.ValidationError as problem:
        keyword = str(problem.instance_path[0]) if problem.instance_path else ""
        path = "".join(f"/{_escape(str(step))}" for step in problem.instance_path)
        value = f"{own.get(keyword)!r:.60}"
        raise SchemaError(f"`{keyword}` cannot be {value}", pointer + path) from None
    except ValueError as problem:
        raise SchemaError(f"not a JSON value: {problem}", pointer) from None


def _is_text(value: Json) -> bool:
    """Say whether a value can be written down: half of a surrogate pair is no character."""
    try:
        canonical_json.to_string(value)
    except ValueError:
        return False
    return True


def _is_count(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return value >= 0 and (isinstance(value, int) or value.is_integer())


def _escape(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _join(base: str, reference: str) -> str:
    return urljoin(base, reference) if base else reference
