"""Journals, also archived ones. One row a journal."""

from __future__ import annotations

import polars as pl

from mlconnector_assets.records.record import ACTIVE, Column, Record

JOURNALS = Record(
    name="journals",
    title="Journals",
    meaning=__doc__ or "",
    own_columns={
        "code": Column(pl.String(), "short code, as documents name it"),
        "name": Column(pl.String(), "name"),
        "active": ACTIVE,
        "kind": Column(pl.String(), "sale, purchase, cash, bank, credit_card or general"),
        "currency": Column(pl.String(), "ISO 4217 code; the company's when it has none of its own"),
        "account_id": Column(pl.String(), "source_id of the default account"),
        "account_code": Column(pl.String(), "code of the default account"),
        "account_name": Column(pl.String(), "name of the default account"),
    },
    number_column="code",
)
