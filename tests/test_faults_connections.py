"""Downstream servers that die, hang and come back, over stdio and HTTP; runs that share them."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from faults.serving import Downstream, Scripted, build, fake_over_http, serving
from running import children, connected, free_port, text_of, wait_async

pytestmark = pytest.mark.anyio

WORKFLOWS = """
workflow chain "Three steps that can be undone" {
  step a: fake.do(key = "a") as a
    undo fake.undo(key = a.id)
  step b: fake.do(key = "b") as b
    undo fake.undo(key = b.id)
    timeout 30s
  step c: fake.do(key = "c") as c
    undo fake.undo(key = c.id)
}

workflow one "One step" {
  arg key: string
  step only: fake.do(key) as done
    timeout 10s
  return done.id
}

workflow once_more "One step that may be tried again" {
  step only: fake.do(key = "only") as done
    retry 2 unsafe
  return done.id
}

workflow elsewhere "A step of another server" {
  step only: other.do(key = "elsewhere") as done
  return done.id
}

workflow at_once "Two calls of one server at the same time" {
  parallel {
    step a: fake.do(key = "a")
    step b: fake.do(key = "b")
  }
}
"""


@pytest.fixture
def scripted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scripted:
    return Scripted(tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {
        downstream: build(tmp_path_factory.mktemp(downstream), WORKFLOWS, downstream)
        for downstream in ("stdio", "http")
    }


class Fakes:
    """The fake of one test: over stdio it is started by need, over HTTP by us."""

    def __init__(
        self, downstream: Downstream, scripted: Scripted, variables: pytest.MonkeyPatch
    ) -> None:
        self.downstream, self.scripted = downstream, scripted
        self.port = free_port()
        variables.setenv("FAKE_URL", f"http://127.0.0.1:{self.port}/mcp")

    @contextmanager
    def running(self) -> Iterator[None]:
        if self.downstream == "stdio":
            yield
            return
        with fake_over_http(
            self.port, **self.scripted.variables, FAKE_ERA=os.environ.get("FAKE_ERA", "")
        ):
            yield


@pytest.fixture(params=["stdio", "http"])
def fakes(
    request: pytest.FixtureRequest, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> Fakes:
    return Fakes(request.param, scripted, monkeypatch)


@pytest.mark.parametrize(
    ("death", "era"),
    [("die before", ""), ("die during", ""), ("die during", "legacy"), ("die after", "")],
)
async def test_death(
    death: str,
    era: str,
    fakes: Fakes,
    scripted: Scripted,
    servers: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A server that dies at step b fails it, or the next; its next process undoes what it did."""
    monkeypatch.setenv("FAKE_ERA", era)
    scripted.play({"do b": [death], "do c": [0.5]})
    async with serving(servers[fakes.downstream]) as client:
        with fakes.running():
            result = await client.call_tool("chain", {})
        assert result.is_error
        lines = text_of(result).split("\n")
        failing = "3/3: c" if death == "die after" else "2/3: b"
        assert f"workflow chain failed at step {failing} (fake.do): " in lines[0]
        assert "onnect" in lines[0] or "SSE stream ended" in lines[0]
        done = ["a", "b"] if death == "die after" else ["a"]
        assert lines[1] == f"completed steps: {', '.join(done)}"
        if fakes.downstream == "stdio":
            # It was started again, to undo.
            assert lines[2:] == [f"undone: {each}, by fake.undo" for each in reversed(done)]
        else:
            assert [line.split(":")[0] for line in lines[2:]] == ["NOT undone" for _ in done]
        effects = {"die before": ["do a"], "die during": ["do a", "do b"]}
        expected = effects.get(death, ["do a", "do b"])
        if fakes.downstream == "stdio":
            expected = [*expected, *(f"undo {each}" for each in reversed(done))]
        assert scripted.effects == expected
        scripted.play({})
        with fakes.running():
            again = await client.call_tool("chain", {})
        assert not again.is_error, text_of(again)
        assert scripted.effects == ["do a", "do b", "do c"]


