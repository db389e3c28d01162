"""What a read tells about deletions, which it never decides: records that it did not meet again where they were,
and gone ones that it met."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl

from mlconnector_assets.records import Record
from mlconnector_assets.state.deletions import Vanished
from mlconnector_assets.state.reads import PartitionRead
from mlconnector_assets.steps.workspace import Workspace
from mlconnector_assets.store.current import key_text, newest_versions
from mlconnector_assets.store.records import DayFile


def lost_by(
    workspace: Workspace, record: Record, newest: Mapping[date, PartitionRead], files: Sequence[DayFile]
) -> list[Vanished]:
    """Records that days had before this read and do not have after it, and that no other day has. `newest` is what
    was known of every day before; `files` are the days as read now, not yet published."""
    changed = [file for file in files if file.day in newest and newest[file.day].sha256 != file.sha256]
    if not changed:
        return []
    read_now = {file.day for file in files}
    before = workspace.records.scan(record, [newest[file.day].path for file in changed]).with_columns(key_text(record))
    after = _keys(pl.scan_parquet([file.temporary for file in files]), record)
    gone = before.select("key").unique().join(after, on="key", how="anti")
    others = workspace.records.scan(record, [read.path for day, read in newest.items() if day not in read_now])
    lost = gone.collect()
    if lost.height:
        lost = lost.lazy().join(_keys(others, record), on="key", how="anti").collect()
    if not lost.height:
        return []
    names = list(dict.fromkeys([*record.key, "source_id", "company", record.number_column, "modified_at", "key"]))
    rows = newest_versions(before.filter(pl.col("key").is_in(lost["key"].to_list())).select(names), record).collect()
    return [
        Vanished(
            row["key"],
            row["source_id"],
            row["company"],
            None if row[record.number_column] is None else str(row[record.number_column]),
            row["modified_at"],
        )
        for row in rows.iter_rows(named=True)
    ]


def _keys(rows: pl.LazyFrame, record: Record) -> pl.LazyFrame:
    return rows.select(key_text(record)).unique()
