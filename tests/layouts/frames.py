"""Small frames of canonical records, with only the columns that a test cares about."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl

from mlconnector_assets.records import INVOICES, RECORDS

LINE = {
    "line_id": "7",
    "position": 1,
    "description": "Paper",
    "quantity": Decimal("2"),
    "unit": "EA",
    "net_amount": Decimal("100.50"),
}

LAYOUTS_OF = {
    "gl_postings": "gl_entries",
    "invoice_lines": "invoices",
    "purchase_order_lines": "purchase_orders",
    "sales_order_lines": "sales_orders",
    "payment_settlements": "payments",
    "vendor_items": "products",
    "dimensions": "cost_center_plans",
}
"""Shipped layouts that are not named after their record."""

DAY = date(2026, 1, 31)
ORDER = {
    "company": "main",
    "number": "P00001",
    "document_date": DAY,
    "currency": "EUR",
    "counterparty": {"name": "Deco Addict"},
    "own_party": {"name": "Ourselves"},
    "net_amount": Decimal("100.50"),
    "tax_amount": Decimal("21.1"),
    "total_amount": Decimal("121.60"),
    "lines": [LINE],
}
SAMPLES: dict[str, dict[str, Any]] = {
    "vendors": {"name": "Deco", "active": True, "reference": "D-1"},
    "gl_entries": {
        "company": "main",
        "number": "MISC/1",
        "accounting_date": DAY,
        "company_currency": "EUR",
        "debit_amount": Decimal("1.5"),
        "credit_amount": Decimal(0),
        "postings": [{"posting_id": "1", "account_code": "400000", "debit": Decimal("1.5"), "credit": Decimal(0)}],
    },
    "purchase_orders": ORDER,
    "sales_orders": ORDER,
    "receipts": {
        "company": "main",
        "number": "WH/IN/1",
        "direction": "incoming",
        "state": "done",
        "document_date": DAY,
        "lines": [{"line_id": "1", "position": 1, "quantity": Decimal(2)}],
    },
    "payments": {
        "company": "main",
        "number": "PBNK1/1",
        "direction": "outbound",
        "partner_type": "vendor",
        "counterparty": {"name": "Azure Interior"},
        "state": "paid",
        "document_date": DAY,
        "currency": "EUR",
        "company_currency": "EUR",
        "amount": Decimal("9.5"),
        "open_amount": Decimal(0),
        "settlements": [
            {"settlement_id": "1", "document_type": "vendor_bill", "document_number": "BILL/1", "amount": Decimal("9.5")}
        ],
    },
    "contacts": {"name": "Deco", "kind": "contact"},
    "gl_accounts": {"company": "main", "code": "400000", "name": "Sales"},
    "cost_centers": {"name": "Operations", "root_plan_id": "2"},
    "cost_center_plans": {"name": "Departments"},
    "employees": {"name": "Anneke"},
    "products": {
        "name": "Bolt",
        "vendor_items": [{"vendor_item_id": "1", "position": 1, "vendor_id": "7", "price": Decimal("0.5")}],
    },
    "payment_terms": {"name": "30 Days"},
    "taxes": {"company": "main", "name": "21%"},
    "exchange_rates": {"currency": "USD", "valid_from": DAY, "rate": Decimal("1.0842")},
    "bank_statement_lines": {
        "company": "main",
        "number": "BNK1/1",
        "document_date": DAY,
        "journal": "BNK1",
        "currency": "EUR",
        "amount": Decimal("-9.5"),
    },
}
"""One row of each record but invoices, with all that its shipped layouts require."""


def record_of(layout: str) -> str:
    """The record that a shipped layout is for."""
    kind = layout.partition("/")[2]
    return LAYOUTS_OF.get(kind, kind)


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
        "own_party": {"name": "Ourselves"},
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
