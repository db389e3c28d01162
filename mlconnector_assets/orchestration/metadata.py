"""What Dagster shows of a materialization: counts, totals as plots, previews, the rendered file, links.
What concerns a whole run is shown once, at the newest of its partition days."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import dagster as dg

from mlconnector_assets.exchange.outbox import Outcome
from mlconnector_assets.formats.display import as_lines, readable
from mlconnector_assets.layouts import compile_layout
from mlconnector_assets.orchestration import columns, links, names
from mlconnector_assets.partners.specification import Flow, Partner
from mlconnector_assets.records import RECORDS
from mlconnector_assets.state import deletions
from mlconnector_assets.state.deliveries import Delivery
from mlconnector_assets.state.inbox import InboundFile
from mlconnector_assets.state.reads import PartitionRead
from mlconnector_assets.steps.collect import CollectOutcome
from mlconnector_assets.steps.deliver import DeliverOutcome
from mlconnector_assets.steps.load import LoadOutcome
from mlconnector_assets.steps.read import ReadOutcome
from mlconnector_assets.steps.render import RenderOutcome
from mlconnector_assets.steps.sweep import SweepOutcome
from mlconnector_assets.steps.workspace import Workspace

PREVIEW_ROWS = 10
SHOWN_FILE = 20_000
"""Bytes of a rendered file that are shown."""
SHOWN_NAMES = 100
"""Files, or blocked documents, that are listed."""

Metadata = dict[str, Any]


def of_partition(workspace: Workspace, read: PartitionRead) -> Metadata:
    """Counts, totals and the newest records of one partition day."""
    shown: Metadata = {
        "dagster/partition_row_count": read.rows,
        "read_at": dg.MetadataValue.timestamp(read.read_at),
        "set_aside": read.set_aside,
        "stored": dg.MetadataValue.path(workspace.records.base / read.path),
        "table": dg.MetadataValue.asset(names.table_asset(read.connection, read.record)),
        **dict(links.flow_links(workspace, read.connection, read.record)),
    }
    if read.rows:
        shown["preview"] = dg.MetadataValue.md(_preview(workspace, read))
    return shown | _totals(read.totals)


def of_read(outcome: ReadOutcome) -> Metadata:
    """What one read did, over all its partitions; and what closed days have otherwise than when they were closed."""
    shown: Metadata = {
        "records_read": outcome.rows,
        "records_set_aside": outcome.set_aside,
        "source_moving": outcome.moving,
        "window": f"{outcome.window.start or 'the beginning'} to {outcome.window.end}",
        "missed_by_earlier_reads": len(outcome.missed),
    }
    if outcome.missed:
        shown["missed"] = _listed([f"{item.day}: {item.number or item.key} ({item.why})" for item in outcome.missed])
    return shown


def of_sweep(workspace: Workspace, outcome: SweepOutcome) -> Metadata:
    """What a sweep found, and everything that is gone by now."""
    with workspace.state.reading() as tx:
        everything = [row for row in deletions.gone(tx, outcome.connection, outcome.record) if row.state == "deleted"]
    shown: Metadata = {
        "keys_at_source": outcome.listed or 0,
        "deleted": len(outcome.deleted),
        "left": len(outcome.left),
        "returned": outcome.returned,
        "dagster/row_count": len(everything),
        "table": dg.MetadataValue.asset(names.table_asset(outcome.connection, outcome.record)),
    }
    for name, found in (("deleted_now", outcome.deleted), ("left_now", outcome.left)):
        if found:
            shown[name] = _listed([f"{item.number or ''} ({item.source_id}, last modified {item.modified_at})" for item in found])
    return shown


def of_render(workspace: Workspace, partner: Partner, flow: Flow, outcome: RenderOutcome) -> Metadata:
    """The files of a render run; the text of the first is readable. With the lineage of their columns, which Dagster
    shows of the newest materialization only."""
    shown: Metadata = {
        "documents": outcome.documents,
        "files": len(outcome.deliveries),
        "blocked": len(outcome.blocked),
        "held": sum(hold.documents for hold in outcome.holds),
        "changed_after_sending": len(outcome.changed),
        "source": dg.MetadataValue.asset(names.record_asset(flow.connection, flow.record)),
        "delivery": dg.MetadataValue.asset(names.delivery_asset(partner.id)),
        "table": dg.MetadataValue.asset(names.table_asset(flow.connection, flow.record)),
        "dagster/column_lineage": columns.file_lineage(flow),
    }
    if outcome.deliveries:
        first = outcome.deliveries[0]
        shown["file"] = first.remote_name
        shown["file_content"] = dg.MetadataValue.md(_content(workspace, flow, first))
        shown["file_stored"] = dg.MetadataValue.path(workspace.files.path(first.content_sha256))
        shown["documents_sent"] = dg.MetadataValue.md(links.documents_table(workspace, outcome.deliveries))
        shown["trail"] = links.trail(outcome.deliveries)
        shown["all_files"] = _listed([_named(delivery) for delivery in outcome.deliveries])
        shown |= _totals(*(delivery.totals for delivery in outcome.deliveries))
    if outcome.holds:
        shown["holds"] = _listed([f"hold {hold.id}: {hold.documents} documents: {hold.about}" for hold in outcome.holds])
    if outcome.blocked:
        shown["blocked_documents"] = _listed([f"{key}: {reason}" for key, reason in outcome.blocked.items()])
    return shown


def of_load(workspace: Workspace, outcome: LoadOutcome) -> Metadata:
    """What a load did, and what the table holds now: size, totals, newest rows, and where its columns come from."""
    record, table = RECORDS[outcome.record], f"{outcome.connection}_{outcome.record}"
    totals = workspace.warehouse.totals(outcome.connection, record)
    newest = f'select * exclude (source_record, content_hash) from "{table}" order by modified_at desc limit {PREVIEW_ROWS}'
    shown: Metadata = {
        "inserted": outcome.inserted,
        "updated": outcome.updated,
        "unchanged": outcome.unchanged,
        "deletions_marked": outcome.deletions,
        "partitions_loaded": outcome.partitions,
        "dagster/row_count": totals.rows,
        "dagster/column_lineage": columns.table_lineage(record, outcome.connection),
        "query": dg.MetadataValue.md(f"```\nmlconnector warehouse sql 'select * from {table}'\n```"),
        "warehouse": dg.MetadataValue.path(workspace.project.warehouse_path),
        "source": dg.MetadataValue.asset(names.record_asset(outcome.connection, outcome.record)),
        **dict(links.flow_links(workspace, outcome.connection, outcome.record)),
    }
    if totals.rows:
        rows = links.with_links(workspace, outcome.connection, outcome.record, workspace.warehouse.query(newest))
        shown["preview"] = dg.MetadataValue.md(links.markdown_table(rows, PREVIEW_ROWS))
    return shown | {f"{column}_{currency}": float(amount) for (column, currency), amount in totals.money.items()}


def of_delivery(partner: Partner, outcome: DeliverOutcome) -> Metadata:
    """What became of a partner's files."""
    shown: Metadata = {
        "files_delivered": len(outcome.sent),
        "files_not_delivered": len(outcome.failed),
        "documents_delivered": sum(delivery.documents for delivery in outcome.sent),
        "folder": dg.MetadataValue.url(
            f"sftp://{partner.sftp.user}@{partner.sftp.host}:{partner.sftp.port}/{partner.sftp.root}/{partner.sftp.folders.outbound}"
        ),
    }
    flows = [flow for flow in partner.flows.values() if any(one.delivery.flow == flow.name for one in outcome.outcomes)]
    for flow in flows:
        shown |= dict(links.origin_links(partner, flow))
    if outcome.outcomes:
        shown["trail"] = links.trail([one.delivery for one in outcome.outcomes])
        shown["files"] = _listed([_result(one) for one in outcome.outcomes])
    return shown


