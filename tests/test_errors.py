"""The files of `errors/`: each line gives the diagnostics that it says, and no others.

A line says so at its end: `### WF302 "no tool `creat`"`, a code and a part of the message. On a
line of its own that is said of the line after it, which cannot hold a comment.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from checking import check_file
from wfc.diagnostics.codes import CODES
from wfc.servers.catalog import Catalog, read_catalog
from wfc.source import SourceFile

HERE = Path(__file__).parent / "errors"
FILES = sorted(HERE.glob("*.wf"))

# Of the lock itself, and of files and servers.
NOT_ON_A_LINE = {"WF306"} | {code for code in CODES if code.startswith("WF9")}

_SAID = re.compile(r'(WF\d{3}) "([^"]*)"')


def expectations(path: Path) -> Iterator[tuple[int, str, str]]:
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        before, marker, said = line.partition("###")
        if marker:
            for code, part in _SAID.findall(said):
                yield number + (not before.strip()), code, part


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    path = HERE / "tools.lock.json"
    return read_catalog(SourceFile(path.name, path.read_text("utf-8")))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_line_gives_what_it_says(path: Path, catalog: Catalog) -> None:
    missing = list(expectations(path))
    surplus: list[tuple[int, str, str]] = []
    for found in check_file(path, catalog):
        if found.span is None or found.span.source.path != path.name:
            continue
        for each in missing:
            if each[:2] == (found.span.line, found.code) and each[2] in found.message:
                missing.remove(each)
                break
        else:
            surplus.append((found.span.line, found.code, found.message))
    assert (missing, surplus) == ([], [])


def test_every_code_of_a_line_is_expected_somewhere() -> None:
    expected = {code for path in FILES for _, code, _ in expectations(path)}
    assert set(CODES) - expected == NOT_ON_A_LINE
