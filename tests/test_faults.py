"""Every way in which a downstream can fail, at every step and in every clause."""

import asyncio
from pathlib import Path
from typing import Any

import anyio
import pytest
from faults.serving import Scripted, build, serving
from running import prompt_texts, text_of, wait_async, wfc

pytestmark = pytest.mark.anyio

CHAIN = """
workflow chain "Three steps that can be undone" {
  step a: fake.do(key = "a") as a
    undo fake.undo(key = a.items[0])
  step b: fake.do(key = "b") as b
    undo fake.undo(key = b.id)
    timeout 500ms
  step c: fake.do(key = "c") as c
    undo fake.undo(key = "c")
    timeout 500ms
  return {a: a.id, b: b.id, c: c.items}
}
"""

FAULTS = {
    "error": "it is not to be done",
    "late error": "it failed half way",
    "refuse": "refused by the protocol",
    "crash": "nobody expected this",
    "wrong": "it returned what its type does not allow: ",
    "missing": "it returned no structured content, which its output schema promises",
    "hang": "it timed out after 0.5 s",
}
"""What the cause of each failure has to say."""


@pytest.fixture
def scripted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scripted:
    return Scripted(tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("chain"), CHAIN)


async def error_of(server: Path, workflow: str, arguments: dict[str, Any] | None = None) -> str:
    """Run a workflow that has to fail, in both forms alike; return the error of the tool."""
    async with serving(server) as client:
        result = await client.call_tool(workflow, arguments or {})
    assert result.is_error, result.structured_content
    return text_of(result).removeprefix(f"Error executing tool {workflow}: ")


async def test_nothing_fails(chain: Path, scripted: Scripted) -> None:
    async with serving(chain) as client:
        result = await client.call_tool("chain", {})
    assert result.structured_content == {"a": "a", "b": "b", "c": ["first", "second"]}
    assert scripted.effects == ["do a", "do b", "do c"]


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_step_that_fails(fault: str, chain: Path, scripted: Scripted) -> None:
    for position, name in enumerate("abc", 1):
        if name == "a" and fault == "hang":
            continue
        scripted.play({f"do {name}": [fault]})
        error = await error_of(chain, "chain")
        lines = error.split("\n")
        assert lines[0].startswith(
            f"workflow chain failed at step {position}/3: {name} (fake.do): "
        )
        assert FAULTS[fault] in lines[0]
        before = "abc"[: position - 1]
        assert lines[1] == f"completed steps: {', '.join(before) or 'none'}"
        keys = {"a": "first", "b": "b", "c": "c"}
        assert lines[2:] == [f"undone: {each}, by fake.undo" for each in reversed(before)]
        had_effect = [f"do {name}"] if fault not in ("error", "refuse", "crash") else []
        assert scripted.effects == [
            *(f"do {each}" for each in before),
            *had_effect,
            *(f"undo {keys[each]}" for each in reversed(before)),
        ]
        assert scripted.log("cancelled") == ([f"do {name}"] if fault == "hang" else [])


@pytest.mark.parametrize("fault", ["error", "refuse", "crash", "hang"])
async def test_an_undo_that_fails(fault: str, chain: Path, scripted: Scripted) -> None:
    scripted.play({"do c": ["error"], "undo b": [fault]})
    error = await error_of(chain, "chain")
    assert f"\nNOT undone: b, by fake.undo: {FAULTS[fault][:20]}" in error.replace("'", "")
    assert error.endswith("\nundone: a, by fake.undo")
    assert scripted.effects[-1] == "undo first"


async def test_the_prompt_ends_with_the_error(chain: Path, scripted: Scripted) -> None:
    scripted.play({"do b": ["error"]})
    async with serving(chain) as client:
        trace = await prompt_texts(client, "chain", {})
    assert trace[-2] == ("assistant", 'Calling fake.do with {"key": "b"}')
    role, error = trace[-1]
    assert role == "user"
    assert error.startswith("workflow chain failed at step 2/3: b (fake.do): ")
    assert error.endswith("\ncompleted steps: a\nundone: a, by fake.undo")


# --- What is not there


