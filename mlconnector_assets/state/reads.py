"""What was read, and who has consumed it: the only truth about progress. A partition is a UTC day of last
modification; every read of it is a row, and consumers are *due* where the newest read is not what they consumed."""

from __future__ import annotations

from collections import defaultdict
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
class Consumer:
    """Who takes a record in. What was taken in under one of `versions` counts; with None, under any."""

    name: str
    record: str
    versions: frozenset[str] | None = None


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
    return progress(tx, connection).get(record)


def progress(tx: sa.Connection, connection: str) -> dict[str, datetime]:
    """The same of every record of a connection that was read."""
    wanted = sa.select(READ_PROGRESS.c.record, READ_PROGRESS.c.until).where(READ_PROGRESS.c.connection == connection)
    return {row.record: row.until for row in tx.execute(wanted)}


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


def newest(tx: sa.Connection, connection: str, record: str | None = None, *, from_day: date | None = None) -> list[PartitionRead]:
    """The newest read of every partition of a record, or of all records of the connection; by day."""
    wanted = _newest(connection, record)
    if from_day is not None:
        wanted = wanted.where(READS.c.day >= from_day)
    return _partition_reads(tx, wanted)


def due(tx: sa.Connection, connection: str, consumer: Consumer) -> list[PartitionRead]:
    """The newest reads whose content this consumer has not taken in; by day."""
    same = sa.and_(
        CONSUMPTIONS.c.consumer == consumer.name,
        sa.true() if consumer.versions is None else CONSUMPTIONS.c.version.in_(sorted(consumer.versions)),
        *_SAME_CONTENT,
    )
    return _partition_reads(tx, _newest(connection, consumer.record).where(~sa.exists().where(same)))


def behind(tx: sa.Connection, connection: str, consumers: Iterable[Consumer]) -> set[Consumer]:
    """Those of the consumers for whom anything is due."""
    newest = _newest(connection, None).order_by(None)
    per_record = newest.with_only_columns(READS.c.record, sa.func.count().label("days")).group_by(READS.c.record)
    there = {row.record: row.days for row in tx.execute(per_record)}
    groups = (CONSUMPTIONS.c.consumer, READS.c.record, CONSUMPTIONS.c.version)
    per_version = newest.with_only_columns(*groups, sa.func.count()).group_by(*groups)
    taken: defaultdict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for name, record, version, count in tx.execute(per_version.where(*_SAME_CONTENT)):
        taken[name, record][version] = count
    return {
        consumer
        for consumer in consumers
        if there.get(consumer.record, 0)
        > sum(
            count
            for version, count in taken[consumer.name, consumer.record].items()
            if consumer.versions is None or version in consumer.versions
        )
    }


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


def looked(tx: sa.Connection, connection: str, records: Iterable[str], at: datetime) -> None:
    """Remember that the source answered, and had nothing new of these records, at this time of ours."""
    earlier = sa.or_(PROBES.c.looked_at.is_(None), PROBES.c.looked_at < at)
    same = (PROBES.c.connection == connection, PROBES.c.record.in_(list(records)))
    tx.execute(sa.update(PROBES).where(*same, earlier).values(looked_at=at))


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
    return probes(tx, connection).get(record)


def probes(tx: sa.Connection, connection: str) -> dict[str, Probe]:
    """The remembered fingerprints of a connection's records."""
    wanted = sa.select(PROBES.c.record, PROBES.c.since, PROBES.c.fingerprint).where(PROBES.c.connection == connection)
    return {row.record: Probe(row.since, row.fingerprint) for row in tx.execute(wanted)}


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


_SAME_CONTENT = (
    CONSUMPTIONS.c.connection == READS.c.connection,
    CONSUMPTIONS.c.record == READS.c.record,
    CONSUMPTIONS.c.day == READS.c.day,
    CONSUMPTIONS.c.sha256 == READS.c.sha256,
)
"""The content of a read is what was taken in."""


def _newest(connection: str, record: str | None) -> sa.Select[Any]:
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
        .where(READS.c.connection == connection, ~sa.exists().where(newer))
        .where(sa.true() if record is None else READS.c.record == record)
        .order_by(READS.c.day)
    )


def _partition_reads(tx: sa.Connection, statement: sa.Select[Any]) -> list[PartitionRead]:
    return [PartitionRead(**row) for row in tx.execute(statement).mappings()]


def _chunks(values: Sequence[Any], size: int = 1000) -> Iterable[Sequence[Any]]:
    return (values[start : start + size] for start in range(0, len(values), size))
