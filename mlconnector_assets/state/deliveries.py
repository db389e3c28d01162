"""The outbox: files that were made and have to reach a partner. A delivery keeps its bytes (by SHA-256), name
and control number for ever; only its state moves: queued -> sending -> delivered | uncertain | dead."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa

from mlconnector_assets.errors import ConnectorError, LeaseHeld, LeaseLost, StateError
from mlconnector_assets.state.processes import is_gone
from mlconnector_assets.state.schema import DELIVERIES, Instant

MOVING = (
    "state", "attempts", "next_attempt_at", "last_error", "delivered_at", "how", "owner", "owned_until",
    "publishing", "queued_at",
)  # fmt: skip
"""Columns of a delivery that change on its way; the others stay as they were made."""

How = Literal["sent", "found", "confirmed"]
"""How it is known that a file is at the partner's: we put it there, it lay there already, or a person said so."""


@dataclass(frozen=True)
class Delivery:
    """A file for a partner.

    `totals` maps "column|currency" to decimal text. `attempts` counts up with every claim, also after a replay,
    and is the fence: only the worker of the newest attempt can change the row. `how` is one of How, of a delivered
    file. `owned_until` is when the claim of `owner` expires.
    `publishing` is the newest attempt that was about to give the file its final name: it may have done so.
    `sha256` and `size` are of the bytes that leave; `plain_sha256` is of the content where it leaves encoded.
    `queued_at` is when it was made or last replayed; None for one of an early version.
    """

    id: int
    partner: str
    flow: str
    remote_name: str
    folder: str
    sha256: str
    size: int
    documents: int
    totals: dict[str, str]
    control_number: int
    state: str
    attempts: int
    next_attempt_at: datetime
    last_error: str | None
    created_at: datetime
    delivered_at: datetime | None
    how: str | None
    owner: str | None
    owned_until: datetime | None
    publishing: int | None
    plain_sha256: str | None = None

    @property
    def content_sha256(self) -> str:
        """Of the content that people and programs read: before compression and encryption."""
        return self.plain_sha256 or self.sha256

    queued_at: datetime | None = None

    @property
    def waiting_since(self) -> datetime:
        """Since when it is to be delivered."""
        return self.queued_at or self.created_at


def enqueue(
    tx: sa.Connection,
    *,
    partner: str,
    flow: str,
    remote_name: str,
    sha256: str,
    size: int,
    documents: int,
    totals: Mapping[str, str],
    control_number: int,
    created_at: datetime,
    folder: str = "outbound",
    plain_sha256: str | None = None,
) -> Delivery:
    """Queue a file whose bytes are stored already; it is due at once.

    Raises StateError when a file of that name was made for this partner and folder before: names never serve twice.
    """
    if (other := named(tx, partner, folder, remote_name)) is not None:
        raise StateError(
            f"the name {remote_name} was given to delivery {other} already",
            where=f"partner {partner}, flow {flow}",
            mend="put {control_number} into the flow's file_name, so that every file has a name of its own",
        )
    statement = sa.insert(DELIVERIES).values(
        partner=partner,
        flow=flow,
        remote_name=remote_name,
        folder=folder,
        sha256=sha256,
        size=size,
        documents=documents,
        totals=dict(totals),
        control_number=control_number,
        state="queued",
        attempts=0,
        next_attempt_at=created_at,
        created_at=created_at,
        plain_sha256=plain_sha256,
        queued_at=created_at,
    )
    return Delivery(**tx.execute(statement.returning(DELIVERIES)).mappings().one())


def enter_again(tx: sa.Connection, written: Mapping[str, Any], now: datetime) -> Delivery:
    """Enter a delivery that the database lost, under its id, as it was made: queued, and due at once. `written` is its
    row as JSON has it, perhaps by another version of this package: what the table does not have is left out."""
    made = {column.name: _told(column, written.get(column.name)) for column in DELIVERIES.c if column.name not in MOVING}
    fresh = {"state": "queued", "attempts": 0, "queued_at": now, "next_attempt_at": now}
    statement = sa.insert(DELIVERIES).values(made | fresh)
    delivery = Delivery(**tx.execute(statement.returning(DELIVERIES)).mappings().one())
    if tx.dialect.name == "postgresql":
        highest = sa.select(sa.func.max(DELIVERIES.c.id)).scalar_subquery()
        tx.execute(sa.select(sa.func.setval(sa.func.pg_get_serial_sequence("deliveries", "id"), highest)))
    return delivery


