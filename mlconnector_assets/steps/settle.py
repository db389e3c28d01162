"""A person says that the partner has a file, whatever the wire told us of it: nothing is sent any more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mlconnector_assets.crash_points import CrashPoint, reached
from mlconnector_assets.errors import ConnectorError
from mlconnector_assets.state import audit, deliveries, documents, journal
from mlconnector_assets.state.deliveries import Delivery
from mlconnector_assets.steps.holding import checked_decision, concerned, record_of
from mlconnector_assets.steps.workspace import Workspace


@dataclass(frozen=True)
class Settled:
    """A file that counts as delivered now; `before`: it did already, and nothing changed."""

    delivery: Delivery
    before: bool


def settle_deliveries(workspace: Workspace, delivery_ids: Sequence[int], *, by: str, reason: str) -> list[Settled]:
    """Count files as delivered: all of them, or none when one cannot be. The same decision twice changes nothing.

    Raises ConnectorError for an unknown id and for a file that was never tried (it cannot be in doubt), LeaseHeld while it
    is being sent, ConfigurationError without a reason, StateError after a restore that nobody reconciled.
    """
    by, reason = checked_decision(by, reason)
    now = workspace.clock()
    settled = []
    with workspace.recorded() as tx:
        for delivery_id in sorted(set(delivery_ids)):
            found = deliveries.find_idle(tx, delivery_id, now)
            if found.state == "delivered":
                settled.append(Settled(found, before=True))
                continue
            if not found.attempts:
                raise ConnectorError(
                    f"delivery {found.id} ({found.remote_name}) was never tried, so the partner cannot have it from us",
                    mend="check the id with `mlconnector outbox list`; the next `mlconnector sync` sends this file",
                )
            deliveries.settle(tx, found.id, "confirmed", now, found.remote_name)
            decision = audit.Decision(
                action="file_settled",
                subject=f"delivery {found.id}",
                actor=by,
                at=now,
                reason=reason,
                partner=found.partner,
                flow=found.flow,
                record=record_of(workspace, found.partner, found.flow),
            )
            audit.decide(tx, workspace.audit_folder, decision, concerned(documents.of_delivery(tx, found.id)))
            reached(CrashPoint.FILE_SETTLED)
            settled.append(Settled(deliveries.find(tx, found.id), before=False))
    for one in settled:
        if not one.before:
            journal.note_arrival(workspace.audit_folder, one.delivery, now)
    return settled
