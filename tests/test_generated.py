"""Generated servers wherever they are put: in other folders, from several files, with secrets."""

import json
import logging
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from running import (
    LIMIT,
    connected,
    environment,
    free_port,
    is_listening,
    process,
    prompt_texts,
    text_of,
    wait_until,
    wfc,
)

pytestmark = pytest.mark.anyio

TOOLS = """
from mcp.server import MCPServer

mcp = MCPServer("tools")


@mcp.tool()
def greet(name: str) -> str:
    return f"GREETING, {name}!"


if __name__ == "__main__":
    mcp.run()
"""

CONFIGURATION = '{"mcpServers": {"there": {"command": "python", "args": ["tools.py"]}}}'

WORKFLOW = """
use here from "tools.py"
use there from "mcp.json"

workflow NAME "Greets twice" {
  arg name: string
  step first: here.greet(name) as first
  step second: there.greet(name = first.result) as second
  return { text: second.result }
}
"""


def write_sources(folder: Path, workflow: str, greeting: str) -> Path:
    """Write a workflow, and the tools that it calls both in process and as a process."""
    folder.mkdir(parents=True)
    (folder / "tools.py").write_text(TOOLS.replace("GREETING", greeting))
    (folder / "mcp.json").write_text(CONFIGURATION)
    (folder / "greet.wf").write_text(WORKFLOW.replace("NAME", workflow))
    return folder / "greet.wf"


def build(*arguments: str | Path, folder: Path) -> None:
    outcome = wfc("build", *arguments, folder=folder)
    assert outcome.returncode == 0, outcome.stderr


async def greeting(server: Path, workflow: str) -> str:
    async with connected(server, "stdio") as client:
        result = await client.call_tool(workflow, {"name": "Ada"})
    assert result.structured_content is not None, text_of(result)
    text: str = result.structured_content["text"]
    return text


async def test_a_server_beside_the_folder_of_its_sources(tmp_path: Path) -> None:
    write_sources(tmp_path / "flows/greetings", "welcome", "Hello")
    (tmp_path / "out").mkdir()
    build("flows/greetings/greet.wf", "-o", "out/server.py", folder=tmp_path)
    assert str(tmp_path) not in (tmp_path / "out/server.py").read_text()
    elsewhere = shutil.copytree(tmp_path, tmp_path.with_name("some where else"))
    assert await greeting(elsewhere / "out/server.py", "welcome") == "Hello, Hello, Ada!!"


async def test_one_server_of_files_in_two_folders(tmp_path: Path) -> None:
    write_sources(tmp_path / "english", "welcome", "Hello")
    write_sources(tmp_path / "italian", "benvenuto", "Ciao")
    build("english/greet.wf", "italian/greet.wf", "-o", "server.py", folder=tmp_path)
    assert await greeting(tmp_path / "server.py", "welcome") == "Hello, Hello, Ada!!"
    assert await greeting(tmp_path / "server.py", "benvenuto") == "Ciao, Ciao, Ada!!"


def test_a_server_says_how_it_is_started(tmp_path: Path) -> None:
    build(write_sources(tmp_path / "flows", "welcome", "Hello"), "-o", "server.py", folder=tmp_path)
    outcome = subprocess.run(
        [sys.executable, "server.py", "--help"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=True,
    )
    assert "--http" in outcome.stdout
    assert "--port" in outcome.stdout


# --- Secrets

GUARDED = """
import sys
from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError

mcp = MCPServer("vault")


@mcp.tool()
def opened(name: str) -> str:
    raise ToolError("closed")


if __name__ == "__main__":
    mcp.run("streamable-http", host="127.0.0.1", port=int(sys.argv[1]))
"""

VAULT = """
{"mcpServers": {"vault": {
  "url": "http://127.0.0.1:${VAULT_PORT}/mcp?key=${VAULT_KEY}",
  "headers": {"Authorization": "Bearer ${VAULT_KEY}"}
}}}
"""

OPEN = """
use vault from "mcp.json"

workflow open_vault "Opens the vault" {
  step open: vault.opened(name = "front") as door
  return { door: door.result }
}
"""


def texts_in(folder: Path) -> list[str]:
    return [path.read_text() for path in folder.iterdir() if path.is_file()]


async def test_a_secret_comes_from_the_environment_and_stays_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    port = free_port()
    secret = "open-sesame-8931"
    monkeypatch.setenv("VAULT_PORT", str(port))
    (tmp_path / "vault.py").write_text(GUARDED)
    (tmp_path / "mcp.json").write_text(VAULT)
    (tmp_path / "open.wf").write_text(OPEN)
    with process(tmp_path / "vault.py", str(port)):
        wait_until(lambda: is_listening(port), "the vault listens")
        outcome = wfc("build", "open.wf", "-o", "server.py", folder=tmp_path, VAULT_KEY=secret)
        assert outcome.returncode == 0, outcome.stderr
        async with connected(tmp_path / "server.py") as client:
            without = await client.call_tool("open_vault", {})
        monkeypatch.setenv("VAULT_KEY", secret)
        async with connected(tmp_path / "server.py") as client:
            result = await client.call_tool("open_vault", {})
            trace = await prompt_texts(client, "open_vault", {})

    assert "cannot connect to vault: the environment variable VAULT_KEY is not set" in text_of(
        without
    )
    assert "closed" in text_of(result)
    told = [text_of(result), str(trace), outcome.stderr, caplog.text, *texts_in(tmp_path)]
    for text in told:
        assert secret not in text


REDIRECTING = """
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


class Redirecting(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(307)
        self.send_header("Location", f"http://elsewhere.test{self.path}")
        self.end_headers()


HTTPServer(("127.0.0.1", int(sys.argv[1])), Redirecting).serve_forever()
"""


async def test_a_secret_in_a_url_is_not_told_by_a_redirect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    port = free_port()
    secret = "open-sesame-8931"
    monkeypatch.setenv("VAULT_PORT", str(port))
    monkeypatch.setenv("VAULT_KEY", secret)
    (tmp_path / "vault.py").write_text(REDIRECTING)
    (tmp_path / "mcp.json").write_text(VAULT.replace("/mcp", "/${VAULT_KEY}/mcp"))
    (tmp_path / "open.wf").write_text(OPEN)
    opened = {
        "name": "opened",
        "inputSchema": {"type": "object", "properties": {"name": {"type": "string"}}},
        "outputSchema": {"type": "object", "properties": {"result": {"type": "string"}}},
    }
    vault = {"from": "mcp.json", "tools": [opened], "resources": [], "resourceTemplates": []}
    (tmp_path / "tools.lock.json").write_text(
        json.dumps({"version": 1, "servers": {"vault": vault}})
    )
    outcome = wfc("build", "open.wf", "-o", "server.py", "--locked", folder=tmp_path)
    assert outcome.returncode == 0, outcome.stderr
    with process(tmp_path / "vault.py", str(port)):
        wait_until(lambda: is_listening(port), "the vault listens")
        async with connected(tmp_path / "server.py") as client:
            result = await client.call_tool("open_vault", {})
            trace = await prompt_texts(client, "open_vault", {})

    assert "Redirect to http://elsewhere.test/${VAULT_KEY}/mcp not followed" in text_of(result)
    for text in [text_of(result), str(trace), caplog.text]:
        assert secret not in text
