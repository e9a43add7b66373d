"""Advice: what works, and is probably not what was meant (WF5xx, warnings)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from ..diagnostics import Diagnostic, Severity
from ..language import syntax
from ..servers.catalog import Tool

Report = Callable[[Diagnostic], None]


def unused(name: syntax.Name, code: str, kind: str, report: Report) -> None:
    """Report an argument or binding that nothing reads; a leading `_` says it is meant so."""
    if name.text.startswith("_"):
        return
    report(
        Diagnostic(
            code,
            f"the {kind} `{name.text}` is never used",
            name.span,
            Severity.WARNING,
            help=f"use it, remove it, or call it `_{name.text}`",
        )
    )


def destructive(
    steps: Sequence[syntax.Step],
    known_tool: Callable[[syntax.ToolCall], Tool | None],
    report: Report,
) -> None:
    """Report steps that destroy something for good although a later step may fail."""
    for step in steps[:-1]:
        if not isinstance(step.action, syntax.ToolCall):
            continue
        tool = known_tool(step.action)
        # Without annotations a tool may do anything; only what says so is worth a warning.
        if tool is None or tool.annotations.get("destructiveHint") is not True or tool.read_only:
            continue
        if any(isinstance(each, syntax.Undo) for each in step.clauses):
            continue
        report(
            Diagnostic(
                "WF504",
                f"{step.action.server.text}.{step.action.tool.text} destroys something, and "
                "nothing undoes it when a later step fails",
                step.action.tool.span,
                Severity.WARNING,
                label="marked as destructive by its server",
                help="add an `undo`, or move the step to the end",
            )
        )


def repeated_effect(
    step: syntax.Step,
    clause: syntax.Retry,
    known_tool: Callable[[syntax.ToolCall], Tool | None],
    workflows: Mapping[str, syntax.Workflow],
    report: Report,
) -> None:
    """Report a `retry` of a tool whose effect it may repeat, or of a workflow that calls such."""
    if clause.unsafe or clause.attempts == 1:
        return
    for call in _tool_calls(step.action, workflows, ()):
        tool = known_tool(call)
        if tool is None or tool.idempotent:
            continue
        report(
            Diagnostic(
                "WF503",
                f"`retry` may repeat the effect of {call.server.text}.{call.tool.text}",
                clause.span,
                Severity.WARNING,
                label="the tool is not marked idempotent or read-only",
                notes=("an attempt that timed out or lost its connection may have had its effect",),
                help=f"if repeating it does no harm, write `{clause.span.text} unsafe`",
            )
        )
        return


def _tool_calls(
    action: syntax.Action, workflows: Mapping[str, syntax.Workflow], under_way: tuple[str, ...]
) -> Iterator[syntax.ToolCall]:
    """The calls of tools that an action makes, through other workflows too."""
    if isinstance(action, syntax.ToolCall):
        yield action
    elif isinstance(action, syntax.WorkflowCall):
        name = action.workflow.text
        if name not in workflows or name in under_way:
            return  # reported as unknown, or as a cycle
        for statement in workflows[name].statements:
            steps = (
                statement.steps
                if isinstance(statement, syntax.Parallel)
                else [statement]
                if isinstance(statement, syntax.Step)
                else []
            )
            for step in steps:
                yield from _tool_calls(step.action, workflows, (*under_way, name))
