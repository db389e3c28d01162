"""After an older state database was restored: what the audit knows and the database does not is entered again, with what
lies in the partners' folders. Until then nothing is rendered, delivered or decided."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

import polars as pl
import sqlalchemy as sa

from mlconnector_assets.crash_points import CrashPoint, reached
from mlconnector_assets.errors import ConfigurationError, StateError
from mlconnector_assets.partners.specification import TEST_BOOK
from mlconnector_assets.records import RECORDS
from mlconnector_assets.state import audit, control_numbers, deliveries, documents, holds, journal
from mlconnector_assets.state.deliveries import Delivery
from mlconnector_assets.state.documents import DocumentRow
from mlconnector_assets.state.journal import Journal, JournalEntry
from mlconnector_assets.steps.business_hash import hash_of_values
from mlconnector_assets.steps.deliver import open_session, remote_folders
from mlconnector_assets.steps.holding import checked_decision
from mlconnector_assets.steps.workspace import Workspace

OUT = ("outbound", "test")
IN_DOUBT = "it was being sent when the state database of the backup was lost; ask the partner, and replay it if they lack it"


@dataclass(frozen=True)
class Evidence:
    """What tells where files are: the journal, and the names in partners' folders, by partner and role."""

    journal: Journal
    remote: Mapping[tuple[str, str], set[str]]


@dataclass
class Reconciliation:
    """What is entered, or would be. `entries`: audit entries the database did not know. `files`: deliveries made after
    the backup, as (delivery id, name, what becomes of it). `arrived`: deliveries the database has as on their way, which
    are at the partner's. `sent`, `kept_back`: documents marked as sent, and as dismissed or baseline. `unknown`: files in
    partners' folders that nobody knows, as "partner: folder/name". `numbers`: control numbers by scope, moved up to."""

    entries: int = 0
    files: list[tuple[int, str, str]] = field(default_factory=list)
    arrived: list[str] = field(default_factory=list)
    sent: int = 0
    kept_back: int = 0
    unknown: list[str] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)


def reconcile(workspace: Workspace, *, by: str | None = None, reason: str | None = None) -> Reconciliation:
    """Compare the database with the audit and the partners' folders; with `by` and `reason` enter what it lacks, in one
    transaction, and let sending go on. Without them nothing changes.

    Raises ConfigurationError when there is nothing to reconcile, what connecting to a partner raises, StateError.
    """
    with workspace.state.reading() as tx:
        if journal.restored(tx, workspace.audit_folder) is None:
            raise ConfigurationError("the state database is as new as its audit: there is nothing to reconcile")
        told_of = journal.read(workspace.audit_folder)
        common = _common(tx, told_of.entries)
        known = {entry.segment.path for entry in audit.entries(tx, after=common)}
    missing = [told for told in told_of.entries if told.entry.seq > common and told.entry.segment.path not in known]
    evidence = Evidence(told_of, _remote_files(workspace))
    if by is None or reason is None:
        # the same work, rolled back: a preview cannot differ from what is done
        return _work(workspace, missing, evidence, common, decision=None)
    return _work(workspace, missing, evidence, common, decision=checked_decision(by, reason))


class _Preview(Exception):
    """Ends the transaction of a preview."""


def _work(
    workspace: Workspace,
    missing: Sequence[JournalEntry],
    evidence: Evidence,
    common: int,
    *,
    decision: tuple[str, str] | None,
) -> Reconciliation:
    found = Reconciliation(entries=len(missing))
    try:
        with workspace.state.transaction() as tx:
            for told in missing:
                audit.append(
                    tx, kind=cast("audit.Kind", told.entry.kind), reference=told.entry.reference, segment=told.entry.segment
                )
                if told.delivery is not None:
                    _enter_file(workspace, tx, told, evidence, found)
                elif told.entry.kind == "decision":
                    _enter_decision(workspace, tx, told, found)
            _settle_open(workspace, tx, evidence, found)
            _end_empty_holds(workspace, tx)
            found.unknown = _unknown(tx, evidence.remote)
            if decision is None:
                raise _Preview
            by, reason = decision
            note = audit.Decision("state_reconciled", "state database", by, workspace.clock(), reason)
            audit.decide(tx, workspace.audit_folder, note)
            reached(CrashPoint.RECONCILE_ENTERED)
    except _Preview:
        return found
    reached(CrashPoint.RECONCILE_COMMITTED)
    journal.start_again(workspace.state, workspace.audit_folder, after=common)
    return found


