"""Records that could not be mapped: kept as received, with the reason, until a later read maps them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import sqlalchemy as sa

from mlconnector_assets.state.schema import SET_ASIDE, upsert


class Unmapped(Protocol):
    """What a source says of a record that it could not map."""

    @property
    def source_id(self) -> str:
        """The system's own key."""

    @property
    def company(self) -> str | None:
        """Our code of the company, if known."""

    @property
    def modified_at(self) -> datetime | None:
        """Last modification at the source, UTC."""

    @property
    def reason(self) -> str:
        """Why it could not be mapped, with the value found."""

    @property
    def source_record(self) -> str:
        """The record's JSON as received."""


@dataclass(frozen=True)
class SetAsideRow:
    """A record set aside. `seen_at` is the last read that met it, `first_seen_at` the first since it was last sound."""

    connection: str
    record: str
    source_id: str
    company: str | None
    modified_at: datetime | None
    reason: str
    source_record: str
    first_seen_at: datetime
    seen_at: datetime


def put(tx: sa.Connection, connection: str, record: str, items: Iterable[Unmapped], seen_at: datetime) -> None:
    """Keep records aside, or bring those kept already up to date."""
    rows = [
        {
            "connection": connection,
            "record": record,
            "source_id": item.source_id,
            "company": item.company,
            "modified_at": item.modified_at,
            "reason": item.reason,
            "source_record": item.source_record,
            "first_seen_at": seen_at,
            "seen_at": seen_at,
            "resolved_at": None,
        }
        for item in items
    ]
    if not rows:
        return
    statement = upsert(tx, SET_ASIDE)
    new, old = statement.excluded, SET_ASIDE.c
    tx.execute(
        statement.on_conflict_do_update(
            index_elements=list(SET_ASIDE.primary_key),
            set_={
                "company": new.company,
                "modified_at": new.modified_at,
                "reason": new.reason,
                "source_record": new.source_record,
                "first_seen_at": sa.case((old.resolved_at.is_(None), old.first_seen_at), else_=new.first_seen_at),
                "seen_at": new.seen_at,
                "resolved_at": None,
            },
        ),
        rows,
    )


def resolve(tx: sa.Connection, connection: str, record: str, source_ids: Iterable[str], at: datetime) -> list[str]:
    """Close the cases among `source_ids` (any number of mapped records). Returns those that were open."""
    ours = (SET_ASIDE.c.connection == connection, SET_ASIDE.c.record == record, SET_ASIDE.c.resolved_at.is_(None))
    waiting = set(tx.execute(sa.select(SET_ASIDE.c.source_id).where(*ours)).scalars())
    mapped = sorted(waiting.intersection(source_ids)) if waiting else []
    for source_id in mapped:
        tx.execute(sa.update(SET_ASIDE).where(*ours, SET_ASIDE.c.source_id == source_id).values(resolved_at=at))
    return mapped


def open_items(tx: sa.Connection, connection: str | None = None) -> list[SetAsideRow]:
    """Everything still set aside, oldest first."""
    wanted = sa.select(*(column for column in SET_ASIDE.c if column.name != "resolved_at")).where(
        SET_ASIDE.c.resolved_at.is_(None)
    )
    if connection is not None:
        wanted = wanted.where(SET_ASIDE.c.connection == connection)
    rows = tx.execute(wanted.order_by(SET_ASIDE.c.first_seen_at, SET_ASIDE.c.record, SET_ASIDE.c.source_id))
    return [SetAsideRow(**row) for row in rows.mappings()]
