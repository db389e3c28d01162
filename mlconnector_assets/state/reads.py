"""What was read, and who has consumed it: the only truth about progress. A partition is a UTC day of last
modification; every read of it is a row, and consumers are *due* where the newest read is not what they consumed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from mlconnector_assets.state.schema import CONNECTIONS, CONSUMPTIONS, PROBES, READ_PROGRESS, READS, upsert


@dataclass(frozen=True)
class NewPartitionRead:
    """A partition that was just read and written to `path`. `totals` maps "column|currency" to decimal text."""

    day: date
    rows: int
    sha256: str
    path: str
    totals: Mapping[str, str]
    set_aside: int = 0


@dataclass(frozen=True)
class PartitionRead:
    """A read of one partition. `read_at` is the source's time at which the read began; `set_aside` counts
    the records of that day that could not be mapped."""

    id: int
    connection: str
    record: str
    day: date
    read_at: datetime
    rows: int
    sha256: str
    path: str
    totals: dict[str, str]
    set_aside: int
    run_id: str


@dataclass(frozen=True)
class Probe:
    """The source's fingerprint of everything modified at or after `since`, at the last look that found it read."""

    since: datetime | None
    fingerprint: str


def first_day(tx: sa.Connection, connection: str, configured: date) -> date:
    """The first partition of a connection: what was configured when this was first called. It never moves after
    that, because it is also open towards the past."""
    tx.execute(upsert(tx, CONNECTIONS).values(connection=connection, first_day=configured).on_conflict_do_nothing())
    day: date = tx.execute(sa.select(CONNECTIONS.c.first_day).where(CONNECTIONS.c.connection == connection)).scalar_one()
    return day


def known_first_day(tx: sa.Connection, connection: str) -> date | None:
    """The first partition day, if one was fixed already."""
    day: date | None = tx.execute(
        sa.select(CONNECTIONS.c.first_day).where(CONNECTIONS.c.connection == connection)
    ).scalar_one_or_none()
    return day


def read_until(tx: sa.Connection, connection: str, record: str) -> datetime | None:
    """The end of the last successful contiguous read, in the source's time; None before the first."""
    at: datetime | None = tx.execute(
        sa.select(READ_PROGRESS.c.until).where(READ_PROGRESS.c.connection == connection, READ_PROGRESS.c.record == record)
    ).scalar_one_or_none()
    return at


def commit_read(
    tx: sa.Connection,
    *,
    connection: str,
    record: str,
    read_at: datetime,
    until: datetime | None,
    partitions: Sequence[NewPartitionRead],
    run_id: str,
) -> list[PartitionRead]:
    """Record a successful read whose files are durable already. Returns the rows in the order of `partitions`.

    `until` moves the watermark forward (never back); None leaves it, as for a repeated read of old days.
    """
    if until is not None:
        statement = upsert(tx, READ_PROGRESS).values(connection=connection, record=record, until=until)
        tx.execute(
            statement.on_conflict_do_update(
                index_elements=[READ_PROGRESS.c.connection, READ_PROGRESS.c.record],
                set_={"until": until},
                where=READ_PROGRESS.c.until < until,
            )
        )
    made = []
    for new in partitions:
        values: dict[str, Any] = {"connection": connection, "record": record, "read_at": read_at, "run_id": run_id} | asdict(new)
        values["totals"] = dict(new.totals)
        row_id = tx.execute(sa.insert(READS).values(values).returning(READS.c.id)).scalar_one()
        made.append(PartitionRead(id=row_id, **values))
    return made


def newest(tx: sa.Connection, connection: str, record: str, *, from_day: date | None = None) -> list[PartitionRead]:
    """The newest read of every partition, by day."""
    wanted = _newest(connection, record)
    if from_day is not None:
        wanted = wanted.where(READS.c.day >= from_day)
    return _partition_reads(tx, wanted)


def due(tx: sa.Connection, consumer: str, version: str | None, connection: str, record: str) -> list[PartitionRead]:
    """The newest reads whose content this consumer, at this version (None: at any), has not consumed; by day."""
    same = sa.and_(
        CONSUMPTIONS.c.consumer == consumer,
        CONSUMPTIONS.c.connection == READS.c.connection,
        CONSUMPTIONS.c.record == READS.c.record,
        CONSUMPTIONS.c.day == READS.c.day,
        sa.true() if version is None else CONSUMPTIONS.c.version == version,
        CONSUMPTIONS.c.sha256 == READS.c.sha256,
    )
    return _partition_reads(tx, _newest(connection, record).where(~sa.exists().where(same)))


