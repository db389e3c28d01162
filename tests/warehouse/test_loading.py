import json
from datetime import date, datetime
from decimal import Decimal

import polars as pl
import pytest

from mlconnector_assets.records import GL_ENTRIES, INVOICES, VENDORS
from mlconnector_assets.warehouse.duckdb import DuckDBWarehouse
from mlconnector_assets.warehouse.interface import GroupTotals, LoadOutcome, Totals
from tests.warehouse.frames import MIDNIGHT, ORDERS, frame, instant, line, order


@pytest.fixture
def warehouse(tmp_path):
    return DuckDBWarehouse(tmp_path / "made" / "w.duckdb", clock=lambda: MIDNIGHT)


def load(warehouse, *rows, load_id="1", reads=(), **options):
    return warehouse.load_records("odoo", ORDERS, frame(*rows, **options), load_id=load_id, reads=reads)


def test_values_arrive_exactly(warehouse):
    shares = [{"name": "Zürich", "percent": Decimal("33.333333")}, {"name": None, "percent": Decimal("66.666667")}]
    big = Decimal("9999999999999999.9999")
    load(warehouse, order("1", total_amount=big, lines=[line("a", 1, net_amount=-big, cost_centers=shares)], urgent=True))
    [row] = warehouse.query("SELECT * FROM odoo_orders").rows(named=True)
    assert row == {
        "connection": "odoo",
        "company": "be",
        "source_id": "1",
        "modified_at": datetime(2026, 3, 1),  # noqa: DTZ001 - UTC without a zone is what the column holds
        "content_hash": "0",
        "source_record": '{"id": 1}',
        "number": "O-1",
        "buyer_name": "Zoë & Søn",
        "buyer_city": "Gent",
        "ordered_on": date(2026, 2, 28),
        "urgent": True,
        "currency": "EUR",
        "total_amount": big,
        "read_at": datetime(2026, 3, 1),  # noqa: DTZ001
        "load_id": "1",
        "_deleted_at": None,
        "_left_at": None,
    }
    lines = warehouse.query("SELECT * FROM odoo_orders_lines")
    assert lines.schema["net_amount"] == pl.Decimal(20, 4)
    assert lines.rows() == [("odoo", "1", "a", 1, -big, shares)]
    assert warehouse.query("SELECT unnest(cost_centers, recursive := true) FROM odoo_orders_lines")["percent"].to_list() == [
        Decimal("33.333333"),
        Decimal("66.666667"),
    ]


def test_types_and_comments(warehouse):
    load(warehouse, order("1"))
    columns = warehouse.query("SELECT column_name, data_type, comment FROM duckdb_columns() WHERE table_name = 'odoo_orders'")
    described = {name: (kind, comment) for name, kind, comment in columns.rows()}
    assert described["total_amount"] == ("DECIMAL(20,4)", "sum of the lines")
    assert described["modified_at"][0] == "TIMESTAMP"
    assert described["ordered_on"] == ("DATE", "date of the order")
    assert described["number"] == ("VARCHAR", "the buyer's number")
    assert {table.name: table.meaning for table in warehouse.tables()}["odoo_orders_lines"] == "Orders: lines, in order"


def test_newer_replaces_with_children_and_older_does_not(warehouse):
    first = order("1", content_hash="a", modified_at=instant(5), lines=[line("a", 1), line("b", 2), line("c", 3)])
    newer = order("1", content_hash="b", modified_at=instant(6), lines=[line("z", 1)], taxes=[])
    older = order("1", content_hash="c", modified_at=instant(4), lines=[line("old", 1)])
    assert load(warehouse, first, order("2"), load_id="1") == LoadOutcome(2, 2, 0, 0)
    assert load(warehouse, newer, load_id="2") == LoadOutcome(1, 0, 1, 0)
    assert load(warehouse, older, load_id="3") == LoadOutcome(1, 0, 0, 1)
    assert warehouse.query("SELECT source_id, content_hash, load_id FROM odoo_orders ORDER BY ALL").rows() == [
        ("1", "b", "2"),
        ("2", "0", "1"),
    ]
    assert warehouse.query("SELECT source_id, line_id FROM odoo_orders_lines ORDER BY ALL").rows() == [
        ("1", "z"),
        ("2", "a"),
        ("2", "b"),
    ]
    assert warehouse.query("SELECT source_id FROM odoo_orders_taxes").rows() == [("2",)]


