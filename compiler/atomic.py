"""Files that are written as a whole or not at all."""

from __future__ import annotations

import os
import tempfile


def write_atomically(path: str, content: str | bytes) -> None:
    """Write a text, as UTF-8, or bytes so that the file is never seen half-written.

    Raises `OSError`. An existing file keeps its permissions.
    """
    target = os.path.realpath(path)  # through a link, not over it
    folder, name = os.path.split(target)
    descriptor, temporary = tempfile.mkstemp(dir=folder, prefix=f".{name}.", suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
        if os.path.exists(target):
            os.chmod(temporary, os.stat(target).st_mode & 0o7777)
        else:
            mask = os.umask(0)
            os.umask(mask)
            os.chmod(temporary, 0o666 & ~mask)
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise
