"""The files of one server: what is read from disk before anything is checked.

In: paths of `.wf` files. Out: a `check.Unit` for each, with the configurations that it names
and the catalogue of its lock, and diagnostics for what could not be read (WF901, WF903). What
the lock lacks is asked of the servers, unless that is forbidden (WF902, WF903).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from msgspec import Struct, field

from .atomic import write_atomically
from .checking.check import Unit
from .conventions import LOCK_NAME
from .diagnostics import Diagnostic, Related, Severity
from .language import syntax
from .language.parse import parse
from .servers.catalog import Catalog, empty_catalog, read_catalog
from .servers.configuration import Connection, PythonServer, read_configuration
from .servers.json_text import TextError
from .servers.lock import Failure, LockedServer, State, Target, fetch_servers, lock_text
from .servers.merged_lock import agreed
from .source import SourceFile, Span


class Locking(Struct, frozen=True):
    """Whether and how servers may be asked for their tools.

    `refresh` names servers to ask again although the lock knows them, None none of them and an
    empty tuple all; `timeout` is for each server, in seconds. Without `write`, what they answer is
    only taken into account, and the lock stays as it is. With `resolve`, a lock with merge
    conflicts counts as what both sides agree on.
    """

    allowed: bool = True
    write: bool = True
    timeout: float = 30.0
    refresh: tuple[str, ...] | None = None
    resolve: bool = False
    on_progress: Callable[[str, State], None] | None = None


class Files(Protocol):
    """Where the texts of a project come from."""

    def read(self, path: str) -> str:
        """Return a file's text; raises `OSError` or `UnicodeDecodeError`."""

    def exists(self, path: str) -> bool:
        """Whether there is a file of this path."""


class Disk:
    """The files of the machine, each read once, and what was in those that were asked for."""

    def __init__(self) -> None:
        self.contents: dict[str, bytes | None] = {}

    def read(self, path: str) -> str:
        """Return a file's text, without the mark that some editors put in front of it."""
        content = self.contents.get(path)
        if content is None:
            with open(path, "rb") as file:
                self.contents[path] = content = file.read()
        return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")

    def exists(self, path: str) -> bool:
        """Whether there is a file of this path."""
        if not os.path.isfile(path):
            self.contents[path] = None
            return False
        try:
            self.read(path)
        except UnicodeDecodeError:
            pass  # what is in it counts for nothing here
        except OSError:
            self.contents[path] = b""  # never taken for what it may be later
        return True


class Relocked(Struct, frozen=True):
    """A lock as it was and as it is now that `servers` have been asked."""

    before: Catalog
    after: Catalog
    servers: tuple[str, ...]

    @property
    def is_changed(self) -> bool:
        """Whether the answers differ from what was locked."""
        return self.before.source.text != self.after.source.text


class Project(Struct):
    """Files that make one server, as they were read."""

    files: Files
    units: list[Unit] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    locked: dict[str, Relocked] = field(default_factory=dict)
    """The locks that were brought up to date, by their paths."""

    def uses(self, server: str) -> bool:
        """Whether a file uses a server of this name."""
        return any(
            source.server.text == server
            for unit in self.units
            for use in unit.file.of_kind(syntax.Use)
            for source in use.sources
        )


def read_project(paths: list[str], locking: Locking, files: Files | None = None) -> Project:
    """Read `.wf` files and all that they refer to, locking what is not locked.

    `files` is where they are read, the disk where nothing is said.
    """
    project = Project(files or Disk())
    # A file that is named twice is one file: what it declares is declared once.
    once: dict[str, str] = {}
    for path in paths:
        once.setdefault(os.path.normpath(path), path)
    for path in once.values():
        text = _read(path, project)
        if text is None:
            continue
        file, problems = parse(SourceFile(path, text))
        project.diagnostics += problems
        project.units.append(_unit(file, project, locking))
    _lock(project, locking)
    return project


def _read(path: str, project: Project) -> str | None:
    try:
        return project.files.read(path)
    except (OSError, UnicodeDecodeError) as error:
        project.diagnostics.append(unreadable(path, error))
    return None


