"""A small change of a `.wf` file is a small change of the server: the step, its types, the header.

Every step, argument, clause and description of every example is changed in turn. What is compared
are the parts of the server: the statements of each step, each class and alias, each entry of the
tables. Which of them may change is said beside each change.
"""

import ast
import json
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from jinja2 import Environment
from msgspec import Struct
from running import EXAMPLES
from wfc.emitting import emit
from wfc.language import syntax
from wfc.language.parse import parse
from wfc.pipeline import build_of, check_files
from wfc.project import Locking
from wfc.source import SourceFile, Span

FILES = sorted(EXAMPLES.glob("*/*.wf"))

Edit = tuple[Span, str]
"""A place in a text, and what is to stand there."""


@dataclass(frozen=True)
class Change:
    """A change of an example, and the parts of its server that may change with it.

    An entry that ends in `…` stands for all parts that start so.
    """

    what: str
    text: str
    parts: frozenset[str]
    lock: str | None = None


# --- The parts of a server


def parts_of(server: str) -> dict[str, str]:
    """Return the parts of a server by what they are."""
    lines = server.splitlines(keepends=True)
    found: dict[str, str] = {}
    end = 0

    def take(name: str, last: int) -> None:
        nonlocal end
        found[name] = found.get(name, "") + "".join(lines[end:last])
        end = last

    for node in ast.parse(server).body:
        assert node.end_lineno is not None
        if isinstance(node, ast.AsyncFunctionDef) and node.name.startswith("run_"):
            for statement, step in zip(node.body, steps_in(node.body), strict=True):
                assert statement.end_lineno is not None
                take(f"step {step}", statement.end_lineno)
        elif isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "TOOLS":
            take_entries(node, take)
        elif isinstance(node, ast.AsyncFunctionDef) and node.name.endswith("_prompt"):
            take_plan(node, take)
        take(name_of(node), node.end_lineno)
    hashes = next(line for line in lines if line.startswith("# wfc:"))
    return {name: text.replace(hashes, "") for name, text in found.items()}


def name_of(node: ast.stmt) -> str:
    match node:
        case ast.ClassDef(name=name):
            return f"type {name}"
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return f"function {name}"
        case ast.Assign(targets=[ast.Name(id=name)]):
            return f"type {name}"
        case ast.AnnAssign(target=ast.Name(id=name)):
            return f"type {name}"
        case ast.Import() | ast.ImportFrom():
            return "imports"
    return "top"


def steps_in(statements: list[ast.stmt]) -> list[str]:
    """Return the step that each statement belongs to: an undo to the one before it."""
    found: list[str] = []
    for statement in reversed(statements):
        following = found[-1] if found else "return"
        called = [
            node
            for node in ast.walk(statement)
            if isinstance(node, ast.Call) and ast.unparse(node.func).startswith(("run.", "each."))
        ]
        names = [
            node.args[0].value
            for node in called
            if node.args
            and isinstance(node.args[0], ast.Constant)
            and not ast.unparse(node.func).endswith((".assistant", ".handoff"))
        ]
        is_undo = isinstance(statement, ast.Expr) and any(
            ast.unparse(node.func).startswith("run.undo") for node in called
        )
        if any(ast.unparse(node.func) == "run.parallel" for node in called):
            names = ["parallel"]
        found.append("undo" if is_undo else str(names[0]) if names else following)
    found.reverse()
    for index, name in enumerate(found):
        if name == "undo":
            found[index] = found[index - 1]
    return ["docstring", *found[1:]]


def take_entries(node: ast.AnnAssign, take: object) -> None:
    assert isinstance(node.value, ast.Dict)
    assert callable(take)
    for server, tools in zip(node.value.keys, node.value.values, strict=True):
        assert isinstance(tools, ast.Dict)
        for tool, entry in zip(tools.keys, tools.values, strict=True):
            assert isinstance(server, ast.Constant)
            assert isinstance(tool, ast.Constant)
            take(f"tool {server.value}.{tool.value}", entry.end_lineno)


def take_plan(node: ast.AsyncFunctionDef, take: object) -> None:
    assert callable(take)
    for statement in node.body:
        if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Call):
            continue
        if ast.unparse(statement.value.func) == "run.plan":
            take(f"function {node.name}", statement.lineno)
            for line in statement.value.args:
                step, _, _ = ast.literal_eval(line).partition(":")
                take(f"plan {step}", line.end_lineno)


