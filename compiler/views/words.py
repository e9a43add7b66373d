"""The plan in words: what `wfc show` prints and `wfc graph` draws.

In: a `plan.Server`. Out: for each workflow its arguments, steps and result, every expression and
condition as it is written in a `.wf` file, with the names that it reads.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct

from .. import plan
from ..schema import describe


class Flow(Struct, frozen=True):
    """A value that flows somewhere: `name` is where to, `value` what, `sources` what it reads."""

    name: str
    value: str
    sources: tuple[str, ...] = ()


class Call(Struct, frozen=True):
    """A call of a tool or a workflow, or a read: `what` it is, and what flows into it."""

    what: str
    flows: tuple[Flow, ...]


class Step(Struct, frozen=True):
    """A step; `clauses` are its other clauses, a line each, as flows of their values.

    `declared` is the type that the binding is declared with, `parallel` numbers the blocks of steps
    that run at the same time.
    """

    number: int
    name: str
    call: Call
    binding: str | None
    declared: str | None
    clauses: tuple[Flow, ...]
    undo: Call | None
    parallel: int | None


class Argument(Struct, frozen=True):
    """An argument of a workflow; `default` is JSON, None where there is none."""

    name: str
    type: str
    is_required: bool
    default: str | None
    description: str


class Workflow(Struct, frozen=True):
    """A workflow; `returns` are the fields of its result, `handoff` what is left to the model."""

    name: str
    description: str
    instructions: tuple[str, ...]
    arguments: tuple[Argument, ...]
    steps: tuple[Step, ...]
    returns: tuple[Flow, ...]
    handoff: Call | None
    missing: tuple[str, ...] = ()


def workflows_in_words(server: plan.Server) -> list[Workflow]:
    """Return the workflows of a server in words."""
    return [_workflow(workflow) for workflow in server.workflows]


def _workflow(workflow: plan.Workflow) -> Workflow:
    arguments = tuple(
        Argument(
            each.name,
            describe(each.type.schema),
            each.required,
            _json(each.default) if each.has_default else None,
            each.description,
        )
        for each in workflow.parameters
    )
    handoff = workflow.handoff
    return Workflow(
        workflow.name,
        workflow.description,
        workflow.instructions,
        arguments,
        tuple(_steps(workflow)),
        () if workflow.result is None else _fields(workflow.result),
        None if handoff is None else _handoff(handoff),
        () if handoff is None else handoff.missing,
    )


def _steps(workflow: plan.Workflow) -> Iterator[Step]:
    number = blocks = 0
    for statement in workflow.statements:
        if isinstance(statement, plan.Parallel):
            blocks += 1
        block = blocks if isinstance(statement, plan.Parallel) else None
        steps = statement.steps if isinstance(statement, plan.Parallel) else (statement,)
        for step in steps:
            number += 1
            yield Step(
                number,
                step.name,
                _call(step.action),
                step.binding,
                describe(step.output.schema) if step.declared else None,
                tuple(_clauses(step)),
                None if step.undo is None else _call(step.undo),
                block,
            )


def _clauses(step: plan.Step) -> Iterator[Flow]:
    if step.loop is not None:
        items = step.loop.items
        yield Flow(f"for {step.loop.name} in", expression(items), _sources(items))
    if step.when is not None:
        names = (path.name for path in plan.condition_paths(step.when))
        yield Flow("when", condition(step.when), _unique(names))
    if step.timeout is not None:
        yield Flow("timeout", f"{step.timeout:g}s")
    if step.attempts > 1:
        pause = f" every {step.every:g}s" if step.every else ""
        unsafe = " unsafe" if step.is_unsafe else ""
        yield Flow("retry", f"{step.attempts}{pause}{unsafe}")
    for requirement in step.requirements:
        yield _requirement(requirement)
    if step.guidance is not None:
        yield Flow("guidance", expression(step.guidance), _sources(step.guidance))


def _requirement(requirement: plan.Requirement) -> Flow:
    names = [path.name for path in plan.condition_paths(requirement.condition)]
    told = condition(requirement.condition)
    if requirement.is_worded:
        told += f" {expression(requirement.message)}"
        names += _sources(requirement.message)
    return Flow("require", told, _unique(names))


def _call(action: plan.Action) -> Call:
    if isinstance(action, plan.Read):
        flow = Flow("uri", expression(action.uri), _sources(action.uri))
        return Call(f"read {action.server.name}", (flow,))
    flows = tuple(
        Flow(each.name, expression(each.value), _sources(each.value)) for each in action.arguments
    )
    if isinstance(action, plan.WorkflowCall):
        return Call(action.workflow, flows)
    return Call(f"{action.server.name}.{action.tool.name}", flows)


def _handoff(handoff: plan.Handoff) -> Call:
    text = Flow("guidance", expression(handoff.text), _sources(handoff.text))
    if handoff.call is None:
        return Call("the model", (text,))
    call = _call(handoff.call)
    return Call(call.what, (text, *call.flows))


def _fields(result: plan.Expression) -> tuple[Flow, ...]:
    if isinstance(result, plan.Object):
        return tuple(
            Flow(name, expression(value), _sources(value)) for name, value in result.entries
        )
    return (Flow("", expression(result), _sources(result)),)


# --- Expressions and conditions


def expression(value: plan.Expression) -> str:
    """Return an expression as it is written in a `.wf` file."""
    match value:
        case plan.Path(name, accesses):
            return name + "".join(_access(each.key) for each in accesses)
        case plan.Constant(value=constant):
            return _json(constant)
        case plan.Interpolation(parts):
            texts = [
                _json(part)[1:-1].replace("{", "{{").replace("}", "}}")
                if isinstance(part, str)
                else f"{{{expression(part)}}}"
                for part in parts
            ]
            return f'f"{"".join(texts)}"'
        case plan.Array(items):
            return f"[{', '.join(map(expression, items))}]"
        case plan.Object(entries):
            return f"{{{', '.join(f'{_key(key)}: {expression(each)}' for key, each in entries)}}}"


def condition(value: plan.Condition) -> str:
    """Return a condition as it is written in a `.wf` file."""
    match value:
        case plan.Present(path):
            return expression(path)
        case plan.Comparison(left, operator, right):
            return f"{expression(left)} {operator} {expression(right)}"
        case plan.AllOf(conditions):
            return " and ".join(map(_in_parentheses, conditions))
        case plan.AnyOf(conditions):
            return " or ".join(map(_in_parentheses, conditions))
        case plan.Not(inner):
            return f"not {_in_parentheses(inner)}"


def _in_parentheses(value: plan.Condition) -> str:
    is_compound = isinstance(value, plan.AllOf | plan.AnyOf)
    return f"({condition(value)})" if is_compound else condition(value)


def _access(key: str | int) -> str:
    return f".{key}" if isinstance(key, str) and _is_name(key) else f"[{_json(key)}]"


def _key(key: str) -> str:
    return key if _is_name(key) else _json(key)


def _is_name(key: str) -> bool:
    return key.isidentifier() and key.isascii()


def _sources(value: plan.Expression) -> tuple[str, ...]:
    return _unique(path.name for path in plan.paths(value))


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
