"""Load what is due into the warehouse: partition by partition, in bounded slices, each merged by key in one
warehouse transaction that a repeated load recognises. Consumption and the audit row are committed last."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import timedelta

import polars as pl

from mlconnector_assets.crash_points import CrashPoint, reached
from mlconnector_assets.records import RECORDS, Record
from mlconnector_assets.state import audit, reads
from mlconnector_assets.state.reads import PartitionRead
from mlconnector_assets.steps.workspace import Workspace

LEASE = timedelta(minutes=2)
SLICE = 50_000
"""Documents merged in one warehouse transaction."""


@dataclass(frozen=True)
class LoadOutcome:
    """Records merged into a table and its child tables, by what happened to them."""

    connection: str
    record: str
    partitions: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0


def load_records(workspace: Workspace, connection: str, record_name: str) -> LoadOutcome:
    """Merge every partition that was not loaded yet. Repeated, it changes nothing. Raises LeaseHeld, StorageFull,
    ConnectorError with the holder when another process has the warehouse file open."""
    record = RECORDS[record_name]
    with workspace.state.leases.hold("warehouse", workspace.owner, LEASE):
        consumer, version = f"warehouse:{record_name}", f"{_columns_hash(record)}.{workspace.warehouse.identity()}"
        with workspace.state.reading() as tx:
            due = reads.due(tx, consumer, version, connection, record_name)
        outcome = LoadOutcome(connection, record_name)
        if not due:
            return outcome
        reached(CrashPoint.LOAD_STARTED)
        task = f"load {connection} {record_name}"
        workspace.progress.started(task, sum(read.rows for read in due))
        for read in due:
            outcome = _load(workspace, record, read, version, task, outcome)
            segment = audit.write_segment(workspace.audit_folder, _audit_rows(workspace, record, read))
            reached(CrashPoint.LOAD_AUDIT_WRITTEN)
            with workspace.state.transaction() as tx:
                audit.append(tx, kind="load", reference=f"read {read.id}", segment=segment)
                reads.consume(tx, consumer, version, [read])
            reached(CrashPoint.LOAD_COMMITTED)
        summary = f"{outcome.inserted} new, {outcome.updated} updated, {outcome.unchanged} unchanged from {outcome.partitions} days"
        workspace.progress.finished(task, summary)
        return outcome


def _load(workspace: Workspace, record: Record, read: PartitionRead, version: str, task: str, so_far: LoadOutcome) -> LoadOutcome:
    rows = workspace.records.scan(record, [read.path]).with_columns(pl.lit(read.read_at).cast(pl.Datetime("us", "UTC")).alias("read_at"))
    for start in range(0, max(read.rows, 1), SLICE):
        merged = workspace.warehouse.load_records(
            read.connection,
            record,
            rows.slice(start, SLICE).collect(),
            load_id=f"{read.connection}.{read.record}.{read.id}.{version}.{start}",
            reads=[{"day": read.day.isoformat(), "read_at": read.read_at.isoformat(), "sha256": read.sha256}],
        )
        workspace.progress.advanced(task, merged.rows)
        so_far = replace(
            so_far,
            inserted=so_far.inserted + merged.inserted,
            updated=so_far.updated + merged.updated,
            unchanged=so_far.unchanged + merged.unchanged,
        )
    return replace(so_far, partitions=so_far.partitions + 1)


def _audit_rows(workspace: Workspace, record: Record, read: PartitionRead) -> pl.DataFrame:
    text = pl.lit(None, pl.String)
    return (
        workspace.records.scan(record, [read.path])
        .select(
            pl.lit(workspace.clock()).cast(audit.AUDIT_SCHEMA["occurred_at"]).alias("occurred_at"),
            pl.lit("load").alias("kind"),
            pl.lit(f"read {read.id}").alias("reference"),
            text.alias("partner"),
            text.alias("flow"),
            "connection",
            pl.lit(record.name).alias("record"),
            "company",
            "source_id",
            pl.col(record.number_column).cast(pl.String).alias("number"),
            "modified_at",
            "content_hash",
            pl.int_range(pl.len(), dtype=pl.Int64).alias("position"),
            pl.lit("loaded").alias("status"),
            text.alias("error"),
        )
        .collect()
    )


def _columns_hash(record: Record) -> str:
    """Changes when the record gains columns, so that every partition is loaded again and the columns fill."""
    columns = ",".join(f"{name}:{column.type}" for name, column in record.columns.items())
    return hashlib.sha256(columns.encode()).hexdigest()[:12]
