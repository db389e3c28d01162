"""Journals from account.journal, seen from their own company: the default account has its code there."""

from __future__ import annotations

from mlconnector_assets.records import JOURNALS
from mlconnector_assets.systems.odoo.mapping import Setting, common, known
from mlconnector_assets.systems.odoo.specifications import CODE_AND_NAME, NAME, Specification, fields
from mlconnector_assets.systems.odoo.stream import Stream, documents_of
from mlconnector_assets.systems.odoo.values import Values, field_or_none, id_or_none

KINDS = {
    "sale": "sale",
    "purchase": "purchase",
    "cash": "cash",
    "bank": "bank",
    "credit": "credit_card",
    "general": "general",
}

JOURNAL_FIELDS: Specification = {
    "write_date": {}, "active": {}, "code": {}, "name": {}, "type": {},
    "company_id": fields(currency_id=NAME),
    "currency_id": NAME,
    "default_account_id": CODE_AND_NAME,
}  # fmt: skip


def journal(record: Values, text: str, setting: Setting) -> Values:
    """The canonical journal. Raises MappingError."""
    account = record["default_account_id"]
    return common(record, text, setting) | {
        "code": record["code"] or None,
        "name": record["name"] or None,
        "active": record["active"],
        "kind": known(KINDS, record["type"], "type"),
        "currency": (record["currency_id"] or record["company_id"]["currency_id"])["name"],
        "account_id": id_or_none(account),
        "account_code": field_or_none(account, "code"),
        "account_name": field_or_none(account, "name"),
    }


STREAM = Stream(
    JOURNALS,
    "account.journal",
    [],
    JOURNAL_FIELDS,
    journal,
    documents_of,
    ("account.account", "res.company", "res.currency"),
)
