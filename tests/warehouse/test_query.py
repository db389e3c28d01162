from decimal import Decimal

import polars as pl
import pytest

from mlconnector_assets.errors import WarehouseError
from mlconnector_assets.warehouse.duckdb import DuckDBWarehouse
from tests.warehouse.frames import ORDERS, frame, order


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory):
    warehouse = DuckDBWarehouse(tmp_path_factory.mktemp("query") / "w.duckdb")
    warehouse.load_records("odoo", ORDERS, frame(order("1"), order("2", company="nl")), load_id="1", reads=[])
    return warehouse


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("select count(*) from odoo_orders", [(2,)]),
        ("FROM odoo_orders SELECT source_id ORDER BY 1;", [("1",), ("2",)]),
        ("with x as (select 1 as a) select a from x -- a comment", [(1,)]),
        ("values (1), (2)", [(1,), (2,)]),
        ("select record from _loads", [("orders",)]),
        ("PIVOT odoo_orders ON company USING sum(total_amount) GROUP BY currency", [("EUR", Decimal(10), Decimal(10))]),
    ],
)
def test_reading(warehouse, sql, rows):
    assert warehouse.query(sql).rows() == rows


@pytest.mark.parametrize(
    "sql", ["DESCRIBE odoo_orders", "SHOW TABLES", "SUMMARIZE odoo_orders", "EXPLAIN SELECT * FROM odoo_orders"]
)
def test_looking_around(warehouse, sql):
    assert len(warehouse.query(sql)) > 0


def test_sums_stay_decimal(warehouse):
    assert warehouse.query("SELECT sum(total_amount) AS s FROM odoo_orders").schema["s"] == pl.Decimal(38, 4)


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO odoo_orders (source_id) VALUES ('x')",
        "UPDATE odoo_orders SET number = 'x'",
        "DELETE FROM odoo_orders",
        "DROP TABLE odoo_orders",
        "CREATE TABLE x (a INT)",
        "CREATE TEMP TABLE x AS SELECT 1",
        "ALTER TABLE odoo_orders ADD COLUMN x INT",
        "SELECT 1; SELECT 2",
        "SELECT 1; DROP TABLE odoo_orders",
        "EXPLAIN ANALYZE DELETE FROM odoo_orders",
        "COPY odoo_orders TO '{folder}/out.csv'",
        "EXPORT DATABASE '{folder}/out'",
        "ATTACH '{folder}/other.duckdb'",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SET enable_external_access = true",
        "PRAGMA memory_limit = '1GB'",
        "INSTALL httpfs",
        "CHECKPOINT",
        "",
        "-- nothing",
    ],
)
def test_whatever_else_it_does_is_refused(warehouse, tmp_path, sql):
    with pytest.raises(WarehouseError, match="only one statement that reads") as caught:
        warehouse.query(sql.replace("{folder}", str(tmp_path)))
    assert "copy the file" in caught.value.mend
    assert list(tmp_path.iterdir()) == []
    assert warehouse.totals("odoo", ORDERS).rows == 2


def test_python_variables_are_not_tables(warehouse):
    secret = pl.DataFrame({"a": [1]})
    with pytest.raises(WarehouseError, match="Table with name secret does not exist"):
        warehouse.query("SELECT * FROM secret")
    assert len(secret) == 1


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELEC 1", 'syntax error at or near "SELEC"'),
        ("SELECT * FROM odoo_order", 'Did you mean "odoo_orders"'),
        ("SELECT nummer FROM odoo_orders", 'Candidate bindings: "number"'),
        ("SELECT CAST(number AS INT) FROM odoo_orders", "Could not convert string"),
        ("SELECT 'open", "unterminated quoted string"),
        ("SELECT nosuch(1)", "nosuch does not exist"),
    ],
)
def test_mistakes_are_explained(warehouse, sql, message):
    with pytest.raises(WarehouseError, match="the query cannot be answered") as caught:
        warehouse.query(sql)
    assert message in caught.value.what
    assert "tables: _LOADS, _WAREHOUSE, odoo_orders, odoo_orders_lines" in caught.value.mend


def test_no_warehouse_yet(tmp_path):
    warehouse = DuckDBWarehouse(tmp_path / "w.duckdb")
    with pytest.raises(WarehouseError, match="no warehouse yet") as caught:
        warehouse.query("SELECT 1")
    assert "mlconnector sync" in caught.value.mend
    assert not warehouse.path.exists()
