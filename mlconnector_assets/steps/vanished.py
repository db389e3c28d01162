"""Documents of a flow that left, and are gone from their source since, or there again."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from mlconnector_assets.partners.specification import Flow, Partner
from mlconnector_assets.state import deletions, documents
from mlconnector_assets.state.documents import GONE_OUT, WAITING, DocumentRow


@dataclass(frozen=True)
class VanishedDocuments:
    """What a flow has to take in of a record's deletions, up to `revision` (0: nothing). `gone` left before and is deleted;
    `returned` was deleted, and has to be compared with what was sent again."""

    gone: list[DocumentRow]
    returned: list[DocumentRow]
    revision: int


def vanished_documents(tx: sa.Connection, partner: Partner, flow: Flow, consumer: str) -> VanishedDocuments:
    """What was deleted, or came back, since this consumer looked last."""
    after = deletions.consumed_revision(tx, consumer, None, flow.connection, flow.record)
    changed = deletions.changes(tx, flow.connection, flow.record, after)
    states = {row.source_id: row.state for row in changed}
    rows = documents.known(tx, partner.book, flow.name, flow.connection, states).values()
    return VanishedDocuments(
        gone=[row for row in rows if states[row.source_id] == "deleted" and _left(row)],
        returned=[row for row in rows if states[row.source_id] == "returned" and row.state == "deleted"],
        revision=max((row.revision for row in changed), default=0),
    )


def _left(row: DocumentRow) -> bool:
    """Whether it is with the partner, and this was not found before."""
    with_partner = row.state in (*GONE_OUT, "changed", "cancelled") or (row.state in WAITING and row.delivery_id is not None)
    return with_partner and row.seen_hash != "deleted"
