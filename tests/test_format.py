"""`wfc fmt`: one layout, the same meaning, and every comment."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from wf_files import files
from wfc.cli import cli, main
from wfc.language import format as formatting
from wfc.language.format import FormatError, format_source
from wfc.language.parse import parse
from wfc.source import SourceFile

EXAMPLES = sorted((Path(__file__).parent.parent / "examples").glob("*/*.wf"))


def formatted(text: str) -> str:
    result, problems = format_source(SourceFile("test.wf", text))
    assert result is not None, problems
    return result


def lines(*parts: str) -> str:
    return "\n".join(parts) + "\n"


@settings(
    max_examples=int(os.environ.get("WFC_FUZZ", "60")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(files())
def test_every_file_keeps_its_meaning_and_comments_and_is_stable(text: str) -> None:
    problems = parse(SourceFile("test.wf", text))[1]
    assert [each.message for each in problems if "no workflow" not in each.message] == []
    once = formatted(text)  # which compares the trees and comments, and formats again
    assert formatted(once) == once
    assert all(line == line.rstrip() or '"""' in once for line in once.split("\n"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_are_laid_out_so(path: Path) -> None:
    text = path.read_text("utf-8")
    assert formatted(formatted(text)) == formatted(text)


def test_a_call_is_broken_where_it_does_not_fit() -> None:
    head = 'workflow w "d" {'
    fits = "  step a: hr.create_employee(name = aaaaaaaaaaaaaaaaaaaa, department = bbbbbbbbbbbbb)"
    assert len(fits) < 88
    assert formatted(lines(head, fits, "}")) == lines(head, fits, "}")
    assert formatted(lines(head, fits + " as employee", "}")) == lines(
        head,
        "  step a: hr.create_employee(",
        "    name = aaaaaaaaaaaaaaaaaaaa,",
        "    department = bbbbbbbbbbbbb,",
        "  ) as employee",
        "}",
    )


def test_blank_lines_stand_between_groups_and_steps_and_one_is_kept() -> None:
    text = 'use a from "x"\nuse b from "y"\nworkflow w "d" {\n\narg x\n\n\narg y\nstep a: f()\n'
    text += "step b: f()\nreturn x}"
    assert formatted(text) == lines(
        'use a from "x"',
        'use b from "y"',
        "",
        'workflow w "d" {',
        "  arg x",
        "",
        "  arg y",
        "",
        "  step a: f()",
        "",
        "  step b: f()",
        "",
        "  return x",
        "}",
    )


def test_clauses_stand_on_their_own_lines() -> None:
    text = 'workflow w "d" { step a: f() as x timeout 10s retry 3 every 2s unsafe when not(x or y)}'
    assert formatted(text) == lines(
        'workflow w "d" {',
        "  step a: f() as x",
        "    timeout 10s",
        "    retry 3 every 2s unsafe",
        "    when not (x or y)",
        "}",
    )


def test_comments_stay_where_they_stand() -> None:
    text = lines(
        "# of the file",
        "",
        'workflow w "d" {  # of the workflow',
        "  # of the step",
        "  step a: f(  # of the call",
        "    x = 1,  # of the argument",
        "    # of the next",
        "    y = 2,",
        "    # of the end",
        "  )",
        "    # of the clause",
        "    timeout 10s  # ten",
        "  # of the workflow's end",
        "}",
        "# of the file's end",
    )
    assert formatted(text) == text


def test_comments_in_odd_places_are_kept_in_order() -> None:
    text = 'workflow # one\n w # two\n "d" { step # three\n a: f(x # four\n = # five\n 1) }'
    assert formatted(text) == lines(
        "# one",
        'workflow w "d" {  # two',
        "  step a: f(  # three",
        "    # four",
        "    x = 1,  # five",
        "  )",
        "}",
    )


def test_strings_and_numbers_keep_their_spelling_and_keys_lose_needless_quotes() -> None:
    text = 'workflow w "d" {step a: s."tool"("x"=1.0,"y z"="\\u0041",w={"k":1e3,"k 2":-0})}'
    expected = '  step a: s.tool(x = 1.0, "y z" = "\\u0041", w = {k: 1e3, "k 2": -0})'
    assert formatted(text) == lines('workflow w "d" {', expected, "}")


def test_long_strings_are_not_touched() -> None:
    text = 'workflow w "d" {\n  step a: f(x = """\n one\n   two  \n""")\n}\n'
    assert '"""\n one\n   two  \n"""' in formatted(text)


def test_long_conditions_and_unions_break_at_their_operators() -> None:
    union = " | ".join(f'"value_number_{number}"' for number in range(6))
    condition = " and ".join(["aaaaaaaaaa.bbbbbb"] * 5)
    text = f'type T = {union}\nworkflow w "d" {{ step a: f() when {condition} }}'
    assert formatted(text) == lines(
        'type T = "value_number_0"',
        *(f'  | "value_number_{number}"' for number in range(1, 6)),
        "",
        'workflow w "d" {',
        "  step a: f()",
        "    when aaaaaaaaaa.bbbbbb",
        *["      and aaaaaaaaaa.bbbbbb"] * 4,
        "}",
    )


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "\ufeff", 'use a from "x"\n'])
def test_files_without_workflows(text: str) -> None:
    assert formatted(text) == text.strip("\n\ufeff") + ("\n" if text.strip("\n\ufeff") else "")


def test_a_file_with_type_errors_is_laid_out() -> None:
    assert formatted('workflow w "d" {step a: nowhere.nothing(x=y)}').count("\n") == 3


