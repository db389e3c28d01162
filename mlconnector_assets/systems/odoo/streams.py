"""What is asked of Odoo for each record: model, domain, fields. Headers, lines and parties come in one call, which is
one transaction, so that they always belong together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mlconnector_assets.records import GL_ENTRIES, INVOICES, VENDORS, Record
from mlconnector_assets.systems.odoo.gl_entries import gl_entry
from mlconnector_assets.systems.odoo.invoices import TYPES, invoice
from mlconnector_assets.systems.odoo.mapping import Setting
from mlconnector_assets.systems.odoo.values import Values
from mlconnector_assets.systems.odoo.vendors import vendor

Domain = list[Any]
Specification = dict[str, Any]


@dataclass(frozen=True)
class Pass:
    """One walk over a model. `company`: our code, None when the record names its own; `company_ids`: Odoo's companies
    that are visible, the first being the current one, which decides account codes and default terms."""

    company: str | None
    company_ids: tuple[int, ...]
    domain: Domain


@dataclass(frozen=True)
class Stream:
    """How one record is read.

    `map` takes a record, its text and the setting, and returns the canonical row; `passes` says how the companies are
    walked; `models` are those that the user must be able to read.
    """

    record: Record
    model: str
    domain: Domain
    specification: Specification
    map: Callable[[Values, str, Setting], Values]
    passes: Callable[[Mapping[str, int]], list[Pass]]
    models: tuple[str, ...]


MODULE_FIELDS = {
    "purchase_line_id": "purchase",
    "sale_line_ids": "sale",
    "global_location_number": "account_add_gln",
    "ubl_cii_tax_category_code": "account_edi_ubl_cii",
    "seller_ids": "product",
}
"""Fields that a database without the named module does not have. They are then left out, and their columns are null."""


def _documents_of(companies: Mapping[str, int]) -> list[Pass]:
    """One pass a company: account codes depend on the current company."""
    return [Pass(code, (company,), [["company_id", "=", company]]) for code, company in companies.items()]


def _partners_of(companies: Mapping[str, int]) -> list[Pass]:
    """Shared partners are seen from the first company, a company's own partners from that company."""
    first, *others = companies.values()
    shared = Pass(None, (first, *others), [["company_id", "in", [False, first]]])
    return [shared, *(Pass(None, (other,), [["company_id", "=", other]]) for other in others)]


def _fields(*names: str, **nested: Specification) -> Specification:
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


_CODE = _fields("code")
_NAME = _fields("name")
_CONTACT: Specification = {"email": {}, "phone": {}, "global_location_number": {}}
_IDENTITY: Specification = {"ref": {}, "name": {}, "vat": {}, "company_registry": {}} | _CONTACT
_PARTY = {"fields": _IDENTITY | {"street": {}, "street2": {}, "city": {}, "zip": {}, "state_id": _CODE, "country_id": _CODE}}
_TAX = _fields("name", "amount", "amount_type", "price_include", "ubl_cii_tax_category_code")
_TAX_OR_GROUP = {"fields": _TAX["fields"] | {"children_tax_ids": _TAX}}

INVOICE_FIELDS: Specification = {
    "write_date": {}, "name": {}, "ref": {}, "move_type": {}, "state": {}, "payment_state": {}, "date": {},
    "invoice_date": {}, "invoice_date_due": {}, "delivery_date": {}, "invoice_origin": {}, "payment_reference": {},
    "invoice_currency_rate": {}, "amount_untaxed": {}, "amount_tax": {}, "amount_total": {}, "amount_residual": {},
    "amount_total_signed": {},
    "currency_id": _NAME,
    "company_id": _fields(currency_id=_NAME, partner_id=_PARTY),
    "journal_id": _CODE,
    "invoice_payment_term_id": _fields("name", "early_discount", "discount_percentage"),
    "reversed_entry_id": _NAME,
    "partner_id": _PARTY,
    "commercial_partner_id": {"fields": _IDENTITY},
    "partner_shipping_id": _PARTY,
    "line_ids": _fields(
        "sequence", "display_type", "name", "quantity", "price_unit", "discount", "price_subtotal", "price_total",
        "amount_currency", "discount_date", "analytic_distribution", "purchase_line_id", "sale_line_ids",
        product_id=_fields("default_code", "barcode", seller_ids=_fields("product_code", partner_id={})),
        product_uom_id=_NAME,
        account_id=_fields("code", "name"),
        tax_ids=_TAX_OR_GROUP,
        tax_line_id=_TAX,
    ),
}  # fmt: skip

GL_ENTRY_FIELDS: Specification = {
    "write_date": {}, "name": {}, "ref": {}, "move_type": {}, "state": {}, "date": {},
    "journal_id": _fields("code", "name"),
    "commercial_partner_id": _NAME,
    "company_id": _fields(currency_id=_NAME),
    "line_ids": _fields(
        "sequence", "name", "debit", "credit", "amount_currency", "date_maturity", "matching_number", "analytic_distribution",
        account_id=_fields("code", "name"),
        partner_id=_NAME,
        currency_id=_NAME,
        tax_line_id=_NAME,
    ),
}  # fmt: skip

VENDOR_FIELDS: Specification = {
    "write_date": {}, "active": {}, "is_company": {}, "website": {}, "lang": {}, "company_id": {}, **_PARTY["fields"],
    "property_supplier_payment_term_id": _NAME,
    "property_account_payable_id": _CODE,
}  # fmt: skip

_SHARED_MODELS = ("res.company", "res.partner", "res.currency", "account.account", "account.journal", "account.tax")

STREAMS: dict[str, Stream] = {
    stream.record.name: stream
    for stream in (
        Stream(
            INVOICES,
            "account.move",
            [["move_type", "in", list(TYPES)]],
            INVOICE_FIELDS,
            invoice,
            _documents_of,
            ("account.move", "account.move.line", *_SHARED_MODELS, "account.payment.term", "account.analytic.account",
             "product.product", "uom.uom", "res.country", "res.country.state"),
        ),
        # a vendor is a commercial partner: a company, or a person of no company
        Stream(
            VENDORS,
            "res.partner",
            [["supplier_rank", ">", 0], "|", ["is_company", "=", True], ["parent_id", "=", False]],
            VENDOR_FIELDS,
            vendor,
            _partners_of,
            ("res.partner", "account.payment.term", "account.account", "res.country", "res.country.state"),
        ),
        Stream(
            GL_ENTRIES,
            "account.move",
            [],
            GL_ENTRY_FIELDS,
            gl_entry,
            _documents_of,
            ("account.move", "account.move.line", *_SHARED_MODELS, "account.analytic.account"),
        ),
    )
}  # fmt: skip
"""Every record that Odoo offers, by name."""