@pytest.mark.parametrize("era", ["", "legacy"])
async def test_death_between_two_runs(
    era: str,
    fakes: Fakes,
    scripted: Scripted,
    servers: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What dies unseen is connected again before the next call, which so happens once."""
    monkeypatch.setenv("FAKE_ERA", era)
    async with serving(servers[fakes.downstream]) as client:
        with fakes.running():
            assert not (await client.call_tool("one", {"key": "1"})).is_error
            if fakes.downstream == "stdio":
                [pid] = fakes_of(os.getpid())
                os.kill(pid, signal.SIGKILL)
                await wait_async(lambda: not fakes_of(os.getpid()), "it is gone")
                await anyio.sleep(0.05)
        with fakes.running():
            result = await client.call_tool("once_more", {})
    assert not result.is_error, text_of(result)
    assert scripted.effects == ["do 1", "do only"]
    assert fakes_of(os.getpid()) == []


def fakes_of(pid: int) -> list[int]:
    return [child for child, line in children(pid).items() if "fake.py" in line]


async def test_a_connection_that_is_cancelled_while_others_wait_for_it(
    scripted: Scripted, servers: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(servers["stdio"]) as client, anyio.create_task_group() as tasks:
        results: list[Any] = []

        async def wait_for_it() -> None:
            results.append(await client.call_tool("one", {"key": "patient"}))

        with anyio.move_on_after(0.2):
            tasks.start_soon(wait_for_it)
            await client.call_tool("one", {"key": "cancelled"})
        await wait_async(lambda: bool(results), "the other run has ended")
        assert not results[0].is_error, text_of(results[0])
    assert scripted.log("call") == ["do patient"]
    assert fakes_of(os.getpid()) == []


async def test_timeouts_and_cancellation_leave_the_connection_to_others(
    fakes: Fakes, scripted: Scripted, servers: dict[str, Path]
) -> None:
    scripted.play({"do slow": [1.0], "do stuck": ["hang"], "do b": ["hang"]})
    with fakes.running():
        async with serving(servers[fakes.downstream]) as client, anyio.create_task_group() as tasks:
            results: list[Any] = []

            async def slow() -> None:
                results.append(await client.call_tool("one", {"key": "slow"}))

            await client.call_tool("one", {"key": "first"})
            tasks.start_soon(slow)
            await wait_async(lambda: "do slow" in scripted.log("call"), "the slow call is made")
            with anyio.move_on_after(0.3):
                await client.call_tool("one", {"key": "stuck"})
            await wait_async(lambda: bool(results), "the slow run has ended")
            assert not results[0].is_error, text_of(results[0])
            assert scripted.effects == ["do first", "do stuck", "do slow"]
            await wait_async(
                lambda: "do stuck" in scripted.log("cancelled"), "the stuck call is cancelled"
            )


async def test_one_that_cannot_be_reached_stops_nobody_else(
    tmp_path: Path, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = build(tmp_path, WORKFLOWS, "stdio")
    broken_one = server.read_text().replace(f'command="{sys.executable}"', 'command="none"', 1)
    server.write_text(broken_one)
    async with serving(server) as client:
        began = time.monotonic()
        broken = await client.call_tool("one", {"key": "x"})
        assert time.monotonic() - began < 5
        assert broken.is_error
        cause = "step 1/1: only (fake.do): cannot connect to fake: FileNotFoundError"
        assert cause in text_of(broken)
        result = await client.call_tool("elsewhere", {})
        assert not result.is_error, text_of(result)


async def test_a_missing_variable_is_named(
    servers: dict[str, Path], scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FAKE_URL", raising=False)
    async with serving(servers["http"]) as client:
        result = await client.call_tool("one", {"key": "x"})
    assert ("cannot connect to fake: the environment variable FAKE_URL is not set") in text_of(
        result
    )


async def test_a_secret_is_in_no_error(
    tmp_path: Path, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line end in a token, as files have it, is refused before anybody quotes it."""
    server = build(tmp_path, WORKFLOWS, "http")
    plain, secret = 'env("FAKE_URL"), {}', 'env("FAKE_URL"), {"Authorization": env("TOKEN")}'
    text = server.read_text().replace(plain, secret)
    assert 'env("TOKEN")' in text
    server.write_text(text)
    monkeypatch.setenv("TOKEN", "s3cret\n")
    port = free_port()
    monkeypatch.setenv("FAKE_URL", f"http://127.0.0.1:{port}/mcp")
    with fake_over_http(port, **scripted.variables):
        async with serving(server) as client:
            result = await client.call_tool("one", {"key": "x"})
    assert "the header Authorization has characters that cannot be sent" in text_of(result)
    assert "s3cret" not in text_of(result)


async def test_stopping_the_server_undoes_and_ends_its_children(
    servers: dict[str, Path], scripted: Scripted
) -> None:
    """What is under way when a client hangs up is undone before the server is gone."""
    scripted.play({"do b": ["hang"]})
    async with (
        connected(servers["stdio"], "stdio", **scripted.variables) as client,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(client.call_tool, "chain", {})
        await wait_async(lambda: "do b" in scripted.effects, "step b hangs")
        mine = children(os.getpid())
        [server] = [pid for pid, line in mine.items() if "server.py" in line]
        [child] = fakes_of(server)
        tasks.cancel_scope.cancel()
    await wait_async(lambda: not Path(f"/proc/{child}").exists(), "its child has ended")
    assert scripted.effects == ["do a", "do b", "undo a"]
