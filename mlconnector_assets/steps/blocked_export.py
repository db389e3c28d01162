"""The blocked documents of a flow in its own columns, so that people can mend them in bulk."""

from __future__ import annotations

import polars as pl

from mlconnector_assets.layouts.applied import DOCUMENT
from mlconnector_assets.layouts.compile import compile_layout
from mlconnector_assets.records import RECORDS
from mlconnector_assets.state import documents
from mlconnector_assets.steps.rows import newest_rows
from mlconnector_assets.steps.workspace import Workspace
from mlconnector_assets.store.current import newest_versions


def blocked_rows(workspace: Workspace, partner_id: str, flow_name: str) -> pl.DataFrame:
    """The rows that the blocked documents would have in the file: `#reason`, `#id` (the document's id at the source), then the
    layout's columns as text, whatever they hold. A value that cannot even be computed is empty.

    Raises ConfigurationError for an unknown partner or flow.
    """
    partner, flow = workspace.partner(partner_id), workspace.flow(partner_id, flow_name)
    record = RECORDS[flow.record]
    with workspace.state.reading() as tx:
        blocked = {row.source_id: row.reason for row in documents.blocked(tx, partner.book, flow_name)}
    stored = newest_rows(workspace, flow.connection, record).filter(pl.col("source_id").is_in(list(blocked)))
    found = newest_versions(stored.drop("source_record"), record).sort(record.number_column, "source_id").collect()
    layout = compile_layout(flow.layout, record, file_format=flow.format, time_zone=flow.zone.key)
    rows = layout.unchecked(found)
    ids = found["source_id"].gather(rows[DOCUMENT]).alias("#id")
    reasons = pl.Series("#reason", [blocked[source_id] for source_id in ids], pl.String)
    return rows.drop(DOCUMENT).select(reasons, ids, pl.all())
