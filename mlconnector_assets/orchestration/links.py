"""The way between a document at its source, the files it is in, their delivery, and its table: asset links, and
Markdown with the addresses of the documents. Both are links in Dagster's pages without asking anything else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg
import polars as pl

from mlconnector_assets.orchestration import names
from mlconnector_assets.partners.specification import Flow, Partner
from mlconnector_assets.state.deliveries import Delivery
from mlconnector_assets.steps.audit_trail import documents_of
from mlconnector_assets.steps.workspace import Workspace

SHOWN_DOCUMENTS = 100


def markdown_table(frame: pl.DataFrame, rows: int) -> str:
    """The first rows of a frame as a Markdown table, nested values left out."""
    flat = frame.select(column for column in frame.iter_columns() if not column.dtype.is_nested()).head(rows)
    lines = ["| " + " | ".join(flat.columns) + " |", "|" + " --- |" * flat.width]
    for row in flat.iter_rows():
        cells = ["" if value is None else " ".join(str(value).replace("|", "\\|").split()) for value in row]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def with_links(workspace: Workspace, connection: str, record: str, frame: pl.DataFrame) -> pl.DataFrame:
    """A small frame whose source ids lead to the documents in their own system."""
    if "source_id" not in frame.columns:
        return frame
    cells = [_linked(source_id, workspace.link(connection, record, source_id)) for source_id in frame["source_id"]]
    return frame.with_columns(pl.Series("source_id", cells, pl.String))


def documents_table(workspace: Workspace, made: Sequence[Delivery]) -> str:
    """Where each document of these files stands, and its address at its source."""
    found = documents_of(workspace, [delivery.id for delivery in made], SHOWN_DOCUMENTS)
    rows = [
        (row["file_name"], row["position"], _linked(row["number"] or row["source_id"], workspace.link(*_identity(row))))
        for row in found.iter_rows(named=True)
    ]
    shown = pl.DataFrame(rows, schema={"file": pl.String, "position": pl.Int64, "document": pl.String}, orient="row")
    total = sum(delivery.documents for delivery in made)
    more = f"\n\n… and {total - len(rows)} more" if total > len(rows) else ""
    return markdown_table(shown, SHOWN_DOCUMENTS) + more


def trail(made: Sequence[Delivery]) -> dg.MarkdownMetadataValue:
    """What to type for everything that is known of these files."""
    commands = [f"mlconnector audit show {delivery.id}" for delivery in made[:SHOWN_DOCUMENTS]]
    return dg.MetadataValue.md("```\n" + "\n".join(commands) + "\n```")


def flow_links(workspace: Workspace, connection: str, record: str) -> Iterator[tuple[str, Any]]:
    """The flows that send this record, as metadata: `sent_by_<partner>_<flow>`."""
    for partner, flow in workspace.project.flows():
        if (flow.connection, flow.record) == (connection, record):
            yield f"sent_by_{partner.id}_{flow.name}", dg.MetadataValue.asset(names.flow_asset(partner.id, flow.name))


def origin_links(partner: Partner, flow: Flow) -> Iterator[tuple[str, Any]]:
    """Where a flow's documents come from and are loaded to, as metadata of the partner's deliveries."""
    yield f"rendered_by_{flow.name}", dg.MetadataValue.asset(names.flow_asset(partner.id, flow.name))
    yield f"source_of_{flow.name}", dg.MetadataValue.asset(names.record_asset(flow.connection, flow.record))
    yield f"table_of_{flow.name}", dg.MetadataValue.asset(names.table_asset(flow.connection, flow.record))


def _linked(text: str, address: str | None) -> str:
    return f"[{text}]({address})" if address else text


def _identity(row: dict[str, Any]) -> tuple[str, str, str]:
    return row["connection"], row["record"], row["source_id"]
