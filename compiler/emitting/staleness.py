"""Whether a generated module is up to date, and if not, why.

In: the plan, and the text that is there. Out: the fingerprint of what the module is made from,
and the reasons why the text is not what a build gives, in words. Only what the workflows use
counts: a change of another tool or server leaves a module as it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import get_args

from .. import __version__, plan
from ..conventions import DriftMode
from ..servers.catalog import Tool
from .header import Fingerprint, Header, Part, has_conflicts, in_command, read_header


def fingerprint(
    server: plan.Server, placement: plan.Placement, texts: Mapping[str, str]
) -> Fingerprint:
    """Return the fingerprint of a module; `texts` holds the `.wf` files by their paths."""
    parts = [
        Part("wfc", "", "", __version__),
        Part("output", "", "", placement.output),
        Part("drift", "", "", placement.drift),
    ]
    for path, place in zip(server.files, placement.sources, strict=True):
        parts.append(Part("file", place, place, texts[path]))
    for downstream in server.downstreams:
        name = f"{downstream.origin}: {downstream.server}"
        place = placement.folders[downstream.folder]
        parts.append(Part("configuration", name, place, repr(downstream.connection)))
    for downstream, tool in used_tools(server):
        name = f"{tool.server}.{tool.name}"
        parts.append(Part("tool", name, placement.folders[downstream.folder], _text(tool)))
    return Fingerprint(tuple(parts))


def used_tools(server: plan.Server) -> list[tuple[plan.Downstream, Tool]]:
    """Return the tools that the workflows call, undo by or hand over to, each once, by name."""
    found: dict[tuple[str, str, str], tuple[plan.Downstream, Tool]] = {}
    for call in _calls(server):
        key = (call.server.folder, call.tool.server, call.tool.name)
        found.setdefault(key, (call.server, call.tool))
    return [found[key] for key in sorted(found)]


def _calls(server: plan.Server) -> Iterator[plan.ToolCall]:
    for workflow in server.workflows:
        for step in workflow.steps:
            actions = (step.action, step.undo)
            yield from (each for each in actions if isinstance(each, plan.ToolCall))
        if workflow.handoff is not None and isinstance(workflow.handoff.call, plan.ToolCall):
            yield workflow.handoff.call


def _text(tool: Tool) -> str:
    return json.dumps(
        [tool.title, tool.description, tool.input_schema, tool.output_schema, tool.annotations]
    )


# --- Reasons


def reasons(existing: str | None, wanted: Fingerprint) -> list[str]:
    """Return why a text is not the module of a fingerprint; nothing where it is."""
    if existing is None:
        return ["it does not exist"]
    header = read_header(existing)
    if header is None:
        return ["it was not written by wfc"]
    if has_conflicts(existing):
        return ["it has merge conflicts"]
    by_hand = [] if header.is_intact else ["it was edited by hand"]
    return [*_changes(header, wanted), *by_hand]


def is_current(existing: str | None, wanted: Fingerprint) -> bool:
    """Whether a text is the module of a fingerprint, as far as its header can tell."""
    return not reasons(existing, wanted)


def _changes(header: Header, wanted: Fingerprint) -> Iterator[str]:
    """Yield what has changed since a module was built."""
    if header.inputs == wanted.inputs:
        return
    if header.version not in ("", __version__) or not header.parts:
        yield f"it was built by wfc {header.version or '?'}, and this is {__version__}"
        return
    changed = [part for part in wanted.parts if header.parts.get(part.key, part.hash) != part.hash]
    told = False
    for part in changed:
        match part.kind:
            case "file":
                yield f"{part.name} changed"
            case "drift":
                yield f"it was built with {_other_drift(header, part)}"
            case "output":
                yield "it was built as another file"
            case _:
                continue
        told = True
    sources = in_command(part.place for part in wanted.parts if part.kind == "file")
    if header.sources != sources:
        yield f"it was built from {header.sources} and not from {sources}"
        told = True
    configured = [part.name.split(": ", 1) for part in changed if part.kind == "configuration"]
    for origin in dict.fromkeys(origin for origin, _ in configured):
        servers = (server for each, server in configured if each == origin)
        yield f"{origin} changed: {', '.join(servers)}"
    tools = [part for part in changed if part.kind == "tool"]
    for place in dict.fromkeys(part.place for part in tools):
        lock = "the lock" if place == "." else f"the lock in {place}"
        yield f"{lock} changed: {_listed(part.name for part in tools if part.place == place)}"
    if not (told or configured or tools):
        yield "it was built from something else"


def _other_drift(header: Header, part: Part) -> str:
    for mode in get_args(DriftMode):
        if header.parts[part.key] == Part("drift", "", "", mode).hash:
            return f"`--drift {mode}`"
    return "another `--drift`"


def _listed(names: Iterable[str], most: int = 5) -> str:
    shown = list(names)
    if len(shown) > most:
        shown = [*shown[:most], f"{len(shown) - most} more"]
    return ", ".join(shown)
