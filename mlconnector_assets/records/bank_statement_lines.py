"""Lines of bank statements, with what each was matched with. Account numbers of counterparties are not read."""

from __future__ import annotations

import polars as pl

from mlconnector_assets.records.payments import SETTLEMENT
from mlconnector_assets.records.record import MONEY, Column, Record

BANK_STATEMENT_LINES = Record(
    name="bank_statement_lines",
    title="Bank statement lines",
    meaning=__doc__ or "",
    own_columns={
        "state": Column(pl.String(), "draft, posted or cancelled"),
        "number": Column(pl.String(), "number of its journal entry"),
        "document_date": Column(pl.Date(), "booking date"),
        "statement": Column(pl.String(), "name of the bank statement; null for a line without one"),
        "journal": Column(pl.String(), "code of the bank journal"),
        "label": Column(pl.String(), "what the bank says"),
        "reference": Column(pl.String(), "free reference"),
        "transaction_type": Column(pl.String(), "type of transaction, as the bank writes it"),
        "counterparty_id": Column(pl.String(), "source_id of the counterparty, when it is known"),
        "counterparty_name": Column(pl.String(), "its name, or the name that the bank gives"),
        "entry_id": Column(pl.String(), "source_id of its journal entry"),
        "currency": Column(pl.String(), "ISO 4217 code of the bank account's currency"),
        "company_currency": Column(pl.String(), "ISO 4217 code of the company's books"),
        "amount": Column(MONEY, "amount in `currency`, positive = money came in"),
        "foreign_currency": Column(pl.String(), "ISO 4217 code of the transaction's own currency, if it has one"),
        "foreign_amount": Column(MONEY, "amount in `foreign_currency`, same sign"),
        "reconciled": Column(pl.Boolean(), "true when nothing is left to match"),
        "settlements": Column(
            pl.List(SETTLEMENT), "what it was matched with: documents, or the entries of payments; amounts are positive"
        ),
        "problem": Column(pl.String(), "why the line may not leave; null when sound"),
    },
    children=(("settlements", "settlement_id"),),
    totals=("amount",),
    currency_column="currency",
    number_column="number",
    date_column="document_date",
    business_columns=(
        "state",
        "document_date",
        "label",
        "reference",
        "counterparty_id",
        "currency",
        "amount",
        "settlements.document_id",
        "settlements.amount",
    ),
)
