"""The same chain of calls, made in each way that is compared.

Each call needs what the one before it has returned. `compiled.py` is what wfc makes of it, and
`handwritten.py` a plain `MCPServer` in the way of the SDK's documentation. Both call the tool of
`stock.py`, in their own process or as a process of its own. An Arazzo document says the same.
"""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, Literal

Transport = Literal["in process", "stdio"]
STOCK = Path(__file__).parent / "servers/stock.py"
PROXY = Path(__file__).parent / "servers/proxy.py"
CONFIGURATION = {"mcpServers": {"stock": {"command": "python", "args": ["stock.py"]}}}

HANDWRITTEN = '''
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from mcp import Client{imports}
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.types import CallToolResult
from pydantic import BaseModel
{target_import}

class Item(BaseModel):
    name: str
    amount: int


@asynccontextmanager
async def connect(_: MCPServer) -> AsyncIterator[Client]:
    async with Client({target}) as client:
        yield client


mcp = MCPServer("handwritten", lifespan=connect)


@mcp.tool()
async def chain(ctx: Context, name: str, amount: int) -> Item:
    """Take away one after the other."""
    stock: Client = ctx.request_context.lifespan_context
{calls}
    return item


@mcp.tool()
async def take(ctx: Context, name: str, amount: int) -> CallToolResult:
    """Take one away."""
    stock: Client = ctx.request_context.lifespan_context
    return await stock.call_tool("take", {{"name": name, "amount": amount}})


if __name__ == "__main__":
    mcp.run()
'''
CALL = """    result = await stock.call_tool("take", {{"name": {item}name, "amount": {item}amount}})
    item = Item.model_validate(result.structured_content)"""


def write(folder: Path, wfc: Path, steps: int, transport: Transport) -> None:
    """Write every server of a chain into a folder; the compiled one is compiled with `wfc`."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(STOCK, folder)
    shutil.copy(PROXY, folder)
    (folder / "mcp.json").write_text(json.dumps(CONFIGURATION))
    (folder / "chain.wf").write_text(_workflow(steps, transport))
    (folder / "handwritten.py").write_text(_handwritten(steps, transport))
    subprocess.run(
        [wfc, "build", "chain.wf", "-o", "compiled.py"],
        cwd=folder,
        check=True,
        stdout=subprocess.DEVNULL,
    )


def _workflow(steps: int, transport: Transport) -> str:
    source = "stock.py" if transport == "in process" else "mcp.json"
    lines = [
        f'use stock from "{source}"',
        "",
        'workflow chain "Take away one after the other" {',
        "  arg name: string",
        "  arg amount: integer",
    ]
    for number in range(steps):
        given = f"item_{number - 1}." if number else ""
        lines += [
            "",
            f"  step take_{number}: stock.take(",
            f"    name = {given}name,",
            f"    amount = {given}amount,",
            f"  ) as item_{number}",
        ]
    return "\n".join([*lines, "", f"  return item_{steps - 1}", "}", ""])


def _handwritten(steps: int, transport: Transport) -> str:
    is_stdio = transport == "stdio"
    parameters = 'command="python", args=["stock.py"], cwd=Path(__file__).parent'
    return HANDWRITTEN.format(
        imports=", StdioServerParameters" if is_stdio else "",
        target_import="" if is_stdio else "from stock import mcp as stock_server\n",
        target=f"StdioServerParameters({parameters})" if is_stdio else "stock_server",
        calls="\n".join(CALL.format(item="item." if number else "") for number in range(steps)),
    )


def arazzo(steps: int, url: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the chain as an Arazzo document, and the OpenAPI description of what it calls."""
    body = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "amount": {"type": "integer"}},
        "required": ["name", "amount"],
    }
    content = {"application/json": {"schema": body}}
    api = {
        "openapi": "3.1.0",
        "info": {"title": "stock", "version": "1"},
        "servers": [{"url": url}],
        "paths": {
            "/take": {
                "post": {
                    "operationId": "take",
                    "requestBody": {"required": True, "content": content},
                    "responses": {"200": {"description": "what is left", "content": content}},
                }
            }
        },
    }
    workflow = {
        "workflowId": "chain",
        "inputs": body,
        "steps": [_arazzo_step(number) for number in range(steps)],
        "outputs": {"amount": f"$steps.take_{steps - 1}.outputs.amount"},
    }
    document = {
        "arazzo": "1.0.1",
        "info": {"title": "chain", "version": "1"},
        "sourceDescriptions": [{"name": "stock", "url": "stock.json", "type": "openapi"}],
        "workflows": [workflow],
    }
    return document, api


def _arazzo_step(number: int) -> dict[str, Any]:
    given = f"$steps.take_{number - 1}.outputs" if number else "$inputs"
    return {
        "stepId": f"take_{number}",
        "operationId": "take",
        "requestBody": {
            "contentType": "application/json",
            "payload": {"name": f"{given}.name", "amount": f"{given}.amount"},
        },
        "successCriteria": [{"condition": "$statusCode == 200"}],
        "outputs": {"name": "$response.body#/name", "amount": "$response.body#/amount"},
    }
