"""What is wrong, from the moment it was seen until it is over, and who was told. An incident is opened once for each
key and told once to each channel; a channel that fails is tried again later.

Telling is at-least-once: a process that dies between a message and its commit leaves the next one to tell it again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa

from mlconnector_assets.state.schema import ALERT_CHANNELS, INCIDENT_NOTICES, INCIDENTS, upsert

FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)

Event = Literal["opened", "reminder", "resolved"]


@dataclass(frozen=True)
class Condition:
    """Something that is wrong now.

    `kind` is one of configuration.alerts.KINDS; with `subject` it is the incident's identity, so `subject` never holds
    what changes, such as a count. `what` is one sentence, `examples` are a few of the `count` cases, `mend` is what to do.
    """

    kind: str
    subject: str
    what: str
    mend: str
    count: int = 1
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class Incident:
    """A condition over time; `what`, `count` and `examples` as last seen. UTC."""

    id: int
    kind: str
    subject: str
    what: str
    mend: str
    count: int
    examples: list[str]
    opened_at: datetime
    last_seen_at: datetime
    resolved_at: datetime | None


@dataclass(frozen=True)
class Channel:
    """How a channel fares: `failures` in a row, the next attempt after them, and the last message that went out."""

    channel: str
    failures: int
    next_attempt_at: datetime | None
    last_error: str | None
    last_sent_at: datetime | None


@dataclass(frozen=True)
class Notice:
    """An incident that a channel has to tell, and why."""

    incident: Incident
    event: Event


def note(tx: sa.Connection, conditions: Iterable[Condition], now: datetime) -> tuple[list[Incident], list[Incident]]:
    """Compare what is wrong now with the open incidents. Returns those opened and those that are over now."""
    seen: dict[tuple[str, str], Incident] = {}
    is_open = INCIDENTS.c.resolved_at.is_(None)
    for condition in conditions:
        same = (INCIDENTS.c.kind == condition.kind, INCIDENTS.c.subject == condition.subject, is_open)
        values = asdict(condition) | {"examples": list(condition.examples), "last_seen_at": now}
        known = sa.update(INCIDENTS).where(*same).values(**values).returning(INCIDENTS)
        row = tx.execute(known).mappings().one_or_none()
        if row is None:
            row = tx.execute(sa.insert(INCIDENTS).values(**values, opened_at=now).returning(INCIDENTS)).mappings().one()
        seen[condition.kind, condition.subject] = Incident(**row)
    ended = [incident.id for incident in listing(tx) if (incident.kind, incident.subject) not in seen]
    over = []
    for incident_id in ended:
        statement_over = sa.update(INCIDENTS).where(INCIDENTS.c.id == incident_id, is_open).values(resolved_at=now)
        over += [Incident(**row) for row in tx.execute(statement_over.returning(INCIDENTS)).mappings()]
    return [incident for incident in seen.values() if incident.opened_at == now], over


def listing(tx: sa.Connection, *, closed: bool = False, limit: int | None = None) -> list[Incident]:
    """Open incidents, the oldest first; with `closed` all, the newest first."""
    wanted = sa.select(INCIDENTS).limit(limit)
    if closed:
        wanted = wanted.order_by(INCIDENTS.c.id.desc())
    else:
        wanted = wanted.where(INCIDENTS.c.resolved_at.is_(None)).order_by(INCIDENTS.c.id)
    return [Incident(**row) for row in tx.execute(wanted).mappings()]


def untold(
    tx: sa.Connection, channel: str, now: datetime, *, kinds: Collection[str] | None, remind_after: timedelta
) -> list[Notice]:
    """What a channel has to tell now: open incidents it has not told, or not for `remind_after`, and the end of those it
    has told. `kinds` None is all of them."""
    notice = INCIDENT_NOTICES.alias()
    joined = INCIDENTS.outerjoin(notice, sa.and_(notice.c.incident_id == INCIDENTS.c.id, notice.c.channel == channel))
    event = sa.case(
        (INCIDENTS.c.resolved_at.is_not(None), "resolved"), (notice.c.told_at.is_(None), "opened"), else_="reminder"
    ).label("event")
    is_open = INCIDENTS.c.resolved_at.is_(None)
    wanted = (
        sa.select(*INCIDENTS.c, event)
        .select_from(joined)
        .where(
            sa.or_(
                sa.and_(is_open, sa.or_(notice.c.told_at.is_(None), notice.c.told_at <= now - remind_after)),
                sa.and_(~is_open, notice.c.told_at.is_not(None), notice.c.end_told_at.is_(None)),
            )
        )
        .order_by(INCIDENTS.c.id)
    )
    if kinds is not None:
        wanted = wanted.where(INCIDENTS.c.kind.in_(kinds))
    rows = [dict(row) for row in tx.execute(wanted).mappings()]
    return [Notice(event=row.pop("event"), incident=Incident(**row)) for row in rows]


def told(tx: sa.Connection, channel: str, notices: Iterable[Notice], now: datetime, warning: str | None = None) -> None:
    """A channel has told these, perhaps not to everybody."""
    for notice in notices:
        key = {"incident_id": notice.incident.id, "channel": channel}
        values: dict[str, Any] = {"end_told_at": now} if notice.event == "resolved" else {"told_at": now}
        statement = upsert(tx, INCIDENT_NOTICES).values(**key, **{"told_at": now, **values})
        tx.execute(statement.on_conflict_do_update(index_elements=list(INCIDENT_NOTICES.primary_key), set_=values))
    _keep(tx, channel, failures=0, next_attempt_at=None, last_error=warning, last_sent_at=now)


def failed(tx: sa.Connection, channel: str, error: str, now: datetime, *, not_before: timedelta | None = None) -> datetime:
    """A channel could not send. Returns when it is tried again: later each time, and not before the other side asked."""
    before = sa.select(ALERT_CHANNELS.c.failures).where(ALERT_CHANNELS.c.channel == channel)
    failures = (tx.execute(before).scalar_one_or_none() or 0) + 1
    wait = min(FIRST_WAIT * 2 ** min(failures - 1, 10), LONGEST_WAIT)
    again: datetime = now + max(wait, min(not_before or wait, LONGEST_WAIT))
    _keep(tx, channel, failures=failures, next_attempt_at=again, last_error=error)
    return again


def channels(tx: sa.Connection) -> dict[str, Channel]:
    """Every channel that was ever used, by name."""
    return {row["channel"]: Channel(**row) for row in tx.execute(sa.select(ALERT_CHANNELS)).mappings()}


def _keep(tx: sa.Connection, channel: str, **values: object) -> None:
    statement = upsert(tx, ALERT_CHANNELS).values(channel=channel, **values)
    tx.execute(statement.on_conflict_do_update(index_elements=[ALERT_CHANNELS.c.channel], set_=values))
