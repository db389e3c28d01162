"""Columns of records, tables and files with their meaning, and which column comes from which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import dagster as dg
import polars as pl

from mlconnector_assets.layouts import CompiledLayout, CompiledPart, compile_layout
from mlconnector_assets.layouts.rendering import RenderedColumn
from mlconnector_assets.orchestration import names
from mlconnector_assets.partners.specification import Flow
from mlconnector_assets.records import RECORDS, Column, Record
from mlconnector_assets.steps.sweep import DELETIONS_COLUMNS
from mlconnector_assets.warehouse.tables import Kind, tables_for


def record_schema(record: Record) -> dg.TableSchema:
    """The record's columns with their meaning."""
    return _schema(record.columns)


def deletions_schema() -> dg.TableSchema:
    """The columns of what vanished, with their meaning."""
    return _schema(DELETIONS_COLUMNS)


def _schema(described: Mapping[str, Column]) -> dg.TableSchema:
    return dg.TableSchema([dg.TableColumn(name, _type_name(column.type), column.meaning) for name, column in described.items()])


def table_schema(record: Record, connection: str) -> dg.TableSchema:
    """The columns of the record's table; its child tables are in `child_tables`."""
    parent, _ = tables_for(record, connection)
    return dg.TableSchema([dg.TableColumn(column.name, _type_name(column.type), column.meaning) for column in parent.columns])


def table_lineage(record: Record, connection: str) -> dg.TableColumnLineage:
    """Columns of the record's table to columns of the record."""
    parent, _ = tables_for(record, connection)
    used = {column.name: column.value.meta.root_names() for column in parent.columns}
    return _lineage(names.record_asset(connection, record.name), record, used)


def child_tables(record: Record, connection: str) -> dict[str, str]:
    """Name of each child table to its meaning."""
    return {table.name: table.meaning for table in tables_for(record, connection)[1]}


def file_schema(flow: Flow) -> dg.TableSchema:
    """The columns of a flow's file with what fills them."""
    layout = _compiled(flow)
    return dg.TableSchema(
        [
            dg.TableColumn(_label(layout, part, column), "text", f"= {column.rules.value or column.name}")
            for part in layout.parts
            for column in part.columns
        ]
    )


def file_lineage(flow: Flow) -> dg.TableColumnLineage:
    """Columns of a flow's file to the record's columns that their expressions name."""
    record = RECORDS[flow.record]
    layout = _compiled(flow)
    used = {
        _label(layout, part, column): [name if name in record.columns else part.rows for name in column.value.meta.root_names()]
        for part in layout.parts
        for column in part.columns
    }
    return _lineage(names.record_asset(flow.connection, flow.record), record, used)


def _compiled(flow: Flow) -> CompiledLayout:
    return compile_layout(flow.layout, RECORDS[flow.record], file_format=flow.format)


def _label(layout: CompiledLayout, part: CompiledPart, column: RenderedColumn) -> str:
    """The column's name; with its part's where the file has several."""
    return column.name if len(layout.parts) == 1 else f"{part.name}.{column.name}"


def _lineage(source: dg.AssetKey, record: Record, used: Mapping[str, Iterable[str]]) -> dg.TableColumnLineage:
    return dg.TableColumnLineage(
        {
            column: [dg.TableColumnDep(source, name) for name in dict.fromkeys(inputs) if name in record.columns]
            for column, inputs in used.items()
        }
    )


def _type_name(kind: Kind) -> str:
    """`Decimal(20, 4)`, `Date`, `List`: without the fields of what is nested."""
    if isinstance(kind, pl.Decimal):
        return f"Decimal({kind.precision}, {kind.scale})"
    return str(kind).partition("(")[0]
