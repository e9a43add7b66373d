"""The cases: each folder of `cases/` is a `.wf` file with what comes of it.

    input.wf, tools.lock.json    what is built
    expected.py                  the server, as the command builds it; none where it must refuse
    stderr.txt                   what the command says, where it says something
    runs.json                    how the server is called, and what it must do then

With WFC_BLESS set (`make bless`), `expected.py` and `stderr.txt` are written anew; the diff is to
be read. `runs.json` is only ever written by hand: a list of

    {"what": "…", "workflow": "…", "arguments": {…},
     "outputs": {TOOL: what it returns}, "calls": [{TOOL: arguments}, …],
     "result": {…} or "error": [texts that the error has],
     "trace": [messages that the prompt has]}

All is compared as JSON texts: 1 is not 1.0. In calls the order of keys counts; the calls of steps
that run at the same time come in any order where a run is `"unordered": true`.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from mcp import MCPError
from running import connected, environment, prompt_texts, text_of, wfc

HERE = Path(__file__).parent
CASES = sorted(path.parent for path in HERE.glob("cases/*/input.wf"))
BUILT = [case for case in CASES if (case / "expected.py").exists()]
RUNS = [
    (case, run)
    for case in BUILT
    if (case / "runs.json").exists()
    for run in json.loads((case / "runs.json").read_text("utf-8"))
]
BLESS = bool(os.environ.get("WFC_BLESS"))

FORMS = ("tool", "prompt")
CHECKERS = [("mypy", "--strict"), ("pyright",), ("ruff", "check", "--isolated")]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_built(case: Path) -> None:
    arguments = ["build", "--locked", "--quiet", "input.wf", "-o", "expected.py"]
    if BLESS:
        (case / "expected.py").unlink(missing_ok=True)
        outcome = wfc(*arguments, folder=case)
        write_or_remove(case / "stderr.txt", outcome.stderr)
        return
    outcome = wfc(*arguments, "--check", "--diff", folder=case)
    said = case / "stderr.txt"
    assert outcome.stderr == (said.read_text("utf-8") if said.exists() else "")
    assert outcome.stdout == ""
    assert outcome.returncode == (0 if case in BUILT else 1)


def write_or_remove(path: Path, text: str) -> None:
    if text:
        path.write_text(text, "utf-8")
    else:
        path.unlink(missing_ok=True)


@pytest.mark.anyio
@pytest.mark.filterwarnings("error::UserWarning")
@pytest.mark.parametrize(
    ("form", "case", "run"),
    [
        pytest.param(form, case, run, id=f"{form}: {case.name}: {run['what']}")
        for form in FORMS
        for case, run in RUNS
    ],
)
async def test_what_it_does(
    form: str,
    case: Path,
    run: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = tmp_path / "calls"
    monkeypatch.setenv("CASE", str(case))
    monkeypatch.setenv("CALLS", str(calls))
    monkeypatch.setenv("OUTPUTS", json.dumps(run.get("outputs", {})))
    arguments = run.get("arguments", {})
    async with connected(case / "expected.py") as client:
        if form == "tool":
            result = await client.call_tool(run["workflow"], arguments)
            error = text_of(result) if result.is_error else None
            content = result.structured_content
        else:
            trace, error = await prompt_of(client, run["workflow"], arguments)
            assert set(run.get("trace", [])) <= set(trace)
            content = None
    made, expected = recorded(calls), run.get("calls", [])
    if run.get("unordered"):
        made, expected = (sorted(each, key=json.dumps) for each in (made, expected))
    assert as_texts(made) == as_texts(expected)
    for text in run.get("error", []):
        assert text in (error or "no error")
    if "result" in run:
        assert error is None
        if form == "tool":
            assert in_order(content) == in_order(run["result"])


@pytest.mark.anyio
@pytest.mark.filterwarnings("error::UserWarning")
@pytest.mark.parametrize("case", ["arguments", "hostile_texts", "python_names"])
async def test_what_clients_are_told(case: str) -> None:
    """Schemas are schemas, and every default is one that the argument may have."""
    async with connected(HERE / "cases" / case / "expected.py") as client:
        for tool in (await client.list_tools()).tools:
            Draft202012Validator.check_schema(tool.input_schema)
            Draft202012Validator.check_schema(tool.output_schema or {})
            for each in tool.input_schema["properties"].values():
                if "default" in each and each["default"] is not None:
                    wanted = {**each, "$defs": tool.input_schema.get("$defs", {})}
                    Draft202012Validator(wanted).validate(each["default"])


@pytest.mark.anyio
async def test_what_clients_are_told_of_limits() -> None:
    async with connected(HERE / "cases" / "arguments" / "expected.py") as client:
        [tool] = [each for each in (await client.list_tools()).tools if each.name == "take"]
    told = tool.input_schema["properties"]
    limits = {
        name: {key: told[name][key] for key in told[name] if key.startswith(("m", "ge", "le"))}
        for name in ("text", "count", "ratio")
    }
    assert limits == {
        "text": {"minLength": 2, "maxLength": 5},
        "count": {"minimum": 1, "maximum": 10},
        "ratio": {"minimum": 0},
    }


async def prompt_of(
    client: Any, name: str, arguments: dict[str, Any]
) -> tuple[list[str], str | None]:
    """Get a prompt, whose arguments are texts; return its messages and its error, if any."""
    texts = {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in arguments.items()
    }
    try:
        trace = [text for _, text in await prompt_texts(client, name, texts)]
    except MCPError as error:
        return [], str(error)
    return trace, trace[-1] if trace[-1].startswith(f"workflow {name} failed at ") else None


def recorded(calls: Path) -> list[dict[str, Any]]:
    if not calls.exists():
        return []
    return [json.loads(line) for line in calls.read_text("utf-8").splitlines()]


def in_order(value: Any) -> str:
    return json.dumps(value, indent=1, sort_keys=True)


def as_texts(calls: list[dict[str, Any]]) -> str:
    return "\n".join(json.dumps(call, ensure_ascii=False) for call in calls)


@pytest.mark.parametrize("checker", CHECKERS, ids=[checker[0] for checker in CHECKERS])
def test_what_is_built_is_clean(checker: tuple[str, ...], tmp_path: Path) -> None:
    for case in BUILT:
        shutil.copy(case / "expected.py", tmp_path / f"{case.name}.py")
    outcome = subprocess.run(
        [sys.executable, "-m", *checker, "."],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