def unreadable(path: str, error: OSError | UnicodeDecodeError) -> Diagnostic:
    """Return the diagnostic for a file that cannot be read."""
    if isinstance(error, OSError):
        problem = f"cannot read {path}: {error.strerror or error}"
        return Diagnostic("WF901", problem, None, help="check the path")
    problem = f"{path} is not UTF-8: byte {error.start} is {error.object[error.start]:#04x}"
    return Diagnostic("WF901", problem, None, help="save the file as UTF-8")


def _unit(file: syntax.File, project: Project, locking: Locking) -> Unit:
    folder = os.path.dirname(file.source.path)
    configurations: dict[str, Mapping[str, Connection]] = {}
    for use in file.of_kind(syntax.Use):
        origin = use.origin.value
        if origin in configurations and not origin.endswith(".py"):
            continue
        found = _configuration(folder, use, project)
        if found is not None:
            configurations[origin] = (
                {**configurations.get(origin, {}), **found} if isinstance(found, dict) else found
            )
    lock_path = os.path.join(folder, LOCK_NAME)
    catalog = empty_catalog(lock_path)
    if project.files.exists(lock_path):
        text = _read(lock_path, project)
        try:
            if text is not None:
                catalog = read_catalog(SourceFile(lock_path, text))
        except TextError as error:
            resolved = agreed(error.span.source) if locking.resolve else None
            if resolved is None:
                project.diagnostics.append(
                    Diagnostic("WF903", error.message, error.span, help=error.help)
                )
            else:
                catalog = resolved
    return Unit(file, folder, configurations, catalog)


def _configuration(
    folder: str, use: syntax.Use, project: Project
) -> Mapping[str, Connection] | None:
    """The servers of the file that a `use` names; None, reported, where there are none."""
    origin = use.origin.value
    path = os.path.join(folder, origin)

    def report(code: str, message: str, help: str, related: tuple[Related, ...] = ()) -> None:
        project.diagnostics.append(
            Diagnostic(code, message, use.origin.span, help=help, related=related)
        )

    if origin.endswith(".py"):
        if not project.files.exists(path):
            report("WF901", f"there is no file {origin}", "a path is relative to the .wf file")
            return None
        return {source.server.text: PythonServer(origin) for source in use.sources}
    if "://" in origin:
        report(
            "WF901",
            f"{origin} is no file",
            'name a server by its URL in an MCP client configuration, {"mcpServers": {"'
            + use.sources[0].alias.text
            + '": {"url": "…"}}}, and use it from there',
        )
        return None
    if not origin.endswith(".json"):
        report(
            "WF901",
            f"{origin} is neither a .json nor a .py file",
            "name an MCP client configuration (.json) or a Python file with an MCPServer (.py)",
        )
        return None
    try:
        text = project.files.read(path)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        report("WF901", f"cannot read {origin}: {reason}", "a path is relative to the .wf file")
        return None
    try:
        configuration = read_configuration(SourceFile(path, text))
    except TextError as error:
        report(
            "WF901",
            f"{origin} is no MCP client configuration: {error.message}",
            error.help or "mend the file",
            (Related(error.span, "here"),),
        )
        return None
    return configuration


# --- What the lock lacks


def _lock(project: Project, locking: Locking) -> None:
    by_lock: dict[str, list[Unit]] = {}
    for unit in project.units:
        by_lock.setdefault(os.path.join(unit.folder, LOCK_NAME), []).append(unit)
    unreadable = {
        diagnostic.span.source.path
        for diagnostic in project.diagnostics
        if diagnostic.code == "WF903" and diagnostic.span is not None
    }
    for lock_path, units in by_lock.items():
        if lock_path not in unreadable:
            _lock_one(project, lock_path, units, locking)