INDEXES = """
workflow in_argument "An item that is not there" {
  step a: fake.do(key = "a") as a
    undo fake.undo(key = "a")
  step b: fake.do(key = a.items[1]) as _b
}

workflow in_condition "An item that is not there" {
  step a: fake.do(key = "a") as a
    undo fake.undo(key = "a")
  step b: fake.do(key = "b")
    when a.items[1] == "second"
}

workflow in_undo "An item that is not there" {
  step z: fake.do(key = "z")
    undo fake.undo(key = "z")
  step a: fake.do(key = "a") as a
    undo fake.undo(key = a.items[1])
  step b: fake.do(key = "b")
}

workflow in_return "An item that is not there" {
  step a: fake.do(key = "a") as a
    undo fake.undo(key = "a")
  return {second: a.items[1]}
}

workflow in_requirement "An item that is not there" {
  step z: fake.do(key = "z")
    undo fake.undo(key = "z")
  step a: fake.do(key = "a") as a
    require a.items[1] != ""
}

workflow in_guidance "An item that is not there" {
  step a: fake.do(key = "a") as a
    undo fake.undo(key = "a")
  step b: fake.do(key = "b")
    guidance f"Look at {a.items[1]}"
}

workflow in_call "An item that is not there" {
  step a: fake.do(key = "a") as a
    undo fake.undo(key = "a")
  step b: take(key = a.items[1])
}

workflow in_called "An item that is not there" {
  step a: in_return() as inner
  step b: take(key = inner.second)
}

workflow in_handoff "An item that is not there" {
  step a: fake.do(key = "a") as a
    undo fake.undo(key = "a")
  handoff fake.do(key = a.items[1]) "Go on."
}

workflow take "Take something" {
  arg key: string
  step one: fake.do(key)
}
"""


@pytest.fixture(scope="module")
def indexes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("indexes"), INDEXES)


@pytest.mark.parametrize(
    ("place", "where", "rest"),
    [
        ("argument", "step 2/2: b", ["completed steps: a", "undone: a, by fake.undo"]),
        ("condition", "step 2/2: b", ["completed steps: a", "undone: a, by fake.undo"]),
        ("guidance", "step 2/2: b", ["completed steps: a", "undone: a, by fake.undo"]),
        ("call", "step 2/2: b", ["completed steps: a", "undone: a, by fake.undo"]),
        ("return", "return", ["completed steps: a", "undone: a, by fake.undo"]),
        ("handoff", "handoff", ["completed steps: a", "undone: a, by fake.undo"]),
        (
            "called",
            "step 1/2: a.return",
            ["completed steps: a.a", "undone: a.a, by fake.undo"],
        ),
        (
            "requirement",
            "step 2/2: a (fake.do)",
            ["completed steps: z", "undone: z, by fake.undo"],
        ),
        (
            "undo",
            "step 2/3: a",
            [
                "completed steps: z, a",
                "NOT undone: a: there is no item [1] in an array of 0",
                "undone: z, by fake.undo",
            ],
        ),
    ],
)
async def test_an_index_past_the_end(
    place: str, where: str, rest: list[str], indexes: Path, scripted: Scripted
) -> None:
    scripted.play({"do a": ["empty"]})
    error = await error_of(indexes, f"in_{place}")
    head = f"workflow in_{place} failed at {where}: there is no item [1] in an array of 0"
    assert error.split("\n") == [head, *rest]


# --- Texts


TEXTS = """
workflow parsed "Text that is to be JSON" {
  step a: fake.do(key = "a")
    undo fake.undo(key = "a")
  step b: fake.say(key = "b") as b: {id: string}
  step c: fake.do(key = b.id)
}

workflow required "Text that has to say something" {
  step a: fake.do(key = "a")
    undo fake.undo(key = "a")
  step b: fake.say(key = "b") as log
    require not log matches "^<html" f"the answer is {log}"
    retry 2 unsafe
  return log
}
"""


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("texts"), TEXTS)


async def test_text_that_is_not_json(texts: Path, scripted: Scripted) -> None:
    scripted.play({"say b": ["garbage"]})
    error = await error_of(texts, "parsed")
    assert error.startswith(
        "workflow parsed failed at step 2/3: b (fake.say): it returned text that is not JSON: "
    )
    assert scripted.effects == ["do a", "say b", "undo a"]


async def test_a_requirement_that_is_not_met(texts: Path, scripted: Scripted) -> None:
    scripted.play({"say b": ["garbage", "garbage"]})
    error = await error_of(texts, "required")
    assert error == (
        "workflow required failed at step 2/2: b (fake.say): the answer is <html> "
        "(attempt 2 of 2)\ncompleted steps: a\nundone: a, by fake.undo"
    )
    scripted.play({"say b": ["garbage"]})
    async with serving(texts) as client:
        result = await client.call_tool("required", {})
    assert not result.is_error
    assert scripted.effects == ["do a", "say b", "say b"]


