"""Snapshot flows: the partner gets the current state of a record, whole or what changed of it. The state is compared with
what was last sent, row by row; a file leaves only when they differ. What a file shows is recorded in the transaction
that queues it, so that a retry sends nothing twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import polars as pl
from sqlalchemy import Connection

from mlconnector_assets.crash_points import CrashPoint, reached
from mlconnector_assets.partners.schedules import last_time
from mlconnector_assets.partners.specification import Flow, Partner
from mlconnector_assets.records import RECORDS
from mlconnector_assets.state import deletions, deliveries, documents, reads, snapshots
from mlconnector_assets.state.deliveries import Delivery
from mlconnector_assets.state.documents import DocumentRow
from mlconnector_assets.state.reads import Consumer
from mlconnector_assets.steps.eligibility import snapshot_version
from mlconnector_assets.steps.next_file import NextFile, next_file
from mlconnector_assets.steps.outbox_entry import Renumbered, enter_outbox
from mlconnector_assets.steps.preview import News, Preview
from mlconnector_assets.steps.proof import Proof
from mlconnector_assets.steps.render import LEASE, RenderOutcome, consumer_of
from mlconnector_assets.steps.snapshot_holds import ask, doubt, open_holds, withdraw
from mlconnector_assets.steps.state_change import StateChange, compare, files_of
from mlconnector_assets.steps.workspace import Workspace


def render_snapshot(workspace: Workspace, partner_id: str, flow_name: str) -> RenderOutcome:
    """Queue a file with the current state, or with what changed of it, if the partner has another one and nobody has to
    be asked. Raises LeaseHeld, ConfigurationError, StateError, StorageFull."""
    partner, flow = workspace.partner(partner_id), workspace.flow(partner_id, flow_name)
    outcome = RenderOutcome(partner_id, flow_name)
    consumer, version = consumer_of(partner.book, flow_name), snapshot_version(flow)
    with workspace.state.leases.hold(consumer, workspace.owner, LEASE):
        workspace.check_not_restored()
        with workspace.state.reading() as tx:
            due = reads.due(tx, flow.connection, Consumer(consumer, flow.record, frozenset([version])))
            waiting = documents.blocked(tx, partner.book, flow_name)
            known = deletions.consumed_revision(tx, consumer, None, flow.connection, flow.record)
            vanished = [item.revision for item in deletions.changes(tx, flow.connection, flow.record, known)]
        again = is_time_again(workspace, partner, flow)
        held = open_holds(workspace, partner, flow)
        if not (due or waiting or vanished or again or held):
            return outcome
        reached(CrashPoint.RENDER_STARTED)
        change = compare(workspace, partner, flow)
        task = f"render {partner_id} {flow_name}"
        workspace.progress.started(task, change.rows.height)
        complete = _send(workspace, partner, flow, change, outcome, again=again)
        with workspace.state.transaction() as tx:
            documents.block(tx, _blocked_rows(partner, flow, change, outcome.blocked))
            documents.give_up(tx, [row for row in waiting if row.source_id not in outcome.blocked])
            if complete:
                withdraw(tx, held, workspace.clock())
                if flow.snapshot.send == "changes":
                    snapshots.forget(tx, partner.book, flow_name, change.untold)
                reads.consume(tx, consumer, version, due)
                if vanished:
                    deletions.consume(tx, consumer, version, flow.connection, flow.record, revision=max(vanished))
        reached(CrashPoint.RENDER_COMMITTED)
        _tell(workspace, task, change, outcome)
    return outcome


def is_time_again(workspace: Workspace, partner: Partner, flow: Flow) -> bool:
    """Whether an unchanged state leaves too: `always`, and nothing left since the schedule's last time."""
    if not flow.snapshot.always or flow.schedule is None:
        return False
    with workspace.state.reading() as tx:
        last = deliveries.last_of(tx, partner.id, flow.name, partner.outbox)
    due_at = last_time(flow.schedule, flow.zone, workspace.clock())
    return due_at is not None and (last is None or last.created_at < due_at)


def _send(
    workspace: Workspace, partner: Partner, flow: Flow, change: StateChange, outcome: RenderOutcome, *, again: bool
) -> bool:
    """Queue what the partner has to get, file by file; a file that would tell nothing stays here. False when it has to
    wait for a person."""
    asked = False
    for batch in files_of(flow, change):
        waiting = batch
        while not waiting.is_empty():
            file = next_file(workspace, partner, flow, waiting)
            outcome.blocked |= file.body.blocked
            reached(CrashPoint.RENDER_BODY_MADE)
            if again or change.adds(flow, file):
                if not asked:
                    asked, opened = ask(workspace, partner, flow, change, doubt(workspace, partner, flow, change, file))
                    outcome.holds += [opened] if opened else []
                if not asked:
                    return False
                try:
                    delivery = enter_outbox(workspace, partner, flow, file, _Shown(partner, flow, change, file))
                except Renumbered:
                    continue
                if delivery is not None:
                    outcome.deliveries.append(delivery)
                    outcome.documents += delivery.documents
            waiting = waiting.slice(file.documents_used)
    return True


