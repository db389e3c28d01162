"""Marking history as already with the partner, so that a flow begins with what is new."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl
import sqlalchemy as sa

from mlconnector_assets.crash_points import CrashPoint, reached
from mlconnector_assets.errors import ConfigurationError
from mlconnector_assets.partners.specification import Flow, Partner
from mlconnector_assets.records import RECORDS
from mlconnector_assets.state import documents, flow_rules, holds
from mlconnector_assets.state.documents import DocumentRow
from mlconnector_assets.steps.bodies import sums
from mlconnector_assets.steps.candidates import LOOK_UP, Candidates, document_rows, load_documents, money_columns, on_record
from mlconnector_assets.steps.eligibility import newest_eligible, rules_of
from mlconnector_assets.steps.holding import checked_decision, note_decision
from mlconnector_assets.steps.render import consumer_of
from mlconnector_assets.steps.rows import newest_rows
from mlconnector_assets.steps.workspace import Workspace

LEASE = timedelta(minutes=10)
UNSENT = ("blocked", "held", "dismissed", "released")


@dataclass(frozen=True)
class Baseline:
    """What a baseline marks, and `remaining`: eligible documents that it leaves unsent. `totals` maps "column|currency"
    to decimal text; `first` and `last` are the days of the documents."""

    documents: int
    remaining: int
    totals: dict[str, str]
    first: date | None
    last: date | None


def preview_baseline(workspace: Workspace, partner_id: str, flow_name: str, until: date | None = None) -> Baseline:
    """What `set_baseline` would mark now. Raises ConfigurationError for an unknown partner or flow."""
    partner, flow = workspace.partner(partner_id), workspace.flow(partner_id, flow_name)
    return _look(workspace, partner, flow, until)[0]


def set_baseline(
    workspace: Workspace, partner_id: str, flow_name: str, until: date | None = None, *, by: str, reason: str
) -> Baseline:
    """Mark every eligible document that was not sent, dated `until` then or earlier, as with the partner already.

    Open holds that have nothing left are dismissed by it. When no eligible document remains unsent the flow's rules are
    confirmed: only new documents are left to leave. Raises LeaseHeld, ConfigurationError.
    """
    by, reason = checked_decision(by, reason)
    partner, flow = workspace.partner(partner_id), workspace.flow(partner_id, flow_name)
    with workspace.state.leases.hold(consumer_of(partner.book, flow.name), workspace.owner, LEASE):
        found, candidates = _look(workspace, partner, flow, until)
        rows = [row for some in _rows(partner, flow, candidates) for row in some]
        now = workspace.clock()
        with workspace.recorded() as tx:
            hold = holds.add(
                tx,
                partner=partner.book,
                flow=flow.name,
                connection=flow.connection,
                kind="baseline",
                about=f"{len(rows)} documents count as sent before" + (f", dated {until} or earlier" if until else ""),
                documents=len(rows),
                totals=found.totals,
                opened_at=now,
                decided=holds.Decided("dismissed", by, reason),
            )
            documents.baseline(tx, rows, hold.id)
            _dismiss_empty(tx, partner, flow, by=by, reason=f"baseline {hold.id}: {reason}", workspace=workspace)
            if not found.remaining:
                flow_rules.confirm(tx, partner.book, flow.name, rules_of(flow), now)
            reached(CrashPoint.BASELINE_SET)
            note_decision(workspace, tx, hold, rows, action="baseline_set", by=by, reason=reason)
    return found


def _look(workspace: Workspace, partner: Partner, flow: Flow, until: date | None) -> tuple[Baseline, Candidates]:
    if flow.kind == "snapshot":
        raise ConfigurationError(
            f"{partner.id} {flow.name} is a snapshot: it sends the whole current state, so there is no history to mark",
            mend="look at its first file with `mlconnector preview`, and release its hold",
        )
    record = RECORDS[flow.record]
    rows = newest_rows(workspace, flow.connection, record)
    dated = (pl.col(record.date_column) if record.date_column else pl.col("modified_at").dt.date()).alias("_day")
    wanted = ["source_id", *money_columns(record), *([record.date_column] if record.date_column else [])]
    eligible = newest_eligible(rows, flow, *dict.fromkeys(wanted)).with_columns(dated).sort("_day", "source_id").collect()
    known = on_record(workspace, partner, flow, eligible["source_id"])
    out = [key for key, row in known.items() if row.state not in UNSENT or row.delivery_id is not None]
    unsent = eligible.filter(~pl.col("source_id").is_in(out))
    marked = unsent if until is None else unsent.filter(pl.col("_day") <= until)
    found = Baseline(
        documents=marked.height,
        remaining=unsent.height - marked.height,
        totals=sums(marked, record),
        first=marked["_day"].min(),  # type: ignore[arg-type]
        last=marked["_day"].max(),  # type: ignore[arg-type]
    )
    return found, Candidates(marked, rows, known)


def _rows(partner: Partner, flow: Flow, candidates: Candidates) -> Iterator[list[DocumentRow]]:
    ids = candidates.found["source_id"].to_list()
    for start in range(0, len(ids), LOOK_UP):
        frame = load_documents(candidates, ids[start : start + LOOK_UP], RECORDS[flow.record])
        yield list(document_rows(partner, flow, frame).values())


def _dismiss_empty(tx: sa.Connection, partner: Partner, flow: Flow, *, by: str, reason: str, workspace: Workspace) -> None:
    for hold in holds.open(tx, partner.book, flow.name):
        if not any(row.state in ("held", *documents.DEVIATED) for row in documents.of_hold(tx, hold.id)):
            holds.settle(tx, hold, "dismissed", by=by, reason=reason, at=workspace.clock())
