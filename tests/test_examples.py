"""The examples as their readers meet them: committed, built, served and called."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from conftest import Company
from mcp import Client, MCPError, StdioServerParameters
from running import (
    EXAMPLES,
    LIMIT,
    PROTOCOLS,
    Mode,
    Transport,
    children,
    connected,
    environment,
    free_port,
    is_listening,
    process,
    prompt_texts,
    served_over_http,
    text_of,
    wait_async,
    wait_until,
    wfc,
)

pytestmark = pytest.mark.anyio

NAMES = sorted(path.parent.name for path in EXAMPLES.glob("*/*.wf"))
ONBOARDING = EXAMPLES / "onboarding/server.py"
RELEASE_NOTES = EXAMPLES / "release_notes/server.py"

every_example = pytest.mark.parametrize("name", NAMES)
every_connection = pytest.mark.parametrize(
    ("transport", "mode"),
    [
        (transport, mode)
        for transport in ("stdio", "http", "in process")
        for mode in ("auto", "legacy")
    ],
)

ALICE = {
    "employee_name": "Alice Smith",
    "department": "engineering",
    "role": "Software Engineer",
    "manager_id": "mgr-123",
    "start_date": "2024-02-01",
}
ALICE_WITH_LAPTOP = {**ALICE, "laptop": "light"}

WHAT_ALICE_GETS = [
    {
        "tool": "create_employee",
        "name": "Alice Smith",
        "department": "engineering",
        "start_date": "2024-02-01",
    },
    {"tool": "create_payroll", "employee_id": "emp-456", "department": "engineering"},
    {
        "tool": "create_github_user",
        "employee_id": "emp-456",
        "email": "alice@company.com",
        "team": "engineering",
    },
    {"tool": "provision_laptop", "employee_id": "emp-456", "model": "light"},
    {
        "tool": "send_email",
        "to": "alice@company.com",
        "subject": "Welcome, Alice Smith!",
        "laptop_tracking": "FX123456",
    },
]
WHAT_IS_UNDONE = ["cancel_laptop", "remove_github_user", "close_payroll", "delete_employee"]


# --- What is committed


def copy_of(name: str, folder: Path) -> Path:
    """Copy an example without what is built from it."""
    return Path(
        shutil.copytree(
            EXAMPLES / name, folder, ignore=shutil.ignore_patterns("server.py", "__pycache__", ".*")
        )
    )


@every_example
def test_the_committed_server_is_what_a_build_gives(name: str) -> None:
    outcome = wfc(
        "build", "--check", "--locked", "--diff", f"{name}.wf", "-o", "server.py",
        folder=EXAMPLES / name,
    )  # fmt: skip
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert outcome.stderr == ""


@every_example
@pytest.mark.usefixtures("nothing_reachable")
def test_a_build_anywhere_without_servers_gives_the_same_bytes(name: str, tmp_path: Path) -> None:
    committed = (EXAMPLES / name / "server.py").read_bytes()
    for place in ("here", "some where/else"):
        folder = copy_of(name, tmp_path / place)
        outcome = wfc("build", "--locked", f"{name}.wf", "-o", "server.py", folder=folder)
        assert outcome.returncode == 0, outcome.stderr
        assert (folder / "server.py").read_bytes() == committed


@every_example
def test_nothing_is_to_be_said_about_an_example(name: str) -> None:
    outcome = wfc("check", "--strict", "--locked", f"{name}.wf", folder=EXAMPLES / name)
    assert (outcome.returncode, outcome.stderr) == (0, "")


@every_example
def test_the_servers_still_offer_what_the_lock_says(
    name: str, tmp_path: Path, company: Company
) -> None:
    folder = copy_of(name, tmp_path / "example")
    (folder / "tools.lock.json").unlink()
    outcome = wfc("lock", f"{name}.wf", folder=folder, **company.variables)
    assert outcome.returncode == 0, outcome.stderr
    committed = (EXAMPLES / name / "tools.lock.json").read_text()
    assert (folder / "tools.lock.json").read_text() == committed


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All the generated servers in one folder, away from the configuration of this project."""
    folder = tmp_path_factory.mktemp("generated")
    for name in NAMES:
        shutil.copy(EXAMPLES / name / "server.py", folder / f"{name}_server.py")
    return folder


