"""Vendors from res.partner: commercial partners that have been on a bill (`supplier_rank` above 0)."""

from __future__ import annotations

from mlconnector_assets.records import VENDORS
from mlconnector_assets.systems.odoo.mapping import Setting, common
from mlconnector_assets.systems.odoo.specifications import CODE, NAME, PARTY, PARTY_MODELS, Specification
from mlconnector_assets.systems.odoo.stream import Stream, shared_or_own
from mlconnector_assets.systems.odoo.values import MappingError, Values, field_or_none

VENDOR_FIELDS: Specification = {
    "write_date": {}, "active": {}, "is_company": {}, "website": {}, "lang": {}, "company_id": {}, **PARTY["fields"],
    "property_supplier_payment_term_id": NAME,
    "property_account_payable_id": CODE,
}  # fmt: skip


def vendor(record: Values, text: str, setting: Setting) -> Values:
    """The canonical vendor. Raises MappingError."""
    name = record["name"] or None
    company = record["company_id"]
    if company and company not in setting.companies:
        raise MappingError(f"it belongs to company {company}, which this connection does not read")
    return common(record, text, setting) | {
        "company": setting.companies[company] if company else None,
        "reference": record["ref"] or None,
        "name": name,
        "active": record["active"],
        "is_company": record["is_company"],
        "tax_id": record["vat"] or None,
        "registration_number": record["company_registry"] or None,
        "gln": record.get("global_location_number") or None,
        "street": record["street"] or None,
        "street2": record["street2"] or None,
        "city": record["city"] or None,
        "state": field_or_none(record["state_id"], "code"),
        "postal_code": record["zip"] or None,
        "country": field_or_none(record["country_id"], "code"),
        "email": record["email"] or None,
        "phone": record["phone"] or None,
        "website": record["website"] or None,
        "language": record["lang"] or None,
        "payment_term": field_or_none(record["property_supplier_payment_term_id"], "name"),
        "payable_account": field_or_none(record["property_account_payable_id"], "code"),
        "problem": None if name else "it has no name",
    }


STREAM = Stream(
    VENDORS,
    "res.partner",
    # a vendor is a commercial partner: a company, or a person of no company
    [["supplier_rank", ">", 0], "|", ["is_company", "=", True], ["parent_id", "=", False]],
    VENDOR_FIELDS,
    vendor,
    shared_or_own,
    (*PARTY_MODELS, "account.payment.term", "account.account"),
)
