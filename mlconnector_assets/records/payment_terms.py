"""Payment terms, also archived ones. One row a term with its instalments nested."""

from __future__ import annotations

import polars as pl

from mlconnector_assets.records.record import ACTIVE, MONEY, PERCENT, Column, Record

INSTALMENT = pl.Struct(
    {
        "instalment_id": pl.String(),
        "position": pl.Int32(),
        "percent": PERCENT,
        "fixed_amount": MONEY,
        "due": pl.String(),
        "days": pl.Int32(),
        "day_of_month": pl.Int32(),
    }
)
"""A part of the total: `percent` of it or a `fixed_amount`. `due` says from when `days` are counted: invoice_date,
end_of_month, end_of_next_month, or end_of_month_then_day (days after the invoice, then the next `day_of_month`)."""

PAYMENT_TERMS = Record(
    name="payment_terms",
    title="Payment terms",
    meaning=__doc__ or "",
    own_columns={
        "name": Column(pl.String(), "name"),
        "active": ACTIVE,
        "net_days": Column(pl.Int32(), "days after the invoice when all is due; null when months decide"),
        "discount_percent": Column(PERCENT, "early-payment discount"),
        "discount_days": Column(pl.Int32(), "days after the invoice for the early-payment discount"),
        "instalments": Column(pl.List(INSTALMENT), "parts of the total, in order"),
    },
    children=(("instalments", "instalment_id"),),
    number_column="name",
)
