"""What the incremental reads missed: the difference between a closed day as it was read then and as it is now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import polars as pl

from mlconnector_assets.clock import DAY, start_of_day
from mlconnector_assets.records import Record
from mlconnector_assets.state.missed import LATE, SILENT, Missed
from mlconnector_assets.state.reads import PartitionRead
from mlconnector_assets.steps.workspace import Workspace
from mlconnector_assets.store.current import key_text
from mlconnector_assets.store.records import DayFile


def is_closed(read: PartitionRead, overlap: timedelta) -> bool:
    """Whether nothing of that day should have appeared after this read."""
    return read.read_at >= start_of_day(read.day) + DAY + overlap


def missed_by(
    workspace: Workspace,
    connection: str,
    record: Record,
    newest: Mapping[date, PartitionRead],
    files: Sequence[DayFile],
) -> list[Missed]:
    """What these days, as read now and not yet published, have otherwise than when they were closed. Records that only
    moved to a later day are none: their stamp brought the incremental reads to them."""
    overlap = workspace.project.connections[connection].overlap
    found = []
    for file in files:
        before = newest.get(file.day)
        if before is None or before.sha256 == file.sha256 or not is_closed(before, overlap):
            continue
        then = _versions(workspace.records.scan(record, [before.path]), record)
        now = _versions(pl.scan_parquet(file.temporary), record)
        both = now.join(then, on="key", how="left", suffix="_then").collect()
        late = both.filter(pl.col("content_hash_then").is_null())
        unmoved = pl.col("modified_at").eq_missing(pl.col("modified_at_then"))
        silent = both.filter(unmoved & (pl.col("content_hash") != pl.col("content_hash_then")))
        for why, rows in ((LATE, late), (SILENT, silent)):
            found += [Missed(file.day, key, number, why) for key, number in rows.select("key", "number").iter_rows()]
    return found


def _versions(rows: pl.LazyFrame, record: Record) -> pl.LazyFrame:
    number = pl.col(record.number_column).cast(pl.String).alias("number")
    return rows.select(key_text(record), number, "modified_at", "content_hash")
