"""`wfc init`: what it lays out runs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from running import EXAMPLES, environment
from shop import lay_out, wfc


def test_the_new_project_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = wfc("init", "a new one")
    assert outcome.code == 0
    assert "Now: cd 'a new one' && wfc build hello.wf -o server.py\n" in outcome.stderr
    monkeypatch.chdir(tmp_path / "a new one")
    assert wfc("build", "hello.wf", "-o", "server.py").code == 0
    tests = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert tests.returncode == 0, tests.stdout
    # The checks of the workflow for CI, line by line.
    steps = Path(".github/workflows/wfc.yml").read_text().split("- run: ")[1:]
    commands = [step.split() for step in steps if step.startswith("wfc ")]
    assert [command[1] for command in commands] == ["fmt", "check", "build"]
    for command in commands:
        assert wfc(*command[1:]).code == 0, command


def test_nothing_is_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mcp.json").write_text("{}")
    outcome = wfc("init")
    assert outcome.code == 2
    assert "mcp.json would be overwritten; nothing was written" in outcome.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mcp.json"]


def test_the_hooks_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay_out(tmp_path)
    monkeypatch.chdir(tmp_path)
    wfc("fmt", "buy.wf")
    wfc("build", "buy.wf", "-o", "server.py")
    Path("sell.wf").write_text(Path("buy.wf").read_text())
    hooks = (EXAMPLES.parent / ".pre-commit-hooks.yaml").read_text()
    found = dict(re.findall(r"- id: (\S+)\n(?:  .*\n)*?  entry: wfc (.*)\n", hooks))
    assert list(found) == ["wfc-fmt", "wfc-check", "wfc-build-check"]
    for name, entry in found.items():
        build = ("buy.wf", "-o", "server.py")
        given = build if name == "wfc-build-check" else ("buy.wf", "sell.wf")
        outcome = wfc(*entry.split(), *given)
        assert outcome.code == 0, outcome.stderr
