"""Which document was sent to whom. A document (partner, flow, connection, source_id) leaves once, unless a person
or a policy says again; whoever claims its row sends it. Nothing here sends anything.

    new ──► held ──► released ──► sent ──► changed, cancelled, deleted ──► sent (left as it is)
     │        └────► dismissed      ▲                └──► released (to be sent again)
     ├──► blocked ──────────────────┤
     ├──► baseline ► changed, …     │
     └──────────────────────────────┘

`partner` is everywhere the partner's book: documents of a partner in test mode are apart from the live ones."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from mlconnector_assets.state.schema import DELIVERIES, DOCUMENTS, REPLACEMENTS, upsert

CHUNK = 500
WAITING = ("blocked", "released")
"""May leave with the next run."""
GONE_OUT = ("sent", "baseline")
"""With the partner, as far as anybody knows."""
DEVIATED = ("changed", "cancelled", "deleted")
"""With the partner, and different at the source now: a person looks."""
STATES = ("held", "released", "dismissed", *GONE_OUT, *DEVIATED, "blocked")
SETTLED = DOCUMENTS.c.delivery_id.is_not(None)

Deviation = Literal["changed", "cancelled", "deleted"]


@dataclass(frozen=True)
class DocumentRow:
    """A document of a flow.

    `state` is one of the picture above. `business_hash` covers the record's business columns as sent, `rendered_hash`
    the rows that were written, `seen_hash` the newest version that was found to differ from what was sent ("cancelled"
    and "deleted" are such versions). `read_at` is the source's time of the read it came from. `hold_id` is the newest
    hold that concerned it, `delivery_id` the newest file it is in; a baseline was never in one of ours.
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
    company: str | None = None
    hold_id: int | None = None
    seen_hash: str | None = None


def claim(tx: sa.Connection, rows: Iterable[DocumentRow]) -> list[str]:
    """Claim documents for a file: they become "sent". Returns the source ids that are ours, in no special order.

    New, blocked and released documents can be claimed; what another transaction claimed, or a person holds, cannot.
    Waits for transactions that are claiming the same documents.
    """
    keep = {"hold_id"}
    return _put(tx, rows, keep=keep, over=WAITING, state="sent", reason=None, seen_hash=None)


def block(tx: sa.Connection, rows: Iterable[DocumentRow]) -> None:
    """Keep documents that cannot be rendered, each with its `reason`. A document that was sent stays sent; a
    replacement that cannot be rendered keeps the delivery it would replace."""
    keep = {"hold_id", "delivery_id", "seen_hash"}
    _put(tx, rows, keep=keep, over=WAITING, state="blocked", delivery_id=None)


def hold(tx: sa.Connection, rows: Iterable[DocumentRow], hold_id: int) -> list[str]:
    """Hold documents that have not left; those that others took meanwhile stay theirs. Returns the held source ids."""
    return _put(tx, rows, keep={"delivery_id", "seen_hash"}, over=("blocked",), state="held", hold_id=hold_id, delivery_id=None)


def baseline(tx: sa.Connection, rows: Iterable[DocumentRow], hold_id: int | None = None) -> list[str]:
    """Note documents as already with the partner, though none of our files brought them. Returns those now noted."""
    over = ("blocked", "held", "dismissed", "released")
    where = DOCUMENTS.c.delivery_id.is_(None)
    return _put(tx, rows, keep=set(), over=over, where=where, state="baseline", reason=None, hold_id=hold_id)


def deviate(tx: sa.Connection, row: DocumentRow, to: Deviation, *, hold_id: int, seen_hash: str, reason: str) -> bool:
    """A document that left is different now, and waits under this hold. False when its row moved meanwhile."""
    values = {"state": to, "hold_id": hold_id, "seen_hash": seen_hash, "reason": reason}
    return _move(tx, row, values)


def reopen(tx: sa.Connection, row: DocumentRow, *, hold_id: int | None, reason: str) -> bool:
    """A document that left may leave again, in its newest version. False when its row moved meanwhile."""
    return _move(tx, row, {"state": "released", "hold_id": hold_id, "reason": reason})


def leave(tx: sa.Connection, row: DocumentRow, *, seen_hash: str | None) -> bool:
    """A document that left counts as with the partner; `seen_hash` is the other version that is known and left alone,
    None when it is again as it was sent. False when its row moved meanwhile."""
    state = "sent" if row.delivery_id is not None else "baseline"
    return _move(tx, row, {"state": state, "reason": None, "seen_hash": seen_hash})


def see(tx: sa.Connection, row: DocumentRow, seen_hash: str) -> bool:
    """Note the newest version that differs, without any other effect. False when its row moved meanwhile."""
    return _move(tx, row, {"seen_hash": seen_hash})


def release_held(tx: sa.Connection, hold_id: int) -> int:
    """Everything under this hold may leave with the next run. Returns how many documents."""
    held = DOCUMENTS.c.hold_id == hold_id, DOCUMENTS.c.state.in_(("held", "changed"))
    return tx.execute(sa.update(DOCUMENTS).where(*held).values(state="released", reason=None)).rowcount


