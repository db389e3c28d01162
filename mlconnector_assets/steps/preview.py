"""What a flow would send now. Reads only; nothing is claimed, numbered or stored."""

from __future__ import annotations

from dataclasses import dataclass

from mlconnector_assets.records import RECORDS
from mlconnector_assets.state import documents, reads
from mlconnector_assets.steps.eligibility import eligibility_version
from mlconnector_assets.steps.next_file import NextFile, batches, next_file
from mlconnector_assets.steps.render import consumer_of, find_candidates, load_documents
from mlconnector_assets.steps.workspace import Workspace


@dataclass(frozen=True)
class Preview:
    """The next file, if nothing else is sent before, and how many documents would follow in further files."""

    file: NextFile
    waiting: int


def preview_flow(workspace: Workspace, partner_id: str, flow_name: str) -> Preview:
    """Render the next file of a flow without any effect. Raises ConfigurationError for an unknown partner or flow."""
    partner, flow = workspace.partner(partner_id), workspace.flow(partner_id, flow_name)
    with workspace.state.reading() as tx:
        due = reads.due(tx, consumer_of(partner_id, flow_name), eligibility_version(flow), flow.connection, flow.record)
        blocked = documents.blocked(tx, partner_id, flow_name)
    found = find_candidates(workspace, partner, flow, due, blocked)
    batch = next(batches(flow, found.unsent), found.unsent)
    file = next_file(workspace, partner, flow, load_documents(found, batch, RECORDS[flow.record]))
    return Preview(file, found.unsent.height - file.documents_used)
