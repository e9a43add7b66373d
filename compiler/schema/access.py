"""What ``x.name`` and ``x[0]`` are, given the schema of ``x``.

What a schema allows must hold for every value: a field of ``object | null`` is none. A field
must also be *known*: an object schema that declares fields and leaves others open does not make
``x.nmae`` a value, or no typo would ever be found.

Two readings are deliberate. A schema that says nothing (``{}``), or no more than that the value is
an object, has fields of which nothing is known: they are `any` and may be absent. And a schema
that declares ``properties`` without ``type: object`` is read as an object, as its author means it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from msgspec import Struct

from .cached import same
from .json_value import Json, Schema
from .keywords import definition_name, definitions, is_opaque, with_definitions
from .kinds import ALL, types, types_within
from .questions import is_valid
from .weight import can_be_walked

Obstacle = Literal[
    "not an object", "not an array", "may be null", "unknown field", "no such item", "not decided"
]


class Access(Struct, frozen=True):
    """What a field or an item is."""

    schema: Schema
    """Its schema, self-contained."""
    required: bool
    """Whether every value has it."""


class NoAccess(Struct, frozen=True):
    """Why there is no such field or item."""

    obstacle: Obstacle
    reason: str
    """The obstacle in words."""
    known: tuple[str, ...] = ()
    """The fields there are, where the obstacle is an unknown field."""


class _Part(Struct, frozen=True):
    """What one schema says of one field or item."""

    schemas: tuple[Any, ...] = ()
    declared: bool = False
    forbidden: bool = False
    required: bool = False


_Look = Callable[[dict[str, Any]], _Part]


@same
def field(schema: Schema, name: str) -> Access | NoAccess:
    """Return what ``x.name`` is for every value ``x`` of `schema`, or why it is not."""
    obstacle = _wrong_type(schema, "object")
    if obstacle is not None:
        return obstacle
    if not _declares_fields(schema, definitions(schema)):
        part = _combine(schema, definitions(schema), lambda own: _required_only(own, name))
        return Access(True, part.required)
    part = _combine(schema, definitions(schema), lambda own: _own_field(own, name))
    if part.forbidden or not part.declared:
        known = tuple(_declared_names(schema, definitions(schema), set()))
        if name in known:
            reason = f"not every alternative has a field `{name}`"
            return NoAccess("unknown field", reason, tuple(properties(schema)))
        return NoAccess("unknown field", f"there is no field `{name}`", known)
    return _access(part, definitions(schema))


@same
def item(schema: Schema, index: int | None) -> Access | NoAccess:
    """Return what ``x[index]`` is, or any item of ``x`` for None, or why there is no such item."""
    obstacle = _wrong_type(schema, "array")
    if obstacle is not None:
        return obstacle
    part = _combine(schema, definitions(schema), lambda own: _own_item(own, index))
    if part.forbidden:
        words = "it has no items" if index is None else f"there is no item {index}"
        return NoAccess("no such item", words)
    return _access(part, definitions(schema))


def properties(schema: Schema) -> dict[str, Access]:
    """Return the fields that `schema` declares, in its order; none for what is no object."""
    found: dict[str, Access] = {}
    available = definitions(schema)
    if _wrong_type(schema, "object") is not None:
        return found
    for name in _declared_names(schema, available, set()):

        def look(own: dict[str, Any], name: str = name) -> _Part:
            return _own_field(own, name)

        part = _combine(schema, available, look)
        if part.declared and not part.forbidden:
            found[name] = _access(part, available)
    return found


@same
def _wrong_type(schema: Schema, wanted: str) -> NoAccess | None:
    """Return the obstacle if some value of `schema` is not of the `wanted` type."""
    if not can_be_walked(schema):
        return NoAccess("not decided", "its type is too large to look into")
    kinds = types(schema)
    if kinds in ({wanted}, ALL):
        return None
    obstacle: Obstacle = "not an object" if wanted == "object" else "not an array"
    if not kinds:
        return NoAccess(obstacle, "no value is possible here")
    if kinds == {wanted, "null"}:
        return NoAccess("may be null", "it may be null")
    others = " or ".join(sorted(kinds - {wanted}))
    if wanted in kinds:
        return NoAccess(obstacle, f"it is not always an {wanted}: it may be {others}")
    return NoAccess(obstacle, f"it is {others}, not an {wanted}")


def _declares_fields(
    schema: Any, available: dict[str, Any], opened: frozenset[str] = frozenset()
) -> bool:
    """Say whether anything is said of what fields the objects have."""
    if not isinstance(schema, dict):
        return False
    rest = schema.get("additionalProperties", schema.get("unevaluatedProperties", True))
    said = schema.get("properties") or schema.get("patternProperties") or _values(schema)
    if said or rest not in (True, {}):
        return True
    children = [
        child for keyword in ("allOf", "anyOf", "oneOf") for child in schema.get(keyword, ())
    ]
    children += [schema[keyword] for keyword in ("then", "else") if keyword in schema]
    name = definition_name(schema)
    if name is not None and name not in opened:
        opened |= {name}
        children.append(available.get(name))
    return any(_declares_fields(child, available, opened) for child in children)


def _combine(
    schema: Any, available: dict[str, Any], look: _Look, opened: frozenset[str] = frozenset()
) -> _Part:
    """Put together what a schema and the schemas it is made of say, seen through `look`."""
    if not isinstance(schema, dict):
        return _Part(forbidden=schema is False)
    parts = [look(schema)]
    name = definition_name(schema)
    if name is not None and name not in opened and name in available:
        parts.append(_combine(available[name], available, look, opened | {name}))
    elif is_opaque(schema):
        parts.append(_Part((), declared=True))
    parts += [_combine(child, available, look, opened) for child in schema.get("allOf", ())]
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            branches = [
                _combine(child, available, look, opened)
                for child in schema[keyword]
                if types_within(child, available) & {"object", "array"}
            ]
            parts.append(_either(branches))
    if "if" in schema:
        then, otherwise = (
            _combine(schema.get(keyword, True), available, look, opened)
            for keyword in ("then", "else")
        )
        said = _either([then, otherwise])
        parts.append(_Part(said.schemas, then.declared or otherwise.declared, said.forbidden))
    return _both(parts)


def _both(parts: list[_Part]) -> _Part:
    """Return what holds where all the parts hold."""
    return _Part(
        tuple(schema for part in parts for schema in part.schemas),
        any(part.declared for part in parts),
        any(part.forbidden for part in parts),
        any(part.required for part in parts),
    )


def _either(branches: list[_Part]) -> _Part:
    """Return what holds where one of the branches holds."""
    if not branches:
        return _Part(forbidden=True)
    schemas: list[Any] = []
    for branch in branches:
        schema = _conjunction(branch.schemas)
        if schema not in schemas:
            schemas.append(schema)
    union: tuple[Any, ...] = ()
    if not any(schema is True or schema == {} for schema in schemas):
        union = (schemas[0],) if len(schemas) == 1 else ({"anyOf": schemas},)
    return _Part(
        union,
        all(branch.declared for branch in branches),
        any(branch.forbidden for branch in branches),
        all(branch.required for branch in branches),
    )


def _conjunction(schemas: tuple[Any, ...]) -> Any:
    distinct: list[Any] = []
    for schema in schemas:
        if schema not in distinct and schema is not True and schema != {}:
            distinct.append(schema)
    if not distinct:
        return next((schema for schema in schemas if schema == {}), True)
    return distinct[0] if len(distinct) == 1 else {"allOf": distinct}


def _access(part: _Part, available: dict[str, Any]) -> Access:
    return Access(with_definitions(_conjunction(part.schemas), available), part.required)


def _required_only(own: dict[str, Any], name: str) -> _Part:
    return _Part(required=name in own.get("required", ()))


def _own_field(own: dict[str, Any], name: str) -> _Part:
    """Return what a schema itself, without the schemas it is made of, says of a field."""
    if values := [value for value in _values(own) if isinstance(value, dict)]:
        having = [value[name] for value in values if name in value]
        return _Part(({"enum": having},), bool(having), not having, len(having) == len(values))
    schemas = []
    declared = name in own.get("properties", {})
    if declared:
        schemas.append(own["properties"][name])
    for pattern, schema in own.get("patternProperties", {}).items():
        if is_valid(name, {"type": "string", "pattern": pattern}):
            schemas.append(schema)
            declared = True
    others = own.get("additionalProperties", own.get("unevaluatedProperties", True))
    if not declared and "additionalProperties" in own and others is not True and others != {}:
        schemas.append(others)
        declared = others is not False
    elif not declared and isinstance(others, dict) and others:
        declared = True
    forbidden = any(schema is False for schema in schemas) or not _is_name(own, name)
    return _Part(tuple(schemas), declared, forbidden, name in own.get("required", ()))


def _is_name(own: dict[str, Any], name: str) -> bool:
    """Say whether ``propertyNames`` allows a name, as far as that can be told here."""
    return "propertyNames" not in own or is_valid(name, own["propertyNames"]) is not False


def _own_item(own: dict[str, Any], index: int | None) -> _Part:
    """Return what a schema itself says of an item."""
    if values := [value for value in _values(own) if isinstance(value, list)]:
        having = [
            part
            for value in values
            for part in (value if index is None or index < 0 else value[index : index + 1])
        ]
        always = index is not None and all(len(value) > index >= 0 for value in values)
        return _Part(({"enum": having},), bool(having), not having, always)
    first = own.get("prefixItems", [])
    rest = own.get("items", True)
    if index is None:
        every = [*first, *([] if rest is False else [rest])]
        if not every:
            return _Part(forbidden=True)
        return _Part(_either([_Part((schema,), declared=True) for schema in every]).schemas)
    if index < 0:
        return _own_item(own, None)
    schema = first[index] if index < len(first) else rest
    forbidden = schema is False or index >= own.get("maxItems", index + 1)
    return _Part((schema,), True, forbidden, index < own.get("minItems", 0))


def _values(own: dict[str, Any]) -> list[Json]:
    """Return the values that a schema lists."""
    return [own["const"]] if "const" in own else list(own.get("enum", ()))


def _declared_names(schema: Any, available: dict[str, Any], opened: set[str]) -> list[str]:
    """Return the names that a schema, or one it is made of, declares, in their order."""
    if not isinstance(schema, dict):
        return []
    names = list(schema.get("properties", {}))
    names += [name for value in _values(schema) if isinstance(value, dict) for name in value]
    target = definition_name(schema)
    if target is not None and target not in opened:
        opened.add(target)
        names += _declared_names(available.get(target), available, opened)
    for keyword in ("allOf", "anyOf", "oneOf"):
        for child in schema.get(keyword, ()):
            names += _declared_names(child, available, opened)
    for keyword in ("then", "else"):
        names += _declared_names(schema.get(keyword), available, opened)
    return list(dict.fromkeys(names))
