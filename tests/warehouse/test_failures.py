import os
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from mlconnector_assets.errors import AccessDenied, ConnectorError, LeaseHeld, StorageFull, WarehouseError
from mlconnector_assets.warehouse.duckdb import DuckDBWarehouse
from mlconnector_assets.warehouse.duckdb_failures import explain, failures
from tests.processes import run_apart
from tests.warehouse.frames import ORDERS, frame, order
from tests.warehouse.loader import load, load_on_a_small_disk

HOLDER = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"


@pytest.fixture
def loaded(tmp_path):
    warehouse = DuckDBWarehouse(tmp_path / "w.duckdb", patience=0.2)
    warehouse.load_records("odoo", ORDERS, frame(order("1")), load_id="1", reads=[])
    return warehouse


def load_one(warehouse, load_id="2"):
    return warehouse.load_records("odoo", ORDERS, frame(order("2")), load_id=load_id, reads=[])


@pytest.mark.parametrize("use", [load_one, lambda warehouse: warehouse.query("SELECT 1"), DuckDBWarehouse.identity])
def test_another_process_has_the_file(loaded, use):
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(loaded.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(LeaseHeld) as caught:
            use(loaded)
        holder.stdin.close()
    assert f"in use by process {holder.pid} (python" in caught.value.what
    assert f"ps -p {holder.pid}" in caught.value.mend
    use(loaded)


def test_it_waits_for_a_short_visitor(loaded):
    loaded.patience = 60
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER.replace("sys.stdin.read()", "__import__('time').sleep(0.5)"), str(loaded.path)],
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout.readline() == "held\n"
        assert load_one(loaded).inserted == 1


def test_this_process_has_the_file(loaded):
    with duckdb.connect(loaded.path), pytest.raises(LeaseHeld, match="another part of this process"):
        loaded.query("SELECT 1")


@pytest.mark.parametrize("largest", [5_000, 600_000], ids=["while the file is made", "while rows are written"])
def test_full_disk_at_the_first_load(tmp_path, largest):
    path = tmp_path / "w.duckdb"
    refused_by_full_disk(path, "1", 1, largest)
    assert not list(tmp_path.glob(".*"))
    load(path, "1", 1)
    assert DuckDBWarehouse(path).totals("odoo", ORDERS).rows == 400


def test_full_disk_at_a_later_load_rolls_back(tmp_path):
    path = tmp_path / "w.duckdb"
    load(path, "1", 1)
    before = DuckDBWarehouse(path).query("FROM odoo_orders ORDER BY ALL").rows()
    refused_by_full_disk(path, "2", 2, 600_000)
    assert DuckDBWarehouse(path).query("FROM odoo_orders ORDER BY ALL").rows() == before
    assert DuckDBWarehouse(path).query("SELECT load_id FROM _LOADS").rows() == [("1",)]
    load(path, "2", 2)
    assert len(DuckDBWarehouse(path).query("FROM odoo_orders_lines")) == 800


def refused_by_full_disk(path, load_id, version, largest):
    done = run_apart(load_on_a_small_disk, path, load_id, version, largest)
    assert done.code == 1, done.said
    assert re.match(r"StorageFull: .*no space is left", done.said)
    assert "mend: free some space" in done.said


def cut_short(content):
    return content[:20_000]


def overwritten(content):
    return content[:8_192] + os.urandom(len(content) - 8_192)


@pytest.mark.parametrize(
    "damage", [cut_short, overwritten, lambda _: b"hello", lambda _: b""], ids=["cut", "noise", "text", "empty"]
)
@pytest.mark.parametrize("use", [load_one, lambda warehouse: warehouse.query("FROM odoo_orders")], ids=["load", "query"])
def test_damaged_file(loaded, damage, use):
    loaded.path.write_bytes(damage(loaded.path.read_bytes()))
    with pytest.raises(WarehouseError, match="damaged or is not a DuckDB file") as caught:
        use(loaded)
    assert str(loaded.path) in caught.value.where
    assert "move w.duckdb and w.duckdb.wal away" in caught.value.mend


def test_no_permission(loaded):
    os.seteuid(65534) if os.geteuid() == 0 else loaded.path.chmod(0)
    try:
        with pytest.raises(AccessDenied, match="may not be opened or written") as caught:
            load_one(loaded)
    finally:
        os.seteuid(os.getuid())
        loaded.path.chmod(0o600)
    assert "write permission" in caught.value.mend


@pytest.mark.parametrize(
    ("said", "kind", "what"),
    [
        (
            duckdb.IOException("IO Error: Trying to read a database file with version number 99, but we can only read 64 to 67"),
            WarehouseError,
            "newer DuckDB",
        ),
        (duckdb.IOException('IO Error: Cannot open file "/w": Permission denied'), AccessDenied, "may not be opened"),
        (duckdb.IOException('IO Error: Could not write file "/w": No space left on device'), StorageFull, "rolled back"),
        (duckdb.FatalException("FATAL Error: database has been invalidated"), WarehouseError, "damaged"),
        (duckdb.InternalException("INTERNAL Error: odd\nstack"), WarehouseError, "DuckDB failed: INTERNAL Error: odd"),
    ],
)
def test_what_duckdb_says_is_explained(said, kind, what):
    error = explain(said, Path("/data/w.duckdb"))
    assert type(error) is kind
    assert what in error.what
    assert error.mend
    assert "/data/w.duckdb" in error.where


def test_our_own_errors_pass_unchanged():
    ours = ConnectorError("ours")
    with pytest.raises(ConnectorError) as caught, failures(Path("/w")):
        raise ours
    assert caught.value is ours