def preview_snapshot(workspace: Workspace, partner_id: str, flow_name: str) -> Preview:
    """Render the next file without any effect, as it leaves once nothing holds it. Raises ConfigurationError."""
    partner, flow = workspace.partner(partner_id), workspace.flow(partner_id, flow_name)
    change = compare(workspace, partner, flow)
    rows = change.rows_to_show(flow)
    file = next_file(workspace, partner, flow, next(files_of(flow, change), rows))
    if not (is_time_again(workspace, partner, flow) or change.adds(flow, file)):
        return Preview(next_file(workspace, partner, flow, rows.clear()), 0, 0, News())
    held = file.body.documents.height if doubt(workspace, partner, flow, change, file) else 0
    ids = dict(change.rows.select("key", "source_id").iter_rows())
    added, changed, gone = (sorted(ids.get(key, key) for key in keys) for keys in (change.added, change.changed, change.gone))
    return Preview(file, rows.height - file.documents_used, held, News(added, changed, gone))


def prove_snapshot(workspace: Workspace, partner_id: str, flow_name: str) -> Proof:
    """What was last sent is the current state, apart from blocked rows, or a person is asked about it; and its bytes are
    kept for a replay."""
    partner, flow = workspace.partner(partner_id), workspace.flow(partner_id, flow_name)
    change = compare(workspace, partner, flow)
    with workspace.state.reading() as tx:
        blocked = {row.source_id for row in documents.blocked(tx, partner.book, flow_name)}
        last = deliveries.last_of(tx, partner_id, flow_name, partner.outbox)
    held = open_holds(workspace, partner, flow)
    stopped = set(change.rows.filter(pl.col("source_id").is_in(blocked))["key"])
    behind = (change.added | change.changed | change.gone) - stopped
    lost = last is not None and not workspace.files.holds(last.sha256, last.size)
    cut = last is not None and flow.snapshot.send == "full" and last.documents != len(change.before)
    detail = f"state {len(change.now)} rows, sent {len(change.before)}, blocked {len(stopped)}, different {len(behind)}"
    detail += f"; held: {', '.join(hold.about for hold in held)}" if held else ""
    detail += f"; the bytes of {last.remote_name} are missing or cut" if last and lost else ""
    detail += f"; {last.remote_name} has {last.documents} rows" if last and cut else ""
    return Proof("store = files", not ((behind and not held) or lost or cut), detail)


@dataclass(frozen=True)
class _Shown:
    """Records what the partner has with a file, in the transaction that queues it."""

    partner: Partner
    flow: Flow
    change: StateChange
    file: NextFile

    def __call__(self, tx: Connection, delivery: Delivery | None) -> None:
        if delivery is None:
            return
        keys, change = set(self.file.body.documents["key"]), self.change
        lost = change.before.keys() - keys if self.flow.snapshot.send == "full" else keys & change.gone
        snapshots.show(
            tx, self.partner.book, self.flow.name, {key: change.now[key] for key in keys & change.now.keys()}, delivery.id
        )
        snapshots.forget(tx, self.partner.book, self.flow.name, lost)


def _blocked_rows(partner: Partner, flow: Flow, change: StateChange, blocked: Mapping[str, str]) -> Iterator[DocumentRow]:
    record = RECORDS[flow.record]
    identity = change.rows.filter(pl.col("source_id").is_in(blocked.keys())).select(
        "source_id", pl.col(record.number_column).cast(pl.String).alias("_number"), "modified_at", "read_at", "key"
    )
    for source_id, number, modified_at, read_at, key in identity.iter_rows():
        yield DocumentRow(
            partner=partner.book,
            flow=flow.name,
            connection=flow.connection,
            source_id=source_id,
            number=number,
            modified_at=modified_at,
            read_at=read_at,
            business_hash=change.now.get(key, ""),
            state="blocked",
            reason=blocked[source_id],
        )


def _tell(workspace: Workspace, task: str, change: StateChange, outcome: RenderOutcome) -> None:
    for source_id, reason in outcome.blocked.items():
        workspace.progress.note(f"{outcome.partner} {outcome.flow}: row {source_id} is blocked: {reason}")
    for hold in outcome.holds:
        workspace.progress.note(f"{outcome.partner} {outcome.flow}: hold {hold.id} waits for a person: {hold.about}")
    news = f"{len(change.added)} new, {len(change.changed)} changed, {len(change.gone)} gone"
    workspace.progress.finished(
        task, f"{outcome.documents} rows in {len(outcome.deliveries)} files ({news}), {len(outcome.blocked)} blocked"
    )
