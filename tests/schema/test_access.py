"""What fields and items are, what types there are, and how all that is told."""

from typing import Any

import pytest
from wfc.schema import (
    Access,
    NoAccess,
    array_of,
    assignable,
    describe,
    enumeration,
    errors,
    field,
    item,
    normalize,
    object_of,
    properties,
    tuple_of,
    types,
    union_of,
)

STRING, INTEGER = {"type": "string"}, {"type": "integer"}
USER = {
    "type": "object",
    "properties": {"name": STRING, "age": INTEGER},
    "required": ["name"],
}
TREE = {
    "$ref": "#/$defs/Tree",
    "$defs": {
        "Tree": {
            "type": "object",
            "properties": {"label": STRING, "left": {"$ref": "#/$defs/Tree"}},
            "required": ["label"],
        }
    },
}

FIELDS: list[tuple[str, Any, str, Any]] = [
    ("required", USER, "name", Access(STRING, True)),
    ("optional", USER, "age", Access(INTEGER, False)),
    ("by reference", TREE, "left", Access(TREE, False)),
    ("through allOf", {"allOf": [USER, {"required": ["age"]}]}, "age", Access(INTEGER, True)),
    (
        "said twice",
        {"allOf": [USER, {"properties": {"age": {"minimum": 0}}}]},
        "age",
        Access({"allOf": [INTEGER, {"minimum": 0}]}, False),
    ),
    (
        "in every branch",
        {"anyOf": [USER, {**USER, "properties": {"name": INTEGER}}]},
        "name",
        Access({"anyOf": [STRING, INTEGER]}, True),
    ),
    (
        "the same in every branch",
        {"oneOf": [USER, TREE["$defs"]["Tree"] | USER]},
        "name",
        Access(STRING, True),
    ),
    (
        "beside branches",
        {**USER, "anyOf": [{"required": ["age"]}, {"required": ["name"]}]},
        "age",
        Access(INTEGER, False),
    ),
    ("a map", {"type": "object", "additionalProperties": INTEGER}, "x", Access(INTEGER, False)),
    (
        "a pattern",
        {"type": "object", "patternProperties": {"^x-": INTEGER}},
        "x-a",
        Access(INTEGER, False),
    ),
    ("any", {}, "x", Access(True, False)),
    ("any object", {"type": "object", "required": ["x"]}, "x", Access(True, True)),
    (
        "any object, said aloud",
        {"type": "object", "additionalProperties": True},
        "x",
        Access(True, False),
    ),
    ("no type but fields", {"properties": {"a": STRING}}, "a", Access(STRING, False)),
    (
        "of a constant",
        {"const": {"a": 1, "b": 2}},
        "a",
        Access({"enum": [1]}, True),
    ),
    (
        "of listed values",
        {"enum": [{"a": 1}, {"a": "x"}, {}]},
        "a",
        Access({"enum": [1, "x"]}, False),
    ),
    (
        "beside a branch that is no object",
        {**USER, "anyOf": [{"required": ["age"]}, {"type": "null"}]},
        "age",
        Access(INTEGER, True),
    ),
    (
        "only under a condition",
        {
            "type": "object",
            "properties": {"a": STRING},
            "if": {"required": ["a"]},
            "then": {"properties": {"b": STRING}},
        },
        "b",
        Access(True, False),
    ),
]


@pytest.mark.parametrize(
    ("schema", "name", "expected"), [case[1:] for case in FIELDS], ids=[case[0] for case in FIELDS]
)
def test_field(schema: Any, name: str, expected: Access) -> None:
    assert field(normalize(schema), name) == expected


NO_FIELDS: list[tuple[str, Any, str, str, str]] = [
    ("a typo", USER, "nmae", "unknown field", "there is no field `nmae`"),
    (
        "a typo in an open object",
        {**USER, "additionalProperties": True},
        "nmae",
        "unknown field",
        "there is no field `nmae`",
    ),
    (
        "closed",
        {**USER, "additionalProperties": False},
        "x",
        "unknown field",
        "there is no field `x`",
    ),
    (
        "not in every branch",
        {"anyOf": [USER, {"type": "object", "properties": {"b": STRING}}]},
        "name",
        "unknown field",
        "not every alternative has a field `name`",
    ),
    ("null", {"anyOf": [USER, {"type": "null"}]}, "name", "may be null", "it may be null"),
    ("null by type", {**USER, "type": ["object", "null"]}, "name", "may be null", "it may be null"),
    ("a string", STRING, "x", "not an object", "it is string, not an object"),
    (
        "object or string",
        {"anyOf": [USER, STRING]},
        "name",
        "not an object",
        "it is not always an object: it may be string",
    ),
    ("nothing", False, "x", "not an object", "no value is possible here"),
    (
        "names that are not allowed",
        {"type": "object", "additionalProperties": STRING, "propertyNames": {"enum": ["a"]}},
        "b",
        "unknown field",
        "there is no field `b`",
    ),
]


