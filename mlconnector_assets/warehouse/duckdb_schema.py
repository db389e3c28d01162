"""Tables in a DuckDB file: types, making them, letting them grow. Belongs here: every DDL statement."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import duckdb
import polars as pl

from mlconnector_assets.errors import WarehouseError
from mlconnector_assets.warehouse.tables import Kind, StoredColumn, TableSpec, literal, quoted

LOADS = "_LOADS"
IDENTITY = "_WAREHOUSE"

_PLAIN_TYPES: dict[Kind, str] = {
    pl.String(): "VARCHAR",
    pl.Boolean(): "BOOLEAN",
    pl.Int32(): "INTEGER",
    pl.Int64(): "BIGINT",
    pl.Date(): "DATE",
    pl.Datetime("us"): "TIMESTAMP",
}

_COMPRESSION = {"source_record": "zstd", "content_hash": "uncompressed", "source_id": "uncompressed"}
"""How a parent's columns are kept where DuckDB would choose badly. Measured on Odoo's invoices: ZSTD makes their JSON a
quarter of what DuckDB's own choice does, in less time; on unique keys and hashes the search for a compression takes a
third of a load and gains little."""

_OWN_TABLES = f"""
CREATE TABLE {quoted(LOADS)} (
    load_id VARCHAR NOT NULL, loaded_at TIMESTAMP NOT NULL, connection VARCHAR NOT NULL, record VARCHAR NOT NULL,
    rows BIGINT NOT NULL, inserted BIGINT NOT NULL, updated BIGINT NOT NULL, unchanged BIGINT NOT NULL,
    reads JSON NOT NULL, finished TIMESTAMP NOT NULL
);
COMMENT ON TABLE {quoted(LOADS)} IS 'One row a load, committed together with what it loaded';
COMMENT ON COLUMN {quoted(LOADS)}.loaded_at IS 'when the load began, UTC';
COMMENT ON COLUMN {quoted(LOADS)}.rows IS 'records in the load, each key once: inserted + updated + unchanged';
COMMENT ON COLUMN {quoted(LOADS)}.unchanged IS 'the same source record again, or an older version';
COMMENT ON COLUMN {quoted(LOADS)}.reads IS 'the reads that the load took in';
COMMENT ON COLUMN {quoted(LOADS)}.finished IS 'when everything was written, just before the commit, UTC';
CREATE TABLE {quoted(IDENTITY)} (identity VARCHAR NOT NULL);
COMMENT ON TABLE {quoted(IDENTITY)} IS 'One row: the name this warehouse got when it was made'
"""


def sql_type(kind: Kind) -> str:
    """DuckDB's type for a Polars type. Raises ValueError for types records must not have, such as floats."""
    if isinstance(kind, pl.Decimal):
        return f"DECIMAL({kind.precision},{kind.scale})"
    if isinstance(kind, pl.List):
        return f"{sql_type(kind.inner)}[]"
    if isinstance(kind, pl.Struct):
        return f"STRUCT({', '.join(f'{quoted(inner.name)} {sql_type(inner.dtype)}' for inner in kind.fields)})"
    if kind in _PLAIN_TYPES:
        return _PLAIN_TYPES[kind]
    raise ValueError(f"no warehouse column for {kind}: amounts are Decimal, instants Datetime('us', 'UTC')")


def table_names(database: duckdb.DuckDBPyConnection) -> list[str]:
    """Every table, by name."""
    return [name for (name,) in database.execute("SELECT table_name FROM duckdb_tables() ORDER BY 1").fetchall()]


def has_own_tables(database: duckdb.DuckDBPyConnection) -> bool:
    """Whether the file is a warehouse of ours already."""
    return {LOADS, IDENTITY} <= set(table_names(database))


def make_own_tables(database: duckdb.DuckDBPyConnection) -> None:
    """Make `_LOADS` and the warehouse's identity in a file that has none."""
    database.execute(_OWN_TABLES)
    database.execute(f"INSERT INTO {quoted(IDENTITY)} VALUES (?)", [uuid.uuid4().hex])


def prepare_tables(database: duckdb.DuckDBPyConnection, tables: Sequence[TableSpec]) -> None:
    """Make the tables when missing, add columns they lack (null in old rows), and keep the comments true.

    Raises WarehouseError, naming the column, when one has another type than the record gives it.
    """
    present = _present_columns(database, [table.name for table in tables])
    for table in tables:
        if table.name not in present:
            columns = ", ".join(_definition(table, column) for column in table.columns)
            database.execute(f"CREATE TABLE {quoted(table.name)} ({columns})")
            database.execute(f"COMMENT ON TABLE {quoted(table.name)} IS {literal(table.meaning)}")
        for column in table.columns:
            _prepare_column(database, table.name, column, present.get(table.name))


def _definition(table: TableSpec, column: StoredColumn) -> str:
    definition = f"{quoted(column.name)} {sql_type(column.type)}"
    if table.nested is None and column.name in _COMPRESSION:
        definition += f" USING COMPRESSION {_COMPRESSION[column.name]}"
    return definition


def _prepare_column(
    database: duckdb.DuckDBPyConnection, table: str, column: StoredColumn, present: dict[str, tuple[str, str | None]] | None
) -> None:
    """`present` is None when the table was just made with all its columns."""
    wanted = str(database.sqltype(sql_type(column.type)))
    kind, comment = (present or {}).get(column.name, (wanted, None))
    if kind != wanted:
        raise WarehouseError(
            f"column {column.name} is {kind}, but the records now bring {wanted}",
            where=f"warehouse table {table}",
            mend="move the warehouse file away; the next load makes and fills a new one",
        )
    if present is not None and column.name not in present:
        database.execute(f"ALTER TABLE {quoted(table)} ADD COLUMN {quoted(column.name)} {wanted}")
    if column.meaning and column.meaning != comment:
        database.execute(f"COMMENT ON COLUMN {quoted(table, column.name)} IS {literal(column.meaning)}")


def _present_columns(database: duckdb.DuckDBPyConnection, tables: list[str]) -> dict[str, dict[str, tuple[str, str | None]]]:
    """Type and comment of each column, by table; tables that do not exist are absent."""
    rows = database.execute(
        "SELECT table_name, column_name, data_type, comment FROM duckdb_columns() WHERE table_name IN (SELECT unnest(?))",
        [tables],
    ).fetchall()
    present: dict[str, dict[str, tuple[str, str | None]]] = {}
    for table, name, kind, comment in rows:
        present.setdefault(table, {})[name] = (kind, comment)
    return present