def test_later_read_of_the_same_second_wins(warehouse):
    load(warehouse, order("1", content_hash="a"), read_at=instant(1), load_id="1")
    assert load(warehouse, order("1", content_hash="b"), read_at=instant(3), load_id="2").updated == 1
    assert load(warehouse, order("1", content_hash="a"), read_at=instant(2), load_id="3").unchanged == 1
    assert warehouse.query("SELECT content_hash FROM odoo_orders").item() == "b"


def test_missing_modification_is_the_oldest(warehouse):
    load(warehouse, order("1", content_hash="a", modified_at=None), read_at=instant(9), load_id="1")
    assert load(warehouse, order("1", content_hash="b"), read_at=instant(1), load_id="2").updated == 1
    assert load(warehouse, order("1", content_hash="c", modified_at=None), read_at=instant(9), load_id="3").unchanged == 1
    assert warehouse.query("SELECT content_hash FROM odoo_orders").item() == "b"


def test_one_frame_with_several_versions_of_a_key(warehouse):
    versions = [order("1", content_hash=str(minute), modified_at=instant(minute) if minute else None) for minute in (2, 5, 0, 4)]
    assert load(warehouse, *versions) == LoadOutcome(1, 1, 0, 0)
    assert warehouse.query("SELECT content_hash FROM odoo_orders").rows() == [("5",)]
    assert len(warehouse.query("FROM odoo_orders_lines")) == 2


def test_same_record_again_counts_as_unchanged_but_a_mended_mapping_arrives(warehouse):
    load(warehouse, order("1", number="wrong", lines=[line("wrong", 1)]), load_id="1")
    assert load(warehouse, order("1", number="right", lines=[line("right", 1)]), load_id="2") == LoadOutcome(1, 0, 0, 1)
    assert warehouse.query("SELECT number FROM odoo_orders").item() == "right"
    assert warehouse.query("SELECT line_id FROM odoo_orders_lines").rows() == [("right",)]


def test_repeated_load_changes_nothing_and_answers_the_same(warehouse):
    first = load(warehouse, order("1"), load_id="1", reads=[{"id": 3, "read_at": MIDNIGHT}])
    assert load(warehouse, order("1", number="other"), order("2"), load_id="1", read_at=instant(9)) == first
    assert warehouse.query("SELECT source_id, number FROM odoo_orders").rows() == [("1", "O-1")]
    [row] = warehouse.query("FROM _LOADS").rows(named=True)
    assert json.loads(row.pop("reads")) == [{"id": 3, "read_at": "2026-03-01 00:00:00+00:00"}]
    at = datetime(2026, 3, 1)  # noqa: DTZ001
    assert row == {
        **{"load_id": "1", "loaded_at": at, "connection": "odoo", "record": "orders", "finished": at},
        **{"rows": 1, "inserted": 1, "updated": 0, "unchanged": 0},
    }


def test_one_load_id_for_two_records_loads_both(warehouse):
    load(warehouse, order("1"), load_id="1")
    vendor = {"connection": "odoo", "source_id": "1", "content_hash": "v", "name": "Vendor"}
    outcome = warehouse.load_records("odoo", VENDORS, frame(vendor, record=VENDORS), load_id="1", reads=[])
    assert outcome.inserted == 1


def test_connections_have_their_own_tables(warehouse):
    load(warehouse, order("1"))
    warehouse.load_records("other", ORDERS, frame(order("1", connection="other")), load_id="2", reads=[])
    assert [table.rows for table in warehouse.tables() if table.name in ("odoo_orders", "other_orders")] == [1, 1]


