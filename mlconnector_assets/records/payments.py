"""Payments to vendors and from customers, with what each settles. One row a payment; its settlements are replaced whole,
also when somebody matches or unmatches it later on."""

from __future__ import annotations

import polars as pl

from mlconnector_assets.records.record import MONEY, PARTY, Column, Record

SETTLEMENT = pl.Struct(
    {
        "settlement_id": pl.String(),
        "document_id": pl.String(),
        "document_type": pl.String(),
        "document_number": pl.String(),
        "document_reference": pl.String(),
        "document_line_id": pl.String(),
        "amount": MONEY,
        "document_currency": pl.String(),
        "document_amount": MONEY,
        "company_amount": MONEY,
        "settled_on": pl.Date(),
        "exchange_entry_id": pl.String(),
        "exchange_entry_number": pl.String(),
    }
)
"""One match with an invoice, bill, credit note or journal entry. Amounts are positive: `amount` in the payment's currency,
`document_amount` in `document_currency`, `company_amount` in the company's. `document_type` as `entry_type` of gl_entries,
`document_id` its source_id there and in invoices. `settled_on` is the later one of the two accounting dates. An exchange
entry is the journal entry that took the exchange difference of this match; it is no settlement of its own, and
`company_amount` does not include the difference."""

ADJUSTMENT = pl.Struct(
    {
        "line_id": pl.String(),
        "account_code": pl.String(),
        "account_name": pl.String(),
        "label": pl.String(),
        "amount": MONEY,
        "company_amount": MONEY,
    }
)
"""A discount taken, a write-off or a fee: booked with the payment besides money and the counterparty's account. Positive
when the payment settles so much more than was paid."""

PAYMENTS = Record(
    name="payments",
    title="Payments and what they settle",
    meaning=__doc__ or "",
    own_columns={
        "direction": Column(pl.String(), "inbound (we are paid) or outbound (we pay)"),
        "partner_type": Column(pl.String(), "customer or vendor"),
        "state": Column(pl.String(), "draft, in_process (booked, not yet seen at the bank), paid, cancelled or rejected"),
        "number": Column(pl.String(), "number of the payment; null while draft"),
        "memo": Column(pl.String(), "what the payment says it is for"),
        "payment_reference": Column(pl.String(), "reference that the payer or the bank gave"),
        "registered_for": Column(pl.String(), "numbers of the documents it was registered for, joined by a comma"),
        "counterparty_id": Column(pl.String(), "source_id of the commercial counterparty"),
        "counterparty": Column(PARTY, "the customer or vendor"),
        "document_date": Column(pl.Date(), "date of the payment"),
        "journal": Column(pl.String(), "code of the bank or cash journal"),
        "method": Column(pl.String(), "how it is paid, as the source names it: manual, sepa_ct, check_printing"),
        "entry_id": Column(pl.String(), "source_id of its journal entry; null when it is booked only with the bank statement"),
        "entry_number": Column(pl.String(), "number of its journal entry"),
        "bank_matched": Column(pl.Boolean(), "true when it was found on a bank statement"),
        "currency": Column(pl.String(), "ISO 4217 code of the amounts"),
        "company_currency": Column(pl.String(), "ISO 4217 code of the company's books"),
        "amount": Column(MONEY, "what is paid, positive"),
        "company_amount": Column(MONEY, "the same in company currency, positive"),
        "settlements": Column(pl.List(SETTLEMENT), "what it settles, in order of matching"),
        "adjustments": Column(pl.List(ADJUSTMENT), "discounts, write-offs and fees booked with it"),
        "settled_amount": Column(MONEY, "sum of the settlements"),
        "open_amount": Column(MONEY, "what is not yet matched with any document; 0 before it is booked"),
        "problem": Column(pl.String(), "why the payment may not leave (its amounts do not add up); null when sound"),
    },
    children=(("settlements", "settlement_id"), ("adjustments", "line_id")),
    totals=("amount",),
    currency_column="currency",
    number_column="number",
    date_column="document_date",
    business_columns=(
        "direction",
        "state",
        "number",
        "memo",
        "counterparty_id",
        "document_date",
        "currency",
        "amount",
        "settlements.document_id",
        "settlements.amount",
        "adjustments.account_code",
        "adjustments.amount",
    ),
)
