"""Customer invoices, vendor bills, their credit notes and receipts. One row a document; amounts are
positive, the document type carries the sign. Lines exclude tax; prices that include tax are converted."""

from __future__ import annotations

import polars as pl

from mlconnector_assets.records.record import COST_CENTER_SHARES, MONEY, PARTY, PERCENT, PRICE, QUANTITY, RATE, Column, Record

LINE = pl.Struct(
    {
        "line_id": pl.String(),
        "position": pl.Int32(),
        "description": pl.String(),
        "item_code": pl.String(),
        "vendor_item_code": pl.String(),
        "buyer_item_code": pl.String(),
        "gtin": pl.String(),
        "quantity": QUANTITY,
        "unit": pl.String(),
        "unit_price": PRICE,
        "discount_percent": PERCENT,
        "net_amount": MONEY,
        "tax_amount": MONEY,
        "tax_rate": PERCENT,
        "tax_names": pl.String(),
        "account_id": pl.String(),
        "account_code": pl.String(),
        "account_name": pl.String(),
        "cost_centers": COST_CENTER_SHARES,
        "order_line_id": pl.String(),
    }
)
"""`position` counts from 1. `unit_price` is before discount and without tax. `tax_rate` is the sum of the
line's percentage taxes, `tax_names` their names joined by " + "."""

TAX = pl.Struct(
    {
        "tax_id": pl.String(),
        "name": pl.String(),
        "rate": PERCENT,
        "category": pl.String(),
        "base_amount": MONEY,
        "tax_amount": MONEY,
    }
)

INVOICES = Record(
    name="invoices",
    title="Invoices and credit notes",
    meaning=__doc__ or "",
    own_columns={
        "kind": Column(pl.String(), "customer (we are the seller) or vendor (we are the buyer)"),
        "document_type": Column(pl.String(), "invoice, credit_note or receipt"),
        "state": Column(pl.String(), "draft, posted or cancelled"),
        "payment_state": Column(pl.String(), "not_paid, in_payment, partial, paid, reversed or blocked"),
        "number": Column(pl.String(), "our own document number; null while draft"),
        "counterparty_number": Column(
            pl.String(), "the counterparty's number: the vendor's invoice number, the customer's reference"
        ),
        "corrected_id": Column(pl.String(), "source_id of the document that this credit note corrects"),
        "corrected_number": Column(pl.String(), "our number of the document that this credit note corrects"),
        "order_references": Column(pl.String(), "order numbers it was made from, as the source writes them"),
        "payment_reference": Column(pl.String(), "reference the payer shall quote"),
        "counterparty_id": Column(pl.String(), "source_id of the commercial counterparty"),
        "counterparty": Column(PARTY, "the customer or vendor"),
        "own_party": Column(PARTY, "our company"),
        "delivery_party": Column(PARTY, "where goods went, if not to the counterparty itself"),
        "document_date": Column(pl.Date(), "date on the document; null while draft"),
        "delivery_date": Column(pl.Date(), "date of delivery"),
        "due_date": Column(pl.Date(), "last day to pay in full"),
        "accounting_date": Column(pl.Date(), "date of the journal entry"),
        "payment_term": Column(pl.String(), "name of the payment term"),
        "discount_percent": Column(PERCENT, "early-payment discount"),
        "discount_date": Column(pl.Date(), "last day of the early-payment discount"),
        "journal": Column(pl.String(), "code of the journal"),
        "currency": Column(pl.String(), "ISO 4217 code of all amounts"),
        "company_currency": Column(pl.String(), "ISO 4217 code of the company's books"),
        "exchange_rate": Column(RATE, "units of `currency` for one unit of `company_currency`"),
        "lines": Column(pl.List(LINE), "lines with amounts, in order; sections and notes are left out"),
        "taxes": Column(pl.List(TAX), "tax summary, one entry a tax"),
        "net_amount": Column(MONEY, "sum of the lines without tax"),
        "tax_amount": Column(MONEY, "sum of taxes"),
        "rounding_amount": Column(MONEY, "cash rounding"),
        "total_amount": Column(MONEY, "net + tax + rounding"),
        "open_amount": Column(MONEY, "what is still to be paid"),
        "company_total_amount": Column(
            MONEY, "total in company currency, signed: positive raises our receivable or lowers our payable"
        ),
        "problem": Column(pl.String(), "why the document may not leave (its amounts do not add up); null when sound"),
    },
    children=(("lines", "line_id"), ("taxes", "tax_id")),
    totals=("net_amount", "tax_amount", "total_amount"),
    currency_column="currency",
    number_column="number",
    date_column="document_date",
    business_columns=(
        "document_type",
        "number",
        "counterparty_number",
        "corrected_number",
        "counterparty_id",
        "document_date",
        "due_date",
        "currency",
        "lines.description",
        "lines.item_code",
        "lines.quantity",
        "lines.unit",
        "lines.unit_price",
        "lines.discount_percent",
        "lines.net_amount",
        "taxes.rate",
        "taxes.base_amount",
        "taxes.tax_amount",
        "net_amount",
        "tax_amount",
        "rounding_amount",
        "total_amount",
    ),
)
