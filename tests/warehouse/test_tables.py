import polars as pl
import pytest

from mlconnector_assets.records import RECORDS, Column, Record
from mlconnector_assets.warehouse.duckdb_schema import sql_type
from mlconnector_assets.warehouse.tables import OF_THE_LOAD, literal, quoted, tables_for
from tests.warehouse.frames import ORDERS, frame, line, order


def names(table):
    return [column.name for column in table.columns]


def test_parent_lays_structs_flat_and_leaves_nested_columns_out():
    parent, _ = tables_for(ORDERS, "odoo")
    assert parent.name == "odoo_orders"
    assert names(parent) == [
        *("connection", "company", "source_id", "modified_at", "content_hash", "source_record"),
        *("number", "buyer_name", "buyer_city", "ordered_on", "urgent", "currency", "total_amount"),
        *OF_THE_LOAD,
    ]


def test_child_has_parent_key_position_and_fields():
    _, (lines, taxes) = tables_for(ORDERS, "odoo")
    assert (lines.name, names(lines)) == (
        "odoo_orders_lines",
        ["connection", "source_id", "line_id", "position", "net_amount", "cost_centers"],
    )
    assert (taxes.name, names(taxes)) == ("odoo_orders_taxes", ["connection", "source_id", "position", "tax_id", "tax_amount"])


def test_child_rows_keep_their_order_and_skip_documents_without_any():
    _, (lines, taxes) = tables_for(ORDERS, "odoo")
    documents = frame(
        order("1", lines=[line("x", 7), line("y", 3)], taxes=[{"tax_id": "u"}, {"tax_id": "t"}]),
        order("2", lines=[], taxes=None),
        order("3", lines=[line("z", 1)], taxes=[{"tax_id": "t"}]),
    )
    assert lines.rows(documents).select("source_id", "line_id", "position").rows() == [
        ("1", "x", 7),
        ("1", "y", 3),
        ("3", "z", 1),
    ]
    assert taxes.rows(documents).select("source_id", "tax_id", "position").rows() == [("1", "u", 1), ("1", "t", 2), ("3", "t", 1)]


def test_meanings_become_one_line():
    parent, (lines, _) = tables_for(ORDERS, "odoo")
    assert parent.meaning == "Orders. Orders, made for tests."
    assert lines.meaning == "Orders: lines, in order"
    assert {column.name: column.meaning for column in parent.columns}["buyer_city"] == "who buys: city"


def test_two_columns_of_one_name_are_refused():
    record = Record(
        "clash", "Clash", "", {"a": Column(pl.Struct({"b": pl.String()}), "struct"), "a_b": Column(pl.String(), "plain")}
    )
    with pytest.raises(ValueError, match="two columns named a_b"):
        tables_for(record, "odoo")


def test_child_must_be_a_list_of_structs():
    record = Record("flat", "Flat", "", {"tags": Column(pl.List(pl.String()), "tags")}, children=(("tags", "id"),))
    with pytest.raises(ValueError, match=r"flat\.tags"):
        tables_for(record, "odoo")


@pytest.mark.parametrize("record", RECORDS.values(), ids=list(RECORDS))
def test_every_record_has_tables_with_types_and_meanings(record):
    parent, children = tables_for(record, "odoo")
    assert len(children) == len(record.children)
    for table in (parent, *children):
        assert table.meaning
        assert all(sql_type(column.type) for column in table.columns)
        of_the_load = [pl.lit(None).alias(name) for name in OF_THE_LOAD]
        assert table.rows(record.empty().with_columns(of_the_load)).is_empty()
    assert all(column.meaning for column in parent.columns)


def test_types():
    _, (lines, _) = tables_for(ORDERS, "odoo")
    assert [sql_type(column.type) for column in lines.columns] == [
        *("VARCHAR", "VARCHAR", "VARCHAR", "INTEGER", "DECIMAL(20,4)"),
        'STRUCT("name" VARCHAR, "percent" DECIMAL(12,6))[]',
    ]


@pytest.mark.parametrize("kind", [pl.Float64(), pl.List(pl.Float32()), pl.Datetime("us", "Europe/Brussels")], ids=str)
def test_floats_and_local_times_have_no_column(kind):
    with pytest.raises(ValueError, match="no warehouse column"):
        sql_type(kind)


def test_quoting():
    assert quoted("a", 'b"c') == '"a"."b""c"'
    assert literal("it's") == "'it''s'"
