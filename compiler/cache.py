"""What wfc keeps between runs, in the user's cache directory.

In: a name, such as `grammar-…`, and bytes to keep under it. Out: the same bytes again, or None.
Nothing here is needed for a right result: a directory that cannot be written to, a file that is
cut off, spoilt or just being written by another process costs time and nothing else.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import sys
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from typing import Any

from . import __version__
from .atomic import write_atomically

MOST_OF_A_KIND = 200
"""How many things are kept whose names start with the same word; the oldest go first."""

_DIGEST_SIZE = sha256().digest_size

_DECIDING = ("lark", "jsonschema_rs", "jinja2", "black")
"""The packages on whose versions it depends what wfc finds and writes."""


def kept(name: str) -> bytes | None:
    """Return what was kept under a name; None where that is nothing, or not what was kept."""
    try:
        with open(os.path.join(directory(), name), "rb") as file:
            found = file.read()
    except OSError:
        return None
    digest, content = found[:_DIGEST_SIZE], found[_DIGEST_SIZE:]
    return content if sha256(content).digest() == digest else None


def keep(name: str, content: bytes) -> None:
    """Keep bytes under a name, if that can be done."""
    with contextlib.suppress(OSError):
        folder = directory()
        os.makedirs(folder, mode=0o700, exist_ok=True)
        write_atomically(os.path.join(folder, name), sha256(content).digest() + content)
        _forget_the_oldest(folder, name.partition("-")[0])


def kept_by_this_wfc(name: str) -> Any:
    """Return the plain data that `keep_for_this_wfc` kept; None where this wfc kept none."""
    content = kept(name)
    if content is None:
        return None
    try:
        made_by, data = marshal.loads(content)
    except (EOFError, TypeError, ValueError):
        return None  # this is something else: it is kept anew
    return data if made_by == this_wfc() else None


def keep_for_this_wfc(name: str, data: Any) -> None:
    """Keep plain data that another wfc, or one that was worked on, would not have found."""
    keep(name, marshal.dumps((this_wfc(), data)))


def _forget_the_oldest(folder: str, kind: str) -> None:
    """Keep the cache from growing without end; raises `OSError`."""
    entries = [entry for entry in os.scandir(folder) if entry.name.startswith(f"{kind}-")]
    if len(entries) > MOST_OF_A_KIND:
        entries.sort(key=lambda entry: entry.stat().st_mtime)
        for entry in entries[: len(entries) - MOST_OF_A_KIND]:
            os.unlink(entry)


def directory() -> str:
    """Return where this platform wants a user's caches to be; raises `OSError` without a home.

    As platformdirs has it, whose import alone takes longer than all that is done here.
    """
    if sys.platform == "win32":
        folder = os.environ.get("LOCALAPPDATA") or os.path.join("~", "AppData", "Local")
    elif sys.platform == "darwin":
        folder = os.path.join("~", "Library", "Caches")
    else:
        folder = os.environ.get("XDG_CACHE_HOME") or os.path.join("~", ".cache")
    folder = os.path.expanduser(folder)
    if folder.startswith("~"):
        raise FileNotFoundError("there is no home directory")
    return os.path.join(folder, "wfc")


@cache
def this_wfc() -> str:
    """Tell one wfc from another, with what decides for it, also while somebody works on it."""
    made_of = [__version__, sys.version]
    for package in ("wfc", "wfc.grammar", "wfc.templates"):
        made_of += sorted(
            f"{entry.name} {entry.stat().st_mtime_ns}"
            for entry in _modules(os.path.dirname(_origin(package)))
        )
    made_of += map(installed, _DECIDING)
    return sha256("\n".join(made_of).encode()).hexdigest()


@cache
def installed(package: str) -> str:
    """Tell one installation of a package from another; neither it nor its metadata is imported."""
    return f"{package} {os.stat(_origin(package)).st_mtime_ns}"


def _origin(package: str) -> str:
    return getattr(find_spec(package), "origin", None) or ""


def _modules(folder: str) -> Iterator[os.DirEntry[str]]:
    for entry in os.scandir(folder):
        if not entry.is_dir():
            yield entry
        elif entry.name != "__pycache__":
            yield from _modules(entry.path)
