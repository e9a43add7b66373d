"""Yes, no and cannot tell: cases to read, then what holds for all of them."""

import time
from typing import Any

import jsonschema
import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from schemas import VALUES, schemas
from wfc.schema import (
    NO_COUNTEREXAMPLE,
    assignable,
    disjoint,
    errors,
    format_gap,
    normalize,
    satisfiable,
    undeclared_only,
    union_of,
)
from wfc.schema.budget import Budget, Exhausted
from wfc.schema.candidates import Candidates, Place
from wfc.schema.keywords import definitions

STRING, INTEGER, NUMBER = {"type": "string"}, {"type": "integer"}, {"type": "number"}


def record(**fields: Any) -> dict[str, Any]:
    """Return a closed object schema; a name that ends in ``_`` is optional."""
    return {
        "type": "object",
        "properties": {name.rstrip("_"): schema for name, schema in fields.items()},
        "required": [name for name in fields if not name.endswith("_")],
        "additionalProperties": False,
    }


def list_of(value: Any) -> dict[str, Any]:
    node = record(value=value, next={"anyOf": [{"$ref": "#/$defs/N"}, {"type": "null"}]})
    return {"$ref": "#/$defs/N", "$defs": {"N": node}}


ANY_JSON = {
    "$ref": "#/$defs/J",
    "$defs": {
        "J": {
            "anyOf": [
                {"type": ["null", "boolean", "number", "string"]},
                {"type": "array", "items": {"$ref": "#/$defs/J"}},
                {"type": "object", "additionalProperties": {"$ref": "#/$defs/J"}},
            ]
        }
    },
}

YES: list[tuple[str, Any, Any]] = [
    ("the same", STRING, STRING),
    ("the same but for words", {**STRING, "title": "a"}, {**STRING, "description": "b"}),
    ("anything takes all", STRING, {}),
    ("nothing goes anywhere", False, STRING),
    ("integers are numbers", INTEGER, NUMBER),
    ("a float may be an integer", {"const": 1.0}, INTEGER),
    ("a narrower range", {**INTEGER, "minimum": 1}, {**NUMBER, "exclusiveMinimum": 0}),
    ("a constant in a list", {"const": "a"}, {"enum": ["a", "b"]}),
    ("all values of a type", {"type": "boolean"}, {"enum": [True, False]}),
    ("a branch of a union", STRING, {"anyOf": [STRING, INTEGER]}),
    ("optional for optional", record(a_=STRING), record(a_=STRING, b_=STRING)),
    ("required for optional", record(a=STRING), record(a_=STRING)),
    ("a record for a map", record(a=STRING), {"type": "object", "additionalProperties": STRING}),
    ("lists", {"type": "array", "items": INTEGER}, {"type": "array", "items": NUMBER}),
    (
        "deep in a map",
        {"type": "object", "additionalProperties": {**INTEGER, "minimum": 1, "maximum": 2}},
        {"type": "object", "additionalProperties": {"enum": [1, 2]}},
    ),
    ("recursion", list_of(INTEGER), list_of(NUMBER)),
    ("everything is a JSON value", {}, ANY_JSON),
    ("also under another name", {"allOf": [{}]}, {"allOf": [ANY_JSON["$defs"]["J"]], **ANY_JSON}),
    ("a format is an annotation", STRING, {**STRING, "format": "date"}),
    ("the same pattern", {**STRING, "pattern": "^a+$"}, {**STRING, "pattern": "^a+$"}),
    (
        "tuples",
        {"type": "array", "prefixItems": [STRING, INTEGER], "items": False},
        {"type": "array", "items": {"type": ["string", "number"]}},
    ),
]

