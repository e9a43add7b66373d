"""Running servers as their users do: over stdio, over HTTP and in the same process.

Whatever is started here ends with the `with` that started it, and nothing waits for ever.
"""

import importlib.util
import itertools
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import anyio
from mcp import Client, StdioServerParameters
from mcp.types import CallToolResult, TextContent

EXAMPLES = Path(__file__).parent.parent / "examples"
LIMIT = 60.0
"""Seconds after which a server is taken to hang."""

Transport = Literal["stdio", "http", "in process"]
Mode = Literal["auto", "legacy"]
PROTOCOLS: dict[Mode, str] = {"auto": "2026-07-28", "legacy": "2025-11-25"}

_module_numbers = itertools.count(1)


# --- The command


def wfc(*arguments: str | Path, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the `wfc` command in a folder."""
    command = Path(sys.executable).with_name("wfc")
    return subprocess.run(
        [command, *arguments],
        cwd=folder,
        env=environment(**variables),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=LIMIT,
        check=False,
    )


def environment(**variables: str) -> dict[str, str]:
    """Return an environment in which `python` is the Python that runs the tests."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return {**os.environ, "PATH": path, "NO_COLOR": "1", **variables}


# --- Servers


def load(server: Path) -> ModuleType:
    """Import a generated server under a name of its own."""
    name = f"generated_{next(_module_numbers)}"
    specification = importlib.util.spec_from_file_location(name, server)
    assert specification is not None
    assert specification.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@asynccontextmanager
async def connected(
    server: Path, transport: Transport = "in process", mode: Mode = "auto", **variables: str
) -> AsyncIterator[Client]:
    """Run a generated server and connect to it.

    In process, `variables` have no effect: the server reads the environment of the tests.
    """
    if transport == "http":
        with served_over_http(server, **variables) as (url, _):
            async with _client(url, mode) as client:
                yield client
        return
    target: Any = (
        load(server).mcp
        if transport == "in process"
        else StdioServerParameters(
            command=sys.executable, args=[str(server)], env=environment(**variables)
        )
    )
    async with _client(target, mode) as client:
        yield client


@asynccontextmanager
async def _client(target: Any, mode: Mode) -> AsyncIterator[Client]:
    with anyio.fail_after(LIMIT):
        async with Client(target, mode=mode) as client:
            yield client


@contextmanager
def served_over_http(
    server: Path, **variables: str
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run a generated server with `--http`; yield its URL and its process."""
    port = free_port()
    with process(server, "--http", "--port", str(port), **variables) as running:
        wait_until(lambda: is_listening(port), f"{server} listens")
        yield f"http://127.0.0.1:{port}/mcp", running


@contextmanager
def process(script: Path, *arguments: str, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a Python script for as long as the `with` lasts."""
    running = subprocess.Popen(
        [sys.executable, script, *arguments],
        env=environment(**variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield running
    finally:
        running.terminate()
        try:
            running.wait(10)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_listening(port: int) -> bool:
    """Whether somebody accepts connections on a port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(holds: Callable[[], bool], what: str, limit: float = 20) -> None:
    """Wait until something holds; `what` is for the error when it never does."""
    end = time.monotonic() + limit
    while not holds():
        assert time.monotonic() < end, f"waited {limit:g} s in vain until {what}"
        time.sleep(0.05)


async def wait_async(holds: Callable[[], bool], what: str, limit: float = 20) -> None:
    """Wait as `wait_until` does, while other tasks go on."""
    end = time.monotonic() + limit
    while not holds():
        assert time.monotonic() < end, f"waited {limit:g} s in vain until {what}"
        await anyio.sleep(0.05)


def children(parent: int) -> dict[int, str]:
    """Return the command lines of a process's own children, by pid (on Linux only)."""
    found: dict[int, str] = {}
    for task in Path(f"/proc/{parent}/task").iterdir():
        for child in (task / "children").read_text().split():
            command_line = Path(f"/proc/{child}/cmdline").read_bytes()
            found[int(child)] = command_line.decode().replace("\0", " ")
    return found


# --- What came of it


def text_of(result: CallToolResult) -> str:
    """Return the text of a tool's result."""
    return "\n".join(block.text for block in result.content if isinstance(block, TextContent))


async def prompt_texts(
    client: Client, name: str, arguments: dict[str, str]
) -> list[tuple[str, str]]:
    """Return the messages of a prompt: who says what."""
    prompt = await client.get_prompt(name, arguments)
    texts: list[tuple[str, str]] = []
    for message in prompt.messages:
        assert isinstance(message.content, TextContent)
        texts.append((message.role, message.content.text))
    return texts


class SideEffects:
    """What the domain servers of an example have done, in order."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def all(self) -> list[dict[str, Any]]:
        """Return every effect since the last `clear`."""
        if not self.path.exists():
            return []
        return [json.loads(line) for line in self.path.read_text().splitlines()]

    def tools(self) -> list[str]:
        """Return the tools that had an effect, in order."""
        return [effect["tool"] for effect in self.all()]

    def clear(self) -> None:
        """Forget what has happened."""
        self.path.unlink(missing_ok=True)
