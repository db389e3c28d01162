"""The audit for people: where a record went, what became of a file, and whether the audit is still what was written."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
from sqlalchemy import Connection

from mlconnector_assets.durable import disk_errors, through_memory
from mlconnector_assets.errors import ConfigurationError, ConnectorError
from mlconnector_assets.records import RECORDS
from mlconnector_assets.state import audit, audit_check, audit_search, deliveries, documents, journal
from mlconnector_assets.state.audit_check import Check
from mlconnector_assets.state.deliveries import Delivery
from mlconnector_assets.state.documents import DocumentRow
from mlconnector_assets.steps.holding import partner_of
from mlconnector_assets.steps.workspace import Workspace

SETTLED = timedelta(minutes=10)
"""A segment that is younger may belong to a transaction that is still under way."""
HEX = re.compile(r"[0-9a-f]{8,64}")


@dataclass(frozen=True)
class RecordTrail:
    """Everything that happened to a record. `rows` is a frame of FOUND_SCHEMA in the order of the chain, `files` the
    deliveries they name by id, `documents` what each flow knows of it, `table_row` its row of the warehouse;
    `table_problem` says why that could not be asked."""

    connection: str
    record: str
    source_id: str
    number: str | None
    rows: pl.DataFrame
    files: dict[int, Delivery]
    documents: list[DocumentRow]
    table_row: dict[str, Any] | None
    table_problem: str | None


@dataclass(frozen=True)
class FileTrail:
    """A file, the audit's entries about it (FOUND_SCHEMA: its records, resends, decisions), and how many of its records
    the warehouse holds; None when it could not be asked."""

    delivery: Delivery
    stored: Path
    rows: pl.DataFrame
    in_warehouse: int | None


def record_trails(workspace: Workspace, target: str) -> list[RecordTrail]:
    """The records that `target` names: "connection/record/source_id", or a number or source id. None when the audit
    never met it. Raises StateError when a segment is missing."""
    connection, _, rest = target.partition("/")
    record, _, source_id = rest.partition("/")
    exact = connection in workspace.project.connections and record in RECORDS and source_id != ""
    with workspace.state.reading() as tx:
        found = audit_search.find_rows(tx, workspace.audit_folder, source_id if exact else target)
        if exact:
            found = found.filter((pl.col("connection") == connection) & (pl.col("record") == record))
        waiting = [] if exact else documents.numbered(tx, target)
    identities = list(
        found.drop_nulls("source_id").select("connection", "record", "source_id").unique(maintain_order=True).rows()
    )
    for row in waiting:
        identity = (row.connection, workspace.flow(partner_of(row.partner), row.flow).record, row.source_id)
        if identity not in identities:
            identities.append(identity)
    return [_record_trail(workspace, identity, found) for identity in identities]


def file_trails(workspace: Workspace, target: str) -> list[FileTrail]:
    """The files that `target` names: a delivery's id, a file name, or the first 8 or more digits of a SHA-256."""
    with workspace.state.reading() as tx:
        if target.isdecimal():
            found = deliveries.listing(tx, ids=[int(target)])
        else:
            found = deliveries.search(tx, target.rpartition("/")[2], target if HEX.fullmatch(target) else None)
        rows = {one.id: _entries_of(workspace, tx, f"delivery {one.id}") for one in found}
    return [
        FileTrail(one, workspace.files.path(one.content_sha256), rows[one.id], _in_warehouse(workspace, rows[one.id]))
        for one in found
    ]


def partner_decisions(workspace: Workspace, partner_id: str) -> pl.DataFrame:
    """Decisions about a partner as such, such as its switches from test to live; frame of FOUND_SCHEMA."""
    with workspace.state.reading() as tx:
        return _entries_of(workspace, tx, f"partner {partner_id}")


def documents_of(workspace: Workspace, delivery_ids: Sequence[int], limit: int) -> pl.DataFrame:
    """The records in these files, at most `limit`, in their order; frame of FOUND_SCHEMA."""
    with workspace.state.reading() as tx:
        chain = [entry for one in delivery_ids[:limit] for entry in audit.entries(tx, kind="file", reference=f"delivery {one}")]
    return audit_search.scan(workspace.audit_folder, chain).head(limit).collect()


def verify_audit(workspace: Workspace) -> Check:
    """Check the whole audit, and remember the outcome for the alerts. Raises StateError."""
    task, folder = "verify the audit", workspace.audit_folder
    settled = time.time() - SETTLED.total_seconds()
    done = 0

    def advanced(entries: int, total: int) -> None:
        nonlocal done
        if entries == 1:
            workspace.progress.started(task, total)
        workspace.progress.advanced(task, 1)
        done = entries

    with workspace.state.reading() as tx:
        problems = audit_check.verify(tx, folder, advanced)
        # those that the journal names were committed before an older database was restored
        noted = (folder / journal.NAME).read_text("utf-8", "replace") if (folder / journal.NAME).exists() else ""
        problems += [
            f"segment {name} is not part of the audit: somebody put it there, or a process was killed before it committed it; "
            "it proves nothing, move it out of the folder"
            for name in audit_check.strangers(tx, folder)
            if name not in noted and (folder / name).stat().st_mtime < settled
        ]
    check = Check(workspace.clock(), done, problems)
    with workspace.state.transaction() as tx:
        audit_check.keep_check(tx, check)
    if done:
        workspace.progress.finished(task, f"{done} entries, {len(problems)} problems")
    return check