def _told(column: sa.Column[Any], value: object) -> object:
    return datetime.fromisoformat(value) if isinstance(value, str) and isinstance(column.type, Instant) else value


def settle(tx: sa.Connection, delivery_id: int, how: How, at: datetime, remote_name: str) -> None:
    """A file is known to be at the partner's under this name, whatever the database thought of it."""
    done = {"state": "delivered", "how": how, "delivered_at": at, "remote_name": remote_name}
    free = {"owner": None, "owned_until": None, "last_error": None}
    tx.execute(sa.update(DELIVERIES).where(DELIVERIES.c.id == delivery_id).values(done | free))


def doubt(tx: sa.Connection, delivery_id: int, why: str) -> None:
    """A file may be at the partner's or not, whatever the database thought of it: a person decides."""
    free = {"owner": None, "owned_until": None}
    tx.execute(sa.update(DELIVERIES).where(DELIVERIES.c.id == delivery_id).values(state="uncertain", last_error=why, **free))


def named(tx: sa.Connection, partner: str, folder: str, remote_name: str) -> int | None:
    """The id of the delivery that has this name at the partner's; None when it is free."""
    wanted = sa.select(DELIVERIES.c.id).where(
        DELIVERIES.c.partner == partner, DELIVERIES.c.folder == folder, DELIVERIES.c.remote_name == remote_name
    )
    found: int | None = tx.execute(wanted).scalar_one_or_none()
    return found


def claim_next(tx: sa.Connection, partner: str, owner: str, now: datetime, ttl: timedelta) -> Delivery | None:
    """The oldest delivery of a partner that may be sent now, made ours until `now + ttl`; None when there is none.

    These are queued ones whose time has come, and those whose worker expired or is known to be dead.
    """
    return next(iter(claim(tx, partner, owner, now, ttl, files=1)), None)


def claim(
    tx: sa.Connection, partner: str, owner: str, now: datetime, ttl: timedelta, *, files: int, size: int = 0
) -> list[Delivery]:
    """The oldest deliveries of a partner that may be sent now, made ours until `now + ttl`: at most `files`, and no more
    once they have `size` bytes together. As `claim_next`."""
    ready = sa.select(DELIVERIES.c.id, DELIVERIES.c.size).where(DELIVERIES.c.partner == partner, _ready(tx, now, partner))
    taken: list[int] = []
    for found in tx.execute(ready.order_by(DELIVERIES.c.id).limit(files).with_for_update(skip_locked=True)):
        if taken and found.size > size:
            break
        taken.append(found.id)
        size -= found.size
    if not taken:
        return []
    statement = sa.update(DELIVERIES).where(DELIVERIES.c.id.in_(taken))
    statement = statement.values(state="sending", attempts=DELIVERIES.c.attempts + 1, owner=owner, owned_until=now + ttl)
    return sorted((Delivery(**row) for row in tx.execute(statement.returning(DELIVERIES)).mappings()), key=lambda one: one.id)


def count_ready(tx: sa.Connection, partner: str, now: datetime) -> int:
    """How many deliveries of a partner `claim` could give now."""
    ready = sa.select(sa.func.count()).where(DELIVERIES.c.partner == partner, _ready(tx, now, partner))
    return int(tx.execute(ready).scalar_one())


def renew(tx: sa.Connection, mine: Collection[Delivery], until: datetime) -> None:
    """Keep claims until then; those that are not ours any more stay as they are."""
    _change(tx, mine, owned_until=until)


def publish(tx: sa.Connection, mine: Collection[Delivery], until: datetime) -> set[int]:
    """Note, just before the files get their final names, that they are about to; keeps the claims until then.

    Returns the ids of those that are still ours: only these may be published.
    """
    return _change(tx, mine, publishing=DELIVERIES.c.attempts, owned_until=until)


def all_delivered(tx: sa.Connection, mine: Collection[Delivery], at: datetime, how: How) -> set[int]:
    """The files are at the partner's, whole. Returns the ids of those that are still ours; the others stay as they are."""
    return _change(tx, mine, state="delivered", delivered_at=at, how=how, last_error=None, owner=None, owned_until=None)


