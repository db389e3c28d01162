"""Contacts: every res.partner, also archived ones, persons and further addresses."""

from __future__ import annotations

from mlconnector_assets.records import CONTACTS
from mlconnector_assets.systems.odoo.mapping import Setting, address_of, common, known, named
from mlconnector_assets.systems.odoo.specifications import CODE, NAME, PARTY, PARTY_MODELS, Specification
from mlconnector_assets.systems.odoo.stream import Stream, shared_or_own
from mlconnector_assets.systems.odoo.values import Values, field_or_none, id_or_none

KINDS = {False: "contact", "contact": "contact", "invoice": "invoice", "delivery": "delivery", "other": "other"}

CONTACT_FIELDS: Specification = {
    "write_date": {}, "active": {}, "type": {}, "is_company": {}, "supplier_rank": {}, "customer_rank": {}, "function": {},
    "website": {}, "lang": {}, "company_id": {}, **PARTY["fields"],
    "parent_id": NAME,
    "commercial_partner_id": NAME,
    "category_id": NAME,
    "property_payment_term_id": NAME,
    "property_account_receivable_id": CODE,
}  # fmt: skip


def contact(record: Values, text: str, setting: Setting) -> Values:
    """The canonical contact. Raises MappingError."""
    return common(record, text, setting) | {
        "reference": record["ref"] or None,
        "name": record["name"] or None,
        "kind": known(KINDS, record["type"], "type"),
        "active": record["active"],
        "is_company": record["is_company"],
        "is_vendor": record["supplier_rank"] > 0,
        "is_customer": record["customer_rank"] > 0,
        "parent_id": id_or_none(record["parent_id"]),
        "parent_name": field_or_none(record["parent_id"], "name"),
        "counterparty_id": id_or_none(record["commercial_partner_id"]),
        "counterparty_name": field_or_none(record["commercial_partner_id"], "name"),
        "job_title": record["function"] or None,
        "categories": named(record["category_id"]),
        "tax_id": record["vat"] or None,
        "registration_number": record["company_registry"] or None,
        "gln": record.get("global_location_number") or None,
        **address_of(record),
        "email": record["email"] or None,
        "phone": record["phone"] or None,
        "website": record["website"] or None,
        "language": record["lang"] or None,
        "payment_term": field_or_none(record["property_payment_term_id"], "name"),
        "receivable_account": field_or_none(record["property_account_receivable_id"], "code"),
    }


STREAM = Stream(
    CONTACTS,
    "res.partner",
    [],
    CONTACT_FIELDS,
    contact,
    shared_or_own,
    (*PARTY_MODELS, "res.partner.category", "account.payment.term", "account.account"),
)
