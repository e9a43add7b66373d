"""What a tool says while it works: its progress, and what it asks of the user or the model."""

from pathlib import Path
from typing import Any, Literal

import anyio
import pytest
from faults.serving import Scripted, build, fake_over_http, serving
from mcp import Client
from mcp.types import (
    CreateMessageRequestParams,
    CreateMessageResult,
    ElicitRequestParams,
    ElicitResult,
    TextContent,
)
from running import free_port, load, served_over_http, text_of, wait_async

pytestmark = pytest.mark.anyio

WORKFLOWS = """
workflow chain "Three steps" {
  step a: fake.do(key = "a") as a
    undo fake.undo(key = a.id)
  step b: fake.do(key = "b") as b
    timeout 5s
  step c: fake.do(key = "c")
  return {answer: b.items[0]}
}

workflow nested "Steps in steps" {
  step each: fake.do(key) for key in ["b", "x"]
  step call: chain() as called
  return called
}

workflow at_once "Two calls at the same time" {
  parallel {
    step a: fake.do(key = "a")
    step b: fake.do(key = "b") as b
  }
  return b.items[0]
}
"""


@pytest.fixture
def scripted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scripted:
    return Scripted(tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {
        downstream: build(tmp_path_factory.mktemp("questions"), WORKFLOWS, downstream)
        for downstream in ("in process", "stdio", "http")
    }


@pytest.fixture(params=["in process", "stdio", "http"])
def server(
    request: pytest.FixtureRequest,
    servers: dict[str, Path],
    scripted: Scripted,
    monkeypatch: pytest.MonkeyPatch,
) -> Any:
    if request.param != "http":
        yield servers[request.param]
        return
    port = free_port()
    monkeypatch.setenv("FAKE_URL", f"http://127.0.0.1:{port}/mcp")
    with fake_over_http(port, **scripted.variables):
        yield servers["http"]


class Answers:
    """A client that answers what it is asked."""

    def __init__(self, action: Literal["accept", "decline"] = "accept") -> None:
        self.asked: list[str] = []
        self.action = action

    async def elicit(self, _: Any, parameters: ElicitRequestParams) -> ElicitResult:
        self.asked.append(parameters.message)
        if self.action == "decline":
            return ElicitResult(action="decline")
        return ElicitResult(action="accept", content={"answer": "yes"})

    async def sample(self, _: Any, parameters: CreateMessageRequestParams) -> CreateMessageResult:
        self.asked.append(f"{parameters.max_tokens} tokens")
        answer = TextContent(type="text", text="forty-two")
        return CreateMessageResult(role="assistant", content=answer, model="m")

    @property
    def callbacks(self) -> dict[str, Any]:
        return {"elicitation_callback": self.elicit, "sampling_callback": self.sample}


async def test_progress_of_a_tool(server: Path, scripted: Scripted) -> None:
    scripted.play({"do b": ["progress"]})
    seen: list[tuple[float, float | None, str | None]] = []

    async def note(done: float, total: float | None, message: str | None) -> None:
        seen.append((done, total, message))

    async with serving(server) as client:
        await client.call_tool("chain", {}, progress_callback=note)
    assert seen == [
        (0, 3, "1/3: a"),
        (1, 3, "2/3: b"),
        (1.25, 3, "2/3: b: a quarter"),
        (1.5, 3, "2/3: b"),
        (2, 3, "3/3: c"),
    ]


async def test_progress_of_parts_never_goes_back(
    servers: dict[str, Path], scripted: Scripted
) -> None:
    scripted.play({"do b": ["progress", "progress"]})
    seen: list[tuple[float, str | None]] = []

    async def note(done: float, total: float | None, message: str | None) -> None:
        assert total == 2
        seen.append((done, message))

    async with serving(servers["in process"]) as client:
        await client.call_tool("nested", {}, progress_callback=note)
    values = [done for done, _ in seen]
    assert values == sorted(values)
    assert [message for _, message in seen] == [
        "1/2: each",
        "1/2: each[0]",
        "1/2: each[0]: a quarter",
        "1/2: each[0]",
        "1/2: each[1]",
        "2/2: call",
        "2/2: call.a",
        "2/2: call.b",
        "2/2: call.b: a quarter",
        "2/2: call.b",
        "2/2: call.c",
    ]
    assert max(values) < 2


@pytest.mark.parametrize(("what", "answer"), [("ask", "yes"), ("sample", "forty-two")])
async def test_the_client_answers(what: str, answer: str, server: Path, scripted: Scripted) -> None:
    scripted.play({"do b": [what]})
    answers = Answers()
    async with serving(server, "legacy", **answers.callbacks) as client:
        result = await client.call_tool("chain", {})
    assert result.structured_content == {"answer": answer}, text_of(result)
    assert answers.asked == ["b" if what == "ask" else "9 tokens"]


@pytest.mark.parametrize("what", ["ask", "sample"])
async def test_the_client_answers_a_server_of_2025(
    what: str,
    servers: dict[str, Path],
    scripted: Scripted,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FAKE_ERA", "legacy")
    scripted.play({"do b": [what]})
    answers = Answers()
    async with serving(servers["stdio"], "legacy", **answers.callbacks) as client:
        result = await client.call_tool("chain", {})
        assert not result.is_error, text_of(result)
        # Of two runs at once, it cannot be told whose question it is.
        scripted.play({"do a": ["hang"], "do b": [what]})
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(client.call_tool, "chain", {})
            await wait_async(lambda: "do a" in scripted.effects, "another run is under way")
            same = await client.call_tool("at_once", {})
            tasks.cancel_scope.cancel()
    assert same.is_error
    assert "it is not plain which" in text_of(same)
    assert len(answers.asked) == 1


async def test_two_questions_at_once_of_a_server_of_2026(
    servers: dict[str, Path], scripted: Scripted
) -> None:
    """Each question belongs to the call that it holds up."""
    scripted.play({"do b": ["ask", "ask"]})
    first, second = Answers(), Answers("decline")
    module = load(servers["in process"])
    async with (
        Client(module.mcp, mode="legacy", **first.callbacks) as one,
        Client(module.mcp, mode="legacy", **second.callbacks) as two,
    ):
        results: list[Any] = []

        async def run(client: Client) -> None:
            results.append((await client.call_tool("chain", {})).structured_content)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run, one)
            tasks.start_soon(run, two)
    assert sorted(results, key=str) == [{"answer": "decline"}, {"answer": "yes"}]
    assert (first.asked, second.asked) == (["b"], ["b"])


async def test_a_client_that_can_answer_after_one_that_cannot(
    servers: dict[str, Path], scripted: Scripted
) -> None:
    """Servers are told anew that there is somebody to ask; the calls of the other go on."""
    scripted.play({"do b": ["ok", "ok", "ask"], "do c": ["ok", 1.0]})
    answers = Answers()
    with served_over_http(servers["stdio"], **scripted.variables) as (url, _):
        async with (
            Client(url, mode="legacy") as one,
            Client(url, mode="legacy", **answers.callbacks) as two,
            anyio.create_task_group() as tasks,
        ):
            results: list[Any] = []

            async def run() -> None:
                results.append(await one.call_tool("chain", {}))

            await run()
            tasks.start_soon(run)
            await wait_async(lambda: scripted.log("call").count("do c") == 2, "the other runs")
            results.append(await two.call_tool("chain", {}))
    assert [result.is_error for result in results] == [False] * 3
    assert answers.asked == ["b"]


@pytest.mark.parametrize(
    ("mode", "what", "era"),
    [
        ("auto", "ask", ""),
        ("auto", "sample", ""),
        ("legacy", "ask", ""),
        ("auto", "ask", "legacy"),
        ("legacy", "sample", "legacy"),
    ],
)
async def test_a_client_that_cannot_answer(
    mode: Any,
    what: str,
    era: str,
    servers: dict[str, Path],
    scripted: Scripted,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It cannot in the middle of a call since 2026-07-28, nor where it never could."""
    scripted.play({"do b": [what]})
    callbacks = Answers().callbacks if mode == "auto" else {}
    for downstream in ("in process", "stdio"):
        if era and downstream == "in process":
            continue
        monkeypatch.setenv("FAKE_ERA", era)
        scripted.play({"do b": [what]})
        async with serving(servers[downstream], mode, **callbacks) as client:
            result = await client.call_tool("chain", {})
        assert result.is_error
        kind = "elicitation" if what == "ask" else "sampling"
        error = text_of(result)
        assert "chain failed at step 2/3: b (fake.do): " in error
        assert kind in error.lower()
        assert error.endswith("completed steps: a\nundone: a, by fake.undo")


async def test_a_question_that_nobody_answers_in_time(
    servers: dict[str, Path], scripted: Scripted
) -> None:
    async def never(*_: Any) -> ElicitResult:
        await anyio.sleep_forever()
        raise AssertionError

    server = servers["in process"]
    impatient = server.with_name("impatient.py")
    impatient.write_text(server.read_text().replace("timeout=5", "timeout=0.2"))
    scripted.play({"do b": ["ask"]})
    async with serving(impatient, "legacy", elicitation_callback=never) as client:
        result = await client.call_tool("chain", {})
    assert "step 2/3: b (fake.do): it timed out after 0.2 s" in text_of(result)
