"""Sends entries with keys of its own, in an order of its own."""

from wire import handshake, listing, serve, tool

schema = {
    "required": ["b"],
    "type": "object",
    "properties": {"b": {"type": "number", "default": 1.0}, "a": {"type": "null", "default": None}},
    "x-own": [{"z": 1, "y": 2}],
}
serve(
    {
        "initialize": handshake("2025-06-18", tools={}, resources={}),
        "tools/list": listing(
            "tools",
            {
                "zeta": {"own": True},
                "inputSchema": schema,
                "description": "Größe — “quoted”\n\x85 🦀",
                "alpha": None,
                "_meta": {"sent": "just now"},
                "name": "b",
                "annotations": {"title": "B", "readOnlyHint": True},
                "title": "Bee",
            },
            tool("a.b/c d"),
            tool("a.b/c d", description="again"),
        ),
        "resources/list": listing(
            "resources",
            {"size": 5, "uri": "note://x", "name": "x", "annotations": {"lastModified": "2025"}},
        ),
    }
)
