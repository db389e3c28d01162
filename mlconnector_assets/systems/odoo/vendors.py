"""Vendors from res.partner: commercial partners that have been on a bill (`supplier_rank` above 0)."""

from __future__ import annotations

from mlconnector_assets.systems.odoo.mapping import Setting, common
from mlconnector_assets.systems.odoo.values import MappingError, Values, field_or_none, text_or_none


def vendor(record: Values, text: str, setting: Setting) -> Values:
    """The canonical vendor. Raises MappingError."""
    name = text_or_none(record["name"])
    company = record["company_id"]
    if company and company not in setting.companies:
        raise MappingError(f"it belongs to company {company}, which this connection does not read")
    return common(record, text, setting) | {
        "company": setting.companies[company] if company else None,
        "reference": text_or_none(record["ref"]),
        "name": name,
        "active": record["active"],
        "is_company": record["is_company"],
        "tax_id": text_or_none(record["vat"]),
        "registration_number": text_or_none(record["company_registry"]),
        "gln": text_or_none(record.get("global_location_number")),
        "street": text_or_none(record["street"]),
        "street2": text_or_none(record["street2"]),
        "city": text_or_none(record["city"]),
        "state": field_or_none(record["state_id"], "code"),
        "postal_code": text_or_none(record["zip"]),
        "country": field_or_none(record["country_id"], "code"),
        "email": text_or_none(record["email"]),
        "phone": text_or_none(record["phone"]),
        "website": text_or_none(record["website"]),
        "language": text_or_none(record["lang"]),
        "payment_term": field_or_none(record["property_supplier_payment_term_id"], "name"),
        "payable_account": field_or_none(record["property_account_payable_id"], "code"),
        "problem": None if name else "it has no name",
    }