NO: list[tuple[str, Any, Any, tuple[str | int, ...], Any, str]] = [
    ("types", INTEGER, STRING, (), 0, "integer is not string"),
    ("booleans are no integers", {"type": "boolean"}, INTEGER, (), True, "boolean is not integer"),
    (
        "null",
        {"type": ["string", "null"]},
        STRING,
        (),
        None,
        "string | null may be null, which is not string",
    ),
    (
        "a field's type",
        record(count=INTEGER),
        record(count=STRING),
        ("count",),
        {"count": 0},
        "`count`: integer is not string",
    ),
    (
        "absence",
        record(a_=STRING),
        record(a=STRING),
        ("a",),
        {},
        "`a` is required, but may be absent",
    ),
    (
        "never there",
        record(a=STRING),
        record(a=STRING, b=STRING),
        ("b",),
        {"a": ""},
        "`b` is required, but is not declared",
    ),
    (
        "surplus",
        record(a=STRING, b=STRING),
        record(a=STRING),
        ("b",),
        {"a": "", "b": ""},
        "`b` is not among the fields that are accepted",
    ),
    (
        "in a list",
        {"type": "array", "items": record(a=NUMBER)},
        {"type": "array", "items": record(a=INTEGER)},
        (0, "a"),
        [{"a": 0.5}],
        "`[0].a`: number is not integer",
    ),
    ("bounds", INTEGER, {**INTEGER, "minimum": 1}, (), 0, "may be 0, but must be at least 1"),
    (
        "length",
        STRING,
        {**STRING, "minLength": 1},
        (),
        "",
        'may be "", but must have at least 1 character',
    ),
    (
        "code points",
        {"const": "😀"},
        {**STRING, "minLength": 2},
        (),
        "😀",
        'may be "😀", but must have at least 2 characters',
    ),
    (
        "patterns",
        {**STRING, "pattern": "^a|b$"},
        {**STRING, "pattern": "^(a|b)$"},
        (),
        "ax",
        'may be "ax", but must match "^(a|b)$"',
    ),
    (
        "lists of values",
        {"enum": ["a", "b"]},
        {"enum": ["a"]},
        (),
        "b",
        '"a" | "b" may be "b", which is not "a"',
    ),
    (
        "overlap of oneOf",
        INTEGER,
        {"oneOf": [INTEGER, NUMBER]},
        (),
        0,
        "may be 0, which fits more than one of the alternatives",
    ),
    (
        "not distributive",
        {"type": "array", "items": {"type": ["integer", "string"]}},
        {"anyOf": [{"type": "array", "items": INTEGER}, {"type": "array", "items": STRING}]},
        (),
        [0, ""],
        'may be [0, ""], which fits none of the alternatives',
    ),
    (
        "recursion",
        list_of(NUMBER),
        list_of(INTEGER),
        ("value",),
        {"value": 0.5, "next": None},
        "`value`: number is not integer",
    ),
    (
        "open objects",
        {"type": "object", "properties": {"a": STRING}},
        record(a_=STRING),
        ("x",),
        {"x": ""},
        "the value may have fields beyond those that are accepted",
    ),
]

UNKNOWN: list[tuple[str, Any, Any, str]] = [
    ("remote", STRING, {"$ref": "https://a.example/s"}, "not at hand"),
    ("remote inside", record(a=STRING), record(a={"$ref": "https://a.example/s"}), "not at hand"),
]


@pytest.mark.parametrize(
    ("source", "target"), [case[1:] for case in YES], ids=[case[0] for case in YES]
)
def test_yes(source: Any, target: Any) -> None:
    verdict = assignable(normalize(source), normalize(target))
    assert verdict.answer == "yes", verdict


@pytest.mark.parametrize(
    ("source", "target", "path", "counterexample", "reason"),
    [case[1:] for case in NO],
    ids=[case[0] for case in NO],
)
def test_no(source: Any, target: Any, path: Any, counterexample: Any, reason: str) -> None:
    verdict = assignable(normalize(source), normalize(target))
    assert (verdict.answer, verdict.reason) == ("no", reason)
    assert verdict.path == path
    assert verdict.counterexample == counterexample
    assert type(verdict.counterexample) is type(counterexample)


@pytest.mark.parametrize(
    ("source", "target", "reason"),
    [case[1:] for case in UNKNOWN],
    ids=[case[0] for case in UNKNOWN],
)
def test_unknown(source: Any, target: Any, reason: str) -> None:
    verdict = assignable(normalize(source), normalize(target))
    assert verdict.answer == "unknown"
    assert reason in verdict.reason
    assert verdict.counterexample is NO_COUNTEREXAMPLE


def both_validators(schema: Any, value: Any, *, formats: bool) -> tuple[bool, bool]:
    kind = jsonschema.Draft202012Validator
    other = kind(schema, format_checker=kind.FORMAT_CHECKER if formats else None)
    mine = jsonschema_rs.Draft202012Validator(schema, validate_formats=formats, offline=True)
    return mine.is_valid(value), other.is_valid(value)


def related(source: Any, target: Any) -> list[Any]:
    """Return values made to tell the two apart."""
    found: list[Any] = []
    places = [Place((schema,), definitions(schema)) for schema in (source, target)]
    try:
        for value in Candidates(Budget(800, 1)).of(*places):
            found.append(value)
    except Exhausted:
        pass
    return found


@settings(max_examples=200, deadline=None)
@given(schemas(), schemas(), st.lists(VALUES, max_size=5), st.booleans())
def test_answers_hold(left: Any, right: Any, values: list[Any], union: bool) -> None:
    source, target = normalize(left), normalize(right)
    if union:
        # Random pairs are rarely related; an alternative and the union are.
        target = union_of([target, source])
    verdict = assignable(source, target)
    if verdict.answer == "no":
        value = verdict.counterexample
        assert True in both_validators(source, value, formats=True)
        assert both_validators(target, value, formats=False) == (False, False)
    if verdict.answer == "yes":
        for value in (*values, *related(source, target)):
            if both_validators(source, value, formats=False) == (True, True):
                assert True in both_validators(target, value, formats=False)