# --- Clauses


CLAUSES = """
workflow many "Something for each item" {
  arg keys: string[]
  step z: fake.do(key = "z")
    undo fake.undo(key = "z")
  step each_key: fake.do(key) as done
    for key in keys
    undo fake.undo(key = done.id)
    retry 2 every 1ms unsafe
  step last: fake.do(key = "last")
  return {ids: done}
}

workflow many_by_workflow "Something for each item, undone by a workflow" {
  arg keys: string[]
  step each_key: fake.do(key) as done
    for key in keys
    undo cleanup(key = done.id)
  step last: fake.do(key = "last")
}

workflow cleanup "Undo one thing" {
  arg key: string
  step first: fake.do(key = "cleanup")
    undo fake.undo(key = "cleanup")
  step then: fake.undo(key)
}

workflow at_once "Three at the same time" {
  step z: fake.do(key = "z")
    undo fake.undo(key = "z")
  parallel {
    step a: fake.do(key = "a")
      undo fake.undo(key = "a")
    step b: fake.do(key = "b")
      undo fake.undo(key = "b")
    step c: inner()
  }
  step last: fake.do(key = "last")
}

workflow inner "Two steps" {
  step one: fake.do(key = "one")
    undo fake.undo(key = "one")
  step two: fake.do(key = "two")
    undo fake.undo(key = "two")
}

workflow outer "Calls another" {
  step z: fake.do(key = "z")
    undo fake.undo(key = "z")
  step call: inner()
    timeout 500ms
  step last: fake.do(key = "last")
}

workflow again "Calls another twice when it has to" {
  step z: fake.do(key = "z")
    undo fake.undo(key = "z")
  step call: inner()
    retry 2 every 1ms
    timeout 500ms
  step last: fake.do(key = "last")
}

workflow beside "Tries again while something else completes" {
  parallel {
    step slow: inner()
      retry 2 every 100ms
    step quick: fake.do(key = "quick")
      undo fake.undo(key = "quick")
  }
  step last: fake.do(key = "last")
}
"""


@pytest.fixture(scope="module")
def clauses(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("clauses"), CLAUSES)


async def test_an_item_that_fails(clauses: Path, scripted: Scripted) -> None:
    scripted.play({"do 2": ["error", "late error"]})
    error = await error_of(clauses, "many", {"keys": ["0", "1", "2", "3"]})
    assert error.split("\n") == [
        "workflow many failed at step 2/3: each_key[2] (fake.do): it failed half way "
        "(attempt 2 of 2)",
        "completed steps: z, each_key[0], each_key[1]",
        "undone: each_key[1], by fake.undo",
        "undone: each_key[0], by fake.undo",
        "undone: z, by fake.undo",
    ]
    assert scripted.effects == ["do z", "do 0", "do 1", "do 2", "undo 1", "undo 0", "undo z"]


async def test_each_item_is_undone_by_a_workflow_of_its_own(
    clauses: Path, scripted: Scripted
) -> None:
    scripted.play({"do last": ["error"], "undo 1": ["error"]})
    error = await error_of(clauses, "many_by_workflow", {"keys": ["0", "1", "2"]})
    assert error.split("\n") == [
        "workflow many_by_workflow failed at step 2/2: last (fake.do): it is not to be done",
        "completed steps: each_key[0], each_key[1], each_key[2], each_key",
        "undone: each_key[2], by cleanup",
        "NOT undone: each_key[1], by cleanup: workflow cleanup failed at step 2/2: then "
        "(fake.undo): it is not to be done",
        "completed steps: first",
        "undone: first, by fake.undo",
        "undone: each_key[0], by cleanup",
    ]
    assert scripted.effects == [
        *["do 0", "do 1", "do 2"],
        *["do cleanup", "undo 2"],
        *["do cleanup", "undo cleanup"],
        *["do cleanup", "undo 0"],
    ]


async def test_the_first_that_fails_cancels_the_others(clauses: Path, scripted: Scripted) -> None:
    scripted.play({"do b": ["hang"], "do two": ["error"], "do one": [0.02]})
    error = await error_of(clauses, "at_once")
    assert error.split("\n") == [
        "workflow at_once failed at step 4/5: c.two (fake.do): it is not to be done",
        "completed steps: z, a, c.one",
        "undone: c.one, by fake.undo",
        "undone: a, by fake.undo",
        "undone: z, by fake.undo",
    ]
    assert scripted.log("cancelled") == ["do b"]
    assert scripted.effects == ["do z", "do a", "do b", "do one", "undo one", "undo a", "undo z"]


