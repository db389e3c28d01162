"""Whole cycles against the sandbox: real HTTP, real SSH, DuckDB, state on SQLite, and where everything is done on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta

import polars as pl
import pytest

from mlconnector_assets.errors import ConfigurationError, Unavailable
from mlconnector_assets.records import RECORDS
from mlconnector_assets.state import deliveries, documents, reads, set_aside
from mlconnector_assets.steps.cycle import run_cycle
from mlconnector_assets.steps.preview import preview_flow
from mlconnector_assets.steps.proof import prove_flow, prove_keys, prove_source, prove_warehouse
from mlconnector_assets.steps.read import Days, first_day, looking, read_changes, read_days
from mlconnector_assets.steps.workspace import Workspace, open_workspace
from mlconnector_assets.systems.odoo.source import OdooSource
from tests.project import ProjectFolder


def cycle(project: ProjectFolder, **arguments):
    with open_workspace(project.root) as workspace:
        outcome = run_cycle(workspace, **arguments)
    assert not outcome.failures, [str(failure.error) for failure in outcome.failures]
    return outcome


def needs_read(workspace: Workspace, connection: str, record: str) -> bool:
    with looking(workspace, connection) as needs:
        return needs(record)


def prove(project: ProjectFolder) -> None:
    with open_workspace(project.root) as workspace:
        proofs = [prove_flow(workspace, "acme", "invoices")]
        for record in ("invoices", "vendors", "gl_entries"):
            proofs += [
                prove_keys(workspace, "odoo", record),
                prove_source(workspace, "odoo", record),
                prove_warehouse(workspace, "odoo", record),
            ]
    assert all(proof.good for proof in proofs), proofs


def test_two_cycles_send_everything_once_and_agree(project_on_both: ProjectFolder) -> None:
    project = project_on_both
    first = cycle(project)
    assert sum(render.documents for render in first.renders) > 10
    prove(project)
    numbers = project.sandbox.control.post_invoice(
        company=2, lines=[{"name": "Bolt ½″ — «special»", "quantity": 3, "price": "19.99"}]
    )
    second = cycle(project)
    assert [render.documents for render in second.renders] == [1]
    assert numbers["name"].encode() in project.files()["invoices_000002.csv"]
    prove(project)
    third = cycle(project)
    assert sum(len(render.deliveries) for render in third.renders) == 0
    assert list(project.files()) == ["invoices_000001.csv", "invoices_000002.csv"]


def test_nothing_new_reads_nothing(synced: ProjectFolder) -> None:
    control = synced.sandbox.control
    control.advance(timedelta(seconds=30))
    cycle(synced)
    outcome = cycle(synced)
    assert (outcome.reads, len(outcome.unchanged)) == ([], 3)
    control.reset_clock()


def test_a_day_is_closed_by_a_read_after_its_end_plus_overlap(project: ProjectFolder) -> None:
    control = project.sandbox.control
    with open_workspace(project.root) as workspace:
        read_changes(workspace, "odoo", "vendors")
        now = control.now()
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        control.set_clock(midnight + timedelta(minutes=9), running=False)
        assert not needs_read(workspace, "odoo", "vendors")
        control.set_clock(midnight + timedelta(minutes=10), running=False)
        assert needs_read(workspace, "odoo", "vendors")
        read_changes(workspace, "odoo", "vendors")
        assert not needs_read(workspace, "odoo", "vendors")
    control.reset_clock()


def test_a_late_commit_with_an_old_stamp_is_found(synced: ProjectFolder) -> None:
    control = synced.sandbox.control
    control.post_invoice(hold=True, lines=[{"name": "Laat geboekt", "quantity": 1, "price": "7.00"}])
    control.post_invoice()
    assert [render.documents for render in cycle(synced).renders] == [1]
    control.advance(timedelta(minutes=5))
    control.commit()
    outcome = cycle(synced)
    assert [render.documents for render in outcome.renders] == [1]
    assert b"Laat geboekt" in list(synced.files().values())[-1]
    prove(synced)
    control.reset_clock()


def test_a_payment_sends_nothing_and_a_changed_invoice_is_shown(synced: ProjectFolder) -> None:
    control = synced.sandbox.control
    made = control.post_invoice()
    cycle(synced)
    control.pay(made["id"])
    outcome = cycle(synced)
    assert [(render.documents, render.changed) for render in outcome.renders] == [(0, [])]
    control.write("account.move", [made["id"]], {"invoice_date_due": "2031-01-01"})
    control.advance(timedelta(seconds=1))
    outcome = cycle(synced)
    assert [(render.documents, render.changed) for render in outcome.renders] == [(0, [str(made["id"])])]


def test_the_sftp_server_down_then_up_sends_the_same_bytes_and_name(synced: ProjectFolder) -> None:
    control, before = synced.sandbox.control, synced.files()
    control.post_invoice()
    control.fault("sftp_down", times=None)
    with open_workspace(synced.root) as workspace:
        outcome = run_cycle(workspace)
        assert [failure.step for failure in outcome.failures] == ["deliver acme"]
        with workspace.state.reading() as tx:
            waiting = deliveries.queued(tx)
        promised = workspace.files.read(waiting[0].sha256)
    assert synced.files() == before
    control.clear()
    cycle(synced)
    assert synced.files() == before | {waiting[0].remote_name: promised}


def test_preview_is_the_file_that_follows_and_changes_nothing(synced: ProjectFolder) -> None:
    sent = synced.files()
    synced.sandbox.control.post_invoice()
    with open_workspace(synced.root) as workspace:
        read_changes(workspace, "odoo", "invoices")
        before = preview_flow(workspace, "acme", "invoices")
        again = preview_flow(workspace, "acme", "invoices").file
        assert (again.name, again.content) == (before.file.name, before.file.content)
    cycle(synced)
    assert synced.files() == sent | {before.file.name: before.file.content}


def test_a_whole_day_can_be_read_again(synced: ProjectFolder) -> None:
    with open_workspace(synced.root) as workspace:
        today = synced.sandbox.control.now().date()
        days = Days(today - timedelta(days=3), today)
        outcome = read_days(workspace, "odoo", "invoices", days)
        assert len(outcome.partitions) == 4
    again = cycle(synced, days=days)
    assert sum(render.documents for render in again.renders) == 0
    prove(synced)


def test_what_cannot_be_mapped_is_set_aside_and_comes_back(synced: ProjectFolder) -> None:
    project, control = synced, synced.sandbox.control
    made = control.post_invoice()
    control.write("account.move", [made["id"]], {"amount_total": "1.23456789"})
    outcome = cycle(project)
    assert next(read.set_aside for read in outcome.reads if read.record == "invoices") >= 1
    with open_workspace(project.root) as workspace, workspace.state.reading() as tx:
        item = next(item for item in set_aside.open_items(tx, "odoo") if item.source_id == str(made["id"]))
    assert "1.23456789" in item.reason
    assert made["name"] in item.source_record
    prove_rest = cycle(project)
    assert not prove_rest.failures
    control.write("account.move", [made["id"]], {"amount_total": item_total(item.source_record)})
    cycle(project)
    with open_workspace(project.root) as workspace, workspace.state.reading() as tx:
        assert str(made["id"]) not in [item.source_id for item in set_aside.open_items(tx, "odoo")]


def item_total(source_record: str) -> str:
    """What the amounts of a document add up to."""
    import json
    from decimal import Decimal

    move = json.loads(source_record, parse_float=Decimal)
    return str(move["amount_untaxed"] + move["amount_tax"])


def test_a_document_that_does_not_fit_is_blocked_and_the_others_go(synced: ProjectFolder) -> None:
    control, before = synced.sandbox.control, synced.files()
    made, other = control.post_invoice(), control.post_invoice()
    control.write("account.move", [made["id"]], {"amount_total": "99999.00"})
    cycle(synced)
    with open_workspace(synced.root) as workspace, workspace.state.reading() as tx:
        blocked = documents.blocked(tx, "acme", "invoices")
    assert "99999" in next(row.reason or "" for row in blocked if row.source_id == str(made["id"]))
    ((_, content),) = synced.files().items() - before.items()
    assert other["name"].encode() in content
    assert made["name"].encode() not in content
    prove(synced)


def test_an_unknown_connection_names_the_known_ones(project: ProjectFolder) -> None:
    with open_workspace(project.root) as workspace, pytest.raises(ConfigurationError, match="no connection 'odo'") as error:
        run_cycle(workspace, "odo")
    assert "odoo" in error.value.mend


def test_one_failing_record_stops_no_other(synced: ProjectFolder) -> None:
    control = synced.sandbox.control
    control.fault("no_rights", times=None, model="res.partner")
    with open_workspace(synced.root) as workspace:
        outcome = run_cycle(workspace)
    control.clear()
    assert "read odoo vendors" in [failure.step for failure in outcome.failures]


@pytest.mark.parametrize(("request_", "of"), [("pages", "project"), ("probe", "synced"), ("keys", "synced")])
def test_an_odoo_that_does_not_answer_is_asked_and_told_once(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, request_: str, of: str
) -> None:
    project: ProjectFolder = request.getfixturevalue(of)
    asked: list[str] = []

    def unreachable(source: OdooSource, record: str, *_: object) -> None:
        asked.append(record)
        raise Unavailable(f"{source.connection} cannot be reached", where=source.connection, mend="start it")

    monkeypatch.setattr(OdooSource, request_, unreachable)
    with open_workspace(project.root) as workspace:
        outcome = run_cycle(workspace, sweep_now=True)
    assert asked == ["invoices"]
    step = "sweep" if request_ == "keys" else "read"
    assert [failure.step for failure in outcome.failures] == [f"{step} odoo invoices and 2 more records"]


def test_what_was_seen_to_be_unchanged_is_noted_although_the_source_then_stops_answering(
    synced: ProjectFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced.sandbox.control.advance(timedelta(minutes=1))
    cycle(synced)
    ask = OdooSource.probe

    def stops(source: OdooSource, record: str, since: datetime | None) -> str:
        if record == "gl_entries":
            raise Unavailable("odoo cannot be reached", where="odoo", mend="start it")
        return ask(source, record, since)

    monkeypatch.setattr(OdooSource, "probe", stops)
    with open_workspace(synced.root) as workspace:
        begun = workspace.clock()
        outcome = run_cycle(workspace)
        with workspace.state.reading() as tx:
            looks = reads.last_looks(tx, "odoo")
    assert outcome.unchanged == ["odoo invoices", "odoo vendors"]
    assert {record for record, at in looks.items() if at >= begun} == {"invoices", "vendors"}
    synced.sandbox.control.reset_clock()


def test_days_before_the_first_partition_are_in_it_and_future_ones_are_refused(project: ProjectFolder) -> None:
    with open_workspace(project.root) as workspace:
        old = read_days(workspace, "odoo", "vendors", Days(date(2001, 1, 1), date(2001, 1, 5)))
        assert [read.day for read in old.partitions] == [first_day(workspace, "odoo")]
        tomorrow = project.sandbox.control.now().date() + timedelta(days=1)
        with pytest.raises(ConfigurationError, match="lies in the future"):
            read_days(workspace, "odoo", "vendors", Days(tomorrow, tomorrow))
        assert needs_read(workspace, "odoo", "vendors")
        assert read_changes(workspace, "odoo", "vendors").rows > 0
    prove_one(project, "vendors")


def prove_one(project: ProjectFolder, record: str) -> None:
    with open_workspace(project.root) as workspace:
        assert prove_source(workspace, "odoo", record).good


def test_no_money_is_a_float() -> None:
    for record in RECORDS.values():
        assert not any(kind.is_float() for kind in inner_types(record.schema.dtypes()))


def inner_types(kinds: Iterable[pl.DataType]) -> Iterator[pl.DataType]:
    """The types themselves and everything nested in them."""
    for kind in kinds:
        yield kind
        if isinstance(kind, pl.List):
            yield from inner_types([kind.inner])
        elif isinstance(kind, pl.Struct):
            yield from inner_types([field.dtype for field in kind.fields])
