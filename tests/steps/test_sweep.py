"""What vanished at the source, found by listing keys: against the sandbox, with the state on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mlconnector_assets.errors import ConfigurationError
from mlconnector_assets.state import deletions, sweep_stops
from mlconnector_assets.steps.cycle import run_cycle
from mlconnector_assets.steps.proof import prove_source, prove_warehouse
from mlconnector_assets.steps.read import Days, read_days
from mlconnector_assets.steps.sweep import ask_for_suspects, confirm, due_sweeps, sweep
from mlconnector_assets.steps.workspace import open_workspace
from tests.project import ProjectFolder


def cycle(project: ProjectFolder, **options):
    with open_workspace(project.root) as workspace:
        outcome = run_cycle(workspace, **options)
    assert not outcome.failures, [str(failure.error) for failure in outcome.failures]
    return outcome


def known(project: ProjectFolder, record: str = "invoices") -> set[str]:
    with open_workspace(project.root) as workspace, workspace.state.reading() as tx:
        return set(deletions.known(tx, "odoo", record))


def marked(project: ProjectFolder, column: str = "_deleted_at", record: str = "invoices") -> set[str]:
    with open_workspace(project.root) as workspace:
        rows = workspace.warehouse.query(f"select source_id from odoo_{record} where {column} is not null")
    return set(rows["source_id"])


def proofs(project: ProjectFolder, record: str = "invoices") -> list[bool | None]:
    with open_workspace(project.root) as workspace:
        return [prove(workspace, "odoo", record).good for prove in (prove_source, prove_warehouse)]


def test_a_deleted_record_is_found_marked_in_the_warehouse_and_left_out_of_the_proof(synced: ProjectFolder) -> None:
    project, control = synced, synced.sandbox.control
    made = [control.draft_invoice()["id"] for _ in range(2)]
    cycle(project)
    control.delete(made[0])
    assert proofs(project)[0] is not True
    swept = cycle(project, sweep_now=True)
    assert {item.source_id for done in swept.sweeps for item in done.deleted} == {str(made[0])}
    assert known(project) == known(project, "gl_entries") == marked(project) == {str(made[0])}
    assert proofs(project) == [True, True]
    again = cycle(project, sweep_now=True)
    assert [done.deleted for done in again.sweeps] == [(), (), ()]
    assert sum(load.deletions for load in again.loads) == 0


def test_a_deletion_that_a_read_hides_is_asked_for_at_once(synced: ProjectFolder) -> None:
    control = synced.sandbox.control
    made = control.draft_invoice()["id"]
    cycle(synced)
    control.delete(made)
    today = control.now().date()
    outcome = cycle(synced, days=Days(today, today))
    assert [done.listed for done in outcome.sweeps] == [None, None]
    assert known(synced) == marked(synced) == {str(made)}
    assert proofs(synced) == [True, True]


def test_what_moved_out_of_the_records_is_no_deletion_and_may_come_back(synced: ProjectFolder) -> None:
    control = synced.sandbox.control
    vendor = control.create("res.partner", {"name": "Vendor without an order", "is_company": True, "supplier_rank": 1})
    control.advance(timedelta(seconds=5))
    cycle(synced)
    control.write("res.partner", [vendor], {"supplier_rank": 0})
    cycle(synced, sweep_now=True)
    assert known(synced, "vendors") == set()
    assert marked(synced, "_left_at", "vendors") == {str(vendor)}
    assert marked(synced, "_deleted_at", "vendors") == set()
    assert proofs(synced, "vendors") == [True, True]
    control.advance(timedelta(seconds=5))
    control.write("res.partner", [vendor], {"supplier_rank": 1})
    cycle(synced)
    assert marked(synced, "_left_at", "vendors") == set()
    assert proofs(synced, "vendors") == [True, True]
    control.reset_clock()


def test_a_record_that_only_moved_to_another_day_is_no_suspect(synced: ProjectFolder) -> None:
    control = synced.sandbox.control
    made = control.draft_invoice()["id"]
    cycle(synced)
    yesterday = control.now().date()
    control.advance(timedelta(days=1))
    control.write("account.move", [made])
    cycle(synced)
    with open_workspace(synced.root) as workspace:
        read_days(workspace, "odoo", "invoices", Days(yesterday, yesterday))
        assert "invoices" not in due_sweeps(workspace, "odoo").suspects
    control.reset_clock()


def test_a_mass_deletion_records_nothing_until_a_person_confirms(synced: ProjectFolder) -> None:
    control = synced.sandbox.control
    drafts = [control.draft_invoice()["id"] for _ in range(25)]
    cycle(synced)
    for draft in drafts:
        control.delete(draft)
    with open_workspace(synced.root) as workspace:
        outcome = run_cycle(workspace, sweep_now=True)
        texts = [str(failure.error) for failure in outcome.failures]
        assert [failure.step for failure in outcome.failures] == ["sweep odoo invoices", "sweep odoo gl_entries"]
        assert "25 of" in texts[0] and "mlconnector deletions confirm odoo invoices" in texts[0]
        assert known(synced) == set()
        assert "invoices" not in due_sweeps(workspace, "odoo").everything
        assert sweep(workspace, "odoo", "invoices").stop is not None
        with pytest.raises(ConfigurationError, match="waits for a confirmation"):
            confirm(workspace, "odoo", "vendors", by="ada", reason="none")
        control.delete(control.draft_invoice()["id"])
        done = confirm(workspace, "odoo", "invoices", by="ada", reason="old drafts were cleared")
        assert (len(done.deleted), done.stop) == (25, None)
        with workspace.state.reading() as tx:
            rows = deletions.listing(tx, "odoo", "invoices")
            waiting = sweep_stops.open_stops(tx)
    assert {row.confirmed_by for row in rows} == {"ada"}
    assert [stop.record for stop in waiting] == ["gl_entries"]


def test_a_stop_ends_by_itself_when_the_records_are_there_again(synced: ProjectFolder) -> None:
    control = synced.sandbox.control
    control.advance(timedelta(seconds=5))
    cycle(synced)
    # an earlier test wrote one while its clock was a day ahead
    stamped = f"{control.now():%Y-%m-%d %H:%M:%S}"
    moves = control.call("account.move", "search", domain=[["move_type", "=", "out_invoice"], ["write_date", "<=", stamped]])
    control.write("account.move", moves, {"move_type": "entry"})
    with open_workspace(synced.root) as workspace:
        stop = sweep(workspace, "odoo", "invoices").stop
        control.write("account.move", moves, {"move_type": "out_invoice"})
        assert (stop.missing if stop else 0) == len(moves) >= 20
        assert sweep(workspace, "odoo", "invoices").stop is None
        with workspace.state.reading() as tx:
            assert sweep_stops.open_stops(tx) == deletions.gone(tx, "odoo", "invoices") == []


def test_asking_for_suspects_without_any_asks_nothing(synced: ProjectFolder) -> None:
    with open_workspace(synced.root) as workspace:
        assert ask_for_suspects(workspace, "odoo", "invoices").deleted == ()