def _bare(schema: dict[str, Any]) -> dict[str, Any]:
    return {keyword: value for keyword, value in schema.items() if keyword != "$defs"}


def _definitions(schema: Any) -> dict[str, Any]:
    return {"$defs": schema["$defs"]} if "$defs" in schema else {}


@settings(max_examples=100, deadline=None)
@given(schemas())
def test_assignable_to_itself(schema: Any) -> None:
    normal = normalize(schema)
    assert assignable(normal, normal).answer == "yes"
    if isinstance(normal, dict):
        assert assignable(
            normal, {"allOf": [_bare(normal), {}], **_definitions(normal)}
        ).answer in (
            "yes",
            "unknown",
        )


@settings(max_examples=100, deadline=None)
@given(schemas(), VALUES)
def test_constants_are_validated(schema: Any, value: Any) -> None:
    target = normalize(schema)
    verdict = assignable({"const": value}, target)
    if verdict.answer != "unknown":
        assert (verdict.answer == "yes") == (not errors(value, target))


def nested(times: int, wrap: Any, schema: Any = True) -> Any:
    for _ in range(times):
        schema = wrap(schema)
    return schema


def chain(length: int, link: Any) -> Any:
    names = {f"d{n}": link({"$ref": f"#/$defs/d{n + 1}"}) for n in range(length)}
    return {"$ref": "#/$defs/d0", "$defs": {**names, f"d{length}": STRING}}


HOSTILE: dict[str, Any] = {
    "deep fields": nested(90, lambda s: {"type": "object", "properties": {"x": s}}),
    "deep items": nested(190, lambda s: {"items": s}),
    "deep not": nested(150, lambda s: {"not": s}),
    "deep unions": nested(90, lambda s: {"anyOf": [s, {"type": "null"}]}, STRING),
    "many values": {"enum": [f"v{n}" for n in range(20_000)]},
    "pairs": {
        "allOf": [{"anyOf": [{"required": [f"a{n}"]}, {"required": [f"b{n}"]}]} for n in range(20)]
    },
    "pairs, fewer": {
        "allOf": [{"anyOf": [{"required": [f"a{n}"]}, {"required": [f"b{n}"]}]} for n in range(6)]
    },
    "pairs by reference": chain(24, lambda s: {"anyOf": [{"required": ["a"], "allOf": [s]}, s]}),
    "conditions": {
        "allOf": [
            {"if": {"required": [f"a{n}"]}, "then": {"required": [f"b{n}"]}} for n in range(12)
        ]
    },
    "exclusive": {"oneOf": [{"properties": {f"a{n}": STRING}} for n in range(30)]},
    "dependent": {"dependentRequired": {f"a{n}": [f"b{n}"] for n in range(12)}},
    "negated pairs": {
        "not": {
            "allOf": [
                {"anyOf": [{"required": [f"a{n}"]}, {"required": [f"b{n}"]}]} for n in range(10)
            ]
        }
    },
    "unevaluated": {
        "unevaluatedProperties": False,
        "anyOf": [{"properties": {f"a{n}": STRING}} for n in range(20)],
    },
    "a chain": chain(1000, lambda s: s),
    "a chain of fields": chain(400, lambda s: {"properties": {"x": s}}),
    "doubling": chain(22, lambda s: {"properties": {"x": s, "y": s}, "required": ["x", "y"]}),
    "a loop": {"$ref": "#"},
    "no value": {"type": "object", "properties": {"x": {"$ref": "#"}}, "required": ["x"]},
    "slow pattern": {**STRING, "pattern": "^(?=(a+)+$)(a|aa)+\\1b$"},
    "large pattern": {**STRING, "pattern": "^(a{1,1000}){1,1000}$"},
    "no pattern": {**STRING, "pattern": "["},
    "long strings": {**STRING, "minLength": 10**9},
    "long arrays": {"type": "array", "minItems": 10**9},
    "large numbers": {**INTEGER, "minimum": 10**300, "multipleOf": 7},
    "many fields": record(**{f"a{n}": {"type": ["string", "null"]} for n in range(1000)}),
    "mutual": {
        "$ref": "#/$defs/N0",
        "$defs": {
            f"N{n}": {
                "type": "object",
                "properties": {f"p{m}": {"$ref": f"#/$defs/N{(7 * n + m) % 40}"} for m in range(6)},
            }
            for n in range(40)
        },
    },
}
TARGETS: dict[str, Any] = {
    "a record": record(x=INTEGER),
    "a string": STRING,
    "recursion": list_of(INTEGER),
    "distinct": {
        "type": "array",
        "uniqueItems": True,
        "minItems": 50,
        "items": {"enum": list(range(60))},
    },
}


