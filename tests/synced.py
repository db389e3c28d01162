"""A project that was synced once, made once for a module: every test gets a copy of it, and the sandbox as it was then."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from mlconnector_assets.sandbox import Sandbox
from mlconnector_assets.steps.cycle import run_cycle
from mlconnector_assets.steps.workspace import open_workspace
from tests.books import KeptBooks
from tests.project import ProjectFolder, write_project

__all__ = ["SyncedWorld", "synced_project", "synced_world"]


@dataclass(frozen=True)
class SyncedWorld:
    """A project after its first sync, and what lay on the other sides then: the sandbox's books and the partner's files."""

    project: ProjectFolder
    books: KeptBooks
    partner_files: Path

    @classmethod
    def keep(cls, project: ProjectFolder, folder: Path) -> SyncedWorld:
        """Remember how things are now in `folder`; the project is not to be used any more."""
        shutil.copytree(project.inbox, folder / "partner")
        return cls(project, KeptBooks.of(project.sandbox, folder / "odoo.db"), folder / "partner")

    def again(self, root: Path) -> ProjectFolder:
        """A copy of the project at `root`; books and the partner's files are what they were, and nothing fails."""
        self.books.bring_back()
        shutil.rmtree(self.project.inbox)
        shutil.copytree(self.partner_files, self.project.inbox)
        shutil.copytree(self.project.root, root)
        return ProjectFolder(root, self.project.sandbox, self.project.inbox)


@pytest.fixture(scope="module")
def synced_world(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> SyncedWorld:
    """The usual project after its first sync, which delivered one file of invoices."""
    folder = tmp_path_factory.mktemp("synced")
    (sandbox.partner_folder("acme") / folder.name).mkdir()
    project = write_project(folder / "project", sandbox, home=folder.name)
    with open_workspace(project.root) as workspace:
        outcome = run_cycle(workspace)
    assert not outcome.failures
    assert len(project.files()) == 1
    return SyncedWorld.keep(project, folder)


@pytest.fixture
def synced_project(tmp_path: Path, synced_world: SyncedWorld) -> ProjectFolder:
    """A project of its own that was synced once."""
    return synced_world.again(tmp_path / "project")