# --- The changes


@cache
def steps_of(path: Path) -> list[syntax.Step]:
    steps: list[syntax.Step] = []
    for statement in statements_of(path):
        if isinstance(statement, syntax.Step):
            steps.append(statement)
        elif isinstance(statement, syntax.Parallel):
            steps += statement.steps
    return steps


@cache
def file_of(path: Path) -> syntax.File:
    file, problems = parse(SourceFile(str(path), path.read_text("utf-8")))
    assert not problems
    return file


def statements_of(path: Path) -> list[syntax.Statement]:
    workflows = file_of(path).of_kind(syntax.Workflow)
    return [each for workflow in workflows for each in workflow.statements]


def changes(path: Path) -> Iterator[Change]:
    text = path.read_text("utf-8")

    def changed(what: str, start: int, end: int, new: str, *parts: str) -> Change:
        return Change(what, text[:start] + new + text[end:], frozenset(parts))

    for step in steps_of(path):
        name = step.name.text
        own, line = f"step {name}", f"plan {name}"
        end = step.span.end
        kinds = [type(clause) for clause in step.clauses]
        start = text.rindex("\n", 0, step.span.start) + 1
        yield changed(f"a comment above {name}", start, start, "  # Mind this.\n", own)
        if syntax.Timeout not in kinds:
            yield changed(f"a time limit for {name}", end, end, "\n    timeout 99s", own)
        yield changed(f"a hint at {name}", end, end, '\n    guidance "Look."', own)
        yield changed(
            f"the name of {name}", step.name.span.start, step.name.span.end, f"{name}_2",
            own, f"{own}_2", line, f"{line}_2", *readers_of_step(path, step),
        )  # fmt: skip
        for clause in step.clauses:
            kind = type(clause).__name__.lower()
            if isinstance(clause, syntax.Timeout | syntax.Retry):
                new = "timeout 77s" if kind == "timeout" else "retry 7 unsafe"
                yield changed(f"{kind} of {name}", clause.span.start, clause.span.end, new, own)
        if isinstance(step.action, syntax.ToolCall):
            for argument in step.action.arguments:
                value = argument.value
                what = f"{argument.name.text} of {name}"
                match value:
                    case syntax.Constant(value=str()):
                        new = json.dumps(value.value)[:-1] + '!"'
                    case syntax.Constant(value=int(number)):
                        new = str(number + 1)
                    case syntax.FString():
                        new = value.span.text[:-1] + '!"'
                    case _:
                        continue
                yield changed(what, value.span.start, value.span.end, new, own)
    for statement in statements_of(path):
        if isinstance(statement, syntax.Arg) and statement.description is not None:
            span = statement.description.span
            alias = f"type {camel(statement.name.text)}"
            what = f"the description of {statement.name.text}"
            yield changed(what, span.start, span.end, '"Something else"', alias)
        if isinstance(statement, syntax.Instruction):
            span = statement.text.span
            yield changed("an instruction", span.start, span.end, '"Do."', "function …prompt")
    yield from new_steps(path, text)
    yield from changes_of_structure(path, text)
    yield from changes_of_lock(path, text)


def readers_of_step(path: Path, step: syntax.Step) -> list[str]:
    """A whole output that is passed on is called by the name of its step."""
    return readers_of(path, step.binding.text if step.binding else "-")


def readers_of(path: Path, variable: str) -> list[str]:
    readers = [f"step {each.name.text}" for each in steps_of(path) if variable in each.span.text]
    return [*readers, "step parallel", "step return"]


def new_steps(path: Path, text: str) -> Iterator[Change]:
    """A step that is made once more, at the end."""
    for step in steps_of(path):
        if any(isinstance(clause, syntax.For) for clause in step.clauses):
            continue
        call = step.action.span.text
        name = f"{step.name.text}_again"
        place = text.rindex("\n  return" if "\n  return" in text else "\n}")
        new = f"{text[:place]}\n  step {name}: {call}\n{text[place:]}"
        may_be_absent = any(isinstance(clause, syntax.When) for clause in step.clauses)
        if may_be_absent:
            continue
        # Without the plumbing, which imports it as well, the step may be the first to need `Any`.
        parts = {f"step {name}", f"plan {name}", "function …", "imports"}
        yield Change(f"once more {step.name.text}", new, frozenset(parts))


