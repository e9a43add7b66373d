"""A downstream server that does what a script says: works, fails, lies, hangs or dies.

    python fake.py                  serves on standard input and output
    python fake.py --http PORT      serves streamable HTTP on 127.0.0.1
    use fake from "fake.py"         runs inside the generated server

FAKE_SCRIPT is a JSON file: for each `TOOL KEY`, what its first call does, its second and so on;
what is not in it works. FAKE_LOG is the file to which every call and every effect is appended,
so that what has happened survives whatever dies. With FAKE_ERA=legacy it does not know of MCP
2026-07-28. A call does one of these:

    ok              has its effect and says so
    SECONDS         waits, then does the same
    {"after": SECONDS, "do": …}    waits, then does one of the others
    error           fails without an effect, as tools fail
    late error      has its effect and fails then
    refuse          fails as the protocol does
    crash           fails by an exception that nobody expected
    wrong           has its effect and returns what its schema does not allow
    missing         has its effect and returns no structured content
    garbage         has its effect and returns text that is not JSON
    empty           has its effect and returns no items
    hang            has its effect and never answers
    die before      ends the process without an effect
    die during      has its effect and ends the process before it answers
    die after       answers and ends the process then
    progress        tells of its progress, works
    ask             wants the user's answer and returns it
    sample          wants the model's answer and returns it
"""

import json
import os
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import anyio
from mcp import MCPError
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.types import (
    METHOD_NOT_FOUND,
    CallToolResult,
    CreateMessageRequest,
    CreateMessageRequestParams,
    ElicitRequest,
    ElicitRequestFormParams,
    InputRequiredResult,
    SamplingMessage,
    TextContent,
    Tool,
)

DONE = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "items": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["id", "items"],
}
KEY = {"type": "object", "properties": {"key": {"type": "string"}}, "required": ["key"]}
TOOLS = {
    "do": Tool(name="do", input_schema=KEY, output_schema=DONE),
    "undo": Tool(name="undo", input_schema=KEY, output_schema=DONE),
    "say": Tool(name="say", input_schema=KEY),
}
calls: Counter[str] = Counter()


def log(what: str, tool: str, key: str) -> None:
    with Path(os.environ["FAKE_LOG"]).open("a") as file:
        file.write(f"{what} {tool} {key}\n")


def behaviour(tool: str, key: str) -> Any:
    """What this call is to do: the calls before it are counted in the log, which outlives us."""
    script = json.loads(Path(os.environ["FAKE_SCRIPT"]).read_text())
    lines = Path(os.environ["FAKE_LOG"]).read_text().splitlines()
    planned = script.get(f"{tool} {key}", [])
    number = lines.count(f"call {tool} {key}") - 1
    return planned[number] if number < len(planned) else "ok"


class Fake(MCPServer):
    """Lists its tools and calls them as the script says, past all checks of the SDK."""

    async def list_tools(self) -> list[Tool]:
        return list(TOOLS.values())

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context | None = None
    ) -> CallToolResult | InputRequiredResult:
        assert context is not None
        key = arguments["key"]
        if context.input_responses is not None:
            [answer] = context.input_responses.values()
            return done(name, key, [said(answer)])
        log("call", name, key)
        what = behaviour(name, key)
        try:
            return await act(what, name, key, context)
        except anyio.get_cancelled_exc_class():
            log("cancelled", name, key)
            raise


async def act(what: Any, tool: str, key: str, context: Context) -> Any:
    items = ["first", "second"]
    if isinstance(what, float):
        what = {"after": what, "do": "ok"}
    if isinstance(what, dict):
        await anyio.sleep(what["after"])
        what = what["do"]
    match what:
        case "error":
            return failed("it is not to be done")
        case "refuse":
            raise MCPError(-32000, "refused by the protocol")
        case "crash":
            raise KeyError("nobody expected this")
        case "die before":
            os._exit(3)
        case "ask" | "sample":
            return await ask(what, tool, key, context)
    log("effect", tool, key)
    match what:
        case "late error":
            return failed("it failed half way")
        case "wrong":
            content = {"id": ["not", "a", "text"], "items": "none"}
            return CallToolResult(content=text("wrong"), structured_content=content)
        case "missing":
            return CallToolResult(content=text("there is none"))
        case "garbage":
            return CallToolResult(content=text("<html>"))
        case "empty":
            items = []
        case "hang":
            await anyio.sleep_forever()
        case "die during":
            os._exit(3)
        case "die after":
            last_answer.set()
        case "progress":
            await context.report_progress(1, 4, "a quarter")
            await context.report_progress(2, 4)
    return done(tool, key, items)


async def ask(what: str, tool: str, key: str, context: Context) -> Any:
    """Ask the client: before the call goes on since 2026-07-28, in the middle of it before that."""
    schema = {"type": "object", "properties": {"answer": {"type": "string"}}}
    message = SamplingMessage(role="user", content=TextContent(type="text", text=key))
    request: Any = (
        ElicitRequest(params=ElicitRequestFormParams(message=key, requested_schema=schema))
        if what == "ask"
        else CreateMessageRequest(
            params=CreateMessageRequestParams(messages=[message], max_tokens=9)
        )
    )
    if not context.session.can_send_request:
        return InputRequiredResult(input_requests={"question": request}, request_state=key)
    parameters = request.model_dump(by_alias=True, mode="json", exclude_none=True)["params"]
    if what == "ask":
        answer: Any = await context.session.elicit_form(
            message=key, requested_schema=schema, related_request_id=context.request_id
        )
    else:
        answer = await context.session.create_message(
            messages=[message], max_tokens=parameters["maxTokens"],
            related_request_id=context.request_id,
        )  # fmt: skip
    return done(tool, key, [said(answer)])


def said(answer: Any) -> str:
    """What the user or the model has answered."""
    if hasattr(answer, "action"):
        return str(answer.content["answer"] if answer.action == "accept" else answer.action)
    return str(answer.content.text)


def done(tool: str, key: str, items: list[str]) -> CallToolResult:
    content = {"id": key, "items": items}
    if tool == "say":
        return CallToolResult(content=text(json.dumps(content)))
    return CallToolResult(content=text(json.dumps(content)), structured_content=content)


def failed(why: str) -> CallToolResult:
    return CallToolResult(content=text(why), is_error=True)


def text(value: str) -> list[Any]:
    return [TextContent(type="text", text=value)]


last_answer = anyio.Event()


async def exit_when_told(limit: float = 60) -> None:
    """End the process a moment after an answer that was to be the last, or after a minute."""
    with anyio.move_on_after(limit):
        await last_answer.wait()
        await anyio.sleep(0.05)
    os._exit(3)


async def main() -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(exit_when_told)
        if sys.argv[1:2] == ["--http"]:
            await mcp.run_streamable_http_async(host="127.0.0.1", port=int(sys.argv[2]))
        else:
            await mcp.run_stdio_async()
        tasks.cancel_scope.cancel()


async def forget_2026(context: Any, call_next: Any) -> Any:
    """Answer as a server that has never heard of MCP 2026-07-28."""
    if context.method == "server/discover":
        raise MCPError(METHOD_NOT_FOUND, "Method not found")
    return await call_next(context)


mcp = Fake("fake")
if os.environ.get("FAKE_ERA") == "legacy":
    mcp.middleware.append(forget_2026)

if __name__ == "__main__":
    anyio.run(main)
