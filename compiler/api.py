"""The compiler for Python: texts in, values and diagnostics out.

Nothing is read, written or connected to. `files` holds what would be on the disk, by its path: the
`.wf` files, which make one server, and what they refer to: configurations, and `tools.lock.json`
beside them. Of a server in Python only that it is there counts.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping

from msgspec import Struct

from . import plan
from .diagnostics import Diagnostic
from .language.format import format_source
from .pipeline import Checked, build_of, check_files
from .project import Locking
from .source import SourceFile


class _Texts(Struct, frozen=True):
    """Files that are at hand as texts."""

    texts: Mapping[str, str]

    def read(self, path: str) -> str:
        """Return a file's text; raises `OSError` where there is none."""
        if not self.exists(path):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return self.texts[os.path.normpath(path)].replace("\r\n", "\n")

    def exists(self, path: str) -> bool:
        """Whether there is a file of this path."""
        return os.path.normpath(path) in self.texts


def check(files: Mapping[str, str]) -> tuple[plan.Server | None, list[Diagnostic]]:
    """Check the workflows of one server.

    Returns the checked server, None where there is an error, and all diagnostics by file and
    position. Raises `ValueError` when there is no `.wf` file among the files.
    """
    checked = _checked(files)
    return checked.server, checked.diagnostics


def build(
    files: Mapping[str, str], output: str = "server.py"
) -> tuple[str | None, list[Diagnostic]]:
    """Compile the workflows of one server to the text of a Python module.

    `output` is the path that the module is meant for: what it refers to is found from there.
    Returns the text, None where there is an error, and all diagnostics. Raises `ValueError` when
    there is no `.wf` file among the files, and `emitting.emit.EmitError` for a bug in wfc.
    """
    checked = _checked(files)
    text = None if checked.server is None else build_of(checked, output).text()
    return text, checked.diagnostics


def format(text: str, path: str = "<text>") -> tuple[str | None, list[Diagnostic]]:
    """Lay out the text of a `.wf` file in the one canonical way.

    Returns the new text, None where there are syntax errors, and those; `path` is what they call
    the file. Raises `language.format.FormatError` for a bug in wfc.
    """
    return format_source(SourceFile(path, text))


def _checked(files: Mapping[str, str]) -> Checked:
    texts = {os.path.normpath(path): text for path, text in files.items()}
    paths = [path for path in files if path.endswith(".wf")]
    if not paths:
        raise ValueError("there is no .wf file among the files")
    return check_files(paths, Locking(allowed=False, write=False), _Texts(texts))