def _common(tx: sa.Connection, entries: Sequence[JournalEntry]) -> int:
    """The number of the newest entry that both have."""
    hashes = {entry.seq: entry.hash for entry in audit.entries(tx)}
    return max((told.entry.seq for told in entries if hashes.get(told.entry.seq) == told.entry.hash), default=0)


def _remote_files(workspace: Workspace) -> dict[tuple[str, str], set[str]]:
    """The names in the folders that we put files into, by partner and role of the folder."""
    found: dict[tuple[str, str], set[str]] = {}
    for partner in workspace.project.partners.values():
        folders = remote_folders(partner, OUT)
        with open_session(workspace, partner.id) as session:
            for role in OUT:
                if session.attributes(folders[role]) is None:
                    found[partner.id, role] = set()
                else:
                    found[partner.id, role] = {file.name for file in session.listing(folders[role]) if file.name and file.regular}
    return found


def _enter_file(workspace: Workspace, tx: sa.Connection, told: JournalEntry, evidence: Evidence, found: Reconciliation) -> None:
    assert told.delivery is not None
    written = dict(told.delivery)
    made_at = datetime.fromisoformat(written["created_at"])
    delivery = deliveries.enter_again(tx, written, workspace.clock())
    fate = _fate(workspace, tx, delivery, evidence, since=made_at)
    found.files.append((delivery.id, f"{delivery.partner}: {delivery.folder}/{delivery.remote_name}", fate))
    book = delivery.partner if delivery.folder == "outbound" else f"{delivery.partner}{TEST_BOOK}"
    scope = f"{book}.{delivery.flow}"
    control_numbers.raise_to(tx, scope, delivery.control_number)
    found.numbers[scope] = max(found.numbers.get(scope, 0), delivery.control_number)
    partner = workspace.project.partners.get(delivery.partner)
    flow = partner.flows.get(delivery.flow) if partner is not None else None
    # numbers that count the files of a day: as many were used as there are files of that day
    if flow is not None and "{sequence" in flow.pattern:
        control_numbers.take(tx, f"{scope}.{made_at.astimezone(flow.zone):%Y-%m-%d}")
    if flow is not None and flow.kind == "snapshot":
        return  # a snapshot is compared with the state as it is now, and tells it once more
    rows = _document_rows(workspace, told, delivery, book)
    for connection in {row.connection for row in rows}:
        before = documents.known(tx, book, delivery.flow, connection, [row.source_id for row in rows])
        documents.note_replacements(tx, delivery.id, before.values())
    found.sent += documents.enter_sent(tx, rows)


def _document_rows(workspace: Workspace, told: JournalEntry, delivery: Delivery, book: str) -> list[DocumentRow]:
    segment = _segment(workspace, told)
    rows = []
    for row in segment.iter_rows(named=True):
        record = RECORDS.get(row["record"] or "")
        rows.append(
            DocumentRow(
                partner=book,
                flow=delivery.flow,
                connection=row["connection"],
                source_id=row["source_id"],
                number=row["number"],
                company=row["company"],
                modified_at=row["modified_at"],
                # not later than the read it came from, so that whatever was read since is compared
                read_at=row["modified_at"] or delivery.created_at,
                business_hash=hash_of_values(row["content"], record) if record and row.get("content") else "",
                delivery_id=delivery.id,
            )
        )
    return rows


