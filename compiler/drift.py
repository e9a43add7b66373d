"""What has changed on the servers since they were locked, and what it does to the workflows.

In: files of which the locks were brought up to date. Out: a diagnostic (WF903) for each change of a
tool that the files use: an error where it breaks a step, by the judgement of the type checker,
which is asked with the old catalogue and with the new one; a warning where all still holds. What
the files do not use is told as a note. Nothing is connected or written here.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from . import plan
from .checking.check import Unit, check
from .conventions import LOCK_NAME
from .diagnostics import Diagnostic, Related, Severity
from .diagnostics.suggest import listing
from .emitting.relied_on import differences_of, relied_on
from .language import syntax
from .project import Project
from .servers.catalog import Catalog, CatalogServer, Tool
from .servers.tool_changes import changes
from .source import Span


class _Change(Struct, frozen=True):
    """A tool of a lock as it was and as it is; None where it is not there."""

    lock: str
    server: str
    tool: str
    old: Tool | None
    new: Tool | None


def differences(project: Project) -> list[Diagnostic]:
    """Return the differences between the locks and the servers of files, with what they break."""
    judge = _Judge(project)
    found: list[Diagnostic] = []
    for lock_path, relocked in project.locked.items():
        units = [unit for unit in project.units if unit.catalog.source.path == lock_path]
        for name in relocked.servers:
            before, after = relocked.before.servers.get(name), relocked.after.servers[name]
            place = _place_of_server(units, name)
            if before is None:
                what = f"the server `{name}` was not in the lock"
                found.append(Diagnostic("WF903", what, place, Severity.NOTE))
            elif json.loads(before.text) != json.loads(after.text):
                found += _of_server(units, before, after, judge, lock_path, place)
    if found and judge.is_wrong_already:
        command = shlex.join(["wfc", "check", *(unit.file.source.path for unit in project.units)])
        what = "there are errors in these files, which may hide what the changes break"
        found.append(Diagnostic("WF903", what, None, Severity.WARNING, help=f"run `{command}`"))
    return [*found, *judge.unexplained()]


def _of_server(
    units: Sequence[Unit],
    before: CatalogServer,
    after: CatalogServer,
    judge: _Judge,
    lock_path: str,
    place: Span | None,
) -> Iterator[Diagnostic]:
    uses = _uses(units, before.name)
    unused: list[str] = []
    found = False
    for tool in sorted(before.tools.keys() | after.tools.keys()):
        change = _Change(
            lock_path, before.name, tool, before.tools.get(tool), after.tools.get(tool)
        )
        if change.old == change.new:
            continue
        found = True
        if tool in uses:
            yield _told(change, uses[tool], judge)
        else:
            how = "is new" if change.old is None else "is gone" if change.new is None else "changed"
            unused.append(f"{tool} {how}")
    if unused:
        what = f"tools of `{before.name}` that no workflow here uses: {'; '.join(unused)}"
        yield Diagnostic("WF903", what, place, Severity.NOTE)
    if not found:
        what = f"`{before.name}` changed in something that no workflow uses, such as its resources"
        yield Diagnostic("WF903", what, place, Severity.NOTE)


def _told(change: _Change, uses: Sequence[Span], judge: _Judge) -> Diagnostic:
    """Return what a change of a tool does to the files that use it."""
    name = f"{change.server}.{change.tool}"
    if change.old is None:
        notes = ["the lock did not have it"]
    elif change.new is None:
        notes = ["the server does not have it any more"]
    else:
        notes = changes(change.old, change.new) or ["what changed is nothing that wfc looks at"]
    errors = judge.broken_by(change)
    if not errors:
        if refused := judge.refused_by_built(change):
            notes.append(
                f"a server that was built before does not take it: {'; '.join(refused)}; "
                "build it anew"
            )
        notes += [f"new with it: {each.code} {each.message}" for each in judge.warned_of(change)]
        return Diagnostic(
            "WF903",
            f"compatible: {name} changed, and every step still fits",
            uses[0],
            Severity.WARNING,
            label="called here",
            notes=tuple(notes),
        )
    first, *rest = errors
    return Diagnostic(
        "WF903",
        f"breaking: {name} changed, and {judge.places_of(errors)} would fail",
        first.span,
        label=f"{first.code}: {first.message}",
        notes=tuple(notes),
        help=first.help,
        related=tuple(
            Related(each.span, f"{each.code}: {each.message}") for each in rest if each.span
        ),
    )


# --- The type checker as the judge


_Key = tuple[str, str, int, int, str]


def _key(diagnostic: Diagnostic) -> _Key:
    span = diagnostic.span
    place = (span.source.path, span.start, span.end) if span else ("", 0, 0)
    return (diagnostic.code, *place, diagnostic.message)


class _Judge:
    """Asks the type checker what is wrong with files, with one catalogue or another."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._steps = [step for unit in project.units for step in _steps(unit.file)]
        self._workflows = [
            each for unit in project.units for each in unit.file.of_kind(syntax.Workflow)
        ]
        relocked = project.locked
        # A server that was not locked yet is no reason for a step to break.
        self._before = {
            lock: replace(each.before, servers={**each.after.servers, **each.before.servers})
            for lock, each in relocked.items()
        }
        self._built, known = self._checked(self._before)
        self._known = {_key(each) for each in known}
        after = {lock: each.after for lock, each in relocked.items()}
        self._new = [each for each in self._problems(after) if _key(each) not in self._known]
        self._explained: set[_Key] = set()
        self._alone: dict[tuple[str, str, str], list[Diagnostic]] = {}

    @property
    def is_wrong_already(self) -> bool:
        """Whether there are errors that no change has made."""
        is_read = not any(each.code.startswith("WF1") for each in self._project.diagnostics)
        return not is_read or self._built is None

    def broken_by(self, change: _Change) -> list[Diagnostic]:
        """Return the new errors that a change gives by itself, and that others do not mend."""
        alone = {_key(each) for each in self._with_only(change)}
        errors = [each for each in self._new if each.is_error and _key(each) in alone]
        self._explained |= {_key(each) for each in errors}
        return errors

    def warned_of(self, change: _Change) -> list[Diagnostic]:
        """Return the new warnings that a change gives."""
        alone = {_key(each) for each in self._with_only(change)}
        return [each for each in self._new if not each.is_error and _key(each) in alone]

    def unexplained(self) -> list[Diagnostic]:
        """Return the new errors that only several changes together give."""
        return [each for each in self._new if each.is_error and _key(each) not in self._explained]

    def refused_by_built(self, change: _Change) -> list[str]:
        """Return what a server that was built with the old tool tells of the new one."""
        if self._built is None or change.new is None:
            return []
        found: list[str] = []
        for (folder, _, server), tools in relied_on(self._built).items():
            if server == change.server and os.path.join(folder, LOCK_NAME) == change.lock:
                found += differences_of(change.new, tools.get(change.tool, {}))
        return found

    def places_of(self, diagnostics: Iterable[Diagnostic]) -> str:
        """Return the steps that diagnostics point into, and the workflows whose results they do."""
        steps: dict[str, None] = {}
        results: dict[str, None] = {}
        for span in (each.span for each in diagnostics if each.span is not None):
            around = dict.fromkeys(step.name.text for step in _around(span, self._steps))
            steps |= around
            if not around:
                results |= dict.fromkeys(each.name.text for each in _around(span, self._workflows))
        told = [f"the step{'s' if len(steps) > 1 else ''} {listing(steps)}"] if steps else []
        told += [f"the result of {listing(results)}"] if results else []
        return " and ".join(told) or "this file"

    def _with_only(self, change: _Change) -> list[Diagnostic]:
        key = (change.lock, change.server, change.tool)
        if key not in self._alone:
            before = self._before[change.lock]
            server = before.servers[change.server]
            tools = {name: tool for name, tool in server.tools.items() if name != change.tool}
            if change.new is not None:
                tools[change.tool] = change.new
            changed = replace(server, tools=tools)
            catalog = replace(before, servers={**before.servers, change.server: changed})
            self._alone[key] = self._problems({**self._before, change.lock: catalog})
        return self._alone[key]

    def _problems(self, catalogs: dict[str, Catalog]) -> list[Diagnostic]:
        return self._checked(catalogs)[1]

    def _checked(self, catalogs: dict[str, Catalog]) -> tuple[plan.Server | None, list[Diagnostic]]:
        units = [
            replace(unit, catalog=catalogs.get(unit.catalog.source.path, unit.catalog))
            for unit in self._project.units
        ]
        return check(units)