async def test_several_fail_at_the_same_time(clauses: Path, scripted: Scripted) -> None:
    scripted.play({"do a": ["error"], "do b": ["error"], "do one": ["error"]})
    error = await error_of(clauses, "at_once")
    assert error.startswith("workflow at_once failed at step 2/5: a (fake.do): ")
    assert scripted.effects == ["do z", "undo z"]


async def test_the_trace_tells_the_steps_of_a_called_workflow(
    clauses: Path, scripted: Scripted
) -> None:
    scripted.play({"do two": ["error"]})
    async with serving(clauses) as client:
        failing = await prompt_texts(client, "outer", {})
        scripted.play({})
        working = await prompt_texts(client, "outer", {})
    assert failing[4:-1] == [
        ("assistant", "Calling workflow inner with {}"),
        ("assistant", 'call.one: Calling fake.do with {"key": "one"}'),
        ("user", 'Tool result: {"id": "one", "items": ["first", "second"]}'),
        ("assistant", 'call.two: Calling fake.do with {"key": "two"}'),
    ]
    assert working[9] == ("user", "Workflow result: {}")
    assert working[10] == ("assistant", 'Calling fake.do with {"key": "last"}')


async def test_a_called_workflow_that_fails(clauses: Path, scripted: Scripted) -> None:
    scripted.play({"do two": ["missing"]})
    error = await error_of(clauses, "outer")
    assert error.startswith("workflow outer failed at step 2/3: call.two (fake.do): it returned")
    assert error.endswith(
        "completed steps: z, call.one\nundone: call.one, by fake.undo\nundone: z, by fake.undo"
    )
    scripted.play({"do last": ["error"]})
    await error_of(clauses, "outer")
    assert scripted.effects == [
        *["do z", "do one", "do two"],
        *["undo two", "undo one", "undo z"],
    ]


async def test_a_called_workflow_that_takes_too_long(clauses: Path, scripted: Scripted) -> None:
    scripted.play({"do two": ["hang"]})
    error = await error_of(clauses, "outer")
    assert error.split("\n") == [
        "workflow outer failed at step 2/3: call: it timed out after 0.5 s",
        "completed steps: z, call.one",
        "undone: call.one, by fake.undo",
        "undone: z, by fake.undo",
    ]
    assert scripted.effects == ["do z", "do one", "do two", "undo one", "undo z"]


@pytest.mark.parametrize("fault", ["error", "hang"])
async def test_an_attempt_is_undone_before_the_next(
    fault: str, clauses: Path, scripted: Scripted
) -> None:
    scripted.play({"do two": [fault]})
    async with serving(clauses) as client:
        result = await client.call_tool("again", {})
    assert not result.is_error, text_of(result)
    tried = ["do two"] if fault == "hang" else []
    assert scripted.effects == [
        *["do z", "do one", *tried, "undo one"],
        *["do one", "do two", "do last"],
    ]


async def test_every_attempt_fails(clauses: Path, scripted: Scripted) -> None:
    scripted.play({"do two": ["error", "error"]})
    error = await error_of(clauses, "again")
    assert error.split("\n") == [
        "workflow again failed at step 2/3: call.two (fake.do): it is not to be done "
        "(attempt 2 of 2)",
        "completed steps: z, call.one",
        "undone: call.one, by fake.undo",
        "undone: z, by fake.undo",
    ]
    assert scripted.effects == ["do z", "do one", "undo one", "do one", "undo one", "undo z"]


async def test_an_attempt_that_cannot_be_undone_is_the_last(
    clauses: Path, scripted: Scripted
) -> None:
    scripted.play({"do two": ["error"], "undo one": ["error"]})
    error = await error_of(clauses, "again")
    assert error.split("\n") == [
        "workflow again failed at step 2/3: call.two (fake.do): it is not to be done "
        "(attempt 1 of 2)",
        "completed steps: z, call.one",
        "NOT undone: call.one, by fake.undo: it is not to be done",
        "undone: z, by fake.undo",
    ]
    assert scripted.effects == ["do z", "do one", "undo z"]


