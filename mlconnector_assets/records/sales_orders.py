"""Sales orders and quotations. One row an order with its lines."""

from __future__ import annotations

import polars as pl

from mlconnector_assets.records.orders import ORDER_BUSINESS_COLUMNS, order_columns, order_line
from mlconnector_assets.records.record import PARTY, Column, Record

SALES_ORDERS = Record(
    name="sales_orders",
    title="Sales orders",
    meaning=__doc__ or "",
    own_columns=order_columns(order_line("delivered_quantity"), "the customer's number of the order")
    | {
        "delivery_state": Column(pl.String(), "pending, started, partial or full; null when nothing is to be delivered"),
        "invoice_party": Column(PARTY, "who gets the invoice, if not the counterparty itself"),
    },
    children=(("lines", "line_id"),),
    totals=("net_amount", "tax_amount", "total_amount"),
    currency_column="currency",
    number_column="number",
    date_column="document_date",
    business_columns=ORDER_BUSINESS_COLUMNS,
)
