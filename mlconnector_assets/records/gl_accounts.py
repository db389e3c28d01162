"""Accounts of the general ledger. One row a company and account, also archived ones: an account that several
companies share has a code of its own in each."""

from __future__ import annotations

import polars as pl

from mlconnector_assets.records.record import ACTIVE, Column, Record

GL_ACCOUNTS = Record(
    name="gl_accounts",
    title="GL accounts",
    meaning=__doc__ or "",
    own_columns={
        "code": Column(pl.String(), "code in this company"),
        "name": Column(pl.String(), "name"),
        "active": ACTIVE,
        "account_type": Column(
            pl.String(),
            "receivable, cash, current_asset, non_current_asset, prepayment, fixed_asset, payable, credit_card, "
            "current_liability, non_current_liability, equity, current_year_earnings, income, other_income, expense, "
            "other_expense, depreciation, cost_of_revenue or off_balance",
        ),
        "account_class": Column(pl.String(), "asset, liability, equity, income, expense or off_balance"),
        "reconcilable": Column(pl.Boolean(), "whether its postings are matched with each other"),
        "currency": Column(pl.String(), "ISO 4217 code when it takes one currency only"),
        "tags": Column(pl.String(), "names of its tags, joined by ' + '"),
        "default_taxes": Column(pl.String(), "names of the taxes it proposes, joined by ' + '"),
        "problem": Column(pl.String(), "why the account may not leave; null when sound"),
    },
    key=("connection", "company", "source_id"),
    number_column="code",
)
