"""Journal entries from account.move with its lines. An entry is replaced whole; `matching_number` can be stale,
because Odoo changes it on older entries without moving their write_date."""

from __future__ import annotations

from decimal import Decimal

from mlconnector_assets.records import GL_ENTRIES
from mlconnector_assets.systems.odoo.mapping import STATES, Setting, account, common, in_order, known, shares
from mlconnector_assets.systems.odoo.specifications import CODE_AND_NAME, LEDGER_MODELS, NAME, Specification, fields
from mlconnector_assets.systems.odoo.stream import Stream, Sums, documents_of
from mlconnector_assets.systems.odoo.values import Values, amount, day_or_none, field_or_none, id_or_none

ENTRY_TYPES = {
    "entry": "entry",
    "out_invoice": "customer_invoice",
    "out_refund": "customer_credit_note",
    "in_invoice": "vendor_bill",
    "in_refund": "vendor_credit_note",
    "out_receipt": "customer_receipt",
    "in_receipt": "vendor_receipt",
}

GL_ENTRY_FIELDS: Specification = {
    "write_date": {}, "name": {}, "ref": {}, "move_type": {}, "state": {}, "date": {},
    "journal_id": CODE_AND_NAME,
    "commercial_partner_id": NAME,
    "company_id": fields(currency_id=NAME),
    "line_ids": fields(
        "sequence", "name", "debit", "credit", "amount_currency", "date_maturity", "matching_number", "analytic_distribution",
        account_id=CODE_AND_NAME,
        partner_id=NAME,
        currency_id=NAME,
        tax_line_id=NAME,
    ),
}  # fmt: skip


def gl_entry(record: Values, text: str, setting: Setting) -> Values:
    """The canonical journal entry. Raises MappingError."""
    with_account = [line for line in in_order(record["line_ids"]) if line["account_id"]]
    postings = [_posting(position, line, setting) for position, line in enumerate(with_account, 1)]
    debits = sum((posting["debit"] for posting in postings), Decimal(0))
    credits_ = sum((posting["credit"] for posting in postings), Decimal(0))
    return common(record, text, setting) | {
        "entry_type": known(ENTRY_TYPES, record["move_type"], "move_type"),
        "state": known(STATES, record["state"], "state"),
        "number": record["name"] or None,
        "reference": record["ref"] or None,
        "journal": field_or_none(record["journal_id"], "code"),
        "journal_name": field_or_none(record["journal_id"], "name"),
        "accounting_date": day_or_none(record["date"]),
        "counterparty_id": id_or_none(record["commercial_partner_id"]),
        "counterparty_name": field_or_none(record["commercial_partner_id"], "name"),
        "company_currency": record["company_id"]["currency_id"]["name"],
        "postings": postings,
        "debit_amount": debits,
        "credit_amount": credits_,
        "problem": None
        if debits == credits_
        else f"debits are {debits} and credits are {credits_}: they differ by {debits - credits_}",
    }


def _posting(position: int, line: Values, setting: Setting) -> Values:
    return {
        "posting_id": str(line["id"]),
        "position": position,
        **account(line),
        "counterparty_id": id_or_none(line["partner_id"]),
        "counterparty_name": field_or_none(line["partner_id"], "name"),
        "label": line["name"] or None,
        "debit": amount(line["debit"]),
        "credit": amount(line["credit"]),
        "currency": field_or_none(line["currency_id"], "name"),
        "currency_amount": line["amount_currency"],
        "due_date": day_or_none(line["date_maturity"]),
        "tax_name": field_or_none(line["tax_line_id"], "name"),
        "matching_number": line["matching_number"] or None,
        "cost_centers": shares(line["analytic_distribution"], setting),
    }


STREAM = Stream(
    GL_ENTRIES,
    "account.move",
    [],
    GL_ENTRY_FIELDS,
    gl_entry,
    documents_of,
    ("account.move.line", *LEDGER_MODELS, "account.analytic.account"),
    Sums(
        {"debit_amount": "debit", "credit_amount": "credit"},
        currency="company_currency_id",
        model="account.move.line",
        parent="move_id",
        domain=[["account_id", "!=", False]],
    ),
)
