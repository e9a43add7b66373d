"""Live servers into the text of a lock.

In: how to connect to servers. Out: what each of them offers, or why it cannot be asked, and
the canonical text of `tools.lock.json`. Nothing is read from or written to files here. The
connecting itself is in `wfc.servers.live`, which is only imported when there is something to ask:
it needs the MCP SDK.

Entries are kept as the servers sent them, in wire form, with two exceptions that would make
a lock differ from day to day or from machine to machine and that no workflow can rely on:
`_meta`, which is for the program at the other end, and a resource's `size` and
`lastModified`, which tell of its content.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

from msgspec import Struct

from .catalog import LOCK_VERSION, CatalogServer, tool_problem
from .configuration import Connection

Entry = Mapping[str, Any]
State = Literal["connecting", "listing", "locked", "failed"]


class Target(Struct, frozen=True):
    """A server to lock.

    `folder` is what its relative paths are relative to: that of its configuration, or for a
    Python file that of the `.wf`. `origin` is what the lock says it is from: the
    configuration's or the file's path, relative to the lock, with forward slashes.
    """

    connection: Connection
    folder: str
    origin: str


class LockedServer(Struct, frozen=True):
    """What a server offers, in the order of the lock; `warnings` are for whoever locks it."""

    origin: str
    tools: tuple[Entry, ...] = ()
    resources: tuple[Entry, ...] = ()
    resource_templates: tuple[Entry, ...] = ()
    warnings: tuple[str, ...] = ()


class Failure(Struct, frozen=True):
    """Why a server could not be asked.

    `ran` is its command line or URL as configured, without the values of variables.
    `message` tells what happened, as words that follow the server's name, and `help` what to
    do about it. `stderr_tail` is the end of what a process wrote to its standard error.
    """

    server: str
    ran: str
    message: str
    help: str | None = None
    stderr_tail: str = ""


async def fetch_servers(
    targets: Mapping[str, Target],
    *,
    environ: Mapping[str, str],
    timeout: float = 30,  # noqa: ASYNC109 - for each server, not for the call
    on_progress: Callable[[str, State], None] | None = None,
) -> dict[str, LockedServer | Failure]:
    """Ask servers, all side by side, for what they offer.

    Each gets `timeout` seconds and comes back as a `LockedServer` or a `Failure`, in the
    order of `targets`; none hides another. `environ` fills in the configurations' variables.
    When the caller is cancelled, the processes that were started are ended first.
    """
    import anyio

    from . import live

    outcomes: dict[str, LockedServer | Failure] = {}

    async def fetch(name: str, target: Target) -> None:
        def report(state: State) -> None:
            if on_progress is not None:
                on_progress(name, state)

        report("connecting")
        outcome = await live.fetch_server(name, target, environ, timeout, lambda: report("listing"))
        outcomes[name] = outcome
        report("failed" if isinstance(outcome, Failure) else "locked")

    async with anyio.create_task_group() as tasks:
        for name, target in targets.items():
            tasks.start_soon(fetch, name, target)
    return {name: outcomes[name] for name in targets}


def locked_server(
    origin: str,
    tools: Iterable[Any],
    resources: Iterable[Any],
    resource_templates: Iterable[Any],
    warnings: Iterable[str] = (),
) -> LockedServer:
    """Make what a server sent ready for the lock: stable parts only, in a stable order.

    What cannot stand in a lock at all is left out, with a warning that says so.
    """
    found = list(warnings)
    return LockedServer(
        origin,
        _stable(tools, "tool", "name", _TOOL_KEYS, found),
        _stable(resources, "resource", "uri", _RESOURCE_KEYS, found),
        _stable(resource_templates, "resource template", "uriTemplate", _TEMPLATE_KEYS, found),
        tuple(found),
    )


def lock_text(servers: Mapping[str, LockedServer | CatalogServer]) -> str:
    """Return the lock that holds exactly these servers.

    The same servers give the same text on any machine. A `CatalogServer`, which comes from
    the lock that is being brought up to date, keeps its text byte for byte.
    """
    entries = ",\n".join(
        f"    {_json(name)}: {_server_text(server)}" for name, server in sorted(servers.items())
    )
    entries = f"{{\n{entries}\n  }}" if entries else "{}"
    return f'{{\n  "version": {LOCK_VERSION},\n  "servers": {entries}\n}}\n'


# --- Canonical entries ----------------------------------------------------------------

_TOOL_KEYS = ("name", "title", "description", "inputSchema", "outputSchema", "annotations")
_RESOURCE_KEYS = ("uri", "name", "title", "description", "mimeType", "annotations")
_TEMPLATE_KEYS = ("uriTemplate", "name", "title", "description", "mimeType", "annotations")


def _server_text(server: LockedServer | CatalogServer) -> str:
    if isinstance(server, CatalogServer):
        return server.text
    text = _json(
        {
            "from": server.origin,
            "tools": server.tools,
            "resources": server.resources,
            "resourceTemplates": server.resource_templates,
        }
    )
    return text.replace("\n", "\n    ")  # JSON has no line ends inside its strings


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)


def _stable(
    entries: Iterable[Any], kind: str, identity: str, keys: tuple[str, ...], warnings: list[str]
) -> tuple[Entry, ...]:
    """Return entries sorted by `identity`, their first keys in the order of `keys`."""
    by_identity: dict[str, Entry] = {}
    for entry in entries:
        if problem := _problem(entry, kind, identity):
            warnings.append(f"{problem}; it is left out")
        elif entry[identity] in by_identity:
            warnings.append(f'{kind} "{entry[identity]}" is listed twice; the first one counts')
        else:
            by_identity[entry[identity]] = _stable_entry(entry, kind, keys)
    return tuple(entry for _, entry in sorted(by_identity.items()))


def _problem(entry: Any, kind: str, identity: str) -> str | None:
    """Return why an entry cannot stand in a lock, or None when it can."""
    if kind == "tool" and (problem := tool_problem(entry)):
        return problem
    if not isinstance(entry, dict) or not isinstance(entry.get(identity), str):
        return f'a {kind} must have a "{identity}"'
    try:
        _json(entry).encode()
    except ValueError:  # NaN, infinity, half of a surrogate pair
        return f'{kind} "{entry[identity]}" holds a value that is not JSON'
    return None


def _stable_entry(entry: Entry, kind: str, keys: tuple[str, ...]) -> Entry:
    dropped = {"_meta"} if kind == "tool" else {"_meta", "size"}
    rest = sorted(entry.keys() - {*keys, *dropped})
    stable = {key: entry[key] for key in (*keys, *rest) if key in entry}
    if kind != "tool" and isinstance(annotations := stable.get("annotations"), dict):
        stable["annotations"] = {
            key: value for key, value in annotations.items() if key != "lastModified"
        }
    return stable
