"""The one transaction that makes a rendered body a file to be delivered: control number taken, bytes stored, delivery
queued, documents claimed, audit row chained. All of it or none."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
from sqlalchemy import Connection

from mlconnector_assets.crash_points import CrashPoint, reached
from mlconnector_assets.partners.specification import Flow, Partner
from mlconnector_assets.records import RECORDS
from mlconnector_assets.state import audit, deliveries
from mlconnector_assets.state.deliveries import Delivery
from mlconnector_assets.steps.business_hash import business_values
from mlconnector_assets.steps.encoding import encoded
from mlconnector_assets.steps.next_file import NextFile, numbers_scope
from mlconnector_assets.steps.workspace import Workspace

Settle = Callable[[Connection, Delivery | None], None]
"""Records what a flow's documents have become, now that they are in this delivery; None when no document is in a file."""


class Raced(Exception):
    """Somebody else claimed some of the documents first; nothing was committed."""

    def __init__(self, taken: list[str]) -> None:
        self.taken = taken
        super().__init__(f"{len(taken)} documents were claimed by another run")


class Renumbered(Exception):
    """Somebody else took the number that the file was made with; nothing was committed, and it has to be made again."""


def enter_outbox(workspace: Workspace, partner: Partner, flow: Flow, file: NextFile, settle: Settle) -> Delivery | None:
    """Queue the file, and let `settle` record its documents in the same transaction; without a document in it only that.
    Returns the delivery. Raises Renumbered, what `settle` raises, StateError for a name that is taken,
    StorageFull, and with PGP ConfigurationError and CredentialsError."""
    if file.body.documents.is_empty():
        with workspace.state.transaction() as tx:
            settle(tx, None)
        return None
    leaving = encoded(workspace, partner, flow, file.content)
    with workspace.recorded() as tx:
        if not file.numbers.take(tx, numbers_scope(partner, flow), flow):
            raise Renumbered
        sha256 = workspace.files.put(leaving)
        plain_sha256 = workspace.files.put(file.content)
        reached(CrashPoint.RENDER_FILE_STORED)
        delivery = deliveries.enqueue(
            tx,
            partner=partner.id,
            flow=flow.name,
            folder=partner.outbox,
            remote_name=file.name,
            sha256=sha256,
            size=len(leaving),
            documents=file.body.documents.height,
            totals=file.body.totals,
            control_number=file.numbers.control,
            created_at=file.made_at,
            plain_sha256=plain_sha256 if plain_sha256 != sha256 else None,
        )
        settle(tx, delivery)
        reached(CrashPoint.RENDER_DOCUMENTS_CLAIMED)
        segment = audit.write_segment(workspace.audit_folder, _audit_rows(partner, flow, file, delivery))
        reached(CrashPoint.RENDER_AUDIT_WRITTEN)
        audit.append(tx, kind="file", reference=f"delivery {delivery.id}", segment=segment)
    return delivery


def _audit_rows(partner: Partner, flow: Flow, file: NextFile, delivery: Delivery) -> pl.DataFrame:
    number = pl.col(RECORDS[flow.record].number_column).cast(pl.String).alias("number")
    kept = file.body.documents.select("connection", "company", "source_id", number, "modified_at", "content_hash", "position")
    values = business_values(file.body.documents, RECORDS[flow.record])
    kept = kept.with_columns(pl.Series("content", [values[source_id] for source_id in kept["source_id"]], pl.String))
    return audit.rows_of(
        kept,
        at=file.made_at,
        kind="file",
        reference=f"delivery {delivery.id}",
        record=flow.record,
        status="queued",
        partner=partner.id,
        flow=flow.name,
        file_name=delivery.remote_name,
        control_number=delivery.control_number,
    )
