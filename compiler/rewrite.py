"""`.wf` files that wfc itself changes: read, and written back with the line ends they had.

Used by `fmt` and `check --fix`; what a change is, is decided elsewhere. A file is written as a
whole or not at all.
"""

from __future__ import annotations

import difflib
import sys
from pathlib import Path

from .atomic import write_atomically
from .diagnostics import Diagnostic
from .project import unreadable

STANDARD_INPUT = "-"


def read(path: str) -> str | Diagnostic:
    """Return the text of a file, or of standard input for `-`; WF901 where it cannot be read.

    Lines end with a line feed, whatever they end with in the file.
    """
    try:
        content = sys.stdin.buffer.read() if path == STANDARD_INPUT else Path(path).read_bytes()
        return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except (OSError, UnicodeDecodeError) as error:
        return unreadable("<standard input>" if path == STANDARD_INPUT else path, error)


def difference(path: str, before: str, after: str) -> str:
    """Return the unified diff of a text before and after."""
    return "".join(
        difflib.unified_diff(
            before.splitlines(keepends=True), after.splitlines(keepends=True), path, path
        )
    )


def write(path: str, text: str) -> None:
    """Write a changed text back; raises `OSError` with the path."""
    with open(path, "rb") as file:
        first_line = file.readline()
    if first_line.endswith(b"\r\n"):
        text = text.replace("\n", "\r\n")
    write_atomically(path, text)
