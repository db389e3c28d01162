"""Which tables a record becomes, for any warehouse: the parent with struct columns laid flat, and a child
table for each nested column. Also the one place where SQL identifiers are quoted.

An invoice of connection `odoo` becomes `odoo_invoices`, `odoo_invoices_lines` and `odoo_invoices_taxes`.
Child rows carry the parent's key and their place in the document. Lists within a line stay lists of
structs, which SQL can unnest. Instants are kept as timestamps without zone, in UTC: a day taken from one is
the UTC day whatever the zone of the session that asks, and both warehouses have the same type.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl
from polars.datatypes import DataTypeClass

from mlconnector_assets.records import Column, Record
from mlconnector_assets.records.record import INSTANT
from mlconnector_assets.warehouse.interface import DELETED_AT, LEFT_AT, READ_AT

Kind = pl.DataType | DataTypeClass
LOAD_ID = "load_id"
POSITION = "position"
STORED_INSTANT = pl.Datetime("us")

OF_THE_LOAD: dict[str, Column] = {
    READ_AT: Column(INSTANT, "when the read began that found this version, by the source's clock, UTC"),
    LOAD_ID: Column(pl.String(), "the load that wrote this row, see _LOADS"),
    DELETED_AT: Column(INSTANT, "when the record was found deleted at its source, UTC; null while it is there"),
    LEFT_AT: Column(
        INSTANT, "when it was found not to be among these records any more, UTC: moved to another company, not a vendor any more"
    ),
}
"""Columns that the parent table has besides the record's own."""


@dataclass(frozen=True)
class StoredColumn:
    """A column of a table, its Polars type, its meaning, and how its value is taken from the frame."""

    name: str
    type: Kind
    meaning: str
    value: pl.Expr = field(compare=False)


@dataclass(frozen=True)
class TableSpec:
    """A table of the warehouse. `nested` is the record's column whose entries are its rows; None for the parent."""

    name: str
    meaning: str
    key: tuple[str, ...]
    columns: tuple[StoredColumn, ...]
    nested: str | None = None

    def rows(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The table's rows out of a frame of the record (for the parent with the columns OF_THE_LOAD)."""
        if self.nested is not None:
            listed = frame.select(*self.key, self.nested).filter(pl.col(self.nested).list.len() > 0)
            places = pl.int_ranges(1, pl.col(self.nested).list.len() + 1, dtype=pl.Int32)
            frame = listed.with_columns(places.alias(POSITION)).explode(self.nested, POSITION)
        return frame.select(column.value.cast(column.type).alias(column.name) for column in self.columns)


def quoted(*path: str) -> str:
    """An SQL identifier, quoted; several become a dotted path."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in path)


def literal(text: str) -> str:
    """An SQL text literal, for the statements that take no parameters."""
    return "'" + text.replace("'", "''") + "'"


def tables_for(record: Record, connection: str) -> tuple[TableSpec, tuple[TableSpec, ...]]:
    """The parent table of a record and its child tables. Raises ValueError if two columns would share a name."""
    name = f"{connection}_{record.name}"
    nested = [column for column, _ in record.children]
    flat = {column: meaning for column, meaning in (record.columns | OF_THE_LOAD).items() if column not in nested}
    parent = _table(name, f"{record.title}. {_one_line(record.meaning)}", record, _laid_flat(flat))
    return parent, tuple(_child(record, f"{name}_{column}", column) for column in nested)


def _child(record: Record, name: str, nested: str) -> TableSpec:
    column = record.columns[nested]
    entry = getattr(column.type, "inner", None)
    if not isinstance(entry, pl.Struct):
        raise ValueError(f"{record.name}.{nested} is {column.type}; a child table needs a list of structs")
    numbered = any(inner.name == POSITION for inner in entry.fields)
    place = {} if numbered else {POSITION: Column(pl.Int32(), "place in the document, from 1")}
    columns = [
        *_laid_flat({key: record.columns[key] for key in record.key} | place),
        *(StoredColumn(inner.name, _stored(inner.dtype), "", pl.col(nested).struct.field(inner.name)) for inner in entry.fields),
    ]
    return _table(name, f"{record.title}: {column.meaning}", record, columns, nested)


def _laid_flat(columns: dict[str, Column]) -> list[StoredColumn]:
    """One stored column for each plain column, and one for each field of a struct column."""
    flat = []
    for name, column in columns.items():
        if isinstance(column.type, pl.Struct):
            flat += [
                StoredColumn(
                    f"{name}_{inner.name}",
                    _stored(inner.dtype),
                    f"{column.meaning}: {inner.name.replace('_', ' ')}",
                    pl.col(name).struct.field(inner.name),
                )
                for inner in column.type.fields
            ]
        else:
            flat.append(StoredColumn(name, _stored(column.type), column.meaning, pl.col(name)))
    return flat


def _table(name: str, meaning: str, record: Record, columns: list[StoredColumn], nested: str | None = None) -> TableSpec:
    names = [column.name for column in columns]
    twice = sorted({column for column in names if names.count(column) > 1})
    if twice:
        raise ValueError(f"table {name} would have two columns named {', '.join(twice)}")
    return TableSpec(name, meaning, record.key, tuple(columns), nested)


def _stored(kind: Kind) -> Kind:
    return STORED_INSTANT if kind == INSTANT else kind


def _one_line(text: str) -> str:
    return " ".join(text.split())
