"""Products from product.product (a variant each) with the vendors' item codes of product.supplierinfo, and units of
measure from uom.uom. What a vendor asks is kept for the template or for one variant, and moves neither when it changes."""

from __future__ import annotations

from mlconnector_assets.records import PRODUCTS, UNITS
from mlconnector_assets.systems.odoo.mapping import SIX_DECIMALS, Setting, common, in_order, known
from mlconnector_assets.systems.odoo.specifications import NAME, Specification, fields
from mlconnector_assets.systems.odoo.stream import Stream, everywhere, shared_or_own, touched_by
from mlconnector_assets.systems.odoo.values import (
    PRICE_DECIMALS,
    RATE_DECIMALS,
    Values,
    amount,
    day_or_none,
    field_or_none,
    id_or_none,
    rounded,
)

KINDS = {"consu": "goods", "product": "goods", "service": "service", "combo": "combination"}

SELLER = fields(
    "write_date", "sequence", "product_id", "product_code", "product_name", "company_id", "min_qty", "price", "discount",
    "delay", "date_start", "date_end",
    partner_id=fields("ref", "name"),
    product_uom_id=NAME,
    currency_id=NAME,
)  # fmt: skip

PRODUCT_FIELDS: Specification = {
    "write_date": {}, "active": {}, "default_code": {}, "name": {}, "display_name": {}, "type": {}, "is_storable": {},
    "barcode": {}, "list_price": {}, "standard_price": {}, "sale_ok": {}, "purchase_ok": {}, "company_id": {},
    "categ_id": fields("complete_name"),
    "uom_id": NAME,
    "product_tmpl_id": fields(seller_ids=SELLER),
}  # fmt: skip

UNIT_FIELDS: Specification = {
    "write_date": {}, "active": {}, "name": {}, "factor": {}, "relative_factor": {},
    "relative_uom_id": fields("name", "write_date"),
}  # fmt: skip


def product(record: Values, text: str, setting: Setting) -> Values:
    """The canonical product. Raises MappingError."""
    sellers = [seller for seller in in_order(record["product_tmpl_id"]["seller_ids"]) if _offers(seller, record, setting)]
    return common(record, text, setting) | {
        "item_code": record["default_code"] or None,
        "name": record["name"] or None,
        "full_name": record["display_name"] or None,
        "active": record["active"],
        "kind": known(KINDS, record["type"], "type"),
        "stored": record.get("is_storable", record["type"] == "product"),
        "gtin": record["barcode"] or None,
        "template_id": id_or_none(record["product_tmpl_id"]),
        "category_id": id_or_none(record["categ_id"]),
        "category": field_or_none(record["categ_id"], "complete_name"),
        "unit": field_or_none(record["uom_id"], "name"),
        "list_price": rounded(amount(record["list_price"]), PRICE_DECIMALS),
        "cost": rounded(amount(record["standard_price"]), PRICE_DECIMALS),
        "can_be_sold": record["sale_ok"],
        "can_be_purchased": record["purchase_ok"],
        "vendor_items": [_vendor_item(position, seller, setting) for position, seller in enumerate(sellers, 1)],
    }


def _offers(seller: Values, record: Values, setting: Setting) -> bool:
    """Whether it is for this variant and for a company that is read."""
    return seller["product_id"] in (False, record["id"]) and (
        not seller["company_id"] or seller["company_id"] in setting.companies
    )


def _vendor_item(position: int, seller: Values, setting: Setting) -> Values:
    return {
        "vendor_item_id": str(seller["id"]),
        "position": position,
        "vendor_id": id_or_none(seller["partner_id"]),
        "vendor_reference": field_or_none(seller["partner_id"], "ref"),
        "vendor_name": field_or_none(seller["partner_id"], "name"),
        "item_code": seller["product_code"] or None,
        "item_name": seller["product_name"] or None,
        "company": setting.companies[seller["company_id"]] if seller["company_id"] else None,
        "minimum_quantity": rounded(amount(seller["min_qty"]), SIX_DECIMALS),
        "unit": field_or_none(seller["product_uom_id"], "name"),
        "price": rounded(amount(seller["price"]), PRICE_DECIMALS),
        "discount_percent": rounded(amount(seller["discount"]), SIX_DECIMALS),
        "currency": field_or_none(seller["currency_id"], "name"),
        "lead_days": seller["delay"],
        "valid_from": day_or_none(seller["date_start"]),
        "valid_until": day_or_none(seller["date_end"]),
    }


def unit(record: Values, text: str, setting: Setting) -> Values:
    """The canonical unit of measure."""
    base = record["relative_uom_id"]
    return common(record, text, setting) | {
        "name": record["name"] or None,
        "active": record["active"],
        "base_unit_id": id_or_none(base),
        "base_unit": field_or_none(base, "name"),
        "base_quantity": rounded(amount(record["relative_factor"]), RATE_DECIMALS) if base else 1,
        "factor": rounded(amount(record["factor"]), RATE_DECIMALS),
    }


PRODUCTS_STREAM = Stream(
    PRODUCTS,
    "product.product",
    [],
    PRODUCT_FIELDS,
    product,
    touched_by(shared_or_own, "product_tmpl_id.seller_ids"),
    ("product.template", "product.category", "product.supplierinfo", "uom.uom", "res.partner", "res.currency"),
)

UNITS_STREAM = Stream(UNITS, "uom.uom", [], UNIT_FIELDS, unit, touched_by(everywhere, "relative_uom_id"))
