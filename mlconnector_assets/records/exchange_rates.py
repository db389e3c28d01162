"""Exchange rates: one row a currency, day and company (or for all). A rate holds until the next day that has one."""

from __future__ import annotations

import polars as pl

from mlconnector_assets.records.record import RATE, Column, Record

EXCHANGE_RATES = Record(
    name="exchange_rates",
    title="Exchange rates",
    meaning=__doc__ or "",
    own_columns={
        "currency": Column(pl.String(), "ISO 4217 code"),
        "valid_from": Column(pl.Date(), "first day of the rate"),
        "rate": Column(
            RATE,
            "units of the currency for one of the books' base currency, whose own rate is 1; the rate between two "
            "currencies is one's rate over the other's on that day",
        ),
    },
    number_column="currency",
    date_column="valid_from",
)
