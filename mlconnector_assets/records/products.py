"""Products: what is bought and sold, one row a variant, with the vendors' item codes nested; also archived ones."""

from __future__ import annotations

import polars as pl

from mlconnector_assets.records.record import ACTIVE, PERCENT, PRICE, QUANTITY, Column, Record

VENDOR_ITEM = pl.Struct(
    {
        "vendor_item_id": pl.String(),
        "position": pl.Int32(),
        "vendor_id": pl.String(),
        "vendor_reference": pl.String(),
        "vendor_name": pl.String(),
        "item_code": pl.String(),
        "item_name": pl.String(),
        "company": pl.String(),
        "minimum_quantity": QUANTITY,
        "unit": pl.String(),
        "price": PRICE,
        "discount_percent": PERCENT,
        "currency": pl.String(),
        "lead_days": pl.Int32(),
        "valid_from": pl.Date(),
        "valid_until": pl.Date(),
    }
)
"""How a vendor calls the product, and what it asks for it. `position` counts from 1 and is the source's order of
preference; `company` is null when the offer is for all of them."""

PRODUCTS = Record(
    name="products",
    title="Products",
    meaning=__doc__ or "",
    own_columns={
        "item_code": Column(pl.String(), "our code of the item"),
        "name": Column(pl.String(), "name, which all variants share"),
        "full_name": Column(pl.String(), "code, name and variant, as people see it"),
        "active": ACTIVE,
        "kind": Column(pl.String(), "goods, service or combination"),
        "stored": Column(pl.Boolean(), "whether stock is kept of it"),
        "gtin": Column(pl.String(), "barcode, usually a GTIN"),
        "template_id": Column(pl.String(), "the source's id of what its variants have in common"),
        "category_id": Column(pl.String(), "the source's id of its category"),
        "category": Column(pl.String(), "category with those above it"),
        "unit": Column(pl.String(), "unit of measure of stock and prices"),
        "list_price": Column(PRICE, "price for customers, in the currency of its company"),
        "cost": Column(PRICE, "cost of one unit, seen from the product's company or the connection's first"),
        "can_be_sold": Column(pl.Boolean(), "whether it is offered to customers"),
        "can_be_purchased": Column(pl.Boolean(), "whether it is bought"),
        "vendor_items": Column(pl.List(VENDOR_ITEM), "vendors' codes and prices of this item"),
    },
    children=(("vendor_items", "vendor_item_id"),),
    number_column="item_code",
)
