"""What workflows rely on of the tools that they call, for the generated server to compare.

In: a plan. Out: by server and tool, the schemas of the parameters that are given and of the output
fields that are read, without what only people read of them. The server compares these, when it
connects, with what its servers say then; see `templates/drift.py.j2`, whose `plain` is the same as
the one here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from .. import plan
from .reads import ITEM, Reads, reads_of

_FOR_PEOPLE = {
    "title", "description", "default", "examples", "deprecated", "format",
    "$comment", "$schema", "$id", "$defs", "definitions",
}  # fmt: skip
_LONGEST = 1000
"""How long a schema may be, as JSON, to stand in the server; a longer one is not compared."""

Identity = tuple[str, str, str]


def relied_on(server: plan.Server) -> dict[Identity, dict[str, Any]]:
    """Return what is relied on of each server, by its folder, origin and name."""
    found: dict[Identity, dict[str, Any]] = {}
    for downstream in server.downstreams:
        found[_identity(downstream)] = {}
    for workflow in server.workflows:
        for call, reads in _calls(workflow):
            tools = found[_identity(call.server)]
            tool = tools.setdefault(call.tool.name, {"takes": {}, "gives": {}})
            tool["takes"].update(_given(call))
            tool["gives"].update(_read(call, reads))
    return {
        identity: {name: _sorted(tools[name]) for name in sorted(tools)}
        for identity, tools in found.items()
    }


def _identity(downstream: plan.Downstream) -> Identity:
    return (downstream.folder, downstream.origin, downstream.server)


def _calls(workflow: plan.Workflow) -> Iterator[tuple[plan.ToolCall, Reads]]:
    """Yield the calls of a workflow, each with what is read of its output."""
    reads = reads_of(workflow)
    for step in workflow.steps:
        if isinstance(step.action, plan.ToolCall):
            read = reads.get(step.binding or "", Reads())
            yield step.action, read if step.loop is None else read.at((ITEM,))
        if isinstance(step.undo, plan.ToolCall):
            yield step.undo, Reads()


def _given(call: plan.ToolCall) -> dict[str, Any]:
    schema = dict(call.tool.input_schema)
    return _short(_members(schema, {argument.name for argument in call.arguments}))


def _read(call: plan.ToolCall, reads: Reads) -> dict[str, Any]:
    schema = dict(call.tool.output_schema or {})
    required = schema.get("required", [])
    needed = {name for name in reads.fields if name not in reads.optional and name in required}
    members = _members(schema, needed)
    return _short({name: _pruned(each, reads.fields[name]) for name, each in members.items()})


def _members(schema: dict[str, Any], names: set[str]) -> dict[str, Any]:
    properties = plain(schema, schema).get("properties", {})
    return {name: properties[name] for name in names if name in properties}


def _pruned(schema: Any, reads: Reads) -> Any:
    """Return a schema without the fields that nothing reads."""
    if not isinstance(schema, dict) or reads.whole:
        return schema
    pruned = {**schema}
    if reads.fields and isinstance(fields := schema.get("properties"), dict):
        pruned["properties"] = {
            name: _pruned(each, reads.fields[name])
            for name, each in fields.items()
            if name in reads.fields
        }
        pruned["required"] = [name for name in schema.get("required", []) if name in reads.fields]
    if reads.items is not None and "items" in schema:
        pruned["items"] = _pruned(schema["items"], reads.items)
    return pruned


def _short(members: dict[str, Any]) -> dict[str, Any]:
    return {
        name: schema if len(json.dumps(schema)) <= _LONGEST else True
        for name, schema in members.items()
    }


def _sorted(tool: dict[str, Any]) -> dict[str, Any]:
    return {kind: dict(sorted(members.items())) for kind, members in tool.items() if members}


def plain(schema: Any, root: dict[str, Any], seen: tuple[str, ...] = ()) -> Any:
    """Return a schema without what only people read, and with its references followed.

    A reference that leads back to itself, or nowhere, is anything: True.
    """
    if isinstance(schema, list):
        return [plain(each, root, seen) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if isinstance(reference := schema.get("$ref"), str):
        target: Any = None if reference in seen else root
        for key in reference.split("/")[1:]:
            target = target.get(key) if isinstance(target, dict) else None
        return True if target is None else plain(target, root, (*seen, reference))
    return {
        key: {name: plain(each, root, seen) for name, each in value.items()}
        if key == "properties" and isinstance(value, dict)
        else plain(value, root, seen)
        for key, value in schema.items()
        if key not in _FOR_PEOPLE
    }
