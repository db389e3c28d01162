"""Is the audit still what was written? Recomputes every hash of the chain and of its segments, and finds what was
changed, removed or put in."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl
import sqlalchemy as sa

from mlconnector_assets.state.audit import GENESIS, AuditEntry, entry_hash, entry_of, fingerprints_of
from mlconnector_assets.state.schema import AUDIT_CHECKS, AUDIT_HEAD, AUDIT_LOG, upsert


def verify(tx: sa.Connection, folder: Path, progress: Callable[[int, int], None] = lambda done, total: None) -> list[str]:
    """Check the whole chain and every segment. Returns what is wrong, one sentence each; empty when all is sound.

    `progress` is called with (done, total) entries.
    """
    problems: list[str] = []
    total = tx.execute(sa.select(sa.func.count()).select_from(AUDIT_LOG)).scalar_one()
    seq, hash_before = 0, GENESIS
    for done, row in enumerate(tx.execute(sa.select(AUDIT_LOG).order_by(AUDIT_LOG.c.seq).execution_options(yield_per=500)), 1):
        entry = entry_of(row)
        if entry.seq != seq + 1:
            problems.append(f"audit entries {seq + 1} to {entry.seq - 1} are missing")
        elif entry.prev_hash != hash_before:
            problems.append(f"audit entry {entry.seq} does not follow from entry {seq}")
        if entry.hash != entry_hash(entry.seq, entry.kind, entry.reference, entry.segment, entry.prev_hash):
            problems.append(f"audit entry {entry.seq} ({entry.kind} {entry.reference}) was changed")
        problems += _segment_problems(folder, entry, row.fingerprints)
        seq, hash_before = entry.seq, entry.hash
        progress(done, total)
    return problems + _head_problems(tx, seq, hash_before)


def strangers(tx: sa.Connection, folder: Path) -> list[str]:
    """Names of segments in the folder that no entry of the chain refers to: put there by somebody, or left by a process
    that was killed just before its entry was committed. They prove nothing. Look for them when nothing is running."""
    known = set(tx.execute(sa.select(AUDIT_LOG.c.segment)).scalars())
    return sorted(path.name for path in folder.glob("*.parquet") if path.name not in known)


def _head_problems(tx: sa.Connection, seq: int, hash_before: str) -> list[str]:
    head = tx.execute(sa.select(AUDIT_HEAD.c.seq, AUDIT_HEAD.c.hash)).one_or_none()
    if head is None:
        return ["the head of the audit is missing"]
    if head.seq > seq:
        return [f"audit entries {seq + 1} to {head.seq} are missing"]
    return [] if (head.seq, head.hash) == (seq, hash_before) else [f"the head of the audit does not belong to entry {seq}"]


def _segment_problems(folder: Path, entry: AuditEntry, fingerprints: bytes | None) -> list[str]:
    """`fingerprints` are no part of the chain, but a search relies on them; they follow from the segment."""
    about = f"audit entry {entry.seq} ({entry.kind} {entry.reference})"
    try:
        content = (folder / entry.segment.path).read_bytes()
    except OSError as error:
        return [f"segment {entry.segment.path} of {about} cannot be read: {error.strerror}"]
    if hashlib.sha256(content).hexdigest() != entry.segment.sha256:
        return [f"segment {entry.segment.path} of {about} was changed"]
    if fingerprints is not None and fingerprints != fingerprints_of(pl.read_parquet(content, columns=["source_id", "number"])):
        return [f"the search fingerprints of {about} were changed"]
    return []


@dataclass(frozen=True)
class Check:
    """What the last check of the whole audit found; `problems` is empty when it was sound."""

    at: datetime
    entries: int
    problems: list[str]


def keep_check(tx: sa.Connection, check: Check) -> None:
    """Remember a check, for the alerts."""
    values = {"checked_at": check.at, "entries": check.entries, "problems": check.problems}
    statement = upsert(tx, AUDIT_CHECKS).values(id=1, **values)
    tx.execute(statement.on_conflict_do_update(index_elements=[AUDIT_CHECKS.c.id], set_=values))


def last_check(tx: sa.Connection) -> Check | None:
    """The last check; None before the first."""
    row = tx.execute(sa.select(AUDIT_CHECKS)).one_or_none()
    return Check(row.checked_at, row.entries, row.problems) if row else None
