"""Building servers that call the fake, and running them while it misbehaves."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
from mcp import Client
from running import Mode, connected, is_listening, load, process, wait_until

FAULTS = Path(__file__).parent
Downstream = Literal["stdio", "http", "in process"]

sys.path.append(str(FAULTS))


def lock(source: str) -> str:
    """Return the lock of a folder whose servers are all the fake."""
    import fake

    tools = [
        tool.model_dump(by_alias=True, mode="json", exclude_none=True)
        for _, tool in sorted(fake.TOOLS.items())
    ]
    servers = {
        name: {"from": source, "tools": tools, "resources": [], "resourceTemplates": []}
        for name in ("fake", "other")
    }
    return json.dumps({"version": 1, "servers": servers})


def build(folder: Path, workflows: str, downstream: Downstream = "in process") -> Path:
    """Write and build workflows that call `fake` and `other`; return the server's path."""
    source = "fake.py" if downstream == "in process" else "mcp.json"
    use = (
        'use fake from "fake.py"'
        if downstream == "in process"
        else 'use fake, other from "mcp.json"'
        if "other." in workflows
        else 'use fake from "mcp.json"'
    )
    shutil.copy(FAULTS / "fake.py", folder / "fake.py")
    variables = {
        "FAKE_LOG": "${FAKE_LOG}",
        "FAKE_SCRIPT": "${FAKE_SCRIPT}",
        "FAKE_ERA": "${FAKE_ERA:-}",
    }
    entry: dict[str, Any] = (
        {"command": sys.executable, "args": ["fake.py"], "env": variables}
        if downstream == "stdio"
        else {"url": "${FAKE_URL}"}
    )
    (folder / "mcp.json").write_text(json.dumps({"mcpServers": {"fake": entry, "other": entry}}))
    (folder / "tools.lock.json").write_text(lock(source))
    (folder / "input.wf").write_text(f"{use}\n\n{workflows}")
    arguments = ["build", "--locked", "--quiet", str(folder / "input.wf")]
    arguments += ["-o", str(folder / "server.py"), "--force"]
    from wfc.cli import cli

    with pytest.raises(SystemExit) as end:
        cli.main(args=arguments, standalone_mode=False)
    assert not end.value.code, f"the build failed:\n{workflows}"
    return folder / "server.py"


class Scripted:
    """What the fake is told to do, and what it has done."""

    def __init__(self, folder: Path, variables: pytest.MonkeyPatch) -> None:
        self._script, self._log = folder / "script.json", folder / "log"
        self.variables = {"FAKE_SCRIPT": str(self._script), "FAKE_LOG": str(self._log)}
        for name, value in self.variables.items():
            variables.setenv(name, value)
        self.play({})

    def play(self, script: Any) -> None:
        """Start anew, with nothing done yet."""
        self._script.write_text(json.dumps(script))
        self._log.write_text("")

    def log(self, what: str) -> list[str]:
        """Return the calls, effects or cancelled calls, in order, as `TOOL KEY`."""
        lines = self._log.read_text().splitlines()
        return [line.removeprefix(f"{what} ") for line in lines if line.startswith(f"{what} ")]

    @property
    def effects(self) -> list[str]:
        return self.log("effect")


@contextmanager
def fake_over_http(port: int, **variables: str) -> Iterator[None]:
    """Run the fake over HTTP."""
    with process(FAULTS / "fake.py", "--http", str(port), **variables):
        wait_until(lambda: is_listening(port), "the fake listens")
        yield


@asynccontextmanager
async def serving(server: Path, mode: Mode = "auto", **callbacks: Any) -> AsyncIterator[Client]:
    """Run a generated server in this process and connect to it."""
    if not callbacks:
        async with connected(server, mode=mode) as client:
            yield client
        return
    async with Client(load(server).mcp, mode=mode, **callbacks) as client:
        yield client
