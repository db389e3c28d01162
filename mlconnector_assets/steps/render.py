"""Render what a flow has to send: every eligible document that was not sent yet, as files in the outbox.
Bodies are made first; one short transaction then claims the documents, takes the control number, stores
the bytes, and queues the delivery. A document that cannot be rendered is blocked with its reason and tried
again at the next run; the others go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import polars as pl

from mlconnector_assets.crash_points import CrashPoint, reached
from mlconnector_assets.partners.specification import Flow, Partner
from mlconnector_assets.records import RECORDS, Record
from mlconnector_assets.state import documents, reads
from mlconnector_assets.state.deliveries import Delivery
from mlconnector_assets.state.documents import DocumentRow
from mlconnector_assets.state.reads import PartitionRead
from mlconnector_assets.steps.bodies import Body, make_body
from mlconnector_assets.steps.business_hash import business_hashes
from mlconnector_assets.steps.eligibility import eligibility_version, eligible
from mlconnector_assets.steps.outbox_entry import Raced, enter_outbox
from mlconnector_assets.steps.workspace import Workspace
from mlconnector_assets.store.current import newest_versions

LEASE = timedelta(minutes=2)
LOOK_UP = 5_000


@dataclass
class RenderOutcome:
    """What a render run did: files queued, documents in them, documents blocked (source_id to reason), and
    sent documents that have changed since (source_ids); those are shown, not sent again."""

    partner: str
    flow: str
    deliveries: list[Delivery] = field(default_factory=list)
    documents: int = 0
    blocked: dict[str, str] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Candidates:
    """Eligible documents that were not sent, oldest first, and sent ones whose source has a newer version.

    Both frames: source_id, modified_at. `rows` scans the partitions they lie in; `read_at` tells by day when
    each partition was read.
    """

    unsent: pl.DataFrame
    newer: pl.DataFrame
    rows: pl.LazyFrame
    read_at: dict[date, datetime]


def consumer_of(partner: str, flow: str) -> str:
    """The name under which a flow's consumption of partitions is recorded."""
    return f"flow:{partner}.{flow}"


def render_flow(workspace: Workspace, partner_id: str, flow_name: str) -> RenderOutcome:
    """Queue files with everything this flow has to send. Repeated, it queues nothing. Raises LeaseHeld,
    ConfigurationError, StateError, StorageFull."""
    partner, flow = workspace.partner(partner_id), workspace.flow(partner_id, flow_name)
    outcome = RenderOutcome(partner_id, flow_name)
    consumer, version = consumer_of(partner_id, flow_name), eligibility_version(flow)
    with workspace.state.leases.hold(consumer, workspace.owner, LEASE):
        with workspace.state.reading() as tx:
            due = reads.due(tx, consumer, version, flow.connection, flow.record)
            waiting = documents.blocked(tx, partner_id, flow_name)
        if not due and not waiting:
            return outcome
        reached(CrashPoint.RENDER_STARTED)
        found = find_candidates(workspace, partner, flow, due, waiting)
        task = f"render {partner_id} {flow_name}"
        workspace.progress.started(task, found.unsent.height)
        for chunk in found.unsent.iter_slices(flow.documents_per_file):
            body, delivery = _send(workspace, partner, flow, found, chunk)
            outcome.blocked |= body.blocked
            if delivery is not None:
                outcome.deliveries.append(delivery)
                outcome.documents += delivery.documents
            workspace.progress.advanced(task, chunk.height)
        for chunk in found.newer.iter_slices(LOOK_UP):
            now = _document_rows(partner, flow, load_documents(found, chunk, RECORDS[flow.record]), found.read_at)
            with workspace.state.transaction() as tx:
                outcome.changed.extend(documents.note_changed(tx, now.values()))
        still_waiting = set(found.unsent["source_id"])
        with workspace.state.transaction() as tx:
            given_up = [row.source_id for row in waiting if row.source_id not in still_waiting]
            documents.unblock(tx, partner_id, flow_name, flow.connection, given_up)
            reads.consume(tx, consumer, version, due)
        reached(CrashPoint.RENDER_COMMITTED)
        _tell(workspace, task, outcome)
    return outcome