def consume(tx: sa.Connection, consumer: str, version: str, reads: Iterable[PartitionRead]) -> None:
    """Record, in the transaction that publishes the result, what a consumer has taken in."""
    rows = [
        {
            "consumer": consumer,
            "connection": read.connection,
            "record": read.record,
            "day": read.day,
            "version": version,
            "sha256": read.sha256,
        }
        for read in reads
    ]
    if not rows:
        return
    statement = upsert(tx, CONSUMPTIONS)
    tx.execute(
        statement.on_conflict_do_update(
            index_elements=list(CONSUMPTIONS.primary_key),
            set_={"version": statement.excluded.version, "sha256": statement.excluded.sha256},
        ),
        rows,
    )


def remember_probe(
    tx: sa.Connection, connection: str, record: str, since: datetime | None, fingerprint: str, *, looked_at: datetime
) -> None:
    """Remember what the source's fingerprint was when everything it covers had been read. `looked_at` is our time."""
    values = {"since": since, "fingerprint": fingerprint, "looked_at": looked_at}
    statement = upsert(tx, PROBES).values(connection=connection, record=record, **values)
    tx.execute(statement.on_conflict_do_update(index_elements=[PROBES.c.connection, PROBES.c.record], set_=values))


def looked(tx: sa.Connection, connection: str, record: str, at: datetime) -> None:
    """Remember that the source answered, and had nothing new, at this time of ours."""
    same = (PROBES.c.connection == connection, PROBES.c.record == record)
    tx.execute(sa.update(PROBES).where(*same).values(looked_at=at))


def last_looks(tx: sa.Connection, connection: str) -> dict[str, datetime]:
    """When each record of a connection was last seen to be read completely, in our time."""
    wanted = sa.select(PROBES.c.record, PROBES.c.looked_at).where(
        PROBES.c.connection == connection, PROBES.c.looked_at.is_not(None)
    )
    return {row.record: row.looked_at for row in tx.execute(wanted)}


def consumes(tx: sa.Connection, consumer: str, connection: str, record: str) -> bool:
    """Whether this consumer has ever taken in anything of the record."""
    same = (CONSUMPTIONS.c.consumer == consumer, CONSUMPTIONS.c.connection == connection, CONSUMPTIONS.c.record == record)
    return tx.execute(sa.select(CONSUMPTIONS.c.day).where(*same).limit(1)).first() is not None


def probe(tx: sa.Connection, connection: str, record: str) -> Probe | None:
    """The remembered fingerprint; None before the first."""
    row = tx.execute(
        sa.select(PROBES.c.since, PROBES.c.fingerprint).where(PROBES.c.connection == connection, PROBES.c.record == record)
    ).one_or_none()
    return Probe(row.since, row.fingerprint) if row else None


def superseded(tx: sa.Connection, connection: str, record: str, before: datetime) -> list[PartitionRead]:
    """Reads older than `before` that a newer read of the same day has replaced: their files may go, after `forget`."""
    kept = _newest(connection, record).with_only_columns(READS.c.id)
    return _partition_reads(
        tx,
        sa.select(READS)
        .where(READS.c.connection == connection, READS.c.record == record, READS.c.read_at < before, READS.c.id.not_in(kept))
        .order_by(READS.c.day, READS.c.id),
    )


def forget(tx: sa.Connection, ids: Sequence[int]) -> list[str]:
    """Delete rows of superseded reads. Returns the paths that no read refers to any more: equal content has one file."""
    paths: set[str] = set()
    for chunk in _chunks(ids):
        paths.update(tx.execute(sa.delete(READS).where(READS.c.id.in_(chunk)).returning(READS.c.path)).scalars())
    for chunk in _chunks(sorted(paths)):
        paths.difference_update(tx.execute(sa.select(READS.c.path).where(READS.c.path.in_(chunk))).scalars())
    return sorted(paths)


def _newest(connection: str, record: str) -> sa.Select[Any]:
    """Newest by the source's clock, then by commit: a reader that was frozen cannot bring an old truth back."""
    later = READS.alias("later")
    newer = sa.and_(
        later.c.connection == READS.c.connection,
        later.c.record == READS.c.record,
        later.c.day == READS.c.day,
        sa.or_(later.c.read_at > READS.c.read_at, sa.and_(later.c.read_at == READS.c.read_at, later.c.id > READS.c.id)),
    )
    return (
        sa.select(READS)
        .where(READS.c.connection == connection, READS.c.record == record, ~sa.exists().where(newer))
        .order_by(READS.c.day)
    )


def _partition_reads(tx: sa.Connection, statement: sa.Select[Any]) -> list[PartitionRead]:
    return [PartitionRead(**row) for row in tx.execute(statement).mappings()]


def _chunks(values: Sequence[Any], size: int = 1000) -> Iterable[Sequence[Any]]:
    return (values[start : start + size] for start in range(0, len(values), size))
