"""What a `.wf` file may say, and the syntax tree that it becomes."""

from typing import Any

import pytest
from wfc.language import syntax
from wfc.language.parse import parse
from wfc.source import SourceFile


def declarations(text: str) -> tuple[Any, ...]:
    file, problems = parse(SourceFile("test.wf", text))
    assert [each.message for each in problems if "no workflow" not in each.message] == []
    return file.declarations


def statements(*lines: str) -> tuple[Any, ...]:
    (workflow,) = declarations("\n".join(['workflow w "d" {', *lines, "}"]))
    return tuple(workflow.statements)


def returned(expression: str) -> Any:
    (statement,) = statements(f"return {expression}")
    return statement.value


def test_declarations() -> None:
    server, use, alias, workflow = declarations(
        'server "s" version "1" "Told to clients"\n'
        'use hr, "git x" as git, it as tech from "m.json"\n'
        'type Person = string\nworkflow w "d" {}'
    )
    assert (server.name.value, server.version.value) == ("s", "1")
    assert server.instructions.value == "Told to clients"
    assert [(each.server.text, each.alias.text) for each in use.sources] == [
        ("hr", "hr"),
        ("git x", "git"),
        ("it", "tech"),
    ]
    assert use.origin.value == "m.json"
    assert alias.name.text == "Person"
    assert (workflow.name.text, workflow.description.value) == ("w", "d")


def test_arguments() -> None:
    plain, full = statements("arg a", 'arg b?: "x" | 3 = "x" "About b"')
    assert (plain.optional, plain.type, plain.default, plain.description) == (False,) + (None,) * 3
    assert full.optional
    assert [member.value for member in full.type.members] == ["x", 3]
    assert (full.default.value, full.description.value) == ("x", "About b")


def test_steps_and_their_clauses() -> None:
    (step,) = statements(
        'step a: hr."delete it"(x = 1, y) as out: {id: string[]}',
        "timeout 500ms retry 3 every 2s unsafe undo hr.x() when y for z in out.list",
        'require out matches "^a" "why" require not z guidance f"{z}"',
    )
    assert (step.action.server.text, step.action.tool.text) == ("hr", "delete it")
    assert [each.name.text for each in step.action.arguments] == ["x", "y"]
    assert step.binding.text == "out"
    timeout, retry, *_ = step.clauses
    assert timeout.seconds == 0.5
    assert (retry.attempts, retry.every, retry.unsafe) == (3, 2.0, True)
    kinds = [type(each).__name__ for each in step.clauses[2:]]
    assert kinds == ["Undo", "When", "For", "Require", "Require", "Guidance"]


def test_other_actions_and_endings() -> None:
    call, read, block, handoff = statements(
        "step a: other(x)",
        'step b: read files "file:///x"',
        "parallel { step c: f() step d: f() }",
        'handoff hr.x(a) """Go on"""',
    )
    assert isinstance(call.action, syntax.WorkflowCall)
    assert isinstance(read.action, syntax.Read)
    assert [step.name.text for step in block.steps] == ["c", "d"]
    assert (handoff.call.tool.text, handoff.text.value) == ("x", "Go on")


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ('"a\\n\\u00e9"', "a\né"),
        ("1.0", 1.0),
        ("-3", -3),
        ("12e2", 1200.0),
        ("true", True),
        ("null", None),
        ('"""\n  two\n    lines\n  """', "\ntwo\n  lines\n"),
        ('"""a "quoted" word"""', 'a "quoted" word'),
        ('""', ""),
        ('""""""', ""),
    ],
)
def test_constants(written: str, value: Any) -> None:
    assert returned(written).value == value
    assert type(returned(written).value) is type(value)


def test_paths_through_fields_keys_and_items() -> None:
    path = returned('a.b[0]["c d"]')
    assert path.head.text == "a"
    assert [type(each).__name__ for each in path.accessors] == ["Field", "Index", "Key"]


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ('f"Hello {a.b}!"', ["Hello ", "a.b", "!"]),
        ('f"{{{a}}}"', ["{", "a", "}"]),
        ('f""', []),
        ('f"""\n  {a}\n  b\n"""', ["\n", "a", "\nb\n"]),
        ('f"{ a }"', ["a"]),
    ],
)
def test_f_strings(written: str, parts: list[str]) -> None:
    found = [
        part if isinstance(part, str) else part.span.text.strip()
        for part in returned(written).parts
    ]
    assert found == parts


