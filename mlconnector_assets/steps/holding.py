"""Carrying out what was judged, and what a person decides about it: each in one transaction, with its audit rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl
import sqlalchemy as sa

from mlconnector_assets.crash_points import CrashPoint, reached
from mlconnector_assets.errors import ConfigurationError
from mlconnector_assets.partners.specification import TEST_BOOK, Flow, Partner
from mlconnector_assets.state import audit, documents, flow_rules, holds
from mlconnector_assets.state.documents import DEVIATED, DocumentRow
from mlconnector_assets.state.holds import Decision, Hold
from mlconnector_assets.steps.judging import Move, Verdict
from mlconnector_assets.steps.workspace import Workspace

SETTLED_BY_ITSELF = "the document is again as it was sent, or something newer is known about it"


@dataclass(frozen=True)
class Decided:
    """A decision: its hold, how many documents it moved, and whether it had been taken before."""

    hold: Hold
    documents: int
    before: bool


def carry_out(workspace: Workspace, partner: Partner, flow: Flow, verdict: Verdict) -> list[Hold]:
    """Open the verdict's holds and move the rows of documents that left. Returns the new holds."""
    now = workspace.clock()
    opened: list[Hold] = []
    with workspace.state.transaction() as tx:
        for new in verdict.holds:
            hold = holds.add(
                tx,
                partner=partner.book,
                flow=flow.name,
                connection=flow.connection,
                kind=new.kind,
                source_id=new.source_id,
                about=new.about,
                documents=len(new.rows) + len(new.moves),
                totals=new.totals,
                rules=new.rules,
                opened_at=now,
            )
            documents.hold(tx, new.rows, hold.id)
            for move in new.moves:
                _deviate(tx, move, hold, now)
            opened.append(hold)
        for move in verdict.moves:
            if hold_of_move := _move(tx, flow, move, now):
                opened.append(hold_of_move)
        documents.give_up(tx, verdict.given_up)
        if verdict.confirm is not None:
            flow_rules.confirm(tx, partner.book, flow.name, verdict.confirm, now)
        reached(CrashPoint.RENDER_JUDGED)
    return opened


def decide(workspace: Workspace, hold_ids: Sequence[int], decision: Decision, *, by: str, reason: str) -> list[Decided]:
    """Release or dismiss holds: all of them, or none when one cannot be. The same decision twice changes nothing.

    Raises ConnectorError for an unknown hold, or one that was decided otherwise; ConfigurationError without a reason.
    """
    by, reason = checked_decision(by, reason)
    now = workspace.clock()
    decided = []
    with workspace.recorded() as tx:
        for hold_id in sorted(set(hold_ids)):
            hold = holds.find(tx, hold_id, lock=True)
            rows = documents.of_hold(tx, hold.id)
            if not holds.settle(tx, hold, decision, by=by, reason=reason, at=now):
                decided.append(Decided(hold, 0, before=True))
                continue
            moved = documents.release_held(tx, hold.id) if decision == "released" else documents.dismiss_held(tx, hold.id)
            if decision == "released" and hold.rules is not None:
                flow_rules.confirm(tx, hold.partner, hold.flow, hold.rules, now)
            reached(CrashPoint.HOLD_DECIDED)
            note_decision(workspace, tx, hold, rows, action=f"hold_{decision}", by=by, reason=reason)
            decided.append(Decided(holds.find(tx, hold.id), moved, before=False))
    return decided


def checked_decision(by: str, reason: str) -> tuple[str, str]:
    """Who and why, without spaces around. Raises ConfigurationError when one of them is missing."""
    by, reason = by.strip(), reason.strip()
    if not by or not reason:
        raise ConfigurationError("a decision needs who made it and a reason", mend="say why, with --reason TEXT; it is kept")
    return by, reason


def note_decision(
    workspace: Workspace, tx: sa.Connection, hold: Hold, rows: Sequence[DocumentRow], *, action: str, by: str, reason: str
) -> None:
    """Chain a decision about a hold, with one audit row for each of its documents."""
    decision = audit.Decision(
        action=action,
        subject=f"hold {hold.id}",
        actor=by,
        at=workspace.clock(),
        reason=reason,
        partner=hold.partner,
        flow=hold.flow,
        connection=hold.connection,
        record=record_of(workspace, partner_of(hold.partner), hold.flow),
    )
    audit.decide(tx, workspace.audit_folder, decision, concerned(rows))


def concerned(rows: Sequence[DocumentRow]) -> pl.DataFrame | None:
    """The documents that a decision is about, as the audit takes them: connection, company, source_id, number. None when
    there are none."""
    columns = ("connection", "company", "source_id", "number")
    schema = {name: audit.AUDIT_SCHEMA[name] for name in columns}
    values = [(row.connection, row.company, row.source_id, row.number) for row in rows]
    return pl.DataFrame(values, schema=schema, orient="row") if values else None


def record_of(workspace: Workspace, partner_id: str, flow_name: str) -> str | None:
    """The record that a flow sends; None when the project does not have the flow any more."""
    partner = workspace.project.partners.get(partner_id)
    flow = partner.flows.get(flow_name) if partner is not None else None
    return flow.record if flow is not None else None


def partner_of(book: str) -> str:
    """The id of the partner that a book belongs to."""
    return book.removesuffix(TEST_BOOK)


def _move(tx: sa.Connection, flow: Flow, move: Move, now: datetime) -> Hold | None:
    row = move.row
    if move.to == "see":
        documents.see(tx, row, str(move.seen_hash))
        return None
    if row.state in DEVIATED and row.hold_id is not None and holds.find(tx, row.hold_id).source_id is not None:
        holds.withdraw(tx, row.hold_id, SETTLED_BY_ITSELF, now)
    if move.to == "leave":
        documents.leave(tx, row, seen_hash=move.seen_hash)
    elif move.to == "reopen":
        documents.reopen(tx, row, hold_id=None, reason="changed at its source after it was sent")
    else:
        assert move.deviation is not None
        hold = holds.add(
            tx,
            partner=row.partner,
            flow=flow.name,
            connection=row.connection,
            kind=move.deviation,
            source_id=row.source_id,
            about=f"{row.number or row.source_id}: {holds.KINDS[move.deviation]}",
            documents=1,
            opened_at=now,
        )
        _deviate(tx, move, hold, now)
        return hold
    return None


def _deviate(tx: sa.Connection, move: Move, hold: Hold, now: datetime) -> None:
    """A row that somebody moved meanwhile is theirs: its hold ends at once, and the next run looks again."""
    assert move.deviation is not None
    assert move.seen_hash is not None
    moved = documents.deviate(
        tx, move.row, move.deviation, hold_id=hold.id, seen_hash=move.seen_hash, reason=holds.KINDS[move.deviation]
    )
    if not moved and hold.source_id is not None:
        holds.withdraw(tx, hold.id, "somebody else moved the document meanwhile", now)
