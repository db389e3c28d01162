"""Journal entries of the general ledger. One row an entry with its postings nested, replaced whole."""

from __future__ import annotations

import polars as pl

from mlconnector_assets.records.record import COST_CENTER_SHARES, MONEY, Column, Record

POSTING = pl.Struct(
    {
        "posting_id": pl.String(),
        "position": pl.Int32(),
        "account_id": pl.String(),
        "account_code": pl.String(),
        "account_name": pl.String(),
        "counterparty_id": pl.String(),
        "counterparty_name": pl.String(),
        "label": pl.String(),
        "debit": MONEY,
        "credit": MONEY,
        "currency": pl.String(),
        "currency_amount": MONEY,
        "due_date": pl.Date(),
        "tax_name": pl.String(),
        "matching_number": pl.String(),
        "cost_centers": COST_CENTER_SHARES,
    }
)
"""`debit` and `credit` are in company currency; `currency_amount` is in `currency`, positive = debit."""

GL_ENTRIES = Record(
    name="gl_entries",
    title="Journal entries",
    meaning=__doc__ or "",
    own_columns={
        "entry_type": Column(
            pl.String(),
            "entry, customer_invoice, customer_credit_note, vendor_bill, vendor_credit_note, customer_receipt or vendor_receipt",
        ),
        "state": Column(pl.String(), "draft, posted or cancelled"),
        "number": Column(pl.String(), "number of the entry; null while draft"),
        "reference": Column(pl.String(), "free reference"),
        "journal": Column(pl.String(), "code of the journal"),
        "journal_name": Column(pl.String(), "name of the journal"),
        "accounting_date": Column(pl.Date(), "date of the entry"),
        "counterparty_id": Column(pl.String(), "source_id of the commercial counterparty"),
        "counterparty_name": Column(pl.String(), "its name"),
        "company_currency": Column(pl.String(), "ISO 4217 code of debit and credit"),
        "postings": Column(pl.List(POSTING), "postings with an account, in order"),
        "debit_amount": Column(MONEY, "sum of debits"),
        "credit_amount": Column(MONEY, "sum of credits"),
        "problem": Column(pl.String(), "why the entry may not leave (debits and credits differ); null when sound"),
    },
    children=(("postings", "posting_id"),),
    totals=("debit_amount", "credit_amount"),
    currency_column="company_currency",
    number_column="number",
    date_column="accounting_date",
    business_columns=(
        "entry_type",
        "state",
        "number",
        "journal",
        "accounting_date",
        "postings.account_code",
        "postings.label",
        "postings.debit",
        "postings.credit",
        "postings.currency",
        "postings.currency_amount",
        "debit_amount",
        "credit_amount",
    ),
)
