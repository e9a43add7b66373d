"""Lists everything two to a page; with the argument `endless`, its tools without end."""

import sys

from wire import Refused, handshake, serve, tool


def pages(key, entries):
    def page(parameters):
        start = int(parameters.get("cursor", "0"))
        if start > len(entries):
            raise Refused(-32602, "no such cursor")
        following = start + 2
        more = following < len(entries)
        if "endless" in sys.argv and key == "tools":
            following, more = following % 6, True
        return {key: entries[start : start + 2]} | ({"nextCursor": str(following)} if more else {})

    return page


serve(
    {
        "initialize": handshake("2025-11-25", tools={}, resources={}),
        "tools/list": pages("tools", [tool(name) for name in "edcab"]),
        "resources/list": pages(
            "resources", [{"uri": f"note://{name}", "name": name} for name in "cab"]
        ),
        "resources/templates/list": pages(
            "resourceTemplates",
            [{"uriTemplate": f"note://{name}/{{id}}", "name": name} for name in "cab"],
        ),
    }
)
