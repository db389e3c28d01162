"""Purchase orders and requests for quotation. One row an order with its lines."""

from __future__ import annotations

import polars as pl

from mlconnector_assets.records.orders import ORDER_BUSINESS_COLUMNS, order_columns, order_line
from mlconnector_assets.records.record import INSTANT, Column, Record

PURCHASE_ORDERS = Record(
    name="purchase_orders",
    title="Purchase orders",
    meaning=__doc__ or "",
    own_columns=order_columns(order_line("received_quantity"), "the vendor's number of the order")
    | {
        "receipt_state": Column(pl.String(), "pending, partial or full; null when nothing is to be received"),
        "confirmed_at": Column(INSTANT, "when it was confirmed"),
    },
    children=(("lines", "line_id"),),
    totals=("net_amount", "tax_amount", "total_amount"),
    currency_column="currency",
    number_column="number",
    date_column="document_date",
    business_columns=ORDER_BUSINESS_COLUMNS,
)
