"""Records at rest: one immutable Parquet file a partition day and content,
`<connection>/<record>/<day>/<sha256 prefix>.parquet`, and one in `empty/` for all days without rows. Which file is the
newest of a day is a row in the state database, so a reader never sees a half-made partition. Rows carry no read time:
an unchanged day gives the same bytes again."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from mlconnector_assets.clock import DAY, start_of_day
from mlconnector_assets.durable import disk_errors, publish, through_memory
from mlconnector_assets.records import Record
from mlconnector_assets.records.record import INSTANT

ROWS_IN_MEMORY = 4_000
"""Documents that a spool buffers before it writes them out; with their lines some tens of MB."""
ROW_GROUP = 4_000
_FILE = "_file"


@dataclass(frozen=True)
class DayFile:
    """A finished, not yet visible partition file. `path` is relative to the store's base; `totals` maps
    "column|currency" to the exact sum as text."""

    day: date
    path: str
    sha256: str
    rows: int
    totals: dict[str, str]
    temporary: Path


class RecordStore:
    """Parquet files under `base`. Keeps no index; see the `reads` table."""

    def __init__(self, base: Path) -> None:
        self.base = base

    def scan(self, record: Record, paths: Sequence[str]) -> pl.LazyFrame:
        """A lazy frame with the record's schema over these partition files (none: no rows)."""
        if not paths:
            return record.empty().lazy()
        files = [self.base / path for path in paths]
        return pl.scan_parquet(files, schema=record.schema, missing_columns="insert", extra_columns="ignore")

    def scan_with(self, record: Record, instants: Mapping[str, datetime], name: str) -> pl.LazyFrame:
        """The same over the paths in `instants`, with the instant of its file in a column `name`."""
        files = {str(self.base / path): instant for path, instant in instants.items()}
        rows = pl.scan_parquet(
            list(files),
            schema=record.schema,
            missing_columns="insert",
            extra_columns="ignore",
            include_file_paths=_FILE,
        )
        told = pl.col(_FILE).replace_strict(list(files), list(files.values()), return_dtype=INSTANT)
        return rows.with_columns(told.alias(name)).drop(_FILE)

    @contextmanager
    def spool(self, connection: str, record: Record, first_day: date) -> Iterator[Spool]:
        """A scratch area for one read; whatever was not published is removed at the end."""
        self.base.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=".reading-", dir=self.base))
        try:
            yield Spool(self, connection, record, first_day, scratch)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def publish(self, file: DayFile) -> None:
        """Make a finished file visible, durably."""
        publish(file.temporary, self.base / file.path)

    def remove(self, paths: Iterable[str]) -> None:
        """Remove partition files that no read refers to any more."""
        for path in paths:
            (self.base / path).unlink(missing_ok=True)

    def sweep_scratch(self, older_than: timedelta, now: datetime) -> None:
        """Remove scratch areas that a killed process left behind."""
        for folder in self.base.glob(".reading-*"):
            if now.timestamp() - folder.stat().st_mtime > older_than.total_seconds():
                shutil.rmtree(folder, ignore_errors=True)


class Spool:
    """Splits the pages of one read by day with bounded memory: small Parquet pieces per day, joined at the end."""

    def __init__(self, store: RecordStore, connection: str, record: Record, first_day: date, scratch: Path) -> None:
        self._store, self._connection, self._record = store, connection, record
        self._first_day, self._scratch = first_day, scratch
        self._buffer: list[pl.DataFrame] = []
        self._buffered = 0
        self._pieces: dict[date, list[Path]] = {}
        self._without_rows: DayFile | None = None

    def append(self, frame: pl.DataFrame) -> None:
        """Take a page of records of any days. Raises StorageFull."""
        if frame.height:
            self._buffer.append(frame)
            self._buffered += frame.height
        if self._buffered >= ROWS_IN_MEMORY:
            self._flush()

    def finish(self, day: date, *, previous: str | None = None, window: tuple[datetime | None, datetime]) -> DayFile:
        """Join the pieces of `day` into one file, not yet visible. All days without rows share one.

        `previous` is the day's file of an earlier read; its rows outside `window` stay, unless the record was
        read again now. Give it when the window covers the day only partly.
        """
        self._flush()
        pieces = self._pieces.get(day, [])
        if not pieces and previous is None:
            self._without_rows = self._without_rows or self._written(day, "empty", iter(()))
            return replace(self._without_rows, day=day)
        frames: Iterator[pl.DataFrame] = (pl.read_parquet(piece) for piece in pieces)
        if previous is not None:
            frames = self._joined(pieces, self._store.scan(self._record, [previous]), window).iter_slices(ROW_GROUP)
        return self._written(day, day.isoformat(), frames)

    def _written(self, day: date, folder: str, frames: Iterator[pl.DataFrame]) -> DayFile:
        temporary = self._scratch / f"{folder}.parquet"
        with disk_errors(self._store.base):
            _write(temporary, self._record, frames)
        sha256 = _sha256(temporary)
        relative = f"{self._connection}/{self._record.name}/{folder}/{sha256[:24]}.parquet"
        written = pl.scan_parquet(temporary)
        rows = int(written.select(pl.len()).collect().item())
        return DayFile(day, relative, sha256, rows, totals_of(written, self._record), temporary)

    def _flush(self) -> None:
        if not self._buffer:
            return
        frame = pl.concat(self._buffer)
        self._buffer, self._buffered = [], 0
        day = pl.col("modified_at").dt.date().fill_null(self._first_day).clip(lower_bound=self._first_day)
        for (key,), rows in frame.with_columns(day.alias("_day")).partition_by("_day", as_dict=True, include_key=False).items():
            assert isinstance(key, date)
            pieces = self._pieces.setdefault(key, [])
            path = self._scratch / f"{key}.{len(pieces):06}.piece"
            with disk_errors(self._store.base), through_memory(path) as file:
                rows.write_parquet(file, compression="lz4")
            pieces.append(path)

    def _joined(self, pieces: list[Path], previous: pl.LazyFrame, window: tuple[datetime | None, datetime]) -> pl.DataFrame:
        fresh = pl.scan_parquet(pieces) if pieces else self._record.empty().lazy()
        start, end = window
        modified = pl.col("modified_at")
        outside = (modified >= end) if start is None else (modified < start) | (modified >= end)
        key = list(self._record.key)
        kept = previous.filter(outside).join(fresh.select(key), on=key, how="anti")
        number = pl.col("source_id")
        return pl.concat([kept, fresh]).sort("company", number.str.len_bytes(), number).collect()


def totals_of(frame: pl.LazyFrame, record: Record) -> dict[str, str]:
    """Exact sums of the record's money columns by currency: "column|currency" to decimal text."""
    if not record.totals or record.currency_column is None:
        return {}
    sums = frame.group_by(record.currency_column).agg(pl.col(record.totals).sum()).sort(record.currency_column).collect()
    return {
        f"{column}|{row[record.currency_column] or ''}": str(row[column] or Decimal(0))
        for row in sums.iter_rows(named=True)
        for column in record.totals
    }


def _write(path: Path, record: Record, frames: Iterable[pl.DataFrame]) -> None:
    """Write frames one after the other, so that never more than a row group and a frame are in memory."""
    oldest = pl.CompatLevel.oldest()
    with pq.ParquetWriter(path, record.empty().to_arrow(compat_level=oldest).schema, compression="zstd") as file:
        waiting: list[pl.DataFrame] = []
        for frame in frames:
            waiting.append(frame)
            if sum(one.height for one in waiting) >= ROW_GROUP:
                file.write_table(pl.concat(waiting).to_arrow(compat_level=oldest))
                waiting = []
        if waiting:
            file.write_table(pl.concat(waiting).to_arrow(compat_level=oldest))


def days_between(first: date, end: datetime) -> list[date]:
    """Every day from `first` up to the half-open `end`."""
    days = []
    day = first
    while start_of_day(day) < end:
        days.append(day)
        day += DAY
    return days


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
