"""Describes its tool by its arguments, its working folder and its environment."""

import os
import sys
from pathlib import Path

from wire import handshake, listing, serve, tool

description = f"{sys.argv[1:]} in {Path.cwd().name} with {os.environ.get('GIVEN')}"
serve(
    {
        "initialize": handshake("2025-06-18"),
        "tools/list": listing("tools", tool("where", description=description)),
    }
)
