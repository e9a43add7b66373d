"""Many runs: at the same time they do not mix, in turn they leave nothing behind."""

import asyncio
import gc
import os
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
from faults.serving import Scripted, build, fake_over_http, serving
from running import free_port, text_of

pytestmark = pytest.mark.anyio

WORKFLOWS = """
workflow run "Everything that a run remembers" {
  arg key: string
  step a: fake.do(key = f"{key}-a") as a
    undo fake.undo(key = a.id)
  step each: fake.do(key = f"{key}-{item}") as each_done
    for item in ["x", "y"]
    undo fake.undo(key = each_done.id)
  parallel {
    step b: fake.do(key = f"{key}-b") as b
      undo fake.undo(key = b.id)
    step c: inner(key) as c
      retry 2 unsafe
  }
  step last: fake.do(key = f"{key}-last") as last
  return {a: a.id, each: each_done, b: b.id, c: c.id, last: last.id}
}

workflow inner "A part" {
  arg key: string
  step one: fake.do(key = f"{key}-c") as one
    undo fake.undo(key = one.id)
  return {id: one.id}
}
"""


@pytest.fixture
def scripted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scripted:
    return Scripted(tmp_path, monkeypatch)


@pytest.fixture(params=["in process", "stdio", "http"])
def server(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    scripted: Scripted,
    monkeypatch: pytest.MonkeyPatch,
) -> Any:
    server = build(tmp_path, WORKFLOWS, request.param)
    if request.param != "http":
        yield server
        return
    port = free_port()
    monkeypatch.setenv("FAKE_URL", f"http://127.0.0.1:{port}/mcp")
    with fake_over_http(port, **scripted.variables):
        yield server


async def test_fifty_runs_at_once(server: Path, scripted: Scripted) -> None:
    failing = [f"k{number}" for number in range(0, 50, 5)]
    scripted.play({f"do {key}-last": ["error"] for key in failing})
    results: dict[str, Any] = {}

    async with serving(server) as client:

        async def run(key: str) -> None:
            results[key] = await client.call_tool("run", {"key": key})

        async with anyio.create_task_group() as tasks:
            for number in range(50):
                tasks.start_soon(run, f"k{number}")
    for key, result in results.items():
        mine = [effect for effect in scripted.effects if effect.split(" ")[1].startswith(f"{key}-")]
        undone = [effect.split("-")[1] for effect in mine if effect.startswith("undo")]
        if key in failing:
            assert result.is_error
            assert "step 5/5: last (fake.do)" in text_of(result)
            assert sorted(undone[:2]) == ["b", "c"]
            assert undone[2:] == ["y", "x", "a"]
            continue
        assert not result.is_error, text_of(result)
        content = result.structured_content
        assert [content[name] for name in "abc"] == [f"{key}-{name}" for name in "abc"]
        assert [each["id"] for each in content["each"]] == [f"{key}-x", f"{key}-y"]
        assert content["last"] == f"{key}-last"
        assert undone == []
    assert len(set(scripted.effects)) == len(scripted.effects)


async def test_a_thousand_runs_leave_nothing_behind(
    tmp_path: Path, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tasks, file descriptors and memory are as they were; every tenth run fails."""
    server = build(tmp_path, WORKFLOWS)
    # The log is the fake's own; to read it for every call would be the test's cost.
    (tmp_path / "fake.py").write_text(
        (tmp_path / "fake.py").read_text()
        + "\ndef log(*_): pass\n"
        + "def behaviour(tool, key): return 'error' if key.endswith('0-last') else 'ok'\n"
    )
    async with serving(server) as client:

        async def runs(count: int) -> None:
            for number in range(count):
                result = await client.call_tool("run", {"key": f"k{number}"})
                assert result.is_error == (number % 10 == 0), text_of(result)

        await runs(100)
        before, blocks = footprint(), allocated_blocks()
        await runs(900)
        assert footprint() == before
        more = allocated_blocks() - blocks
        assert more < 450, f"{more} objects more after 900 runs"


async def test_many_connections_leave_nothing_behind(
    scripted: Scripted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that dies again and again costs no descriptors and no tasks."""
    server = build(tmp_path, WORKFLOWS, "stdio")
    async with serving(server) as client:
        await client.call_tool("run", {"key": "first"})
        before = footprint()
        for _ in range(3):
            scripted.play({"do k-b": ["die before"]})
            assert (await client.call_tool("run", {"key": "k"})).is_error
            scripted.play({})
            assert not (await client.call_tool("run", {"key": "k"})).is_error
        await anyio.sleep(0.3)
        assert footprint() == before


def footprint() -> tuple[int, int]:
    """The tasks and the open file descriptors of this process."""
    gc.collect()
    return len(asyncio.all_tasks()), len(os.listdir("/proc/self/fd"))


def allocated_blocks() -> int:
    """The memory of Python's objects; to count its blocks costs nothing, unlike tracing it."""
    gc.collect()
    return sys.getallocatedblocks()
