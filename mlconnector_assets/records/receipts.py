"""Goods receipts from vendors and deliveries to customers, told apart by `direction`. One row a transfer with its
lines; what arrives or leaves later on is a transfer of its own, its backorder."""

from __future__ import annotations

import polars as pl

from mlconnector_assets.records.record import INSTANT, PARTY, QUANTITY, Column, Record

LINE = pl.Struct(
    {
        "line_id": pl.String(),
        "position": pl.Int32(),
        "description": pl.String(),
        "item_code": pl.String(),
        "vendor_item_code": pl.String(),
        "buyer_item_code": pl.String(),
        "gtin": pl.String(),
        "state": pl.String(),
        "expected_quantity": QUANTITY,
        "quantity": QUANTITY,
        "unit": pl.String(),
        "order_id": pl.String(),
        "order_number": pl.String(),
        "counterparty_order_number": pl.String(),
        "order_line_id": pl.String(),
    }
)
"""`quantity` is what was moved: 0 until the line is done. `state` as of the transfer. `order_id` and `order_line_id` are
source ids of a purchase order when goods come in, of a sales order when they go out."""

RECEIPTS = Record(
    name="receipts",
    title="Goods receipts and deliveries",
    meaning=__doc__ or "",
    own_columns={
        "direction": Column(pl.String(), "incoming (we receive) or outgoing (we deliver)"),
        "state": Column(pl.String(), "draft, waiting, ready, done or cancelled"),
        "number": Column(pl.String(), "our number of the transfer"),
        "order_references": Column(pl.String(), "order numbers it was made from, as the source writes them"),
        "backorder_of_id": Column(pl.String(), "source_id of the transfer whose rest this is"),
        "backorder_of_number": Column(pl.String(), "its number"),
        "return_of_id": Column(pl.String(), "source_id of the transfer that is returned by this one"),
        "return_of_number": Column(pl.String(), "its number"),
        "counterparty_id": Column(pl.String(), "source_id of the commercial counterparty"),
        "counterparty": Column(PARTY, "the vendor or customer, with the address of this transfer"),
        "document_date": Column(pl.Date(), "UTC day on which it was done; until then the day it is planned for"),
        "scheduled_at": Column(INSTANT, "when it is planned"),
        "done_at": Column(INSTANT, "when it was done"),
        "lines": Column(pl.List(LINE), "what is moved, in order"),
        "problem": Column(pl.String(), "why the document may not leave; null when sound"),
    },
    children=(("lines", "line_id"),),
    number_column="number",
    date_column="document_date",
    business_columns=(
        "direction",
        "state",
        "number",
        "counterparty_id",
        "document_date",
        "lines.item_code",
        "lines.quantity",
        "lines.unit",
        "lines.order_line_id",
    ),
)
