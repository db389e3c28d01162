"""When a snapshot waits for a person: it is the flow's first, its rules changed, it is so small that it may have been
read in part, or it lacks rows that the partner has. A release lets one file pass that is no smaller than what was held."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import polars as pl
from sqlalchemy import Connection

from mlconnector_assets.partners.specification import Flow, Partner
from mlconnector_assets.state import deliveries, flow_rules, holds
from mlconnector_assets.state.holds import Hold
from mlconnector_assets.steps.eligibility import rules_of
from mlconnector_assets.steps.next_file import NextFile
from mlconnector_assets.steps.state_change import StateChange
from mlconnector_assets.steps.workspace import Workspace

KINDS = ("first_run", "rules_changed", "small_state", "missing_rows")
SHOWN = 10
"""Reasons that a hold lists."""


@dataclass(frozen=True)
class Doubt:
    """Why a person has to look: one of `KINDS`, and what about it."""

    kind: str
    about: str


def doubt(workspace: Workspace, partner: Partner, flow: Flow, change: StateChange, file: NextFile) -> Doubt | None:
    """What speaks against sending this file."""
    rows, had = len(change.now), len(change.before)
    with workspace.state.reading() as tx:
        confirmed = flow_rules.confirmed(tx, partner.book, flow.name)
    if confirmed is None:
        return Doubt("first_run", f"{holds.KINDS['first_run']}: {rows} rows")
    if confirmed not in ({}, rules_of(flow)):
        return Doubt("rules_changed", f"{holds.KINDS['rules_changed']}: {rows} rows, the partner has {had}")
    if rows * 100 < had * flow.snapshot.hold_below:
        return Doubt("small_state", f"{holds.KINDS['small_state']}: {rows} rows, the partner has {had}")
    missing = change.before.keys() & change.now.keys() - set(file.body.documents["key"])
    if flow.snapshot.send == "full" and missing:
        lacking = change.rows.filter(pl.col("key").is_in(missing))["source_id"]
        reasons = "; ".join(f"{source_id}: {file.body.blocked.get(source_id, 'blocked')}" for source_id in lacking.head(SHOWN))
        return Doubt("missing_rows", f"{holds.KINDS['missing_rows']}: {len(missing)} rows ({reasons})")
    return None


def open_holds(workspace: Workspace, partner: Partner, flow: Flow) -> list[Hold]:
    """What waits for a decision about a snapshot flow."""
    with workspace.state.reading() as tx:
        return [hold for hold in holds.open(tx, partner.book, flow.name) if hold.kind in KINDS]


def withdraw(tx: Connection, several: Iterable[Hold], now: datetime) -> None:
    """End those that are open: their cause went away."""
    for hold in several:
        holds.withdraw(tx, hold.id, "the cause went away", now)


def ask(workspace: Workspace, partner: Partner, flow: Flow, change: StateChange, about: Doubt | None) -> tuple[bool, Hold | None]:
    """Whether the file may leave, and the hold that was opened, if one was. Holds for another cause are withdrawn."""
    if about is None:
        return True, None
    now, rows = workspace.clock(), len(change.now)
    with workspace.state.transaction() as tx:
        known = [hold for hold in holds.listing(tx, partner.book, flow.name) if hold.kind in KINDS]
        last = deliveries.last_of(tx, partner.id, flow.name, partner.outbox)
        withdraw(tx, [hold for hold in known if hold.kind != about.kind], now)
        same = [hold for hold in known if hold.kind == about.kind]
        if same and same[-1].state == "open":
            return False, None
        decided = same[-1] if same and (last is None or (same[-1].decided_at or now) > last.created_at) else None
        if decided and rows >= decided.documents:
            # what was dismissed stays here until something else is left of it
            return decided.state == "released", None
        opened = holds.add(
            tx,
            partner=partner.book,
            flow=flow.name,
            connection=flow.connection,
            kind=about.kind,
            about=about.about,
            documents=rows,
            rules=rules_of(flow) if about.kind in ("first_run", "rules_changed") else None,
            opened_at=now,
        )
    return False, opened