def test_empty_load_makes_tables_and_its_row(warehouse):
    assert load(warehouse) == LoadOutcome(0, 0, 0, 0)
    assert {table.name: table.rows for table in warehouse.tables()} == {
        **{"_LOADS": 1, "_WAREHOUSE": 1, "odoo_orders": 0, "odoo_orders_lines": 0, "odoo_orders_taxes": 0}
    }


@pytest.mark.parametrize("record", [INVOICES, VENDORS, GL_ENTRIES], ids=lambda record: record.name)
def test_real_records_load(warehouse, record):
    row = {"connection": "odoo", "source_id": "1", "modified_at": MIDNIGHT, "content_hash": "x", "source_record": "{}"}
    row |= {child: [{id_field: "a"}, {id_field: "b"}] for child, id_field in record.children}
    warehouse.load_records("odoo", record, frame(row, record=record), load_id="1", reads=[])
    assert [table.rows for table in warehouse.tables() if table.name.startswith("odoo_")] == [1, *(2 for _ in record.children)]
    assert warehouse.totals("odoo", record).rows == 1


def test_totals_by_company_and_currency(warehouse):
    amounts = [("be", "EUR", "0.0001"), ("be", "EUR", "9999999999999999.9999"), ("nl", "EUR", "-1"), ("nl", "USD", "2.5")]
    rows = [order(str(n), company=c, currency=u, total_amount=Decimal(a)) for n, (c, u, a) in enumerate(amounts)]
    load(warehouse, *rows, order("9", company=None, currency=None, total_amount=None))
    totals = warehouse.totals("odoo", ORDERS)
    assert totals.rows == 5
    assert totals.money == {
        ("total_amount", "EUR"): Decimal("9999999999999999.0000"),
        ("total_amount", "USD"): Decimal("2.5000"),
        ("total_amount", ""): Decimal(0),
    }
    assert GroupTotals("nl", "USD", 1, {"total_amount": Decimal("2.5000")}) in totals.groups


def test_totals_before_the_first_load(warehouse):
    assert warehouse.totals("odoo", ORDERS) == Totals()
    assert warehouse.tables() == []
    load(warehouse, order("1"))
    assert warehouse.totals("odoo", INVOICES) == Totals()


def test_identity_lives_as_long_as_the_file(warehouse):
    before = warehouse.identity()
    load(warehouse, order("1"))
    assert warehouse.identity() == before
    warehouse.path.unlink()
    assert warehouse.identity() != before


def test_wrong_frames_are_refused(warehouse):
    good = frame(order("1"))
    for bad, message in (
        (good.drop("read_at"), "another schema in read_at"),
        (good.with_columns(pl.lit(1.0).alias("total_amount")), "another schema in total_amount"),
        (good.with_columns(pl.lit(None, pl.String).alias("source_id")), "rows without connection, source_id or read_at"),
        (frame(order("1", connection="other")), "rows of another connection"),
    ):
        with pytest.raises(ValueError, match=message):
            warehouse.load_records("odoo", ORDERS, bad, load_id="1", reads=[])
    assert not warehouse.path.exists()


def test_a_load_of_many_batches_arrives_whole(warehouse):
    many = pl.select(source_id=pl.int_range(250_000).cast(pl.String)).select(
        pl.lit("odoo").alias("connection"),
        "source_id",
        pl.lit(MIDNIGHT).cast(pl.Datetime("us", "UTC")).alias("modified_at"),
        pl.col("source_id").str.pad_start(64, "0").alias("content_hash"),
        ('{"id": ' + pl.col("source_id") + "}").alias("source_record"),
        ("Vendor " + pl.col("source_id")).alias("name"),
        pl.lit(MIDNIGHT).cast(pl.Datetime("us", "UTC")).alias("read_at"),
    )
    rows = pl.concat([VENDORS.empty(), many], how="diagonal").select(*VENDORS.schema, "read_at")
    assert warehouse.load_records("odoo", VENDORS, rows, load_id="1", reads=[]).inserted == len(rows)
    stored = warehouse.query(
        "SELECT source_id, content_hash, source_record, name FROM odoo_vendors ORDER BY CAST(source_id AS INT)"
    )
    assert stored.equals(rows.select(stored.columns))
