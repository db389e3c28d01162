"""Bank accounts of contacts, also archived ones. Read only when the connection asks for them."""

from __future__ import annotations

import polars as pl

from mlconnector_assets.records.record import ACTIVE, Column, Record

BANK_ACCOUNTS = Record(
    name="bank_accounts",
    title="Bank accounts",
    meaning=__doc__ or "",
    own_columns={
        "account_number": Column(pl.String(), "IBAN or account number without spaces"),
        "account_holder": Column(pl.String(), "name of the holder, if it is not the contact's"),
        "active": ACTIVE,
        "contact_id": Column(pl.String(), "source_id of the contact it belongs to"),
        "contact_name": Column(pl.String(), "the contact's name"),
        "bank": Column(pl.String(), "name of the bank"),
        "bic": Column(pl.String(), "BIC of the bank"),
        "currency": Column(pl.String(), "ISO 4217 code when it takes one currency only"),
        "trusted": Column(pl.Boolean(), "whether somebody released it for payments"),
    },
    number_column="account_number",
)
