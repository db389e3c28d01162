"""What Dagster shows of an asset and of a materialization: columns, counts, totals as plots, previews, links."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg
import polars as pl

from mlconnector_assets.exchange.outbox import Outcome
from mlconnector_assets.layouts.defaults import resolve
from mlconnector_assets.partners.specification import Flow
from mlconnector_assets.records import Record
from mlconnector_assets.state.deliveries import Delivery
from mlconnector_assets.state.reads import PartitionRead
from mlconnector_assets.steps.deliver import DeliverOutcome
from mlconnector_assets.steps.load import LoadOutcome
from mlconnector_assets.steps.read import ReadOutcome
from mlconnector_assets.steps.render import RenderOutcome

PREVIEW_ROWS = 10
SHOWN_FILE = 20_000
"""Bytes of a rendered file that are shown."""

Metadata = dict[str, Any]


def record_schema(record: Record) -> dg.TableSchema:
    """The record's columns with their meaning."""
    columns = [dg.TableColumn(name, str(column.type).partition("(")[0], column.meaning) for name, column in record.columns.items()]
    return dg.TableSchema(columns)


def flow_schema(flow: Flow) -> dg.TableSchema:
    """The columns of a flow's file with what fills them."""
    columns = resolve(flow.layout, where="").columns or ()
    return dg.TableSchema([dg.TableColumn(column.name, "text", column.value or column.name) for column in columns])


def of_partition(read: PartitionRead) -> Metadata:
    """Counts and totals of one partition day."""
    return {
        "dagster/partition_row_count": read.rows,
        "read_at": dg.MetadataValue.timestamp(read.read_at),
        "set_aside": read.set_aside,
        "sha256": read.sha256,
    } | _totals(read.totals)


def of_read(outcome: ReadOutcome, preview: pl.DataFrame | None = None) -> Metadata:
    """What one read did, over all its partitions."""
    shown: Metadata = {
        "records_read": outcome.rows,
        "records_set_aside": outcome.set_aside,
        "source_moving": outcome.moving,
        "window": f"{outcome.window.start or 'the beginning'} to {outcome.window.end}",
    }
    return shown | ({"preview": dg.MetadataValue.md(markdown_table(preview))} if preview is not None else {})


def of_render(outcome: RenderOutcome, contents: Mapping[int, bytes]) -> Metadata:
    """The files of a render run; the text of the first is readable."""
    shown: Metadata = {
        "documents": outcome.documents,
        "files": len(outcome.deliveries),
        "blocked": len(outcome.blocked),
        "changed_after_sending": len(outcome.changed),
    }
    if outcome.deliveries:
        first = outcome.deliveries[0]
        shown["file"] = f"{first.folder}/{first.remote_name}"
        shown["content"] = dg.MetadataValue.md(f"```\n{contents[first.id][:SHOWN_FILE].decode('utf-8', 'replace')}\n```")
        shown["all_files"] = dg.MetadataValue.md("\n".join(f"- {_named(delivery)}" for delivery in outcome.deliveries))
        shown |= _totals(first.totals) if len(outcome.deliveries) == 1 else {}
    if outcome.blocked:
        shown["blocked_documents"] = dg.MetadataValue.md("\n".join(f"- {key}: {reason}" for key, reason in outcome.blocked.items()))
    return shown


def of_load(outcome: LoadOutcome) -> Metadata:
    """What a load did."""
    return {
        "inserted": outcome.inserted,
        "updated": outcome.updated,
        "unchanged": outcome.unchanged,
        "partitions_loaded": outcome.partitions,
    }


def of_delivery(outcome: DeliverOutcome) -> Metadata:
    """What became of a partner's files."""
    shown: Metadata = {"files_delivered": len(outcome.sent), "files_not_delivered": len(outcome.failed)}
    if outcome.outcomes:
        shown["files"] = dg.MetadataValue.md("\n".join(f"- {_result(one)}" for one in outcome.outcomes))
    return shown


def markdown_table(frame: pl.DataFrame) -> str:
    """A small frame as a Markdown table, nested values left out."""
    flat = frame.select(column for column in frame.iter_columns() if not column.dtype.is_nested()).head(PREVIEW_ROWS)
    lines = ["| " + " | ".join(flat.columns) + " |", "|" + " --- |" * flat.width]
    for row in flat.iter_rows():
        lines.append("| " + " | ".join("" if value is None else str(value).replace("|", "\\|").replace("\n", " ") for value in row) + " |")
    return "\n".join(lines)


def _totals(totals: Mapping[str, str]) -> Metadata:
    # Dagster plots only floats; the exact sums are in the checks, the audit and the state database.
    return {f"total_{key.replace('|', '_')}": float(amount) for key, amount in totals.items()}


def _named(delivery: Delivery) -> str:
    return f"{delivery.folder}/{delivery.remote_name}: {delivery.documents} documents, {delivery.size} bytes, control number {delivery.control_number}"


def _result(outcome: Outcome) -> str:
    return f"{_named(outcome.delivery)}: {outcome.result}" + (f" ({outcome.error.what})" if outcome.error else "")
