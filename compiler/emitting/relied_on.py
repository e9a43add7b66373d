"""What workflows rely on of the tools that they call, for the generated server to compare.

In: a plan. Out: by server and tool, the kinds of values of its members, as `comparison` describes
them. Of an argument they are those of what is sent, so that what nobody sends may change; where
these are not plainly among what the parameter takes, they are the parameter's own. Of a result
they are those of the fields that are read, and of these the parts that are.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from msgspec import Struct

from .. import plan
from ..schema import Access, Json, Schema, array_of, object_of, union_of
from ..servers.catalog import Tool
from .comparison import alternatives_of, differences, fits, kinds_of, owner_of
from .reads import ITEM, Reads, reads_of

_MOST_MEMBERS = 40
"""How many parts of an argument or a result are compared, from the outside in."""
_MOST_LOOKS = 1000
"""How many parts of a schema are looked at for these."""
_DEEPEST = 4
"""How deep in an argument or a result parts are compared."""
_LONGEST = 500
"""How long the kinds of a member may be; of one with longer ones only the name counts."""
_JSON_TYPES = {
    str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null",
    list: "array", dict: "object",
}  # fmt: skip

_NOT_COMPARABLE = (AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What comes of a schema that refers to itself, or to what is not there."""

Identity = tuple[str, str, str]
Table = dict[str, dict[str, str]]


class _Use(Struct, frozen=True):
    """A call of a tool, and what is read of its result."""

    call: plan.ToolCall
    reads: Reads


class _Members(Struct, frozen=True):
    """The kinds of members by name, and which of these are always there where their owner is."""

    kinds: dict[str, str]
    required: set[str]


def relied_on(server: plan.Server) -> dict[Identity, dict[str, Table]]:
    """Return what is relied on of each server, by its folder, origin and name."""
    uses: dict[Identity, dict[str, list[_Use]]] = {
        _identity(downstream): {} for downstream in server.downstreams
    }
    for workflow in server.workflows:
        for use in _uses(workflow):
            tools = uses[_identity(use.call.server)]
            tools.setdefault(use.call.tool.name, []).append(use)
    return {
        identity: {
            name: table
            for name in sorted(tools)
            if (table := _of_tool(tools[name])) is not None
        }
        for identity, tools in uses.items()
    }


def differences_of(tool: Tool, table: Table) -> list[str]:
    """Return what a generated server tells of a tool that it was not built for; see `differences`.

    Nothing where it could not tell, as when a schema refers to itself.
    """
    try:
        return list(differences(tool, table))
    except _NOT_COMPARABLE:
        return []


def _identity(downstream: plan.Downstream) -> Identity:
    return (downstream.folder, downstream.origin, downstream.server)


def _uses(workflow: plan.Workflow) -> Iterator[_Use]:
    reads = reads_of(workflow)
    for step in workflow.steps:
        if isinstance(step.action, plan.ToolCall):
            read = reads.get(step.binding or "", Reads())
            yield _Use(step.action, read if step.loop is None else read.at((ITEM,)))
        if isinstance(step.undo, plan.ToolCall):
            yield _Use(step.undo, Reads())


def _of_tool(uses: Sequence[_Use]) -> Table | None:
    """Return what is relied on of a tool; None for one whose schemas cannot be compared."""
    tool = uses[0].call.tool
    # Of calls that send the same kinds, or that read the same, one stands for all.
    reads = {repr(use.reads): use.reads for use in uses}
    try:
        calls = _distinct([use.call for use in uses])
        sent = _united([_sent(call) for call in calls], of_all=True)
        read = _united([_read(tool, each) for each in reads.values()], of_all=False)
        table = {**_parts(sent, "takes", "may_take"), **_parts(read, "gives", "may_give")}
        return None if any(differences(tool, table)) else table
    except _NOT_COMPARABLE:
        return None


def _parts(members: _Members, always: str, sometimes: str) -> Table:
    parts: Table = {always: {}, sometimes: {}}
    for name, kinds in sorted(members.kinds.items()):
        parts[always if name in members.required else sometimes][name] = kinds
    return {part: found for part, found in parts.items() if found}


def _united(found: Sequence[_Members], *, of_all: bool) -> _Members:
    """Return what is relied on by several calls together.

    What is sent is always there when all calls send it, where they send its owner; what is read
    is promised when all calls that read it rely on that.
    """
    kinds: dict[str, str] = {}
    required: set[str] = set()
    for each in found:
        for name, own in each.kinds.items():
            every = [*kinds.get(name, own).split(" | "), *own.split(" | ")]
            kinds[name] = " | ".join(dict.fromkeys(every))
    for name in kinds:
        there = owner_of(name) if of_all else name
        if all(name in each.required for each in found if not there or there in each.kinds):
            required.add(name)
    return _Members(kinds, required)


# --- Arguments


def _sent(call: plan.ToolCall) -> _Members:
    """Return the kinds of what a call sends."""
    kinds: dict[str, str] = {}
    required: set[str] = set()
    for argument in call.arguments:
        found = (_of_value(argument, exactly=exactly) for exactly in (False, True))
        taken = (each for each in found if _is_taken(each, call.tool))
        members = None if argument.check is not None else next(taken, None)
        members = members or _of_parameter(argument, call.tool)
        kinds |= {argument.name: "", **members.kinds}
        required |= members.required
    [rules] = _members(call.tool.input_schema, [""]).kinds.values()
    return _Members(kinds if fits("object", rules) else {"": rules, **kinds}, required)


