"""A polite server over streamable HTTP, on the port its argument names."""

import sys

from mcp.server import MCPServer

server = MCPServer("polite")


@server.tool()
def greet(name: str) -> str:
    """Greet someone."""
    return f"Hello, {name}!"


@server.resource("greeting://{name}")
def greeting(name: str) -> str:
    return f"Hello, {name}!"


server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[1]), json_response=True)
