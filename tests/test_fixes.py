"""Fixes: what `wfc check --fix` makes of a file."""

import shutil
from pathlib import Path

import pytest
from checking import check_texts
from click.testing import CliRunner
from wfc.cli import cli
from wfc.diagnostics import Diagnostic, Edit, Fix, Silence, in_order, replace_fix
from wfc.diagnostics.fixes import apply, fix_files
from wfc.language.parse import parse
from wfc.servers.catalog import read_catalog
from wfc.source import SourceFile

HERE = Path(__file__).parent
LOCK = HERE / "errors" / "tools.lock.json"

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
    "step a: hr.f() -- why": "step a: hr.f() # why",
    "step a: hr.f(x = `it`)": 'step a: hr.f(x = "it")',
    "step a: hr.f(x = ${{ b }})": "step a: hr.f(x = b)",
    'step a: hr.f(x = F"{b}")': 'step a: hr.f(x = f"{b}")',
    "step a: hr.f(x -> 1)": "step a: hr.f(x = 1)",
    "step a: hr.f(x = b->c)": "step a: hr.f(x = b.c)",
    "step a: hr.f(x = b?.c)": "step a: hr.f(x = b.c)",
    "step a: hr.f(x = b..c)": "step a: hr.f(x = b.c)",
    "step a: hr.f(x = .5)": "step a: hr.f(x = 0.5)",
    "step a: hr.f(x = +5)": "step a: hr.f(x = 5)",
    "step a: hr.f() when b === 1": "step a: hr.f() when b == 1",
    "step a: hr.f() when b <> 1": "step a: hr.f() when b != 1",
    "step a: hr.f() when b => 1": "step a: hr.f() when b >= 1",
    "arg a: string || integer": "arg a: string | integer",
    "arg a: Array<string>": "arg a: string[]",
    "arg a?: list[str]": "arg a?: string[]",
    "arg a: [string]": "arg a: string[]",
    "arg a: []integer": "arg a: integer[]",
    "arg a: {b: Set<string | null>}": "arg a: {b: (string | null)[]}",
    "step a: hr.f() as b: List<string>": "step a: hr.f() as b: string[]",
    "parallel [\n    step a: hr.f(x = [1, 2]),\n    step b: hr.f(), # why\n  ]": (
        "parallel {\n    step a: hr.f(x = [1, 2])\n    step b: hr.f() # why\n  }"
    ),
    "parallel: (step a: hr.f())": "parallel {step a: hr.f()}",
    "step a: hr.f(x = `Dr. ${b} ${c.d}`)": 'step a: hr.f(x = f"Dr. {b} {c.d}")',
    "step a: hr.f(x = 'it's', y = 'b')": 'step a: hr.f(x = "it\'s", y = "b")',
    "step a: workflow v()": "step a: v()",
    "parallel: {\n    step a: hr.f()\n  }": "parallel {\n    step a: hr.f()\n  }",
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
    "step a: hr.f(x = 1]": "step a: hr.f(x = 1)",
    "step a: hr.f(x = [b)": "step a: hr.f(x = [b])",
    "step a: hr.f-g()": 'step a: hr."f-g"()',
    "step hr.f()": "step f: hr.f()",
    "step: hr.f()": "step f: hr.f()",
    "step a: hr.f() b": "step a: hr.f() as b",
    "step a-b: hr.f()": "step a_b: hr.f()",
    'arg a: "b", "c"': 'arg a: "b" | "c"',
    "arg a = January": 'arg a = "January"',
    "arg a: string = None": "arg a?: string",
    "arg a?: string = None": "arg a?: string",
    'arg a: "b" / "c"': 'arg a: "b" | "c"',
    "arg a: string or integer": "arg a: string | integer",
    "b = step hr.f()": "step f: hr.f() as b",
    "step a: hr.f((x = 1)": "step a: hr.f(x = 1)",
    "node a: hr.f()": "step a: hr.f()",
    "return b.c, d[0].e": "return {c: b.c, e: d[0].e}",
    "arg a: date = 2024-05-01": 'arg a: date = "2024-05-01"',
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


DECLARATIONS = {
    'workflow w {\n  """d"""\n  step s: hr.f()\n}\n': (
        'workflow w """d""" {\n  step s: hr.f()\n}\n'
    ),
    'workflow w { # why\n  "d"\n  step s: hr.f()\n}\n': (
        'workflow w "d" { # why\n  step s: hr.f()\n}\n'
    ),
    'export default workflow w "d" { step s: hr.f() }\n': 'workflow w "d" { step s: hr.f() }\n',
    'use hr from "a.json" as b\n\nworkflow w "d" { step s: b.f() }\n': (
        'use hr as b from "a.json"\n\nworkflow w "d" { step s: b.f() }\n'
    ),
    'workflow w "d" {\n  arg a: string;\n  step s: hr.f();\n}\n': (
        'workflow w "d" {\n  arg a: string\n  step s: hr.f()\n}\n'
    ),
}


@pytest.mark.parametrize("wrong", DECLARATIONS)
def test_declarations_with_one_repair_are_mended(wrong: str) -> None:
    assert fixed(wrong, unsafe=False) == DECLARATIONS[wrong]
    assert parse(SourceFile("a.wf", DECLARATIONS[wrong]))[1] == []


LISTS_OF_ARGUMENTS = {
    "()": "",
    "(a)": "\n  arg a",
    "(a: string)": "\n  arg a: string",
    '(\n  a: integer = 3,\n  b?: "x" | "y",\n)': '\n  arg a: integer = 3\n  arg b?: "x" | "y"',
    "(a: string[]) -> string": "\n  arg a: string[]",
}


@pytest.mark.parametrize("arguments", LISTS_OF_ARGUMENTS)
def test_a_list_of_arguments_becomes_statements(arguments: str) -> None:
    wrong = f'workflow w{arguments} "d" {{\n  step s: hr.f()\n}}\n'
    right = f'workflow w "d" {{{LISTS_OF_ARGUMENTS[arguments]}\n  step s: hr.f()\n}}\n'
    assert fixed(wrong, unsafe=False) == right
    assert parse(SourceFile("a.wf", right))[1] == []
    commented = fixed(wrong.replace("{\n", "{  # why\n", 1), unsafe=False)
    assert commented == right.replace("{\n", "{  # why\n", 1)


@pytest.mark.parametrize("wrong", GUESSES)
def test_guesses_are_made_on_request_only(wrong: str) -> None:
    assert fixed(file(wrong), unsafe=False) == file(wrong)
    assert fixed(file(wrong), unsafe=True) == file(GUESSES[wrong])
    assert parse(SourceFile("a.wf", file(GUESSES[wrong])))[1] == []


# What is written in this file instead of what stands in it; the guesses bring it back.
RIGHT = """\
use hr, finance from "mcp.json"

workflow hire "Hire somebody" {
  arg name: string
  arg department: string(max = 80)

  step create: hr.create_employee(name, department) as employee

  step report: finance.report(month = employee.email) as report

  step find: look(query = employee.email) as found

  return {id: employee.employee_id, found: found, report: report, done: true}
}

workflow look "Look somebody up" {
  arg query: string

  step find: hr.find_employees(query) as found

  return found.total
}
"""
NAMES = {
    "hr.find": "hrr.find",
    "finance.report": "Finance.report",
    "create_employee(": "createEmployee(",
    "find_employees(query": "find_employee(query",
    "create_employee(name": "create_employee(nmae",
    "month = employee": "mnoth = employee",
    "= employee.email": "= emploiee.email",
    "= employee.email)": "= employee.emial)",
    "month = employee.": "month = create.",
    "look(query": "lok(query",
    "look(query = ": "look(qeury = ",
    "arg department: string(max": "arg department: str(max",
    "string(max": "string(maxLength",
    "true": "True",
    "id: employee.employee_id": "id: Employee.employee_id",
    "return found.total": "return found.totl",
}


@pytest.mark.parametrize("right", NAMES)
def test_a_name_with_one_that_is_near_is_spelt_right_on_request(right: str) -> None:
    assert right in RIGHT
    catalog = read_catalog(SourceFile("tools.lock.json", LOCK.read_text("utf-8")))
    text = RIGHT.replace(right, NAMES[right], 1)
    found = check_texts({"a.wf": text}, catalog)[1]
    assert len([each for each in found if each.is_error]) == 1
    for _ in range(3):
        changes = fix_files(check_texts({"a.wf": text}, catalog)[1], unsafe=True)
        text = changes[0].text if changes else text
    assert text == RIGHT


def test_a_short_argument_keeps_the_name_of_its_parameter() -> None:
    catalog = read_catalog(SourceFile("tools.lock.json", LOCK.read_text("utf-8")))
    text = RIGHT.replace("arg department", "arg departement")
    (change,) = fix_files(check_texts({"a.wf": text}, catalog)[1], unsafe=True)
    assert "create_employee(name, department = departement)" in change.text


def test_a_name_that_is_near_to_two_is_left_alone() -> None:
    catalog = read_catalog(SourceFile("tools.lock.json", LOCK.read_text("utf-8")))
    text = RIGHT.replace("arg name: string", "arg named: string\n  arg names: string")
    found = check_texts({"a.wf": text}, catalog)[1]
    assert [each.code for each in found] == ["WF201"]
    assert fix_files(found, unsafe=True) == []


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


def test_the_command_mends_the_name_of_a_server_where_it_is_configured(project: Path) -> None:
    path = project / "a.wf"
    path.write_text(RIGHT.replace("use hr", "use hrr"))
    result = CliRunner().invoke(cli, ["check", "a.wf", "--locked", "--unsafe-fixes"])
    assert (result.exit_code, result.stderr) == (0, "a.wf: 1 fixed\n")
    assert path.read_text() == RIGHT


def test_the_command_leaves_right_files_alone(project: Path) -> None:
    path = project / "a.wf"
    path.write_text(
        'use hr from "mcp.json"\nworkflow w "d" {step a: hr.find_employees(query = "")}'
    )
    before = path.stat()
    result = CliRunner().invoke(cli, ["check", "a.wf", "--locked", "--fix"])
    assert (result.exit_code, result.output) == (0, "")
    assert path.stat() == before
