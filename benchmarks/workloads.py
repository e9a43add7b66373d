"""Workflows of any size, with the lock of their tools; the same seed gives the same bytes.

The tools are as large as those of well-known servers: some thirty properties, nested objects,
references, enumerations and arrays. The workflows use what real ones use: outputs of earlier
steps, f-strings, conditions, time limits and undo calls.
"""

import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SERVERS = 5
WORDS = ["invoice", "order", "ticket", "account", "shipment", "branch", "review", "customer"]


@dataclass(frozen=True)
class Size:
    """How large a generated workflow is."""

    steps: int = 10
    tools: int = 20
    arguments: int = 5

    def argument_names(self) -> list[str]:
        """Return what the workflow's arguments are called."""
        return [f"argument_{number}" for number in range(self.arguments)]


def write(folder: Path, size: Size, seed: int = 1) -> Path:
    """Write a workflow and its lock into a folder; return the path of the `.wf` file."""
    folder.mkdir(parents=True, exist_ok=True)
    configuration = {
        "mcpServers": {f"server_{number}": {"command": "server"} for number in range(SERVERS)}
    }
    (folder / "mcp.json").write_text(json.dumps(configuration, indent=2))
    (folder / "tools.lock.json").write_text(json.dumps(_lock(size, seed), indent=2) + "\n")
    path = folder / "generated.wf"
    path.write_text(_workflow(size, seed))
    return path


# --- The tools


def _lock(size: Size, seed: int) -> dict[str, Any]:
    servers = {}
    for number in range(SERVERS):
        tools = [_tool(index, seed) for index in range(number, size.tools, SERVERS)]
        if number == 0:
            tools.append(_start_tool(size))
        tools.sort(key=lambda tool: tool["name"])
        servers[f"server_{number}"] = {
            "from": "mcp.json",
            "tools": tools,
            "resources": [],
            "resourceTemplates": [],
        }
    return {"version": 1, "servers": servers}


def _tool(index: int, seed: int) -> dict[str, Any]:
    chance = random.Random(f"{seed} tool {index}")
    noun = WORDS[index % len(WORDS)]
    return {
        "name": f"tool_{index}",
        "description": f"Change the {noun} that is meant, and return what it is then.",
        "inputSchema": {
            "type": "object",
            "properties": {
                "subject": {"type": "string", "description": f"The {noun} that is meant"},
                "amount": {"type": "integer", "minimum": 0},
                "priority": {"enum": ["low", "normal", "high"], "default": "normal"},
                "note": {"type": "string"},
                "details": {"$ref": "#/$defs/Details"},
                **{f"option_{number}": _property(chance) for number in range(12)},
            },
            "required": ["subject", "amount"],
            "additionalProperties": False,
            "$defs": {
                "Details": _object(chance, 8, {"address": {"$ref": "#/$defs/Address"}}),
                "Address": _object(chance, 6, {}),
            },
        },
        "outputSchema": {
            "type": "object",
            "properties": {
                "subject": {"type": "string"},
                "amount": {"type": "integer", "minimum": 0},
                "priority": {"enum": ["low", "normal", "high"]},
                "comment": {"type": "string", "maxLength": 1000},
                "lines": {"type": "array", "items": {"$ref": "#/$defs/Line"}},
                **{f"field_{number}": _property(chance) for number in range(12)},
            },
            "required": ["subject", "amount", "priority"],
            "$defs": {"Line": _object(chance, 6, {})},
        },
        "annotations": {"idempotentHint": True, "destructiveHint": False},
    }


def _object(
    chance: random.Random, properties: int, more: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            **{f"property_{number}": _property(chance) for number in range(properties)},
            **more,
        },
        "required": ["property_0"],
    }


def _property(chance: random.Random) -> dict[str, Any]:
    schema: dict[str, Any] = chance.choice(
        [
            {"type": "string", "minLength": 1, "maxLength": 200},
            {"type": "integer", "minimum": 0, "maximum": 1000000},
            {"type": "number", "exclusiveMinimum": 0},
            {"type": "boolean", "default": False},
            {"enum": chance.sample(WORDS, 4)},
            {"type": "string", "pattern": "^[a-z0-9-]+$"},
            {"type": "string", "format": "date-time"},
            {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
            {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
        ]
    )
    return {**schema, "description": f"The {chance.choice(WORDS)} as it is to be from now on"}


def _start_tool(size: Size) -> dict[str, Any]:
    """The tool of the first step, which takes all arguments of the workflow."""
    return {
        "name": "start",
        "description": "Take in everything that is known.",
        "inputSchema": {
            "type": "object",
            "properties": {
                **{name: {"type": "string"} for name in size.argument_names()},
                "carrier": {"enum": ["post", "courier"]},
            },
            "required": size.argument_names(),
        },
        "outputSchema": {
            "type": "object",
            "properties": {
                "subject": {"type": "string"},
                "amount": {"type": "integer", "minimum": 0},
            },
            "required": ["subject", "amount"],
        },
        "annotations": {"readOnlyHint": True},
    }


# --- The workflow


def _workflow(size: Size, seed: int) -> str:
    chance = random.Random(f"{seed} workflow")
    arguments = size.argument_names()
    lines = [
        'server "generated" version "1.0.0"',
        "",
        f'use {", ".join(f"server_{number}" for number in range(SERVERS))} from "mcp.json"',
        "",
        'workflow generated "A workflow of any size" {',
        *(f'  arg {name}: string "What is known as {name}"' for name in arguments),
        '  arg carrier?: "post" | "courier" "Who carries it, if anybody"',
        "",
        "  step start: server_0.start(",
        *(f"    {name}," for name in arguments),
        "    carrier,",
        "  ) as output_0",
    ]
    outputs = ["output_0"]
    for number in range(1, size.steps):
        lines += ["", *_step(number, outputs, size, chance)]
    lines += ["", "  return {", f"    subject: {outputs[-1]}.subject,", "  }", "}", ""]
    return "\n".join(lines)


def _step(number: int, outputs: list[str], size: Size, chance: random.Random) -> list[str]:
    """The lines of a step; what it binds is added to the outputs, unless it may be skipped."""
    tool = chance.randrange(size.tools)
    call = f"server_{tool % SERVERS}.tool_{tool}"
    argument = f"argument_{number % size.arguments}"
    arguments = [
        f"    subject = {outputs[-1]}.subject,",
        f"    amount = {chance.choice(outputs)}.amount,",
        f'    priority = "{chance.choice(["low", "normal", "high"])}",',
        f'    note = f"{{{chance.choice(outputs)}.subject}} of {{{argument}}}",',
    ]
    lines = [f"  # What step {number} is for.", f"  step step_{number}: {call}(", *arguments]
    if number % 7 == 6:
        return [*lines, "  )", "    when carrier"]
    outputs.append(f"output_{number}")
    lines.append(f"  ) as {outputs[-1]}")
    if number % 4 == 0:
        lines.append("    timeout 10s")
    if number % 6 == 0:
        lines.append("    retry 3 every 500ms")
    if number % 5 == 0:
        lines += [
            f"    undo {call}(",
            f"      subject = {outputs[-1]}.subject,",
            f"      amount = {outputs[-1]}.amount,",
            "    )",
        ]
    return lines


if __name__ == "__main__":
    import sys

    print(write(Path(sys.argv[1]), Size(*map(int, sys.argv[2:]))))
