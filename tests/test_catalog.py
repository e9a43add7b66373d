import json

import pytest
from wfc.servers.catalog import LockError, empty_catalog, read_catalog
from wfc.source import SourceFile

LOCK = r"""{
  "version": 1,
  "servers": {
    "hr \"1\"": {
      "from": "config/mcp.json",
      "tools": [
        {
          "name": "create {employee}",
          "description": "A \"quoted\" } tool",
          "inputSchema": {
            "type": "object",
            "properties": {"na\u006de": {"type": "string"}, "tags": {"items": [1, {"x": true}]}}
          },
          "outputSchema": null
        },
        {
          "name": "find",
          "title": "Find",
          "inputSchema": {"type": "object", "properties": {"find": {"type": "string"}}},
          "outputSchema": {"type": "object"},
          "annotations": {"readOnlyHint": true, "idempotentHint": "yes"}
        }
      ],
      "resources": [{"uri": "hr://all"}],
      "resourceTemplates": [{"uriTemplate": "hr://{id}"}]
    },
    "empty": {"from": "", "tools": [], "resources": [], "resourceTemplates": []}
  }
}
"""
HR = 'hr "1"'

catalog = read_catalog(SourceFile("tools.lock.json", LOCK))


def error_of(text: str) -> LockError:
    with pytest.raises(LockError) as raised:
        read_catalog(SourceFile("tools.lock.json", text))
    assert raised.value.help
    return raised.value


def test_servers() -> None:
    assert list(catalog.servers) == [HR, "empty"]
    server = catalog.servers[HR]
    assert (server.name, server.origin) == (HR, "config/mcp.json")
    assert list(server.tools) == ["create {employee}", "find"]
    assert server.resources == ({"uri": "hr://all"},)
    assert server.resource_templates == ({"uriTemplate": "hr://{id}"},)
    assert json.loads(server.text)["from"] == "config/mcp.json"


def test_tools() -> None:
    create, find = catalog.servers[HR].tools.values()
    assert (create.server, create.name, create.title) == (HR, "create {employee}", None)
    assert create.description == 'A "quoted" } tool'
    assert list(create.input_schema["properties"]) == ["name", "tags"]
    assert create.output_schema is None
    assert (find.title, find.description) == ("Find", "")
    assert find.output_schema == {"type": "object"}


def test_what_tools_do_unless_they_say_otherwise() -> None:
    create, find = catalog.servers[HR].tools.values()
    assert (create.read_only, create.destructive, create.idempotent) == (False, True, False)
    assert (find.read_only, find.destructive, find.idempotent) == (True, False, True)


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (
            (HR, "create {employee}", "inputSchema", "properties", "name"),
            r'"na\u006de": {"type": "string"}',
        ),
        (
            (HR, "create {employee}", "inputSchema", "properties", "tags", "items", 1, "x"),
            '"x": true',
        ),
        ((HR, "find", "inputSchema", "properties", "find"), '"find": {"type": "string"}'),
        ((HR, "find", "name"), '"name": "find"'),
        # What is not there has the place of what is around it.
        ((HR, "find", "outputSchema", "properties", "x"), '"outputSchema": {"type": "object"}'),
        ((HR, "find", "outputSchema", 3), '"outputSchema": {"type": "object"}'),
    ],
)
def test_places(place: tuple[str, str], text: str) -> None:
    assert catalog.span(*place).text == text


def test_places_of_wholes() -> None:
    assert catalog.span(HR).text.startswith(r'"hr \"1\"": {')
    assert catalog.span(HR, "find").text.startswith("{")
    assert '"Find"' in catalog.span(HR, "find").text
    assert catalog.span(HR, "lose").text == catalog.span(HR).text
    assert catalog.span("it", "find").text.startswith('"servers"')


def test_an_empty_catalog() -> None:
    assert empty_catalog("tools.lock.json").servers == {}


@pytest.mark.parametrize("text", ["", "{", "lock", '{"version": NaN}', "[" * 100_000])
def test_not_json(text: str) -> None:
    assert error_of(text).message.startswith("the lock is ")


def test_merge_conflicts() -> None:
    text = LOCK.replace('  "servers"', '<<<<<<< HEAD\n  "servers"', 1)
    error = error_of(text)
    assert error.message == "the lock has merge conflicts"
    assert error.span.line == 3
    assert "wfc lock" in (error.help or "")


def test_a_newer_version() -> None:
    error = error_of('{"version": 2, "tools": {}}')
    assert error.message == "the lock has version 2; this wfc reads version 1"
    assert error.span.text == '"version": 2'


@pytest.mark.parametrize(
    ("server", "place"),
    [
        ("3", '"x": 3'),
        ('{"from": 3}', '"from": 3'),
        ('{"tools": {}}', '"tools": {}'),
        ('{"tools": [3]}', "3"),
        ('{"tools": [{}]}', "{}"),
        ('{"tools": [{"name": "a", "inputSchema": 3}]}', '{"name": "a", "inputSchema": 3}'),
        ('{"tools": [{"name": "a", "outputSchema": 3}]}', '{"name": "a", "outputSchema": 3}'),
        ('{"resources": 3}', '"resources": 3'),
        ('{"resourceTemplates": [3]}', "3"),
    ],
)
def test_servers_of_the_wrong_shape(server: str, place: str) -> None:
    assert error_of(f'{{"version": 1, "servers": {{"x": {server}}}}}').span.text == place


@pytest.mark.parametrize(
    "text", ["[]", "{}", '{"version": 0}', '{"version": true}', '{"version": 1}']
)
def test_locks_of_the_wrong_shape(text: str) -> None:
    assert error_of(text).message.startswith("the lock does not have the shape of one: ")
