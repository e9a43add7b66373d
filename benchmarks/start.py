"""How long a server takes from its start until it has answered the first `tools/list`."""

import json
import subprocess
import time
from pathlib import Path
from typing import Any

from measuring import beside, processor_seconds

REPETITIONS = 15
MINIMAL = '''
from mcp.server import MCPServer

mcp = MCPServer("minimal")


@mcp.tool()
async def greet(name: str) -> str:
    """Greet somebody."""
    return f"Hello, {name}!"


if __name__ == "__main__":
    mcp.run()
'''
WORKFLOW = """
use stock from "mcp.json"

workflow greet "Greet somebody" {
  arg name: string
  step greet: stock.greet(name) as greeting
  return { text: greeting.result }
}
"""
DOWNSTREAM = {
    "quick": {"command": "python", "args": ["minimal.py"]},
    "slow": {"command": "python", "args": ["-c", "import time; time.sleep(60)"]},
    "dead": {"command": "no-such-program"},
}
REQUESTS: list[dict[str, Any]] = [
    {
        "id": 0,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "benchmark", "version": "1"},
        },
    },
    {"method": "notifications/initialized"},
    {"id": 1, "method": "tools/list"},
]


def measure(wfc: Path, folder: Path) -> dict[str, Any]:
    """Return for each server what its start takes, beside that of the minimal one."""
    servers = _write(wfc, folder)
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in servers}
    for repetition in range(REPETITIONS + 1):
        for name, server in servers.items():
            start = _start(wfc, server)
            if repetition:
                taken[name].append(start)
    return beside(taken, "minimal")


def _write(wfc: Path, folder: Path) -> dict[str, Path]:
    folder.mkdir(parents=True, exist_ok=True)
    minimal = folder / "minimal.py"
    minimal.write_text(MINIMAL)
    (folder / "greet.wf").write_text(WORKFLOW)
    servers = {"minimal": minimal}
    for name, connection in DOWNSTREAM.items():
        # The lock is written while the server is quick; `build` never connects to one it knows.
        (folder / "mcp.json").write_text(json.dumps({"mcpServers": {"stock": connection}}))
        server = folder / f"{name}.py"
        subprocess.run([wfc / "wfc", "build", "greet.wf", "-o", server], cwd=folder, check=True)
        servers[f"compiled, {name} downstream"] = server
    return servers


def _start(wfc: Path, server: Path) -> tuple[float, float]:
    """Start a server, wait for its answers and end it; return the seconds and processor seconds."""
    start = time.perf_counter()
    with subprocess.Popen(
        [wfc / "python", server],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for request in REQUESTS:
            process.stdin.write(json.dumps({"jsonrpc": "2.0", **request}).encode() + b"\n")
            process.stdin.flush()
            if "id" in request:
                answer = json.loads(process.stdout.readline())
                assert answer["id"] == request["id"], answer
        seconds = time.perf_counter() - start
        used = processor_seconds(process.pid)
        assert answer["result"]["tools"][0]["name"] == "greet", answer
        process.stdin.close()
        process.wait(10)
    return seconds, used