def _distinct(calls: Sequence[plan.ToolCall]) -> Iterable[plan.ToolCall]:
    """Return a call for each that sends other kinds, or other constants where these count."""
    of_a_kind = {_kinds_sent(call, exactly=False): call for call in calls}
    if all(
        _is_taken(_of_value(argument, exactly=False), call.tool)
        for call in of_a_kind.values()
        for argument in call.arguments
    ):
        return of_a_kind.values()
    return {_kinds_sent(call, exactly=True): call for call in calls}.values()


def _kinds_sent(call: plan.ToolCall, *, exactly: bool) -> str:
    schemas = [_schema_of(each, exactly=exactly) for each in call.arguments]
    rest = [(each.name, each.value.type.absent, each.check is None) for each in call.arguments]
    return repr((schemas, rest))


def _schema_of(argument: plan.Argument, *, exactly: bool) -> Schema:
    """Return the schema of a value; of a constant only that of its type, unless `exactly`."""
    value = argument.value
    if isinstance(value, plan.Constant):
        return _of_constant(value.value, exactly=exactly)
    return value.type.schema


def _of_value(argument: plan.Argument, *, exactly: bool) -> _Members:
    """Return the kinds of a value and its parts."""
    required = not argument.value.type.absent
    schema = _schema_of(argument, exactly=exactly)
    owner = object_of({argument.name: Access(schema, required=required)})
    members = _members(owner, _names(owner, owner, "", Reads(whole=True)))
    return _Members(_all_typed(members.kinds), members.required)


def _of_constant(value: Json, *, exactly: bool) -> Schema:
    """Return the types of a constant and its parts, or also `exactly` what they are."""
    match value:
        case dict():
            parts = {name: _of_constant(each, exactly=exactly) for name, each in value.items()}
            return object_of({name: Access(part, required=True) for name, part in parts.items()})
        case list():
            return array_of(union_of(_of_constant(each, exactly=exactly) for each in value))
    of_type = {"type": _JSON_TYPES[type(value)]}
    return {**of_type, "const": value} if exactly else of_type


def _all_typed(kinds: Mapping[str, str]) -> dict[str, str]:
    return {name: " | ".join(map(_typed, own.split(" | "))) for name, own in kinds.items()}


def _typed(kind: str) -> str:
    """Return a kind with the type that its constant tells."""
    before, is_untyped, constant = kind.partition("any, ")
    if before or not is_untyped:
        return kind
    try:
        return f"{_JSON_TYPES[type(json.loads(constant))]}, {constant}"
    except ValueError:
        return kind  # it is another keyword


def _is_taken(sent: _Members, tool: Tool) -> bool:
    taken = _members(_without_requirements(tool), sent.kinds)
    inner = {name for name in taken.required if owner_of(name) in sent.kinds}
    return inner <= sent.required and all(
        fits(kinds, taken.kinds[name]) for name, kinds in sent.kinds.items()
    )


def _of_parameter(argument: plan.Argument, tool: Tool) -> _Members:
    """Return the kinds that a parameter takes."""
    reads = Reads(fields={argument.name: Reads(whole=True)})
    schema = _without_requirements(tool)
    members = _members(schema, _names(schema, schema, "", reads))
    inner = {name for name in members.required if owner_of(name)}
    kinds = {**dict.fromkeys(inner, ""), **_all_typed(members.kinds)}
    return _Members(kinds, inner if argument.value.type.absent else {argument.name, *inner})


def _without_requirements(tool: Tool) -> Schema:
    """Return what a tool takes, but for which parameters: that is nothing to one of them alone."""
    return {key: each for key, each in tool.input_schema.items() if key != "required"}


# --- Results


def _read(tool: Tool, reads: Reads) -> _Members:
    """Return the kinds of what is read of a result."""
    schema = tool.output_schema or {}
    members = _members(schema, _names(schema, schema, "", reads))
    kinds = {name: own for name, own in members.kinds.items() if own}
    return _Members(kinds, members.required - {*_optional(reads, "")})


def _optional(reads: Reads, name: str) -> Iterator[str]:
    """Yield the members that are read only where they are there."""
    prefix = f"{name}." if name else ""
    yield from (prefix + member for member in reads.optional)
    for member, inner in reads.fields.items():
        yield from _optional(inner, prefix + member)
    if reads.items is not None:
        yield from _optional(reads.items, f"{name}[]")


# --- Members of schemas


def _members(schema: Any, names: Iterable[str]) -> _Members:
    """Return the kinds of the named members; "" for kinds too long to stand in a module."""
    wanted = list(dict.fromkeys(islice(names, _MOST_LOOKS)))[:_MOST_MEMBERS]
    kinds, required = kinds_of(schema, wanted)
    short = {name: kinds[name] if len(kinds[name]) <= _LONGEST else "" for name in wanted}
    return _Members(short, required)


def _names(part: Any, root: Any, name: str, reads: Reads) -> Iterator[str]:
    """Yield the names of the members of a part of a schema, as far as they are read."""
    alternatives = alternatives_of(part, root)
    if alternatives != [part]:
        for each in alternatives:
            yield from _names(each, root, name, reads)
        return
    if name:
        yield name
    if name.count(".") + name.count("[") == _DEEPEST:
        return
    prefix = f"{name}." if name else ""
    members, kind = part.get("properties", {}), part.get("type")
    others = part.get("additionalProperties", not members)
    if kind == "object" and reads.whole and (not members or isinstance(others, dict)):
        members = {**members, "*": others}
    for member, schema in members.items():
        inner = reads if reads.whole else reads.fields.get(member)
        if inner is not None and schema is not False and not {".", "["} & {*member}:
            yield from _names(schema, root, prefix + member, inner)
    items = reads if reads.whole else reads.items
    if kind == "array" and items is not None and (items.whole or items.inside):
        yield from _names(part.get("items", True), root, f"{name}[]", items)