@pytest.mark.parametrize(
    ("schema", "name", "obstacle", "reason"),
    [case[1:] for case in NO_FIELDS],
    ids=[case[0] for case in NO_FIELDS],
)
def test_no_field(schema: Any, name: str, obstacle: str, reason: str) -> None:
    found = field(normalize(schema), name)
    assert isinstance(found, NoAccess)
    assert (found.obstacle, found.reason) == (obstacle, reason)


def test_known_fields_are_named() -> None:
    found = field(normalize({"allOf": [USER, {"properties": {"mail": STRING}}]}), "nmae")
    assert isinstance(found, NoAccess)
    assert found.known == ("name", "age", "mail")


ITEMS: list[tuple[str, Any, int | None, Any]] = [
    ("of a list", {"type": "array", "items": STRING}, 3, Access(STRING, False)),
    ("any item", {"type": "array", "items": STRING}, None, Access(STRING, False)),
    ("certain", {"type": "array", "items": STRING, "minItems": 1}, 0, Access(STRING, True)),
    ("of a tuple", {"type": "array", "prefixItems": [STRING, INTEGER]}, 1, Access(INTEGER, False)),
    (
        "any of a tuple",
        {"type": "array", "prefixItems": [STRING, INTEGER], "items": False},
        None,
        Access({"anyOf": [STRING, INTEGER]}, False),
    ),
    ("any", {}, 0, Access(True, False)),
    ("any array", {"type": "array"}, None, Access(True, False)),
    ("by reference", array_of(TREE), 0, Access(TREE, False)),
    (
        "of a union",
        {"anyOf": [{"type": "array", "items": STRING}, {"type": "array", "items": INTEGER}]},
        0,
        Access({"anyOf": [STRING, INTEGER]}, False),
    ),
]


@pytest.mark.parametrize(
    ("schema", "index", "expected"), [case[1:] for case in ITEMS], ids=[case[0] for case in ITEMS]
)
def test_item(schema: Any, index: int | None, expected: Access) -> None:
    assert item(normalize(schema), index) == expected


NO_ITEMS: list[tuple[str, Any, int | None, str]] = [
    ("a string", STRING, 0, "it is string, not an array"),
    ("null", {"type": ["array", "null"]}, 0, "it may be null"),
    (
        "past a tuple",
        {"type": "array", "prefixItems": [STRING], "items": False},
        1,
        "there is no item 1",
    ),
    ("past the end", {"type": "array", "maxItems": 2}, 2, "there is no item 2"),
    ("empty", {"type": "array", "items": False}, None, "it has no items"),
]


@pytest.mark.parametrize(
    ("schema", "index", "reason"),
    [case[1:] for case in NO_ITEMS],
    ids=[case[0] for case in NO_ITEMS],
)
def test_no_item(schema: Any, index: int | None, reason: str) -> None:
    found = item(normalize(schema), index)
    assert isinstance(found, NoAccess)
    assert found.reason == reason


def test_properties() -> None:
    schema = normalize({"allOf": [USER, {"properties": {"age": {"minimum": 0}, "x": False}}]})
    assert list(properties(schema)) == ["name", "age"]
    assert properties(STRING) == {}
    assert properties(normalize(TREE))["left"].schema == TREE


KINDS: list[tuple[Any, set[str]]] = [
    ({}, {"null", "boolean", "number", "string", "array", "object"}),
    (False, set()),
    ({"type": ["integer", "null"]}, {"integer", "null"}),
    ({"type": ["integer", "number"]}, {"number"}),
    ({"enum": [1.0, "a"]}, {"integer", "string"}),
    ({"const": True}, {"boolean"}),
    ({"anyOf": [STRING, {"type": "null"}]}, {"string", "null"}),
    ({"allOf": [{"type": ["number", "string"]}, {"type": ["integer", "null"]}]}, {"integer"}),
    ({"type": ["string", "null"], "not": {"type": "null"}}, {"string"}),
    ({"if": {}, "then": STRING, "else": INTEGER}, {"string", "integer"}),
    (TREE, {"object"}),
    ({"$ref": "#"}, {"null", "boolean", "number", "string", "array", "object"}),
]


