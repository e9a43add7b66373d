"""`wfc init`: lays out a project that runs.

In: a folder. Out: the files that were written into it, from `initial/`. Nothing that is there is
ever overwritten.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

FILES = {
    "hello.wf": "hello.wf",
    "mcp.json": "mcp.json",
    "people.py.txt": "servers/people.py",
    "test_hello.py.txt": "test_hello.py",
    "wfc.yml": ".github/workflows/wfc.yml",
}
"""The files of `initial/`, and where they go. A `.py` there would be taken for a part of wfc."""


class Occupied(Exception):
    """There are files already where the project would go."""


def initialize(folder: str) -> list[Path]:
    """Write the files of a new project; raises `Occupied`, having written none, and `OSError`."""
    initial = resources.files(__package__).joinpath("initial")
    texts = {
        Path(folder, place): initial.joinpath(name).read_text("utf-8")
        for name, place in FILES.items()
    }
    if there := [path.as_posix() for path in texts if path.exists()]:
        raise Occupied(f"{', '.join(there)} would be overwritten; nothing was written")
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return list(texts)
