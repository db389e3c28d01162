"""Closed days are read again once a day, and what the incremental reads missed is mended and told."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from mlconnector_assets.clock import DAY
from mlconnector_assets.sandbox import Sandbox
from mlconnector_assets.state import missed
from mlconnector_assets.steps.cycle import run_cycle
from mlconnector_assets.steps.proof import prove_source
from mlconnector_assets.steps.read import Days, read_changes
from mlconnector_assets.steps.reread import days_to_reread
from mlconnector_assets.steps.workspace import open_workspace
from tests.project import ProjectFolder, write_project


def test_late_and_silent_changes_are_found_mended_and_told(project: ProjectFolder) -> None:
    control = project.sandbox.control
    with open_workspace(project.root, clock=control.now) as workspace:
        noon = (control.now() + DAY).replace(hour=12, minute=0, second=0, microsecond=0)
        control.set_clock(noon, running=False)
        silent = control.post_invoice()["id"]
        run_cycle(workspace)
        control.set_clock(noon + timedelta(hours=20), running=False)  # 8:00 the next day
        run_cycle(workspace)
        late = control.post_invoice(at=(noon + timedelta(hours=1)).isoformat())["id"]
        control.write("account.move", [silent], {"invoice_date_due": "2031-01-01"}, at=noon.isoformat())
        assert "invoices" not in days_to_reread(workspace, "odoo")
        control.set_clock(noon + timedelta(hours=40), running=False)  # 4:00 the day after, past the quiet hour
        assert "invoices" in days_to_reread(workspace, "odoo")
        outcome = run_cycle(workspace)
        assert not outcome.failures, [str(failure.error) for failure in outcome.failures]
        found = {read.record: {(item.key, item.why) for item in read.missed} for read in outcome.reads if read.missed}
        assert {(str(late), "late"), (str(silent), "silent")} <= found["invoices"]
        with workspace.state.reading() as tx:
            told = missed.listing(tx, "odoo", "invoices")
        assert {(row.key, row.why) for row in told} == found["invoices"]
        assert {row.day for row in told} == {noon.date()}
        assert "invoices" not in days_to_reread(workspace, "odoo")
        assert prove_source(workspace, "odoo", "invoices").good
        assert not any(read.missed for read in run_cycle(workspace).reads)
    control.reset_clock()


def test_the_first_partition_with_all_of_history_is_never_read_again(tmp_path: Path, sandbox: Sandbox) -> None:
    (sandbox.partner_folder("acme") / "recent").mkdir()
    first_day = sandbox.control.now().date() - 3 * DAY
    project = write_project(tmp_path / "project", sandbox, home="recent", first_day=first_day.isoformat())
    with open_workspace(project.root, clock=sandbox.control.now) as workspace:
        read_changes(workspace, "odoo", "vendors")
        sandbox.control.advance(2 * DAY)
        read_changes(workspace, "odoo", "vendors")
        sandbox.control.advance(DAY)
        due = days_to_reread(workspace, "odoo")
    assert due == {"vendors": Days(first_day + DAY, first_day + 4 * DAY)}
    sandbox.control.reset_clock()
