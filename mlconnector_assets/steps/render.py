"""Render what a flow has to send: every eligible document that was not sent yet, as files in the outbox, except what
waits for a person. Bodies are made first; one short transaction then claims the documents, takes the control number,
stores the bytes, and queues the delivery. A document that cannot be rendered is blocked with its reason and tried
again at the next run; the others go."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial

import polars as pl
from sqlalchemy import Connection

from mlconnector_assets.crash_points import CrashPoint, reached
from mlconnector_assets.partners.specification import Flow, Partner
from mlconnector_assets.records import RECORDS
from mlconnector_assets.state import deletions, documents, flow_rules, reads
from mlconnector_assets.state.deliveries import Delivery
from mlconnector_assets.state.documents import WAITING, DocumentRow
from mlconnector_assets.state.holds import Hold
from mlconnector_assets.state.reads import Consumer
from mlconnector_assets.steps.bodies import Body
from mlconnector_assets.steps.candidates import Candidates, document_rows, find_candidates, load_documents
from mlconnector_assets.steps.cut_off import versions_of, waiting_version
from mlconnector_assets.steps.eligibility import version_of
from mlconnector_assets.steps.holding import carry_out
from mlconnector_assets.steps.judging import Move, judge, recall
from mlconnector_assets.steps.next_file import batches, next_file
from mlconnector_assets.steps.outbox_entry import Raced, Renumbered, enter_outbox
from mlconnector_assets.steps.vanished import vanished_documents
from mlconnector_assets.steps.workspace import Workspace

LEASE = timedelta(minutes=2)


@dataclass
class RenderOutcome:
    """What a render run did: files queued, documents in them, documents blocked (source_id to reason), holds opened,
    and documents that are different since they were sent (source_ids), held or not."""

    partner: str
    flow: str
    deliveries: list[Delivery] = field(default_factory=list)
    documents: int = 0
    blocked: dict[str, str] = field(default_factory=dict)
    holds: list[Hold] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)


def consumer_of(book: str, flow: str) -> str:
    """The name under which a flow's consumption of partitions is recorded; `book` is the partner's."""
    return f"flow:{book}.{flow}"


def render_flow(workspace: Workspace, partner_id: str, flow_name: str) -> RenderOutcome:
    """Queue files with everything this flow has to send and nobody has to be asked about. Repeated, it queues nothing.
    Raises LeaseHeld, ConfigurationError, StateError, StorageFull."""
    partner, flow = workspace.partner(partner_id), workspace.flow(partner_id, flow_name)
    outcome = RenderOutcome(partner_id, flow_name)
    consumer, now = consumer_of(partner.book, flow_name), workspace.clock()
    with workspace.state.leases.hold(consumer, workspace.owner, LEASE):
        workspace.check_not_restored()
        with workspace.state.reading() as tx:
            due = reads.due(tx, flow.connection, Consumer(consumer, flow.record, versions_of(flow, now)))
            waiting = documents.in_states(tx, partner.book, flow_name, *WAITING)
            vanished = vanished_documents(tx, partner, flow, consumer)
        if not due and not waiting and not vanished.revision:
            return outcome
        reached(CrashPoint.RENDER_STARTED)
        memory = recall(workspace, partner, flow)
        found = find_candidates(workspace, partner, flow, due=due, waiting=[*waiting, *vanished.returned], rules=memory.confirmed)
        verdict = judge(workspace, partner, flow, found=found, waiting=waiting, memory=memory)
        verdict.moves += [Move(row, "deviate", "deleted", "deleted") for row in vanished.gone]
        outcome.holds = carry_out(workspace, partner, flow, verdict)
        outcome.changed = [move.row.source_id for move in verdict.moves if move.tells_of_a_change]
        task = f"render {partner_id} {flow_name}"
        workspace.progress.started(task, len(verdict.go))
        for batch in batches(flow, found.select(verdict.go)):
            for body, delivery in _send(workspace, partner, flow, found, batch):
                outcome.blocked |= body.blocked
                if delivery is not None:
                    outcome.deliveries.append(delivery)
                    outcome.documents += delivery.documents
            workspace.progress.advanced(task, batch.height)
        with workspace.state.transaction() as tx:
            reads.consume(tx, consumer, waiting_version(flow, now) if found.late else version_of(flow), due)
            if vanished.revision:
                deletions.consume(tx, consumer, "", flow.connection, flow.record, revision=vanished.revision)
            if outcome.documents:
                flow_rules.note_run(tx, partner.book, flow_name, outcome.documents, workspace.clock())
        reached(CrashPoint.RENDER_COMMITTED)
        if found.late:
            workspace.progress.note(
                f"{partner_id} {flow_name}: {found.late} documents came after the cut-off, and leave tomorrow"
            )
        _tell(workspace, task, outcome)
    return outcome


def _send(
    workspace: Workspace, partner: Partner, flow: Flow, found: Candidates, batch: pl.DataFrame
) -> Iterator[tuple[Body, Delivery | None]]:
    """Queue these documents, in one file or in as many as their size asks for."""
    waiting = load_documents(found, batch["source_id"].to_list(), RECORDS[flow.record])
    rows = document_rows(partner, flow, waiting)
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
    one = rows[wanted[0]]
    before = documents.known(tx, one.partner, one.flow, one.connection, wanted)
    claimed = documents.claim(tx, [replace(rows[source_id], state="sent", delivery_id=delivery.id) for source_id in wanted])
    if len(claimed) != len(wanted):
        raise Raced(sorted(set(wanted) - set(claimed)))
    documents.note_replacements(tx, delivery.id, before.values())


def _tell(workspace: Workspace, task: str, outcome: RenderOutcome) -> None:
    about = f"{outcome.partner} {outcome.flow}"
    for source_id, reason in outcome.blocked.items():
        workspace.progress.note(f"{about}: document {source_id} is blocked: {reason}")
    for hold in outcome.holds:
        workspace.progress.note(f"{about}: hold {hold.id}, {hold.documents} documents wait for a person: {hold.about}")
    held = sum(hold.documents for hold in outcome.holds)
    workspace.progress.finished(
        task,
        f"{outcome.documents} documents in {len(outcome.deliveries)} files, {len(outcome.blocked)} blocked, "
        f"{held} held, {len(outcome.changed)} changed",
    )