def of_collection(outcome: CollectOutcome) -> Metadata:
    """What one look into a partner's folders brought."""
    collected = outcome.collected
    shown: Metadata = {
        "files_received": len(collected.received),
        "files_known_already": len(collected.duplicates),
        "files_not_taken": len(collected.failed),
        "inbox": dg.MetadataValue.asset(names.inbox_asset(outcome.partner)),
    }
    if rows := [*collected.received, *collected.duplicates]:
        shown["files"] = _listed([f"{row.path}: {row.size} bytes" for row in rows])
    if collected.untouched:
        shown["files_not_for_us"] = _listed([f"{sighting.path}: {sighting.reason}" for sighting in collected.untouched])
    return shown


def of_inbound(workspace: Workspace, row: InboundFile) -> Metadata:
    """A file that a partner sent; its text is readable if it is any."""
    assert row.sha256 is not None
    shown: Metadata = {
        "state": row.state,
        "kind": row.kind,
        "sent_as": row.path,
        "bytes": row.size or 0,
        "sha256": row.sha256,
        "file_stored": dg.MetadataValue.path(workspace.files.path(row.sha256)),
        "command": dg.MetadataValue.md(f"```\nmlconnector inbox show {row.id}\n```"),
    }
    if row.received_at:
        shown["received_at"] = dg.MetadataValue.timestamp(row.received_at)
    shown |= {name: text for name, text in (("result", row.result), ("reason", row.reason)) if text}
    with workspace.files.open(row.sha256) as file:
        start = file.read(SHOWN_FILE)
    if b"\0" not in start:
        shown["file_content"] = dg.MetadataValue.md(f"````\n{as_lines(start)}\n````")
    return shown


