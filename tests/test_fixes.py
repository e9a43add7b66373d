"""Fixes: what `wfc check --fix` makes of a file."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from wfc.cli import cli
from wfc.diagnostics import Diagnostic, Edit, Fix, Silence, in_order, replace_fix
from wfc.diagnostics.fixes import apply, fix_files
from wfc.language.parse import parse
from wfc.source import SourceFile

HERE = Path(__file__).parent

# What is written, and what `--fix` makes of it.
SAFE = {
    "step a: hr.f(x: 1)": "step a: hr.f(x = 1)",
    "step a: hr.f(x:1)": "step a: hr.f(x = 1)",
    "step a: hr.f(x := 1)": "step a: hr.f(x = 1)",
    "step a: hr.f(x == 1)": "step a: hr.f(x = 1)",
    "step a: hr.f(x = 1 y = 2)": "step a: hr.f(x = 1, y = 2)",
    "step a: hr.f(x = 1,, y = 2)": "step a: hr.f(x = 1, y = 2)",
    "step a: hr.f(x = 'it')": 'step a: hr.f(x = "it")',
    "step a: hr.f(x = “it”)": 'step a: hr.f(x = "it")',
    "step a: hr.f(x = f'{b}')": 'step a: hr.f(x = f"{b}")',
    "step a: hr.f(x = {{b}})": "step a: hr.f(x = b)",
    "step a: hr.f(x = ${b.c})": "step a: hr.f(x = b.c)",
    "step a: hr.f(x = 1);": "step a: hr.f(x = 1)",
    "step a: hr.f(x = 1; y = 2)": "step a: hr.f(x = 1, y = 2)",
    "step a: hr.f(x\u00a0= 1)": "step a: hr.f(x = 1)",
    "step a: hr.f(x ＝ 1)": "step a: hr.f(x = 1)",
    "step a: hr.fіnd(x = 1)": "step a: hr.find(x = 1)",
    "step a = hr.f()": "step a: hr.f()",
    "step a: hr:f()": "step a: hr.f()",
    'step a: "hr.f"()': "step a: hr.f()",
    "step a: hr.f() -> b": "step a: hr.f() as b",
    "step a: hr.f() timeout 10 seconds": "step a: hr.f() timeout 10s",
    "step a: hr.f() timeout: 10min": "step a: hr.f() timeout 10m",
    "step a: hr.f() retry 3 times every 2 sec": "step a: hr.f() retry 3 every 2s",
    "step a: hr.f() when b = 1 && !c": "step a: hr.f() when b == 1 and not c",
    "arg a: string?": "arg a?: string",
    "arg a string": "arg a: string",
    "arg a: boolean = True": "arg a: boolean = true",
    "return {a = b}": "return {a: b}",
    "- step a: hr.f()": "step a: hr.f()",
    "step a: hr.f() // why": "step a: hr.f() # why",
    "/* one\n   * two */\n  step a: hr.f()": "# one\n  # two\n  step a: hr.f()",
}
GUESSES = {
    "stp a: hr.f()": "step a: hr.f()",
    "args a: string": "arg a: string",
    "step a: hr.f() timout 10s": "step a: hr.f() timeout 10s",
    "step a: hr.f() if b": "step a: hr.f() when b",
    "step a: hr.f() timeout 10": "step a: hr.f() timeout 10s",
    "step a: hr.f": "step a: hr.f()",
    "step a: hr.f(x = 1))": "step a: hr.f(x = 1)",
    "step a: hr.f(\n    x = 1\n    timeout 1s": "step a: hr.f(\n    x = 1)\n    timeout 1s",
}


def file(statement: str) -> str:
    return f'workflow w "d" {{\n  {statement}\n}}\n'


def fixed(text: str, *, unsafe: bool) -> str:
    for _ in range(5):
        changes = fix_files(parse(SourceFile("a.wf", text))[1], unsafe=unsafe)
        if not changes:
            break
        text = changes[0].text
    return text


@pytest.mark.parametrize("wrong", SAFE)
def test_slips_with_one_repair_are_mended(wrong: str) -> None:
    assert fixed(file(wrong), unsafe=False) == file(SAFE[wrong])
    assert parse(SourceFile("a.wf", file(SAFE[wrong])))[1] == []


@pytest.mark.parametrize("wrong", GUESSES)
def test_guesses_are_made_on_request_only(wrong: str) -> None:
    assert fixed(file(wrong), unsafe=False) == file(wrong)
    assert fixed(file(wrong), unsafe=True) == file(GUESSES[wrong])
    assert parse(SourceFile("a.wf", file(GUESSES[wrong])))[1] == []


def test_fixes_that_touch_each_other_are_made_one_by_one() -> None:
    source = SourceFile("a.wf", "one two three")
    first, second = source.span(0, 7), source.span(4, 7)
    diagnostics = [
        Diagnostic("WF101", "m", first, fix=replace_fix(first, "1 2", is_safe=True)),
        Diagnostic("WF102", "m", second, fix=replace_fix(second, "2", is_safe=True)),
    ]
    (change,) = fix_files(diagnostics)
    assert (change.text, change.count) == ("1 2 three", 1)


def test_only_wf_files_are_changed() -> None:
    span = SourceFile("tools.lock.json", "{}").span(0, 2)
    problem = Diagnostic("WF903", "m", span, fix=replace_fix(span, "[]", is_safe=True))
    assert fix_files([problem], unsafe=True) == []


def test_edits_are_made_from_the_end() -> None:
    source = SourceFile("a.wf", "arg a: string?")
    edits = (Edit(source.span(5, 5), "?"), Edit(source.span(13, 14), ""))
    assert apply(source.text, [Fix(edits)]) == "arg a?: string"


def test_consequences_are_not_told() -> None:
    source = SourceFile("a.wf", "one two\nthree")
    cause = Diagnostic(
        "WF101",
        "cause",
        source.span(0, 3),
        silences=(Silence(frozenset({"WF201"}), source.span(0, 7), frozenset({"two"})),),
    )
    hidden = Diagnostic("WF201", "of it", source.span(4, 7))
    other_code = Diagnostic("WF202", "other", source.span(4, 7))
    elsewhere = Diagnostic("WF201", "elsewhere", source.span(8, 13))
    told = in_order([elsewhere, other_code, hidden, cause, cause])
    assert [each.message for each in told] == ["cause", "other", "elsewhere"]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("mcp.json", "tools.lock.json"):
        shutil.copy(HERE / "errors" / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


FILE = (
    'use hr from "mcp.json"\r\n\r\nworkflow w "d" {\r\n  arg q: string\r\n'
    "  stp a: hr.find_employees(query: q)\r\n}\r\n"
)


def test_the_command_mends_and_checks_again(project: Path) -> None:
    path = project / "a.wf"
    path.write_bytes(FILE.encode())
    result = CliRunner().invoke(cli, ["check", "a.wf", "--locked", "--fix"])
    assert result.exit_code == 1
    assert "a.wf: 1 fixed" in result.stderr
    assert "there is no `stp` here" in result.stderr
    assert "given with `=`" not in result.stderr
    result = CliRunner().invoke(cli, ["check", "a.wf", "--locked", "--unsafe-fixes"])
    assert result.exit_code == 0, result.stderr
    mended = FILE.replace("stp", "step").replace("query: q", "query = q")
    assert path.read_bytes() == mended.encode()


def test_the_command_leaves_right_files_alone(project: Path) -> None:
    path = project / "a.wf"
    path.write_text(
        'use hr from "mcp.json"\nworkflow w "d" {step a: hr.find_employees(query = "")}'
    )
    before = path.stat()
    result = CliRunner().invoke(cli, ["check", "a.wf", "--locked", "--fix"])
    assert (result.exit_code, result.output) == (0, "")
    assert path.stat() == before
