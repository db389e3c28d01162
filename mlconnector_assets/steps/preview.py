"""What a flow of documents would send now. Reads only; nothing is claimed, numbered or stored."""

from __future__ import annotations

from dataclasses import dataclass

from mlconnector_assets.records import RECORDS
from mlconnector_assets.state import documents, reads
from mlconnector_assets.state.documents import WAITING
from mlconnector_assets.steps.candidates import find_candidates, load_documents
from mlconnector_assets.steps.eligibility import eligibility_version
from mlconnector_assets.steps.judging import judge, recall
from mlconnector_assets.steps.next_file import NextFile, batches, next_file
from mlconnector_assets.steps.render import consumer_of
from mlconnector_assets.steps.workspace import Workspace


@dataclass(frozen=True)
class Preview:
    """The next file, if nothing else is sent before, and how many documents would follow in further files. It shows what
    would leave if everything that is `held`, or would be, were released."""

    file: NextFile
    waiting: int
    held: int


def preview_flow(workspace: Workspace, partner_id: str, flow_name: str) -> Preview:
    """Render the next file of a flow without any effect. Raises ConfigurationError for an unknown partner or flow."""
    partner, flow = workspace.partner(partner_id), workspace.flow(partner_id, flow_name)
    with workspace.state.reading() as tx:
        due = reads.due(tx, consumer_of(partner.book, flow_name), eligibility_version(flow), flow.connection, flow.record)
        waiting = documents.in_states(tx, partner.book, flow_name, *WAITING)
        held = documents.in_states(tx, partner.book, flow_name, "held")
    memory = recall(workspace, partner, flow)
    found = find_candidates(workspace, partner, flow, due=due, waiting=[*waiting, *held], rules=memory.confirmed)
    verdict = judge(workspace, partner, flow, found=found, waiting=waiting, memory=memory)
    kept = {row.source_id for row in held} | {row.source_id for hold in verdict.holds for row in hold.rows}
    unsent = found.select([*verdict.go, *kept]).filter("_may_leave")
    batch = next(batches(flow, unsent), unsent)
    file = next_file(workspace, partner, flow, load_documents(found, batch["source_id"].to_list(), RECORDS[flow.record]))
    return Preview(file, unsent.height - file.documents_used, len(kept))
