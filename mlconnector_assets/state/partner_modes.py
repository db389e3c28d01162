"""The mode, test or live, in which each partner was last sent to: by it a switch is noticed, and chained in the audit."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from mlconnector_assets.state.schema import PARTNER_MODES, upsert


def last(tx: sa.Connection, partner: str) -> str | None:
    """The mode of the last cycle; None before the first."""
    mode: str | None = tx.execute(sa.select(PARTNER_MODES.c.mode).where(PARTNER_MODES.c.partner == partner)).scalar_one_or_none()
    return mode


def first_seen(tx: sa.Connection, partner: str, mode: str, at: datetime) -> None:
    """Remember the mode of a partner that has none yet."""
    tx.execute(upsert(tx, PARTNER_MODES).values(partner=partner, mode=mode, since=at).on_conflict_do_nothing())


def switch(tx: sa.Connection, partner: str, before: str, mode: str, at: datetime) -> bool:
    """Remember a switch. Returns whether it was new: of several processes one notices it."""
    same = (PARTNER_MODES.c.partner == partner, PARTNER_MODES.c.mode == before)
    return bool(tx.execute(sa.update(PARTNER_MODES).where(*same).values(mode=mode, since=at)).rowcount)