# --- Where tools are used


_Around = TypeVar("_Around", syntax.Step, syntax.Workflow)


def _around(span: Span, nodes: Iterable[_Around]) -> list[_Around]:
    """Return the nodes that a place lies in."""
    return [
        node
        for node in nodes
        if node.span.source.path == span.source.path
        and node.span.start <= span.start <= node.span.end
    ]


def _place_of_server(units: Sequence[Unit], server: str) -> Span | None:
    for unit in units:
        for use in unit.file.of_kind(syntax.Use):
            for source in use.sources:
                if source.server.text == server:
                    place: Span = source.server.span
                    return place
    return None


def _uses(units: Sequence[Unit], server: str) -> dict[str, list[Span]]:
    """Return the calls of a server's tools, by tool."""
    found: dict[str, list[Span]] = {}
    for unit in units:
        aliases = {
            source.alias.text
            for use in unit.file.of_kind(syntax.Use)
            for source in use.sources
            if source.server.text == server
        }
        for call in _calls(unit.file):
            if call.server.text in aliases:
                found.setdefault(call.tool.text, []).append(call.tool.span)
    return found


def _steps(file: syntax.File) -> Iterator[syntax.Step]:
    for workflow in file.of_kind(syntax.Workflow):
        for statement in workflow.statements:
            match statement:
                case syntax.Step():
                    yield statement
                case syntax.Parallel(steps):
                    yield from steps


def _calls(file: syntax.File) -> Iterator[syntax.ToolCall]:
    for step in _steps(file):
        undone = [clause.call for clause in step.clauses if isinstance(clause, syntax.Undo)]
        for call in (step.action, *undone):
            if isinstance(call, syntax.ToolCall):
                yield call
    for workflow in file.of_kind(syntax.Workflow):
        for statement in workflow.statements:
            if isinstance(statement, syntax.Handoff) and isinstance(
                statement.call, syntax.ToolCall
            ):
                yield statement.call
