"""Invoices, credit notes and receipts from account.move with its lines. Odoo's total is the sum of its `product`,
`tax` and `rounding` lines; the other kinds of lines only move amounts between accounts."""

from __future__ import annotations

from decimal import Decimal

from mlconnector_assets.records import INVOICES
from mlconnector_assets.systems.odoo.mapping import SIX_DECIMALS, STATES, Setting, account, common, in_order, known, party, shares
from mlconnector_assets.systems.odoo.specifications import (
    CODE,
    CODE_AND_NAME,
    IDENTITY,
    LEDGER_MODELS,
    NAME,
    PARTY,
    TAX,
    TAX_OR_GROUP,
    Specification,
    fields,
)
from mlconnector_assets.systems.odoo.stream import Stream, Sums, documents_of
from mlconnector_assets.systems.odoo.values import (
    PRICE_DECIMALS,
    RATE_DECIMALS,
    Json,
    Values,
    amount,
    day_or_none,
    field_or_none,
    id_or_none,
    rounded,
)

TYPES = {
    "out_invoice": ("customer", "invoice", -1),
    "out_refund": ("customer", "credit_note", 1),
    "out_receipt": ("customer", "receipt", -1),
    "in_invoice": ("vendor", "invoice", 1),
    "in_refund": ("vendor", "credit_note", -1),
    "in_receipt": ("vendor", "receipt", 1),
}
"""Kind, document type, and the sign that makes `amount_currency` of a line positive."""

PAYMENT_STATES = {
    "not_paid": "not_paid",
    "in_payment": "in_payment",
    "partial": "partial",
    "paid": "paid",
    "reversed": "reversed",
    "blocked": "blocked",
    "invoicing_legacy": None,
}

INVOICE_FIELDS: Specification = {
    "write_date": {}, "name": {}, "ref": {}, "move_type": {}, "state": {}, "payment_state": {}, "date": {},
    "invoice_date": {}, "invoice_date_due": {}, "delivery_date": {}, "invoice_origin": {}, "payment_reference": {},
    "invoice_currency_rate": {}, "amount_untaxed": {}, "amount_tax": {}, "amount_total": {}, "amount_residual": {},
    "amount_total_signed": {},
    "currency_id": NAME,
    "company_id": fields(currency_id=NAME, partner_id=PARTY),
    "journal_id": CODE,
    "invoice_payment_term_id": fields("name", "early_discount", "discount_percentage"),
    "reversed_entry_id": NAME,
    "partner_id": PARTY,
    "commercial_partner_id": {"fields": IDENTITY},
    "partner_shipping_id": PARTY,
    "line_ids": fields(
        "sequence", "display_type", "name", "quantity", "price_unit", "discount", "price_subtotal", "price_total",
        "amount_currency", "discount_date", "analytic_distribution", "purchase_line_id", "sale_line_ids",
        product_id=fields("default_code", "barcode", seller_ids=fields("product_code", "product_id", "partner_id")),
        product_uom_id=NAME,
        account_id=CODE_AND_NAME,
        tax_ids=TAX_OR_GROUP,
        tax_line_id=TAX,
    ),
}  # fmt: skip

_ZERO, _HUNDRED = Decimal(0), Decimal(100)


def invoice(record: Values, text: str, setting: Setting) -> Values:
    """The canonical invoice. Raises MappingError; amounts that do not add up become its `problem`."""
    kind, document_type, sign = known(TYPES, record["move_type"], "move_type")
    source_lines = in_order(record["line_ids"])
    lines = [
        _line(position, line, record, kind, setting)
        for position, line in enumerate((line for line in source_lines if line["display_type"] == "product"), 1)
    ]
    taxes = _tax_summary(source_lines, sign)
    net = sum((line["net_amount"] for line in lines), _ZERO)
    tax = sum((entry["tax_amount"] for entry in taxes), _ZERO)
    rounding = sum((sign * amount(line["amount_currency"]) for line in source_lines if _is_rounding(line)), _ZERO)
    total = amount(record["amount_total"])
    term = record["invoice_payment_term_id"]
    return (
        common(record, text, setting)
        | _parties(record, setting)
        | {
            "kind": kind,
            "document_type": document_type,
            "state": known(STATES, record["state"], "state"),
            "payment_state": known(PAYMENT_STATES, record["payment_state"], "payment_state"),
            "number": record["name"] or None,
            "counterparty_number": record["ref"] or None,
            "corrected_id": id_or_none(record["reversed_entry_id"]),
            "corrected_number": field_or_none(record["reversed_entry_id"], "name"),
            "order_references": record["invoice_origin"] or None,
            "payment_reference": record["payment_reference"] or None,
            "document_date": day_or_none(record["invoice_date"]),
            "delivery_date": day_or_none(record["delivery_date"]),
            "due_date": day_or_none(record["invoice_date_due"]),
            "accounting_date": day_or_none(record["date"]),
            "payment_term": field_or_none(term, "name"),
            "discount_percent": term["discount_percentage"] if term and term["early_discount"] else None,
            "discount_date": day_or_none(next((line["discount_date"] for line in source_lines if line["discount_date"]), False)),
            "journal": field_or_none(record["journal_id"], "code"),
            "currency": record["currency_id"]["name"],
            "company_currency": record["company_id"]["currency_id"]["name"],
            "exchange_rate": rounded(amount(record["invoice_currency_rate"]), RATE_DECIMALS) or None,
            "lines": lines,
            "taxes": taxes,
            "net_amount": net,
            "tax_amount": tax,
            "rounding_amount": rounding,
            "total_amount": total,
            "open_amount": record["amount_residual"],
            "company_total_amount": record["amount_total_signed"],
            "problem": None
            if net + tax + rounding == total
            else f"lines {net} + tax {tax} + rounding {rounding} = {net + tax + rounding}, but the total is {total}",
        }
    )


