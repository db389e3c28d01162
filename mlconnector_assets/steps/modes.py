"""A partner's switch from test to live, or back, is a decision of whoever edited the partner's file: the first cycle with
the new mode chains it in the audit, before anything leaves by it."""

from __future__ import annotations

from mlconnector_assets.partners.specification import Partner
from mlconnector_assets.state import audit, partner_modes
from mlconnector_assets.state.processes import this_person
from mlconnector_assets.steps.workspace import Workspace


def note_mode(workspace: Workspace, partner: Partner) -> None:
    """Chain a switch that nobody has noted yet; who edited the file is not known, so the actor is who runs the cycle.
    Raises StorageFull, and StateError after a restore that nobody reconciled."""
    now = workspace.clock()
    with workspace.state.reading() as tx:
        before = partner_modes.last(tx, partner.id)
    if before == partner.mode:
        return
    if before is None:
        with workspace.state.transaction() as tx:
            partner_modes.first_seen(tx, partner.id, partner.mode, now)
        return
    with workspace.recorded() as tx:
        if partner_modes.switch(tx, partner.id, before, partner.mode, now):
            decision = audit.Decision(
                action="mode_changed",
                subject=f"partner {partner.id}",
                actor=this_person(),
                at=now,
                reason=f"mode: {before} became {partner.mode} in the partner's file; noticed by the first cycle since",
                partner=partner.id,
            )
            audit.decide(tx, workspace.audit_folder, decision)
    workspace.progress.note(f"{partner.id}: mode {before} became {partner.mode}")