def test_a_file_with_syntax_errors_is_left_alone() -> None:
    text, problems = format_source(SourceFile("test.wf", 'workflow w "d" {step a: f(x: 1)}'))
    assert text is None
    assert [each.code for each in problems] == ["WF101"]


@pytest.mark.parametrize(
    ("layout", "complaint"),
    [
        ('workflow w "d" {\n  # kept\n  step b: f()\n}\n', "what the file says"),
        ('workflow w "d" {\n  step a: f()\n}\n', "comments"),
        ('workflow w "d" {\n  # kept\n  step a: f(\n}\n', "what the file says"),
    ],
)
def test_a_bug_in_the_layout_is_found(
    layout: str, complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formatting, "_laid_out", lambda file: layout)
    with pytest.raises(FormatError, match=complaint):
        format_source(SourceFile("test.wf", 'workflow w "d" {\n# kept\nstep a: f()}'))


# --- The command

UNTIDY = 'workflow w "d" {step a:f(x=1)}\r\n'
TIDY = 'workflow w "d" {\r\n  step a: f(x = 1)\r\n}\r\n'


@pytest.fixture
def untidy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "a.wf"
    path.write_bytes(UNTIDY.encode())
    path.chmod(0o640)
    monkeypatch.chdir(tmp_path)
    return path


def fmt(*arguments: str, **options: Any) -> Result:
    return CliRunner().invoke(cli, ["fmt", *arguments], **options)


def test_the_command_writes_with_the_line_ends_there_were(untidy: Path) -> None:
    result = fmt("a.wf")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "a.wf: formatted\n")
    assert untidy.read_bytes() == TIDY.encode()
    assert untidy.stat().st_mode & 0o777 == 0o640
    assert fmt("a.wf").stderr == ""
    assert [path.name for path in untidy.parent.iterdir()] == ["a.wf"]


def test_check_and_diff_write_nothing(untidy: Path) -> None:
    assert fmt("a.wf", "--check").exit_code == 1
    result = fmt("a.wf", "--diff")
    assert result.exit_code == 0
    assert "+  step a: f(x = 1)" in result.stdout
    assert fmt("a.wf", "--check", "--diff").exit_code == 1
    assert untidy.read_bytes() == UNTIDY.encode()
    fmt("a.wf")
    assert fmt("a.wf", "--check").exit_code == 0
    assert fmt("a.wf", "--diff").stdout == ""


def test_standard_input(untidy: Path) -> None:
    result = fmt("-", input='workflow w "d"{}')
    assert (result.exit_code, result.stdout, result.stderr) == (0, 'workflow w "d" {}\n', "")
    assert fmt("-", "--check", input='workflow w "d"{}').exit_code == 1
    result = fmt("-", input="workflow w {")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "<standard input>:1" in result.stderr


def test_a_syntax_error_leaves_its_file_alone_and_the_others_are_laid_out(untidy: Path) -> None:
    wrong = untidy.with_name("b.wf")
    wrong.write_text("workflow w {step")
    result = fmt("b.wf", "a.wf", "--format", "json")
    assert result.exit_code == 1
    assert {each["file"] for each in json.loads(result.stdout)} == {"b.wf"}
    assert wrong.read_text() == "workflow w {step"
    assert untidy.read_bytes() == TIDY.encode()


def test_files_that_cannot_be_read(untidy: Path) -> None:
    untidy.with_name("b.wf").write_bytes(b"\xff")
    result = fmt("b.wf", "c.wf")
    assert result.exit_code == 2
    assert "b.wf is not UTF-8" in result.stderr
    assert "cannot read c.wf" in result.stderr


def test_a_bug_says_so_and_writes_nothing(
    untidy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(formatting, "_laid_out", lambda file: "")
    monkeypatch.setattr("sys.argv", ["wfc", "fmt", "a.wf"])
    with pytest.raises(SystemExit) as exit:
        main()
    assert exit.value.code == 101
    said = capsys.readouterr().err
    assert "a.wf: formatting would change what the file says" in said
    assert "a bug in wfc" in said
    assert untidy.read_bytes() == UNTIDY.encode()


def test_an_interruption_leaves_the_file_as_it_was(untidy: Path) -> None:
    # The signal comes when the new text is written, and not yet in place.
    program = (
        "import os, signal, wfc.output\n"
        "replace = os.replace\n"
        "def interrupted(*paths):\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    replace(*paths)\n"
        "os.replace = interrupted\n"
        "from wfc.cli import main\n"
        "main()\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, "fmt", "a.wf"], capture_output=True, text=True
    )
    assert result.returncode == 130
    assert "Traceback" not in result.stderr
    assert untidy.read_bytes() == UNTIDY.encode()
    assert [path.name for path in untidy.parent.iterdir()] == ["a.wf"]


def test_an_interruption_while_a_server_is_asked(tmp_path: Path) -> None:
    server = Path(__file__).parent / "servers" / "hangs.py"
    running = tmp_path / "running"
    slow = {"command": sys.executable, "args": [str(server)], "env": {"PID_FILE": str(running)}}
    (tmp_path / "mcp.json").write_text(json.dumps({"mcpServers": {"slow": slow}}))
    (tmp_path / "a.wf").write_text('use slow from "mcp.json"\nworkflow w "d" { step a: slow.x() }')
    process = subprocess.Popen(
        [sys.executable, "-c", "from wfc.cli import main; main()", "check", "a.wf"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not running.exists():
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.wf", "mcp.json", "running"]
