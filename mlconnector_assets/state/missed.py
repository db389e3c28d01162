"""What incremental reads missed: found when days that were closed are read again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime

import sqlalchemy as sa

from mlconnector_assets.state.schema import MISSED, UPKEEP, upsert

LATE, SILENT = "late", "silent"
CHUNK = 500


@dataclass(frozen=True)
class Missed:
    """A record that a closed day did not have as it is now. `why`: "late", it was not among that day's records, because it
    became visible after the day was closed; "silent", it changed without a new stamp. `key` as in `deletions`."""

    day: date
    key: str
    number: str | None
    why: str


@dataclass(frozen=True)
class MissedRow(Missed):
    """The same, with the connection, the record, and when it was found, UTC."""

    connection: str
    record: str
    found_at: datetime


def put(tx: sa.Connection, connection: str, record: str, found: Iterable[Missed], at: datetime) -> None:
    """Remember what a read found."""
    rows = [{"connection": connection, "record": record, "found_at": at, **asdict(item)} for item in found]
    for start in range(0, len(rows), CHUNK):
        tx.execute(upsert(tx, MISSED).on_conflict_do_nothing(), rows[start : start + CHUNK])


def listing(
    tx: sa.Connection, connection: str | None = None, record: str | None = None, *, limit: int | None = None
) -> list[MissedRow]:
    """Everything that was found, the newest finding first."""
    wanted = sa.select(MISSED)
    if connection is not None:
        wanted = wanted.where(MISSED.c.connection == connection)
    if record is not None:
        wanted = wanted.where(MISSED.c.record == record)
    ordered = wanted.order_by(MISSED.c.found_at.desc(), MISSED.c.record, MISSED.c.day, MISSED.c.key).limit(limit)
    return [MissedRow(**row) for row in tx.execute(ordered).mappings()]


def reread_at(tx: sa.Connection, connection: str) -> dict[str, datetime]:
    """When closed days of each record of a connection were last read again, UTC; it lacks those that never were."""
    wanted = sa.select(UPKEEP.c.record, UPKEEP.c.reread_at).where(UPKEEP.c.connection == connection)
    return {row.record: row.reread_at for row in tx.execute(wanted.where(UPKEEP.c.reread_at.is_not(None)))}


def note_reread(tx: sa.Connection, connection: str, record: str, at: datetime) -> None:
    """Closed days were read again."""
    statement = upsert(tx, UPKEEP).values(connection=connection, record=record, revision=0, reread_at=at)
    tx.execute(statement.on_conflict_do_update(index_elements=list(UPKEEP.primary_key), set_={"reread_at": at}))
