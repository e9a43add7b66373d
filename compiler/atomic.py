"""Files that are written as a whole or not at all."""

from __future__ import annotations

import errno
import os
import tempfile


def write_atomically(path: str, content: str | bytes) -> None:
    """Write a text, as UTF-8, or bytes so that the file is never seen half-written.

    Raises `OSError` with the path as its file name. An existing file keeps its permissions.
    """
    try:
        _replace(os.path.realpath(path), content)  # through a link, not over it
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from error


def _replace(target: str, content: str | bytes) -> None:
    if os.path.exists(target) and not os.path.isfile(target):
        # To replace a device, such as /dev/null, would take it from everybody.
        code = errno.EISDIR if os.path.isdir(target) else errno.EINVAL
        raise OSError(code, os.strerror(code))
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
