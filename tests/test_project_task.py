"""The hybrid example: what can be done for sure is done, and the judgement is left to the model."""

import json
from pathlib import Path

import pytest
from running import EXAMPLES, PROTOCOLS, Mode, connected, prompt_texts, text_of

pytestmark = pytest.mark.anyio

SERVER = EXAMPLES / "project_task/server.py"
ASKED = {"project": "the Python thing", "task": "Release 3.0"}
GUIDANCE = (
    'Choose the project whose name or description matches "the Python thing", and call the tool '
    "with its id. When two match as well, or none does, ask the user instead."
)


@pytest.mark.parametrize("mode", PROTOCOLS)
async def test_what_is_known_is_handed_over(mode: Mode) -> None:
    async with connected(SERVER, mode=mode) as client:
        result = await client.call_tool("add_project_task", {**ASKED, "assignee": "grace"})
        alone = await client.call_tool("add_project_task", ASKED)
    assert result.structured_content == {
        "guidance": GUIDANCE,
        "tool": "tracker.create_task",
        "arguments": {"title": "Release 3.0", "assignee_id": "u-2"},
        "missing": ["project_id"],
    }, text_of(result)
    assert alone.structured_content is not None
    assert alone.structured_content["arguments"] == {"title": "Release 3.0"}


async def test_the_trace_has_what_the_model_needs_to_choose() -> None:
    async with connected(SERVER) as client:
        trace = await prompt_texts(client, "add_project_task", ASKED)
    texts = [text for _, text in trace]
    assert texts[0].startswith("Match the project that the user named")
    assert "Skipping find_assignee: its condition does not hold." in texts
    assert any(text.startswith("# Tasks") for text in texts)
    descriptions = [text for text in texts if '"description"' in text]
    assert len(descriptions) == 3
    assert texts.count('Is this what the user calls "the Python thing"?') == 3
    assert trace[-1] == (
        "assistant",
        f'{GUIDANCE}\nCall tracker.create_task with {{"title": "Release 3.0"}}\n'
        "Still missing: project_id",
    )


async def test_a_failure_is_no_handoff() -> None:
    async with connected(SERVER) as client:
        result = await client.call_tool("add_project_task", {**ASKED, "assignee": "nobody"})
    assert result.is_error
    assert result.structured_content is None
    assert (
        "workflow add_project_task failed at step 2/4: find_assignee (tracker.find_member): "
    ) in text_of(result)
    assert "nobody here is called nobody" in text_of(result)


async def test_it_only_reads() -> None:
    async with connected(SERVER) as client:
        [tool] = (await client.list_tools()).tools
    assert tool.annotations is not None
    assert tool.annotations.read_only_hint is True


def test_the_readme_shows_what_comes_out() -> None:
    readme = Path(SERVER.with_name("README.md")).read_text("utf-8")
    shown = json.loads(readme.partition("```json")[2].partition("```")[0])
    assert shown["guidance"] == GUIDANCE
    assert shown["missing"] == ["project_id"]
