"""Sending again what left before: under a new control number and name, recorded with who asked and why. (`replay`, in
contrast, sends the same bytes under the same name.)"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from mlconnector_assets.crash_points import CrashPoint, reached
from mlconnector_assets.errors import ConfigurationError, ConnectorError
from mlconnector_assets.state import deliveries, documents, holds
from mlconnector_assets.state.documents import DEVIATED, DocumentRow
from mlconnector_assets.state.holds import Hold
from mlconnector_assets.steps.holding import checked_decision, note_decision
from mlconnector_assets.steps.workspace import Workspace

ON_ITS_WAY = ("queued", "sending")


def resend_delivery(workspace: Workspace, delivery_id: int, *, by: str, reason: str) -> Hold:
    """Let the documents of a file leave again with the next run, in their newest version and a new file.

    Raises ConnectorError when the file is still on its way, or its documents left again since, or wait for a person.
    """
    by, reason = checked_decision(by, reason)
    with workspace.recorded() as tx:
        delivery = deliveries.find(tx, delivery_id)
        if delivery.state in ON_ITS_WAY:
            raise ConnectorError(
                f"delivery {delivery_id} is {delivery.state}: it has not left yet",
                mend="wait until it is delivered; the next `mlconnector sync` sends it",
            )
        rows = documents.of_delivery(tx, delivery_id)
        flows = [
            flow for partner, flow in workspace.project.flows() if (partner.id, flow.name) == (delivery.partner, delivery.flow)
        ]
        if any(flow.kind == "snapshot" for flow in flows):
            raise ConnectorError(
                f"delivery {delivery_id} is a snapshot: its rows are no documents that could leave again",
                mend="`mlconnector outbox replay` sends the same file again; the next one has the state as it is then",
            )
        if not rows:
            raise ConnectorError(
                f"the documents of delivery {delivery_id} left again in later files",
                mend="name the later file, or one document with --document",
            )
        return _reopen(workspace, tx, rows, f"delivery {delivery_id} again", by=by, reason=reason)


def resend_document(workspace: Workspace, document: str, *, by: str, reason: str, partner: str | None = None) -> Hold:
    """The same for one document, named by its number or its id at the source.

    Raises ConnectorError when none or several that left have this name.
    """
    by, reason = checked_decision(by, reason)
    book = workspace.partner(partner).book if partner is not None else None
    with workspace.recorded() as tx:
        rows = documents.sent_as(tx, document, book)
        if not rows:
            raise ConnectorError(f"no document {document!r} has left", mend="`mlconnector outbox list` shows what did")
        if len(rows) > 1:
            places = ", ".join(f"{row.partner} {row.flow} ({row.connection} {row.source_id})" for row in rows)
            raise ConnectorError(
                f"{document!r} names several documents: {places}", mend="name the partner with --partner, or use the id"
            )
        delivery = deliveries.find(tx, int(rows[0].delivery_id or 0))
        if delivery.state in ON_ITS_WAY:
            raise ConnectorError(
                f"{document!r} is in delivery {delivery.id}, which is {delivery.state}: it has not left yet",
                mend="wait until it is delivered; the next `mlconnector sync` sends it",
            )
        return _reopen(workspace, tx, rows, f"{document} again", by=by, reason=reason)


def _reopen(workspace: Workspace, tx: sa.Connection, rows: Sequence[DocumentRow], about: str, *, by: str, reason: str) -> Hold:
    for row in rows:
        if row.state in DEVIATED:
            raise ConnectorError(
                f"document {row.number or row.source_id} is {row.state}, and waits in hold {row.hold_id}",
                mend=f"decide about that first: `mlconnector holds show {row.hold_id}`",
            )
        if row.state != "sent":
            raise ConnectorError(f"document {row.number or row.source_id} is {row.state} already", mend="the next run sends it")
    first = rows[0]
    hold = holds.add(
        tx,
        partner=first.partner,
        flow=first.flow,
        connection=first.connection,
        kind="resend",
        about=about,
        documents=len(rows),
        opened_at=workspace.clock(),
        source_id=first.source_id if len(rows) == 1 else None,
        decided=holds.Decided("released", by, reason),
    )
    for row in rows:
        if not documents.reopen(tx, row, hold_id=hold.id, reason=reason):
            raise ConfigurationError(f"document {row.number or row.source_id} moved meanwhile", mend="run the same command again")
    reached(CrashPoint.RESEND_RELEASED)
    note_decision(workspace, tx, hold, rows, action="file_resent", by=by, reason=reason)
    return hold
