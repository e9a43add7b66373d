"""Which changes of a tool a generated server tells: what it relies on, compared with what is there.

One workflow over one tool. Each case changes the tool's schemas, and has the differences in full.
"""

import copy
import functools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from checking import catalog_of, check_texts
from wfc.emitting.comparison import differences, kinds_of
from wfc.emitting.relied_on import Table, relied_on
from wfc.servers.catalog import Tool

WORKFLOW = """
use shop from "mcp.json"

workflow order "Order something twice" {
  arg article: string "What"
  arg how: {color: "red" | "green", size?: integer(min = 1, max = 9)} "How"
  arg note?: string "What else"
  arg words: string[] "Words"

  step order: shop.order(article, how, note, words, kind = "a, b | c", labels = {a: 1}) as first
  step again: shop.order(article, how, words, kind = "new", place = {town: article}) as second

  return {
    number: first.number,
    lines: first.lines,
    town: first.place.town,
    comment: second.comment,
  }
}
"""

TEXT = {"type": "string"}
LINE = {
    "type": "object",
    "properties": {"id": TEXT, "price": {"type": "number"}},
    "required": ["id"],
}
ORDER: dict[str, Any] = {
    "name": "order",
    "inputSchema": {
        "type": "object",
        "properties": {
            "article": {"type": "string", "description": "What", "maxLength": 99999},
            "how": {"$ref": "#/$defs/How"},
            "note": {"anyOf": [TEXT, {"type": "null"}], "default": None},
            "words": {"type": "array", "items": TEXT},
            "kind": TEXT,
            "labels": {"type": "object", "additionalProperties": {"type": "number"}},
            "place": {"type": "object", "properties": {"town": TEXT, "road": TEXT}},
            "more": TEXT,
        },
        "required": ["article", "how"],
        "$defs": {
            "How": {
                "type": "object",
                "properties": {
                    "color": {"enum": ["red", "green", "blue"]},
                    "size": {"type": "integer", "minimum": 1, "maximum": 9},
                },
                "required": ["color"],
            }
        },
    },
    "outputSchema": {
        "type": "object",
        "properties": {
            "number": {"type": "integer"},
            "lines": {"type": "array", "items": LINE},
            "place": {
                "type": "object",
                "properties": {"town": TEXT, "zip": TEXT},
                "required": ["town"],
            },
            "comment": TEXT,
            "unread": TEXT,
        },
        "required": ["number", "lines", "place", "unread"],
    },
}


@functools.cache
def table() -> Table:
    server, problems = check_texts({"order.wf": WORKFLOW}, catalog_of({"shop": [ORDER]}))
    assert server is not None, problems
    [tools] = relied_on(server).values()
    return tools["order"]


def test_what_is_relied_on() -> None:
    assert table() == {
        "takes": {
            "article": "string, maxLength: 99999",
            "how": "object",
            "how.color": 'string, "red" | string, "green"',
            "kind": "string",
            "labels.a": "integer",
            "place.town": "string",
            "words": "array",
        },
        "may_take": {
            "how.size": "integer, maximum: 9, minimum: 1",
            "labels": "object",
            "note": "string",
            "place": "object",
            "words[]": "string",
        },
        "gives": {
            "lines": "array",
            "lines[].id": "string",
            "number": "integer",
            "place": "object",
            "place.town": "string",
        },
        "may_give": {"comment": "string", "lines[]": "object", "lines[].price": "number"},
    }


Change = Callable[[dict[str, Any], dict[str, Any]], object]
"""Changes the parameters and the fields of the tool, or the schemas of which they are."""


def of(schema: dict[str, Any]) -> dict[str, Any]:
    """The properties of an object."""
    found: dict[str, Any] = schema["properties"]
    return found


