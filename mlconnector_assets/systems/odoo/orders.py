"""What purchase and sales orders have in common in Odoo: a header with untaxed, tax and total amounts, and `order_line`."""

from __future__ import annotations

from collections.abc import Callable

from mlconnector_assets.systems.odoo.lines import PRODUCT, PRODUCT_MODELS, ZERO, amounts, item, quantity
from mlconnector_assets.systems.odoo.mapping import Setting, common, counterparty, in_order, known, party, shares
from mlconnector_assets.systems.odoo.specifications import (
    NAME,
    PARTNER,
    PARTY,
    PARTY_MODELS,
    TAX_OR_GROUP,
    Specification,
    fields,
)
from mlconnector_assets.systems.odoo.stream import Sums
from mlconnector_assets.systems.odoo.values import RATE_DECIMALS, Json, Values, amount, field_or_none, instant_or_none, rounded

STATES = {
    "draft": "draft",
    "sent": "sent",
    "to approve": "to_approve",
    "purchase": "confirmed",
    "sale": "confirmed",
    "cancel": "cancelled",
}
INVOICE_STATES = {"no": "nothing", "to invoice": "to_invoice", "invoiced": "invoiced", "upselling": "upselling"}
MOVED_STATES = {"pending": "pending", "started": "started", "partial": "partial", "full": "full"}

ORDER_SUMS = Sums({"net_amount": "amount_untaxed", "tax_amount": "amount_tax", "total_amount": "amount_total"})
ORDER_MODELS = (
    "res.company",
    "res.currency",
    *PARTY_MODELS,
    *PRODUCT_MODELS,
    "account.tax",
    "account.payment.term",
    "account.analytic.account",
)


def order_fields(line: Specification, **own: Specification) -> Specification:
    """What is asked for of an order; `line` and `own` are what only one of the two kinds has."""
    return {
        "write_date": {}, "name": {}, "state": {}, "locked": {}, "invoice_status": {}, "origin": {}, "date_order": {},
        "currency_rate": {}, "amount_untaxed": {}, "amount_tax": {}, "amount_total": {},
        "currency_id": fields("name", "rounding"),
        "company_id": fields(currency_id=NAME, partner_id=PARTY),
        "partner_id": PARTNER,
        "user_id": NAME,
        "payment_term_id": NAME,
        "order_line": fields(
            "write_date", "sequence", "display_type", "name", "qty_invoiced", "price_unit", "discount", "price_subtotal",
            "price_total", "analytic_distribution", product_id=PRODUCT, product_uom_id=NAME, tax_ids=TAX_OR_GROUP, **line,
        ),
        **own,
    }  # fmt: skip


def moved_state(value: Json, field: str) -> str | None:
    """How much of an order was received or delivered; None when nothing has to be, or Odoo does not know."""
    return known(MOVED_STATES, value, field) if value else None


def order(record: Values, text: str, setting: Setting, line: Callable[[Values], Values], delivery: Values | None) -> Values:
    """The columns of both kinds. `line` gives what a line of this kind has besides the shared columns, `delivery` is the
    address of delivery. Raises MappingError; amounts that do not add up become the `problem`."""
    lines = [
        _line(position, source, line(source), setting)
        for position, source in enumerate((line for line in in_order(record["order_line"]) if not line["display_type"]), 1)
    ]
    own = record["company_id"]["partner_id"]
    ordered_at = instant_or_none(record["date_order"])
    return common(record, text, setting) | {
        "state": known(STATES, record["state"], "state"),
        "locked": record["locked"],
        "invoice_state": known(INVOICE_STATES, record["invoice_status"], "invoice_status"),
        "number": record["name"] or None,
        "counterparty_number": None,
        "origin": record["origin"] or None,
        **counterparty(record["partner_id"], setting),
        "own_party": party(own, own, setting) if own else None,
        "delivery_party": party(delivery, delivery, setting) if delivery else None,
        "responsible": field_or_none(record["user_id"], "name"),
        "document_date": ordered_at and ordered_at.date(),
        "ordered_at": ordered_at,
        "expected_at": None,
        "payment_term": field_or_none(record["payment_term_id"], "name"),
        "currency": record["currency_id"]["name"],
        "company_currency": record["company_id"]["currency_id"]["name"],
        "exchange_rate": rounded(amount(record["currency_rate"]), RATE_DECIMALS) or None,
        "lines": lines,
        "net_amount": record["amount_untaxed"],
        "tax_amount": record["amount_tax"],
        "total_amount": record["amount_total"],
        "problem": _problem(record, lines),
    }


def _line(position: int, line: Values, own: Values, setting: Setting) -> Values:
    ordered = own["quantity"]
    return {
        "line_id": str(line["id"]),
        "position": position,
        "description": line["name"] or None,
        **item(line["product_id"], own.pop("vendors")),
        "quantity": ordered,
        "unit": field_or_none(line["product_uom_id"], "name"),
        **own,
        "invoiced_quantity": quantity(line["qty_invoiced"]),
        **amounts(line, ordered),
        "cost_centers": shares(line["analytic_distribution"], setting),
    }


def _problem(record: Values, lines: list[Values]) -> str | None:
    net, tax, total = (amount(record[name]) for name in ("amount_untaxed", "amount_tax", "amount_total"))
    if net + tax != total:
        return f"net {net} + tax {tax} = {net + tax}, but the total is {total}"
    of_lines = sum((line["net_amount"] for line in lines), ZERO)
    # where taxes are rounded over the whole order, each line may be off by one unit of the currency
    if abs(of_lines - net) > amount(record["currency_id"]["rounding"]) * len(lines):
        return f"the lines are {of_lines} together, but the order's net amount is {net}"
    return None
