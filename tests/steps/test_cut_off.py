"""The cut-off: what comes after it leaves with the next day's files, and nothing is forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlconnector_assets.partners import Flow
from mlconnector_assets.records.record import INSTANT
from mlconnector_assets.steps.cut_off import waits, waits_from
from mlconnector_assets.steps.due import due_flows
from mlconnector_assets.steps.flow_kinds import preview_flow, prove_flow, render_flow
from mlconnector_assets.steps.read import read_changes
from mlconnector_assets.steps.workspace import open_workspace
from tests.partners.samples import flow
from tests.project import INVOICES_FLOW, ProjectFolder, write_project


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def waiting(one: Flow, modified: datetime, now: datetime) -> bool:
    return bool(pl.DataFrame({"modified_at": [modified]}, schema={"modified_at": INSTANT}).select(waits(one, now)).item())


@pytest.mark.parametrize(
    ("zone", "now", "since"),
    [
        ("UTC", "2026-03-02T16:59:59", None),
        ("UTC", "2026-03-02T17:00", "2026-03-02T17:00"),
        ("UTC", "2026-03-02T23:59:59", "2026-03-02T17:00"),
        ("UTC", "2026-03-03T00:00", None),
        ("Europe/Brussels", "2026-03-02T15:59", None),
        ("Europe/Brussels", "2026-03-02T16:00", "2026-03-02T16:00"),
        ("Europe/Brussels", "2026-03-02T23:00", None),
        ("Europe/Brussels", "2026-03-29T15:00", "2026-03-29T15:00"),
        ("Europe/Brussels", "2026-10-25T15:59", None),
        ("Europe/Brussels", "2026-10-25T16:00", "2026-10-25T16:00"),
        ("America/Los_Angeles", "2026-03-03T01:00", "2026-03-03T01:00"),
        ("Pacific/Auckland", "2026-03-02T04:30", "2026-03-02T04:00"),
    ],
)
def test_when_documents_begin_to_wait(zone: str, now: str, since: str | None) -> None:
    assert waits_from(flow(cut_off="17:00", timezone=zone), at(now)) == (since and at(since))


@pytest.mark.parametrize(
    ("day", "instant"),
    [("2026-03-29", "2026-03-29T01:30"), ("2026-10-25", "2026-10-25T00:30"), ("2026-10-24", "2026-10-24T00:30")],
)
def test_a_cut_off_that_is_skipped_or_comes_twice(day: str, instant: str) -> None:
    assert waits_from(flow(cut_off="02:30", timezone="Europe/Brussels"), at(f"{day}T12:00")) == at(instant)


@given(
    st.integers(0, 365 * 24 * 60).map(lambda minutes: at("2026-01-01T00:00") + timedelta(minutes=minutes)),
    st.timedeltas(timedelta(0), timedelta(days=3)),
    st.times().map(lambda time: f"{time:%H:%M}"),
    st.sampled_from(["UTC", "Europe/Brussels", "America/St_Johns", "Pacific/Apia"]),
)
def test_every_document_leaves_at_the_latest_when_its_next_day_begins(modified, later, cut_off, zone) -> None:
    one = flow(cut_off=cut_off, timezone=zone)
    now = modified + later
    if waiting(one, modified, now):
        assert now.astimezone(one.zone).date() == modified.astimezone(one.zone).date()
        assert modified >= (waits_from(one, now) or now)
    assert not waiting(one, modified, modified + timedelta(hours=25))


def test_without_a_cut_off_nothing_waits() -> None:
    assert not waiting(flow(), at("2026-03-02T23:00"), at("2026-03-02T23:00"))


def test_what_came_after_the_cut_off_leaves_the_next_day(project: ProjectFolder) -> None:
    flows = {"invoices": INVOICES_FLOW | {"cut_off": "00:00"}}
    write_project(project.root, project.sandbox, home=project.inbox.name, flows=flows)
    made = project.sandbox.control.post_invoice()
    with open_workspace(project.root) as workspace:
        read_changes(workspace, "odoo", "invoices")
        first = render_flow(workspace, "acme", "invoices")
        sent = b"".join(workspace.files.read(delivery.sha256) for delivery in first.deliveries)
        assert first.documents > 0
        assert made["name"].encode() not in sent
        assert prove_flow(workspace, "acme", "invoices").good
        assert list(due_flows(workspace, "odoo")) == []
        assert preview_flow(workspace, "acme", "invoices").file.body.documents.is_empty()
        assert render_flow(workspace, "acme", "invoices").deliveries == []
        tomorrow = workspace.clock() + timedelta(days=1)
        workspace.clock = lambda: tomorrow
        assert list(due_flows(workspace, "odoo")) == [("acme", "invoices")]
        (delivery,) = render_flow(workspace, "acme", "invoices").deliveries
        assert made["name"].encode() in workspace.files.read(delivery.sha256)
        assert prove_flow(workspace, "acme", "invoices").good
        assert list(due_flows(workspace, "odoo")) == []
