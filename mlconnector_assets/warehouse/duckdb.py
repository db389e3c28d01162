"""The embedded warehouse: one DuckDB file, opened only while a load or a question lasts, because DuckDB
lets one process write or several read."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from mlconnector_assets.clock import Clock, system_clock
from mlconnector_assets.crash_points import CrashPoint, reached
from mlconnector_assets.durable import publish
from mlconnector_assets.errors import WarehouseError
from mlconnector_assets.records import Record
from mlconnector_assets.warehouse.duckdb_failures import explain_query, failures, is_busy, only_reads
from mlconnector_assets.warehouse.duckdb_merge import mark_gone, merge
from mlconnector_assets.warehouse.duckdb_schema import IDENTITY, LOADS, has_own_tables, make_own_tables, table_names
from mlconnector_assets.warehouse.interface import DELETED_AT, LEFT_AT, READ_AT, GroupTotals, LoadOutcome, TableSize, Totals
from mlconnector_assets.warehouse.tables import quoted, tables_for

Settings = dict[str, str | bool | int | float | list[str]]
READING: Settings = {
    "enable_external_access": "false",
    "python_enable_replacements": "false",
    "autoinstall_known_extensions": "false",
}
"""A person's query sees the warehouse's tables and nothing else: no files, no network, no Python variables."""
WRITING: Settings = {"storage_compatibility_version": "v1.4.0"}
"""New files are of the storage version of our oldest DuckDB: the default, older one has no ZSTD."""
_PAUSE = 0.1


class DuckDBWarehouse:
    """A `Warehouse` in one DuckDB file.

    Parameters
    ----------
    path: the file; it and its folder are made by the first load.
    patience: seconds to wait for a process that has the file open, before LeaseHeld names it.
    """

    def __init__(self, path: Path, *, clock: Clock = system_clock, patience: float = 10.0) -> None:
        self.path, self.clock, self.patience = path, clock, patience

    def load_records(
        self, connection: str, record: Record, frame: pl.DataFrame, *, load_id: str, reads: Sequence[Mapping[str, Any]]
    ) -> LoadOutcome:
        """See `Warehouse.load_records`."""
        _require_loadable(connection, record, frame)
        began = self.clock()
        self._make_if_missing()
        with self._opened() as database:
            with _transaction(database):
                if not has_own_tables(database):
                    make_own_tables(database)
                earlier = _outcome_of(database, load_id, connection, record)
                if earlier is not None:
                    return earlier
                outcome = merge(database, tables_for(record, connection), frame, load_id)
                database.execute(
                    f"INSERT INTO {quoted(LOADS)} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    [
                        *(load_id, began.replace(tzinfo=None), connection, record.name),
                        *(outcome.rows, outcome.inserted, outcome.updated, outcome.unchanged),
                        *(json.dumps(list(reads), default=str), self.clock().replace(tzinfo=None)),
                    ],
                )
                reached(CrashPoint.LOAD_MERGED)
            reached(CrashPoint.LOAD_WAREHOUSE_COMMITTED)
        return outcome

    def mark_gone(self, connection: str, record: Record, gone: pl.DataFrame) -> int:
        """See `Warehouse.mark_gone`."""
        table, _ = tables_for(record, connection)
        self._make_if_missing()
        with self._opened() as database, _transaction(database):
            return mark_gone(database, table, gone)

    def query(self, sql: str) -> pl.DataFrame:
        """See `Warehouse.query`. Zones in the answer are UTC."""
        if not self._exists():
            raise WarehouseError(
                "there is no warehouse yet", where=str(self.path), mend="run `mlconnector sync` first; it makes and fills it"
            )
        with self._opened(read_only=True) as database:
            try:
                _require_reading(sql, self.path)
                return database.execute(sql).pl()
            except duckdb.Error as error:
                raise explain_query(error, self.path, table_names(database)) from error

    def totals(self, connection: str, record: Record) -> Totals:
        """See `Warehouse.totals`."""
        table, _ = tables_for(record, connection)
        if not self._exists():
            return Totals()
        currency = quoted(record.currency_column) if record.currency_column else "NULL"
        sums = "".join(f", coalesce(sum({quoted(column)}), 0)" for column in record.totals)
        with self._opened(read_only=True) as database:
            if table.name not in table_names(database):
                return Totals()
            there = f"{quoted(DELETED_AT)} IS NULL AND {quoted(LEFT_AT)} IS NULL"
            groups = database.execute(
                f"SELECT company, {currency}, count(*){sums} FROM {quoted(table.name)} WHERE {there} GROUP BY ALL ORDER BY ALL"
            ).fetchall()
        return Totals(
            tuple(
                GroupTotals(company, code, rows, dict(zip(record.totals, amounts, strict=True)))
                for company, code, rows, *amounts in groups
            )
        )

    def tables(self) -> list[TableSize]:
        """See `Warehouse.tables`."""
        if not self._exists():
            return []
        with self._opened(read_only=True) as database:
            named = database.execute("SELECT table_name, coalesce(comment, '') FROM duckdb_tables() ORDER BY 1").fetchall()
            return [TableSize(name, _count(database, name), meaning) for name, meaning in named]

    def identity(self) -> str:
        """See `Warehouse.identity`."""
        self._make_if_missing()
        with self._opened(read_only=True) as database:
            if has_own_tables(database):
                return _identity(database)
        with self._opened() as database, _transaction(database):  # a DuckDB file that somebody else made
            make_own_tables(database)
            return _identity(database)

    def close(self) -> None:
        """Nothing is held between calls."""

    def _exists(self) -> bool:
        with failures(self.path):
            return self.path.is_file()

    def _make_if_missing(self) -> None:
        """A new file appears under its name only when it is whole: DuckDB takes one that a crash or a full disk cut
        short for damaged."""
        if self._exists():
            return
        temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}.part")
        try:
            with failures(self.path):
                self.path.parent.mkdir(parents=True, exist_ok=True)
                temporary.unlink(missing_ok=True)
                with duckdb.connect(temporary, config=WRITING) as database:
                    make_own_tables(database)
                publish(temporary, self.path)
        finally:
            temporary.unlink(missing_ok=True)

    @contextmanager
    def _opened(self, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
        """The file, open; DuckDB's failures within become errors with a mend."""
        with failures(self.path), self._connect(READING if read_only else WRITING, read_only=read_only) as database:
            database.execute("SET TimeZone = 'UTC'")
            if read_only:
                database.execute("SET lock_configuration = true")
            yield database

    def _connect(self, config: Settings, *, read_only: bool) -> duckdb.DuckDBPyConnection:
        """Open the file, waiting up to `patience` for whoever has it."""
        deadline = time.monotonic() + self.patience
        while True:
            try:
                return duckdb.connect(self.path, read_only=read_only, config=config)
            except duckdb.Error as error:
                if not is_busy(error) or time.monotonic() >= deadline:
                    raise
            time.sleep(_PAUSE)


