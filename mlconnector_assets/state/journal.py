"""A journal beside the audit segments, outside of the database: which audit entries were committed, with the delivery
each file belongs to, and which files arrived. When the database is older than its journal it was restored from a
backup, and the journal knows what happened since.

`audit/journal.jsonl` has one JSON object a line: `{"entry": {…}, "delivery": {…}}` after the commit of an entry,
`{"sending": {…}}` and `{"arrived": {…}}` as files go. It may lag behind after a crash; the next writer catches up. A
half-written last line is ignored."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import sqlalchemy as sa

from mlconnector_assets.durable import disk_errors, sync_folder
from mlconnector_assets.state import audit
from mlconnector_assets.state.audit import AuditEntry, Segment
from mlconnector_assets.state.database import State
from mlconnector_assets.state.deliveries import Delivery
from mlconnector_assets.state.schema import AUDIT_HEAD, AUDIT_LOG, DELIVERIES

NAME = "journal.jsonl"
TAIL = 1 << 16
"""Bytes at the end of the journal in which its newest entry is looked for first."""
CHUNK = 1000


@dataclass(frozen=True)
class JournalEntry:
    """A committed audit entry, and the row of the delivery when it is about a file."""

    entry: AuditEntry
    delivery: Mapping[str, Any] | None


@dataclass(frozen=True)
class Restored:
    """The database does not know the newest entry of the journal. `journal` and `database` are the numbers of their
    newest entries."""

    journal: int
    database: int


def restored(tx: sa.Connection, folder: Path) -> Restored | None:
    """Whether the database is older than the journal, or went another way since; None when it is as it should be."""
    last = newest_entry(folder)
    if last is None:
        return None
    known = tx.execute(sa.select(AUDIT_LOG.c.hash).where(AUDIT_LOG.c.seq == last.seq)).scalar_one_or_none()
    if known == last.hash:
        return None
    return Restored(last.seq, tx.execute(sa.select(AUDIT_HEAD.c.seq)).scalar_one())


def catch_up(state: State, folder: Path) -> None:
    """Add what was committed since, durably. Does nothing to a journal that is ahead. Raises StorageFull."""
    path = folder / NAME
    with disk_errors(path), _locked(path) as file, state.reading() as tx:
        last = _newest(file)
        if last is not None:
            known = tx.execute(sa.select(AUDIT_LOG.c.hash).where(AUDIT_LOG.c.seq == last.seq)).scalar_one_or_none()
            if known != last.hash:
                return
        _append(file, tx, after=last.seq if last else 0)


def start_again(state: State, folder: Path, *, after: int) -> None:
    """Let the journal follow the database from entry `after` on, the last that both have; what it said of later ones is
    superseded. Raises StorageFull."""
    path = folder / NAME
    with disk_errors(path), _locked(path) as file, state.reading() as tx:
        _append(file, tx, after=after)


def note_sending(folder: Path, delivery: Delivery, at: datetime) -> None:
    """Note that a file is about to be put at the partner's: from now on it may be there."""
    path = folder / NAME
    with disk_errors(path), _locked(path) as file:
        _write(file, [{"sending": {"id": delivery.id, "at": at.isoformat()}}], durably=False)


def note_arrival(folder: Path, delivery: Delivery, at: datetime) -> None:
    """Note that a file is at the partner's, under the name it has there; and how that is known, if it is in the row."""
    line = {"id": delivery.id, "remote_name": delivery.remote_name, "at": at.isoformat(), "how": delivery.how or "sent"}
    path = folder / NAME
    with disk_errors(path), _locked(path) as file:
        _write(file, [{"arrived": line}], durably=False)


def newest_entry(folder: Path) -> AuditEntry | None:
    """The journal's newest entry; None when it has none."""
    try:
        with (folder / NAME).open("rb") as file:
            return _newest(file)
    except FileNotFoundError:
        return None


