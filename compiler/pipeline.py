"""The phases in order, on one page.

    paths ─project─▶ units ─check─▶ plan.Server ─emit─▶ Python text

Every command goes this way as far as it needs. Modules that take long to import (Black, Jinja2)
are imported by the phase that needs them, so that checking stays fast.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from . import __version__, plan
from .check import check
from .diagnostics import Diagnostic, in_order
from .project import Locking, Project, read_project


@dataclass(frozen=True)
class Checked:
    """Files after checking: `server` is None where there is an error."""

    project: Project
    server: plan.Server | None
    diagnostics: list[Diagnostic]


def check_files(paths: list[str], locking: Locking) -> Checked:
    """Read and check the files of one server; nothing but the lock is written."""
    project = read_project(paths, locking)
    if not project.units:
        return Checked(project, None, in_order(project.diagnostics))
    server, problems = check(project.units)
    diagnostics = in_order([*project.diagnostics, *problems])
    if any(diagnostic.is_error for diagnostic in diagnostics):
        server = None
    return Checked(project, server, diagnostics)


def build_text(checked: Checked, output: Path) -> str:
    """Return the text of the module that is to stand at `output`, of files without errors.

    Raises `ValueError` when there is an error, and `emit.EmitError` for a bug in wfc.
    """
    from .emit import Placement, emit

    if checked.server is None:
        raise ValueError("there are errors")
    home = os.path.dirname(os.path.abspath(output))
    placement = Placement(
        sources=tuple(_relative(path, home) for path in checked.server.files),
        folders={
            unit.folder: _relative(unit.folder or ".", home) for unit in checked.project.units
        },
        output=output.name,
    )
    return emit(checked.server, placement, inputs_hash(checked.project, output))


def inputs_hash(project: Project, output: Path) -> str:
    """Return the hash of all that a module is made from, with paths relative to the module."""
    home = os.path.dirname(os.path.abspath(output))
    digest = hashlib.sha256(f"wfc {__version__}\0{output.name}".encode())
    for path, text in project.texts.items():
        digest.update(f"\0{_relative(path, home)}\0{len(text)}\0{text}".encode())
    return digest.hexdigest()[:32]


def _relative(path: str, home: str) -> str:
    return os.path.relpath(os.path.abspath(path), home).replace(os.sep, "/")
