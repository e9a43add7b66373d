"""Locking real processes: scripted ones from `servers/`, and the reference servers.

Servers that need no judging of their own are asked once, all side by side, and the tests
look at the outcomes.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import anyio
import pytest
from wfc.servers import live
from wfc.servers.catalog import read_catalog
from wfc.servers.configuration import Connection, HttpServer, PythonServer, StdioServer
from wfc.servers.lock import (
    Failure,
    LockedServer,
    State,
    Target,
    fetch_servers,
    lock_text,
    locked_server,
)
from wfc.source import SourceFile

SERVERS = Path(__file__).parent / "servers"
Outcomes = Mapping[str, LockedServer | Failure]


def script(name: str, *args: str, **env: str) -> StdioServer:
    return StdioServer(sys.executable, (f"{name}.py", *args), env)


def fetch(
    connections: Mapping[str, Connection],
    folder: Path = SERVERS,
    timeout: float = 20,
    environ: Mapping[str, str] | None = None,
    states: list[tuple[str, State]] | None = None,
) -> dict[str, LockedServer | Failure]:
    """Lock servers in a time that is bounded even when `fetch_servers` fails to keep its own."""

    def note(server: str, state: State) -> None:
        if states is not None:
            states.append((server, state))

    async def run() -> dict[str, LockedServer | Failure]:
        targets = {
            name: Target(connection, str(folder), "mcp.json")
            for name, connection in connections.items()
        }
        with anyio.fail_after(timeout + 10):
            return await fetch_servers(
                targets,
                environ=os.environ if environ is None else environ,
                timeout=timeout,
                on_progress=note,
            )

    return anyio.run(run)


def locked(outcomes: Outcomes, name: str) -> LockedServer:
    outcome = outcomes[name]
    assert isinstance(outcome, LockedServer), outcome
    return outcome


def failed(outcomes: Outcomes, name: str) -> Failure:
    outcome = outcomes[name]
    assert isinstance(outcome, Failure), outcome
    assert outcome.server == name
    return outcome


def tool_names(outcomes: Outcomes, name: str) -> list[str]:
    return [tool["name"] for tool in locked(outcomes, name).tools]


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until_gone(process: int, seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while is_running(process) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not is_running(process)


# --- Servers that lock ----------------------------------------------------------------

VERSIONS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28")


@pytest.fixture(scope="module")
def outcomes() -> Outcomes:
    environ = {**os.environ, "GIVEN": "a word", "FOLDER": "servers"}
    connections: dict[str, Connection] = {
        name: script(name)
        for name in (
            "dies_on_discover",
            "noisy_stdout",
            "schema_without_type",
            "paginated",
            "keeps_what_it_sends",
        )
    }
    connections |= {version: script("speaks", version) for version in VERSIONS}
    connections["endless"] = script("paginated", "endless")
    connections["where"] = script("tells_where_it_runs", "a ${FOLDER}", GIVEN="${GIVEN}")
    connections["mcp-server-git"] = StdioServer(sys.executable, ("-m", "mcp_server_git"))
    connections["mcp-server-time"] = StdioServer(
        sys.executable, ("-m", "mcp_server_time", "--local-timezone", "Etc/UTC")
    )
    return fetch(connections, environ=environ)


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_of_mcp(outcomes: Outcomes, version: str) -> None:
    assert tool_names(outcomes, version) == [f"of {version}"]
    assert locked(outcomes, version).warnings == ()


def test_a_server_that_dies_of_an_unknown_request(outcomes: Outcomes) -> None:
    assert tool_names(outcomes, "dies_on_discover") == ["old"]


def test_a_server_that_prints_to_standard_output(outcomes: Outcomes) -> None:
    assert tool_names(outcomes, "noisy_stdout") == ["quiet"]


def test_tools_that_are_not_as_mcp_asks(outcomes: Outcomes) -> None:
    assert tool_names(outcomes, "schema_without_type") == [
        "also_typeless",
        "bare",
        "fine",
        "typeless",
    ]
    warnings = locked(outcomes, "schema_without_type").warnings
    assert (
        "the tools of typeless, also_typeless are not as MCP asks: inputSchema.type: field required"
    ) in warnings
    assert 'the "outputSchema" of "broken" must be an object; it is left out' in warnings
    assert 'a tool must have a "name"; it is left out' in warnings


def test_pages(outcomes: Outcomes) -> None:
    server = locked(outcomes, "paginated")
    assert tool_names(outcomes, "paginated") == list("abcde")
    assert [entry["uri"] for entry in server.resources] == ["note://a", "note://b", "note://c"]
    assert [entry["name"] for entry in server.resource_templates] == list("abc")
    assert server.warnings == ()


def test_pages_without_end(outcomes: Outcomes) -> None:
    assert tool_names(outcomes, "endless") == list("abcde")
    assert "its tools have pages without end; those seen are kept" in (
        locked(outcomes, "endless").warnings
    )


def test_entries_are_kept_as_they_were_sent(outcomes: Outcomes) -> None:
    server = locked(outcomes, "keeps_what_it_sends")
    plain, own = server.tools
    assert plain == {"name": "a.b/c d", "inputSchema": {"type": "object"}}
    assert server.warnings == ('tool "a.b/c d" is listed twice; the first one counts',)
    assert list(own) == [
        *("name", "title", "description", "inputSchema", "annotations"),
        *("alpha", "zeta"),
    ]
    assert own["description"] == "Größe — “quoted”\n\x85 🦀"
    assert json.dumps(own["inputSchema"]) == (
        '{"required": ["b"], "type": "object", "properties": {"b": {"type": "number", '
        '"default": 1.0}, "a": {"type": "null", "default": null}}, "x-own": [{"z": 1, "y": 2}]}'
    )
    assert server.resources == ({"uri": "note://x", "name": "x", "annotations": {}},)


def test_where_a_process_runs(outcomes: Outcomes) -> None:
    (tool,) = locked(outcomes, "where").tools
    assert tool["description"] == "['a servers'] in servers with a word"


@pytest.mark.parametrize(
    ("server", "tool"), [("mcp-server-git", "git_commit"), ("mcp-server-time", "convert_time")]
)
def test_the_reference_servers(outcomes: Outcomes, server: str, tool: str) -> None:
    assert tool in tool_names(outcomes, server)
    assert locked(outcomes, server).warnings == ()


def test_a_server_that_wedges_on_an_unknown_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "PROBE_SECONDS", 1)
    assert tool_names(fetch({"x": script("wedges_on_discover")}), "x") == ["older"]


def test_paths_are_relative_to_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path.parent)
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "serve"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{SERVERS}/$1.py"\n')
    program.chmod(0o755)
    started = StdioServer("./bin/serve", ("tells_where_it_runs",), {}, "bin")
    (tool,) = locked(fetch({"x": started}, Path(tmp_path.name)), "x").tools
    assert tool["description"] == "[] in bin with None"


def test_a_node_server() -> None:
    modules = Path(
        os.environ.get("WFC_TEST_NODE_MODULES", Path(__file__).parent.parent / "node_modules")
    )
    server = modules / "@modelcontextprotocol/server-filesystem/dist/index.js"
    if not server.is_file():
        pytest.skip(
            "@modelcontextprotocol/server-filesystem is neither in node_modules "
            "nor where WFC_TEST_NODE_MODULES says"
        )
    outcomes = fetch({"files": StdioServer("node", (str(server), "."))})
    assert "read_file" in tool_names(outcomes, "files")


# --- Servers that do not --------------------------------------------------------------


@pytest.fixture(scope="module")
def failures(tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    folder = tmp_path_factory.mktemp("folder")
    (folder / "text").write_text("not a program")
    connections: dict[str, Connection] = {
        "no command": StdioServer("no-such-command", ("${TOKEN}",)),
        "no python": StdioServer("python", (), {"PATH": "/nowhere"}),
        "no path": StdioServer("bin/serve"),
        "no program": StdioServer("./text"),
        "no folder": StdioServer(sys.executable, (), {}, "nowhere"),
        "no variable": StdioServer("python", ("${TOKEN}", "${UNSET_VARIABLE}")),
        "exits": StdioServer(
            sys.executable, (str(SERVERS / "exits_at_once.py"), "a b"), {"TOKEN": "${TOKEN}"}
        ),
        "no module": StdioServer(sys.executable, ("-c", "import not_installed.part")),
        "no mcp": StdioServer(sys.executable, ("-c", "print('usage: ${TOKEN}')")),
    }
    return fetch(connections, folder, environ={**os.environ, "TOKEN": "s3cr3t"})


@pytest.mark.parametrize(
    ("server", "message", "help"),
    [
        ("no command", "cannot be started: `no-such-command` is not on PATH", "full path"),
        ("no python", "cannot be started: `python` is not on PATH", '"python3"'),
        ("no path", "cannot be started: `bin/serve` is not there", "full path"),
        ("no program", "cannot be started: Permission denied", "full path"),
        ("no folder", 'has a working folder that is not there: "nowhere"', "relative"),
        (
            "no variable",
            "needs the environment variable UNSET_VARIABLE, which is not set",
            "set UNSET_VARIABLE, or give it a default: ${UNSET_VARIABLE:-…}",
        ),
        ("exits", "ended without an answer", "by hand"),
        (
            "no module",
            "ended without an answer",
            f"is {sys.executable} here, which has no `not_installed`: activate the environment",
        ),
        (
            "no mcp",
            'ended without an answer; it wrote "usage: ${TOKEN}" to its standard output, '
            "which is no MCP message",
            "by hand",
        ),
    ],
)
def test_failures(failures: Outcomes, server: str, message: str, help: str) -> None:
    failure = failed(failures, server)
    assert failure.message == message
    assert help in (failure.help or "")


def test_standard_error_is_shown_without_secrets(failures: Outcomes) -> None:
    failure = failed(failures, "exits")
    assert failure.ran.endswith("exits_at_once.py 'a b'")
    lines = failure.stderr_tail.splitlines()
    assert len(lines) == 20
    assert lines[-2:] == ["line 29", "cannot log in with ${TOKEN}"]
    assert failed(failures, "no command").ran == "no-such-command ${TOKEN}"
    assert "s3cr3t" not in str(failures)


def test_one_that_hangs_does_not_hide_another(tmp_path: Path) -> None:
    file = tmp_path / "process"
    states: list[tuple[str, State]] = []
    outcomes = fetch(
        {"hangs": script("hangs", PID_FILE=str(file)), "speaks": script("speaks", "2025-06-18")},
        timeout=3,
        states=states,
    )
    assert list(outcomes) == ["hangs", "speaks"]
    assert tool_names(outcomes, "speaks") == ["of 2025-06-18"]
    assert failed(outcomes, "hangs").message == (
        'did not answer within 3 s; it wrote "Listening…" to its standard output, '
        "which is no MCP message"
    )
    assert sorted(states) == [
        ("hangs", "connecting"),
        ("hangs", "failed"),
        ("speaks", "connecting"),
        ("speaks", "listing"),
        ("speaks", "locked"),
    ]
    assert wait_until_gone(int(file.read_text()))


LOCK_ONE = """
import os, sys, anyio
from pathlib import Path
from wfc.servers.configuration import StdioServer
from wfc.servers.lock import Target, fetch_servers

assert "mcp" not in sys.modules and "anyio" in sys.modules
server = StdioServer(sys.executable, (sys.argv[1],), {"PID_FILE": "${PID_FILE:-}"})
outcomes = anyio.run(
    lambda: fetch_servers({"x": Target(server, os.getcwd(), "")}, environ=os.environ)
)
print(type(outcomes["x"]).__name__)
"""


def test_nothing_of_a_server_reaches_the_terminal() -> None:
    command = [sys.executable, "-c", LOCK_ONE, "noisy_stdout.py"]
    done = subprocess.run(command, cwd=SERVERS, capture_output=True, text=True, timeout=30)
    assert (done.stdout, done.stderr) == ("LockedServer\n", "")


@pytest.mark.skipif(sys.platform == "win32", reason="signals are not sent like this on Windows")
def test_an_interrupt_leaves_no_process_behind(tmp_path: Path) -> None:
    file = tmp_path / "process"
    locking = subprocess.Popen(
        [sys.executable, "-c", LOCK_ONE, "hangs.py"],
        cwd=SERVERS,
        env={**os.environ, "PID_FILE": str(file)},
        stderr=subprocess.PIPE,
    )
    try:
        deadline = time.monotonic() + 20
        while not (file.exists() and file.read_text()) and time.monotonic() < deadline:
            time.sleep(0.05)
        started = int(file.read_text())
        locking.send_signal(signal.SIGINT)
        _, stderr = locking.communicate(timeout=20)
    finally:
        locking.kill()
    assert b"KeyboardInterrupt" in stderr
    assert wait_until_gone(started)


# --- Servers over HTTP ----------------------------------------------------------------


class Refusals(BaseHTTPRequestHandler):
    """Answers with the status, or the kind of content, that the path names."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        what = self.path.strip("/")
        self.send_response(int(what) if what.isdigit() else 200)
        if what == "307":
            self.send_header("Location", "https://elsewhere.test/mcp?key=s3cr3t")
        body = {"html": b"<html>", "json": b'{"hello": 1}'}.get(what, b"")
        self.send_header("Content-Type", {"html": "text/html"}.get(what, "application/json"))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def refusing() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Refusals) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.parametrize(
    ("path", "message", "help"),
    [
        ("401", "answered 401 Unauthorized", '"Authorization": "Bearer ${TOKEN}"'),
        ("403", "answered 403 Forbidden", '"Authorization": "Bearer ${TOKEN}"'),
        ("404", "answered 404 Not Found: no MCP server there", "/mcp"),
        ("405", "answered 405 Method Not Allowed", "sse"),
        ("500", "answered 500 Internal Server Error", ""),
        (
            "307",
            "answered 307 Temporary Redirect: it has moved to https://elsewhere.test/mcp",
            'write that as its "url"',
        ),
        ("html", "answered with a web page, not with MCP", "/mcp"),
        ("json", "answered with something that is not MCP", '"url"'),
    ],
)
def test_http_refusals(refusing: str, path: str, message: str, help: str) -> None:
    failure = failed(fetch({"x": HttpServer(f"{refusing}/{path}")}), "x")
    assert (failure.message, failure.ran) == (message, f"{refusing}/{path}")
    assert help in (failure.help or "")


def test_http_servers_that_cannot_be_reached(refusing: str) -> None:
    port = free_port()
    outcomes = fetch(
        {
            "nobody": HttpServer(f"http://me:${{TOKEN}}@127.0.0.1:{port}/mcp?key=${{TOKEN}}"),
            "token": HttpServer(f"{refusing}/401", {"Authorization": "Bearer ${TOKEN}"}),
            "two lines": HttpServer(f"{refusing}/401", {"Authorization": "${TWO_LINES}"}),
            "scheme": HttpServer("${TOKEN}"),
        },
        environ={"TOKEN": "s3cr3t", "TWO_LINES": "s3cr3t\r\nmore"},
    )
    assert failed(outcomes, "nobody").message == "cannot be reached: connection refused"
    assert failed(outcomes, "nobody").ran == f"http://127.0.0.1:{port}/mcp"
    assert "still valid" in (failed(outcomes, "token").help or "")
    assert failed(outcomes, "two lines").message == (
        'has a header "Authorization" that is not one line of plain ASCII'
    )
    assert "http://" in failed(outcomes, "scheme").message
    assert "s3cr3t" not in str(outcomes)


def test_an_http_server() -> None:
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, str(SERVERS / "over_http.py"), str(port)], stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        outcomes = fetch({"x": HttpServer(f"http://127.0.0.1:{port}/mcp")})
    finally:
        server.kill()
        server.wait(10)
    assert tool_names(outcomes, "x") == ["greet"]
    (template,) = locked(outcomes, "x").resource_templates
    assert template["uriTemplate"] == "greeting://{name}"


# --- Python files ---------------------------------------------------------------------

PYTHON_FILES = {
    "fine": """
        print("printed while imported")
        import helper
        from mcp.server import MCPServer
        mcp = MCPServer("fine")
        @mcp.tool()
        def add(a: int, b: int) -> int:
            return a + b
        if __name__ == "__main__":
            mcp.run()
    """,
    "lowlevel": """
        import mcp
        from mcp.server import Server
        from mcp.types import ListToolsResult, Tool
        async def list_tools(context, params):
            return ListToolsResult(tools=[Tool(name="low", input_schema={"type": "object"})])
        app = Server("lowlevel", on_list_tools=list_tools)
    """,
    "otherwise": "from mcp.server import MCPServer\nweather = MCPServer('w')",
    "wrong": "import json as server",
    "nothing": "",
    "broken": "import sys\n\ndef f():\n    import no_such_module\n\nf()",
    "syntax": "def",
    "exits": "raise SystemExit('needs a database')",
    "runs": "from mcp.server import MCPServer\nmcp = MCPServer('r')\nmcp.run()",
}


@pytest.fixture(scope="module")
def python_files(tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    folder = tmp_path_factory.mktemp("workflows")
    (folder / "servers").mkdir()
    (folder / "servers" / "helper.py").write_text("")
    for name, text in PYTHON_FILES.items():
        lines = text.removeprefix("\n").splitlines()
        text = "\n".join(line.removeprefix(" " * 8) for line in lines)
        (folder / "servers" / f"{name}.py").write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder.parent)
        return fetch(
            {name: PythonServer(f"servers/{name}.py") for name in [*PYTHON_FILES, "missing"]},
            Path(folder.name),
            timeout=30,
        )