@pytest.mark.parametrize(
    "tool", [("mypy", "--strict", "."), ("pyright", "."), ("ruff", "check", "--isolated", ".")]
)
def test_generated_servers_are_clean(tool: tuple[str, ...], generated: Path) -> None:
    outcome = subprocess.run(
        [sys.executable, "-m", *tool],
        cwd=generated,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


async def test_a_generated_server_runs_where_wfc_is_not_installed() -> None:
    server = EXAMPLES / "code_review/server.py"
    without_wfc = (
        "import runpy, sys\n"
        "sys.modules['wfc'] = None\n"
        "sys.argv = sys.argv[1:]\n"
        "runpy.run_path(sys.argv[0], run_name='__main__')\n"
    )
    parameters = StdioServerParameters(
        command=sys.executable, args=["-c", without_wfc, str(server)], env=environment()
    )
    with anyio.fail_after(LIMIT):
        async with Client(parameters) as client:
            result = await client.call_tool("code_review_workflow", {"code": "fn main() {}"})
    assert not result.is_error, text_of(result)


# --- Onboarding


@every_connection
async def test_onboarding_as_a_tool(transport: Transport, mode: Mode, company: Company) -> None:
    progress: list[tuple[float, float | None, str | None]] = []

    async def note(done: float, total: float | None, message: str | None) -> None:
        progress.append((done, total, message))

    async with connected(ONBOARDING, transport, mode, **company.variables) as client:
        assert client.protocol_version == PROTOCOLS[mode]
        (tool,) = (await client.list_tools()).tools
        result = await client.call_tool(
            "onboard_employee", ALICE_WITH_LAPTOP, progress_callback=note
        )

    assert tool.name == "onboard_employee"
    assert tool.description == "Complete employee onboarding across all systems"
    assert tool.input_schema["required"] == list(ALICE)
    assert tool.input_schema["properties"]["start_date"]["format"] == "date"
    assert tool.annotations is not None
    assert tool.annotations.read_only_hint is not True

    assert not result.is_error, text_of(result)
    assert result.structured_content == {
        "employee_id": "emp-456",
        "email": "alice@company.com",
        "payroll_id": "pay-789",
        "github": "asmith",
        "laptop_tracking": "FX123456",
        "message_id": "msg-abc",
    }
    assert company.effects.all() == WHAT_ALICE_GETS
    assert progress == [
        (0, 5, "1/5: create_employee"),
        (1, 5, "2/5: setup_payroll"),
        (2, 5, "3/5: github_access"),
        (3, 5, "4/5: provision_laptop"),
        (4, 5, "5/5: send_welcome"),
    ]


@every_connection
async def test_onboarding_as_a_prompt(transport: Transport, mode: Mode, company: Company) -> None:
    async with connected(ONBOARDING, transport, mode, **company.variables) as client:
        (prompt,) = (await client.list_prompts()).prompts
        trace = await prompt_texts(client, "onboard_employee", ALICE_WITH_LAPTOP)

    assert prompt.name == "onboard_employee"
    assert prompt.arguments is not None
    assert [(each.name, each.required) for each in prompt.arguments] == [
        *((argument, True) for argument in ALICE),
        ("laptop", False),
    ]
    assert company.effects.all() == WHAT_ALICE_GETS

    roles = [role for role, _ in trace]
    assert roles == ["user", "user", "assistant", *["assistant", "user"] * 5]
    instruction, intent, plan, *steps = [text for _, text in trace]
    assert instruction == "Execute the employee onboarding workflow. All steps are mandatory."
    assert intent.startswith("I want to: Complete employee onboarding across all systems\n")
    assert "- employee_name: Alice Smith" in intent.splitlines()
    assert plan.splitlines()[1] == (
        "1. create_employee: hr.create_employee, Create the record of a new employee."
    )
    assert steps[0].startswith('Calling hr.create_employee with {"name": "Alice Smith"')
    assert json.loads(steps[1].removeprefix("Tool result: ")) == {
        "employee_id": "emp-456",
        "email": "alice@company.com",
    }


async def test_no_laptop_when_it_is_left_out(company: Company) -> None:
    async with connected(ONBOARDING) as client:
        result = await client.call_tool("onboard_employee", ALICE)
        tools = company.effects.tools()
        mail = company.effects.all()[-1]
        trace = await prompt_texts(client, "onboard_employee", ALICE)
    assert result.structured_content is not None, text_of(result)
    assert "laptop_tracking" not in result.structured_content
    assert tools == ["create_employee", "create_payroll", "create_github_user", "send_email"]
    assert mail["laptop_tracking"] is None
    assert ("assistant", "Skipping provision_laptop: its condition does not hold.") in trace


async def test_a_busy_payroll_is_asked_again(company: Company) -> None:
    async with connected(ONBOARDING) as client:
        result = await client.call_tool("onboard_employee", {**ALICE, "department": "research"})
    assert not result.is_error, text_of(result)
    assert company.effects.tools().count("create_payroll") == 1


async def test_a_failing_step_undoes_the_steps_before_it_the_last_first(company: Company) -> None:
    arguments = {**ALICE_WITH_LAPTOP, "employee_name": "Nobody Smith"}
    async with connected(ONBOARDING) as client:
        result = await client.call_tool("onboard_employee", arguments)
        effects = company.effects.all()
        company.effects.clear()
        trace = await prompt_texts(client, "onboard_employee", arguments)

    assert result.is_error
    error = text_of(result)
    assert "workflow onboard_employee failed at step 5/5: send_welcome (comms.send_email)" in error
    assert "nobody@company.com has no mailbox" in error
    assert (
        "completed steps: create_employee, setup_payroll, github_access, provision_laptop" in error
    )
    assert [line for line in error.splitlines() if line.startswith("undone: ")] == [
        "undone: provision_laptop, by it.cancel_laptop",
        "undone: github_access, by engineering.remove_github_user",
        "undone: setup_payroll, by finance.close_payroll",
        "undone: create_employee, by hr.delete_employee",
    ]
    assert [effect["tool"] for effect in effects[4:]] == WHAT_IS_UNDONE
    assert effects[4:] == [
        {"tool": "cancel_laptop", "tracking_number": "FX123456"},
        {"tool": "remove_github_user", "username": "asmith"},
        {"tool": "close_payroll", "payroll_id": "pay-789"},
        {"tool": "delete_employee", "employee_id": "emp-456"},
    ]
    assert company.effects.tools()[4:] == WHAT_IS_UNDONE
    role, last = trace[-1]
    assert role == "user"
    assert "nobody@company.com has no mailbox" in last


async def test_a_step_in_the_middle_fails(company: Company) -> None:
    async with connected(ONBOARDING) as client:
        result = await client.call_tool("onboard_employee", {**ALICE, "department": "skunkworks"})
    assert result.is_error
    assert "failed at step 2/5: setup_payroll (finance.create_payroll)" in text_of(result)
    assert "(attempt 3 of 3)" in text_of(result)
    assert company.effects.tools() == ["create_employee", "delete_employee"]


@pytest.mark.parametrize("mode", PROTOCOLS)
@pytest.mark.parametrize("transport", ["stdio", "in process"])
async def test_cancelling_undoes_too(transport: Transport, mode: Mode, company: Company) -> None:
    arguments = {**ALICE_WITH_LAPTOP, "employee_name": "Later Smith"}
    async with connected(ONBOARDING, transport, mode, **company.variables) as client:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(client.call_tool, "onboard_employee", arguments)
            await wait_async(
                lambda: len(company.effects.all()) == 4, "only the mail is left to be sent"
            )
            await anyio.sleep(0.2)
            tasks.cancel_scope.cancel()
        await wait_async(lambda: len(company.effects.all()) == 8, "everything is undone")
    assert company.effects.tools()[4:] == WHAT_IS_UNDONE


WRONG_ARGUMENTS = [
    ("start_date", "tomorrow"),
    ("laptop", "enormous"),
]


@pytest.mark.parametrize(("argument", "value"), WRONG_ARGUMENTS)
async def test_a_wrong_argument_is_named(argument: str, value: str, company: Company) -> None:
    arguments = {**ALICE, argument: value}
    async with connected(ONBOARDING) as client:
        result = await client.call_tool("onboard_employee", arguments)
        with pytest.raises(MCPError, match=f"argument {argument}:"):
            await client.get_prompt("onboard_employee", arguments)
    assert result.is_error
    assert argument in text_of(result)
    assert company.effects.all() == []


async def test_a_missing_argument_is_named(company: Company) -> None:
    arguments = {name: value for name, value in ALICE.items() if name != "role"}
    async with connected(ONBOARDING) as client:
        result = await client.call_tool("onboard_employee", arguments)
        with pytest.raises(MCPError, match="role"):
            await client.get_prompt("onboard_employee", arguments)
    assert result.is_error
    assert "role" in text_of(result)
    assert company.effects.all() == []


# --- Onboarding, when its domain servers come and go

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")


@on_linux
async def test_a_domain_server_that_was_killed_is_started_again(company: Company) -> None:
    with served_over_http(ONBOARDING, **company.variables) as (url, server):
        with anyio.fail_after(LIMIT):
            async with Client(url) as client:
                first = await client.call_tool("onboard_employee", ALICE)
                (hr,) = (
                    pid for pid, line in children(server.pid).items() if "servers/hr.py" in line
                )
                os.kill(hr, signal.SIGKILL)
                await anyio.sleep(0.3)
                second = await client.call_tool("onboard_employee", ALICE)
        started = list(children(server.pid))
        assert len(started) == 3
    assert not first.is_error, text_of(first)
    assert not second.is_error, text_of(second)
    wait_until(lambda: not any(map(_is_alive, started)), "the domain servers have ended too")


def _is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


@contextmanager
def an_it_server(port: int, company: Company) -> Iterator[None]:
    script = EXAMPLES / "onboarding/servers/it.py"
    with process(script, **{**company.variables, "IT_PORT": str(port)}):
        wait_until(lambda: is_listening(port), "the IT server listens")
        yield


async def test_an_http_server_that_was_restarted_is_connected_again(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    monkeypatch.setenv("IT_URL", f"http://127.0.0.1:{port}/mcp")
    async with connected(ONBOARDING) as client:
        for _ in range(2):
            with an_it_server(port, company):
                for _ in range(2):
                    result = await client.call_tool("onboard_employee", ALICE_WITH_LAPTOP)
                    assert not result.is_error, text_of(result)


async def test_a_server_that_is_down_stops_only_those_who_need_it(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IT_URL", f"http://127.0.0.1:{free_port()}/mcp")
    async with connected(ONBOARDING) as client:
        without = await client.call_tool("onboard_employee", ALICE)
        company.effects.clear()
        result = await client.call_tool("onboard_employee", ALICE_WITH_LAPTOP)
    assert not without.is_error, text_of(without)
    assert result.is_error
    assert "step 4/5: provision_laptop (it.provision_laptop): cannot connect to it" in text_of(
        result
    )
    assert company.effects.tools()[3:] == WHAT_IS_UNDONE[1:]


async def test_two_runs_at_once_do_not_mix(company: Company) -> None:
    results: dict[str, Any] = {}

    async def onboard(client: Client, name: str) -> None:
        arguments = {**ALICE_WITH_LAPTOP, "employee_name": name}
        results[name] = (await client.call_tool("onboard_employee", arguments)).structured_content

    async with connected(ONBOARDING) as client, anyio.create_task_group() as tasks:
        for name in ("Ada Byron", "Grace Hopper", "Nobody Smith"):
            tasks.start_soon(onboard, client, name)
    assert results["Ada Byron"]["email"] == "ada@company.com"
    assert results["Grace Hopper"]["email"] == "grace@company.com"
    mails = [each["to"] for each in company.effects.all() if each["tool"] == "send_email"]
    assert sorted(mails) == ["ada@company.com", "grace@company.com"]
    assert company.effects.tools().count("delete_employee") == 1


# --- Code review


async def test_code_review_reviews() -> None:
    async with connected(EXAMPLES / "code_review/server.py") as client:
        (tool,) = (await client.list_tools()).tools
        result = await client.call_tool(
            "code_review_workflow", {"code": "print(1)", "language": "python"}
        )
        trace = await prompt_texts(client, "code_review_workflow", {"code": "fn main() {}"})
    assert tool.annotations is not None
    assert tool.annotations.read_only_hint is True
    assert tool.input_schema["properties"]["language"]["default"] == "rust"
    assert result.structured_content is not None, text_of(result)
    assert result.structured_content["summary"] == (
        "Analyzed 1 lines of python code. Found 3 potential issues."
    )
    assert result.structured_content["complexity"] == 7.5
    calls = [text for role, text in trace if text.startswith("Calling ")]
    assert calls[0] == (
        'Calling code.analyze_code with {"code": "fn main() {}", "language": "rust", "depth": 2}'
    )
    assert '"focus": ["security", "performance", "maintainability"]' in calls[1]


# --- Release notes


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A Git repository with five commits, one a day."""
    folder = tmp_path / "repository"
    folder.mkdir()
    messages = [
        "feat: count the sheep",
        "fix(gate): close it behind them",
        "feat!: count goats too\n\nThe sheep are not amused.",
        "Tidy the barn",
        "fix: wake up",
    ]
    git(folder, "init", "--quiet", "--initial-branch", "main")
    for day, message in enumerate(messages, 1):
        git(folder, "commit", "--quiet", "--allow-empty", "-m", message, date=f"2026-03-0{day}")
    return folder


def git(folder: Path, *arguments: str, date: str = "2026-03-01") -> str:
    variables = {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        **{f"GIT_{who}_NAME": "Shepherd" for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_EMAIL": "shepherd@example.org" for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_DATE": f"{date}T12:00:00+00:00" for who in ("AUTHOR", "COMMITTER")},
    }
    return subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env={**environment(), **variables},
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=True,
    ).stdout


@pytest.mark.parametrize("mode", PROTOCOLS)
async def test_release_notes_of_a_repository(mode: Mode, repository: Path) -> None:
    async with connected(RELEASE_NOTES, mode=mode) as client:
        result = await client.call_tool(
            "write_release_notes",
            {"version": "2.0.0", "repository": str(repository), "branch": "release-2"},
        )
    assert result.structured_content is not None, text_of(result)
    notes: str = result.structured_content["notes"]
    assert notes.startswith("# Version 2.0.0: 5 changes\n\nReleased on ")
    headings = [line for line in notes.splitlines() if line.startswith("## ")]
    assert headings == ["## Breaking changes", "## Features", "## Fixes", "## Other changes"]
    assert "- count goats too (" in notes
    assert "not amused" not in notes
    assert result.structured_content["changes"] == 5
    assert "release-2" in result.structured_content["branch"]
    assert "release-2" in git(repository, "branch", "--list")


async def test_release_notes_since_a_day_and_without_a_branch(repository: Path) -> None:
    async with connected(RELEASE_NOTES) as client:
        arguments = {
            "version": "1.1.0",
            "repository": str(repository),
            "since": "2026-03-04T00:00:00Z",
            "timezone": "Europe/Lisbon",
        }
        result = await client.call_tool("write_release_notes", arguments)
        trace = await prompt_texts(client, "write_release_notes", arguments)
    assert result.structured_content is not None, text_of(result)
    assert result.structured_content["changes"] == 2
    assert "branch" not in result.structured_content
    assert git(repository, "branch", "--list").split() == ["*", "main"]
    assert any(text.startswith("Tool result: Commit history:\n") for _, text in trace)


async def test_release_notes_of_no_repository(tmp_path: Path) -> None:
    async with connected(RELEASE_NOTES) as client:
        result = await client.call_tool(
            "write_release_notes", {"version": "1.0.0", "repository": str(tmp_path)}
        )
    assert result.is_error
    assert "failed at step 1/5: read_history (git.git_log)" in text_of(result)
    assert "(attempt 2 of 2)" in text_of(result)


# --- Servers of the Node world

NODE_MODULES = os.environ.get("WFC_TEST_NODE_MODULES")
NODE_SERVERS = Path(NODE_MODULES or "").resolve() / "@modelcontextprotocol"

NODE_WORKFLOW = """
use filesystem, memory from "mcp.json"

workflow remember "Write a note, read it again and remember it" {
  arg folder: string
  arg text: string

  step write: filesystem.write_file(path = f"{folder}/note.txt", content = text)

  step read_again: filesystem.read_text_file(path = f"{folder}/note.txt") as note

  step remember: memory.create_entities(
    entities = [{name: "note", entityType: "text", observations: [note.content]}],
  ) as created

  return { note: note.content, first: created.entities[0].name }
}
"""


@pytest.mark.skipif(
    not NODE_MODULES, reason="WFC_TEST_NODE_MODULES names no folder of Node packages"
)
async def test_servers_written_in_another_language(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    configuration = {
        "filesystem": {
            "command": "node",
            "args": [str(NODE_SERVERS / "server-filesystem/dist/index.js"), str(notes)],
        },
        "memory": {
            "command": "node",
            "args": [str(NODE_SERVERS / "server-memory/dist/index.js")],
            "env": {"MEMORY_FILE_PATH": str(tmp_path / "memory.json")},
        },
    }
    (tmp_path / "mcp.json").write_text(json.dumps({"mcpServers": configuration}))
    (tmp_path / "remember.wf").write_text(NODE_WORKFLOW)
    outcome = wfc("build", "remember.wf", "-o", "server.py", folder=tmp_path)
    assert outcome.returncode == 0, outcome.stderr

    async with connected(tmp_path / "server.py") as client:
        result = await client.call_tool("remember", {"folder": str(notes), "text": "Grüße"})
    assert result.structured_content == {"note": "Grüße", "first": "note"}, text_of(result)
    assert (notes / "note.txt").read_text("utf-8") == "Grüße"
