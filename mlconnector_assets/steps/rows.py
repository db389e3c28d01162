"""Records at rest as the steps see them: partition files together with the time of their read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl

from mlconnector_assets.records import Record
from mlconnector_assets.records.record import INSTANT
from mlconnector_assets.state import deletions, reads
from mlconnector_assets.state.reads import PartitionRead
from mlconnector_assets.steps.workspace import Workspace
from mlconnector_assets.store.current import key_text


def rows_of(workspace: Workspace, record: Record, partitions: Sequence[PartitionRead]) -> pl.LazyFrame:
    """The record's columns and `read_at`, over these partitions. One scan, which reads the columns that are asked for."""
    read_at = {read.path: read.read_at for read in partitions if read.rows}
    if not read_at:
        return record.empty().lazy().with_columns(pl.lit(None, INSTANT).alias("read_at"))
    return workspace.records.scan_with(record, read_at, "read_at")


def stored_rows(workspace: Workspace, connection: str, record: Record, *, from_day: date | None = None) -> pl.LazyFrame:
    """The same over the newest read of every day, or of every day from `from_day` on."""
    with workspace.state.reading() as tx:
        return rows_of(workspace, record, reads.newest(tx, connection, record.name, from_day=from_day))


def newest_rows(workspace: Workspace, connection: str, record: Record, *, from_day: date | None = None) -> pl.LazyFrame:
    """The same without what is known to be gone from its source."""
    with workspace.state.reading() as tx:
        gone = [row.key for row in deletions.gone(tx, connection, record.name)]
    rows = stored_rows(workspace, connection, record, from_day=from_day)
    return rows.filter(~key_text(record).is_in(gone)) if gone else rows


def current_keys(workspace: Workspace, connection: str, record: Record) -> dict[str, str]:
    """Every key in the store, gone or not, with its source id."""
    rows = stored_rows(workspace, connection, record)
    return dict(rows.select(key_text(record), "source_id").unique().collect().iter_rows())
