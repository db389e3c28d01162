"""Invoices, credit notes and receipts from account.move with its lines. Odoo's total is the sum of its `product`,
`tax` and `rounding` lines; the other kinds of lines only move amounts between accounts."""

from __future__ import annotations

from mlconnector_assets.records import INVOICES
from mlconnector_assets.systems.odoo.lines import PRODUCT, PRODUCT_MODELS, ZERO, amounts, item, quantity, singles
from mlconnector_assets.systems.odoo.mapping import STATES, Setting, account, common, in_order, known, party, shares
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
    RATE_DECIMALS,
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
        product_id=PRODUCT,
        product_uom_id=NAME,
        account_id=CODE_AND_NAME,
        tax_ids=TAX_OR_GROUP,
        tax_line_id=TAX,
    ),
}  # fmt: skip


def invoice(record: Values, text: str, setting: Setting) -> Values:
    """The canonical invoice. Raises MappingError; amounts that do not add up become its `problem`."""
    kind, document_type, sign = known(TYPES, record["move_type"], "move_type")
    source_lines = in_order(record["line_ids"])
    lines = [
        _line(position, line, record, kind, setting)
        for position, line in enumerate((line for line in source_lines if line["display_type"] == "product"), 1)
    ]
    taxes = _tax_summary(source_lines, sign)
    net = sum((line["net_amount"] for line in lines), ZERO)
    tax = sum((entry["tax_amount"] for entry in taxes), ZERO)
    rounding = sum((sign * amount(line["amount_currency"]) for line in source_lines if _is_rounding(line)), ZERO)
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
    invoiced = quantity(line["quantity"])
    vendors = [partner["id"] for partner in (record["commercial_partner_id"], record["partner_id"]) if partner]
    return {
        "line_id": str(line["id"]),
        "position": position,
        "description": line["name"] or None,
        **item(line["product_id"], vendors if kind == "vendor" else ()),
        "quantity": invoiced,
        "unit": field_or_none(line["product_uom_id"], "name"),
        **amounts(line, invoiced),
        **account(line),
        "cost_centers": shares(line["analytic_distribution"], setting),
        "order_line_id": _order_line(line),
    }


def _tax_summary(lines: list[Values], sign: int) -> list[Values]:
    """One entry a tax: its amount from the lines that Odoo made for it, its base from every line that it is on
    (a tax that raises another's base is itself such a line)."""
    summary: dict[int, Values] = {}
    for line in lines:
        value = sign * amount(line["amount_currency"])
        for tax in line["tax_ids"]:
            for single in singles(tax):
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
            "base_amount": ZERO,
            "tax_amount": ZERO,
        },
    )


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
        "account.move.line", *LEDGER_MODELS, "account.payment.term", "account.analytic.account", *PRODUCT_MODELS,
        "res.country", "res.country.state",
    ),
    # the net amount is not among them: Odoo's untaxed amount holds the cash rounding too
    Sums({"tax_amount": "amount_tax", "total_amount": "amount_total"}),
)  # fmt: skip