def _lock_one(project: Project, lock_path: str, units: list[Unit], locking: Locking) -> None:
    catalog = units[0].catalog
    wanted: dict[str, tuple[Target, Span]] = {}
    for name, target, span in _targets(units, project):
        known = name in catalog.servers
        refreshed = locking.refresh is not None and (not locking.refresh or name in locking.refresh)
        if not known or refreshed:
            wanted.setdefault(name, (target, span))
    if not wanted:
        if locking.resolve and locking.write and not _is_written(catalog):
            write_atomically(lock_path, catalog.source.text)
        return
    if not locking.allowed:
        import shlex

        mending = shlex.join(["wfc", "lock", units[0].file.source.path])
        for name, (_, span) in wanted.items():
            project.diagnostics.append(
                Diagnostic(
                    "WF903",
                    f"the lock does not know the server `{name}`",
                    span,
                    help=f"run `{mending}` where the server can be reached, and commit {LOCK_NAME}",
                )
            )
        return
    outcomes = _fetch({name: target for name, (target, _) in wanted.items()}, locking)
    fetched: dict[str, LockedServer] = {}
    for name, outcome in outcomes.items():
        span = wanted[name][1]
        if isinstance(outcome, Failure):
            project.diagnostics.append(_unreachable(outcome, span))
            continue
        fetched[name] = outcome
        for warning in outcome.warnings:
            project.diagnostics.append(
                Diagnostic("WF306", f"the server `{name}`: {warning}", span, Severity.WARNING)
            )
    if not fetched:
        return
    text = lock_text({**catalog.servers, **fetched})
    if locking.write and (text != catalog.source.text or not _is_written(catalog)):
        write_atomically(lock_path, text)
    renewed = read_catalog(SourceFile(lock_path, text))
    project.locked[lock_path] = Relocked(catalog, renewed, tuple(fetched))
    for unit in units:
        index = project.units.index(unit)
        project.units[index] = Unit(unit.file, unit.folder, unit.configurations, renewed)


def _is_written(catalog: Catalog) -> bool:
    """Whether the lock on disk, if there is one, is what was read: not one with conflicts."""
    path = catalog.source.path
    if not os.path.exists(path):
        return True
    with open(path, encoding="utf-8") as file:
        return file.read() == catalog.source.text


def _targets(units: list[Unit], project: Project) -> Iterator[tuple[str, Target, Span]]:
    """The servers that files of one folder use: name, how to reach them, and the place."""
    seen: dict[str, tuple[str, Span]] = {}
    for unit in units:
        for use in unit.file.of_kind(syntax.Use):
            configured = unit.configurations.get(use.origin.value)
            for source in use.sources:
                name, span = source.server.text, source.server.span
                origin = os.path.normpath(use.origin.value).replace(os.sep, "/")
                if seen.setdefault(name, (origin, span))[0] != origin:
                    project.diagnostics.append(
                        Diagnostic(
                            "WF210",
                            f"there are two servers called `{name}`, in {seen[name][0]} and "
                            f"in {origin}",
                            span,
                            related=(Related(seen[name][1], "the other one"),),
                            help="rename one of them where it is configured: the lock knows "
                            "servers by these names",
                        )
                    )
                    continue
                try:
                    connection = configured[name] if configured and name in configured else None
                except TextError:
                    continue  # the checker says what is wrong with its configuration
                if connection is None:
                    continue
                home = (
                    unit.folder
                    if isinstance(connection, PythonServer)
                    else os.path.dirname(os.path.join(unit.folder, use.origin.value))
                )
                yield name, Target(connection, os.path.abspath(home), origin), span


def _fetch(targets: dict[str, Target], locking: Locking) -> dict[str, LockedServer | Failure]:
    import anyio

    async def fetch() -> dict[str, LockedServer | Failure]:
        return dict(
            await fetch_servers(
                targets,
                environ=os.environ,
                timeout=locking.timeout,
                on_progress=locking.on_progress,
            )
        )

    return anyio.run(fetch)


def _unreachable(failure: Failure, span: Span) -> Diagnostic:
    notes = [f"what was run: {failure.ran}"]
    if failure.stderr_tail:
        notes.append(f"the end of its standard error:\n{failure.stderr_tail}")
    return Diagnostic(
        "WF902",
        f"the server `{failure.server}` {failure.message}",
        span,
        notes=tuple(notes),
        help=failure.help,
    )
