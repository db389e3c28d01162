"""What a flow may send without being asked: the rules that a person confirmed, and how much its runs usually send."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from mlconnector_assets.state.schema import DELIVERIES, DOCUMENTS, FLOW_RULES, RENDER_RUNS, upsert

REMEMBERED_RUNS = 50


def confirmed(tx: sa.Connection, partner: str, flow: str) -> dict[str, Any] | None:
    """The confirmed rules; None when there are none, and empty when the flow sent before rules were kept."""
    wanted = sa.select(FLOW_RULES.c.rules).where(FLOW_RULES.c.partner == partner, FLOW_RULES.c.flow == flow)
    rules: dict[str, Any] | None = tx.execute(wanted).scalar_one_or_none()
    return rules


def confirm(tx: sa.Connection, partner: str, flow: str, rules: Mapping[str, Any], at: datetime) -> None:
    """From now on, what these rules admit leaves without being asked."""
    values = {"rules": dict(rules), "confirmed_at": at}
    statement = upsert(tx, FLOW_RULES).values(partner=partner, flow=flow, **values)
    tx.execute(statement.on_conflict_do_update(index_elements=list(FLOW_RULES.primary_key), set_=values))


def has_history(tx: sa.Connection, partner: str, flow: str) -> bool:
    """Whether anything of this flow is on record as sent."""
    sent = sa.select(sa.literal(1)).where(
        DOCUMENTS.c.partner == partner, DOCUMENTS.c.flow == flow, DOCUMENTS.c.delivery_id.is_not(None)
    )
    made = sa.select(sa.literal(1)).where(
        DELIVERIES.c.partner == partner, DELIVERIES.c.flow == flow, DELIVERIES.c.folder == "outbound"
    )
    return any(tx.execute(wanted.limit(1)).first() for wanted in (sent, made))


def note_run(tx: sa.Connection, partner: str, flow: str, documents: int, at: datetime) -> None:
    """Remember how many documents a run sent."""
    tx.execute(sa.insert(RENDER_RUNS).values(partner=partner, flow=flow, documents=documents, finished_at=at))


def run_sizes(tx: sa.Connection, partner: str, flow: str) -> list[int]:
    """Documents of the newest runs that sent anything."""
    wanted = sa.select(RENDER_RUNS.c.documents).where(RENDER_RUNS.c.partner == partner, RENDER_RUNS.c.flow == flow)
    return list(tx.execute(wanted.order_by(RENDER_RUNS.c.id.desc()).limit(REMEMBERED_RUNS)).scalars())