def dismiss_held(tx: sa.Connection, hold_id: int) -> int:
    """Nothing under this hold leaves: what never left never will, what left stays as the partner has it."""
    count = 0
    of_hold = DOCUMENTS.c.hold_id == hold_id
    for states, condition, to in (
        (("held",), sa.true(), "dismissed"),
        (DEVIATED, SETTLED, "sent"),
        (DEVIATED, sa.not_(SETTLED), "baseline"),
    ):
        moved = sa.update(DOCUMENTS).where(of_hold, DOCUMENTS.c.state.in_(states), condition)
        count += tx.execute(moved.values(state=to, reason=None)).rowcount
    return count


def sent_as(tx: sa.Connection, name: str, partner: str | None = None) -> list[DocumentRow]:
    """Documents that left and have this number, or this id at their source."""
    named = sa.or_(DOCUMENTS.c.number == name, DOCUMENTS.c.source_id == name)
    return _rows(tx, named, SETTLED, sa.true() if partner is None else DOCUMENTS.c.partner == partner)


def enter_sent(tx: sa.Connection, rows: Iterable[DocumentRow]) -> int:
    """Documents that left, as the audit tells after the database was restored: whatever it knew of them is older."""
    return len(_put(tx, rows, keep={"hold_id"}, over=STATES, state="sent", reason=None, seen_hash=None))


def enter_kept_back(tx: sa.Connection, rows: Iterable[DocumentRow]) -> int:
    """The same of documents that were dismissed or baselined; `state` says which. Those that left stay as they are."""
    return len(_put(tx, rows, keep={"hold_id"}, over=("blocked", "held", "released")))


def known(tx: sa.Connection, partner: str, flow: str, connection: str, source_ids: Collection[str]) -> dict[str, DocumentRow]:
    """The rows that exist among `source_ids`, by source id."""
    found = {}
    for chunk in _chunks(sorted(source_ids)):
        for row in tx.execute(sa.select(DOCUMENTS).where(*_of(partner, flow, connection, chunk))).mappings():
            found[row["source_id"]] = DocumentRow(**row)
    return found


def numbered(tx: sa.Connection, number: str) -> list[DocumentRow]:
    """Documents of this number, in any flow."""
    return _rows(tx, DOCUMENTS.c.number == number)


def of_hold(tx: sa.Connection, hold_id: int) -> list[DocumentRow]:
    """The documents whose newest hold this is, by number."""
    return _rows(tx, DOCUMENTS.c.hold_id == hold_id)


def of_delivery(tx: sa.Connection, delivery_id: int) -> list[DocumentRow]:
    """The documents whose newest file this is, by number."""
    return _rows(tx, DOCUMENTS.c.delivery_id == delivery_id)


def in_states(tx: sa.Connection, partner: str, flow: str, *states: str) -> list[DocumentRow]:
    """Documents of a flow in any of these states, by number."""
    return _rows(tx, DOCUMENTS.c.partner == partner, DOCUMENTS.c.flow == flow, DOCUMENTS.c.state.in_(states))


def blocked(tx: sa.Connection, partner: str, flow: str) -> list[DocumentRow]:
    """Blocked documents of a flow, by number."""
    return in_states(tx, partner, flow, "blocked")


def counts(tx: sa.Connection, partner: str, flow: str) -> dict[str, int]:
    """How many documents of a flow are in each state."""
    wanted = sa.select(DOCUMENTS.c.state, sa.func.count()).where(DOCUMENTS.c.partner == partner, DOCUMENTS.c.flow == flow)
    return dict(tx.execute(wanted.group_by(DOCUMENTS.c.state)).tuples().all())


def states(tx: sa.Connection, partner: str, flow: str) -> list[tuple[str, str, int | None, bool]]:
    """(source_id, state, delivery_id, whether a version is known that differs from what was sent) of a flow's documents."""
    differs = sa.or_(DOCUMENTS.c.state.in_(DEVIATED), DOCUMENTS.c.seen_hash.is_not(None))
    wanted = sa.select(DOCUMENTS.c.source_id, DOCUMENTS.c.state, DOCUMENTS.c.delivery_id, differs)
    wanted = wanted.where(DOCUMENTS.c.partner == partner, DOCUMENTS.c.flow == flow)
    return [(source_id, state, delivery, bool(other)) for source_id, state, delivery, other in tx.execute(wanted)]


def flows_with(tx: sa.Connection, *states: str) -> set[tuple[str, str]]:
    """(partner, flow) of all flows that have documents in any of these states."""
    wanted = sa.select(DOCUMENTS.c.partner, DOCUMENTS.c.flow).where(DOCUMENTS.c.state.in_(states))
    return {(row.partner, row.flow) for row in tx.execute(wanted.distinct())}


