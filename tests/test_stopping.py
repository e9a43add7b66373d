"""Servers that are told to stop in the middle of a run: they undo it first, and leave nobody."""

import os
import signal
from pathlib import Path

import anyio
import httpx2
import pytest
from faults.serving import Downstream, Scripted, build
from mcp import MCPError
from running import Mode, Transport, children, connected, wait_async

pytestmark = pytest.mark.anyio

WORKFLOW = """
workflow chain "Two steps that can be undone" {
  step a: fake.do(key = "a") as a
    undo fake.undo(key = a.id)
  step b: fake.do(key = "b") as b
    undo fake.undo(key = b.id)
}
"""


@pytest.fixture
def scripted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scripted:
    return Scripted(tmp_path, monkeypatch)


def built(folder: Path, downstream: Downstream) -> Path:
    """Build a server that over HTTP waits a second, and not five, for what is under way."""
    server = build(folder, WORKFLOW, downstream)
    text = server.read_text()
    assert "STOP_TIMEOUT = 5\n" in text
    server.write_text(text.replace("STOP_TIMEOUT = 5\n", "STOP_TIMEOUT = 1\n"))
    return server


def is_running(pid: int) -> bool:
    """Whether a process has not ended; one that nobody has asked for its end yet has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def processes(server: Path) -> list[int]:
    """Return the process of a server that runs, and those that it has started."""
    [pid] = [pid for pid, line in children(os.getpid()).items() if str(server) in line]
    return [pid, *children(pid)]


@pytest.mark.parametrize(
    ("transport", "number", "mode", "downstream", "signals"),
    [
        ("stdio", signal.SIGTERM, "auto", "stdio", 1),
        ("stdio", signal.SIGINT, "legacy", "in process", 1),
        ("stdio", signal.SIGTERM, "auto", "in process", 2),
        ("http", signal.SIGTERM, "auto", "stdio", 1),
        ("http", signal.SIGINT, "legacy", "in process", 1),
        ("http", signal.SIGTERM, "legacy", "in process", 2),
    ],
)
async def test_signals(
    transport: Transport,
    number: int,
    mode: Mode,
    downstream: Downstream,
    signals: int,
    tmp_path: Path,
    scripted: Scripted,
) -> None:
    """The first has the run undone before server and child end; the second ends them at once."""
    server = built(tmp_path, downstream)
    scripted.play({"do b": ["hang"], "undo a": [0.5 if signals == 1 else 20.0]})
    variables = scripted.variables
    async with (
        connected(server, transport, mode, **variables) as client,
        anyio.create_task_group() as tasks,
    ):

        async def run() -> None:
            with pytest.raises((MCPError, httpx2.RemoteProtocolError)):
                await client.call_tool("chain", {})

        tasks.start_soon(run)
        await wait_async(lambda: "do b" in scripted.effects, "step b hangs")
        started = processes(server)
        assert len(started) == (2 if downstream == "stdio" else 1)
        os.kill(started[0], number)
        if signals == 2:
            await wait_async(lambda: "undo a" in scripted.log("call"), "the undo is under way")
            os.kill(started[0], number)
        await wait_async(lambda: not any(map(is_running, started)), "all have ended", 8)
        undone = ["undo a"] if signals == 1 else []
        assert scripted.effects == ["do a", "do b", *undone]
        tasks.cancel_scope.cancel()
