"""Serves the MCP server of a Python file over standard input and output.

`wfc.servers.live` starts this as a process of its own to lock such a server, so that a user's code
never runs inside the compiler. It is run by its path and imports nothing of wfc.

In: the path of the Python file. Out: an MCP server on standard input and output; or, when
the file holds none, a last line on standard error that starts with `wfc: ` and says why.
"""

import importlib.util
import os
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

import anyio
from mcp.server import MCPServer, Server
from mcp.server.stdio import stdio_server

NAMES = ("mcp", "server", "app")

serve = MCPServer.run


def main(path: Path) -> None:
    """Import the file at `path` and serve its server."""
    # The wire to wfc is kept away from whatever the file prints or reads while imported.
    wire_in, wire_out = os.dup(0), os.dup(1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    server = find_server(import_file(path), path)
    sys.stdout.flush()
    os.dup2(wire_in, 0)
    os.dup2(wire_out, 1)

    if isinstance(server, MCPServer):
        serve(server)
    else:
        anyio.run(serve_lowlevel, server)


async def serve_lowlevel(server: Server[Any]) -> None:
    """Serve a server made with the SDK's low-level class."""
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


def import_file(path: Path) -> ModuleType:
    """Import a file with its folder importable, as when it is run as a script."""
    sys.argv = [str(path)]
    sys.path.insert(0, str(path.parent))
    MCPServer.run = refuse_to_run  # type: ignore[method-assign]
    # Not under its own name, which may well be that of a module it needs, such as `email`.
    specification = importlib.util.spec_from_file_location("locked_by_wfc", path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules["locked_by_wfc"] = module
    try:
        specification.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        # The file's own lines are of interest, not those of the import above them.
        frames = traceback.TracebackException.from_exception(error)
        own = [frame.filename == str(path) for frame in frames.stack]
        if True in own:
            frames.stack[:] = frames.stack[own.index(True) :]
        print("".join(frames.format()), file=sys.stderr)
        fail(f"cannot be imported: {type(error).__name__}: {error}")
    return module


def refuse_to_run(*_: object, **__: object) -> NoReturn:
    """Stand in for `MCPServer.run` while the file is imported."""
    raise RuntimeError(
        'it runs its server when imported: put that under `if __name__ == "__main__":`'
    )


def find_server(module: ModuleType, path: Path) -> MCPServer | Server[Any]:
    """Return the first of `NAMES` in the module that is a server; end the process if none is."""
    for name in NAMES:
        candidate = getattr(module, name, None)
        if isinstance(candidate, MCPServer | Server):
            return candidate
    looked_for = "no MCPServer called `mcp`, `server` or `app`"
    others = [name for name, value in vars(module).items() if isinstance(value, MCPServer | Server)]
    if others:
        fail(f"has {looked_for}, but one called `{others[0]}`: rename it")
    present = [name for name in NAMES if hasattr(module, name)]
    if present:
        kind = type(getattr(module, present[0]))
        fail(f"has {looked_for}: `{present[0]}` is a {kind.__module__}.{kind.__qualname__}")
    fail(f"has {looked_for}")


def fail(message: str) -> NoReturn:
    """End the process, with what wfc shows as the reason."""
    sys.exit("wfc: " + " ".join(message.split()))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
