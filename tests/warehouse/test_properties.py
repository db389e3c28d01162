"""Loads in any order, cut anyhow, repeated at will, end in the newest version of every record, children included."""

from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from mlconnector_assets.warehouse.duckdb import DuckDBWarehouse
from tests.warehouse.frames import ORDERS, frame, instant, line, order

money = st.decimals(Decimal("-9999999999999999.9999"), Decimal("9999999999999999.9999"), places=4)
stamps = st.none() | st.integers(0, 3)


@st.composite
def versions(draw):
    """A version of one of three records. What it holds follows from its stamps, as at a source."""
    source_id, modified, read = draw(st.sampled_from("123")), draw(stamps), draw(st.integers(0, 3))
    count = (3 * (modified or 0) + read + int(source_id)) % 4
    amount = draw(money)
    return order(
        source_id,
        modified_at=None if modified is None else instant(modified),
        read_at=instant(read),
        content_hash=f"{modified}-{read}",
        total_amount=amount,
        lines=[line(f"{modified}-{read}-{n}", n + 1) for n in range(count)],
        taxes=[{"tax_id": str(n), "tax_amount": amount} for n in range(count % 3)],
    )


def rank(version):
    return version["modified_at"] is not None, version["modified_at"] or version["read_at"], version["read_at"]


def identified(version):
    return version["source_id"], version["content_hash"]


def newest(loaded):
    """The model: of each key the highest rank."""
    held = {}
    for version in loaded:
        present = held.get(version["source_id"])
        if present is None or rank(version) >= rank(present):
            held[version["source_id"]] = version
    return held


@settings(max_examples=12, deadline=None)
@given(
    pool=st.lists(versions(), min_size=1, max_size=8, unique_by=identified),
    data=st.data(),
)
def test_any_sequence_of_loads_gives_the_newest_versions(pool, data):
    loads = data.draw(st.lists(st.lists(st.sampled_from(pool), max_size=5), min_size=1, max_size=3))
    order_of_loads = data.draw(st.lists(st.integers(0, len(loads) - 1), max_size=2)) + list(range(len(loads)))
    with TemporaryDirectory() as folder:
        warehouse = DuckDBWarehouse(Path(folder) / "w.duckdb")
        outcomes = {}
        for number in order_of_loads:
            outcome = warehouse.load_records("odoo", ORDERS, frame(*loads[number]), load_id=str(number), reads=[])
            assert outcomes.setdefault(number, outcome) == outcome
            assert outcome.rows == len({version["source_id"] for version in loads[number]})
        expected = newest(version for load in loads for version in load)
        parents = warehouse.query("SELECT source_id, content_hash, total_amount FROM odoo_orders ORDER BY source_id").rows()
        lines = warehouse.query("SELECT source_id, line_id, position FROM odoo_orders_lines ORDER BY ALL").rows()
        taxes = warehouse.query("SELECT source_id, position, tax_id, tax_amount FROM odoo_orders_taxes ORDER BY ALL").rows()
        inserted = warehouse.query("SELECT sum(inserted) FROM _LOADS").item()
    held = [expected[source_id] for source_id in sorted(expected)]
    assert parents == [(row["source_id"], row["content_hash"], row["total_amount"]) for row in held]
    assert lines == [(row["source_id"], entry["line_id"], entry["position"]) for row in held for entry in row["lines"]]
    assert taxes == [
        (row["source_id"], place, entry["tax_id"], entry["tax_amount"])
        for row in held
        for place, entry in enumerate(row["taxes"], 1)
    ]
    assert inserted == len(expected)
