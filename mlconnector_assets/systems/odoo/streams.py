"""Every record that Odoo offers. Each record's stream stands beside its mapping."""

from __future__ import annotations

from collections.abc import Callable

from mlconnector_assets.systems.odoo import (
    analytics,
    bank_accounts,
    bank_statement_lines,
    companies,
    contacts,
    currencies,
    employees,
    gl_accounts,
    gl_entries,
    invoices,
    journals,
    organization,
    payment_terms,
    payments,
    products,
    purchase_orders,
    receipts,
    sales_orders,
    taxes,
    vendors,
)
from mlconnector_assets.systems.odoo.choices import Choices
from mlconnector_assets.systems.odoo.stream import Stream

_PLAIN = (
    invoices.STREAM, gl_entries.STREAM, purchase_orders.STREAM, sales_orders.STREAM, receipts.STREAM, payments.STREAM,
    bank_statement_lines.STREAM, contacts.STREAM, bank_accounts.STREAM, gl_accounts.STREAM,
    analytics.COST_CENTERS_STREAM, analytics.PLANS_STREAM, organization.DEPARTMENTS_STREAM, organization.PROJECTS_STREAM,
    organization.WAREHOUSES_STREAM, products.PRODUCTS_STREAM, products.UNITS_STREAM, taxes.STREAM, journals.STREAM,
    payment_terms.STREAM, companies.STREAM, currencies.CURRENCIES_STREAM, currencies.RATES_STREAM,
)  # fmt: skip
_CHOSEN: dict[str, Callable[[Choices], Stream]] = {"vendors": vendors.stream, "employees": employees.stream}

RECORDS = (*(stream.record.name for stream in _PLAIN), *_CHOSEN)
"""Names of all records that Odoo offers."""


def stream_of(record: str, choices: Choices) -> Stream:
    """The stream of a record of `RECORDS`."""
    if record in _CHOSEN:
        return _CHOSEN[record](choices)
    return next(stream for stream in _PLAIN if stream.record.name == record)