@pytest.mark.parametrize("name", HOSTILE)
def test_always_answers_in_time(name: str) -> None:
    hostile = normalize(HOSTILE[name])
    for target in [*map(normalize, TARGETS.values()), hostile]:
        for pair in ((hostile, target), (target, hostile)):
            start = time.monotonic()
            verdict = assignable(*pair)
            assert time.monotonic() - start < 2
            if target is hostile:
                assert verdict.answer == "yes"
            satisfiable(pair[0])
            disjoint(*pair)
            undeclared_only(*pair, verdict)
            format_gap(*pair)


UNDECLARED: list[tuple[str, Any, Any, bool]] = [
    ("another field", {"type": "object", "properties": {"a": STRING}}, record(a_=STRING), True),
    (
        "a field of unknown type",
        {"type": "object"},
        {"type": "object", "properties": {"a": STRING}},
        True,
    ),
    (
        "deep",
        {"type": "array", "items": {"type": "object", "properties": {"a": STRING}}},
        {"type": "array", "items": record(a_=STRING)},
        True,
    ),
    (
        "by reference",
        {"$ref": "#/$defs/A", "$defs": {"A": {"properties": {"a": STRING}, "type": "object"}}},
        record(a_=STRING),
        True,
    ),
    (
        "in both parts",
        {"allOf": [{"type": "object", "properties": {"a": STRING}}, {"properties": {"b": STRING}}]},
        record(a_=STRING, b_=STRING),
        True,
    ),
    ("absence", {"type": "object", "properties": {"a": STRING}}, record(a=STRING), False),
    ("required but not declared", {"type": "object", "required": ["a"]}, record(a=STRING), False),
    ("type", {"type": "object", "properties": {"a": INTEGER}}, record(a_=STRING), False),
]


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [case[1:] for case in UNDECLARED],
    ids=[case[0] for case in UNDECLARED],
)
def test_undeclared_only(source: Any, target: Any, expected: bool) -> None:
    source, target = normalize(source), normalize(target)
    verdict = assignable(source, target)
    assert verdict.answer == "no"
    assert undeclared_only(source, target, verdict) is expected


DATE = {**STRING, "format": "date"}
GAPS: list[tuple[str, Any, Any, str | None]] = [
    ("asked for", STRING, DATE, "string does not promise to be date"),
    ("promised", DATE, DATE, None),
    ("unknown", STRING, {**STRING, "format": "int32"}, None),
    ("another", {**STRING, "format": "uri"}, DATE, "uri does not promise to be date"),
    (
        "in a field",
        record(due=STRING),
        record(due=DATE),
        "`due`: string does not promise to be date",
    ),
    ("promised in a field", record(due={**DATE, "title": "t"}), record(due=DATE), None),
    ("a good constant", {"const": "2024-02-29"}, DATE, None),
    ("a bad constant", {"const": "2023-02-29"}, DATE, '"2023-02-29" does not promise to be date'),
    ("promised in recursion", list_of(DATE), list_of({**DATE, "title": "t"}), None),
    (
        "not in recursion",
        list_of(STRING),
        list_of(DATE),
        "`value`: string does not promise to be date",
    ),
    ("where the answer is no", INTEGER, DATE, None),
]


@pytest.mark.parametrize(
    ("source", "target", "expected"), [case[1:] for case in GAPS], ids=[case[0] for case in GAPS]
)
def test_format_gap(source: Any, target: Any, expected: str | None) -> None:
    assert format_gap(normalize(source), normalize(target)) == expected


COMMON: list[tuple[Any, Any, str]] = [
    (STRING, INTEGER, "yes"),
    (INTEGER, NUMBER, "no"),
    (record(a=STRING), record(b=STRING), "yes"),
    (record(a=STRING), {"type": "object"}, "no"),
    (list_of(INTEGER), list_of(NUMBER), "no"),
]


@pytest.mark.parametrize(("left", "right", "expected"), COMMON)
def test_disjoint(left: Any, right: Any, expected: str) -> None:
    assert disjoint(normalize(left), normalize(right)) == expected


def test_satisfiable() -> None:
    assert satisfiable(STRING) == "yes"
    assert satisfiable(False) == "no"
    assert satisfiable({**INTEGER, "minimum": 2, "maximum": 1}) == "no"
    assert satisfiable(normalize(list_of(STRING))) == "yes"


def test_giving_up_is_no_answer() -> None:
    slow = {"anyOf": [{**STRING, "pattern": r"(a*)*\1b"}, {"type": "null"}]}
    value = "a" * 60 + "!"
    assert assignable({"const": value}, slow).answer == "unknown"
    assert errors(value, slow) == []
