"""Checking `.wf` files in this process: the text and a lock in, diagnostics out.

A file says what it expects of the checker on the line that is to be blamed, and of what lies
elsewhere, such as in the lock, in a comment of its own:

    count = "three",   ### WF402 "does not take"
    ### WF306 "makes no sense"

A `server.tool` is never connected to: whatever a `use` names is taken to be configured.
"""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from wfc import plan
from wfc.checking.check import Unit, check
from wfc.diagnostics import Diagnostic, in_order
from wfc.language import syntax
from wfc.language.parse import parse
from wfc.servers.catalog import Catalog, read_catalog
from wfc.servers.configuration import StdioServer
from wfc.source import SourceFile

LOCK = "tools.lock.json"

Expectation = tuple[int, str, str]
"""A line, 0 for one of another file, a code, and a part of the message."""

_EXPECTATION = re.compile(r'###((?:\s+WF\d{3} "[^"]*")+)\s*$')
_EXPECTED = re.compile(r'(WF\d{3}) "([^"]*)"')


def catalog_of(servers: Mapping[str, Iterable[Mapping[str, Any]]]) -> Catalog:
    """Return the catalogue of a lock that has these servers, each with its tools."""
    entries = {name: {"from": "mcp.json", "tools": list(tools)} for name, tools in servers.items()}
    return read_catalog(SourceFile(LOCK, json.dumps({"version": 1, "servers": entries}, indent=1)))


def check_texts(
    texts: Mapping[str, str], catalog: Catalog
) -> tuple[plan.Server | None, list[Diagnostic]]:
    """Check the `.wf` files, by their paths, that make one server."""
    problems: list[Diagnostic] = []
    units: list[Unit] = []
    for path, text in texts.items():
        file, found = parse(SourceFile(path, text))
        problems += found
        configured = {
            use.origin.value: {name: StdioServer("nothing") for name in _named(file)}
            for use in file.of_kind(syntax.Use)
        }
        units.append(Unit(file, "", configured, catalog))
    server, found = check(units)
    return server, in_order([*problems, *found])


def _named(file: syntax.File) -> set[str]:
    return {source.server.text for use in file.of_kind(syntax.Use) for source in use.sources}


def check_file(path: Path, catalog: Catalog) -> list[Diagnostic]:
    """Check a `.wf` file, which is known by its bare name in the diagnostics."""
    return check_texts({path.name: path.read_text("utf-8")}, catalog)[1]


def expectations(text: str) -> list[Expectation]:
    """Return what a file expects, in the order of its lines."""
    return [
        (0 if line.startswith("###") else number, code, part)
        for number, line in enumerate(text.splitlines(), 1)
        if (match := _EXPECTATION.search(line))
        for code, part in _EXPECTED.findall(match[1])
    ]


def assert_found(path: Path, diagnostics: Iterable[Diagnostic]) -> None:
    """Fail unless there are exactly the diagnostics that a `.wf` file expects."""
    waiting = expectations(path.read_text("utf-8"))
    surplus: list[Expectation] = []
    for diagnostic in diagnostics:
        span = diagnostic.span
        line = span.line if span is not None and span.source.path == path.name else 0
        for each in waiting:
            if each[:2] == (line, diagnostic.code) and each[2] in diagnostic.message:
                waiting.remove(each)
                break
        else:
            surplus.append((line, diagnostic.code, diagnostic.message))
    assert (waiting, surplus) == ([], []), "expected but not found, and found but not expected"
