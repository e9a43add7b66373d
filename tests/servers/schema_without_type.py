"""Lists tools in ways that MCP does not allow, among them one that is as it should be."""

from wire import handshake, listing, serve, tool

serve(
    {
        "initialize": handshake("2025-06-18"),
        "tools/list": listing(
            "tools",
            tool("fine"),
            {"name": "typeless", "inputSchema": {"properties": {"path": {"type": "string"}}}},
            {"name": "also_typeless", "inputSchema": {}},
            {"name": "bare"},
            tool("broken", outputSchema="none"),
            {"inputSchema": {"type": "object"}},
        ),
    }
)
