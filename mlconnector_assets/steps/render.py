"""Render what a flow has to send: every eligible document that was not sent yet, as files in the outbox.
Bodies are made first; one short transaction then claims the documents, takes the control number, stores
the bytes, and queues the delivery. A document that cannot be rendered is blocked with its reason and tried
again at the next run; the others go."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import partial

import polars as pl
from sqlalchemy import Connection

from mlconnector_assets.crash_points import CrashPoint, reached
from mlconnector_assets.partners.specification import Flow, Partner
from mlconnector_assets.records import RECORDS, Record
from mlconnector_assets.records.record import INSTANT
from mlconnector_assets.state import documents, reads
from mlconnector_assets.state.deliveries import Delivery
from mlconnector_assets.state.documents import DocumentRow
from mlconnector_assets.state.reads import PartitionRead
from mlconnector_assets.steps.bodies import Body
from mlconnector_assets.steps.business_hash import business_hashes
from mlconnector_assets.steps.eligibility import eligibility_version, newest_eligible
from mlconnector_assets.steps.next_file import batches, next_file
from mlconnector_assets.steps.outbox_entry import Raced, Renumbered, enter_outbox
from mlconnector_assets.steps.rows import newest_rows
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
    """Eligible documents that were not sent, oldest first, and sent ones that were read again since.

    Both frames: source_id, modified_at; the unsent ones with company. `rows` scans the partitions they lie in, with `read_at`.
    """

    unsent: pl.DataFrame
    read_again: pl.DataFrame
    rows: pl.LazyFrame


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
        for batch in batches(flow, found.unsent):
            for body, delivery in _send(workspace, partner, flow, found, batch):
                outcome.blocked |= body.blocked
                if delivery is not None:
                    outcome.deliveries.append(delivery)
                    outcome.documents += delivery.documents
            workspace.progress.advanced(task, batch.height)
        for chunk in found.read_again.iter_slices(LOOK_UP):
            now = _document_rows(partner, flow, load_documents(found, chunk, RECORDS[flow.record]))
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
    began = [read.day for read in due] + [row.modified_at.date() if row.modified_at else date.min for row in waiting]
    rows = newest_rows(workspace, flow.connection, record, from_day=min(began, default=date.max))
    may_leave = newest_eligible(rows, flow, "read_at", "company").select("source_id", "modified_at", "read_at", "company")
    found = may_leave.sort("modified_at", "source_id").collect()
    sent = _sent(workspace, partner, flow, found)
    joined = found.join(sent, on="source_id", how="left", maintain_order="left")
    # Stamps and the source clock have whole seconds, which hide what follows within one: equal ones are compared too.
    again = (pl.col("modified_at") >= pl.col("_modified_at")) & (pl.col("read_at") >= pl.col("_read_at"))
    return Candidates(
        unsent=joined.filter(pl.col("_read_at").is_null()).select("source_id", "modified_at", "company"),
        read_again=joined.filter(again).select("source_id", "modified_at"),
        rows=rows,
    )


def _sent(workspace: Workspace, partner: Partner, flow: Flow, found: pl.DataFrame) -> pl.DataFrame:
    """Which of these documents were sent: source_id, _modified_at and _read_at of the version that was."""
    known: list[DocumentRow] = []
    with workspace.state.reading() as tx:
        for chunk in found.iter_slices(LOOK_UP):
            known += documents.known(tx, partner.id, flow.name, flow.connection, chunk["source_id"].to_list()).values()
    sent = [(row.source_id, row.modified_at, row.read_at) for row in known if row.state != "blocked"]
    return pl.DataFrame(sent, schema={"source_id": pl.String, "_modified_at": INSTANT, "_read_at": INSTANT}, orient="row")


def load_documents(found: Candidates, chunk: pl.DataFrame, record: Record) -> pl.DataFrame:
    """The whole rows of these candidates, in their order; frame of the record's schema without source_record, with read_at."""
    keys = chunk["source_id"].to_list()
    rows = found.rows.filter(pl.col("source_id").is_in(keys)).drop("source_record")
    newest = newest_versions(rows, record).collect()
    return chunk.select("source_id").join(newest, on="source_id", how="left", maintain_order="left").select(newest.columns)


def _send(
    workspace: Workspace, partner: Partner, flow: Flow, found: Candidates, batch: pl.DataFrame
) -> Iterator[tuple[Body, Delivery | None]]:
    """Queue these documents, in one file or in as many as their size asks for."""
    waiting = load_documents(found, batch, RECORDS[flow.record])
    rows = _document_rows(partner, flow, waiting)
    while not waiting.is_empty():
        file = next_file(workspace, partner, flow, waiting)
        reached(CrashPoint.RENDER_BODY_MADE)
        try:
            delivery = enter_outbox(workspace, partner, flow, file, partial(_settle, file.body, rows))
        except Raced as raced:
            waiting = waiting.filter(~pl.col("source_id").is_in(raced.taken))
        except Renumbered:
            continue
        else:
            yield file.body, delivery
            waiting = waiting.slice(file.documents_used)


def _settle(body: Body, rows: dict[str, DocumentRow], tx: Connection, delivery: Delivery | None) -> None:
    """Claim the documents of a file, and keep those that are blocked. Raises Raced."""
    documents.block(tx, [replace(rows[source_id], state="blocked", reason=reason) for source_id, reason in body.blocked.items()])
    if delivery is None:
        return
    wanted = body.documents["source_id"].to_list()
    claimed = documents.claim(tx, [replace(rows[source_id], state="sent", delivery_id=delivery.id) for source_id in wanted])
    if len(claimed) != len(wanted):
        raise Raced(sorted(set(wanted) - set(claimed)))


def _document_rows(partner: Partner, flow: Flow, frame: pl.DataFrame) -> dict[str, DocumentRow]:
    record = RECORDS[flow.record]
    hashes = business_hashes(frame, record)
    identity = frame.select("source_id", pl.col(record.number_column).alias("_number"), "modified_at", "read_at")
    return {
        source_id: DocumentRow(
            partner=partner.id,
            flow=flow.name,
            connection=flow.connection,
            source_id=source_id,
            number=number,
            modified_at=modified_at,
            read_at=read_at,
            business_hash=hashes[source_id],
        )
        for source_id, number, modified_at, read_at in identity.iter_rows()
    }


def _tell(workspace: Workspace, task: str, outcome: RenderOutcome) -> None:
    for source_id, reason in outcome.blocked.items():
        workspace.progress.note(f"{outcome.partner} {outcome.flow}: document {source_id} is blocked: {reason}")
    files = len(outcome.deliveries)
    workspace.progress.finished(
        task, f"{outcome.documents} documents in {files} files, {len(outcome.blocked)} blocked, {len(outcome.changed)} changed"
    )
