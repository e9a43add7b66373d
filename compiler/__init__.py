"""wfc: a compiler from small `.wf` files to MCP servers in plain Python."""

__version__ = "0.1.0"
