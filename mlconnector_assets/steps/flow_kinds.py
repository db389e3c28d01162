"""A flow of documents and a snapshot flow, behind the same questions: make its files, show the next one, prove them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mlconnector_assets.steps import preview, proof, render, snapshot
from mlconnector_assets.steps.modes import note_mode
from mlconnector_assets.steps.preview import Preview
from mlconnector_assets.steps.proof import Proof
from mlconnector_assets.steps.render import RenderOutcome
from mlconnector_assets.steps.workspace import Workspace


@dataclass(frozen=True)
class FlowKind:
    """What is done for flows of a kind; each takes the workspace, the partner's id and the flow's name."""

    render: Callable[[Workspace, str, str], RenderOutcome]
    preview: Callable[[Workspace, str, str], Preview]
    prove: Callable[[Workspace, str, str], Proof]


KINDS = {
    "documents": FlowKind(render.render_flow, preview.preview_flow, proof.prove_flow),
    "snapshot": FlowKind(snapshot.render_snapshot, snapshot.preview_snapshot, snapshot.prove_snapshot),
}


def render_flow(workspace: Workspace, partner_id: str, flow_name: str) -> RenderOutcome:
    """Queue files with everything that this flow has to send. Repeated, it queues nothing. Raises LeaseHeld,
    ConfigurationError, StateError, StorageFull."""
    kind = KINDS[workspace.flow(partner_id, flow_name).kind]
    note_mode(workspace, workspace.partner(partner_id))
    return kind.render(workspace, partner_id, flow_name)


def preview_flow(workspace: Workspace, partner_id: str, flow_name: str) -> Preview:
    """Render the next file of a flow without any effect. Raises ConfigurationError, and StorageFull."""
    return KINDS[workspace.flow(partner_id, flow_name).kind].preview(workspace, partner_id, flow_name)


def prove_flow(workspace: Workspace, partner_id: str, flow_name: str) -> Proof:
    """Whether the files of a flow have exactly what may leave, and their bytes are kept for a replay."""
    return KINDS[workspace.flow(partner_id, flow_name).kind].prove(workspace, partner_id, flow_name)