def _parties(record: Values, setting: Setting) -> Values:
    address, identity, delivery = record["partner_id"], record["commercial_partner_id"], record["partner_shipping_id"]
    own = record["company_id"]["partner_id"]
    elsewhere = delivery and id_or_none(delivery) != id_or_none(address)
    return {
        "counterparty_id": id_or_none(identity),
        "counterparty": party(address, identity, setting) if address and identity else None,
        "own_party": party(own, own, setting) if own else None,
        "delivery_party": party(delivery, delivery, setting) if elsewhere else None,
    }


def _line(position: int, line: Values, record: Values, kind: str, setting: Setting) -> Values:
    product = line["product_id"]
    taxes = [single for tax in line["tax_ids"] for single in _singles(tax)]
    net = amount(line["price_subtotal"])
    return {
        "line_id": str(line["id"]),
        "position": position,
        "description": line["name"] or None,
        "item_code": field_or_none(product, "default_code"),
        "vendor_item_code": _vendor_item_code(product, record) if kind == "vendor" else None,
        "buyer_item_code": None,
        "gtin": field_or_none(product, "barcode"),
        "quantity": rounded(amount(line["quantity"]), SIX_DECIMALS),
        "unit": field_or_none(line["product_uom_id"], "name"),
        "unit_price": rounded(_unit_price(line, net, taxes), PRICE_DECIMALS),
        "discount_percent": line["discount"],
        "net_amount": net,
        "tax_amount": amount(line["price_total"]) - net,
        "tax_rate": sum((amount(tax["amount"]) for tax in taxes if tax["amount_type"] == "percent"), _ZERO) if taxes else None,
        "tax_names": " + ".join(tax["name"] for tax in line["tax_ids"]) or None,
        **account(line),
        "cost_centers": shares(line["analytic_distribution"], setting),
        "order_line_id": _order_line(line),
    }


def _unit_price(line: Values, net: Decimal, taxes: list[Values]) -> Decimal:
    """Price of one unit before discount, without tax. A price that includes tax is derived from the line's net
    amount, because only Odoo knows how its taxes combine."""
    price = amount(line["price_unit"])
    if not any(tax["price_include"] for tax in taxes):
        return price
    quantity, paid = amount(line["quantity"]), 1 - amount(line["discount"]) / _HUNDRED
    if quantity and paid:
        return net / quantity / paid
    included = sum((amount(tax["amount"]) for tax in taxes if tax["price_include"] and tax["amount_type"] == "percent"), _ZERO)
    return price / (1 + included / _HUNDRED)


def _vendor_item_code(product: Json, record: Values) -> str | None:
    if not product:
        return None
    vendor = {partner["id"] for partner in (record["commercial_partner_id"], record["partner_id"]) if partner}
    offers = [
        seller
        for seller in product["seller_ids"]
        if seller["partner_id"] in vendor and seller["product_id"] in (False, product["id"])
    ]
    # what is said of this variant goes before what is said of all
    return next((seller["product_code"] or None for seller in sorted(offers, key=lambda seller: not seller["product_id"])), None)


def _tax_summary(lines: list[Values], sign: int) -> list[Values]:
    """One entry a tax: its amount from the lines that Odoo made for it, its base from every line that it is on
    (a tax that raises another's base is itself such a line)."""
    summary: dict[int, Values] = {}
    for line in lines:
        value = sign * amount(line["amount_currency"])
        for tax in line["tax_ids"]:
            for single in _singles(tax):
                _entry(summary, single)["base_amount"] += value
        if line["tax_line_id"] and line["display_type"] in ("tax", "rounding"):
            _entry(summary, line["tax_line_id"])["tax_amount"] += value
    return list(summary.values())


def _entry(summary: dict[int, Values], tax: Values) -> Values:
    return summary.setdefault(
        tax["id"],
        {
            "tax_id": str(tax["id"]),
            "name": tax["name"],
            "rate": tax["amount"] if tax["amount_type"] == "percent" else None,
            "category": tax.get("ubl_cii_tax_category_code") or None,
            "base_amount": _ZERO,
            "tax_amount": _ZERO,
        },
    )


def _singles(tax: Values) -> list[Values]:
    """The tax itself, or the taxes of a group of taxes."""
    return tax["children_tax_ids"] or [tax]


def _is_rounding(line: Values) -> bool:
    return line["display_type"] == "rounding" and not line["tax_line_id"]


def _order_line(line: Values) -> str | None:
    """The purchase order's line, or the sales order's when there is exactly one."""
    purchased, sold = line.get("purchase_line_id"), line.get("sale_line_ids")
    if purchased:
        return str(purchased)
    return str(sold[0]) if sold and len(sold) == 1 else None


STREAM = Stream(
    INVOICES,
    "account.move",
    [["move_type", "in", list(TYPES)]],
    INVOICE_FIELDS,
    invoice,
    documents_of,
    (
        "account.move.line", *LEDGER_MODELS, "account.payment.term", "account.analytic.account", "product.product", "uom.uom",
        "res.country", "res.country.state",
    ),
    # the net amount is not among them: Odoo's untaxed amount holds the cash rounding too
    Sums({"tax_amount": "amount_tax", "total_amount": "amount_total"}),
)  # fmt: skip
