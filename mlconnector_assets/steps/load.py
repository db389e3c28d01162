"""Load what is due into the warehouse, in bounded batches, each merged by key in one warehouse transaction
that a repeated load recognises. Consumption and the audit row are committed last."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import polars as pl

from mlconnector_assets.crash_points import CrashPoint, reached
from mlconnector_assets.records import RECORDS, Record
from mlconnector_assets.state import audit, deletions, reads
from mlconnector_assets.state.reads import Consumer, PartitionRead
from mlconnector_assets.steps.rows import rows_of
from mlconnector_assets.steps.workspace import Workspace
from mlconnector_assets.warehouse.interface import DELETED_AT, GONE_SCHEMA, LEFT_AT
from mlconnector_assets.warehouse.tables import OF_THE_LOAD

LEASE = timedelta(minutes=2)
BATCH = 20_000
"""Documents merged in one warehouse transaction, at most."""


@dataclass(frozen=True)
class LoadOutcome:
    """Records merged into a table and its child tables, by what happened to them. `deletions` counts rows that were
    marked as gone, or not gone any more."""

    connection: str
    record: str
    partitions: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    deletions: int = 0


def consumer_of(record: Record) -> str:
    """The name under which a table's consumption of partitions is recorded."""
    return f"warehouse:{record.name}"


def version_of(record: Record, warehouse: str) -> str:
    """Changes when the record gains columns or the warehouse is another one: then every partition is loaded again."""
    return f"{_columns_hash(record)}.{warehouse}"


def load_records(workspace: Workspace, connection: str, record_name: str) -> LoadOutcome:
    """Merge every partition and every deletion that was not loaded yet. Repeated, it changes nothing. Raises LeaseHeld,
    StorageFull, ConnectorError with the holder when another process has the warehouse file open."""
    record = RECORDS[record_name]
    outcome = LoadOutcome(connection, record_name)
    consumer, version = consumer_of(record), version_of(record, workspace.warehouse_identity)
    if not _anything_new(workspace, connection, Consumer(consumer, record_name, frozenset([version]))):
        return outcome
    with workspace.state.leases.hold("warehouse", workspace.owner, LEASE):
        with workspace.state.reading() as tx:
            due = reads.due(tx, connection, Consumer(consumer, record_name, frozenset([version])))
        if not due:
            return _mark_gone(workspace, record, outcome, consumer, version)
        reached(CrashPoint.LOAD_STARTED)
        task = f"load {connection} {record_name}"
        workspace.progress.started(task, sum(read.rows for read in due))
        for batch in _batches(due):
            outcome = _merge(workspace, record, batch, outcome, version=version, task=task)
            reference = f"reads {batch[0].id} to {batch[-1].id}"
            segment = audit.write_segment(workspace.audit_folder, _audit_rows(workspace, record, batch, reference))
            reached(CrashPoint.LOAD_AUDIT_WRITTEN)
            with workspace.state.transaction() as tx:
                audit.append(tx, kind="load", reference=reference, segment=segment)
                reads.consume(tx, consumer, version, batch)
            reached(CrashPoint.LOAD_COMMITTED)
        summary = (
            f"{outcome.inserted} new, {outcome.updated} updated, {outcome.unchanged} unchanged from {outcome.partitions} days"
        )
        workspace.progress.finished(task, summary)
        return _mark_gone(workspace, record, outcome, consumer, version)


def _anything_new(workspace: Workspace, connection: str, consumer: Consumer) -> bool:
    """Looked at before the lease is taken, which costs more than the look."""
    with workspace.state.reading() as tx:
        return bool(reads.due(tx, connection, consumer) or deletions.behind(tx, connection, [consumer]))


def _mark_gone(workspace: Workspace, record: Record, outcome: LoadOutcome, consumer: str, version: str) -> LoadOutcome:
    """Take deletions in. After the rows: a record may have been read and deleted since the last load. A repetition
    marks the same rows again."""
    connection = outcome.connection
    with workspace.state.reading() as tx:
        after = deletions.consumed_revision(tx, consumer, version, connection, record.name)
        changed = deletions.changes(tx, connection, record.name, after)
    if not changed:
        return outcome
    rows = [
        {
            "company": row.company,
            "source_id": row.source_id,
            DELETED_AT: row.deleted_at if row.state == "deleted" else None,
            LEFT_AT: row.deleted_at if row.state == "left" else None,
        }
        for row in changed
    ]
    marked = workspace.warehouse.mark_gone(connection, record, pl.DataFrame(rows, schema=GONE_SCHEMA))
    reached(CrashPoint.LOAD_DELETIONS_MERGED)
    newest = max(row.revision for row in changed)
    with workspace.state.transaction() as tx:
        deletions.consume(tx, consumer, version, connection, record.name, revision=newest)
    reached(CrashPoint.LOAD_DELETIONS_COMMITTED)
    return replace(outcome, deletions=marked)


def _batches(due: Sequence[PartitionRead]) -> Iterator[list[PartitionRead]]:
    """Consecutive partitions with at most BATCH rows together; a larger partition is a batch of its own."""
    batch: list[PartitionRead] = []
    for read in due:
        if batch and sum(one.rows for one in batch) + read.rows > BATCH:
            yield batch
            batch = []
        batch.append(read)
    yield batch


def _merge(
    workspace: Workspace, record: Record, batch: Sequence[PartitionRead], so_far: LoadOutcome, *, version: str, task: str
) -> LoadOutcome:
    rows = rows_of(workspace, record, batch)
    told = [
        {"id": read.id, "day": read.day.isoformat(), "read_at": read.read_at.isoformat(), "sha256": read.sha256} for read in batch
    ]
    content = hashlib.sha256(",".join(f"{read.id}:{read.sha256}" for read in batch).encode()).hexdigest()[:16]
    for start in range(0, max(sum(read.rows for read in batch), 1), BATCH):
        load_id = f"{so_far.connection}.{record.name}.{content}.{version}.{start}"
        merged = workspace.warehouse.load_records(
            so_far.connection, record, rows.slice(start, BATCH).collect(), load_id=load_id, reads=told
        )
        workspace.progress.advanced(task, merged.rows)
        so_far = replace(
            so_far,
            inserted=so_far.inserted + merged.inserted,
            updated=so_far.updated + merged.updated,
            unchanged=so_far.unchanged + merged.unchanged,
        )
    return replace(so_far, partitions=so_far.partitions + len(batch))


def _audit_rows(workspace: Workspace, record: Record, batch: Sequence[PartitionRead], reference: str) -> pl.DataFrame:
    rows = workspace.records.scan(record, [read.path for read in batch if read.rows])
    number = pl.col(record.number_column).cast(pl.String).alias("number")
    kept = (
        rows.select("connection", "company", "source_id", number, "modified_at", "content_hash")
        .with_row_index("position", offset=1)
        .collect()
    )
    return audit.rows_of(kept, at=workspace.clock(), kind="load", reference=reference, record=record.name, status="loaded")


def _columns_hash(record: Record) -> str:
    columns = ",".join(f"{name}:{column.type}" for name, column in (record.columns | OF_THE_LOAD).items())
    return hashlib.sha256(columns.encode()).hexdigest()[:12]
