"""Bank accounts of contacts from res.partner.bank: read only by connections that ask for them."""

from __future__ import annotations

from mlconnector_assets.records import BANK_ACCOUNTS
from mlconnector_assets.systems.odoo.mapping import Setting, common
from mlconnector_assets.systems.odoo.specifications import NAME, Specification
from mlconnector_assets.systems.odoo.stream import Stream, shared_or_own
from mlconnector_assets.systems.odoo.values import Values, field_or_none, id_or_none

BANK_ACCOUNT_FIELDS: Specification = {
    "write_date": {}, "active": {}, "sanitized_acc_number": {}, "acc_holder_name": {}, "bank_name": {}, "bank_bic": {},
    "allow_out_payment": {}, "company_id": {},
    "partner_id": NAME,
    "currency_id": NAME,
}  # fmt: skip


def bank_account(record: Values, text: str, setting: Setting) -> Values:
    """The canonical bank account. Raises MappingError."""
    return common(record, text, setting) | {
        "account_number": record["sanitized_acc_number"] or None,
        "account_holder": record["acc_holder_name"] or None,
        "active": record["active"],
        "contact_id": id_or_none(record["partner_id"]),
        "contact_name": field_or_none(record["partner_id"], "name"),
        "bank": record["bank_name"] or None,
        "bic": record["bank_bic"] or None,
        "currency": field_or_none(record["currency_id"], "name"),
        "trusted": record["allow_out_payment"],
    }


STREAM = Stream(
    BANK_ACCOUNTS,
    "res.partner.bank",
    [],
    BANK_ACCOUNT_FIELDS,
    bank_account,
    shared_or_own,
    ("res.partner", "res.currency"),
)
