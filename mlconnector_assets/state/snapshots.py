"""What a partner has of a record whose whole state is sent to it: one row a key, with a hash of what was shown."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import sqlalchemy as sa

from mlconnector_assets.state.schema import SNAPSHOT_ROWS, upsert

CHUNK = 500


def shown(tx: sa.Connection, partner: str, flow: str) -> dict[str, str]:
    """Key to hash of every row that the partner has."""
    wanted = sa.select(SNAPSHOT_ROWS.c.key, SNAPSHOT_ROWS.c.hash).where(*_of(partner, flow))
    return {row.key: row.hash for row in tx.execute(wanted)}


def show(tx: sa.Connection, partner: str, flow: str, rows: Mapping[str, str], delivery_id: int) -> None:
    """A file shows these rows, key to hash."""
    statement = upsert(tx, SNAPSHOT_ROWS)
    statement = statement.on_conflict_do_update(
        index_elements=list(SNAPSHOT_ROWS.primary_key),
        set_={"hash": statement.excluded.hash, "delivery_id": statement.excluded.delivery_id},
    )
    for some in _chunks(rows):
        values = [{"partner": partner, "flow": flow, "key": key, "hash": rows[key], "delivery_id": delivery_id} for key in some]
        tx.execute(statement, values)


def forget(tx: sa.Connection, partner: str, flow: str, keys: Collection[str]) -> None:
    """The partner has these rows no more."""
    for some in _chunks(keys):
        tx.execute(sa.delete(SNAPSHOT_ROWS).where(*_of(partner, flow), SNAPSHOT_ROWS.c.key.in_(some)))


def _of(partner: str, flow: str) -> tuple[sa.ColumnElement[bool], ...]:
    return SNAPSHOT_ROWS.c.partner == partner, SNAPSHOT_ROWS.c.flow == flow


def _chunks(keys: Collection[str]) -> Iterator[list[str]]:
    ordered = sorted(keys)
    return (ordered[start : start + CHUNK] for start in range(0, len(ordered), CHUNK))
