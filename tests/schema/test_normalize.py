"""Every draft becomes the same self-contained form."""

from typing import Any

import pytest
from hypothesis import given, settings
from schemas import VALUES, schemas
from wfc.schema import SchemaError, errors, normalize

DRAFT_04 = "http://json-schema.org/draft-04/schema#"
DRAFT_07 = "http://json-schema.org/draft-07/schema#"
DRAFT_2019 = "https://json-schema.org/draft/2019-09/schema"
DRAFT_2020 = "https://json-schema.org/draft/2020-12/schema"

FORMS: list[tuple[str, Any, Any]] = [
    ("booleans stay", True, True),
    ("what says nothing stays", {}, {}),
    ("annotations stay", {"description": "d", "title": "t"}, {"description": "d", "title": "t"}),
    ("unknown keywords go", {"nullable": True, "x-a": 1, "$comment": "c"}, {}),
    (
        "definitions move, and only those in use",
        {"definitions": {"A": {"type": "string"}, "B": {}}, "$ref": "#/definitions/A"},
        {"$ref": "#/$defs/A", "$defs": {"A": {"type": "string"}}},
    ),
    (
        "siblings of a reference count since 2019-09",
        {"$ref": "#/$defs/A", "maxLength": 5, "$defs": {"A": {"type": "string"}}},
        {"maxLength": 5, "$ref": "#/$defs/A", "$defs": {"A": {"type": "string"}}},
    ),
    (
        "and not before",
        {
            "$schema": DRAFT_07,
            "$ref": "#/definitions/A",
            "maxLength": 5,
            "definitions": {"A": {"type": "string"}},
        },
        {"$ref": "#/$defs/A", "$defs": {"A": {"type": "string"}}},
    ),
    (
        "tuples of draft 07",
        {"$schema": DRAFT_07, "items": [{"type": "string"}], "additionalItems": False},
        {"prefixItems": [{"type": "string"}], "items": False},
    ),
    ("tuples without a draft", {"items": [True]}, {"prefixItems": [True]}),
    ("additionalItems beside one schema", {"items": {}, "additionalItems": False}, {"items": {}}),
    (
        "dependencies of both kinds",
        {"$schema": DRAFT_07, "dependencies": {"a": ["b"], "c": {"required": ["d"]}}},
        {"dependentRequired": {"a": ["b"]}, "dependentSchemas": {"c": {"required": ["d"]}}},
    ),
    ("dependencies are gone in 2020-12", {"$schema": DRAFT_2020, "dependencies": {"a": ["b"]}}, {}),
    (
        "exclusive bounds of draft 04",
        {"$schema": DRAFT_04, "minimum": 1, "exclusiveMinimum": True, "exclusiveMaximum": False},
        {"exclusiveMinimum": 1},
    ),
    (
        "exclusive bounds without a draft",
        {"maximum": 1, "exclusiveMaximum": True},
        {"exclusiveMaximum": 1},
    ),
    ("what a draft does not know is ignored", {"$schema": DRAFT_04, "const": 1, "if": {}}, {}),
    (
        "anchors",
        {"$ref": "#here", "$defs": {"x": {"$anchor": "here", "type": "null"}}},
        {"$ref": "#/$defs/x", "$defs": {"x": {"type": "null"}}},
    ),
    (
        "identifiers",
        {
            "$id": "https://a.example/root",
            "items": {"$ref": "other"},
            "$defs": {"o": {"$id": "/other", "$ref": "#/$defs/in", "$defs": {"in": {"const": 1}}}},
        },
        {
            "items": {"$ref": "#/$defs/o"},
            "$defs": {"o": {"$ref": "#/$defs/in"}, "in": {"const": 1}},
        },
    ),
    (
        "recursion to the root",
        {"properties": {"child": {"$ref": "#"}}},
        {
            "properties": {"child": {"$ref": "#/$defs/Root"}},
            "$defs": {"Root": {"properties": {"child": {"$ref": "#/$defs/Root"}}}},
        },
    ),
    (
        "references into other places",
        {"properties": {"a/b": {"type": "string"}, "c": {"$ref": "#/properties/a~1b"}}},
        {
            "properties": {"a/b": {"type": "string"}, "c": {"$ref": "#/$defs/a_1b"}},
            "$defs": {"a_1b": {"type": "string"}},
        },
    ),
    (
        "remote references keep their address",
        {"$id": "https://a.example/root", "items": {"$ref": "gone#/x"}},
        {"items": {"$ref": "https://a.example/gone#/x"}},
    ),
    (
        "recursive references of 2019-09",
        {"$schema": DRAFT_2019, "items": {"$recursiveRef": "#"}},
        {
            "items": {"$ref": "#/$defs/Root"},
            "$defs": {"Root": {"items": {"$ref": "#/$defs/Root"}}},
        },
    ),
    (
        "dynamic references that can mean one place only",
        {"$dynamicAnchor": "node", "items": {"$dynamicRef": "#node"}},
        {
            "items": {"$ref": "#/$defs/Root"},
            "$defs": {"Root": {"items": {"$ref": "#/$defs/Root"}}},
        },
    ),
    ("whole numbers are written so", {"minLength": 2.0}, {"minLength": 2}),
    ("data that looks like schemas stays", {"const": {"$ref": "#/x"}}, {"const": {"$ref": "#/x"}}),
    (
        "properties may be called like keywords",
        {"properties": {"$ref": {"type": "string"}}},
        {"properties": {"$ref": {"type": "string"}}},
    ),
]


@pytest.mark.parametrize(
    ("written", "normal"), [case[1:] for case in FORMS], ids=[case[0] for case in FORMS]
)
def test_form(written: Any, normal: Any) -> None:
    assert normalize(written) == normal
    assert normalize(normal) == normal


MALFORMED: list[tuple[Any, str, str]] = [
    (5, "", "a schema is an object or a boolean"),
    ({"type": "text"}, "/type", "`type` cannot be 'text'"),
    ({"properties": {"a": 5}}, "/properties/a", "a schema is an object or a boolean"),
    ({"properties": []}, "/properties", "must map names to schemas"),
    ({"anyOf": []}, "/anyOf", "at least one schema"),
    ({"items": {"required": True}}, "/items/required", "`required` cannot be True"),
    ({"minLength": -1}, "/minLength", "whole number"),
    ({"$ref": "#/$defs/none"}, "/$ref", "leads nowhere"),
    ({"$ref": "#none"}, "/$ref", "leads nowhere"),
    ({"$ref": 1}, "/$ref", "must be a string"),
    ({"$schema": DRAFT_2020, "items": [{}]}, "/items", "a schema is an object or a boolean"),
    ({"minimum": float("nan")}, "/minimum", "cannot be"),
]


@pytest.mark.parametrize(("schema", "pointer", "message"), MALFORMED)
def test_malformed(schema: Any, pointer: str, message: str) -> None:
    with pytest.raises(SchemaError) as caught:
        normalize(schema)
    assert caught.value.pointer == pointer
    assert message in caught.value.message


def test_too_deep() -> None:
    schema: Any = {}
    for _ in range(100_000):
        schema = {"not": schema}
    with pytest.raises(SchemaError, match="deeper"):
        normalize(schema)


@settings(max_examples=150, deadline=None)
@given(schemas(), VALUES)
def test_keeps_the_meaning(schema: Any, value: Any) -> None:
    import jsonschema_rs

    expected = jsonschema_rs.validator_for(schema, offline=True).is_valid(value)
    normal = normalize(schema)
    assert (not errors(value, normal)) == expected
    assert normalize(normal) == normal