def changes_of_structure(path: Path, text: str) -> Iterator[Change]:
    """Other names; clauses, arguments and steps that go; steps that move; what is returned."""

    def edited(what: str, edits: Iterable[Edit], *parts: str) -> Change:
        new = text
        for span, replacement in sorted(edits, key=lambda edit: edit[0].start, reverse=True):
            new = new[: span.start] + replacement + new[span.end :]
        return Change(what, new, frozenset(parts))

    [workflow] = file_of(path).of_kind(syntax.Workflow)
    arguments = [each for each in workflow.statements if isinstance(each, syntax.Arg)]
    functions = (f"function {workflow.name.text}", f"function {workflow.name.text}_prompt")
    section = f"type {camel(arguments[0].name.text)}"  # the title stands above it
    whole = ("function …", "step docstring", "step return", "top", "type …Result", section)
    yield edited("the name of the workflow", [(workflow.name.span, "renamed")], *whole)
    span = workflow.description.span
    yield edited("the workflow's description", [(span, '"Renamed"')], *functions, section)
    name = arguments[-1].name
    readers = (*readers_of(path, name.text), "step docstring", f"type {camel(name.text)}…")
    yield edited(f"the name of {name.text}", renamed(workflow, name), *functions, *readers)
    for statement in workflow.statements:
        match statement:
            case syntax.Return(value=syntax.Object(entries=[entry, *_])):
                edits = [(entry.key.span, "renamed")]
                yield edited(f"the field {entry.key.text}", edits, "step return", "type …Result")
            case syntax.Handoff(text=guidance):
                yield edited("what is handed over", [(guidance.span, '"Do it."')], "step return")
    for step in steps_of(path):
        for what, edits, parts in changes_of_step(path, workflow, step):
            yield edited(what, edits, *parts)
    top = [each for each in workflow.statements if isinstance(each, syntax.Step)]
    for one, other in pairwise(top):
        both = (f"step {one.name.text}", f"step {other.name.text}")
        swapped = [(one.span, other.span.text), (other.span, one.span.text)]
        what = f"{other.name.text} before {one.name.text}"
        yield edited(what, swapped, *both, "type Servers", "tool …")
        together = f"parallel {{ {one.span.text}\n{other.span.text} }}"
        what = f"{one.name.text} beside {other.name.text}"
        both += (*readers_of_step(path, one), *readers_of_step(path, other))
        yield edited(what, [(one.span, together), (other.span, "")], *both)


def changes_of_step(
    path: Path, workflow: syntax.Workflow, step: syntax.Step
) -> Iterator[tuple[str, list[Edit], list[str]]]:
    name, own, called = step.name.text, f"step {step.name.text}", tool_of(step.action)
    binding = step.binding.text if step.binding else "-"
    if step.binding is not None and not binding.startswith("_"):
        parts = [own, *readers_of_step(path, step), f"type {camel(binding)}…"]
        yield f"the binding of {name}", renamed(workflow, step.binding), parts
    for clause in step.clauses:
        kind = type(clause).__name__.lower()
        parts = [own]
        if isinstance(clause, syntax.Undo):
            parts += [called, tool_of(clause.call)]
        elif isinstance(clause, syntax.Require):
            # With the only number that is read goes what reads numbers.
            helpers = ["type Integer", "function whole", "function number", "imports"]
            parts += [called, f"type {camel(binding)}", *helpers]
        yield f"{name} without {kind}", [(clause.span, "")], parts
    if isinstance(step.action, syntax.ToolCall):
        for argument in step.action.arguments:
            span = argument.span
            end = span.end + span.source.text[span.end :].startswith(",")
            edits = [(span.source.span(span.start, end), "")]
            yield f"{name} without {argument.name.text}", edits, [own, called]
    functions = [f"function {workflow.name.text}", f"function {workflow.name.text}_prompt"]
    parts = [own, f"plan {name}", *functions, "step parallel", "tool …", *sources_of(path, step)]
    yield f"without {name}", [(step.span, "")], parts


def camel(name: str) -> str:
    return "".join(word.title() for word in name.split("_"))


def tool_of(call: object) -> str:
    is_tool = isinstance(call, syntax.ToolCall)
    return f"tool {call.server.text}.{call.tool.text}" if is_tool else "-"


