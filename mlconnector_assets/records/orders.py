"""What purchase and sales orders have in common."""

from __future__ import annotations

import polars as pl

from mlconnector_assets.records.record import (
    COST_CENTER_SHARES,
    INSTANT,
    MONEY,
    PARTY,
    PERCENT,
    PRICE,
    QUANTITY,
    RATE,
    Column,
)


def order_line(moved: str) -> pl.Struct:
    """A line of an order; `moved` names the quantity that was received or delivered.

    `position` counts from 1. `unit_price` is before discount and without tax. Quantities are in `unit`.
    """
    return pl.Struct(
        {
            "line_id": pl.String(),
            "position": pl.Int32(),
            "description": pl.String(),
            "item_code": pl.String(),
            "vendor_item_code": pl.String(),
            "buyer_item_code": pl.String(),
            "gtin": pl.String(),
            "quantity": QUANTITY,
            "unit": pl.String(),
            moved: QUANTITY,
            "invoiced_quantity": QUANTITY,
            "unit_price": PRICE,
            "discount_percent": PERCENT,
            "net_amount": MONEY,
            "tax_amount": MONEY,
            "tax_rate": PERCENT,
            "tax_names": pl.String(),
            "expected_at": INSTANT,
            "cost_centers": COST_CENTER_SHARES,
        }
    )


def order_columns(line: pl.Struct, counterparty_number: str) -> dict[str, Column]:
    """The columns of both; `counterparty_number` says whose number that is."""
    return {
        "state": Column(pl.String(), "draft, sent, to_approve, confirmed or cancelled"),
        "locked": Column(pl.Boolean(), "true when it may no longer be changed"),
        "invoice_state": Column(pl.String(), "nothing, to_invoice, invoiced or upselling"),
        "number": Column(pl.String(), "our number of the order"),
        "counterparty_number": Column(pl.String(), counterparty_number),
        "origin": Column(pl.String(), "what it was made from, as the source writes it"),
        "counterparty_id": Column(pl.String(), "source_id of the commercial counterparty"),
        "counterparty": Column(PARTY, "the vendor or customer"),
        "own_party": Column(PARTY, "our company"),
        "delivery_party": Column(PARTY, "where the goods go, when the order names an address of its own"),
        "responsible": Column(pl.String(), "name of our buyer or salesperson"),
        "document_date": Column(pl.Date(), "UTC day of `ordered_at`"),
        "ordered_at": Column(INSTANT, "when it was ordered; before confirmation, until when the offer is asked for or was made"),
        "expected_at": Column(INSTANT, "when the goods are due"),
        "payment_term": Column(pl.String(), "name of the payment term"),
        "currency": Column(pl.String(), "ISO 4217 code of all amounts"),
        "company_currency": Column(pl.String(), "ISO 4217 code of the company's books"),
        "exchange_rate": Column(RATE, "units of `currency` for one unit of `company_currency`"),
        "lines": Column(pl.List(line), "lines with amounts, in order; sections and notes are left out"),
        "net_amount": Column(MONEY, "total without tax"),
        "tax_amount": Column(MONEY, "sum of taxes"),
        "total_amount": Column(MONEY, "net + tax"),
        "problem": Column(pl.String(), "why the order may not leave (its amounts do not add up); null when sound"),
    }


ORDER_BUSINESS_COLUMNS = (
    "state",
    "number",
    "counterparty_number",
    "counterparty_id",
    "document_date",
    "currency",
    "payment_term",
    "lines.description",
    "lines.item_code",
    "lines.quantity",
    "lines.unit",
    "lines.unit_price",
    "lines.discount_percent",
    "lines.net_amount",
    "lines.expected_at",
    "net_amount",
    "tax_amount",
    "total_amount",
)
"""Quantities received, delivered or invoiced are not among them: they change without a new order."""
