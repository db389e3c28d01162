"""kill -9 at one named step after the other of finding deletions and taking them in, then a normal run: each deletion is
recorded once and marked in the warehouse, as in an undisturbed run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mlconnector_assets.sandbox import start_sandbox
from mlconnector_assets.state import deletions
from mlconnector_assets.steps.workspace import open_workspace
from tests.chaos.test_kill_at_every_step import OF_DELETIONS, killed_in_turn
from tests.project import BeforeCycle, before_cycle, bring_up_to_date, write_project


@pytest.fixture(scope="module")
def deleted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BeforeCycle]:
    """A project that has read a draft which its source has no longer."""
    folder = tmp_path_factory.mktemp("templates")
    with start_sandbox(folder / "sandbox", moves=50, vendors=5, customers=5, days=3, own_process=True) as world:
        (world.partner_folder("acme") / "done").mkdir()
        draft = world.control.draft_invoice()["id"]
        today = world.control.now().date().isoformat()
        done = write_project(folder / "done", world, home="done", first_day=today, records=["invoices", "gl_entries"])
        bring_up_to_date(done)
        world.control.delete(draft)
        yield before_cycle(done, tmp_path_factory.mktemp("undisturbed"))


def test_killed_at_every_step_in_turn_while_deletions_are_found(deleted: BeforeCycle, tmp_path: Path) -> None:
    project = deleted.copy(tmp_path)
    killed_in_turn(project, OF_DELETIONS)
    assert project.warehouse_rows() == deleted.rows
    with open_workspace(project.root) as workspace, workspace.state.reading() as tx:
        found = [deletions.known(tx, "odoo", record) for record in ("invoices", "gl_entries")]
    assert [len(known) for known in found] == [1, 1]
