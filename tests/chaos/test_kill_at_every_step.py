"""kill -9 at every named step of a cycle, then a normal run: the partner's files and the warehouse rows are
those of an undisturbed run. The first cycle, which reads everything, is killed at one step after the other, and so is a
cycle that reads what changed."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlconnector_assets.crash_points import BY_PEOPLE, VARIABLE, CrashPoint
from mlconnector_assets.sandbox import Sandbox, start_sandbox
from mlconnector_assets.steps.proof import prove_flow, prove_source, prove_warehouse
from mlconnector_assets.steps.workspace import open_workspace
from tests.chaos.cycle import one_cycle
from tests.processes import run_apart
from tests.project import BeforeCycle, ProjectFolder, before_cycle, bring_up_to_date, copy_project, write_project
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


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with start_sandbox(tmp_path_factory.mktemp("sandbox"), moves=60, vendors=8, customers=8, days=5, own_process=True) as running:
        yield running


@pytest.fixture(scope="module")
def fresh(world: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> ProjectFolder:
    """A project that has read nothing."""
    (world.partner_folder("acme") / "fresh").mkdir()
    today = world.control.now().date().isoformat()
    return write_project(tmp_path_factory.mktemp("fresh"), world, home="fresh", first_day=today, records=["invoices"])


@pytest.fixture(scope="module")
def first(fresh: ProjectFolder, tmp_path_factory: pytest.TempPathFactory) -> BeforeCycle:
    """The first cycle, after which the books do not stay as they were."""
    return before_cycle(fresh, tmp_path_factory.mktemp("first"))


@pytest.fixture(scope="module")
def second(world: Sandbox, fresh: ProjectFolder, tmp_path_factory: pytest.TempPathFactory) -> BeforeCycle:
    """The cycle after changes in the books."""
    done = tmp_path_factory.mktemp("done")
    up_to_date = copy_project(fresh, done / "project", done.name)
    bring_up_to_date(up_to_date)
    made = world.control.post_invoice(lines=[{"name": "Ænd → 1", "quantity": 2, "price": "3.35"}])
    world.control.pay(made["id"])
    return before_cycle(up_to_date, tmp_path_factory.mktemp("second"))


def killed_in_turn(project: ProjectFolder, points: list[CrashPoint], state_url: str | None = None) -> None:
    """Each run goes on from where the one before it was killed; then one ends."""
    for point in points:
        assert run(project, point, state_url) == -signal.SIGKILL, f"{point} was not reached"
    assert run(project, state_url=state_url) == 0


@pytest.mark.parametrize("cycle", ["first", "second"])
def test_a_cycle_killed_at_every_step_in_turn(cycle: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    undisturbed: BeforeCycle = request.getfixturevalue(cycle)
    project = undisturbed.copy(tmp_path)
    before = project.files()
    killed_in_turn(project, IN_EVERY_CYCLE)
    assert undisturbed.files != before
    assert project.files() == undisturbed.files
    assert project.warehouse_rows() == undisturbed.rows


def test_killed_with_the_state_on_postgresql(
    world: Sandbox, tmp_path: Path, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = [
        CrashPoint.READ_FILES_PUBLISHED,
        CrashPoint.RENDER_AUDIT_WRITTEN,
        CrashPoint.LOAD_WAREHOUSE_COMMITTED,
        CrashPoint.DELIVER_RENAMED,
    ]
    (world.partner_folder("acme") / "postgres").mkdir()
    url = postgres_server.new_state()
    monkeypatch.setenv("MLCONNECTOR_STATE_URL", url)
    project = write_project(tmp_path / "project", world, home="postgres")
    killed_in_turn(project, points, url)
    assert list(project.files()) == ["invoices_000001.csv"]
    with open_workspace(project.root) as workspace:
        proofs = [prove_flow(workspace, "acme", "invoices")]
        proofs += [prove(workspace, "odoo", record) for record in RECORDS for prove in (prove_source, prove_warehouse)]
    assert all(proof.good for proof in proofs), proofs
    postgres_server.drop_database(url)
