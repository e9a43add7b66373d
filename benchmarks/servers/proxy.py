"""FastMCP in front of the same tools: what is called through it one by one."""

import sys
from pathlib import Path

from fastmcp import Client
from fastmcp.server import create_proxy

HERE = Path(__file__).parent

if __name__ == "__main__":
    if sys.argv[1] == "in process":
        sys.path.append(str(HERE))
        from stock import mcp as stock

        target = stock
    else:
        stock_py = str(HERE / "stock.py")
        target = Client({"mcpServers": {"stock": {"command": "python", "args": [stock_py]}}})
    create_proxy(target, name="proxy").run(show_banner=False)
