"""Small frames of canonical records, with only the columns that a test cares about."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl

from mlconnector_assets.records import INVOICES, RECORDS

LINE = {"line_id": "7", "position": 1, "description": "Paper", "quantity": Decimal("2"), "net_amount": Decimal("100.50")}


def invoice(source_id: str = "1", **values: Any) -> dict[str, Any]:
    """A posted invoice as a row; `values` override."""
    return {
        "connection": "odoo",
        "company": "main",
        "source_id": source_id,
        "modified_at": datetime(2026, 1, 31, 12, 30, 15, tzinfo=UTC),
        "document_type": "invoice",
        "state": "posted",
        "number": f"INV/{source_id}",
        "counterparty": {"name": "Deco Addict", "reference": "D-1"},
        "document_date": date(2026, 1, 31),
        "due_date": date(2026, 3, 2),
        "currency": "EUR",
        "net_amount": Decimal("100.50"),
        "tax_amount": Decimal("21.1"),
        "total_amount": Decimal("121.60"),
        "lines": [LINE],
    } | values


def invoices(*rows: dict[str, Any]) -> pl.DataFrame:
    """A frame of invoices; without rows one plain invoice."""
    return pl.DataFrame(list(rows) or [invoice()], schema=INVOICES.schema)


def frame_of(record: str, **values: Any) -> pl.DataFrame:
    """One row of any record."""
    row = {"connection": "odoo", "source_id": "1", "modified_at": datetime(2026, 1, 31, tzinfo=UTC)} | values
    return pl.DataFrame([row], schema=RECORDS[record].schema)
