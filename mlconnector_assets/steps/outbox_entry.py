"""The one transaction that makes a rendered body a file to be delivered: documents claimed, control number
taken, bytes stored, delivery queued, audit row chained. All of it or none."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import polars as pl
from sqlalchemy import Connection

from mlconnector_assets.crash_points import CrashPoint, reached
from mlconnector_assets.partners.specification import Flow, Partner
from mlconnector_assets.records import RECORDS
from mlconnector_assets.state import audit, control_numbers, deliveries, documents
from mlconnector_assets.state.deliveries import Delivery
from mlconnector_assets.state.documents import DocumentRow
from mlconnector_assets.steps.bodies import Body
from mlconnector_assets.steps.workspace import Workspace


class Raced(Exception):
    """Somebody else claimed some of the documents first; nothing was committed."""

    def __init__(self, taken: list[str]) -> None:
        self.taken = taken
        super().__init__(f"{len(taken)} documents were claimed by another run")


def enter_outbox(workspace: Workspace, partner: Partner, flow: Flow, body: Body, rows: dict[str, DocumentRow]) -> Delivery | None:
    """Queue the file and record its blocked documents; None when no document is in it. Raises Raced, StorageFull."""
    now = workspace.clock()
    with workspace.state.transaction() as tx:
        documents.block(
            tx, [replace(rows[source_id], state="blocked", reason=reason) for source_id, reason in body.blocked.items()]
        )
        if body.documents.is_empty():
            return None
        number = control_numbers.take(tx, f"{partner.id}.{flow.name}")
        sha256 = workspace.files.put(body.content)
        reached(CrashPoint.RENDER_FILE_STORED)
        delivery = deliveries.enqueue(
            tx,
            partner=partner.id,
            flow=flow.name,
            folder=partner.sftp.folders.outbound,
            remote_name=flow.remote_name(partner.id, number, now.date()),
            sha256=sha256,
            size=len(body.content),
            documents=body.documents.height,
            totals=body.totals,
            control_number=number,
            created_at=now,
        )
        _claim(tx, body, rows, delivery)
        reached(CrashPoint.RENDER_DOCUMENTS_CLAIMED)
        segment = audit.write_segment(workspace.audit_folder, _audit_rows(partner, flow, body, delivery, now))
        reached(CrashPoint.RENDER_AUDIT_WRITTEN)
        audit.append(tx, kind="file", reference=f"delivery {delivery.id}", segment=segment)
    return delivery


def _claim(tx: Connection, body: Body, rows: dict[str, DocumentRow], delivery: Delivery) -> None:
    wanted = body.documents["source_id"].to_list()
    claimed = documents.claim(tx, [replace(rows[source_id], state="sent", delivery_id=delivery.id) for source_id in wanted])
    if len(claimed) != len(wanted):
        raise Raced(sorted(set(wanted) - set(claimed)))


def _audit_rows(partner: Partner, flow: Flow, body: Body, delivery: Delivery, now: datetime) -> pl.DataFrame:
    number = pl.col(RECORDS[flow.record].number_column).cast(pl.String).alias("number")
    kept = body.documents.select("connection", "company", "source_id", number, "modified_at", "content_hash", "position")
    return audit.rows_of(
        kept,
        at=now,
        kind="file",
        reference=f"delivery {delivery.id}",
        record=flow.record,
        status="queued",
        partner=partner.id,
        flow=flow.name,
        file_name=delivery.remote_name,
        control_number=delivery.control_number,
    )
