"""What a flow would send now. Reads only; nothing is claimed, numbered or stored."""

from __future__ import annotations

from dataclasses import dataclass

from mlconnector_assets.records import RECORDS
from mlconnector_assets.state import control_numbers, documents, reads
from mlconnector_assets.steps.bodies import Body, make_body
from mlconnector_assets.steps.eligibility import eligibility_version
from mlconnector_assets.steps.render import consumer_of, find_candidates, load_documents
from mlconnector_assets.steps.workspace import Workspace


@dataclass(frozen=True)
class Preview:
    """The next file: its name, if nothing else is sent before, its body, and how many documents would follow in
    further files."""

    name: str
    body: Body
    waiting: int


def preview_flow(workspace: Workspace, partner_id: str, flow_name: str) -> Preview:
    """Render the next file of a flow without any effect. Raises ConfigurationError for an unknown partner or flow."""
    partner, flow = workspace.partner(partner_id), workspace.flow(partner_id, flow_name)
    with workspace.state.reading() as tx:
        due = reads.due(tx, consumer_of(partner_id, flow_name), eligibility_version(flow), flow.connection, flow.record)
        blocked = documents.blocked(tx, partner_id, flow_name)
        number = control_numbers.peek(tx, f"{partner_id}.{flow_name}")
    found = find_candidates(workspace, partner, flow, due, blocked)
    record = RECORDS[flow.record]
    chunk = found.unsent.head(flow.documents_per_file)
    body = make_body(flow, record, load_documents(found, chunk, record))
    return Preview(flow.remote_name(partner.id, number, workspace.clock().date()), body, found.unsent.height - chunk.height)