def _enter_decision(workspace: Workspace, tx: sa.Connection, told: JournalEntry, found: Reconciliation) -> None:
    """Documents that a person kept back stay kept back. What was released and did not leave is asked about again."""
    states = {"hold_dismissed": "dismissed", "baseline_set": "baseline"}
    segment = _segment(workspace, told).filter(pl.col("source_id").is_not_null())
    rows = [
        DocumentRow(
            partner=row["partner"],
            flow=row["flow"],
            connection=row["connection"],
            source_id=row["source_id"],
            number=row["number"],
            company=row["company"],
            modified_at=row["modified_at"],
            read_at=row["modified_at"] or row["occurred_at"],
            business_hash="",
            state=states[row["status"]],
            reason=row["reason"],
        )
        for row in segment.iter_rows(named=True)
        if row["status"] in states and row["partner"]
    ]
    found.kept_back += documents.enter_kept_back(tx, rows)


def _segment(workspace: Workspace, told: JournalEntry) -> pl.DataFrame:
    path = workspace.audit_folder / told.entry.segment.path
    try:
        rows = pl.read_parquet(path)
    except FileNotFoundError:
        raise StateError(
            "an audit segment is missing, so that it cannot be told what was sent",
            where=str(path),
            mend="put the audit folder of before the restore in place, then reconcile again",
        ) from None
    missing = [pl.lit(None, kind).alias(name) for name, kind in audit.AUDIT_SCHEMA.items() if name not in rows.columns]
    return rows.with_columns(missing)


def _fate(workspace: Workspace, tx: sa.Connection, delivery: Delivery, evidence: Evidence, *, since: datetime) -> str:
    """A file that is known to have arrived, or lies in the folder, is delivered. One that was being put there may have
    arrived and been taken: a person asks. Another one is queued as it was.

    Only what happened from `since` on counts, when it was made or last replayed. In the folder may lie what a replay is to
    put right: the delivery itself compares that with its bytes."""
    if (arrived := evidence.journal.arrived_since(delivery.id, since)) is not None:
        how, at = arrived.get("how", "sent"), datetime.fromisoformat(arrived["at"])
        deliveries.settle(tx, delivery.id, how, at, arrived["remote_name"])
        return "delivered"
    replayed = since > delivery.created_at
    if not replayed and delivery.remote_name in evidence.remote.get((delivery.partner, delivery.folder), set()):
        deliveries.settle(tx, delivery.id, "found", workspace.clock(), delivery.remote_name)
        return "delivered: it is in the folder"
    if evidence.journal.sending_since(delivery.id, since):
        deliveries.doubt(tx, delivery.id, IN_DOUBT)
        return "uncertain: it may have arrived, and been taken"
    return "queued: it is sent again, as somebody asked" if replayed else "queued: it never left"


def _settle_open(
    workspace: Workspace,
    tx: sa.Connection,
    evidence: Evidence,
    found: Reconciliation,
) -> None:
    """Files that were on their way when the backup was made may have arrived since. So may those that waited for a person,
    who then replayed or settled them; what lies in the folder proves nothing of these: it may be another file, for which
    this one was given up."""
    entered = {delivery_id for delivery_id, _, _ in found.files}
    given_up = [one for state in ("uncertain", "dead") for one in deliveries.listing(tx, state=state, limit=None)]
    decided = [one for one in given_up if evidence.journal.arrived_since(one.id, one.waiting_since)]
    for delivery in [*deliveries.queued(tx), *decided]:
        if delivery.id in entered:
            continue
        if _fate(workspace, tx, delivery, evidence, since=delivery.waiting_since).startswith("delivered"):
            found.arrived.append(f"{delivery.partner}: {delivery.folder}/{delivery.remote_name}")


def _end_empty_holds(workspace: Workspace, tx: sa.Connection) -> None:
    for hold in holds.open(tx):
        if not any(row.state in ("held", *documents.DEVIATED) for row in documents.of_hold(tx, hold.id)):
            holds.withdraw(tx, hold.id, "its documents left, or were decided about, after the restored backup", workspace.clock())


def _unknown(tx: sa.Connection, remote: Mapping[tuple[str, str], set[str]]) -> list[str]:
    made: dict[tuple[str, str], set[str]] = defaultdict(set)
    for delivery in deliveries.listing(tx, limit=None):
        made[delivery.partner, delivery.folder].add(delivery.remote_name)
    found = []
    for (partner, role), names in sorted(remote.items()):
        found += [f"{partner}: {role}/{name}" for name in sorted(names - made[partner, role])]
    return found
