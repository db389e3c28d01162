"""Small records and frames for the warehouse's tests."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from mlconnector_assets.records import Column, Record
from mlconnector_assets.records.record import INSTANT, MONEY, PERCENT
from mlconnector_assets.warehouse.interface import READ_AT

MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)

SHARES = pl.List(pl.Struct({"name": pl.String(), "percent": PERCENT}))
LINE = pl.Struct({"line_id": pl.String(), "position": pl.Int32(), "net_amount": MONEY, "cost_centers": SHARES})
TAX = pl.Struct({"tax_id": pl.String(), "tax_amount": MONEY})

ORDERS = Record(
    name="orders",
    title="Orders",
    meaning="Orders,\nmade for tests.",
    own_columns={
        "number": Column(pl.String(), "the buyer's number"),
        "buyer": Column(pl.Struct({"name": pl.String(), "city": pl.String()}), "who buys"),
        "ordered_on": Column(pl.Date(), "date of the order"),
        "urgent": Column(pl.Boolean(), "whether it hurries"),
        "currency": Column(pl.String(), "ISO 4217 code"),
        "total_amount": Column(MONEY, "sum of the lines"),
        "lines": Column(pl.List(LINE), "lines, in order"),
        "taxes": Column(pl.List(TAX), "tax summary"),
    },
    children=(("lines", "line_id"), ("taxes", "tax_id")),
    totals=("total_amount",),
    currency_column="currency",
    number_column="number",
    date_column="ordered_on",
)
"""Everything a record can have: a struct, nested lists in lines, a child with and one without its own position."""


def instant(minutes: int) -> datetime:
    """Midnight plus some minutes."""
    return MIDNIGHT + timedelta(minutes=minutes)


def order(source_id: str, **changes: Any) -> dict[str, Any]:
    """An order as modified at minute 0, unless told otherwise."""
    plain = {
        "connection": "odoo",
        "company": "be",
        "source_id": source_id,
        "modified_at": instant(0),
        "content_hash": "0",
        "source_record": '{"id": 1}',
        "number": f"O-{source_id}",
        "buyer": {"name": "Zoë & Søn", "city": "Gent"},
        "ordered_on": date(2026, 2, 28),
        "urgent": None,
        "currency": "EUR",
        "total_amount": Decimal("10.0000"),
        "lines": [line("a", 1), line("b", 2)],
        "taxes": [{"tax_id": "t", "tax_amount": Decimal("2.1000")}],
    }
    return plain | changes


def line(line_id: str, position: int, **changes: Any) -> dict[str, Any]:
    """A line of an order."""
    return {"line_id": line_id, "position": position, "net_amount": Decimal("5.0000"), "cost_centers": None} | changes


def frame(*rows: dict[str, Any], read_at: datetime = MIDNIGHT, record: Record = ORDERS) -> pl.DataFrame:
    """A frame to load. A row's own `read_at` goes before the frame's."""
    schema = pl.Schema({**record.schema, READ_AT: INSTANT})
    return pl.DataFrame([{READ_AT: read_at} | row for row in rows], schema=schema)