def rename(tx: sa.Connection, delivery: Delivery, remote_name: str) -> Delivery:
    """Give a delivery of ours another name for good. Raises LeaseLost when it is not ours any more."""
    statement = sa.update(DELIVERIES).where(*_ours(delivery)).values(remote_name=remote_name).returning(DELIVERIES)
    row = tx.execute(statement).mappings().one_or_none()
    if row is None:
        raise _lost(delivery)
    return Delivery(**row)


def still_owned(tx: sa.Connection, delivery: Delivery) -> bool:
    """Whether nobody else has claimed, finished or replayed this delivery since we claimed it."""
    return tx.execute(sa.select(DELIVERIES.c.id).where(*_ours(delivery))).scalar_one_or_none() is not None


def delivered(tx: sa.Connection, delivery: Delivery, at: datetime, how: How) -> None:
    """The file is at the partner's, whole. Raises LeaseLost when the delivery is not ours any more."""
    _finish(tx, delivery, state="delivered", delivered_at=at, how=how, last_error=None)


def postpone(tx: sa.Connection, delivery: Delivery, error: str, next_attempt_at: datetime) -> None:
    """Back to the queue, until `next_attempt_at`. Raises LeaseLost."""
    _finish(tx, delivery, state="queued", last_error=error, next_attempt_at=next_attempt_at)


def give_up(tx: sa.Connection, delivery: Delivery, error: str) -> None:
    """Time will not mend it: a person has to look, and may `replay` it. Raises LeaseLost."""
    _finish(tx, delivery, state="dead", last_error=error)


def uncertain(tx: sa.Connection, delivery: Delivery, error: str) -> None:
    """The file may or may not have arrived, and sending again could double it: a person decides. Raises LeaseLost."""
    _finish(tx, delivery, state="uncertain", last_error=error)


def replay(tx: sa.Connection, delivery_id: int, now: datetime) -> Delivery:
    """Queue a delivery again: same bytes, name and control number; attempts go on counting.

    Raises LeaseHeld while a worker is sending it.
    """
    find_idle(tx, delivery_id, now)
    statement = sa.update(DELIVERIES).where(DELIVERIES.c.id == delivery_id)
    statement = statement.values(
        state="queued",
        next_attempt_at=now,
        queued_at=now,
        delivered_at=None,
        how=None,
        owner=None,
        owned_until=None,
        publishing=None,
    )
    return Delivery(**tx.execute(statement.returning(DELIVERIES)).mappings().one())


def make_due(tx: sa.Connection, partner: str, now: datetime) -> None:
    """Make what waits for its next attempt due now."""
    waiting = (DELIVERIES.c.partner == partner, DELIVERIES.c.state == "queued", DELIVERIES.c.next_attempt_at > now)
    tx.execute(sa.update(DELIVERIES).where(*waiting).values(next_attempt_at=now))


def queued(tx: sa.Connection, partner: str | None = None, due_at: datetime | None = None) -> list[Delivery]:
    """What still has to be sent, oldest first: all of it, or only what `claim_next` would give at `due_at`."""
    ready = DELIVERIES.c.state.in_(("queued", "sending")) if due_at is None else _ready(tx, due_at, partner)
    wanted = sa.select(DELIVERIES).where(ready).order_by(DELIVERIES.c.id)
    return _deliveries(tx, wanted if partner is None else wanted.where(DELIVERIES.c.partner == partner))


def listing(
    tx: sa.Connection,
    partner: str | None = None,
    state: str | None = None,
    limit: int | None = 100,
    *,
    ids: Collection[int] | None = None,
) -> list[Delivery]:
    """Deliveries, newest first; all of them without `limit`, or those of `ids`."""
    wanted = sa.select(DELIVERIES).order_by(DELIVERIES.c.id.desc()).limit(limit)
    if ids is not None:
        wanted = wanted.where(DELIVERIES.c.id.in_(ids))
    if partner is not None:
        wanted = wanted.where(DELIVERIES.c.partner == partner)
    if state is not None:
        wanted = wanted.where(DELIVERIES.c.state == state)
    return _deliveries(tx, wanted)


