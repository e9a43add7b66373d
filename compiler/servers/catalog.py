"""What the lock says: servers, their tools and resources.

In: the text of `tools.lock.json`. Out: a `Catalog`, in which names are those of the wire and
may be any text, and schemas are plain JSON as the servers sent it. Whether a schema makes
sense is not asked here; that is for `wfc.schema`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from ..source import SourceFile, Span
from .json_text import JsonText, TextError

LOCK_VERSION = 1


class LockError(TextError):
    """A lock that cannot be read."""


class Tool(Struct, frozen=True):
    """A tool as its server describes it."""

    server: str
    name: str
    description: str
    title: str | None = None
    input_schema: Mapping[str, Any] = {}
    output_schema: Mapping[str, Any] | None = None
    annotations: Mapping[str, Any] = {}

    # What a server leaves unsaid is, by MCP, the careful answer.

    @property
    def read_only(self) -> bool:
        """Whether the tool changes nothing."""
        return self.annotations.get("readOnlyHint") is True

    @property
    def destructive(self) -> bool:
        """Whether the tool may destroy something; a read-only tool never does."""
        return not self.read_only and self.annotations.get("destructiveHint") is not False

    @property
    def idempotent(self) -> bool:
        """Whether calling the tool again changes nothing more; true of a read-only tool."""
        return self.read_only or self.annotations.get("idempotentHint") is True


class CatalogServer(Struct, frozen=True):
    """A locked server: `origin` is where it was configured, relative to the lock.

    Resources and resource templates are in wire form.
    """

    name: str
    origin: str
    tools: Mapping[str, Tool]
    resources: tuple[Mapping[str, Any], ...]
    resource_templates: tuple[Mapping[str, Any], ...]
    _lock: JsonText

    @property
    def text(self) -> str:
        """The server's entry as it is written in the lock, from its `{` to its `}`."""
        return self._lock.value_span("servers", self.name).text


class Catalog(Struct, frozen=True):
    """The locked servers, by their names in their own configurations."""

    servers: Mapping[str, CatalogServer]
    _lock: JsonText

    @property
    def source(self) -> SourceFile:
        """The lock's text."""
        return self._lock.source

    def span(self, server: str, tool: str | None = None, *pointer: str | int) -> Span:
        """Return where a server, a tool or a part of a tool stands in the lock.

        `pointer` leads from the tool's entry inwards, such as `"inputSchema", "properties",
        "employee_id"`. What is not there has the place of the nearest part around it.
        """
        place: tuple[str | int, ...] = ("servers", server)
        if tool is not None:
            entries = self._lock.value["servers"].get(server, {}).get("tools", [])
            names = [entry["name"] for entry in entries]
            if tool in names:
                place = (*place, "tools", names.index(tool), *pointer)
        return self._lock.span(*place)


def empty_catalog(path: str) -> Catalog:
    """Return the catalogue of a lock that is not there yet."""
    return read_catalog(SourceFile(path, f'{{"version": {LOCK_VERSION}, "servers": {{}}}}'))


_CONFLICT = re.compile(r"^(?:<{7} |={7}$|>{7} )", re.MULTILINE)


def read_catalog(source: SourceFile) -> Catalog:
    """Read a lock; raise `LockError` when it is not one that this wfc can read."""
    try:
        text = JsonText(source)
    except TextError as error:
        if conflict := _CONFLICT.search(source.text):
            raise LockError(
                "the lock has merge conflicts",
                source.span(conflict.start(), conflict.end()),
                "run `wfc lock` on the .wf files: it keeps what both sides agree on, and asks the "
                "servers for the rest",
            ) from None
        raise LockError(
            f"the lock is {error.message}",
            error.span,
            "delete it and run `wfc lock` on the .wf files, or take it back from version control",
        ) from None

    reader = _Reader(text)
    lock = reader.object(text.value, ())
    version = lock.get("version")
    if isinstance(version, int) and version > LOCK_VERSION:
        raise LockError(
            f"the lock has version {version}; this wfc reads version {LOCK_VERSION}",
            text.span("version"),
            "a newer wfc wrote it: upgrade wfc",
        )
    if version != LOCK_VERSION or isinstance(version, bool):
        raise reader.error(f'"version" must be {LOCK_VERSION}', ("version",))
    entries = reader.object(lock.get("servers"), ("servers",))
    return Catalog({name: reader.server(name, entry) for name, entry in entries.items()}, text)


def tool_problem(entry: Any) -> str | None:
    """Return why a `tools/list` entry cannot stand in a lock, or None when it can.

    This is the least that a workflow needs of a tool: a name and schemas that are objects.
    """
    if not isinstance(entry, dict):
        return "a tool must be an object"
    if not isinstance(entry.get("name"), str):
        return 'a tool must have a "name"'
    if not isinstance(entry.get("inputSchema", {}), dict):
        return f'the "inputSchema" of "{entry["name"]}" must be an object'
    if not isinstance(entry.get("outputSchema") or {}, dict):
        return f'the "outputSchema" of "{entry["name"]}" must be an object'
    return None


class _Reader:
    """Reads the parts of a lock, and tells what is not as it should be."""

    def __init__(self, lock: JsonText) -> None:
        self._lock = lock

    def server(self, name: str, entry: Any) -> CatalogServer:
        place = ("servers", name)
        server = self.object(entry, place)
        origin = server.get("from", "")
        if not isinstance(origin, str):
            raise self.error('"from" must be a text', (*place, "from"))
        tools: dict[str, Tool] = {}
        for index, tool in enumerate(self._list(server, place, "tools")):
            if problem := tool_problem(tool):
                raise self.error(problem, (*place, "tools", index))
            tools[tool["name"]] = _tool(name, tool)
        return CatalogServer(
            name,
            origin,
            tools,
            self._objects(server, place, "resources"),
            self._objects(server, place, "resourceTemplates"),
            self._lock,
        )

    def object(self, value: Any, place: tuple[str | int, ...]) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        raise self.error(f'"{place[-1]}" must be an object' if place else "not an object", place)

    def error(self, problem: str, place: tuple[str | int, ...]) -> LockError:
        return LockError(
            f"the lock does not have the shape of one: {problem}",
            self._lock.span(*place),
            "delete it and run `wfc lock` on the .wf files, or take it back from version control",
        )

    def _list(self, server: dict[str, Any], place: tuple[str, str], key: str) -> list[Any]:
        values = server.get(key, [])
        if isinstance(values, list):
            return values
        raise self.error(f'"{key}" must be an array', (*place, key))

    def _objects(
        self, server: dict[str, Any], place: tuple[str, str], key: str
    ) -> tuple[dict[str, Any], ...]:
        values = self._list(server, place, key)
        for index, value in enumerate(values):
            if not isinstance(value, dict):
                raise self.error(f'every one of "{key}" must be an object', (*place, key, index))
        return tuple(values)


def _tool(server: str, entry: dict[str, Any]) -> Tool:
    """Make a tool of an entry that has no `tool_problem`; other odd parts count as unsaid."""
    description, title = entry.get("description"), entry.get("title")
    annotations = entry.get("annotations")
    return Tool(
        server=server,
        name=entry["name"],
        description=description if isinstance(description, str) else "",
        title=title if isinstance(title, str) else None,
        input_schema=entry.get("inputSchema", {}),
        output_schema=entry.get("outputSchema"),
        annotations=annotations if isinstance(annotations, dict) else {},
    )