@contextmanager
def _transaction(database: duckdb.DuckDBPyConnection) -> Iterator[None]:
    database.begin()
    try:
        yield
        database.commit()
    except BaseException:
        with suppress(duckdb.Error):  # a database stopped by a full disk has rolled back already, and refuses
            database.rollback()
        raise


def _outcome_of(database: duckdb.DuckDBPyConnection, load_id: str, connection: str, record: Record) -> LoadOutcome | None:
    found = database.execute(
        f"SELECT rows, inserted, updated, unchanged FROM {quoted(LOADS)} WHERE load_id = ? AND connection = ? AND record = ?",
        [load_id, connection, record.name],
    ).fetchone()
    return LoadOutcome(*found) if found else None


def _identity(database: duckdb.DuckDBPyConnection) -> str:
    return str(database.execute(f"SELECT identity FROM {quoted(IDENTITY)}").fetchall()[0][0])


def _count(database: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(database.execute(f"SELECT count(*) FROM {quoted(table)}").fetchall()[0][0])


def _require_reading(sql: str, path: Path) -> None:
    """Refuse anything but one statement that reads. A PIVOT comes with a helper statement, which has no text."""
    statements = duckdb.extract_statements(sql)
    reading = [
        statement for statement in statements if statement.type in (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)
    ]
    if len(reading) != 1 or any(statement not in reading and statement.query.strip() for statement in statements):
        raise only_reads(path)


def _require_loadable(connection: str, record: Record, frame: pl.DataFrame) -> None:
    """Refuse a frame that no step may hand over. Raises ValueError."""
    expected = {**record.schema, READ_AT: pl.Datetime("us", "UTC")}
    if dict(frame.schema) != expected:
        differing = sorted(name for name in expected.keys() | frame.schema.keys() if frame.schema.get(name) != expected.get(name))
        raise ValueError(f"a frame of {record.name} to load has another schema in {', '.join(differing)}")
    if frame.select(pl.any_horizontal(pl.col(*record.key, READ_AT).is_null().any())).item():
        raise ValueError(f"a frame of {record.name} to load has rows without {', '.join(record.key)} or {READ_AT}")
    if not frame["connection"].eq(connection).all():
        raise ValueError(f"a frame of {record.name} to load into {connection}'s tables has rows of another connection")
