"""Whether a command would find what it found before: that nothing is wrong.

In: what a command was asked, and the files that it read. A command that had nothing to tell is
remembered with hashes of all these files; while they are the same, asking again takes no longer
than reading them. What had anything to tell, be it a warning, is not remembered, so that it is told
each time.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from hashlib import sha256

from .cache import keep_for_this_wfc, kept_by_this_wfc

Contents = Mapping[str, bytes | None]
"""The files that were read, by path: what was in them, None for those that are not there."""


def is_unchanged(question: Sequence[str]) -> bool:
    """Whether nothing has changed since this question was answered by `remember`."""
    files = kept_by_this_wfc(_name(question))
    return files is not None and all(
        _digest(_read(path)) == digest for path, digest in files.items()
    )


def remember(question: Sequence[str], contents: Contents) -> None:
    """Remember that there was nothing to tell, with these files being as they are."""
    files = {os.path.abspath(path): _digest(content) for path, content in contents.items()}
    keep_for_this_wfc(_name(question), files)


def _name(question: Sequence[str]) -> str:
    asked = json.dumps([*question, os.getcwd()])
    return f"unchanged-{sha256(asked.encode()).hexdigest()[:32]}"


def _digest(content: bytes | None) -> str | None:
    return None if content is None else sha256(content).hexdigest()


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None