def test_python_files(python_files: Outcomes) -> None:
    assert tool_names(python_files, "fine") == ["add"]
    assert tool_names(python_files, "lowlevel") == ["low"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "otherwise",
            "has no MCPServer called `mcp`, `server` or `app`, but one called `weather`: rename it",
        ),
        (
            "wrong",
            "has no MCPServer called `mcp`, `server` or `app`: `server` is a builtins.module",
        ),
        ("nothing", "has no MCPServer called `mcp`, `server` or `app`"),
        (
            "broken",
            "cannot be imported: ModuleNotFoundError: No module named 'no_such_module'",
        ),
        ("exits", "cannot be imported: SystemExit: needs a database"),
        (
            "runs",
            "cannot be imported: RuntimeError: it runs its server when imported: "
            'put that under `if __name__ == "__main__":`',
        ),
        ("missing", "is not there"),
    ],
)
def test_python_files_that_cannot_be_locked(
    python_files: Outcomes, name: str, message: str
) -> None:
    failure = failed(python_files, name)
    assert (failure.message, failure.ran) == (message, f"servers/{name}.py")


def test_the_traceback_of_a_python_file_is_its_own(python_files: Outcomes) -> None:
    tail = failed(python_files, "broken").stderr_tail
    assert tail.startswith("Traceback")
    assert "serve_python" not in tail
    assert "import no_such_module" in tail
    assert "syntax.py" in failed(python_files, "syntax").stderr_tail


# --- The text -------------------------------------------------------------------------


def test_the_text_of_a_lock() -> None:
    server = locked_server(
        "config/mcp.json", [{"inputSchema": {"type": "object"}, "name": "é"}], [], []
    )
    assert (
        lock_text({"z": LockedServer("z.py"), 'a"': server})
        == r"""{
  "version": 1,
  "servers": {
    "a\"": {
      "from": "config/mcp.json",
      "tools": [
        {
          "name": "é",
          "inputSchema": {
            "type": "object"
          }
        }
      ],
      "resources": [],
      "resourceTemplates": []
    },
    "z": {
      "from": "z.py",
      "tools": [],
      "resources": [],
      "resourceTemplates": []
    }
  }
}
"""
    )
    assert lock_text({}) == '{\n  "version": 1,\n  "servers": {}\n}\n'


def test_what_a_lock_can_hold_is_what_a_catalog_can_read(outcomes: Outcomes) -> None:
    servers = {name: locked(outcomes, name) for name in outcomes}
    text = lock_text(servers)
    catalog = read_catalog(SourceFile("tools.lock.json", text))
    assert lock_text(catalog.servers) == text
    assert {name: list(server.tools) for name, server in catalog.servers.items()} == {
        name: tool_names(outcomes, name) for name in sorted(outcomes)
    }


def test_a_server_that_is_not_locked_again_keeps_its_text() -> None:
    kept = '{ "from":"x",\n"tools": [ {"name" : "t"} ] }'
    lock = f'{{"version": 1, "servers": {{"b": {{}}, "k": {kept}}}}}'
    catalog = read_catalog(SourceFile("tools.lock.json", lock))
    text = lock_text({"k": catalog.servers["k"], "b": LockedServer("y")})
    assert f'    "k": {kept}\n' in text
    assert read_catalog(SourceFile("tools.lock.json", text)).servers["b"].origin == "y"


def test_values_that_are_not_json_are_left_out() -> None:
    server = locked_server("", [{"name": "x", "inputSchema": {"maximum": float("inf")}}], [], [])
    assert server.tools == ()
    assert server.warnings == ('tool "x" holds a value that is not JSON; it is left out',)