@dataclass
class Journal:
    """What the journal tells: all entries in order, each number once, as told last; and by delivery, of the last time, when
    it was about to be put at the partner's (id, at) and how it arrived (id, remote_name, at, how)."""

    entries: list[JournalEntry] = field(default_factory=list)
    sending: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    arrived: dict[int, Mapping[str, Any]] = field(default_factory=dict)

    def sending_since(self, delivery_id: int, since: datetime) -> bool:
        """Whether the file may be at the partner's because it was being put there, at `since` or later."""
        return _at_or_after(self.sending.get(delivery_id), since) is not None

    def arrived_since(self, delivery_id: int, since: datetime) -> Mapping[str, Any] | None:
        """How the file arrived at `since` or later; None when nothing tells of it."""
        return _at_or_after(self.arrived.get(delivery_id), since)


def _at_or_after(told: Mapping[str, Any] | None, since: datetime) -> Mapping[str, Any] | None:
    return told if told is not None and datetime.fromisoformat(told["at"]) >= since else None


def read(folder: Path) -> Journal:
    """The whole journal."""
    found = Journal()
    entries = found.entries
    with (folder / NAME).open("rb") as file:
        for line in file:
            told = _parsed(line)
            if told is None:
                continue
            if "arrived" in told:
                found.arrived[told["arrived"]["id"]] = told["arrived"]
                continue
            if "sending" in told:
                found.sending[told["sending"]["id"]] = told["sending"]
                continue
            entry = _entry(told["entry"])
            while entries and entries[-1].entry.seq >= entry.seq:
                entries.pop()
            entries.append(JournalEntry(entry, told.get("delivery")))
    return found


def _append(file: BinaryIO, tx: sa.Connection, *, after: int) -> None:
    wrote = False
    while some := audit.entries(tx, after=after, limit=CHUNK):
        files = [int(entry.reference.removeprefix("delivery ")) for entry in some if entry.kind == "file"]
        rows = tx.execute(sa.select(DELIVERIES).where(DELIVERIES.c.id.in_(files))).mappings()
        deliveries = {row["id"]: _plain(dict(row)) for row in rows}
        lines: list[dict[str, Any]] = []
        for entry in some:
            line: dict[str, Any] = {"entry": asdict(entry) | {"segment": _segment(entry.segment)}}
            if entry.kind == "file":
                line["delivery"] = deliveries.get(int(entry.reference.removeprefix("delivery ")))
            lines.append(line)
        _write(file, lines, durably=False)
        after, wrote = some[-1].seq, True
    if wrote:
        os.fsync(file.fileno())


def _write(file: BinaryIO, lines: list[dict[str, Any]], *, durably: bool) -> None:
    """One write at the end; after a half-written line a new one is begun."""
    text = "".join(json.dumps(line, ensure_ascii=False, default=str) + "\n" for line in lines)
    file.seek(0, os.SEEK_END)
    if file.tell():
        file.seek(-1, os.SEEK_END)
        if file.read(1) != b"\n":
            text = "\n" + text
    file.seek(0, os.SEEK_END)
    file.write(text.encode())
    file.flush()
    if durably:
        os.fsync(file.fileno())


def _newest(file: BinaryIO) -> AuditEntry | None:
    file.seek(0, os.SEEK_END)
    size = file.tell()
    span = TAIL
    while True:
        start = max(0, size - span)
        file.seek(start)
        lines = file.read(size - start).split(b"\n")
        for line in reversed(lines if start == 0 else lines[1:]):
            told = _parsed(line)
            if told is not None and "entry" in told:
                return _entry(told["entry"])
        if start == 0:
            return None
        span *= 8


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        told = json.loads(line)
    except ValueError:
        return None
    return told if isinstance(told, dict) and told.keys() & {"entry", "sending", "arrived"} else None


def _entry(told: Mapping[str, Any]) -> AuditEntry:
    return AuditEntry(**(dict(told) | {"segment": Segment(**told["segment"])}))


def _segment(segment: Segment) -> dict[str, Any]:
    return {"path": segment.path, "sha256": segment.sha256, "rows": segment.rows}


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in row.items()}


@contextmanager
def _locked(path: Path) -> Iterator[BinaryIO]:
    """The journal, open for reading and appending, for one writer at a time."""
    new = not path.exists()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab+") as file:
        if new:
            sync_folder(path.parent)
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file
