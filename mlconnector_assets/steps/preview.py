"""What a flow of documents would send now. Reads only; nothing is claimed, numbered or stored."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from dataclasses import dataclass

from mlconnector_assets.layouts import compile_layout
from mlconnector_assets.records import RECORDS
from mlconnector_assets.state import deliveries, documents, reads
from mlconnector_assets.state.deliveries import Delivery
from mlconnector_assets.state.documents import WAITING
from mlconnector_assets.state.reads import Consumer
from mlconnector_assets.steps.candidates import find_candidates, load_documents
from mlconnector_assets.steps.cut_off import versions_of
from mlconnector_assets.steps.judging import judge, recall
from mlconnector_assets.steps.next_file import NextFile, batches, next_file
from mlconnector_assets.steps.render import consumer_of
from mlconnector_assets.steps.workspace import Workspace


@dataclass(frozen=True)
class News:
    """What the next files tell the partner, by source id: what it does not have, has differently, or is to lose."""

    added: Collection[str] = ()
    changed: Collection[str] = ()
    removed: Collection[str] = ()


@dataclass(frozen=True)
class Difference:
    """The next file against the last one sent (None: there was none), as lines of a unified diff."""

    last: Delivery | None
    lines: list[str]


@dataclass(frozen=True)
class Preview:
    """The next file, if nothing else is sent before, and how many documents would follow in further files. It shows what
    would leave if everything that is `held`, or would be, were released."""

    file: NextFile
    waiting: int
    held: int
    news: News


def preview_flow(workspace: Workspace, partner_id: str, flow_name: str) -> Preview:
    """Render the next file of a flow without any effect. Raises ConfigurationError for an unknown partner or flow."""
    partner, flow = workspace.partner(partner_id), workspace.flow(partner_id, flow_name)
    with workspace.state.reading() as tx:
        consumer = Consumer(consumer_of(partner.book, flow_name), flow.record, versions_of(flow, workspace.clock()))
        due = reads.due(tx, flow.connection, consumer)
        waiting = documents.in_states(tx, partner.book, flow_name, *WAITING)
        held = documents.in_states(tx, partner.book, flow_name, "held")
    memory = recall(workspace, partner, flow)
    found = find_candidates(workspace, partner, flow, due=due, waiting=[*waiting, *held], rules=memory.confirmed)
    verdict = judge(workspace, partner, flow, found=found, waiting=waiting, memory=memory)
    kept = {row.source_id for row in held} | {row.source_id for hold in verdict.holds for row in hold.rows}
    unsent = found.select([*verdict.go, *kept]).filter("_may_leave")
    batch = next(batches(flow, unsent), unsent)
    file = next_file(workspace, partner, flow, load_documents(found, batch["source_id"].to_list(), RECORDS[flow.record]))
    before = {key for key, row in found.known.items() if row.delivery_id is not None}
    ids = set(unsent["source_id"])
    return Preview(file, unsent.height - file.documents_used, len(kept), News(ids - before, ids & before))


def compare_with_last(workspace: Workspace, partner_id: str, flow_name: str, file: NextFile) -> Difference:
    """Compare a file with the last one of its flow, line by line, as they were before they were compressed or encrypted."""
    partner, flow = workspace.partner(partner_id), workspace.flow(partner_id, flow_name)
    with workspace.state.reading() as tx:
        last = deliveries.last_of(tx, partner_id, flow_name, partner.outbox)
    before = workspace.files.read(last.content_sha256) if last else b""
    encoding = compile_layout(flow.layout, RECORDS[flow.record], file_format=flow.format).options.encoding
    old, new = (content.decode(encoding, "replace").splitlines() for content in (before, file.content))
    names = (last.remote_name if last else "nothing", file.name)
    return Difference(last, list(difflib.unified_diff(old, new, *names, n=0, lineterm="")))
