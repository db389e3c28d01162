"""Records shaped like the nested answers of an Odoo 19, and a transport that plays Odoo."""

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import httpx

from mlconnector_assets.systems.odoo.client import Retry
from mlconnector_assets.systems.odoo.mapping import CostCenter, Setting
from mlconnector_assets.systems.odoo.source import OdooSource
from mlconnector_assets.systems.odoo.values import records_in

KEY = "k3y-canary-0123456789"
FAST = Retry(attempts=3, within=5.0, first_wait=0.001, longest_wait=0.02)

NO_PARTY = {
    "ref": False, "name": False, "vat": False, "company_registry": False, "email": False, "phone": False,
    "global_location_number": False, "street": False, "street2": False, "city": False, "zip": False, "state_id": False,
    "country_id": False,
}  # fmt: skip
VENDOR_PARTY = NO_PARTY | {
    "id": 71, "ref": "PV-001", "name": "Probe Vendor", "vat": "BE0477472701", "city": "Gent",
    "country_id": {"id": 20, "code": "BE"}, "state_id": {"id": 5, "code": "VOV"}, "zip": "9000", "street": "Kaai 1",
}  # fmt: skip
OWN_PARTY = NO_PARTY | {"id": 1, "name": "My Company", "country_id": {"id": 233, "code": "US"}}
TAX_15 = {
    "id": 2, "name": "15%", "amount": 15.0, "amount_type": "percent", "price_include": False, "ubl_cii_tax_category_code": "S",
    "children_tax_ids": [],
}  # fmt: skip
USD, EUR = {"id": 1, "name": "USD"}, {"id": 2, "name": "EUR"}


def line(line_id: int, display_type: str = "product", **values: Any) -> dict[str, Any]:
    """A line of an invoice."""
    return {
        "id": line_id, "sequence": 100, "display_type": display_type, "name": f"line {line_id}",
        "quantity": 0.0, "price_unit": 0.0, "discount": 0.0, "price_subtotal": 0.0, "price_total": 0.0,
        "amount_currency": 0.0, "discount_date": False,
        "analytic_distribution": False, "purchase_line_id": False, "sale_line_ids": [], "product_id": False,
        "product_uom_id": False, "account_id": {"id": 29, "code": "443000", "name": "Consulting"},
        "tax_ids": [], "tax_line_id": False,
    } | values  # fmt: skip


def bill(**values: Any) -> dict[str, Any]:
    """The vendor bill of the recordings: two lines, a section, a note, 15 % tax on one line."""
    return {
        "id": 57, "write_date": "2026-11-21 05:43:35", "name": "BILL/2026/11/0003", "ref": "SUPP-INV-77",
        "move_type": "in_invoice", "state": "posted", "payment_state": "not_paid", "date": "2026-11-21",
        "invoice_date": "2026-11-20",
        "invoice_date_due": "2026-12-20", "delivery_date": False, "invoice_origin": False, "payment_reference": False,
        "invoice_currency_rate": 1.0, "amount_untaxed": 300.0, "amount_tax": 30.0, "amount_total": 330.0,
        "amount_residual": 330.0, "amount_total_signed": -330.0, "currency_id": USD,
        "company_id": {"id": 1, "currency_id": USD, "partner_id": deepcopy(OWN_PARTY)}, "journal_id": {"id": 2, "code": "BILL"},
        "invoice_payment_term_id": False, "reversed_entry_id": False, "partner_id": deepcopy(VENDOR_PARTY),
        "commercial_partner_id": deepcopy(VENDOR_PARTY), "partner_shipping_id": False,
        "line_ids": [
            line(140, "payment_term", sequence=12000, amount_currency=-330.0, name="SUPP-INV-77"),
            line(139, "tax", sequence=11000, amount_currency=30.0, tax_line_id=deepcopy(TAX_15), name="15%"),
            line(135, quantity=2.0, price_unit=100.0, price_subtotal=200.0, price_total=230.0, amount_currency=200.0,
                 tax_ids=[deepcopy(TAX_15)], analytic_distribution={"22": 40.0, "23,31": 60.0}, name="Consulting"),
            line(136, "line_section", account_id=False), line(137, "line_note", account_id=False),
            line(138, quantity=3.0, price_unit=33.333, price_subtotal=100.0, price_total=100.0, amount_currency=100.0,
                 name="Rounding test"),
        ],
    } | values  # fmt: skip


def posting(line_id: int, debit: float, credit: float, **values: Any) -> dict[str, Any]:
    """A line of a journal entry."""
    return {
        "id": line_id, "sequence": 10, "name": "booked", "debit": debit, "credit": credit, "amount_currency": debit - credit,
        "date_maturity": False, "matching_number": False, "analytic_distribution": False,
        "account_id": {"id": 32, "code": "600000", "name": "Expenses"}, "partner_id": False, "currency_id": USD,
        "tax_line_id": False,
    } | values  # fmt: skip


def entry(**values: Any) -> dict[str, Any]:
    """A journal entry."""
    return {
        "id": 17, "write_date": "2026-11-21 05:30:23", "name": "MISC/2026/11/0001", "ref": False, "move_type": "entry",
        "state": "posted", "date": "2026-11-01", "journal_id": {"id": 3, "code": "MISC", "name": "Miscellaneous Operations"},
        "commercial_partner_id": {"id": 9, "name": "Acme"}, "company_id": {"id": 1, "currency_id": USD},
        "line_ids": [posting(1, 2500.0, 0.0), posting(2, 0.0, 2500.0)],
    } | values  # fmt: skip


def vendor_record(**values: Any) -> dict[str, Any]:
    """A vendor."""
    return {
        "id": 71, "write_date": "2026-11-21 05:30:56", "active": True, "is_company": True, "website": False, "lang": "en_US",
        "company_id": False, "property_supplier_payment_term_id": {"id": 4, "name": "30 Days"},
        "property_account_payable_id": {"id": 15, "code": "211000"}, "category_id": [],
        **{k: v for k, v in VENDOR_PARTY.items() if k != "id"},
    } | values  # fmt: skip


CENTERS = {
    "22": CostCenter("PRJ", "Project X", "Projects"),
    "23": CostCenter(None, "Ops", "Departments"),
    "31": CostCenter("N", "North", "Region"),
}


def setting(company: str | None = "us") -> Setting:
    """The setting of a page; `company` None when records name their own."""
    return Setting("odoo", company, {1: "us", 2: "be"}, CENTERS.get)


def received(record: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """A record as the reader gets it: parsed with Decimal, and its text."""
    return next(records_in(json.dumps({"length": 1, "records": [record]})))


class Secret:
    def __init__(self, text: str = KEY) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text


def odoo_error(status: int, name: str, message: str, **headers: str) -> httpx.Response:
    """An error as Odoo 19 answers it, `debug` included."""
    body = {"name": name, "message": message, "arguments": [message], "context": {}, "debug": f"Traceback debug-canary {message}"}
    return httpx.Response(status, json=body, headers=headers)


def source(handler: Callable[[httpx.Request], httpx.Response], **settings: Any) -> OdooSource:
    """An OdooSource whose Odoo is a function."""
    return OdooSource(
        "odoo",
        **{
            "url": "http://odoo.test", "database": "prod", "api_key": Secret(), "companies": {"us": 1}, "retry": FAST,
            "transport": httpx.MockTransport(handler),
        } | settings,
    )  # fmt: skip
