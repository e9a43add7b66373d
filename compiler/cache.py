"""What wfc keeps between runs, in the user's cache directory.

In: a name, such as `grammar-…`, and bytes to keep under it. Out: the same bytes again, or None.
Nothing here is needed for a right result: a directory that cannot be written to, a file that is
cut off, spoilt or just being written by another process costs time and nothing else.
"""

from __future__ import annotations

import contextlib
import os
import sys
from hashlib import sha256
from pathlib import Path

from .atomic import write_atomically

MOST_OF_A_KIND = 200
"""How many things are kept whose names start with the same word; the oldest go first."""

_DIGEST_SIZE = sha256().digest_size


def kept(name: str) -> bytes | None:
    """Return what was kept under a name; None where that is nothing, or not what was kept."""
    try:
        found = (directory() / name).read_bytes()
    except (OSError, RuntimeError):
        return None
    digest, content = found[:_DIGEST_SIZE], found[_DIGEST_SIZE:]
    return content if sha256(content).digest() == digest else None


def keep(name: str, content: bytes) -> None:
    """Keep bytes under a name, if that can be done."""
    with contextlib.suppress(OSError, RuntimeError):
        path = directory() / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(path, sha256(content).digest() + content)
        _forget_the_oldest(path.parent, name.partition("-")[0])


def _forget_the_oldest(folder: Path, kind: str) -> None:
    """Keep the cache from growing without end; raises `OSError`."""
    entries = [entry for entry in os.scandir(folder) if entry.name.startswith(f"{kind}-")]
    if len(entries) > MOST_OF_A_KIND:
        entries.sort(key=lambda entry: entry.stat().st_mtime)
        for entry in entries[: len(entries) - MOST_OF_A_KIND]:
            os.unlink(entry)


def directory() -> Path:
    """Return where this platform wants a user's caches to be; raises `RuntimeError` without a home.

    As platformdirs has it, whose import alone takes longer than all that is done here.
    """
    if sys.platform == "win32":
        folder = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        folder = Path.home() / "Library" / "Caches"
    else:
        folder = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(folder, "wfc")
