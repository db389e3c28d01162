"""What is asked of Odoo, in the form of `web_search_read`: fields by name, relations nested. The parts that several
records share are here; a record's own fields stand beside its mapping."""

from __future__ import annotations

from typing import Any

Specification = dict[str, Any]

MODULE_FIELDS = {
    "purchase_line_id": "purchase",
    "sale_line_ids": "sale",
    "global_location_number": "account_add_gln",
    "ubl_cii_tax_category_code": "account_edi_ubl_cii",
    "seller_ids": "product",
    "is_storable": "stock",
    "property_purchase_currency_id": "purchase",
    "sale_line_id": "sale_stock",
    "delivery_status": "sale_stock",
    "receipt_status": "purchase_stock",
    "dest_address_id": "purchase_stock",
    "days_next_month": "account_payment_term",
}
"""Fields that a database without the named module does not have. They are then left out, and their columns are null."""


def fields(*names: str, **nested: Specification) -> Specification:
    """A nested record with plain fields `names`, and relations."""
    return {"fields": {name: {} for name in names} | nested}


def without(specification: Specification, names: set[str]) -> Specification:
    """The specification without the named fields, at every depth."""
    if not names:
        return specification
    return {
        name: options | {"fields": without(options["fields"], names)} if "fields" in options else options
        for name, options in specification.items()
        if name not in names
    }


CODE = fields("code")
NAME = fields("name")
CODE_AND_NAME = fields("code", "name")
CONTACT: Specification = {"email": {}, "phone": {}, "global_location_number": {}}
IDENTITY: Specification = {"ref": {}, "name": {}, "vat": {}, "company_registry": {}} | CONTACT
PARTY: Specification = {
    "fields": IDENTITY | {"street": {}, "street2": {}, "city": {}, "zip": {}, "state_id": CODE, "country_id": CODE}
}
PARTNER: Specification = {"fields": PARTY["fields"] | {"commercial_partner_id": {"fields": IDENTITY}}}
"""An address with the commercial partner that it belongs to."""
TAX = fields("name", "amount", "amount_type", "price_include", "ubl_cii_tax_category_code")
TAX_OR_GROUP: Specification = {"fields": TAX["fields"] | {"children_tax_ids": TAX}}

PARTY_MODELS = ("res.partner", "res.country", "res.country.state")
LEDGER_MODELS = ("res.company", "res.partner", "res.currency", "account.account", "account.journal", "account.tax")