def _preview(workspace: Workspace, read: PartitionRead) -> str:
    record = RECORDS[read.record]
    shown = [
        name for name, kind in record.schema.items() if not kind.is_nested() and name not in ("source_record", "content_hash")
    ]
    rows = workspace.records.scan(record, [read.path]).select(shown)
    newest = rows.sort("modified_at", descending=True).head(PREVIEW_ROWS).collect()
    return links.markdown_table(links.with_links(workspace, read.connection, read.record, newest), PREVIEW_ROWS)


def _content(workspace: Workspace, flow: Flow, delivery: Delivery) -> str:
    layout = compile_layout(flow.layout, RECORDS[flow.record], file_format=flow.format)
    with workspace.files.open(delivery.content_sha256) as file:
        text = file.read(SHOWN_FILE).decode(layout.options.encoding, "replace")
    return f"````\n{readable(text, layout)}\n````" + ("\n…" if delivery.size > SHOWN_FILE else "")


def _totals(*several: Mapping[str, str]) -> Metadata:
    """The sums as plots. Dagster plots only floats; the exact sums are in the checks and the state database."""
    sums: dict[str, Decimal] = {}
    for totals in several:
        for key, amount in totals.items():
            sums[key] = sums.get(key, Decimal(0)) + Decimal(amount)
    return {key.replace("|", "_"): float(amount) for key, amount in sums.items()}


def _listed(lines: list[str]) -> dg.MarkdownMetadataValue:
    more = [f"… and {len(lines) - SHOWN_NAMES} more"] if len(lines) > SHOWN_NAMES else []
    return dg.MetadataValue.md("\n".join(f"- {line}" for line in [*lines[:SHOWN_NAMES], *more]))


def _named(delivery: Delivery) -> str:
    made = f"{delivery.documents} documents, {delivery.size} bytes, control number {delivery.control_number}"
    return f"{delivery.folder}/{delivery.remote_name}: {made}"


def _result(outcome: Outcome) -> str:
    return f"{_named(outcome.delivery)}: {outcome.result}" + (f" ({outcome.error.what})" if outcome.error else "")
