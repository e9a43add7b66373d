"""A lock that a merge left with conflicts.

In: its text, with the marks of git. Out: the lock of what the two sides agree on, and of what only
one of them has. A server on which they differ is left out: it has to be asked again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from ..source import SourceFile
from .catalog import Catalog, read_catalog
from .json_text import TextError
from .lock import lock_text

_OURS, _BASE, _THEIRS, _END = "<<<<<<< ", "||||||| ", "=======", ">>>>>>> "


def agreed(source: SourceFile) -> Catalog | None:
    """Return what both sides of a conflict agree on; None where one of them is no lock."""
    try:
        ours, theirs = (
            read_catalog(SourceFile(source.path, "".join(_side(source.text, side))))
            for side in (_OURS, _THEIRS)
        )
    except TextError:
        return None
    servers = {
        name: server
        for name, server in {**ours.servers, **theirs.servers}.items()
        if name not in ours.servers
        or name not in theirs.servers
        or json.loads(ours.servers[name].text) == json.loads(theirs.servers[name].text)
    }
    return read_catalog(SourceFile(source.path, lock_text(servers)))


def _side(text: str, wanted: str) -> Iterator[str]:
    """Yield the lines of one side, those without a conflict among them."""
    side = ""
    for line in text.splitlines(keepends=True):
        mark = next((each for each in (_OURS, _BASE, _THEIRS, _END) if line.startswith(each)), "")
        if mark:
            side = "" if mark == _END else mark
        elif side in ("", wanted):
            yield line
