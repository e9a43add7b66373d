"""Call a workflow of a generated server, and show its progress and its result.

python call.py SERVER.py WORKFLOW '{"argument": "value"}'
"""

import json
import sys

import anyio
from mcp import Client, StdioServerParameters
from mcp.types import TextContent


async def main(server: str, workflow: str, arguments: str) -> int:
    async with Client(StdioServerParameters(command=sys.executable, args=[server])) as client:
        result = await client.call_tool(
            workflow, json.loads(arguments), progress_callback=show_progress
        )
    for block in result.content:
        if isinstance(block, TextContent):
            print(block.text)
    return 1 if result.is_error else 0


async def show_progress(_: float, __: float | None, message: str | None) -> None:
    print(message, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(anyio.run(main, *sys.argv[1:4]))
