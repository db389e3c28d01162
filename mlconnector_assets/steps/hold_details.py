"""What a person sees of a hold before deciding: its documents as they are at their source now, and what differs from
what was sent."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import polars as pl

from mlconnector_assets.records import RECORDS, Record
from mlconnector_assets.state import audit, documents, holds
from mlconnector_assets.state.documents import DocumentRow
from mlconnector_assets.state.holds import Hold
from mlconnector_assets.steps.business_hash import business_values
from mlconnector_assets.steps.holding import partner_of
from mlconnector_assets.steps.rows import newest_rows
from mlconnector_assets.steps.workspace import Workspace
from mlconnector_assets.store.current import newest_versions

LONGEST = 80
"""Characters of a value that are shown."""


@dataclass(frozen=True)
class HeldDocument:
    """A document of a hold. `amount` has its currency; `differences` are "column: as sent → as it is now"."""

    number: str | None
    source_id: str
    state: str
    counterparty: str
    date: str
    amount: str
    differences: tuple[str, ...]


def documents_of_hold(workspace: Workspace, hold_id: int) -> tuple[Hold, list[HeldDocument]]:
    """A hold and the documents it still lists; one that another hold took over since is listed there.

    Raises ConnectorError for an unknown hold, ConfigurationError when its flow is gone from the partner's file.
    """
    with workspace.state.reading() as tx:
        hold = holds.find(tx, hold_id)
        rows = documents.of_hold(tx, hold.id)
    record = RECORDS[workspace.flow(partner_of(hold.partner), hold.flow).record]
    ids = [row.source_id for row in rows]
    stored = newest_rows(workspace, hold.connection, record).filter(pl.col("source_id").is_in(ids)).drop("source_record")
    frame = newest_versions(stored, record).collect()
    now = {row["source_id"]: row for row in frame.drop(_nested(frame)).iter_rows(named=True)}
    parties = _parties(frame)
    differing = [row for row in rows if row.delivery_id is not None and row.seen_hash is not None]
    sent = as_sent(workspace, differing)
    values = business_values(frame.filter(pl.col("source_id").is_in([row.source_id for row in differing])), record)
    return hold, [
        HeldDocument(
            number=row.number,
            source_id=row.source_id,
            state=row.state,
            counterparty=parties.get(row.source_id, ""),
            date=_date(record, now.get(row.source_id, {})),
            amount=_amount(record, now.get(row.source_id, {})),
            differences=_differences(row, sent, values.get(row.source_id)),
        )
        for row in rows
    ]


def as_sent(workspace: Workspace, rows: list[DocumentRow]) -> dict[str, list[list[Any]]]:
    """The business columns and totals of documents as their newest file has them: source_id to [[column, value], …]; a
    document whose audit row does not hold them is missing."""
    found: dict[str, list[list[Any]]] = {}
    for delivery in {row.delivery_id for row in rows}:
        wanted = [row.source_id for row in rows if row.delivery_id == delivery]
        found |= as_in_file(workspace, delivery, wanted)
    return found


def as_in_file(workspace: Workspace, delivery: int | None, source_ids: list[str]) -> dict[str, list[list[Any]]]:
    """The same of documents as one file has them."""
    with workspace.state.reading() as tx:
        entries = audit.entries(tx, kind="file", reference=f"delivery {delivery}")
    found: dict[str, list[list[Any]]] = {}
    for entry in entries:
        segment = pl.scan_parquet(workspace.audit_folder / entry.segment.path)
        if "content" not in segment.collect_schema():
            continue
        told = segment.filter(pl.col("source_id").is_in(source_ids) & pl.col("content").is_not_null())
        rows = told.select("source_id", "content").collect().iter_rows()
        found |= {source_id: json.loads(content) for source_id, content in rows}
    return found


def _differences(row: DocumentRow, sent: dict[str, list[list[Any]]], now: str | None) -> tuple[str, ...]:
    if row.state in ("cancelled", "deleted") or row.seen_hash in ("cancelled", "deleted"):
        return (holds.KINDS[row.seen_hash or row.state],)
    if row.seen_hash is None or now is None:
        return ()
    if row.source_id not in sent:
        return ("what was sent is not on record in detail",)
    before = dict(map(tuple, sent[row.source_id]))
    return tuple(
        f"{column}: {_shown(before[column])} → {_shown(value)}"
        for column, value in json.loads(now)
        if column in before and before[column] != value
    )


def _shown(value: object) -> str:
    text = "nothing" if value is None or value == [] else ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _nested(frame: pl.DataFrame) -> list[str]:
    return [column.name for column in frame.iter_columns() if column.dtype.is_nested()]


def _parties(frame: pl.DataFrame) -> dict[str, str]:
    """Names of counterparties by source id of the document."""
    if "counterparty" in frame.columns:
        name = pl.col("counterparty").struct.field("name")
    elif "counterparty_name" in frame.columns:
        name = pl.col("counterparty_name")
    elif "name" in frame.columns:
        name = pl.col("name")
    else:
        return {}
    return {source_id: shown or "" for source_id, shown in frame.select("source_id", name.alias("_name")).iter_rows()}


def _date(record: Record, row: dict[str, Any]) -> str:
    value = row.get(record.date_column or "")
    return str(value) if value is not None else ""


def _amount(record: Record, row: dict[str, Any]) -> str:
    if not record.totals or row.get(record.totals[-1]) is None:
        return ""
    return f"{row.get(record.currency_column or '') or ''} {row[record.totals[-1]]}".strip()
