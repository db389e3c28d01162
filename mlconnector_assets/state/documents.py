"""Which document was sent to whom. A document (partner, flow, connection, source_id) leaves once: whoever
claims its row sends it. Nothing here sends anything."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from mlconnector_assets.state.schema import DOCUMENTS, upsert

CHUNK = 500


@dataclass(frozen=True)
class DocumentRow:
    """A document of a flow.

    `state` is "sent" (claimed for a file), "blocked" (could not be rendered, see `reason`; tried again) or
    "changed" (sent, and different at the source since). `business_hash` covers the record's business columns
    as sent, `rendered_hash` the rows that were written. `read_at` is the source's time of the read it came from.
    """

    partner: str
    flow: str
    connection: str
    source_id: str
    number: str | None
    modified_at: datetime | None
    read_at: datetime
    business_hash: str
    rendered_hash: str | None = None
    state: str = "sent"
    reason: str | None = None
    delivery_id: int | None = None


def claim(tx: sa.Connection, rows: Iterable[DocumentRow]) -> list[str]:
    """Claim documents for a file: they become "sent". Returns the source ids that are ours, in no special order.

    New documents and blocked ones can be claimed; what another transaction claimed cannot. Waits for
    transactions that are claiming the same documents.
    """
    statement = upsert(tx, DOCUMENTS)
    statement = statement.on_conflict_do_update(
        index_elements=list(DOCUMENTS.primary_key),
        set_={column.name: statement.excluded[column.name] for column in DOCUMENTS.c if not column.primary_key},
        where=DOCUMENTS.c.state == "blocked",
    )
    claimed: list[str] = []
    for chunk in _ordered(rows, state="sent", reason=None):
        claimed += tx.execute(statement.returning(DOCUMENTS.c.source_id), chunk).scalars()
    return claimed


def known(tx: sa.Connection, partner: str, flow: str, connection: str, source_ids: Collection[str]) -> dict[str, DocumentRow]:
    """The rows that exist among `source_ids`, by source id."""
    found = {}
    for chunk in _chunks(sorted(source_ids)):
        for row in tx.execute(sa.select(DOCUMENTS).where(*_of(partner, flow, connection, chunk))).mappings():
            found[row["source_id"]] = DocumentRow(**row)
    return found


def block(tx: sa.Connection, rows: Iterable[DocumentRow]) -> None:
    """Keep documents that cannot be rendered, each with its `reason`. A document that was sent stays sent."""
    statement = upsert(tx, DOCUMENTS)
    statement = statement.on_conflict_do_update(
        index_elements=list(DOCUMENTS.primary_key),
        set_={column.name: statement.excluded[column.name] for column in DOCUMENTS.c if not column.primary_key},
        where=DOCUMENTS.c.state == "blocked",
    )
    for chunk in _ordered(rows, state="blocked", delivery_id=None):
        tx.execute(statement, chunk)


def unblock(tx: sa.Connection, partner: str, flow: str, connection: str, source_ids: Collection[str]) -> None:
    """Drop blocked rows of documents that are not to be sent any more, such as cancelled ones."""
    for chunk in _chunks(sorted(source_ids)):
        tx.execute(sa.delete(DOCUMENTS).where(*_of(partner, flow, connection, chunk), DOCUMENTS.c.state == "blocked"))


def blocked(tx: sa.Connection, partner: str, flow: str) -> list[DocumentRow]:
    """Blocked documents of a flow, by number."""
    wanted = sa.select(DOCUMENTS).where(DOCUMENTS.c.partner == partner, DOCUMENTS.c.flow == flow, DOCUMENTS.c.state == "blocked")
    return [DocumentRow(**row) for row in tx.execute(wanted.order_by(DOCUMENTS.c.number, DOCUMENTS.c.source_id)).mappings()]


def changed(tx: sa.Connection, partner: str, flow: str) -> list[DocumentRow]:
    """Documents of a flow that changed at the source after they were sent, by number."""
    wanted = sa.select(DOCUMENTS).where(DOCUMENTS.c.partner == partner, DOCUMENTS.c.flow == flow, DOCUMENTS.c.state == "changed")
    return [DocumentRow(**row) for row in tx.execute(wanted.order_by(DOCUMENTS.c.number, DOCUMENTS.c.source_id)).mappings()]


def note_changed(tx: sa.Connection, rows: Iterable[DocumentRow]) -> list[str]:
    """Compare documents as they are now with what was sent; where the business hash differs the row becomes
    "changed", where it is the sent one again it becomes "sent". Nothing is sent anew. A version older than the
    one on record is passed over. Returns the source ids that became "changed".
    """
    newly: list[str] = []
    for row in rows:
        same = (
            *_of(row.partner, row.flow, row.connection, [row.source_id]),
            sa.or_(DOCUMENTS.c.modified_at.is_(None), DOCUMENTS.c.modified_at <= row.modified_at),
        )
        changed = sa.update(DOCUMENTS).where(*same, DOCUMENTS.c.state == "sent", DOCUMENTS.c.business_hash != row.business_hash)
        if tx.execute(changed.values(state="changed", reason="changed at the source after it was sent")).rowcount:
            newly.append(row.source_id)
            continue
        restored = sa.update(DOCUMENTS).where(
            *same, DOCUMENTS.c.state == "changed", DOCUMENTS.c.business_hash == row.business_hash
        )
        tx.execute(restored.values(state="sent", reason=None))
    return newly


def _of(partner: str, flow: str, connection: str, source_ids: Sequence[str]) -> tuple[sa.ColumnElement[bool], ...]:
    table = DOCUMENTS.c
    return table.partner == partner, table.flow == flow, table.connection == connection, table.source_id.in_(source_ids)


def _ordered(rows: Iterable[DocumentRow], **fixed: object) -> Iterable[list[dict[str, Any]]]:
    """Rows in the order of their identity: two transactions that want the same documents never deadlock."""
    ordered = sorted(rows, key=lambda row: (row.partner, row.flow, row.connection, row.source_id))
    return ([asdict(row) | fixed for row in chunk] for chunk in _chunks(ordered))


def _chunks(values: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (values[start : start + CHUNK] for start in range(0, len(values), CHUNK))
