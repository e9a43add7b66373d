"""The least that an MCP server is made of, for servers that the SDK would be too polite for.

Not a server itself: the scripts beside it describe how they answer and call `serve`.
"""

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

Answer = Callable[[dict[str, Any]], dict[str, Any]]


class Refused(Exception):
    """An error to send in place of a result."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.error = {"code": code, "message": message} | ({"data": data} if data else {})


def tool(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "inputSchema": {"type": "object"}, **more}


def handshake(version: str, **capabilities: Any) -> Answer:
    """Answer `initialize` as servers did before 2026-07-28."""
    return lambda _: {
        "protocolVersion": version,
        "capabilities": capabilities or {"tools": {}},
        "serverInfo": {"name": "scripted", "version": "1"},
    }


def listing(key: str, *entries: Any) -> Answer:
    return lambda _: {key: list(entries)}


def serve(answers: Mapping[str, Answer]) -> None:
    """Answer each request by its method; a method that is not there is refused."""
    for line in sys.stdin:
        message = json.loads(line)
        if "id" not in message:
            continue
        reply = {"jsonrpc": "2.0", "id": message["id"]}
        try:
            if message["method"] not in answers:
                raise Refused(-32601, "Method not found")
            reply["result"] = answers[message["method"]](message.get("params") or {})
        except Refused as refused:
            reply["error"] = refused.error
        print(json.dumps(reply), flush=True)
