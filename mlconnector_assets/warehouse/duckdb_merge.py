"""Merging a frame of records into their DuckDB tables by key, within the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import polars as pl
import pyarrow as pa

from mlconnector_assets.warehouse.duckdb_schema import prepare_tables
from mlconnector_assets.warehouse.interface import DELETED_AT, LEFT_AT, READ_AT, LoadOutcome
from mlconnector_assets.warehouse.tables import LOAD_ID, TableSpec, quoted

_BATCH = 122_880
"""DuckDB's own row group."""


def merge(
    database: duckdb.DuckDBPyConnection, tables: tuple[TableSpec, tuple[TableSpec, ...]], frame: pl.DataFrame, load_id: str
) -> LoadOutcome:
    """Write the versions of `frame` that are not older than those in the tables; children go with their parent."""
    parent, children = tables
    prepare_tables(database, (parent, *children))
    newest = _newest_versions(frame, parent.key)
    present = _present_versions(database, parent, newest)
    replaced, kept = present.filter("wins"), present.filter(~pl.col("wins"))
    if len(replaced):
        _delete_rows(database, parent, replaced["row"])
        for child in children:
            _delete_rows_of(database, child, newest[replaced["_place"]].select(child.key))
    winners = newest.with_row_index("_place")
    winners = winners.join(kept, on="_place", how="anti") if len(kept) else winners
    winners = winners.with_columns(pl.lit(load_id).alias(LOAD_ID))
    marks = winners.select("_place").join(
        present.select("_place", DELETED_AT, LEFT_AT), on="_place", how="left", maintain_order="left"
    )
    winners = winners.hstack(marks.drop("_place"))
    for table in (parent, *children):
        _append(database, table, table.rows(winners))
    inserted, updated = len(newest) - len(present), int(replaced["differs"].sum())
    return LoadOutcome(len(newest), inserted, updated, len(newest) - inserted - updated)


def mark_gone(database: duckdb.DuckDBPyConnection, table: TableSpec, gone: pl.DataFrame) -> int:
    """Set the deletion columns of the rows with these keys; returns how many there are."""
    prepare_tables(database, (table,))
    keys = [column for column in table.key if column != "connection"]  # a table is of one connection
    same = " AND ".join(f"t.{quoted(column)} IS NOT DISTINCT FROM s.{quoted(column)}" for column in keys)
    zoneless = pl.col(DELETED_AT, LEFT_AT).cast(pl.Datetime("us"))
    with _registered(database, gone.with_columns(zoneless)) as name:
        columns = ", ".join(f"{quoted(column)} = s.{quoted(column)}" for column in (DELETED_AT, LEFT_AT))
        marked = database.execute(f"UPDATE {quoted(table.name)} t SET {columns} FROM {name} s WHERE {same}").fetchall()
    return int(marked[0][0])


def _newest_versions(frame: pl.DataFrame, key: tuple[str, ...]) -> pl.DataFrame:
    """One row a key; a missing modified_at is older than any."""
    varying = [column for column in key if column != "connection"]  # a frame is of one connection
    if frame.select(varying).n_unique() == len(frame):
        return frame
    return frame.sort("modified_at", READ_AT, nulls_last=False, maintain_order=True).unique(
        varying, keep="last", maintain_order=True
    )


def _present_versions(database: duckdb.DuckDBPyConnection, table: TableSpec, newest: pl.DataFrame) -> pl.DataFrame:
    """For each key that the table holds already: its `_place` in `newest`, the table's row id (`row`), whether the
    version in `newest` `wins` (is not older), whether its source record `differs`, and the table's deletion columns."""
    zoneless = pl.col("modified_at", READ_AT).cast(pl.Datetime("us"))
    staged = newest.select(*table.key, zoneless, "content_hash").with_row_index("_place")
    with _registered(database, staged) as name:
        return database.execute(f"""
            SELECT s._place, t.rowid AS "row", s.content_hash IS DISTINCT FROM t.content_hash AS differs,
                (coalesce(s.modified_at, '-infinity'), s.read_at) >= (coalesce(t.modified_at, '-infinity'), t.read_at) AS wins,
                t.{quoted(DELETED_AT)}, t.{quoted(LEFT_AT)}
            FROM {name} s JOIN {quoted(table.name)} t USING ({", ".join(quoted(column) for column in table.key)})
        """).pl()


def _delete_rows(database: duckdb.DuckDBPyConnection, table: TableSpec, row_ids: pl.Series) -> None:
    with _registered(database, row_ids.to_frame("row")) as name:
        database.execute(f"DELETE FROM {quoted(table.name)} WHERE rowid IN (SELECT row FROM {name})")


def _delete_rows_of(database: duckdb.DuckDBPyConnection, child: TableSpec, parents: pl.DataFrame) -> None:
    with _registered(database, parents) as name:
        same = " AND ".join(f"t.{quoted(column)} = s.{quoted(column)}" for column in child.key)
        database.execute(f"DELETE FROM {quoted(child.name)} t USING {name} s WHERE {same}")


def _append(database: duckdb.DuckDBPyConnection, table: TableSpec, rows: pl.DataFrame) -> None:
    with _registered(database, rows) as name:
        database.execute(f"INSERT INTO {quoted(table.name)} BY NAME SELECT * FROM {name}")


@contextmanager
def _registered(database: duckdb.DuckDBPyConnection, rows: pl.DataFrame) -> Iterator[str]:
    """The frame as a view that DuckDB scans in place, without a copy. Cut into batches, as DuckDB gives each
    thread a batch: a frame in one piece would be loaded by one thread."""
    whole = rows.to_arrow(compat_level=pl.CompatLevel.newest())
    database.register("staged", pa.Table.from_batches(whole.to_batches(max_chunksize=_BATCH), whole.schema))
    try:
        yield quoted("staged")
    finally:
        database.unregister("staged")
