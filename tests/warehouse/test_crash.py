"""kill -9 at every named step of a load, then the same load again: the rows of an undisturbed one."""

import signal

import pytest

from mlconnector_assets.crash_points import VARIABLE, CrashPoint
from mlconnector_assets.warehouse.duckdb import DuckDBWarehouse
from tests.processes import run_apart
from tests.warehouse.frames import ORDERS
from tests.warehouse.loader import ORDERS_LOADED, load

TABLES = ("odoo_orders", "odoo_orders_lines", "odoo_orders_taxes")
LOADS = "SELECT load_id, rows, inserted, updated, unchanged FROM _LOADS ORDER BY load_id"


def killed_at(point, path, load_id, version):
    return run_apart(load, path, load_id, version, environment={VARIABLE: point.value}).code == -signal.SIGKILL


def rows(path):
    warehouse = DuckDBWarehouse(path)
    return [warehouse.query(f"SELECT * FROM {table} ORDER BY ALL").rows() for table in TABLES] + [warehouse.query(LOADS).rows()]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    path = tmp_path_factory.mktemp("undisturbed") / "w.duckdb"
    load(path, "first", 1)
    once = rows(path)
    load(path, "second", 2)
    return once, rows(path)


@pytest.mark.parametrize("point", [CrashPoint.LOAD_MERGED, CrashPoint.LOAD_WAREHOUSE_COMMITTED])
def test_killed_then_loaded_again(tmp_path, undisturbed, point):
    path = tmp_path / "w.duckdb"
    assert killed_at(point, path, "first", 1)
    load(path, "first", 1)
    assert rows(path) == undisturbed[0]
    assert killed_at(point, path, "second", 2)
    committed = point is CrashPoint.LOAD_WAREHOUSE_COMMITTED
    assert rows(path) == undisturbed[committed]  # readable after the crash, before any repair
    load(path, "second", 2)
    assert rows(path) == undisturbed[1]
    assert DuckDBWarehouse(path).totals("odoo", ORDERS).rows == ORDERS_LOADED
