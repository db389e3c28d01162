"""Currencies, also those that are not in use. One row a currency; its rates are exchange_rates."""

from __future__ import annotations

import polars as pl

from mlconnector_assets.records.record import ACTIVE, PRICE, Column, Record

CURRENCIES = Record(
    name="currencies",
    title="Currencies",
    meaning=__doc__ or "",
    own_columns={
        "code": Column(pl.String(), "ISO 4217 code"),
        "name": Column(pl.String(), "name"),
        "symbol": Column(pl.String(), "symbol"),
        "active": ACTIVE,
        "decimals": Column(pl.Int32(), "decimals of an amount"),
        "rounding": Column(PRICE, "smallest step of an amount"),
    },
    number_column="code",
)