def find_candidates(
    workspace: Workspace, partner: Partner, flow: Flow, due: Sequence[PartitionRead], waiting: Sequence[DocumentRow] = ()
) -> Candidates:
    """What the flow could send now, given partitions not judged yet and documents blocked earlier. A newer
    version always lies in the same or a later day, so partitions from the first of them on are enough."""
    record = RECORDS[flow.record]
    first = min([read.day for read in due] + [row.modified_at.date() for row in waiting if row.modified_at], default=None)
    with workspace.state.reading() as tx:
        partitions = reads.newest(tx, flow.connection, flow.record, from_day=first) if first else []
    rows = workspace.records.scan(record, [read.path for read in partitions])
    light = rows.select(pl.exclude("source_record", *(name for name, _ in record.children)))
    judged = newest_versions(light.with_columns(eligible(flow).alias("_eligible")), record).filter("_eligible")
    keys = judged.select("source_id", "modified_at").sort("modified_at", "source_id").collect()
    sent: dict[str, datetime | None] = {}
    with workspace.state.reading() as tx:
        for chunk in keys.iter_slices(LOOK_UP):
            known = documents.known(tx, partner.id, flow.name, flow.connection, chunk["source_id"].to_list())
            sent |= {source_id: row.modified_at for source_id, row in known.items() if row.state != "blocked"}
    recorded = pl.DataFrame(
        {"source_id": list(sent), "_sent": list(sent.values())},
        schema={"source_id": pl.String, "_sent": keys.schema["modified_at"]},
    )
    joined = keys.join(recorded, on="source_id", how="left", maintain_order="left")
    return Candidates(
        unsent=joined.filter(pl.col("_sent").is_null()).drop("_sent"),
        newer=joined.filter(pl.col("modified_at") > pl.col("_sent")).drop("_sent"),
        rows=rows,
        read_at={read.day: read.read_at for read in partitions},
    )


def load_documents(found: Candidates, chunk: pl.DataFrame, record: Record) -> pl.DataFrame:
    """The whole rows of these candidates, in their order; frame of the record's schema without source_record."""
    keys = chunk["source_id"].to_list()
    rows = found.rows.filter(pl.col("source_id").is_in(keys)).drop("source_record")
    newest = newest_versions(rows, record).collect()
    return chunk.select("source_id").join(newest, on="source_id", how="left", maintain_order="left").select(newest.columns)


def _send(
    workspace: Workspace, partner: Partner, flow: Flow, found: Candidates, chunk: pl.DataFrame
) -> tuple[Body, Delivery | None]:
    record = RECORDS[flow.record]
    frame = load_documents(found, chunk, record)
    rows = _document_rows(partner, flow, frame, found.read_at)
    while True:
        body = make_body(flow, record, frame)
        reached(CrashPoint.RENDER_BODY_MADE)
        try:
            return body, enter_outbox(workspace, partner, flow, body, rows)
        except Raced as raced:
            frame = frame.filter(~pl.col("source_id").is_in(raced.taken))


def _document_rows(partner: Partner, flow: Flow, frame: pl.DataFrame, read_at: dict[date, datetime]) -> dict[str, DocumentRow]:
    record = RECORDS[flow.record]
    hashes = business_hashes(frame, record)
    first = min(read_at)
    identity = frame.select("source_id", pl.col(record.number_column).alias("_number"), "modified_at")
    return {
        source_id: DocumentRow(
            partner=partner.id,
            flow=flow.name,
            connection=flow.connection,
            source_id=source_id,
            number=number,
            modified_at=modified_at,
            read_at=read_at[max(first, modified_at.date())],
            business_hash=hashes[source_id],
        )
        for source_id, number, modified_at in identity.iter_rows()
    }


def _tell(workspace: Workspace, task: str, outcome: RenderOutcome) -> None:
    for source_id, reason in outcome.blocked.items():
        workspace.progress.note(f"{outcome.partner} {outcome.flow}: document {source_id} is blocked: {reason}")
    files = len(outcome.deliveries)
    workspace.progress.finished(
        task, f"{outcome.documents} documents in {files} files, {len(outcome.blocked)} blocked, {len(outcome.changed)} changed"
    )