async def test_undoing_an_attempt_leaves_what_else_completed(
    clauses: Path, scripted: Scripted
) -> None:
    scripted.play({"do one": [0.05], "do two": ["error"]})
    async with serving(clauses) as client:
        result = await client.call_tool("beside", {})
    assert not result.is_error, text_of(result)
    assert scripted.effects == [
        *["do quick", "do one", "undo one"],
        *["do one", "do two", "do last"],
    ]


# --- Cancelling


@pytest.mark.parametrize(
    ("workflow", "script", "wait_for", "effects"),
    [
        ("chain", {"do a": ["hang"]}, "effect do a", ["do a"]),
        ("chain", {"do c": [9.0]}, "call do c", ["do a", "do b", "undo b", "undo first"]),
    ],
)
async def test_cancelling_during_a_call(
    workflow: str,
    script: dict[str, Any],
    wait_for: str,
    effects: list[str],
    chain: Path,
    scripted: Scripted,
) -> None:
    script = {key: [0.4] if value == [9.0] else value for key, value in script.items()}
    scripted.play(script)
    what, call = wait_for.split(" ", 1)
    async with serving(chain) as client:
        await cancelled_when(client, workflow, lambda: call in scripted.log(what))
        await wait_async(lambda: scripted.effects == effects, f"{effects} have happened")
    assert len(scripted.log("cancelled")) == 1


async def cancelled_when(
    client: Any, workflow: str, holds: Any, arguments: dict[str, Any] | None = None
) -> None:
    """Call a workflow and cancel the call as soon as something holds."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(client.call_tool, workflow, arguments or {})
        await wait_async(holds, "it is time to cancel")
        tasks.cancel_scope.cancel()


async def test_cancelling_in_parallel(clauses: Path, scripted: Scripted) -> None:
    scripted.play({"do b": ["hang"], "do two": ["hang"]})
    async with serving(clauses) as client:
        await cancelled_when(client, "at_once", lambda: len(scripted.effects) == 5)
        await wait_async(lambda: "undo z" in scripted.effects, "everything is undone")
    assert sorted(scripted.log("cancelled")) == ["do b", "do two"]
    assert scripted.effects[5:] == ["undo one", "undo a", "undo z"]


async def test_cancelling_while_waiting_for_another_attempt(
    clauses: Path, scripted: Scripted
) -> None:
    scripted.play({"do one": ["error"]})
    async with serving(clauses) as client:
        await cancelled_when(client, "beside", lambda: "call do one" and scripted.log("call") != [])
        await wait_async(lambda: "undo quick" in scripted.effects, "the quick one is undone")
    assert scripted.effects == ["do quick", "undo quick"]


async def test_cancelling_while_undoing(clauses: Path, scripted: Scripted) -> None:
    scripted.play({"do last": ["error"], "undo two": [0.2]})
    async with serving(clauses) as client:
        await cancelled_when(client, "outer", lambda: "undo two" in scripted.log("call"))
        await wait_async(lambda: "undo z" in scripted.effects, "everything is undone")
    assert scripted.effects[3:] == ["undo two", "undo one", "undo z"]
    assert scripted.log("cancelled") == []


async def test_nothing_is_left_running(clauses: Path, scripted: Scripted) -> None:
    async with serving(clauses) as client:
        await client.call_tool("outer", {})
        tasks = len(asyncio.all_tasks())
        for script in ({"do two": ["hang"]}, {"do last": ["error"]}, {"do b": ["error"]}):
            scripted.play(script)
            await client.call_tool("outer", {})
            await client.call_tool("at_once", {})
        with anyio.move_on_after(0.2):
            scripted.play({"do two": ["hang"]})
            await client.call_tool("at_once", {})
        await anyio.sleep(0.1)
        assert len(asyncio.all_tasks()) == tasks


# --- What is said of it beforehand


async def test_a_retry_that_may_repeat_an_effect_is_pointed_out(tmp_path: Path) -> None:
    """Of a tool, and of a workflow that calls it; not where the file says that it may."""
    build(tmp_path, CLAUSES)
    told = wfc("check", "--locked", "input.wf", folder=tmp_path).stderr
    assert told.count("warning[WF503]") == 2
    text = (tmp_path / "input.wf").read_text()
    (tmp_path / "input.wf").write_text(
        text.replace("retry 2 every 1ms\n", "retry 2 every 1ms unsafe\n").replace(
            "100ms", "1s unsafe"
        )
    )
    assert "WF503" not in wfc("check", "--locked", "input.wf", folder=tmp_path).stderr
