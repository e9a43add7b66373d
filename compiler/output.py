"""The generated file on disk: compared, told apart from a hand's work, and written.

In: the text that a build gives, and the path it goes to. Out: whether that changes anything;
diagnostics (WF904) where writing would lose what somebody else wrote.
"""

from __future__ import annotations

import difflib
import os
import tempfile
from pathlib import Path

from .diagnostics import Diagnostic
from .header import read_header


def read_existing(path: Path) -> str | None:
    """Return the text of a file, None where there is none."""
    try:
        return path.read_bytes().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return None


def hand_edit(path: Path, existing: str | None) -> Diagnostic | None:
    """Return why wfc must not overwrite a file, or None when it may."""
    if not existing:
        return None
    header = read_header(existing)
    if header is not None and header.is_intact:
        return None
    message = (
        f"{path} was edited by hand since wfc wrote it"
        if header is not None
        else f"{path} was not written by wfc"
    )
    return Diagnostic(
        "WF904",
        message,
        None,
        help="see what would be lost with `--check --diff`, move it into the .wf, and build "
        "with `--force`; or choose another output",
    )


def diff(path: Path, existing: str | None, text: str) -> str:
    """Return the unified diff from what is there to what a build gives."""
    return "".join(
        difflib.unified_diff(
            (existing or "").splitlines(keepends=True),
            text.splitlines(keepends=True),
            f"{path} (as it is)",
            f"{path} (as it would be built)",
        )
    )


def write_atomically(path: Path, text: str) -> None:
    """Write a text so that the file is never seen half-written; raises `OSError`.

    An existing file keeps its permissions.
    """
    target = path.resolve()  # through a link, not over it
    descriptor, temporary = tempfile.mkstemp(
        dir=target.parent, prefix=f".{target.name}.", suffix=".tmp"
    )
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        if target.exists():
            os.chmod(temporary, target.stat().st_mode & 0o7777)
        else:
            mask = os.umask(0)
            os.umask(mask)
            os.chmod(temporary, 0o666 & ~mask)
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise
