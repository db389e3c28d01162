"""What lines of invoices, orders and transfers share: taxes, the price without tax, item codes."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from mlconnector_assets.systems.odoo.mapping import SIX_DECIMALS
from mlconnector_assets.systems.odoo.specifications import fields
from mlconnector_assets.systems.odoo.values import PRICE_DECIMALS, Json, Values, amount, field_or_none, rounded

ZERO, HUNDRED = Decimal(0), Decimal(100)

PRODUCT = fields("default_code", "barcode", seller_ids=fields("product_code", "product_id", "partner_id"))
PRODUCT_MODELS = ("product.product", "uom.uom")


def singles(tax: Values) -> list[Values]:
    """The tax itself, or the taxes of a group of taxes."""
    return tax["children_tax_ids"] or [tax]


def item(product: Json, vendors: Iterable[int] = ()) -> Values:
    """The columns of a line's product. `vendors` are the partners whose code for it counts, none when we sell."""
    return {
        "item_code": field_or_none(product, "default_code"),
        "vendor_item_code": _vendor_item_code(product, set(vendors)) if product and vendors else None,
        "buyer_item_code": None,
        "gtin": field_or_none(product, "barcode"),
    }


def amounts(line: Values, quantity: Decimal) -> Values:
    """The columns of a line's price, amounts and taxes."""
    taxes = [single for tax in line["tax_ids"] for single in singles(tax)]
    net = amount(line["price_subtotal"])
    return {
        "unit_price": rounded(_unit_price(line, quantity, net, taxes), PRICE_DECIMALS),
        "discount_percent": line["discount"],
        "net_amount": net,
        "tax_amount": amount(line["price_total"]) - net,
        "tax_rate": sum((amount(tax["amount"]) for tax in taxes if tax["amount_type"] == "percent"), ZERO) if taxes else None,
        "tax_names": " + ".join(tax["name"] for tax in line["tax_ids"]) or None,
    }


def quantity(value: object) -> Decimal:
    """A quantity."""
    return rounded(amount(value), SIX_DECIMALS)


def _vendor_item_code(product: Values, vendors: set[int]) -> str | None:
    offers = [
        seller
        for seller in product.get("seller_ids", [])
        if seller["partner_id"] in vendors and seller["product_id"] in (False, product["id"])
    ]
    # what is said of this variant goes before what is said of all
    return next((seller["product_code"] or None for seller in sorted(offers, key=lambda seller: not seller["product_id"])), None)


def _unit_price(line: Values, quantity: Decimal, net: Decimal, taxes: list[Values]) -> Decimal:
    """Price of one unit before discount, without tax. A price that includes tax is derived from the line's net
    amount, because only Odoo knows how its taxes combine."""
    price = amount(line["price_unit"])
    if not any(tax["price_include"] for tax in taxes):
        return price
    paid = 1 - amount(line["discount"]) / HUNDRED
    if quantity and paid:
        return net / quantity / paid
    included = sum((amount(tax["amount"]) for tax in taxes if tax["price_include"] and tax["amount_type"] == "percent"), ZERO)
    return price / (1 + included / HUNDRED)
