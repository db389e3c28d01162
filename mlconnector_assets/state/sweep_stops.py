"""Sweeps that found more gone than a set share, and therefore recorded nothing: a person looks, and confirms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from mlconnector_assets.state.schema import SWEEP_STOPS


@dataclass(frozen=True)
class SweepStop:
    """A stopped sweep. `missing` of `stored` records were not at the source; `sample` names some of them. It is open
    until a person confirmed it, or a later sweep found less (`ended_at`)."""

    id: int
    connection: str
    record: str
    stopped_at: datetime
    missing: int
    stored: int
    sample: list[str]
    confirmed_at: datetime | None = None
    confirmed_by: str | None = None
    reason: str | None = None
    ended_at: datetime | None = None


def open_stops(tx: sa.Connection, connection: str | None = None, record: str | None = None) -> list[SweepStop]:
    """Stops that wait for a person, oldest first."""
    wanted = sa.select(SWEEP_STOPS).where(SWEEP_STOPS.c.ended_at.is_(None))
    if connection is not None:
        wanted = wanted.where(SWEEP_STOPS.c.connection == connection)
    if record is not None:
        wanted = wanted.where(SWEEP_STOPS.c.record == record)
    return [SweepStop(**row) for row in tx.execute(wanted.order_by(SWEEP_STOPS.c.id)).mappings()]


def stop(
    tx: sa.Connection, connection: str, record: str, *, missing: int, stored: int, sample: Sequence[str], at: datetime
) -> None:
    """Open a stop, or bring the one that is open up to date."""
    found = {"missing": missing, "stored": stored, "sample": list(sample)}
    if open_ones := open_stops(tx, connection, record):
        tx.execute(sa.update(SWEEP_STOPS).where(SWEEP_STOPS.c.id == open_ones[0].id).values(found))
        return
    tx.execute(sa.insert(SWEEP_STOPS).values(connection=connection, record=record, stopped_at=at, **found))


def end(
    tx: sa.Connection, connection: str, record: str, at: datetime, *, by: str | None = None, reason: str | None = None
) -> None:
    """Close an open stop: confirmed by a person, or (without `by`) because a later sweep found no mass deletion."""
    confirmed = {"confirmed_at": at, "confirmed_by": by, "reason": reason} if by else {}
    for open_one in open_stops(tx, connection, record):
        tx.execute(sa.update(SWEEP_STOPS).where(SWEEP_STOPS.c.id == open_one.id).values(ended_at=at, **confirmed))
