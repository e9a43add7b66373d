"""The generated file on disk: compared, told apart from a hand's work, and written.

In: the text that a build gives, and the path it goes to. Out: diagnostics where the file is not
what a build gives (WF905), or where writing would lose what somebody else wrote (WF904).
"""

from __future__ import annotations

import difflib
import errno
import os
import shlex
from collections.abc import Sequence

from .diagnostics import Diagnostic
from .emitting.header import Fingerprint, has_conflicts, read_header, without_hashes
from .emitting.staleness import reasons

_LINES_SHOWN = 30


def read_existing(path: str) -> str | None:
    """Return the text of a file, None where there is none; raises `OSError`.

    Line ends count as one: version control may have made them those of Windows.
    """
    if os.path.exists(path) and not (os.path.isfile(path) or os.path.isdir(path)):
        raise OSError(errno.EINVAL, "it is a device, no file")
    try:
        with open(path, encoding="utf-8", errors="replace", newline="") as file:
            return file.read().replace("\r\n", "\n")
    except FileNotFoundError:
        return None


def stale(
    path: str, existing: str | None, text: str, wanted: Fingerprint, command: Sequence[str]
) -> Diagnostic | None:
    """Return why a file is not what a build gives now; None where it is.

    `command` is what builds it.
    """
    if existing == text:
        return None
    found = reasons(existing, wanted)
    mending = shlex.join(command)
    if existing and not _is_ours(existing):
        help = f"move what a hand wrote into the .wf, then run `{mending} --force`"
    elif found:
        help = f"run `{mending}`"
    else:
        # All that wfc knows of is the same: a Black that formats otherwise, or a wfc in the making.
        found = ["this wfc writes it otherwise, though nothing changed"]
        help = f"run `{mending} --force`"
    return Diagnostic("WF905", f"{path} is out of date: {'; '.join(found)}", None, help=help)


def refusal(path: str, existing: str | None, text: str) -> Diagnostic | None:
    """Return why wfc must not overwrite a file, with what would be lost; None when it may."""
    if not existing or existing == text or _is_ours(existing):
        return None
    by_wfc = read_header(existing) is not None
    message = (
        f"{path} was edited by hand since wfc wrote it"
        if by_wfc
        else f"{path} was not written by wfc"
    )
    difference = _excerpt(diff(path, without_hashes(existing), without_hashes(text)))
    return Diagnostic(
        "WF904",
        message,
        None,
        notes=(f"what a build would change:\n{difference}",) if by_wfc else (),
        help="move what is worth keeping into the .wf and build with `--force`"
        if by_wfc
        else "choose another output, or overwrite it with `--force`",
    )


def _is_ours(existing: str) -> bool:
    """Whether wfc wrote all of a text, or a merge made it of two that wfc wrote."""
    header = read_header(existing)
    return header is not None and (header.is_intact or has_conflicts(existing))


def diff(path: str, existing: str | None, text: str) -> str:
    """Return the unified diff from what is there to what a build gives."""
    return "".join(
        difflib.unified_diff(
            (existing or "").splitlines(keepends=True),
            text.splitlines(keepends=True),
            f"{path} (as it is)",
            f"{path} (as it would be built)",
        )
    )


def _excerpt(difference: str) -> str:
    lines = difference.splitlines()[2:]
    if len(lines) > _LINES_SHOWN:
        left_out = len(lines) - _LINES_SHOWN
        lines = [*lines[:_LINES_SHOWN], f"… {left_out} more lines: see `--check --diff`"]
    return "\n".join(lines)