def last_of(tx: sa.Connection, partner: str, flow: str, folder: str) -> Delivery | None:
    """The newest delivery of a flow into a folder (its role)."""
    wanted = sa.select(DELIVERIES).where(
        DELIVERIES.c.partner == partner, DELIVERIES.c.flow == flow, DELIVERIES.c.folder == folder
    )
    return next(iter(_deliveries(tx, wanted.order_by(DELIVERIES.c.id.desc()).limit(1))), None)


def search(tx: sa.Connection, remote_name: str, sha256: str | None = None) -> list[Delivery]:
    """Files of this name, at any partner, or whose hash begins with `sha256` (hex); oldest first."""
    same = DELIVERIES.c.remote_name == remote_name
    if sha256 is not None:
        same = sa.or_(same, DELIVERIES.c.sha256.startswith(sha256, autoescape=True))
    return _deliveries(tx, sa.select(DELIVERIES).where(same).order_by(DELIVERIES.c.id))


def find(tx: sa.Connection, delivery_id: int, *, lock: bool = False) -> Delivery:
    """One delivery. Raises ConnectorError when there is none of that id."""
    wanted = sa.select(DELIVERIES).where(DELIVERIES.c.id == delivery_id)
    row = tx.execute(wanted.with_for_update() if lock else wanted).mappings().one_or_none()
    if row is None:
        raise ConnectorError(f"there is no delivery {delivery_id}", mend="look at `mlconnector outbox list`")
    return Delivery(**row)


def find_idle(tx: sa.Connection, delivery_id: int, now: datetime) -> Delivery:
    """One delivery, locked, that a person may decide about. Raises LeaseHeld while a worker is sending it, and
    ConnectorError when there is none of that id."""
    row = find(tx, delivery_id, lock=True)
    if row.state == "sending" and (row.owned_until or now) > now and not is_gone(row.owner):
        raise LeaseHeld(f"delivery {delivery_id} is being sent right now by {row.owner}", mend="wait until it is done")
    return row


def _ready(tx: sa.Connection, now: datetime, partner: str | None) -> sa.ColumnElement[bool]:
    sending = DELIVERIES.c.state == "sending"
    owners = sa.select(DELIVERIES.c.owner).where(sending).distinct()
    if partner is not None:
        owners = owners.where(DELIVERIES.c.partner == partner)
    dead = [owner for owner in tx.execute(owners).scalars() if is_gone(owner)]
    return sa.or_(
        sa.and_(DELIVERIES.c.state == "queued", DELIVERIES.c.next_attempt_at <= now),
        sa.and_(sending, sa.or_(DELIVERIES.c.owned_until <= now, DELIVERIES.c.owner.in_(dead))),
    )


def _ours(delivery: Delivery) -> tuple[sa.ColumnElement[bool], ...]:
    return DELIVERIES.c.id == delivery.id, DELIVERIES.c.state == "sending", DELIVERIES.c.attempts == delivery.attempts


def _change(tx: sa.Connection, mine: Collection[Delivery], **values: object) -> set[int]:
    """Change those that are still ours, and return their ids."""
    if not mine:
        return set()
    these = sa.tuple_(DELIVERIES.c.id, DELIVERIES.c.attempts).in_([(delivery.id, delivery.attempts) for delivery in mine])
    statement = sa.update(DELIVERIES).where(DELIVERIES.c.state == "sending", these).values(values).returning(DELIVERIES.c.id)
    return set(tx.execute(statement).scalars())


def _finish(tx: sa.Connection, delivery: Delivery, **values: object) -> None:
    statement = sa.update(DELIVERIES).where(*_ours(delivery)).values(owner=None, owned_until=None, **values)
    if tx.execute(statement).rowcount == 0:
        raise _lost(delivery)


def _lost(delivery: Delivery) -> LeaseLost:
    return LeaseLost(
        f"delivery {delivery.id} ({delivery.remote_name}) was taken over by another worker",
        where=f"partner {delivery.partner}",
        mend="nothing to do: the other worker finishes it",
    )


def _deliveries(tx: sa.Connection, wanted: sa.Select[Any]) -> list[Delivery]:
    return [Delivery(**row) for row in tx.execute(wanted).mappings()]
