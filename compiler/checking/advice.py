"""Advice: what works, and is probably not what was meant (WF5xx, warnings)."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from ..diagnostics import Diagnostic, Severity, Silence, replace_fix
from ..language import syntax
from ..servers.catalog import Tool
from ..source import Span

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


# `{name}` and `${name.field[0]}`; not `{{name}}`, which templates of others have.
_PLACEHOLDER = re.compile(r"(?<!\{)\$?\{([A-Za-z_]\w*)((?:\.\w+|\[\d+\])*)\}")


def placeholders(text: Span, known: Collection[str], report: Report) -> None:
    """Report a plain string, as it is written at `text`, that seems to be meant as an f-string.

    It does where all of its placeholders begin with names that are `known`: a template for somebody
    else, or JSON, has others.
    """
    written = text.text
    found = list(_PLACEHOLDER.finditer(written))
    heads = frozenset(match[1] for match in found)
    if not written.startswith('"') or not found or not heads <= set(known):
        return
    paths = [match[1] + match[2] for match in found]
    start = text.start + found[0].start()
    report(
        Diagnostic(
            "WF506",
            f"`{found[0][0]}` is text here: only an f-string puts a value in its place",
            text.source.span(start, start + len(found[0][0])),
            Severity.WARNING,
            help=f"write `f` in front of the string; or, if the braces are meant, "
            f'`f"…{{{{{paths[0]}}}}}…"`',
            fix=replace_fix(text, "f" + _interpolated(written), title="make it an f-string"),
            silences=(Silence(_UNUSED, text.source.span(0, len(text.source.text)), heads),),
        )
    )


_UNUSED = frozenset({"WF501", "WF502"})


def _interpolated(written: str) -> str:
    """Return the f-string in which the placeholders of a string are values, and no other braces."""
    parts: list[str] = []
    last = 0
    for match in _PLACEHOLDER.finditer(written):
        parts += [_doubled(written[last : match.start()]), f"{{{match[1]}{match[2]}}}"]
        last = match.end()
    return "".join([*parts, _doubled(written[last:])])


def _doubled(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def destructive(
    statements: Sequence[syntax.Statement],
    known_tool: Callable[[syntax.ToolCall], Tool | None],
    report: Report,
) -> None:
    """Report steps that destroy something for good although what comes after it may fail."""
    blocks = [syntax.steps_of(statement) for statement in statements]
    last = next((block for block in reversed(blocks) if block), ())
    for block in blocks:
        for step in block:
            if not isinstance(step.action, syntax.ToolCall):
                continue
            found = _later_failure(step, block, is_last=block is last)
            tool = known_tool(step.action)
            # Without annotations a tool may do anything; only what says so is worth a warning.
            says_so = tool is not None and tool.annotations.get("destructiveHint") is True
            if found is None or tool is None or not says_so or tool.read_only:
                continue
            if any(isinstance(each, syntax.Undo) for each in step.clauses):
                continue
            what, help = found
            report(
                Diagnostic(
                    "WF504",
                    f"{step.action.server.text}.{step.action.tool.text} destroys something, and "
                    f"nothing undoes it when {what} fails",
                    step.action.tool.span,
                    Severity.WARNING,
                    label="marked as destructive by its server",
                    help=help,
                )
            )


def _later_failure(
    step: syntax.Step, block: Sequence[syntax.Step], *, is_last: bool
) -> tuple[str, str] | None:
    """What may fail when a step has done its work, and what helps; None where nothing is left."""
    if any(isinstance(each, syntax.For) for each in step.clauses):
        return ("a later item" if is_last and len(block) == 1 else "a later step"), "add an `undo`"
    if not is_last:
        return "a later step", "add an `undo`, or move the step to the end"
    if len(block) > 1:
        help = "add an `undo`, or move the step behind the `parallel`"
        return "another step of the `parallel`", help
    return None


def _in_words(clause: Span) -> str:
    """Return a clause on one line, without marks that do not belong there."""
    return " ".join(re.findall(r"[\w.]+", clause.text))


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
                help=f"if repeating it does no harm, write `{_in_words(clause.span)} unsafe`",
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
            for step in syntax.steps_of(statement):
                yield from _tool_calls(step.action, workflows, (*under_way, name))
