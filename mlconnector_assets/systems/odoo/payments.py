"""Payments from account.payment with the lines of their journal entry. The write_date of a payment does not move when it
is matched or unmatched, that of its lines does: so both count."""

from __future__ import annotations

from mlconnector_assets.records import PAYMENTS
from mlconnector_assets.systems.odoo.lines import ZERO
from mlconnector_assets.systems.odoo.mapping import Setting, common, counterparty, in_order, known
from mlconnector_assets.systems.odoo.settlements import MATCH_MODELS, MATCHES, settlements
from mlconnector_assets.systems.odoo.specifications import (
    CODE_AND_NAME,
    NAME,
    PARTNER,
    PARTY_MODELS,
    Specification,
    fields,
)
from mlconnector_assets.systems.odoo.stream import Stream, Sums, documents_of, touched_by
from mlconnector_assets.systems.odoo.values import Json, Values, amount, day_or_none, field_or_none, id_or_none

STATES = {"draft": "draft", "in_process": "in_process", "paid": "paid", "canceled": "cancelled", "rejected": "rejected"}
DIRECTIONS = {"inbound": "inbound", "outbound": "outbound"}
PARTNER_TYPES = {"customer": "customer", "supplier": "vendor"}

PAYMENT_FIELDS: Specification = {
    "write_date": {}, "name": {}, "state": {}, "payment_type": {}, "partner_type": {}, "amount": {},
    "amount_company_currency_signed": {}, "date": {}, "memo": {}, "payment_reference": {}, "payment_method_code": {},
    "is_matched": {}, "destination_account_id": {}, "outstanding_account_id": {},
    "partner_id": PARTNER,
    "currency_id": NAME,
    "company_id": fields(currency_id=NAME),
    "journal_id": fields("code", default_account_id={}),
    "invoice_ids": NAME,
    "move_id": fields(
        "name",
        line_ids=fields(
            "write_date", "sequence", "name", "balance", "amount_currency", "amount_residual_currency",
            account_id=CODE_AND_NAME, **MATCHES,
        ),
    ),
}  # fmt: skip


def payment(record: Values, text: str, setting: Setting) -> Values:
    """The canonical payment. Raises MappingError."""
    state = known(STATES, record["state"], "state")
    direction = known(DIRECTIONS, record["payment_type"], "payment_type")
    entry = record["move_id"]
    lines = in_order(entry["line_ids"]) if entry else []
    counterpart = [line for line in lines if _account(line) == record["destination_account_id"]]
    money = (record["outstanding_account_id"], record["journal_id"] and record["journal_id"]["default_account_id"])
    others = [line for line in lines if line not in counterpart and _account(line) and _account(line) not in money]
    settled = settlements(counterpart)
    settled_amount = sum((settlement["amount"] for settlement in settled), ZERO)
    booked = abs(sum((amount(line["amount_currency"]) for line in counterpart), ZERO))
    open_amount = abs(sum((amount(line["amount_residual_currency"]) for line in counterpart), ZERO))
    return common(record, text, setting) | {
        "direction": direction,
        "partner_type": known(PARTNER_TYPES, record["partner_type"], "partner_type"),
        "state": state,
        "number": record["name"] or None,
        "memo": record["memo"] or None,
        "payment_reference": record["payment_reference"] or None,
        "registered_for": ", ".join(document["name"] for document in record["invoice_ids"] if document["name"]) or None,
        **counterparty(record["partner_id"], setting),
        "document_date": day_or_none(record["date"]),
        "journal": field_or_none(record["journal_id"], "code"),
        "method": record["payment_method_code"] or None,
        "entry_id": id_or_none(entry),
        "entry_number": field_or_none(entry, "name"),
        "bank_matched": record["is_matched"],
        "currency": record["currency_id"]["name"],
        "company_currency": record["company_id"]["currency_id"]["name"],
        "amount": amount(record["amount"]),
        "company_amount": abs(amount(record["amount_company_currency_signed"])),
        "settlements": settled,
        "adjustments": [_adjustment(line, 1 if direction == "inbound" else -1) for line in others],
        "settled_amount": settled_amount,
        "open_amount": open_amount,
        "problem": None
        if settled_amount + open_amount == booked
        else f"settled {settled_amount} + open {open_amount} = {settled_amount + open_amount}, but {booked} is booked",
    }


def _account(line: Values) -> Json:
    return line["account_id"] and line["account_id"]["id"]


def _adjustment(line: Values, sign: int) -> Values:
    """What is booked on other accounts. Paid less, it stands on the side of the money: in debit when we are paid."""
    return {
        "line_id": str(line["id"]),
        "account_code": field_or_none(line["account_id"], "code"),
        "account_name": field_or_none(line["account_id"], "name"),
        "label": line["name"] or None,
        "amount": sign * amount(line["amount_currency"]),
        "company_amount": sign * amount(line["balance"]),
    }


STREAM = Stream(
    PAYMENTS,
    "account.payment",
    [],
    PAYMENT_FIELDS,
    payment,
    touched_by(documents_of, "move_id.line_ids"),
    (*MATCH_MODELS, *PARTY_MODELS, "res.company", "account.account", "account.journal"),
    Sums({"amount": "amount"}),
)