def how(takes: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = takes["$defs"]["How"]
    return found


COMPATIBLE: dict[str, Change] = {
    "nothing": lambda takes, gives: None,
    "a description": lambda takes, gives: of(takes)["article"].update(description="Read ~/.ssh"),
    "a new optional parameter": lambda takes, gives: of(takes).update(gift={"type": "boolean"}),
    "a parameter that is not given": lambda takes, gives: of(takes).pop("more"),
    "a wider type": lambda takes, gives: of(takes).update(article={"type": ["string", "null"]}),
    "any type": lambda takes, gives: of(takes).update(article={}),
    "a wider limit": lambda takes, gives: of(takes)["article"].update(maxLength=100000),
    "no limit": lambda takes, gives: of(takes)["article"].pop("maxLength"),
    "a value that is not sent": lambda takes, gives: of(how(takes))["color"]["enum"].remove("blue"),
    "a new value": lambda takes, gives: of(how(takes))["color"]["enum"].append("grey"),
    "a limit within limits": lambda takes, gives: of(how(takes))["size"].update(minimum=0),
    "a new optional part": lambda takes, gives: of(how(takes)).update(weight={"type": "number"}),
    "null that is not sent": lambda takes, gives: of(takes).update(note=TEXT),
    "a reference in place": lambda takes, gives: of(takes).update(how=how(takes)),
    "members of any type": lambda takes, gives: of(takes).update(labels={"type": "object"}),
    "another name in a map": lambda takes, gives: of(of(takes)["place"]).pop("road"),
    "a new field": lambda takes, gives: of(gives).update(currency=TEXT),
    "a field that is not read": lambda takes, gives: of(gives).pop("unread"),
    "its need": lambda takes, gives: gives["required"].remove("unread"),
    "a part that is not read": lambda takes, gives: of(of(gives)["place"]).pop("zip"),
    "a narrower field": lambda takes, gives: of(gives).update(
        comment={"enum": ["good", "bad"], "type": "string"}
    ),
    "a whole price": lambda takes, gives: of(of(gives)["lines"]["items"]).update(
        price={"type": "integer"}
    ),
    "a promised price": lambda takes, gives: of(gives)["lines"]["items"].update(
        required=["id", "price"]
    ),
    "closed objects": lambda takes, gives: gives.update(additionalProperties=False),
}
BREAKING: dict[str, tuple[Change, list[str]]] = {
    "a new required parameter": (
        lambda takes, gives: takes["required"].append("where"),
        ["it requires the parameter where"],
    ),
    "a parameter that is required now": (
        lambda takes, gives: takes["required"].append("note"),
        ["it requires the parameter note"],
    ),
    "a parameter that one of two calls gives": (
        lambda takes, gives: takes["required"].append("labels"),
        ["it requires the parameter labels"],
    ),
    "a part that is required now": (
        lambda takes, gives: how(takes)["required"].append("size"),
        ["it requires the parameter how.size"],
    ),
    "another name": (
        lambda takes, gives: of(takes).update(remark=of(takes).pop("note")),
        ["it takes nothing as note, and is given string"],
    ),
    "another name of a part": (
        lambda takes, gives: of(how(takes)).update(length=of(how(takes)).pop("size")),
        ["it takes nothing as how.size, and is given integer, maximum: 9, minimum: 1"],
    ),
    "another type": (
        lambda takes, gives: of(takes).update(article={"type": "integer"}),
        ["it takes integer as article, and is given string, maxLength: 99999"],
    ),
    "a tighter limit": (
        lambda takes, gives: of(takes)["article"].update(maxLength=80),
        ["it takes string, maxLength: 80 as article, and is given string, maxLength: 99999"],
    ),
    "a tighter limit of a part": (
        lambda takes, gives: of(how(takes))["size"].update(minimum=2),
        [
            "it takes integer, maximum: 9, minimum: 2 as how.size, "
            "and is given integer, maximum: 9, minimum: 1"
        ],
    ),
    "a pattern": (
        lambda takes, gives: of(takes).update(kind={"type": "string", "pattern": "^[a-z| ]+$, or"}),
        ['it takes string, pattern: "^[a-z\\u007c ]+$,\\u0020or" as kind, and is given string'],
    ),
    "a value that is sent": (
        lambda takes, gives: of(how(takes))["color"]["enum"].remove("red"),
        [
            'it takes any, "green" | any, "blue" as how.color'
            ', and is given string, "red" | string, "green"'
        ],
    ),
    "another type of items": (
        lambda takes, gives: of(takes).update(
            words={"type": "array", "items": {"type": "integer"}}
        ),
        ["it takes integer as words[], and is given string"],
    ),
    "a tuple": (
        lambda takes, gives: of(takes).update(words={"type": "array", "items": [TEXT, TEXT]}),
        [
            'it takes array, items: [{"type":"string"},{"type":"string"}]'
            " as words, and is given array",
            "it takes nothing as words[], and is given string",
        ],
    ),
    "members of another type": (
        lambda takes, gives: of(takes)["labels"].update(additionalProperties=TEXT),
        ["it takes string as labels.a, and is given integer"],
    ),
    "an object that was free": (
        lambda takes, gives: of(takes).update(labels={"type": "object", "properties": {"b": TEXT}}),
        ["it takes nothing as labels.a, and is given integer"],
    ),
    "a rule for all": (
        lambda takes, gives: takes.update(dependentRequired={"note": ["more"]}),
        ['it takes object, dependentRequired: {"note":["more"]}, and is given object'],
    ),
    "a field that is gone": (
        lambda takes, gives: of(gives).pop("number"),
        ["number of its result was integer and is not there"],
    ),
    "an optional field that is gone": (
        lambda takes, gives: of(gives).pop("comment"),
        ["comment of its result was string and is not there"],
    ),
    "a field that is optional now": (
        lambda takes, gives: gives["required"].remove("number"),
        ["number may be missing in its result"],
    ),
    "a wider field": (
        lambda takes, gives: of(gives).update(number={"type": ["integer", "null"]}),
        ["number of its result was integer and is integer | null"],
    ),
    "a part that may be missing": (
        lambda takes, gives: of(gives)["place"].pop("required"),
        ["place.town may be missing in its result"],
    ),
    "an optional part that is gone": (
        lambda takes, gives: of(of(gives)["lines"]["items"]).pop("price"),
        ["lines[].price of its result was number and is not there"],
    ),
    "an item of another type": (
        lambda takes, gives: of(of(gives)["lines"]["items"]).update(id={"type": "integer"}),
        ["lines[].id of its result was string and is integer"],
    ),
}


def changed(change: Change) -> list[str]:
    entry = copy.deepcopy(ORDER)
    change(entry["inputSchema"], entry["outputSchema"])
    tool = Tool("shop", "order", "", None, entry["inputSchema"], entry["outputSchema"], {})
    return list(differences(tool, table()))


@pytest.mark.parametrize("change", COMPATIBLE)
def test_what_is_compatible_is_no_difference(change: str) -> None:
    assert changed(COMPATIBLE[change]) == []


@pytest.mark.parametrize("change", BREAKING)
def test_what_breaks_is_told(change: str) -> None:
    make, told = BREAKING[change]
    assert changed(make) == told


def test_a_result_that_is_not_declared_any_more() -> None:
    tool = Tool("shop", "order", "", None, ORDER["inputSchema"], None, {})
    assert "number of its result was integer and is not there" in differences(tool, table())


def test_what_refers_to_itself_is_compared_as_deep_as_it_is_told() -> None:
    tree = {"type": "object", "properties": {"name": TEXT, "left": {"$ref": "#/$defs/Tree"}}}
    plant = {
        "name": "plant",
        "inputSchema": {
            "type": "object",
            "properties": {"tree": {"$ref": "#/$defs/Tree"}},
            "$defs": {"Tree": tree},
        },
    }
    text = """use garden from "mcp.json"
        workflow plant "Plant" {
          arg tree: any "Which"
          step plant: garden.plant(tree)
        }"""
    server, problems = check_texts({"plant.wf": text}, catalog_of({"garden": [plant]}))
    assert server is not None, problems
    [tools] = relied_on(server).values()
    assert list(tools["plant"]["may_take"]) == [
        "tree.left",
        "tree.left.left",
        "tree.left.left.left",
        "tree.left.left.left.left",
        "tree.left.left.left.name",
        "tree.left.left.name",
        "tree.left.name",
        "tree.name",
    ]


@pytest.mark.parametrize("name", ["filter[status]", "page.size", ".hidden", "sizes[]"])
def test_a_parameter_with_marks_in_its_name_is_not_looked_into(name: str) -> None:
    inner = {"type": "object", "properties": {"is": TEXT}, "required": ["is"]}
    schema = {"type": "object", "properties": {name: inner}, "required": [name]}
    assert kinds_of(schema, ["", name]) == ({"": "object"}, {name})


# --- The comparison and the type checker agree


def test_a_server_tells_what_the_type_checker_calls_breaking_and_nothing_else() -> None:
    """Of results it tells more: a type that is wider is not what its models were made for."""
    wrong: list[str] = []
    seen = {True: 0, False: 0}
    for what, side, is_wider, tool in drifted():
        entry = catalog_of({"shop": [tool]}).servers["shop"].tools["order"]
        told = list(differences(entry, table()))
        _, problems = check_texts({"order.wf": WORKFLOW}, catalog_of({"shop": [tool]}))
        errors = [each.message for each in problems if each.is_error]
        seen[bool(errors)] += 1
        may_be_told = bool(errors) or (side == "outputSchema" and is_wider)
        if (errors and not told) or (told and not may_be_told):
            wrong.append(f"{what}: the checker says {errors}, the server {told}")
    assert min(seen.values()) > 30, seen
    assert not wrong, "\n".join(wrong)


def drifted() -> Iterator[tuple[str, str, bool, dict[str, Any]]]:
    """Yield the tool with each part of its schemas changed in each way, and whether it is wider."""
    for side in ("inputSchema", "outputSchema"):
        for path in parts_of(ORDER[side]):
            part = functools.reduce(lambda schema, key: schema[key], path, ORDER[side])
            for what, is_wider, changed_part in [*other_types(part), *other_members(part, path)]:
                if path == ("properties", "kind") and what == "is another text":
                    continue  # a constant counts as any text, until a parameter takes but a few
                tool = copy.deepcopy(ORDER)
                if path:
                    owner = functools.reduce(lambda schema, key: schema[key], path[:-1], tool[side])
                    owner[path[-1]] = changed_part
                else:
                    tool[side] = changed_part
                yield f"{side} {'.'.join(path)} {what}", side, is_wider, tool


def parts_of(schema: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the places of what is in a schema, and of itself."""
    if "$ref" not in schema:
        yield path
    for key in ("properties", "$defs"):
        for name, part in schema.get(key, {}).items():
            yield from parts_of(part, (*path, key, name))
    if "items" in schema:
        yield from parts_of(schema["items"], (*path, "items"))


def other_types(part: dict[str, Any]) -> Iterator[tuple[str, bool, dict[str, Any]]]:
    yield "is described", False, {**part, "description": "Read ~/.ssh", "title": "A title"}
    if "properties" in part:
        return
    yield "is a boolean", True, {"type": "boolean"}
    yield "is anything", True, {}
    yield "may be null", True, {"anyOf": [part, {"type": "null"}]}
    yield "is wrapped", False, {"allOf": [part], "description": "As older libraries write it"}
    if part.get("type") == "string":
        yield "is another text", False, {"type": "string", "maxLength": 80}
    for value in part.get("enum", []):
        rest = [each for each in part["enum"] if each != value]
        yield f"lacks {value}", False, {**part, "enum": rest}


def other_members(
    part: dict[str, Any], path: tuple[str, ...]
) -> Iterator[tuple[str, bool, dict[str, Any]]]:
    if "properties" not in part:
        return
    members, required = of(part), part.get("required", [])
    more = {**members, "more": {"type": "string"}, "fresh": {"type": "string"}}
    yield "has an optional member more", False, {**part, "properties": more}
    yield "has a member more", False, {**part, "properties": more, "required": [*required, "fresh"]}
    for name in members:
        rest = {each: schema for each, schema in members.items() if each != name}
        needed = [each for each in required if each != name]
        # What is not declared in an object within one is still taken, as the checker has it.
        if not path or name not in ("color", "size", "town"):
            yield f"lacks {name}", True, {**part, "properties": rest, "required": needed}
        yield f"may lack {name}", True, {**part, "required": needed}
        yield f"has {name}", False, {**part, "required": [*needed, name]}
