"""Speaks the one version of MCP that its argument names, and nothing newer or older."""

import sys

from wire import Refused, handshake, listing, serve, tool

version = sys.argv[1]


def unsupported(parameters):
    raise Refused(-32022, "Unsupported protocol version", {"supported": [version], "requested": ""})


def discover(_):
    return {
        "supportedVersions": [version],
        "capabilities": {"tools": {}},
        "resultType": "complete",
        "ttlMs": 0,
        "cacheScope": "public",
    }


def tools(parameters):
    listed = listing("tools", tool(f"of {version}"))(parameters)
    return listed | {"resultType": "complete", "ttlMs": 0, "cacheScope": "public"}


if version < "2026":
    serve(
        {
            "initialize": handshake(version),
            "tools/list": listing("tools", tool(f"of {version}")),
        }
    )
else:
    serve({"server/discover": discover, "initialize": unsupported, "tools/list": tools})