@dataclass(frozen=True)
class Wanted:
    """Which rows an auditor wants; what is None does not matter. `since` and `until` bound occurred_at, half-open."""

    partner: str | None = None
    flow: str | None = None
    connection: str | None = None
    record: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def export_rows(workspace: Workspace, wanted: Wanted, target: Path) -> int:
    """Write rows with the hashes of their entries as Parquet, or as CSV by the file's name. Returns how many.

    Columns: FOUND_SCHEMA, then segment, segment_sha256, prev_hash and hash of the row's entry. Raises ConfigurationError,
    StateError, StorageFull.
    """
    if target.suffix not in (".csv", ".parquet"):
        raise ConfigurationError(f"{target} names no format", mend="end the file's name in .csv or .parquet")
    with workspace.state.reading() as tx:
        chain = audit.entries(tx)
    rows = audit_search.scan(workspace.audit_folder, chain)
    same = [pl.lit(True)]
    same += [pl.col(name) == value for name in ("partner", "flow", "connection", "record") if (value := getattr(wanted, name))]
    if wanted.since:
        same.append(pl.col("occurred_at") >= wanted.since)
    if wanted.until:
        same.append(pl.col("occurred_at") < wanted.until)
    hashes = chain_frame(chain).select("seq", "segment", pl.col("sha256").alias("segment_sha256"), "prev_hash", "hash")
    frame = rows.filter(same).join(hashes.lazy(), on="seq", how="left", maintain_order="left").collect()
    _write(frame, target)
    return frame.height


def export_chain(workspace: Workspace, target: Path) -> int:
    """Write every entry of the chain, by which segments are checked elsewhere; returns how many."""
    with workspace.state.reading() as tx:
        frame = chain_frame(audit.entries(tx))
    _write(frame, target)
    return frame.height


def chain_frame(chain: Sequence[audit.AuditEntry]) -> pl.DataFrame:
    """Entries as a frame: seq, kind, reference, segment, sha256, rows, prev_hash, hash."""
    columns = ["seq", "kind", "reference", "segment", "sha256", "rows", "prev_hash", "hash"]
    schema = {name: pl.Int64 if name in ("seq", "rows") else pl.String for name in columns}
    return pl.DataFrame(
        [
            (one.seq, one.kind, one.reference, one.segment.path, one.segment.sha256, one.segment.rows, one.prev_hash, one.hash)
            for one in chain
        ],
        schema=schema,
        orient="row",
    )


def _record_trail(workspace: Workspace, identity: tuple[str, str, str], found: pl.DataFrame) -> RecordTrail:
    connection, record, source_id = identity
    rows = found.filter((pl.col("connection") == connection) & (pl.col("record") == record) & (pl.col("source_id") == source_id))
    named = rows.filter(pl.col("kind") == "file")["reference"].str.strip_prefix("delivery ").cast(pl.Int64)
    with workspace.state.reading() as tx:
        files = {one.id: one for one in deliveries.listing(tx, ids=named.unique().to_list())}
        known = [
            row
            for partner, flow in workspace.project.flows()
            if (flow.connection, flow.record) == (connection, record)
            for row in documents.known(tx, partner.book, flow.name, connection, [source_id]).values()
        ]
    table_row, problem = None, None
    try:
        table_row = _table_row(workspace, connection, record, source_id)
    except ConnectorError as error:
        problem = error.what
    numbers = [*rows["number"].drop_nulls().to_list(), *(row.number for row in known if row.number)]
    return RecordTrail(connection, record, source_id, numbers[-1] if numbers else None, rows, files, known, table_row, problem)


def _table_row(workspace: Workspace, connection: str, record: str, source_id: str) -> dict[str, Any] | None:
    if f"{connection}_{record}" not in {table.name for table in workspace.warehouse.tables()}:
        return None
    found = workspace.warehouse.query(
        f'select * exclude (source_record) from "{connection}_{record}" where source_id = {_quoted(source_id)}'
    )
    return found.row(0, named=True) if found.height else None


def _in_warehouse(workspace: Workspace, rows: pl.DataFrame) -> int | None:
    records = rows.filter(pl.col("kind") == "file").drop_nulls("source_id")
    if records.is_empty():
        return 0
    connection, record = records.select("connection", "record").row(0)
    ids = ", ".join(_quoted(source_id) for source_id in records["source_id"].unique())
    try:
        if f"{connection}_{record}" not in {table.name for table in workspace.warehouse.tables()}:
            return 0
        found = workspace.warehouse.query(f'select count(*) as found from "{connection}_{record}" where source_id in ({ids})')
    except ConnectorError:
        return None
    return int(found["found"][0])


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _entries_of(workspace: Workspace, tx: Connection, reference: str) -> pl.DataFrame:
    return audit_search.scan(workspace.audit_folder, audit.entries(tx, reference=reference)).collect()


def _write(frame: pl.DataFrame, target: Path) -> None:
    with disk_errors(target), through_memory(target) as file:
        if target.suffix == ".parquet":
            frame.write_parquet(file)
        else:
            frame.write_csv(file, datetime_format="%Y-%m-%dT%H:%M:%S%.6fZ")
