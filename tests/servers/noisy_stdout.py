"""Prints to standard output what is not MCP, before and between its answers."""

import sys

from wire import handshake, listing, serve, tool


def noisily(answer):
    def answer_noisily(parameters):
        print("DEBUG: asked", flush=True)
        sys.stdout.buffer.write(b"\xff\xfe not even UTF-8\n\n{}\n")
        return answer(parameters)

    return answer_noisily


print("Starting the server…")
serve(
    {
        "initialize": noisily(handshake("2025-03-26")),
        "tools/list": noisily(listing("tools", tool("quiet"))),
    }
)
