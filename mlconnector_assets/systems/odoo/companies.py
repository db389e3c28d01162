"""The connection's own companies from res.company; address and tax id lie on the company's contact. The lock dates that Odoo
computes for a user are not read: without a lock they are the year 1."""

from __future__ import annotations

from collections.abc import Mapping

from mlconnector_assets.records import COMPANIES
from mlconnector_assets.systems.odoo.mapping import Setting, common, party
from mlconnector_assets.systems.odoo.specifications import NAME, PARTY, PARTY_MODELS, Specification
from mlconnector_assets.systems.odoo.stream import Pass, Stream, touched_by
from mlconnector_assets.systems.odoo.values import Values, day_or_none, field_or_none

COMPANY_FIELDS: Specification = {
    "write_date": {}, "active": {}, "name": {}, "parent_id": {}, "fiscalyear_last_month": {}, "fiscalyear_last_day": {},
    "fiscalyear_lock_date": {}, "tax_lock_date": {}, "sale_lock_date": {}, "purchase_lock_date": {}, "hard_lock_date": {},
    "currency_id": NAME,
    "partner_id": {"fields": PARTY["fields"] | {"write_date": {}}},
}  # fmt: skip


def company(record: Values, text: str, setting: Setting) -> Values:
    """The canonical company. Raises MappingError."""
    own = record["partner_id"]
    return common(record, text, setting) | {
        "name": record["name"] or None,
        "active": record["active"],
        "parent_id": str(record["parent_id"]) if record["parent_id"] else None,
        "party": party(own, own, setting) if own else None,
        "currency": field_or_none(record["currency_id"], "name"),
        "fiscal_year_end_month": int(record["fiscalyear_last_month"]) if record["fiscalyear_last_month"] else None,
        "fiscal_year_end_day": record["fiscalyear_last_day"] or None,
        "lock_date": day_or_none(record["fiscalyear_lock_date"]),
        "tax_lock_date": day_or_none(record["tax_lock_date"]),
        "sale_lock_date": day_or_none(record["sale_lock_date"]),
        "purchase_lock_date": day_or_none(record["purchase_lock_date"]),
        "hard_lock_date": day_or_none(record["hard_lock_date"]),
    }


def _each(companies: Mapping[str, int]) -> list[Pass]:
    return [Pass(code, (number,), [["id", "=", number]]) for code, number in companies.items()]


STREAM = Stream(
    COMPANIES,
    "res.company",
    [],
    COMPANY_FIELDS,
    company,
    touched_by(_each, "partner_id"),
    (*PARTY_MODELS, "res.currency"),
)
