"""Dies of a request that its version of MCP does not know."""

import sys

from wire import handshake, listing, serve, tool


def die(_):
    sys.exit("ValueError: what is server/discover?")


serve(
    {
        "server/discover": die,
        "initialize": handshake("2024-11-05"),
        "tools/list": listing("tools", tool("old")),
    }
)