def same_numbers(tx: sa.Connection, partner: str, flow: str, numbers: Collection[str]) -> list[tuple[str, str | None, str]]:
    """(number, company, source_id) of the documents of a flow with one of these numbers, in whatever state."""
    found: list[tuple[str, str | None, str]] = []
    for chunk in _chunks(sorted(numbers)):
        wanted = sa.select(DOCUMENTS.c.number, DOCUMENTS.c.company, DOCUMENTS.c.source_id).where(
            DOCUMENTS.c.partner == partner, DOCUMENTS.c.flow == flow, DOCUMENTS.c.number.in_(chunk)
        )
        found += [(row.number, row.company, row.source_id) for row in tx.execute(wanted)]
    return found


def give_up(tx: sa.Connection, rows: Iterable[DocumentRow]) -> None:
    """Documents that waited to leave and are not eligible any more: forgotten, or as they were when they left."""
    for row in rows:
        if row.delivery_id is None:
            tx.execute(sa.delete(DOCUMENTS).where(*_as_it_was(row)))
        else:
            _move(tx, row, {"state": "sent", "reason": None})


def note_replacements(tx: sa.Connection, delivery_id: int, replaced: Iterable[DocumentRow]) -> None:
    """Link a new file to the ones whose documents it sends again; rows as they were before they were claimed."""
    rows = [
        {
            "delivery_id": delivery_id,
            "connection": row.connection,
            "source_id": row.source_id,
            "replaces": row.delivery_id,
            "hold_id": row.hold_id,
        }
        for row in replaced
        if row.delivery_id is not None
    ]
    if rows:
        tx.execute(sa.insert(REPLACEMENTS), rows)


def replaced(tx: sa.Connection, partner: str, flow: str, folder: str) -> list[tuple[int, str]]:
    """(delivery, source_id) of every document that a later file of the flow in this folder has replaced."""
    wanted = sa.select(REPLACEMENTS.c.replaces, REPLACEMENTS.c.source_id).join(
        DELIVERIES, DELIVERIES.c.id == REPLACEMENTS.c.delivery_id
    )
    of_flow = DELIVERIES.c.partner == partner, DELIVERIES.c.flow == flow, DELIVERIES.c.folder == folder
    return [(row.replaces, row.source_id) for row in tx.execute(wanted.where(*of_flow))]


def _put(
    tx: sa.Connection,
    rows: Iterable[DocumentRow],
    *,
    keep: Collection[str],
    over: Collection[str],
    where: sa.ColumnElement[bool] | None = None,
    **fixed: object,
) -> list[str]:
    """Insert rows, or update those in the states `over` except for the columns `keep`. Returns what was written."""
    statement = upsert(tx, DOCUMENTS)
    changing = [column.name for column in DOCUMENTS.c if not column.primary_key and column.name not in keep]
    allowed = sa.or_(*(DOCUMENTS.c.state == state for state in over))
    statement = statement.on_conflict_do_update(
        index_elements=list(DOCUMENTS.primary_key),
        set_={name: statement.excluded[name] for name in changing},
        where=allowed if where is None else sa.and_(allowed, where),
    )
    written: list[str] = []
    for chunk in _ordered(rows, **fixed):
        written += tx.execute(statement.returning(DOCUMENTS.c.source_id), chunk).scalars()
    return written


def _move(tx: sa.Connection, row: DocumentRow, values: Mapping[str, object]) -> bool:
    return bool(tx.execute(sa.update(DOCUMENTS).where(*_as_it_was(row)).values(values)).rowcount)


def _as_it_was(row: DocumentRow) -> tuple[sa.ColumnElement[bool], ...]:
    """The row, unless somebody moved it since it was read."""
    unmoved = DOCUMENTS.c.state == row.state, DOCUMENTS.c.delivery_id.is_not_distinct_from(row.delivery_id)
    return *_of(row.partner, row.flow, row.connection, [row.source_id]), *unmoved


def _rows(tx: sa.Connection, *conditions: sa.ColumnElement[bool]) -> list[DocumentRow]:
    wanted = sa.select(DOCUMENTS).where(*conditions).order_by(DOCUMENTS.c.number, DOCUMENTS.c.source_id)
    return [DocumentRow(**row) for row in tx.execute(wanted).mappings()]


def _of(partner: str, flow: str, connection: str, source_ids: Sequence[str]) -> tuple[sa.ColumnElement[bool], ...]:
    table = DOCUMENTS.c
    return table.partner == partner, table.flow == flow, table.connection == connection, table.source_id.in_(source_ids)


def _ordered(rows: Iterable[DocumentRow], **fixed: object) -> Iterable[list[dict[str, Any]]]:
    """Rows in the order of their identity: two transactions that want the same documents never deadlock."""
    ordered = sorted(rows, key=lambda row: (row.partner, row.flow, row.connection, row.source_id))
    return ([asdict(row) | fixed for row in chunk] for chunk in _chunks(ordered))


def _chunks(values: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (values[start : start + CHUNK] for start in range(0, len(values), CHUNK))
