"""Vendors from res.partner: commercial partners that were on a bill (`supplier_rank` above 0), carry one of the connection's
tags, or are on a purchase order. An order moves no contact: one that is a vendor only by its orders is as new as the
first of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from mlconnector_assets.records import VENDORS
from mlconnector_assets.systems.odoo.changes import Changes, Domain
from mlconnector_assets.systems.odoo.choices import Choices
from mlconnector_assets.systems.odoo.mapping import Setting, address_of, common, named
from mlconnector_assets.systems.odoo.specifications import CODE, NAME, PARTY, PARTY_MODELS, Specification, fields
from mlconnector_assets.systems.odoo.stream import Pass, Stream, shared_or_own
from mlconnector_assets.systems.odoo.values import Values, field_or_none, instant_or_none

VENDOR_FIELDS: Specification = {
    "write_date": {}, "active": {}, "is_company": {}, "website": {}, "lang": {}, "company_id": {}, **PARTY["fields"],
    "property_supplier_payment_term_id": NAME,
    "property_account_payable_id": CODE,
    "property_purchase_currency_id": NAME,
    "category_id": NAME,
}  # fmt: skip

ORDERED_FIELDS: Specification = {
    "purchase_line_ids": fields("create_date"),
    "child_ids": fields("is_company", purchase_line_ids=fields("create_date")),
}
"""The orders of a vendor and of the contacts below it. Few: these vendors have never sent a bill."""


def vendor(record: Values, text: str, setting: Setting) -> Values:
    """The canonical vendor. Raises MappingError."""
    name = record["name"] or None
    return common(record, text, setting) | {
        "reference": record["ref"] or None,
        "name": name,
        "active": record["active"],
        "is_company": record["is_company"],
        "tax_id": record["vat"] or None,
        "registration_number": record["company_registry"] or None,
        "gln": record.get("global_location_number") or None,
        **address_of(record),
        "email": record["email"] or None,
        "phone": record["phone"] or None,
        "website": record["website"] or None,
        "language": record["lang"] or None,
        "categories": named(record["category_id"]),
        "currency": field_or_none(record.get("property_purchase_currency_id"), "name"),
        "payment_term": field_or_none(record["property_supplier_payment_term_id"], "name"),
        "payable_account": field_or_none(record["property_account_payable_id"], "code"),
        "problem": None if name else "it has no name",
    }


def _ordered_before(instant: str, *, does: bool) -> list[Domain]:
    """Whether there was an order before an instant: two conditions, for the vendor and for the contacts below it."""
    lines = [["create_date", "<", instant]]
    operator = "any" if does else "not any"
    below = [["is_company", "=", False], ["purchase_line_ids", "any", lines]]
    return [["purchase_line_ids", operator, lines], ["child_ids", operator, below]]


def _joined(record: Values) -> datetime | None:
    below = [child for child in record["child_ids"] if not child["is_company"]]
    lines = [line for owner in (record, *below) for line in owner["purchase_line_ids"]]
    ordered = [instant_or_none(line["create_date"]) for line in lines]
    first = min(filter(None, ordered), default=None)
    return max(filter(None, [first, instant_or_none(record["write_date"])]), default=None)


ORDERED: Domain = [
    "|",
    ["purchase_line_ids", "!=", False],
    ["child_ids", "any", [["is_company", "=", False], ["purchase_line_ids", "!=", False]]],
]

BY_ORDER = Changes(
    stamps={"write_date": {}} | ORDERED_FIELDS,
    since=lambda start: ["|", ["write_date", ">=", start], "&", *_ordered_before(start, does=False)],
    before=lambda end: ["|", *_ordered_before(end, does=True)],
    latest=_joined,
)


def stream(choices: Choices) -> Stream:
    """The stream with the connection's tags; vendors by their orders if Odoo has orders and the user may read them."""
    ranked: Domain = [["supplier_rank", ">", 0]]
    unranked: Domain = [["supplier_rank", "<=", 0]]
    if choices.vendor_tags:
        tagged = [["name", "in", list(choices.vendor_tags)]]
        ranked = ["|", *ranked, ["category_id", "any", tagged]]
        unranked = [*unranked, ["category_id", "not any", tagged]]
    with_orders = choices.may_read("purchase.order.line")

    def passes(companies: Mapping[str, int]) -> list[Pass]:
        walks = shared_or_own(companies)
        known = [replace(walk, domain=[*walk.domain, *ranked]) for walk in walks]
        by_order = [
            replace(walk, domain=[*walk.domain, *unranked, *ORDERED], changes=BY_ORDER, more=ORDERED_FIELDS) for walk in walks
        ]
        return known + (by_order if with_orders else [])

    return Stream(
        VENDORS,
        "res.partner",
        # a commercial partner is a company, or a person of no company
        ["|", ["is_company", "=", True], ["parent_id", "=", False]],
        VENDOR_FIELDS,
        vendor,
        passes,
        (*PARTY_MODELS, "res.partner.category", "account.payment.term", "account.account"),
        remark="" if with_orders else "vendors that are only on purchase orders are left out: the user may not read those",
    )
