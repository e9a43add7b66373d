"""What `wfc graph` prints: the workflows of a server as a Mermaid flowchart.

In: workflows in words. Out: Mermaid, as GitHub shows it in Markdown. Texts of the files reach it
with every character that means something to Mermaid as a code.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from .words import Call, Flow, Step, Workflow


def as_mermaid(workflows: Iterable[Workflow]) -> str:
    """Return one flowchart: thick arrows are the order, thin ones data, dotted ones undo."""
    lines = ["flowchart TD"]
    for number, workflow in enumerate(workflows, 1):
        lines.append(f"  subgraph w{number} [{_quoted(workflow.name)}]")
        lines += (f"    {line}" for line in _workflow(workflow, f"w{number}"))
        lines.append("  end")
    return "\n".join(lines) + "\n"


def _workflow(workflow: Workflow, prefix: str) -> Iterator[str]:
    first, last = f"{prefix}a", f"{prefix}z"
    nodes = {step.name: f"{prefix}s{step.number}" for step in workflow.steps}
    yield "direction TB"
    if workflow.arguments:
        names = ", ".join(each.name for each in workflow.arguments)
        yield f"{first}([{_quoted(names)}])"
    yield from _nodes(workflow, prefix)
    order = [[first]] if workflow.arguments else []
    order += _in_order(workflow.steps, nodes)
    if workflow.handoff is not None or workflow.returns:
        order.append([last])
    labels = _data(workflow, nodes, last)
    for before, after in pairwise(order):
        label = labels.pop((before[0], after[0]), "") if len(before) == len(after) == 1 else ""
        yield f"{' & '.join(before)} ==>{label} {' & '.join(after)}"
    for (origin, node), label in labels.items():
        yield f"{origin} -->{label} {node}"
    for step in workflow.steps:
        if step.undo is not None:
            yield f"{nodes[step.name]} -. undo .-> {nodes[step.name]}u"


def _nodes(workflow: Workflow, prefix: str) -> Iterator[str]:
    block: int | None = None
    for step in workflow.steps:
        if block is not None and step.parallel != block:
            yield "end"
        if step.parallel is not None and step.parallel != block:
            yield f"subgraph {prefix}p{step.parallel} [{_quoted('at the same time')}]"
        block = step.parallel
        node = f"{prefix}s{step.number}"
        lines = [f"{step.number}. {step.name}", step.call.what]
        lines += [f"{each.name} {each.value}" for each in step.clauses if each.name != "guidance"]
        shape = ("{{", "}}") if any(each.name == "when" for each in step.clauses) else ("[", "]")
        yield f"{node}{shape[0]}{_quoted(*lines)}{shape[1]}"
        if step.undo is not None:
            yield f"{node}u({_quoted(_short(step.undo))})"
    if block is not None:
        yield "end"
    if workflow.handoff is not None:
        yield f"{prefix}z[/{_quoted('handoff', workflow.handoff.what)}/]"
    elif workflow.returns:
        names = ", ".join(each.name or each.value for each in workflow.returns)
        yield f"{prefix}z([{_quoted('return ' + names)}])"


def _in_order(steps: Iterable[Step], nodes: dict[str, str]) -> list[list[str]]:
    """Return the nodes in order, those that run at the same time together."""
    order: list[list[str]] = []
    block: int | None = None
    for step in steps:
        if step.parallel is not None and step.parallel == block:
            order[-1].append(nodes[step.name])
        else:
            order.append([nodes[step.name]])
        block = step.parallel
    return order


def _data(workflow: Workflow, nodes: dict[str, str], last: str) -> dict[tuple[str, str], str]:
    """Return the labels of the arrows from each step to those that read its binding.

    What is read of the arguments has none: they are read everywhere.
    """
    origins: dict[str, str] = {}
    names: dict[tuple[str, str], list[str]] = {}

    def note(flows: Iterable[Flow], node: str, own: set[str]) -> None:
        for flow in flows:
            for source in flow.sources:
                if source in origins and source not in own:
                    names.setdefault((origins[source], node), []).append(flow.name)

    for step in workflow.steps:
        items = {each.name.split()[1] for each in step.clauses if each.name.startswith("for ")}
        note([*step.call.flows, *step.clauses], nodes[step.name], items)
        if step.binding is not None:
            origins[step.binding] = nodes[step.name]
    handoff = workflow.handoff.flows if workflow.handoff is not None else ()
    note([*workflow.returns, *handoff], last, set())
    return {
        arrow: f"|{_quoted(', '.join(dict.fromkeys(found)))}|" if any(found) else ""
        for arrow, found in names.items()
    }


def _short(call: Call) -> str:
    return f"{call.what}({', '.join(each.name for each in call.flows)})"


def _quoted(*lines: str) -> str:
    return '"' + "<br>".join(map(_escaped, lines)) + '"'


def _escaped(text: str) -> str:
    shown = text if len(text) <= 60 else text[:59] + "…"
    return "".join(
        letter if letter.isalnum() or letter in " _.,:()?=+!…'" else f"#{ord(letter)};"
        for letter in shown
    )
