"""What `wfc show` prints: the workflows of a server, step by step.

In: workflows in words. Out: text for people, or JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

from msgspec import to_builtins

from .words import Argument, Call, Flow, Step, Workflow


def as_text(workflows: Iterable[Workflow]) -> str:
    """Return workflows as text: arguments, steps in order with what flows in, and the result."""
    return "\n\n".join("\n".join(_workflow(each)) for each in workflows) + "\n"


def as_json(workflows: Iterable[Workflow]) -> str:
    """Return workflows as a JSON array, with everything that the text says."""
    return (
        json.dumps([to_builtins(each) for each in workflows], indent=2, ensure_ascii=False) + "\n"
    )


def _workflow(workflow: Workflow) -> Iterator[str]:
    about = f": {_line(workflow.description)}" if workflow.description else ""
    yield f"{workflow.name}{about}"
    for instruction in workflow.instructions:
        yield f"  instruction {_line(instruction)}"
    if workflow.arguments:
        yield "  takes"
        width = max(len(_given(each)) for each in workflow.arguments)
        for argument in workflow.arguments:
            given = _given(argument).ljust(width)
            yield f"    {given}  {_line(argument.description)}".rstrip()
    block: int | None = None
    for step in workflow.steps:
        if step.parallel != block and step.parallel is not None:
            yield "  at the same time"
        block = step.parallel
        yield from _step(step)
    if workflow.handoff is not None:
        yield f"  hands over to {workflow.handoff.what}"
        yield from _flows(workflow.handoff.flows, "    ", "←")
        if workflow.missing:
            yield f"    still missing: {', '.join(workflow.missing)}"
    if workflow.returns:
        yield "  returns"
        yield from _flows(workflow.returns, "    ", "←")


def _given(argument: Argument) -> str:
    optional = "" if argument.is_required or argument.default is not None else "?"
    default = "" if argument.default is None else f" = {argument.default}"
    return f"{argument.name}{optional}: {argument.type}{default}"


def _step(step: Step) -> Iterator[str]:
    margin = "    " if step.parallel is not None else "  "
    bound = "" if step.binding is None else f" as {step.binding}"
    bound += "" if step.declared is None else f": {step.declared}"
    yield f"{margin}{step.number}. {step.name}: {step.call.what}{bound}"
    margin += "   "
    yield from _flows(step.call.flows, margin, "←")
    for clause in step.clauses:
        yield f"{margin}{clause.name} {_line(clause.value)}"
    if step.undo is not None:
        yield f"{margin}undone by {_called(step.undo)}"


def _called(call: Call) -> str:
    return f"{call.what}({', '.join(f'{each.name} ← {each.value}' for each in call.flows)})"


def _flows(flows: Sequence[Flow], margin: str, arrow: str) -> Iterator[str]:
    width = max((len(each.name) for each in flows), default=0)
    for each in flows:
        if each.name:
            yield f"{margin}{each.name.ljust(width)} {arrow} {_line(each.value)}"
        else:
            yield f"{margin}{_line(each.value)}"


def _line(text: str) -> str:
    return " ".join(text.split())
