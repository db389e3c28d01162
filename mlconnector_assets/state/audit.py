"""The audit: one row for every record in every file and every load. The rows are immutable Parquet segments;
the database chains their hashes, so that nothing can be changed, removed or put in between unseen."""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

import polars as pl
import sqlalchemy as sa

from mlconnector_assets.durable import disk_errors, publish
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
        "error": pl.String(),
    }
)
"""Columns of a segment. `kind` is file or load, `reference` the file's name or the load's id, `position` the
record's place in it, counted from 1."""

GENESIS = "0" * 64


@dataclass(frozen=True)
class Segment:
    """A written segment. `path` is relative to the audit folder; `sha256` covers the file's bytes."""

    path: str
    sha256: str
    rows: int


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
    kind: Literal["file", "load"],
    reference: str,
    record: str,
    status: str,
    partner: str | None = None,
    flow: str | None = None,
) -> pl.DataFrame:
    """Rows of AUDIT_SCHEMA for the records of one file or load. `records` has connection, company, source_id,
    number, modified_at, content_hash and position."""
    same = {
        "occurred_at": at,
        "kind": kind,
        "reference": reference,
        "partner": partner,
        "flow": flow,
        "record": record,
        "status": status,
        "error": None,
    }
    constants = [pl.lit(value, AUDIT_SCHEMA[name]).alias(name) for name, value in same.items()]
    return records.with_columns(constants).select(pl.col(name).cast(kind) for name, kind in AUDIT_SCHEMA.items())


def write_segment(folder: Path, rows: pl.DataFrame) -> Segment:
    """Write rows of AUDIT_SCHEMA durably, under the name of their content; equal rows give the same file.

    Raises StorageFull.
    """
    temporary = folder / f".{os.getpid()}-{uuid.uuid4().hex}.part"
    try:
        with disk_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            rows.match_to_schema(AUDIT_SCHEMA).write_parquet(temporary, compression="zstd", compression_level=3)
            sha256 = _file_hash(temporary)
        name = f"{sha256}.parquet"
        publish(temporary, folder / name)
    finally:
        temporary.unlink(missing_ok=True)
    return Segment(name, sha256, rows.height)


def append(tx: sa.Connection, *, kind: Literal["file", "load"], reference: str, segment: Segment) -> AuditEntry:
    """Chain a segment, in the transaction that publishes what it tells about. Appenders queue until that ends."""
    head = sa.update(AUDIT_HEAD).where(AUDIT_HEAD.c.id == 1).values(seq=AUDIT_HEAD.c.seq + 1)
    seq, prev_hash = tx.execute(head.returning(AUDIT_HEAD.c.seq, AUDIT_HEAD.c.hash)).one()
    entry = AuditEntry(seq, kind, reference, segment, prev_hash, _entry_hash(seq, kind, reference, segment, prev_hash))
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
        )
    )
    tx.execute(sa.update(AUDIT_HEAD).where(AUDIT_HEAD.c.id == 1).values(hash=entry.hash))
    return entry


def entries(
    tx: sa.Connection, *, kind: str | None = None, reference: str | None = None, after: int = 0, limit: int | None = None
) -> list[AuditEntry]:
    """Links of the chain with a number above `after`, in order."""
    wanted = sa.select(AUDIT_LOG).where(AUDIT_LOG.c.seq > after).order_by(AUDIT_LOG.c.seq).limit(limit)
    if kind is not None:
        wanted = wanted.where(AUDIT_LOG.c.kind == kind)
    if reference is not None:
        wanted = wanted.where(AUDIT_LOG.c.reference == reference)
    return [
        AuditEntry(row.seq, row.kind, row.reference, Segment(row.segment, row.sha256, row.rows), row.prev_hash, row.hash)
        for row in tx.execute(wanted)
    ]


def verify(tx: sa.Connection, folder: Path) -> list[str]:
    """Check the whole chain and every segment. Returns what is wrong, one sentence each; empty when all is sound."""
    problems: list[str] = []
    seq, hash_before = 0, GENESIS
    for entry in entries(tx):
        if entry.seq != seq + 1:
            problems.append(f"audit entries {seq + 1} to {entry.seq - 1} are missing")
        elif entry.prev_hash != hash_before:
            problems.append(f"audit entry {entry.seq} does not follow from entry {seq}")
        if entry.hash != _entry_hash(entry.seq, entry.kind, entry.reference, entry.segment, entry.prev_hash):
            problems.append(f"audit entry {entry.seq} ({entry.kind} {entry.reference}) was changed")
        problems += _segment_problems(folder, entry)
        seq, hash_before = entry.seq, entry.hash
    head = tx.execute(sa.select(AUDIT_HEAD.c.seq, AUDIT_HEAD.c.hash)).one_or_none()
    if head is None:
        problems.append("the head of the audit is missing")
    elif head.seq > seq:
        problems.append(f"audit entries {seq + 1} to {head.seq} are missing")
    elif (head.seq, head.hash) != (seq, hash_before):
        problems.append(f"the head of the audit does not belong to entry {seq}")
    return problems


def _segment_problems(folder: Path, entry: AuditEntry) -> list[str]:
    path = folder / entry.segment.path
    about = f"segment {entry.segment.path} of audit entry {entry.seq} ({entry.kind} {entry.reference})"
    try:
        found = _file_hash(path)
    except OSError as error:
        return [f"{about} cannot be read: {error.strerror}"]
    return [] if found == entry.segment.sha256 else [f"{about} was changed"]


def _entry_hash(seq: int, kind: str, reference: str, segment: Segment, prev_hash: str) -> str:
    content = ["MLC1-audit", seq, kind, reference, segment.path, segment.sha256, segment.rows, prev_hash]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def _file_hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