@pytest.mark.parametrize(("schema", "expected"), KINDS)
def test_types(schema: Any, expected: set[str]) -> None:
    assert types(normalize(schema)) == expected


LISTED: list[tuple[Any, list[Any] | None]] = [
    ({"enum": ["a", "b", "a"]}, ["a", "b"]),
    ({"enum": [1, True, 1.0]}, [1, True]),
    ({"const": None}, [None]),
    ({"type": "string", "enum": ["a", 1]}, ["a"]),
    ({"anyOf": [{"const": "a"}, {"enum": ["b"]}, {"type": "null"}]}, ["a", "b", None]),
    ({"allOf": [{"enum": [1, 2, 3]}, {"minimum": 2}]}, [2, 3]),
    (STRING, None),
    ({"type": "boolean"}, None),
]


@pytest.mark.parametrize(("schema", "expected"), LISTED)
def test_enumeration(schema: Any, expected: list[Any] | None) -> None:
    found = enumeration(normalize(schema))
    assert found == expected
    assert list(map(type, found or [])) == list(map(type, expected or []))


DESCRIBED: list[tuple[Any, str]] = [
    ({}, "any"),
    (False, "nothing"),
    (STRING, "string"),
    ({"type": ["string", "null"]}, "string | null"),
    ({"enum": ["light", "powerful"]}, '"light" | "powerful"'),
    ({"type": "string", "format": "date"}, "date"),
    ({"type": "string", "format": "date-time"}, "datetime"),
    ({"type": "string", "format": "int32"}, "string"),
    ({"type": "integer", "minimum": 1, "maximum": 5}, "integer(min=1, max=5)"),
    ({"type": "array", "items": STRING}, "string[]"),
    ({"type": "array", "items": {"type": ["string", "null"]}}, "(string | null)[]"),
    ({"type": "array"}, "any[]"),
    (USER, "{name: string, age?: integer}"),
    ({"type": "object", "properties": {"a b": {}}}, '{"a b"?: any}'),
    ({"type": "object"}, "object"),
    ({"type": "object", "additionalProperties": STRING}, "{…: string}"),
    ({"anyOf": [USER, {"type": "null"}]}, "{name: string, age?: integer} | null"),
    (TREE, "{label: string, left?: …}"),
    ({"type": "array", "prefixItems": [STRING, INTEGER], "items": False}, "[string, integer]"),
    (
        {"enum": [f"value {n}" for n in range(9)]},
        '"value 0" | "value 1" | "value 2" | "value 3" | "value 4" |…',
    ),
    ({"$ref": "https://a.example/s"}, "any"),
]


@pytest.mark.parametrize(("schema", "expected"), DESCRIBED)
def test_describe(schema: Any, expected: str) -> None:
    assert describe(normalize(schema)) == expected
    assert len(describe(normalize(schema), 20)) <= 20


def test_errors() -> None:
    problems = errors({"name": 1, "age": "x"}, normalize(USER))
    assert {(problem.path, problem.keyword) for problem in problems} == {
        (("name",), "type"),
        (("age",), "type"),
    }
    assert errors("2023-02-29", {"type": "string", "format": "date"}) == []
    assert errors("2023-02-29", {"type": "string", "format": "date"}, formats=True)
    assert errors(True, INTEGER)
    assert not errors(1.0, INTEGER)


def test_composing_keeps_definitions_apart() -> None:
    other = normalize({"$ref": "#/$defs/Tree", "$defs": {"Tree": INTEGER}})
    both = object_of({"a": Access(normalize(TREE), True), "b": Access(other, False)})
    assert normalize(both) == both
    assert assignable(field(both, "a").schema, normalize(TREE)).answer == "yes"  # type: ignore[union-attr]
    assert assignable(field(both, "b").schema, INTEGER).answer == "yes"  # type: ignore[union-attr]
    assert describe(union_of([STRING, other])) == "string | integer"
    assert describe(tuple_of([STRING, other])) == "[string, integer]"
    assert union_of([]) is False
    assert union_of([STRING, STRING]) == STRING
