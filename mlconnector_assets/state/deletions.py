"""What vanished at its source: found by listing all keys, never by reading. Each change of a row carries the next
revision of its connection and record; a consumer remembers the last revision that it took in.

A row's `state`: "suspected" (a read did not meet it again; the next look asks for it by id), "deleted" (the source has
it no longer), "left" (the source has it, but not among this record any more: another company, not a vendor any more),
"returned" (it was gone, and is there again).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from mlconnector_assets.state.reads import Consumer
from mlconnector_assets.state.schema import DELETIONS, DELETIONS_CONSUMED, UPKEEP, upsert

CHUNK = 500
GONE = ("deleted", "left")


@dataclass(frozen=True)
class Vanished:
    """A record that is not where it was. `key` identifies it within connection and record (its source id, with the
    company before it where the record's key has one); the other columns are those of its last known version."""

    key: str
    source_id: str
    company: str | None
    number: str | None
    modified_at: datetime | None


@dataclass(frozen=True)
class Deletion(Vanished):
    """What became of a record. `deleted_at`: when a sweep found it gone, UTC; None while only suspected.
    `ended_at`: when it was found to be there again. `confirmed_by`: who let a mass deletion pass."""

    connection: str = ""
    record: str = ""
    state: str = "suspected"
    deleted_at: datetime | None = None
    ended_at: datetime | None = None
    confirmed_by: str | None = None
    revision: int = 0
    run_id: str = ""


def known(tx: sa.Connection, connection: str, record: str) -> dict[str, datetime]:
    """Deleted records: source id to when that was found (UTC), of a record whose key is its source id, as all documents
    have. This is what a flow asks about documents that it sent; "left" ones are not among them, see `gone`.
    To take in only what is new, ask `changes` after `consumed_revision`, and call `consume` in the same transaction
    as what follows from it."""
    rows = tx.execute(
        sa.select(DELETIONS.c.source_id, DELETIONS.c.deleted_at).where(*_of(connection, record), DELETIONS.c.state == "deleted")
    )
    return {row.source_id: row.deleted_at for row in rows}


def gone(tx: sa.Connection, connection: str, record: str) -> list[Deletion]:
    """Deleted and left records: they are no part of the current state, whatever partitions still hold them."""
    return _deletions(tx, sa.select(DELETIONS).where(*_of(connection, record), DELETIONS.c.state.in_(GONE)))


def suspects(tx: sa.Connection, connection: str, record: str) -> list[Deletion]:
    """Records that a read did not meet again, and that nobody asked the source about yet."""
    return _deletions(tx, sa.select(DELETIONS).where(*_of(connection, record), DELETIONS.c.state == "suspected"))


def suspected(tx: sa.Connection, connection: str) -> set[str]:
    """The records of a connection that have suspects."""
    wanted = sa.select(DELETIONS.c.record).where(DELETIONS.c.connection == connection, DELETIONS.c.state == "suspected")
    return set(tx.execute(wanted.distinct()).scalars())


def listing(
    tx: sa.Connection, connection: str | None = None, record: str | None = None, *, limit: int | None = None
) -> list[Deletion]:
    """Everything that ever went, newest first; suspected ones are left out."""
    wanted = sa.select(DELETIONS).where(DELETIONS.c.state != "suspected")
    if connection is not None:
        wanted = wanted.where(DELETIONS.c.connection == connection)
    if record is not None:
        wanted = wanted.where(DELETIONS.c.record == record)
    return _deletions(tx, wanted.order_by(None).order_by(DELETIONS.c.deleted_at.desc(), DELETIONS.c.key).limit(limit))


def suspect(tx: sa.Connection, connection: str, record: str, lost: Iterable[Vanished], run_id: str) -> None:
    """Remember records that a read did not meet again. What is known to be gone stays so."""
    statement = upsert(tx, DELETIONS)
    statement = statement.on_conflict_do_update(
        index_elements=list(DELETIONS.primary_key),
        set_={"state": "suspected", "ended_at": None},
        where=DELETIONS.c.state == "returned",
    )
    rows = [_row(connection, record, item, run_id, state="suspected", revision=0) for item in lost]
    for chunk in _chunks(rows):
        tx.execute(statement, chunk)


def commit_sweep(
    tx: sa.Connection,
    *,
    connection: str,
    record: str,
    deleted: Sequence[Vanished],
    left: Sequence[Vanished],
    returned: Collection[str],
    cleared: Collection[str],
    at: datetime,
    listed: int | None,
    confirmed_by: str | None,
    run_id: str,
) -> None:
    """Record what a look at the source found. `returned` and `cleared` are keys: gone ones that are there again, and
    suspects that are there. `listed` is how many keys the source has; None when only suspects were asked for."""
    if deleted or left:
        revision = _next_revision(tx, connection, record)
        statement = upsert(tx, DELETIONS)
        statement = statement.on_conflict_do_update(
            index_elements=list(DELETIONS.primary_key),
            set_={column.name: statement.excluded[column.name] for column in DELETIONS.c if not column.primary_key},
        )
        for state, found in (("deleted", deleted), ("left", left)):
            new = {"state": state, "deleted_at": at, "confirmed_by": confirmed_by, "revision": revision}
            for chunk in _chunks([_row(connection, record, item, run_id, **new) for item in found]):
                tx.execute(statement, chunk)
    take_back(tx, connection, record, returned, at)
    for keys in _chunks(sorted(cleared)):
        found_again = (*_of(connection, record), DELETIONS.c.key.in_(keys), DELETIONS.c.state == "suspected")
        tx.execute(sa.delete(DELETIONS).where(*found_again, DELETIONS.c.revision == 0))
        tx.execute(sa.update(DELETIONS).where(*found_again).values(state="returned", ended_at=at))
    if listed is not None:
        note_sweep(tx, connection, record, listed, at)


def note_sweep(tx: sa.Connection, connection: str, record: str, listed: int, at: datetime) -> None:
    """All keys were compared: the next sweep is due an interval later."""
    tx.execute(sa.update(UPKEEP).where(*_upkeep(tx, connection, record)).values(swept_at=at, keys=listed))


def take_back(tx: sa.Connection, connection: str, record: str, keys: Collection[str], at: datetime) -> None:
    """Gone records that are there again: a read met them, or a sweep listed them."""
    if not keys:
        return
    revision = _next_revision(tx, connection, record)
    for some in _chunks(sorted(keys)):
        back = sa.update(DELETIONS).where(*_of(connection, record), DELETIONS.c.key.in_(some), DELETIONS.c.state.in_(GONE))
        tx.execute(back.values(state="returned", ended_at=at, revision=revision))


def swept_at(tx: sa.Connection, connection: str) -> dict[str, datetime]:
    """When all keys of each record of a connection were last compared; it lacks those that never were."""
    wanted = sa.select(UPKEEP.c.record, UPKEEP.c.swept_at).where(UPKEEP.c.connection == connection)
    return {row.record: row.swept_at for row in tx.execute(wanted.where(UPKEEP.c.swept_at.is_not(None)))}


def consumed_revision(tx: sa.Connection, consumer: str, version: str | None, connection: str, record: str) -> int:
    """The last revision that a consumer, at this version (None: at any), has taken in; 0 before the first."""
    row = tx.execute(
        sa.select(DELETIONS_CONSUMED.c.version, DELETIONS_CONSUMED.c.revision).where(
            DELETIONS_CONSUMED.c.consumer == consumer,
            DELETIONS_CONSUMED.c.connection == connection,
            DELETIONS_CONSUMED.c.record == record,
        )
    ).one_or_none()
    return row.revision if row and version in (None, row.version) else 0


def changes(tx: sa.Connection, connection: str, record: str, after: int) -> list[Deletion]:
    """What was deleted, left or returned after a revision, as it is now."""
    return _deletions(tx, sa.select(DELETIONS).where(*_of(connection, record), DELETIONS.c.revision > after))


def behind(tx: sa.Connection, connection: str, consumers: Iterable[Consumer]) -> set[Consumer]:
    """Those of the consumers who have not taken in every change."""
    newest = sa.select(UPKEEP.c.record, UPKEEP.c.revision).where(UPKEEP.c.connection == connection)
    there = {row.record: row.revision for row in tx.execute(newest)}
    taken = {
        (row.consumer, row.record): row
        for row in tx.execute(sa.select(DELETIONS_CONSUMED).where(DELETIONS_CONSUMED.c.connection == connection))
    }

    def consumed(consumer: Consumer) -> int:
        row = taken.get((consumer.name, consumer.record))
        counts = row is not None and (consumer.versions is None or row.version in consumer.versions)
        return row.revision if row is not None and counts else 0

    return {consumer for consumer in consumers if there.get(consumer.record, 0) > consumed(consumer)}


def consume(tx: sa.Connection, consumer: str, version: str, connection: str, record: str, *, revision: int) -> None:
    """Record, in the transaction that publishes the result, up to where a consumer has taken changes in."""
    statement = upsert(tx, DELETIONS_CONSUMED).values(
        consumer=consumer, connection=connection, record=record, version=version, revision=revision
    )
    tx.execute(
        statement.on_conflict_do_update(
            index_elements=list(DELETIONS_CONSUMED.primary_key), set_={"version": version, "revision": revision}
        )
    )


def _upkeep(tx: sa.Connection, connection: str, record: str) -> tuple[sa.ColumnElement[bool], ...]:
    """The condition of the record's row, which is made when it is missing."""
    tx.execute(upsert(tx, UPKEEP).values(connection=connection, record=record, revision=0).on_conflict_do_nothing())
    return UPKEEP.c.connection == connection, UPKEEP.c.record == record


def _next_revision(tx: sa.Connection, connection: str, record: str) -> int:
    ours = _upkeep(tx, connection, record)
    counted = sa.update(UPKEEP).where(*ours).values(revision=UPKEEP.c.revision + 1)
    revision: int = tx.execute(counted.returning(UPKEEP.c.revision)).scalar_one()
    return revision


def _of(connection: str, record: str) -> tuple[sa.ColumnElement[bool], ...]:
    return DELETIONS.c.connection == connection, DELETIONS.c.record == record


def _row(connection: str, record: str, item: Vanished, run_id: str, **new: object) -> dict[str, Any]:
    fixed = {"deleted_at": None, "ended_at": None, "confirmed_by": None}
    last = {name: getattr(item, name) for name in ("key", "source_id", "company", "number", "modified_at")}
    return {"connection": connection, "record": record, "run_id": run_id} | last | fixed | new


def _deletions(tx: sa.Connection, statement: sa.Select[Any]) -> list[Deletion]:
    return [Deletion(**row) for row in tx.execute(statement.order_by(DELETIONS.c.key)).mappings()]


def _chunks(values: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (values[start : start + CHUNK] for start in range(0, len(values), CHUNK))
