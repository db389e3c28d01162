"""Canonical accounting records: the same columns whichever system they came from. A module a record;
nothing here knows a vendor, a file format or the network."""

from mlconnector_assets.records.bank_accounts import BANK_ACCOUNTS
from mlconnector_assets.records.bank_statement_lines import BANK_STATEMENT_LINES
from mlconnector_assets.records.companies import COMPANIES
from mlconnector_assets.records.contacts import CONTACTS
from mlconnector_assets.records.cost_center_plans import COST_CENTER_PLANS
from mlconnector_assets.records.cost_centers import COST_CENTERS
from mlconnector_assets.records.currencies import CURRENCIES
from mlconnector_assets.records.departments import DEPARTMENTS
from mlconnector_assets.records.employees import EMPLOYEES, PRIVATE_FIELDS
from mlconnector_assets.records.exchange_rates import EXCHANGE_RATES
from mlconnector_assets.records.gl_accounts import GL_ACCOUNTS
from mlconnector_assets.records.gl_entries import GL_ENTRIES
from mlconnector_assets.records.invoices import INVOICES
from mlconnector_assets.records.journals import JOURNALS
from mlconnector_assets.records.payment_terms import PAYMENT_TERMS
from mlconnector_assets.records.payments import PAYMENTS
from mlconnector_assets.records.products import PRODUCTS
from mlconnector_assets.records.projects import PROJECTS
from mlconnector_assets.records.purchase_orders import PURCHASE_ORDERS
from mlconnector_assets.records.receipts import RECEIPTS
from mlconnector_assets.records.record import COMMON, Column, Record
from mlconnector_assets.records.sales_orders import SALES_ORDERS
from mlconnector_assets.records.taxes import TAXES
from mlconnector_assets.records.units import UNITS
from mlconnector_assets.records.vendors import VENDORS
from mlconnector_assets.records.warehouses import WAREHOUSES

DOCUMENTS = (INVOICES, GL_ENTRIES, PURCHASE_ORDERS, SALES_ORDERS, RECEIPTS, PAYMENTS, BANK_STATEMENT_LINES)
"""What happens in the books, and what people order and move."""

MASTER_DATA = (
    CONTACTS, VENDORS, BANK_ACCOUNTS, GL_ACCOUNTS, COST_CENTERS, COST_CENTER_PLANS, EMPLOYEES, DEPARTMENTS, PROJECTS, WAREHOUSES,
    PRODUCTS, UNITS, TAXES, JOURNALS, PAYMENT_TERMS, COMPANIES, CURRENCIES, EXCHANGE_RATES,
)  # fmt: skip
"""Who and what the documents speak of."""

RECORDS: dict[str, Record] = {record.name: record for record in (*DOCUMENTS, *MASTER_DATA)}
"""Every record by name."""

__all__ = [
    "BANK_ACCOUNTS",
    "BANK_STATEMENT_LINES",
    "COMMON",
    "COMPANIES",
    "CONTACTS",
    "COST_CENTERS",
    "COST_CENTER_PLANS",
    "CURRENCIES",
    "DEPARTMENTS",
    "DOCUMENTS",
    "EMPLOYEES",
    "EXCHANGE_RATES",
    "GL_ACCOUNTS",
    "GL_ENTRIES",
    "INVOICES",
    "JOURNALS",
    "MASTER_DATA",
    "PAYMENTS",
    "PAYMENT_TERMS",
    "PRIVATE_FIELDS",
    "PRODUCTS",
    "PROJECTS",
    "PURCHASE_ORDERS",
    "RECEIPTS",
    "RECORDS",
    "SALES_ORDERS",
    "TAXES",
    "UNITS",
    "VENDORS",
    "WAREHOUSES",
    "Column",
    "Record",
]
