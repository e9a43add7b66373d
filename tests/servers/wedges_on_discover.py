"""Says nothing to a request it does not know and dies of the next, as mcp 1.2.1 did."""

import sys

from wire import handshake, listing, serve, tool


def wedge(_):
    sys.stdin.readline()
    sys.exit(1)


serve(
    {
        "server/discover": wedge,
        "initialize": handshake("2024-11-05"),
        "tools/list": listing("tools", tool("older")),
    }
)
