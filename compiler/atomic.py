"""Files that are written as a whole or not at all."""

from __future__ import annotations

import errno
import os


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
    # As tempfile would, whose import takes a twentieth of a check.
    temporary = os.path.join(folder, f".{name}.{os.urandom(4).hex()}.tmp")
    file = open(temporary, "xb")  # noqa: SIM115
    try:
        with file:
            if os.path.exists(target):  # what others may not read, they never may
                os.chmod(temporary, os.stat(target).st_mode & 0o7777)
            file.write(content.encode() if isinstance(content, str) else content)
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise
