from dataclasses import replace
from decimal import Decimal

import duckdb
import polars as pl
import pytest

from mlconnector_assets.errors import WarehouseError
from mlconnector_assets.records import Column
from mlconnector_assets.warehouse.duckdb import DuckDBWarehouse
from tests.warehouse.frames import LINE, ORDERS, frame, instant, line, order

GROWN_LINE = pl.Struct([*LINE.fields, pl.Field("note", pl.String())])
GROWN = replace(
    ORDERS,
    own_columns=ORDERS.own_columns
    | {
        "lines": Column(pl.List(GROWN_LINE), "lines, in order"),
        "paid_amount": Column(pl.Decimal(20, 4), "what was paid; it's new"),
    },
)


@pytest.fixture
def warehouse(tmp_path):
    warehouse = DuckDBWarehouse(tmp_path / "w.duckdb")
    warehouse.load_records("odoo", ORDERS, frame(order("1"), order("2")), load_id="old", reads=[])
    return warehouse


def grown(source_id, **changes):
    return order(source_id, paid_amount=Decimal("1.5000"), lines=[line("a", 1, note="new")], **changes)


def test_new_columns_are_added_and_old_rows_are_null(warehouse):
    rows = frame(grown("2", modified_at=instant(1)), grown("3"), record=GROWN)
    warehouse.load_records("odoo", GROWN, rows, load_id="new", reads=[])
    assert warehouse.query("SELECT source_id, paid_amount FROM odoo_orders ORDER BY 1").rows() == [
        ("1", None),
        ("2", Decimal("1.5000")),
        ("3", Decimal("1.5000")),
    ]
    assert warehouse.query("SELECT source_id, note FROM odoo_orders_lines ORDER BY ALL").rows() == [
        ("1", None),
        ("1", None),
        ("2", "new"),
        ("3", "new"),
    ]
    comment = warehouse.query("SELECT comment FROM duckdb_columns() WHERE column_name = 'paid_amount'").item()
    assert comment == "what was paid; it's new"


def test_loading_the_same_versions_again_fills_new_columns(warehouse):
    outcome = warehouse.load_records("odoo", GROWN, frame(grown("1"), record=GROWN), load_id="again", reads=[])
    assert (outcome.updated, outcome.unchanged) == (0, 1)
    assert warehouse.query("SELECT paid_amount FROM odoo_orders WHERE source_id = '1'").item() == Decimal("1.5000")


def test_a_column_that_records_lost_stays_and_is_null(warehouse):
    own = {name: column for name, column in ORDERS.own_columns.items() if name != "urgent"}
    shrunk = replace(ORDERS, own_columns=own)
    row = {name: value for name, value in order("3").items() if name != "urgent"}
    warehouse.load_records("odoo", shrunk, frame(row, record=shrunk), load_id="new", reads=[])
    assert warehouse.query("SELECT urgent FROM odoo_orders WHERE source_id = '3'").rows() == [(None,)]


def test_changed_meaning_changes_the_comment(warehouse):
    renamed = replace(ORDERS, own_columns=ORDERS.own_columns | {"number": Column(pl.String(), "number on paper")})
    warehouse.load_records("odoo", renamed, frame(order("3"), record=renamed), load_id="new", reads=[])
    comment = warehouse.query("SELECT comment FROM duckdb_columns() WHERE column_name = 'number' AND table_name = 'odoo_orders'")
    assert comment.item() == "number on paper"


def test_a_changed_type_is_an_error_and_changes_nothing(warehouse):
    changed = replace(
        GROWN,
        own_columns=GROWN.own_columns | {"ordered_on": Column(pl.String(), "as text")},
    )
    row = grown("3") | {"ordered_on": "28 February"}
    with pytest.raises(WarehouseError) as caught:
        warehouse.load_records("odoo", changed, frame(row, record=changed), load_id="new", reads=[])
    assert str(caught.value) == (
        "warehouse table odoo_orders: column ordered_on is DATE, but the records now bring VARCHAR\n"
        "  mend: move the warehouse file away; the next load makes and fills a new one"
    )
    assert warehouse.totals("odoo", ORDERS).rows == 2
    assert "paid_amount" not in warehouse.query("FROM odoo_orders").columns


def test_a_database_that_somebody_else_made_becomes_a_warehouse(tmp_path):
    path = tmp_path / "theirs.duckdb"
    with duckdb.connect(path) as database:
        database.execute("CREATE TABLE mine AS SELECT 1 AS a")
    warehouse = DuckDBWarehouse(path)
    identity = warehouse.identity()
    warehouse.load_records("odoo", ORDERS, frame(order("1")), load_id="1", reads=[])
    assert warehouse.identity() == identity
    assert warehouse.query("SELECT a FROM mine").item() == 1
