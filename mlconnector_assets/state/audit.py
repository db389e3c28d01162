"""The audit: one row for every record in every file and every load, and for every decision of a person. The rows are
immutable Parquet segments; the database chains their hashes, so that nothing can be changed, removed or put in between
unseen. How it is searched is in audit_search.py, how it is checked in audit_check.py."""

from __future__ import annotations

import hashlib
import json
import os
import uuid
import zlib
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl
import sqlalchemy as sa

from mlconnector_assets.durable import disk_errors, publish, through_memory
from mlconnector_assets.records.record import INSTANT
from mlconnector_assets.state.schema import AUDIT_HEAD, AUDIT_LOG

AUDIT_SCHEMA = pl.Schema(
    {
        "occurred_at": INSTANT,
        "kind": pl.String(),
        "reference": pl.String(),
        "partner": pl.String(),
        "flow": pl.String(),
        "connection": pl.String(),
        "record": pl.String(),
        "company": pl.String(),
        "source_id": pl.String(),
        "number": pl.String(),
        "modified_at": INSTANT,
        "content_hash": pl.String(),
        "position": pl.Int64(),
        "status": pl.String(),
        "file_name": pl.String(),
        "control_number": pl.Int64(),
        "actor": pl.String(),
        "reason": pl.String(),
        "content": pl.String(),
    }
)
"""Columns of a segment. `kind` is file, load or decision. `reference` is "delivery 12" of a file, the reads of a load,
or what was decided on, such as "hold 7". `position` is the record's place in the file, or in the load, counted from 1.
`status` is what happened: queued, loaded, or the decision, such as hold_released. `file_name` and `control_number` are a
file's, `actor` and `reason` a decision's. Of a document in a file `content` is JSON of the business columns and totals that
were sent, [[column, value], …]."""

GENESIS = "0" * 64

Kind = Literal["file", "load", "decision"]


@dataclass(frozen=True)
class Segment:
    """A written segment. `path` is relative to the audit folder; `sha256` covers the file's bytes. `fingerprints` are those
    of its source ids and numbers, by which a search finds it; without them it is always searched."""

    path: str
    sha256: str
    rows: int
    fingerprints: bytes | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class AuditEntry:
    """A link of the chain: `hash` covers everything else in it, also the hash before."""

    seq: int
    kind: str
    reference: str
    segment: Segment
    prev_hash: str
    hash: str


def rows_of(
    records: pl.DataFrame,
    *,
    at: datetime,
    kind: Kind,
    reference: str,
    record: str | None,
    status: str,
    partner: str | None = None,
    flow: str | None = None,
    **more: str | int | None,
) -> pl.DataFrame:
    """Rows of AUDIT_SCHEMA, one a record. `records` has those of its columns that differ from row to row: source_id,
    number, position, …; `more` gives others that are the same in every row. What neither gives is null."""
    same = {
        "occurred_at": at,
        "kind": kind,
        "reference": reference,
        "partner": partner,
        "flow": flow,
        "record": record,
        "status": status,
        **more,
    }
    constants = [pl.lit(value, AUDIT_SCHEMA[name]).alias(name) for name, value in same.items()]
    missing = [pl.lit(None, AUDIT_SCHEMA[name]).alias(name) for name in AUDIT_SCHEMA.keys() - same.keys() - set(records.columns)]
    return records.with_columns(*constants, *missing).select(pl.col(name).cast(kind) for name, kind in AUDIT_SCHEMA.items())


def write_segment(folder: Path, rows: pl.DataFrame) -> Segment:
    """Write rows of AUDIT_SCHEMA durably, under the name of their content; equal rows give the same file.

    Raises StorageFull.
    """
    temporary = folder / f".{os.getpid()}-{uuid.uuid4().hex}.part"
    try:
        with disk_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            with through_memory(temporary) as file:
                rows.match_to_schema(AUDIT_SCHEMA).write_parquet(file, compression="zstd", compression_level=1)
            sha256 = file_hash(temporary)
        name = f"{sha256}.parquet"
        publish(temporary, folder / name)
    finally:
        temporary.unlink(missing_ok=True)
    return Segment(name, sha256, rows.height, fingerprints_of(rows))


def fingerprint(key: str) -> bytes:
    """Four bytes by which a source id or number is looked up: CRC-32, big-endian. Others may have the same."""
    return zlib.crc32(key.encode()).to_bytes(4, "big")