def test_f_strings_stand_wherever_texts_of_steps_do() -> None:
    step, handoff = statements(
        'step a: read files f"file:///{x}" require x f"""long {x}"""', 'handoff f"""{x}"""'
    )
    assert isinstance(step.clauses[0].message, syntax.FString)
    assert isinstance(handoff.text, syntax.FString)


def test_conditions_bind_as_usual() -> None:
    (step,) = statements("step a: f() when not x and y == 1 or (z or w) and v contains 2")
    either = step.clauses[0].condition
    assert isinstance(either, syntax.AnyOf)
    first, second = either.conditions
    assert [type(each).__name__ for each in first.conditions] == ["Not", "Comparison"]
    assert [type(each).__name__ for each in second.conditions] == ["AnyOf", "Comparison"]


def test_types() -> None:
    (alias,) = declarations('type T = ({a?: string(min = 1, max = 3)[], "b c": T} | null)[]')
    union = alias.type.item
    assert isinstance(alias.type, syntax.ArrayType)
    first, second = union.members[0].fields
    assert (first.name.text, first.optional) == ("a", True)
    assert isinstance(first.type.item, syntax.ConstrainedType)
    assert second.name.text == "b c"


KEYWORDS = [
    "server", "version", "use", "from", "as", "type", "workflow", "arg", "instruction", "step",
    "read", "when", "for", "in", "timeout", "retry", "every", "unsafe", "undo", "require",
    "guidance", "parallel", "handoff", "return", "and", "or", "contains", "matches",
]  # fmt: skip


@pytest.mark.parametrize("word", KEYWORDS)
def test_keywords_are_names_where_names_stand(word: str) -> None:
    step, end = statements(
        f"step {word}: {word}.{word}({word} = x.{word}, {word}2 = {{{word}: 1}}) as {word}",
        f"return {{{word}: x.{word}}}",
    )
    assert (step.name.text, step.action.tool.text, step.binding.text) == (word, word, word)
    assert end.value.entries[0].key.text == word


def test_keywords_are_read_whole() -> None:
    for text in ("args x", "stepa: f()", "returnx"):
        _, problems = parse(SourceFile("test.wf", f'workflow w "d" {{\n{text}\n}}'))
        assert len(problems) == 1, text


def test_blanks_line_ends_and_comments_mean_nothing() -> None:
    spread = 'workflow\r\n w # one\n "d"\n\n{\targ\nx }\ufeff'
    assert declarations(spread)[0].statements[0].name.text == "x"


def test_comments_are_kept_and_strings_are_none() -> None:
    file, _ = parse(SourceFile("test.wf", '# one\nworkflow w "# not" { # two \n}\n#'))
    assert [each.text for each in file.comments] == ["# one", "# two", "#"]


def test_spans_are_those_of_the_text() -> None:
    (step,) = statements('step a: hr.f(x = f"é {y.z}") as out')
    assert step.span.text == 'step a: hr.f(x = f"é {y.z}") as out'
    (argument,) = step.action.arguments
    assert argument.span.text == 'x = f"é {y.z}"'
    assert argument.value.parts[1].span.text == "y.z"


@pytest.mark.parametrize("text", ["", "  \n", "# nothing\n", 'use a from "x"', "type T = string"])
def test_a_file_needs_a_workflow(text: str) -> None:
    _, problems = parse(SourceFile("test.wf", text))
    assert [each.message for each in problems] == ["there is no workflow in this file"]


def test_deep_nesting_is_an_error() -> None:
    _, problems = parse(SourceFile("test.wf", 'workflow w "d" { return ' + "[" * 1000))
    assert [each.message for each in problems] == ["this is nested too deeply"]


@pytest.mark.parametrize("digits", ["9" * 5000, "1e999"])
def test_numbers_too_large_are_errors_wherever_they_stand(digits: str) -> None:
    places = [f"return {digits}", f"step a: f() retry {digits}", f"return x[{digits}]"]
    for place in places[: 3 if digits.isdigit() else 1]:
        _, problems = parse(SourceFile("test.wf", f'workflow w "d" {{ {place} }}'))
        assert problems[0].code in ("WF104", "WF107")
