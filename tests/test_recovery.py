"""After a mistake: one error for it, no others because of it, and none hidden by it."""

from pathlib import Path

import pytest
from checking import check_texts
from wfc.diagnostics import Diagnostic
from wfc.language.parse import parse
from wfc.servers.catalog import Catalog, read_catalog
from wfc.source import SourceFile

HERE = Path(__file__).parent

FILE = """\
server "test" version "1.0.0"

use hr, finance from "mcp.json"

type Month = string

workflow hire "Hire somebody" {
  arg name: string
  arg department: string
  arg month: Month

  step create: hr.create_employee(
    name,
    department = department,
    tags = ["new", name],
  ) as employee
    undo hr.delete_employee(employee_id = employee.employee_id)

  step find: hr.find_employees(query = employee.email) as found
    timeout 10s
    retry 3 every 2s

  step report: finance.report(month) as text
    when found.total > 3

  return {
    id: employee.employee_id,
    found: found.employees,
    text: text,
  }
}

workflow look "Find somebody" {
  arg query: string
  step find: hr.find_employees(query) as found
  return found
}
"""

# What is in the file, and a mistake in its place. One error each, whatever else is in the file.
MISTAKES = {
    'server "test"': "server test",
    "use hr, finance": "use hr finance",
    'from "mcp.json"': "from mcp.json",
    'from "mcp': 'form "mcp',
    "use hr": "uses hr",
    "type Month = string": "type Month: string",
    'hire "Hire somebody" {': "hire {",
    'workflow hire "': 'workflw hire "',
    'workflow look "Find somebody" {': 'workflow look "Find somebody"',
    "arg name: string": "arg name string",
    "arg department: string": "args department: string",
    "arg month: Month": "arg month: ",
    "step create: ": "step create = ",
    "create: hr": 'create: "hr',
    "hr.create_employee(": "hr:create_employee(",
    "hr.create_employee(\n": "hr.create_employee\n",
    "    name,\n": "    name\n",
    "department = department": "department: department",
    'tags = ["new"': "tags = ['new'",
    '["new", name]': '["new" name]',
    "name],\n  )": "name],\n",
    ") as employee\n    undo": ") as\n    undo",
    "as employee\n": "-> employee\n",
    "undo hr": "undo: hr",
    "step find: hr.find_employees(query = employee": "stp find: hr.find_employees(query = employee",
    "employee.email) as found": "employee.email as found",
    "employee.email)": "employee.email))",
    "timeout 10s": "timeout 10",
    "retry 3 every": "retry 3 times every",
    "    retry 3 every 2s": "    retyr 3 every 2s",
    "found.total > 3": "found.total = 3",
    "when found.total > 3": "when found.total > 3 &&  found.total < 9",
    "when found": "if found",
    "step report": "- step report",
    "  return {": "  return: {",
    "id: employee": "id = employee",
    "found.employees,": "found.employees",
    "    text: text,\n  }\n": "    text: text,\n",
    "text: text,\n": "text: {{text}},\n",
    "workflow look": "// look\nworkflow look",
    "arg query: string\n": "arg query: string;\n",
    "(query) as found\n  return": "(query) as found\n  }\n  return",
    "return found\n}": "return found",
    '"Find somebody"': "“Find somebody”",
    "step find: hr.find_employees(query) ": "hr.find_employees(query) ",
    "hr.find_employees(query) ": "hr.find_еmployees(query) ",
}


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    text = (HERE / "errors" / "tools.lock.json").read_text("utf-8")
    return read_catalog(SourceFile("tools.lock.json", text))


def errors(text: str, catalog: Catalog) -> list[Diagnostic]:
    return [each for each in check_texts({"test.wf": text}, catalog)[1] if each.is_error]


def shown(found: list[Diagnostic]) -> list[str]:
    return [f"{each.span and each.span.line}: {each.code} {each.message}" for each in found]


def test_the_file_is_right(catalog: Catalog) -> None:
    assert check_texts({"test.wf": FILE}, catalog)[1] == []


@pytest.mark.parametrize("right", MISTAKES)
def test_one_mistake_gives_one_error(right: str, catalog: Catalog) -> None:
    assert right in FILE
    found = check_texts({"test.wf": FILE.replace(right, MISTAKES[right], 1)}, catalog)[1]
    assert len(found) == 1, shown(found)
    assert found[0].code.startswith("WF1")


@pytest.mark.parametrize("right", [each for each in MISTAKES if FILE.find(each) < 600])
def test_a_mistake_elsewhere_is_found_as_well(right: str, catalog: Catalog) -> None:
    wrong = FILE.replace(right, MISTAKES[right], 1).replace("(query) as", "(qeury = query) as")
    codes = [each.code for each in errors(wrong, catalog)]
    # Where the server itself is lost, what its tools take is not known.
    assert "WF303" in codes or right in ("use hr", 'from "mcp', "use hr, finance")


def test_mistakes_in_every_statement_are_all_told() -> None:
    wrong = (
        FILE.replace("arg name: string", "arg name string")
        .replace("department = department", "department: department")
        .replace("timeout 10s", "timeout 10")
        .replace("found.total > 3", "found.total = 3")
        .replace("id: employee", "id = employee")
        .replace("arg query: string", "arg query: ")
    )
    _, problems = parse(SourceFile("test.wf", wrong))
    assert len(problems) == 6
    assert len({each.span.line for each in problems if each.span}) == 6


def test_expected_lists_are_short_and_in_the_words_of_the_language() -> None:
    for position in range(0, len(FILE), 7):
        _, problems = parse(SourceFile("test.wf", FILE[:position] + " @@ " + FILE[position:]))
        for problem in problems:
            words = f"{problem.message} {problem.label} {problem.help}"
            for name in ("_STRING", "LPAR", "RBRACE", "$END", "__ANON", "Token(", "COMMA"):
                assert name not in words
            assert words.count("`") <= 20


def test_what_ends_too_early_is_shown_at_its_opening() -> None:
    text = 'workflow w "d" {\n  step a: hr.find(\n    query = [1, 2'
    (problem,) = parse(SourceFile("test.wf", text))[1]
    assert problem.span is not None
    assert (problem.code, problem.span.text, problem.span.line) == ("WF102", "[", 3)


OTHER_LANGUAGES = {
    "YAML": "name: hire\ninputs:\n  name: string\nsteps:\n  - call: hr.find\n    with: ${{ a }}\n",
    "Python": "from hr import find\n\ndef hire(name: str):\n    return find(name)\n",
    "JSON": '{\n  "steps": [{"tool": "hr.find"}]\n}\n',
    "Rust": 'SequentialWorkflow::new("hire")\n    .step("find")\n    .bind("x")\n',
}


@pytest.mark.parametrize("language", OTHER_LANGUAGES)
def test_a_file_in_another_language_is_told_once(language: str) -> None:
    _, problems = parse(SourceFile("hire.wf", OTHER_LANGUAGES[language]))
    assert [each.message for each in problems] == ["this file is written in another language"]
    assert problems[0].span is not None
    assert problems[0].span.line == 1


def test_a_file_that_somebody_fenced() -> None:
    _, problems = parse(SourceFile("hire.wf", f"```wf\n{FILE}```\n"))
    assert [each.message for each in problems] == ["a fence of Markdown is no part of a file"] * 2
