"""kill -9 at every named step of a cycle, then a normal run: the partner's files and the warehouse rows are
those of an undisturbed run. The first cycle reads everything, the second only what changed."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from mlconnector_assets.crash_points import BY_PEOPLE, VARIABLE, CrashPoint
from mlconnector_assets.sandbox import Sandbox, start_sandbox
from mlconnector_assets.steps.proof import prove_flow, prove_source, prove_warehouse
from mlconnector_assets.steps.workspace import open_workspace
from tests.chaos.cycle import one_cycle
from tests.processes import run_apart
from tests.project import ProjectFolder, write_project
from tests.state_databases import PostgresServer, postgres_server

__all__ = ["postgres_server"]

RECORDS = ("invoices", "vendors", "gl_entries")
OF_DELETIONS = [point for point in CrashPoint if point.startswith("sweep.") or "deletions" in point]
OF_THE_INBOX = [point for point in CrashPoint if point.startswith("collect.")]
"""They have a test of their own, in tests/integration/test_inbox_crashes.py."""
IN_EVERY_CYCLE = [point for point in CrashPoint if point not in (*OF_DELETIONS, *OF_THE_INBOX, *BY_PEOPLE)]


def run(project: ProjectFolder, crash_at: CrashPoint | None = None, state_url: str | None = None) -> int:
    environment = {VARIABLE: crash_at and crash_at.value, "MLCONNECTOR_STATE_URL": state_url}
    done = run_apart(one_cycle, project.root, environment=environment)
    assert done.code in (0, -signal.SIGKILL), done.said
    return done.code


@dataclass(frozen=True)
class Template:
    """A project before a cycle, and what an undisturbed cycle makes of it."""

    project: ProjectFolder
    files: dict[str, bytes]
    rows: dict[str, list[tuple[object, ...]]]

    def copy(self, folder: Path) -> ProjectFolder:
        """The same project again, with its partner's files, in a folder of its own on the server."""
        return copy(self.project, folder)


def copy(project: ProjectFolder, folder: Path) -> ProjectFolder:
    home = f"{folder.parent.name}-{folder.name}"
    inbox = project.sandbox.partner_folder("acme") / home
    shutil.copytree(project.root, folder)
    shutil.copytree(project.inbox, inbox)
    path = folder / "partners" / "acme.yaml"
    partner = yaml.safe_load(path.read_text())
    partner["sftp"]["root"] = home
    path.write_text(yaml.safe_dump(partner))
    return ProjectFolder(folder, project.sandbox, inbox)


def template(project: ProjectFolder, folder: Path) -> Template:
    undisturbed = copy(project, folder)
    assert run(undisturbed) == 0
    return Template(project, undisturbed.files(), undisturbed.warehouse_rows())


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with start_sandbox(tmp_path_factory.mktemp("sandbox"), moves=60, vendors=8, customers=8, days=5, own_process=True) as running:
        yield running


@pytest.fixture(scope="module")
def templates(world: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Template]:
    """By cycle: "first" before anything was read, "second" after changes in the books."""
    folder = tmp_path_factory.mktemp("templates")
    (world.partner_folder("acme") / "fresh").mkdir()
    today = world.control.now().date().isoformat()
    fresh = write_project(folder / "fresh", world, home="fresh", first_day=today, records=["invoices"])
    first = template(fresh, folder / "undisturbed-first")
    done = copy(fresh, folder / "done")
    assert run(done) == 0
    made = world.control.post_invoice(lines=[{"name": "Ænd → 1", "quantity": 2, "price": "3.35"}])
    world.control.pay(made["id"])
    assert first.files
    return {"first": template(fresh, folder / "again-first"), "second": template(done, folder / "undisturbed-second")}


@pytest.mark.parametrize("point", IN_EVERY_CYCLE)
@pytest.mark.parametrize("cycle", ["first", "second"])
def test_killed_at(cycle: str, point: CrashPoint, templates: dict[str, Template], tmp_path: Path) -> None:
    start = templates[cycle]
    project = start.copy(tmp_path / "project")
    assert run(project, point) == -signal.SIGKILL, f"{point} was not reached"
    assert run(project) == 0
    assert project.files() == start.files
    assert project.warehouse_rows() == start.rows


@pytest.mark.parametrize(
    "point",
    [
        CrashPoint.READ_FILES_PUBLISHED,
        CrashPoint.RENDER_AUDIT_WRITTEN,
        CrashPoint.DELIVER_RENAMED,
        CrashPoint.LOAD_WAREHOUSE_COMMITTED,
    ],
)
def test_killed_at_with_the_state_on_postgresql(
    point: CrashPoint, world: Sandbox, tmp_path: Path, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    (world.partner_folder("acme") / str(point)).mkdir()
    url = postgres_server.new_state()
    monkeypatch.setenv("MLCONNECTOR_STATE_URL", url)
    project = write_project(tmp_path / "project", world, home=str(point))
    assert run(project, point, url) == -signal.SIGKILL
    assert run(project, state_url=url) == 0
    assert list(project.files()) == ["invoices_000001.csv"]
    with open_workspace(project.root) as workspace:
        proofs = [prove_flow(workspace, "acme", "invoices")]
        proofs += [prove(workspace, "odoo", record) for record in RECORDS for prove in (prove_source, prove_warehouse)]
    assert all(proof.good for proof in proofs), proofs
    postgres_server.drop_database(url)
