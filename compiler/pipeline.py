"""The phases in order, on one page.

    paths ─project─▶ units ─check─▶ plan.Server ─emit─▶ Python text

Every command goes this way as far as it needs, and imports what a phase is made of when it gets
there: checking needs nothing of what emitting does.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from msgspec import Struct

from . import plan
from .checking.check import check
from .conventions import DEFAULT_DRIFT, DriftMode
from .diagnostics import Diagnostic, in_order
from .project import Files, Locking, Project, read_project
from .schema import remembered

if TYPE_CHECKING:
    from .emitting.header import Fingerprint


class Checked(Struct, frozen=True):
    """Files after checking: `server` is None where there is an error."""

    project: Project
    server: plan.Server | None
    diagnostics: list[Diagnostic]

    @property
    def is_without_a_word(self) -> bool:
        """Whether there is nothing to tell, and no server had to be asked."""
        return not (self.diagnostics or self.project.locked)


def check_files(paths: list[str], locking: Locking, files: Files | None = None) -> Checked:
    """Read and check the files of one server; nothing but the lock is written."""
    project = read_project(paths, locking, files)
    if not project.units:
        return Checked(project, None, in_order(project.diagnostics))
    with remembered([unit.file.source.path for unit in project.units]):
        server, problems = check(project.units)
    diagnostics = in_order([*project.diagnostics, *problems])
    if any(diagnostic.is_error for diagnostic in diagnostics):
        server = None
    return Checked(project, server, diagnostics)


class Build(Struct, frozen=True):
    """A module that files without errors make: where it goes and what it is made from."""

    server: plan.Server
    placement: plan.Placement
    fingerprint: Fingerprint

    def text(self) -> str:
        """Return the module's text; raises `emit.EmitError` for a bug in wfc."""
        from .emitting.emit import emit

        with remembered(self.server.files):
            return emit(self.server, self.placement, self.fingerprint)


def build_of(checked: Checked, output: str, drift: DriftMode = DEFAULT_DRIFT) -> Build:
    """Return the build of files without errors; nothing is emitted yet.

    `drift` is what the module does when a server's tools are not what they were. Raises
    `ValueError` when there is an error in the files.
    """
    from .emitting.staleness import fingerprint

    if checked.server is None:
        raise ValueError("there are errors")
    home = os.path.dirname(os.path.abspath(output))
    units = checked.project.units
    places = {
        path: os.path.relpath(os.path.abspath(path), home).replace(os.sep, "/")
        for path in (*checked.server.files, *(unit.folder for unit in units))
    }
    texts = {unit.file.source.path: unit.file.source.text for unit in units}
    placement = plan.Placement(
        sources=tuple(places[path] for path in checked.server.files),
        folders={unit.folder: places[unit.folder] for unit in units},
        output=os.path.basename(output),
        drift=drift,
    )
    return Build(checked.server, placement, fingerprint(checked.server, placement, texts))
