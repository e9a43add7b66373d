"""Plays a server of a case: has the tools of the lock, gives the outputs of the run.

    python fake_server.py NAME

The environment says which case (CASE, its folder), what the tools are to return (OUTPUTS, by
tool), and where every call is noted (CALLS). An output is structured content where the tool
declares that, and text otherwise; `{"$error": "…"}` fails, `{"$each": […]}` is one for each call,
`{"$text": "…"}` is text whatever the tool declares. A resource is read as a tool is called: its URI
is the name, and "read" the arguments.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parent.parent / "servers"))

from wire import handshake, listing, serve

NAME = sys.argv[1]
OUTPUTS = json.loads(os.environ["OUTPUTS"])
LOCK = json.loads(Path(os.environ["CASE"], "tools.lock.json").read_text("utf-8"))
TOOLS = {tool["name"]: tool for tool in LOCK["servers"][NAME]["tools"]}


def call(parameters: dict[str, Any]) -> dict[str, Any]:
    tool, arguments = parameters["name"], parameters.get("arguments", {})
    return answer(tool, output_of(tool, arguments))


def read(parameters: dict[str, Any]) -> dict[str, Any]:
    uri = parameters["uri"]
    return {"contents": [{"uri": uri, "text": output_of(uri, "read")}]}


def output_of(name: str, arguments: Any) -> Any:
    """Note a call, and return what it is to be answered with."""
    with Path(os.environ["CALLS"]).open("a", encoding="utf-8") as file:
        file.write(json.dumps({name: arguments}) + "\n")
    output = OUTPUTS.get(name)
    if isinstance(output, dict) and "$each" in output:
        return output["$each"].pop(0)
    return output


def answer(tool: str, output: Any) -> dict[str, Any]:
    if isinstance(output, dict) and "$error" in output:
        return {"content": text(output["$error"]), "isError": True}
    if isinstance(output, dict) and "$text" in output:
        return {"content": text(output["$text"])}
    if "outputSchema" in TOOLS[tool]:
        return {"content": text(json.dumps(output)), "structuredContent": output}
    return {"content": text(output or "")}


def text(value: str) -> list[dict[str, Any]]:
    return [{"type": "text", "text": value}]


serve(
    {
        "initialize": handshake("2025-11-25"),
        "tools/list": listing("tools", *TOOLS.values()),
        "tools/call": call,
        "resources/read": read,
    }
)
