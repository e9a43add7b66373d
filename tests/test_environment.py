"""What is on the disk and at the other ends of the streams: whatever it is, no traceback."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from shop import edit, lay_out, wfc

COMMANDS = {
    "check": (),
    "fmt": ("--check",),
    "show": (),
    "graph": (),
    "lock": (),
    "build": ("-o", "other.py"),
}
FILES = {
    "a folder": None,
    "no UTF-8": b'use shop from "shop.py"\xff\n',
    "UTF-16": 'use shop from "shop.py"\n'.encode("utf-16"),
}
CONFIGURATIONS = (
    "", "null", "[]", '{"mcpServers": {', '{"mcpServers": []}', '{"mcpServers": {}}',
    '{"mcpServers": {"shop": []}}', '{"mcpServers": {"shop": {"command": 3}}}',
    '{"mcpServers": {"shop": {"command": "x", "env": ["A"]}}}',
    '{"mcpServers": {"shop": {"url": 3}}}',
)  # fmt: skip
LOCKS = (
    "", "null", "[]", '{"version": 1,', '{"servers": {}}', '{"version": "1", "servers": {}}',
    '{"version": 99, "servers": {}}', '{"version": 1, "servers": []}',
    '{"version": 1, "servers": {"shop": 3}}', '{"version": 1, "servers": {"shop": {"tools": [3]}}}',
    '{"version": 1, "servers": {"shop": {"tools": [{"name": "pay", "inputSchema": 3}]}}}',
)  # fmt: skip
NEEDS_FULL_DISK = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay_out(tmp_path)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_that_cannot_be_read(command: str) -> None:
    for name, content in FILES.items():
        path = Path(f"{name}.wf")
        if content is None:
            path.mkdir()
        else:
            path.write_bytes(content)
    for path in (*(f"{name}.wf" for name in FILES), "nothing.wf"):
        outcome = wfc(command, path, *COMMANDS[command])
        assert (outcome.code, outcome.stdout) == (2, ""), path
        assert outcome.stderr.startswith("error[WF901]: "), path
        assert path in outcome.stderr


@pytest.mark.parametrize("command", ["check", "lock"])
def test_a_configuration_that_is_none(command: str) -> None:
    Path("buy.wf").write_text(Path("buy.wf").read_text().replace("shop.py", "mcp.json"))
    for text in CONFIGURATIONS:
        Path("mcp.json").write_text(text)
        outcome = wfc(command, "buy.wf", *COMMANDS[command])
        assert (outcome.code, outcome.stdout) in ((1, ""), (2, "")), text
        assert outcome.stderr.startswith(("error[WF901]: ", "error[WF301]: ")), text
        assert "help" in outcome.stderr, text


@pytest.mark.parametrize("command", ["build", "lock"])
def test_a_lock_that_is_none(command: str) -> None:
    for text in LOCKS:
        Path("tools.lock.json").write_text(text)
        outcome = wfc(command, "buy.wf", *COMMANDS[command])
        assert (outcome.code, outcome.stdout) == (2, ""), text
        assert outcome.stderr.startswith("error[WF903]: "), text
        assert "help" in outcome.stderr, text
        assert Path("tools.lock.json").read_text() == text


def test_a_file_that_cannot_be_written() -> None:
    Path("a_folder").mkdir()
    Path("a_folder.svg").mkdir()
    for arguments, where in (
        (("build", "buy.wf", "-o", "nowhere/server.py"), "nowhere/server.py"),
        (("build", "buy.wf", "-o", "a_folder"), "a_folder"),
        (("graph", "buy.wf", "-o", "nowhere/buy.svg"), "nowhere/buy.svg"),
        (("graph", "buy.wf", "-o", "a_folder.svg"), "a_folder.svg"),
        (("init", "buy.wf"), "buy.wf"),
    ):
        outcome = wfc(*arguments)
        assert outcome.code == 2
        assert outcome.stderr.startswith("Error: cannot ")
        assert f" {where}: " in outcome.stderr
    Path("tools.lock.json").unlink()
    Path("tools.lock.json").mkdir()
    outcome = wfc("lock", "buy.wf")
    assert (outcome.code, outcome.stderr.splitlines()[-1]) == (
        2, "Error: cannot write tools.lock.json: Is a directory",
    )  # fmt: skip


def test_a_server_that_cannot_be_used_is_named_once() -> None:
    Path("mcp.json").write_text('{"mcpServers": {"shop": {"command": "${input:shop}"}}}')
    edit("buy.wf", '"shop.py"', '"mcp.json"')
    first = wfc("check", "--locked", "buy.wf").stderr.splitlines()[0]
    known = "${input:shop} is known to an editor only"
    assert first == f'error[WF301]: the server "shop" cannot be used: {known}'


def test_a_lock_is_not_said_to_know_what_cannot_be_used() -> None:
    Path("buy.wf").write_text(Path("buy.wf").read_text().replace("use shop from", "use shop form"))
    outcome = wfc("lock", "buy.wf")
    assert outcome.code == 1
    assert outcome.stderr.startswith("error[WF101]: ")
    assert "knows all" not in outcome.stderr


@NEEDS_FULL_DISK
def test_an_output_that_is_a_device_is_not_read_without_end() -> None:
    outcome = wfc("build", "buy.wf", "-o", "/dev/full")
    assert outcome.code == 2
    assert outcome.stderr == "Error: cannot read /dev/full: it is a device, no file\n"


WFC = (sys.executable, "-m", "wfc")


@NEEDS_FULL_DISK
@pytest.mark.parametrize(
    "arguments",
    [("explain",), ("show", "buy.wf"), ("check", "buy.wf", "--format", "sarif"), ("fmt", "-")],
    ids=lambda arguments: arguments[0],
)
def test_a_disk_that_is_full(arguments: tuple[str, ...]) -> None:
    with Path("buy.wf").open() as standard_input, Path("/dev/full").open("w") as full:
        result = subprocess.run(
            [*WFC, *arguments], stdin=standard_input, stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert result.returncode == 2
    assert result.stderr == "Error: cannot write to standard output: No space left on device\n"


@pytest.mark.parametrize(
    ("closing", "arguments"),
    [(">&-", "explain"), ("2>&-", "check buy.wf"), ("| true", "show buy.wf")],
)
def test_a_stream_that_is_closed(closing: str, arguments: str) -> None:
    command = f"{sys.executable} -m wfc {arguments} {closing}"
    result = subprocess.run(["sh", "-c", command], capture_output=True, text=True)
    assert result.returncode in (0, 2)
    assert "Traceback" not in result.stderr
    assert "bug" not in result.stderr


def test_an_interruption_while_the_command_is_loaded() -> None:
    """Whenever it comes once Python itself has started."""
    Path("slow").mkdir()
    Path("slow/click.py").write_text("import time\nprint('loading', flush=True)\ntime.sleep(20)\n")
    process = subprocess.Popen(
        [*WFC, "check", "buy.wf"], env={**os.environ, "PYTHONPATH": "slow"}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "loading\n"
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert (process.returncode, said) == (130, "")


@pytest.mark.parametrize("form", ["text", "concise", "json", "github", "sarif"])
def test_names_that_are_no_text(form: str) -> None:
    odd = os.fsdecode(b"\xff.wf")
    try:
        Path(odd).write_text(
            'use shop from "odd.json"\nworkflow a "A" {\n  step x: shop.pay()\n}\n'
        )
    except OSError:
        pytest.skip("file names are text here")
    Path("odd.json").write_text('{"mcpServers": {"sh\\ud800op": {"command": "x"}}}')
    result = subprocess.run([*WFC, "check", odd, "--format", form], capture_output=True, text=True)
    assert result.returncode == 1, result.stderr
    said = result.stdout + result.stderr
    assert "WF301" in said
    assert "Traceback" not in said
    if form in ("json", "sarif"):
        json.loads(result.stdout)