def sources_of(path: Path, step: syntax.Step) -> list[str]:
    """The steps whose bindings a step reads, and their types, which hold what is read of them."""
    found: list[str] = []
    for each in steps_of(path):
        if each.binding and re.search(rf"\b{each.binding.text}\b", step.span.text):
            found += [f"step {each.name.text}", f"type {camel(each.binding.text)}…"]
    return found


def renamed(workflow: syntax.Workflow, name: syntax.Name) -> list[Edit]:
    """Return the edits that call an argument or a binding otherwise."""
    new = f"{name.text}_too"
    edits = {name.span.start: (name.span, new)}
    for node in nodes_of(workflow):
        match node:
            case syntax.Argument(name=given, value=syntax.Path(head=head)) if (
                head.text == name.text and given.span == head.span
            ):
                edits[head.span.start] = (head.span, f"{given.text} = {new}")
            case syntax.Path(head=head) if head.text == name.text:
                edits.setdefault(head.span.start, (head.span, new))
    return list(edits.values())


def nodes_of(node: object) -> Iterator[object]:
    """Yield what is in a syntax tree, the outer before the inner."""
    yield node
    inner: Iterable[object] = node if isinstance(node, tuple) else ()
    if isinstance(node, Struct) and not isinstance(node, Span):
        inner = (getattr(node, field) for field in node.__struct_fields__)
    for each in inner:
        yield from nodes_of(each)


def changes_of_lock(path: Path, text: str) -> Iterator[Change]:
    """A tool's description is in the plan, and nowhere else."""
    for step in steps_of(path):
        if isinstance(step.action, syntax.ToolCall):
            tool = step.action.tool.text
            lock = json.loads((path.parent / "tools.lock.json").read_text("utf-8"))
            for server in lock["servers"].values():
                for entry in server["tools"]:
                    if entry["name"] == tool:
                        entry["description"] = "Another description."
            name = f"the description of the tool {tool}"
            parts = {f"plan {each.name.text}" for each in steps_of(path)}
            yield Change(name, text, frozenset(parts), json.dumps(lock, indent=2))


# --- Building fast: without the plumbing, which is formatted for most of the time


@pytest.fixture
def _without_plumbing(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = emit._environment()
    loader = environment.loader
    assert loader is not None

    class Loader(type(loader)):  # type: ignore[misc]
        def __init__(self) -> None:
            pass

        def get_source(self, environment: Environment, template: str) -> object:
            if template == "plumbing.py.j2":
                return "", None, None
            return loader.get_source(environment, template)

    light = environment.overlay(loader=Loader())
    monkeypatch.setattr(emit, "_environment", lambda: light)


def build(example: Path, folder: Path, text: str, lock: str | None = None) -> str | None:
    """Return the server; None where the change makes the file wrong, as another text may."""
    ignored = shutil.ignore_patterns("__pycache__", "server.py")
    shutil.copytree(example.parent, folder, dirs_exist_ok=True, ignore=ignored)
    (folder / example.name).write_text(text, "utf-8")
    if lock is not None:
        (folder / "tools.lock.json").write_text(lock, "utf-8")
    checked = check_files([str(folder / example.name)], Locking(allowed=False))
    if checked.server is None:
        return None
    return build_of(checked, folder / "server.py").text()


def differing(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def may_change(part: str, allowed: frozenset[str]) -> bool:
    for each in allowed:
        start, wildcard, end = each.partition("…")
        if part == each or (wildcard and part.startswith(start) and part.endswith(end)):
            return True
    return False


@pytest.mark.usefixtures("_without_plumbing")
@pytest.mark.parametrize("example", FILES, ids=lambda path: path.stem)
def test_a_small_change_is_a_small_difference(example: Path, tmp_path: Path) -> None:
    unchanged = build(example, tmp_path, example.read_text("utf-8"))
    assert unchanged is not None
    before = parts_of(unchanged)
    wrong: list[str] = []
    tried = 0
    for change in changes(example):
        server = build(example, tmp_path, change.text, change.lock)
        if server is None:
            continue
        tried += 1
        after = parts_of(server)
        found = differing(before, after)
        if change.lock is not None:
            (tmp_path / "tools.lock.json").unlink()
        strays = sorted(part for part in found if not may_change(part, change.parts))
        if strays or (not found and list(before) == list(after)):
            wrong.append(f"{change.what}: {strays or 'nothing changes'}")
    assert tried > 10
    assert not wrong, "\n".join(wrong)
