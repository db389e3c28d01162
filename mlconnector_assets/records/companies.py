"""Our own companies: those that the connection reads. One row a company."""

from __future__ import annotations

import polars as pl

from mlconnector_assets.records.record import ACTIVE, PARTY, Column, Record

COMPANIES = Record(
    name="companies",
    title="Companies",
    meaning=__doc__ or "",
    own_columns={
        "name": Column(pl.String(), "name"),
        "active": ACTIVE,
        "parent_id": Column(pl.String(), "source_id of the company it is a branch of"),
        "party": Column(PARTY, "the company as it stands on documents"),
        "currency": Column(pl.String(), "ISO 4217 code of its books"),
        "fiscal_year_end_month": Column(pl.Int32(), "month in which the fiscal year ends, 1 to 12"),
        "fiscal_year_end_day": Column(pl.Int32(), "day of that month; the last one when the month is shorter"),
        "lock_date": Column(pl.Date(), "nobody but advisers may book up to this day"),
        "tax_lock_date": Column(pl.Date(), "no entry with taxes up to this day"),
        "sale_lock_date": Column(pl.Date(), "no entry in sales journals up to this day"),
        "purchase_lock_date": Column(pl.Date(), "no entry in purchase journals up to this day"),
        "hard_lock_date": Column(pl.Date(), "nobody may ever book up to this day"),
    },
    number_column="company",
)
