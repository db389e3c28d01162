"""A project and its definitions, made once for the tests of a module and put back before each of them."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import dagster as dg

from mlconnector_assets.steps.load import load_records
from mlconnector_assets.steps.read import looking, read_changes
from mlconnector_assets.steps.render import render_flow
from mlconnector_assets.steps.workspace import open_workspace
from tests.orchestration.code_location import CodeLocation
from tests.project import ProjectFolder


class PreparedLocation:
    """Puts a project back as it was at a moment: its folder, its partner's folder and an instance without events. The
    source has no way back: what tests changed there is read again by who asks for a project at rest."""

    def __init__(self, project: ProjectFolder, instance: dg.DagsterInstance, kept: Path) -> None:
        self._location, self._kept = CodeLocation(project, instance), kept
        self._keep("fresh")

    def fresh(self) -> CodeLocation:
        """Nothing was read yet."""
        return self._put_back("fresh")

    def at_rest(self) -> CodeLocation:
        """Everything is read, loaded and rendered, nothing is delivered: files wait. Dagster knows of nothing."""
        location = self._put_back("at rest" if (self._kept / "at rest").exists() else "fresh")
        if take_in(location.project):
            self._keep("at rest")
        return location

    def _places(self, moment: str) -> list[tuple[Path, Path]]:
        project = self._location.project
        return [(project.root, self._kept / moment / "project"), (project.inbox, self._kept / moment / "partner")]

    def _keep(self, moment: str) -> None:
        shutil.rmtree(self._kept / moment, ignore_errors=True)
        for place, kept in self._places(moment):
            shutil.copytree(place, kept)

    def _put_back(self, moment: str) -> CodeLocation:
        self._location.project.sandbox.control.clear()
        self._location.instance.wipe()
        for place, kept in self._places(moment):
            shutil.rmtree(place)
            shutil.copytree(kept, place)
        return self._location


def take_in(project: ProjectFolder) -> bool:
    """Read what changed, load and render it, as a run of the cycle does; answers whether anything had changed. What
    changed within the last seconds would be looked at once more, so time goes on before."""
    with open_workspace(project.root) as workspace:
        with looking(workspace, "odoo") as needs_read:
            changed = [record for record in workspace.project.connections["odoo"].records if needs_read(record)]
        if changed:
            project.sandbox.control.advance(timedelta(seconds=30))
        for record in changed:
            read_changes(workspace, "odoo", record)
            load_records(workspace, "odoo", record)
        if changed:
            render_flow(workspace, "acme", "invoices")
    return bool(changed)
