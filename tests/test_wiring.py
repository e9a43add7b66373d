"""What flows where: the rules of the type checker, and how it says that one is broken.

The `.wf` files of `wiring` are checked against the lock there, and expect what stands on their
lines (see `checking`). Those of `wiring/messages` have the messages in full beside them. With
WFC_BLESS set (`make bless`) these are written anew; the diff is to be read.
"""

import functools
import os
import re
from pathlib import Path
from random import Random
from typing import Any

import jsonschema_rs
import pytest
from checking import assert_found, catalog_of, check_file, check_texts
from wfc import plan
from wfc.diagnostics import Diagnostic
from wfc.language import syntax
from wfc.language.parse import parse
from wfc.report.text import render
from wfc.servers.catalog import Catalog, read_catalog
from wfc.source import SourceFile
from wiring.flows import ABSENT, expression, kind, parameter

HERE = Path(__file__).parent / "wiring"
RULES = sorted(HERE.glob("*.wf"))
MESSAGES = sorted(HERE.glob("messages/*.wf"))
BLESS = bool(os.environ.get("WFC_BLESS"))

_DECLARATION = re.compile(r"declare it: `as (\w+): ([^`]*)`")


@functools.cache
def catalog() -> Catalog:
    path = HERE / "tools.lock.json"
    return read_catalog(SourceFile(path.name, path.read_text("utf-8")))


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_a_rule_is_kept_where_the_file_says(path: Path) -> None:
    assert_found(path, check_file(path, catalog()))


@pytest.mark.parametrize("path", MESSAGES, ids=lambda path: path.stem)
def test_what_is_said(path: Path) -> None:
    blessed = path.with_suffix(".txt")
    said = "\n".join(render([each]).rsplit("\n", 2)[0] + "\n" for each in told(path))
    if BLESS:
        blessed.write_text(said, "utf-8")
    assert said == blessed.read_text("utf-8")


@functools.cache
def told(path: Path) -> list[Diagnostic]:
    return check_file(path, catalog())


@pytest.mark.parametrize("path", [*RULES, *MESSAGES], ids=lambda path: path.stem)
def test_a_declaration_that_is_pasted_mends_what_it_is_for(path: Path) -> None:
    for problem in told(path):
        if problem.span is not None and (found := _DECLARATION.search(problem.help or "")):
            is_mended_by(found[1], found[2], problem, path)


def is_mended_by(name: str, declared: str, problem: Diagnostic, path: Path) -> None:
    """See that a declaration mends what it was proposed for, and brings in nothing new."""
    before = told(path)
    step = step_that_binds(name, problem)
    assert step.binding is not None
    end = step.declared.span.end if step.declared else step.binding.span.end
    text = path.read_text("utf-8")
    pasted = f"{text[: step.binding.span.start]}{name}: {declared}{text[end:]}"
    _, after = check_texts({path.name: pasted}, catalog())
    kinds = [what(each) for each in before]
    assert [what(each) for each in after].count(what(problem)) < kinds.count(what(problem))
    for each in after:
        assert not each.is_error or each.code in {before.code for before in before}, each
        assert each.code not in ("WF208", "WF408") or what(each) in kinds, each


def step_that_binds(name: str, problem: Diagnostic) -> syntax.Step:
    """Return the step that binds a name in the workflow of a problem."""
    assert problem.span is not None
    file, _ = parse(problem.span.source)
    for workflow in file.of_kind(syntax.Workflow):
        if workflow.span.start <= problem.span.start <= workflow.span.end:
            for statement in workflow.statements:
                steps = statement.steps if isinstance(statement, syntax.Parallel) else [statement]
                for step in steps:
                    binding = step.binding if isinstance(step, syntax.Step) else None
                    if binding is not None and binding.text == name:
                        return step
    raise AssertionError(f"no step binds {name}")


def what(diagnostic: Diagnostic) -> tuple[str, str]:
    """What a problem is, wherever it stands."""
    return diagnostic.code, diagnostic.span.text if diagnostic.span else ""


def test_files_that_make_one_server_share_the_names_of_workflows() -> None:
    workflow = 'use shop from "mcp.json"\nworkflow log "Read it" { step log: shop.log() as log }\n'
    _, found = check_texts(
        {
            "one.wf": f'server "one"\n{workflow}',
            "other.wf": f'server "other"\n{workflow}',
            "third.wf": workflow.replace("workflow log", "workflow another"),
        },
        catalog(),
    )
    assert [(each.code, each.span and each.span.source.path) for each in found] == [
        ("WF210", "other.wf"),
        ("WF206", "other.wf"),
    ]
    assert all(each.related[0].span.source.path == "one.wf" for each in found)


def test_a_server_goes_by_the_name_that_the_file_gives_it() -> None:
    text = (
        'use shop as store from "mcp.json"\n'
        'workflow buy "Buy" { step order: store.order(produkt = 1, product = "x") as order }\n'
    )
    _, found = check_texts({"one.wf": text}, catalog())
    assert [each.message for each in found] == [
        "store.order has no parameter `produkt`",
        '`product` of store.order does not take "x"',
    ]


def test_what_is_wrong_gives_no_plan_and_what_cannot_be_told_a_check() -> None:
    text = (
        'use shop from "mcp.json"\n'
        'workflow say "Say" {\n'
        "  arg day: string\n"
        "  step say: shop.say(on = day, text = day)\n"
        "}\n"
    )
    server, (warning,) = check_texts({"one.wf": text}, catalog())
    assert (warning.code, warning.is_error) == ("WF405", False)
    assert server is not None
    (step,) = server.workflows[0].steps
    assert isinstance(step.action, plan.ToolCall)
    checks = {each.name: each.check for each in step.action.arguments}
    assert checks == {"on": {"type": "string", "format": "date"}, "text": None}
    nothing, _ = check_texts({"one.wf": text.replace("on = day", "on = dya")}, catalog())
    assert nothing is None


@pytest.mark.parametrize("first", range(0, 400, 50))
def test_what_is_right_is_never_wrong_when_it_runs(first: int) -> None:
    for seed in range(first, first + 50):
        random = Random(seed)
        source = kind(random)
        given = expression(random, source)
        takes = {
            "type": "object",
            "properties": {"p": parameter(random, source)},
            "required": ["p"] if random.random() < 0.5 else [],
        }
        tools = [{"name": "give", "inputSchema": {}}, {"name": "take", "inputSchema": takes}]
        text = (
            'use s from "mcp.json"\n'
            'workflow w "One value" {\n'
            f"  step give: s.give() as x: {source.text}\n"
            f"  step take: s.take(p = {given.text})\n"
            "}\n"
        )
        _, found = check_texts({"w.wf": text}, catalog_of({"s": tools}))
        said = {each.code for each in found} - {"WF502"}
        sent = [arguments(given.value, source.draw()) for _ in range(30)]
        valid = jsonschema_rs.Draft202012Validator(takes).is_valid
        wrong = [each for each in sent if each is not None and not valid(each)]
        assert said or not wrong, (seed, text, takes, wrong[0])
        if said == {"WF401"} and sent.count(None) < 10:
            # A mistake shows in some value: if not in these, then in more of them.
            more = (arguments(given.value, source.draw()) for _ in range(3000))
            assert wrong or any(each is not None and not valid(each) for each in more), seed


def arguments(value: Any, x: Any) -> dict[str, Any] | None:
    """Return the arguments for a value of `x`; None where the step fails before it calls."""
    try:
        found = value(x)
    except IndexError:
        return None
    return {} if found is ABSENT else {"p": found}