def fingerprints_of(rows: pl.DataFrame) -> bytes:
    """The sorted fingerprints of every source id and number in these rows, one after the other."""
    keys = pl.concat([rows["source_id"], rows["number"].rename("source_id")]).drop_nulls().cast(pl.Binary)
    found = np.sort(np.fromiter(map(zlib.crc32, keys.to_list()), np.uint32, len(keys)))
    # np.unique would take ten times as long as the sorting
    fingerprints: bytes = found[np.diff(found, prepend=~found[:1]) != 0].astype(">u4").tobytes()
    return fingerprints


def append(tx: sa.Connection, *, kind: Kind, reference: str, segment: Segment) -> AuditEntry:
    """Chain a segment, in the transaction that publishes what it tells about. Appenders queue until that ends."""
    head = sa.update(AUDIT_HEAD).where(AUDIT_HEAD.c.id == 1).values(seq=AUDIT_HEAD.c.seq + 1)
    seq, prev_hash = tx.execute(head.returning(AUDIT_HEAD.c.seq, AUDIT_HEAD.c.hash)).one()
    entry = AuditEntry(seq, kind, reference, segment, prev_hash, entry_hash(seq, kind, reference, segment, prev_hash))
    tx.execute(
        sa.insert(AUDIT_LOG).values(
            seq=seq,
            kind=kind,
            reference=reference,
            segment=segment.path,
            sha256=segment.sha256,
            rows=segment.rows,
            prev_hash=prev_hash,
            hash=entry.hash,
            fingerprints=segment.fingerprints,
        )
    )
    tx.execute(sa.update(AUDIT_HEAD).where(AUDIT_HEAD.c.id == 1).values(hash=entry.hash))
    return entry


def entries(
    tx: sa.Connection, *, kind: str | None = None, reference: str | None = None, after: int = 0, limit: int | None = None
) -> list[AuditEntry]:
    """Links of the chain with a number above `after`, in order."""
    wanted = select_entries().where(AUDIT_LOG.c.seq > after).limit(limit)
    if kind is not None:
        wanted = wanted.where(AUDIT_LOG.c.kind == kind)
    if reference is not None:
        wanted = wanted.where(AUDIT_LOG.c.reference == reference)
    return [entry_of(row) for row in tx.execute(wanted)]


def select_entries() -> sa.Select[Any]:
    """Links of the chain in order, without the fingerprints, which are large."""
    return sa.select(*(column for column in AUDIT_LOG.c if column.name != "fingerprints")).order_by(AUDIT_LOG.c.seq)


def entry_of(row: sa.Row[Any]) -> AuditEntry:
    """A row of `select_entries` as an entry."""
    return AuditEntry(row.seq, row.kind, row.reference, Segment(row.segment, row.sha256, row.rows), row.prev_hash, row.hash)


@dataclass(frozen=True)
class Decision:
    """What a person, or a rule in a person's place, decided: who, what, on what, and why.

    `action` is a word such as hold_released, hold_dismissed, file_resent, file_settled, baseline_set,
    deletions_confirmed, mode_changed or secret_set; `subject` names what it is about: "hold 7", "delivery 12",
    "partner acme", "secret odoo-api-key". Never a value.
    """

    action: str
    subject: str
    actor: str
    at: datetime
    reason: str | None = None
    partner: str | None = None
    flow: str | None = None
    connection: str | None = None
    record: str | None = None


def decide(tx: sa.Connection, folder: Path, decision: Decision, records: pl.DataFrame | None = None) -> AuditEntry:
    """Chain a decision, in the transaction that carries it out. `records` are those it concerns, with source_id and
    any other columns of AUDIT_SCHEMA that differ between them; each is then found with the decision. Raises StorageFull."""
    concerned = pl.DataFrame([{"position": None}]) if records is None else records
    if "connection" not in concerned.columns:
        concerned = concerned.with_columns(pl.lit(decision.connection, pl.String).alias("connection"))
    rows = rows_of(
        concerned,
        at=decision.at,
        kind="decision",
        reference=decision.subject,
        record=decision.record,
        status=decision.action,
        partner=decision.partner,
        flow=decision.flow,
        actor=decision.actor,
        reason=decision.reason,
    )
    return append(tx, kind="decision", reference=decision.subject, segment=write_segment(folder, rows))


def entry_hash(seq: int, kind: str, reference: str, segment: Segment, prev_hash: str) -> str:
    """The hash that chains an entry: hex SHA-256 over the compact JSON list of these values, UTF-8."""
    content = ["MLC1-audit", seq, kind, reference, segment.path, segment.sha256, segment.rows, prev_hash]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def file_hash(path: Path) -> str:
    """Hex SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
