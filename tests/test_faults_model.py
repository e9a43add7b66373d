"""Workflows and faults that nobody thought of, against the model of what has to come of them."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import anyio
import pytest
from faults.model import Call, Outcome, Parallel, Script, Statement, Step, outcome
from faults.serving import Scripted, build
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from mcp import Client
from running import load, text_of
from wfc.emitting.formatting import LAID_OUT

KINDS = ["ok", "error", "refuse", "crash", "late error", "missing"]


# --- Drawing workflows


@st.composite
def steps(draw: st.DrawFn, name: str, *, alone: bool = True) -> Step:
    return Step(
        name,
        has_undo=draw(st.booleans()),
        attempts=draw(st.sampled_from([1, 1, 2, 3])) if alone else 1,
        items=draw(st.sampled_from([None, None, 1, 3])) if alone else None,
        is_wanted=draw(st.sampled_from([None, None, True, False])),
    )


@st.composite
def workflows(draw: st.DrawFn) -> tuple[Statement, ...]:
    statements: list[Statement] = []
    for position in range(draw(st.integers(1, 5))):
        name = f"s{position}"
        match draw(st.sampled_from(["step", "step", "parallel", "call"])):
            case "step":
                statements.append(draw(steps(name)))
            case "parallel":
                count = draw(st.integers(2, 3))
                parts = [draw(steps(f"{name}p{part}", alone=False)) for part in range(count)]
                statements.append(Parallel(tuple(parts)))
            case _:
                count = draw(st.integers(1, 3))
                parts = [draw(steps(f"{name}c{part}")) for part in range(count)]
                attempts = draw(st.sampled_from([1, 1, 2, 3]))
                statements.append(Call(name, f"{name}_workflow", tuple(parts), attempts))
    return tuple(statements)


def keys_of(statements: tuple[Statement, ...]) -> list[str]:
    found: list[str] = []
    for statement in statements:
        for step in [statement] if isinstance(statement, Step) else statement.steps:
            found += step.all_keys()
    return found


@st.composite
def scripts(draw: st.DrawFn, statements: tuple[Statement, ...]) -> Script:
    """Draw what a few of the calls do; in `parallel`, each takes longer than the one before it."""
    script: Script = {}
    keys = keys_of(statements)
    if keys:
        for key in draw(st.lists(st.sampled_from(keys), max_size=3, unique=True)):
            script[f"do {key}"] = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=4))
        for key in draw(st.lists(st.sampled_from(keys), max_size=2, unique=True)):
            script[f"undo {key}"] = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=2))
    return script


# --- Writing them


def written(statements: tuple[Statement, ...]) -> str:
    called = [each for each in statements if isinstance(each, Call)]
    lines = ['workflow main "A workflow"  {', "  arg yes?: string", "  arg no?: string"]
    for statement in statements:
        match statement:
            case Step():
                lines += step_lines(statement, "  ")
            case Parallel():
                lines += ["  parallel {"]
                for step in statement.steps:
                    lines += step_lines(step, "    ")
                lines += ["  }"]
            case Call():
                lines += [f"  step {statement.name}: {statement.workflow}(yes, no)"]
                if statement.attempts > 1:
                    lines += [f"    retry {statement.attempts} every 1ms unsafe"]
    lines += ["}", ""]
    for call in called:
        lines += [f'workflow {call.workflow} "Another" {{']
        lines += ["  arg yes?: string", "  arg no?: string"]
        for step in call.steps:
            lines += step_lines(step, "  ")
        lines += ["}", ""]
    return "\n".join(lines)


def step_lines(step: Step, indent: str) -> list[str]:
    key = json.dumps(step.name) if step.items is None else "item"
    lines = [f"{indent}step {step.name}: fake.do(key = {key}) as {step.name}_done"]
    if step.items is not None:
        lines.append(f"{indent}  for item in {json.dumps(step.all_keys())}")
    if step.is_wanted is not None:
        lines.append(f"{indent}  when {'yes' if step.is_wanted else 'no'}")
    if step.has_undo:
        lines.append(f"{indent}  undo fake.undo(key = {step.name}_done.id)")
    if step.attempts > 1:
        lines.append(f"{indent}  retry {step.attempts} unsafe")
    return lines


# --- Running them


@pytest.fixture(autouse=True)
def _without_black(monkeypatch: pytest.MonkeyPatch) -> None:
    """Layout is not what is tested here, and takes most of the time."""
    monkeypatch.setattr("wfc.emitting.emit.formatted", lambda text: text.replace(LAID_OUT, ""))


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_what_happens_is_what_the_model_says(
    data: st.DataObject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements = data.draw(workflows(), label="workflow")
    drawn = data.draw(st.lists(scripts(statements), min_size=1, max_size=6), label="faults")
    server = build(tmp_path, written(statements))
    scripted = Scripted(tmp_path, monkeypatch)
    anyio.run(run_all, server, statements, drawn, scripted)


async def run_all(
    server: Path, statements: tuple[Statement, ...], drawn: list[Script], scripted: Scripted
) -> None:
    async with Client(load(server).mcp) as client:
        for script in drawn:
            scripted.play(with_delays(script, statements))
            with anyio.fail_after(30):
                result = await client.call_tool("main", {"yes": "yes"})
            expected = outcome(statements, script)
            assert scripted.effects == expected.effects
            if expected.failed_at is None:
                assert not result.is_error, text_of(result)
            else:
                assert result.is_error
                assert_error(text_of(result), expected)
            each_once(scripted.effects)


def with_delays(script: Script, statements: tuple[Statement, ...]) -> dict[str, Any]:
    """Let each call in a `parallel` take longer than the one before it."""
    played: dict[str, Any] = dict(script)
    for statement in statements:
        if isinstance(statement, Parallel):
            for position, step in enumerate(statement.steps):
                for key in step.all_keys():
                    what = script.get(f"do {key}", ["ok"])[0]
                    played[f"do {key}"] = [{"after": 0.02 * position, "do": what}]
    return played


def assert_error(error: str, expected: Outcome) -> None:
    first, completed, *reports = error.split("\n")
    assert first.startswith("Error executing tool main: workflow main failed at step ")
    assert f": {expected.failed_at} (fake.do): " in first
    assert completed == f"completed steps: {', '.join(expected.completed) or 'none'}"
    told = [report.partition(", by fake.undo")[0] for report in reports]
    assert told == expected.reports


def each_once(effects: list[str]) -> None:
    """Nothing is undone that was not done, and nothing more often than it was done."""
    done, undone = Counter[str](), Counter[str]()
    for effect in effects:
        tool, key = effect.split(" ", 1)
        (done if tool == "do" else undone)[key] += 1
        assert undone[key] <= done[key], effects
