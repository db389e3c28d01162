"""Marking rows as gone changes nothing else, survives later loads, and can be taken back."""

from __future__ import annotations

import polars as pl

from mlconnector_assets.warehouse.duckdb import DuckDBWarehouse
from mlconnector_assets.warehouse.interface import DELETED_AT, GONE_SCHEMA, LEFT_AT
from tests.warehouse.frames import ORDERS, frame, instant, order


def gone(**marks: object) -> pl.DataFrame:
    return pl.DataFrame([{"company": "be", DELETED_AT: None, LEFT_AT: None} | marks], schema=GONE_SCHEMA)


def test_a_mark_stays_until_it_is_taken_back(tmp_path):
    warehouse = DuckDBWarehouse(tmp_path / "warehouse.duckdb")

    def load(load_id: str, *rows: dict[str, object]) -> None:
        warehouse.load_records("odoo", ORDERS, frame(*rows), load_id=load_id, reads=[])

    def held() -> list[tuple[object, ...]]:
        return warehouse.query("select source_id, urgent, _deleted_at, _left_at from odoo_orders order by 1").rows()

    load("1", order("1"), order("2"))
    before = warehouse.query("select * exclude (_deleted_at, _left_at) from odoo_orders order by source_id")
    assert warehouse.mark_gone("odoo", ORDERS, gone(source_id="1", **{DELETED_AT: instant(5)})) == 1
    assert warehouse.mark_gone("odoo", ORDERS, gone(source_id="9", **{DELETED_AT: instant(5)})) == 0
    assert warehouse.query("select * exclude (_deleted_at, _left_at) from odoo_orders order by source_id").equals(before)
    naive = instant(5).replace(tzinfo=None)
    assert held() == [("1", None, naive, None), ("2", None, None, None)]
    assert warehouse.totals("odoo", ORDERS).rows == 1
    load("2", order("1", urgent=True, modified_at=instant(1), content_hash="1"), order("3"))
    assert held() == [("1", True, naive, None), ("2", None, None, None), ("3", None, None, None)]
    warehouse.mark_gone("odoo", ORDERS, gone(source_id="1", **{LEFT_AT: instant(6)}))
    assert held()[0] == ("1", True, None, instant(6).replace(tzinfo=None))
    warehouse.mark_gone("odoo", ORDERS, gone(source_id="1"))
    assert warehouse.totals("odoo", ORDERS).rows == 3


def test_marks_of_a_record_that_was_never_loaded_are_passed_over(tmp_path):
    warehouse = DuckDBWarehouse(tmp_path / "warehouse.duckdb")
    assert warehouse.mark_gone("odoo", ORDERS, gone(source_id="1", **{DELETED_AT: instant(5)})) == 0
    assert warehouse.totals("odoo", ORDERS).rows == 0
