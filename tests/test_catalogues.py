"""Workflows over the tools of real servers: no false alarm, and no planted mistake missed.

The catalogues are what eleven public servers answered to `tools/list`. They are not part of the
project; without them these tests are skipped.
"""

import functools
import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from catalogues.mistakes import MISTAKES
from checking import assert_found, catalog_of, check_file, check_texts, expectations
from wfc import plan, schema
from wfc.emitting.relied_on import relied_on
from wfc.servers.catalog import Catalog

HERE = Path(__file__).parent / "catalogues"
ANSWERS = Path(__file__).parents[2] / "shared/evaluation/tools"
WORKFLOWS = sorted(HERE.glob("*.wf"))

pytestmark = pytest.mark.skipif(
    not ANSWERS.is_dir(), reason="the catalogues of real servers are not on this machine"
)


@functools.cache
def servers() -> dict[str, list[dict[str, Any]]]:
    return {
        path.stem: json.loads(path.read_text("utf-8"))["tools"]
        for path in sorted(ANSWERS.glob("*.json"))
    }


@functools.cache
def catalog() -> Catalog:
    return catalog_of(servers())


def test_every_schema_loads_in_no_time() -> None:
    assert len(servers()) == 11
    for server, tools in servers().items():
        for tool in tools:
            for key in ("inputSchema", "outputSchema"):
                if tool.get(key) is None:
                    continue
                started = time.perf_counter()
                normalized = schema.normalize(tool[key])
                schema.properties(normalized)
                schema.describe(normalized)
                assert schema.satisfiable(normalized) == "yes"
                assert schema.assignable(normalized, normalized).answer == "yes"
                assert time.perf_counter() - started < 0.5, (server, tool["name"], key)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_real_workflow_gives_no_false_alarm(path: Path) -> None:
    started = time.perf_counter()
    found = check_file(path, catalog())
    assert time.perf_counter() - started < 2
    assert_found(path, found)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_generated_server_can_compare_every_real_tool(path: Path) -> None:
    server, _ = check_texts({path.name: path.read_text("utf-8")}, catalog())
    assert server is not None
    calls = {
        (action.server.server, action.tool.name)
        for workflow in server.workflows
        for step in workflow.steps
        for action in (step.action, step.undo)
        if isinstance(action, plan.ToolCall)
    }
    found = relied_on(server)
    assert {(name, tool) for (_, _, name), tools in found.items() for tool in tools} == calls


@pytest.mark.parametrize(
    ("name", "right", "wrong", "code", "message", "blamed"),
    [pytest.param(*each, id=f"{each[0]}: {each[4]}") for each in MISTAKES],
)
def test_a_planted_mistake_gives_one_error(
    name: str, right: str, wrong: str, code: str, message: str, blamed: str | None
) -> None:
    text = (HERE / f"{name}.wf").read_text("utf-8")
    assert text.count(right) == 1
    _, found = check_texts({f"{name}.wf": text.replace(right, wrong)}, catalog())
    (error,) = [each for each in found if each.is_error]
    assert (error.code, error.message) == (code, error.message)
    assert message in error.message
    assert error.span is not None
    assert blamed in (None, error.span.text)
    expected = {(code, part) for _, code, part in expectations(text)}
    for warning in found:
        # A mistake adds no warnings, unless something is not used any more.
        if not warning.is_error and warning.code not in ("WF501", "WF502"):
            assert any(
                warning.code == code and part in warning.message for code, part in expected
            ), warning


def test_a_misspelt_name_gives_one_error() -> None:
    counts: list[int] = []
    for path in WORKFLOWS:
        text = path.read_text("utf-8")
        for number, word in enumerate(re.finditer(r"(?<![\w\"])[a-z_]{3,}(?![\w\"])", text)):
            if number % 7 or is_text_or_comment(text, word.start()):
                continue
            misspelt = f"{text[: word.end()]}zz{text[word.end() :]}"
            _, found = check_texts({path.name: misspelt}, catalog())
            if not any(each.code.startswith("WF1") for each in found):  # no keyword
                counts.append(sum(each.is_error for each in found))
    # More than one only where an argument is declared by a wrong name: in its workflow, and in
    # those that call it.
    assert sum(count > 1 for count in counts) <= len(counts) / 50


def is_text_or_comment(text: str, position: int) -> bool:
    line = text[text.rfind("\n", 0, position) + 1 : position]
    return "#" in line or line.count('"') % 2 == 1
