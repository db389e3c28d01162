"""What waits for a person before it leaves, or because it left: who decided, when and why. A hold lists its
documents by their `hold_id`; a decision moves exactly these, once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from mlconnector_assets.errors import ConnectorError
from mlconnector_assets.state.schema import HOLDS

Decision = Literal["released", "dismissed"]

KINDS = {
    "first_run": "the flow has never sent anything, and nobody has confirmed its rules",
    "lost_state": "documents of this flow were sent, but the state database does not remember its rules",
    "rules_changed": "the flow's rules were widened, and admit documents that nobody has confirmed",
    "above_limit": "more documents than usual would leave at once",
    "small_state": "the current state is so much smaller than what the partner has that it may have been read in part",
    "missing_rows": "rows that the partner has cannot be rendered, and it would take their absence for their end",
    "same_number": "another document of this company with the same number was met before",
    "changed": "it was sent, and is different at its source now",
    "cancelled": "it was sent, and is cancelled or back in draft at its source now",
    "deleted": "it was sent, and is gone from its source now",
    "resend": "a person asked for it to be sent again under a new control number",
    "baseline": "a person said that the partner has it already",
}
"""Why something is held. The first six are of a run, the next four of one document; the last two are decided when they
are made."""
CANNOT_LEAVE = ("cancelled", "deleted")
"""Kinds whose documents cannot be sent again: a person settles it with the partner, and dismisses the hold."""


@dataclass(frozen=True)
class Hold:
    """A hold. `partner` is the partner's book (`acme`, or `acme.test` of a partner in test mode).

    `source_id` names the document when it concerns one. `totals` maps "column|currency" to decimal text. `rules`
    are the flow's rules that a release confirms, or None. `state` is open, released, dismissed, or withdrawn: its
    cause went away before anybody decided.
    """

    id: int
    partner: str
    flow: str
    connection: str
    kind: str
    source_id: str | None
    about: str
    documents: int
    totals: dict[str, str]
    rules: dict[str, Any] | None
    opened_at: datetime
    state: str
    decided_at: datetime | None
    decided_by: str | None
    reason: str | None


@dataclass(frozen=True)
class Decided:
    """What a person decided, who and why."""

    decision: Decision
    by: str
    reason: str


def add(
    tx: sa.Connection,
    *,
    partner: str,
    flow: str,
    connection: str,
    kind: str,
    about: str,
    documents: int,
    opened_at: datetime,
    totals: Mapping[str, str] | None = None,
    source_id: str | None = None,
    rules: Mapping[str, Any] | None = None,
    decided: Decided | None = None,
) -> Hold:
    """Open a hold, or record one that is `decided` from the start; its documents are given its id in the same transaction."""
    statement = sa.insert(HOLDS).values(
        partner=partner,
        flow=flow,
        connection=connection,
        kind=kind,
        source_id=source_id,
        about=about,
        documents=documents,
        totals=dict(totals or {}),
        rules=dict(rules) if rules is not None else None,
        opened_at=opened_at,
        state=decided.decision if decided else "open",
        decided_by=decided.by if decided else None,
        reason=decided.reason if decided else None,
        decided_at=opened_at if decided else None,
    )
    return Hold(**tx.execute(statement.returning(HOLDS)).mappings().one())


def open(tx: sa.Connection, partner: str | None = None, flow: str | None = None) -> list[Hold]:
    """What waits for a decision, oldest first."""
    return listing(tx, partner, flow, states=("open",))


def listing(
    tx: sa.Connection,
    partner: str | None = None,
    flow: str | None = None,
    *,
    states: Collection[str] | None = None,
    limit: int | None = None,
) -> list[Hold]:
    """Holds, oldest first; with `limit` the newest ones of them."""
    wanted = sa.select(HOLDS).order_by(HOLDS.c.id.desc()).limit(limit)
    if partner is not None:
        wanted = wanted.where(HOLDS.c.partner == partner)
    if flow is not None:
        wanted = wanted.where(HOLDS.c.flow == flow)
    if states is not None:
        wanted = wanted.where(HOLDS.c.state.in_(sorted(states)))
    return [Hold(**row) for row in tx.execute(wanted).mappings()][::-1]


def find(tx: sa.Connection, hold_id: int, *, lock: bool = False) -> Hold:
    """One hold. Raises ConnectorError when there is none of that id."""
    wanted = sa.select(HOLDS).where(HOLDS.c.id == hold_id)
    row = tx.execute(wanted.with_for_update() if lock else wanted).mappings().one_or_none()
    if row is None:
        raise ConnectorError(f"there is no hold {hold_id}", mend="look at `mlconnector holds list`")
    return Hold(**row)


def settle(tx: sa.Connection, hold: Hold, decision: Decision, *, by: str, reason: str, at: datetime) -> bool:
    """Record a decision about a hold that was found with `lock`. False when the very same was decided before.

    Raises ConnectorError when it was decided otherwise, or may not be released.
    """
    if hold.state == decision:
        return False
    if hold.state != "open":
        raise ConnectorError(
            f"hold {hold.id} was {hold.state} by {hold.decided_by} on {hold.decided_at:%Y-%m-%d %H:%M} UTC: {hold.reason}",
            mend="`mlconnector holds show` tells what it was about; a decision is not taken back, but "
            "`mlconnector outbox resend` sends a document that left before again",
        )
    if decision == "released" and hold.kind in CANNOT_LEAVE:
        raise ConnectorError(
            f"hold {hold.id} cannot be released: the document is {hold.kind} at its source, so there is nothing to send",
            mend="settle it with the partner (a credit note, a message), then `mlconnector holds dismiss` with the reason",
        )
    _close(tx, hold.id, decision, by=by, reason=reason, at=at)
    return True


def withdraw(tx: sa.Connection, hold_id: int, reason: str, at: datetime) -> bool:
    """End a hold whose cause went away; False when a person decided meanwhile."""
    return _close(tx, hold_id, "withdrawn", by="ml-connector", reason=reason, at=at)


def _close(tx: sa.Connection, hold_id: int, state: str, *, by: str, reason: str, at: datetime) -> bool:
    statement = sa.update(HOLDS).where(HOLDS.c.id == hold_id, HOLDS.c.state == "open")
    return bool(tx.execute(statement.values(state=state, decided_by=by, reason=reason, decided_at=at)).rowcount)
