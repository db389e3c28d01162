"""Products and units."""

from __future__ import annotations

from mlconnector_assets.sandbox.odoo.model import Lines, Model
from mlconnector_assets.sandbox.odoo.models.sql import OWN_OR_SHARED, of_partner

MODELS = (
    Model(
        "product.product",
        "Product Variant",
        """
        product_tmpl_id default_code barcode name active type is_storable uom_id list_price standard_price company_id
        categ_id purchase_ok sale_ok
        """,
        order="default_code, name, id",
        display="ifnull('[' || {t}.default_code || '] ', '') || {t}.name",
        lines={"seller_ids": Lines("product.supplierinfo", "product_tmpl_id", of="product_tmpl_id")},
        company_rule=OWN_OR_SHARED,
    ),
    Model(
        "product.template",
        "Product",
        "name default_code active type is_storable uom_id list_price company_id categ_id purchase_ok sale_ok",
        order="is_favorite desc, name",
        display="ifnull('[' || {t}.default_code || '] ', '') || {t}.name",
        lines={
            "seller_ids": Lines("product.supplierinfo", "product_tmpl_id"),
            "product_variant_ids": Lines("product.product", "product_tmpl_id"),
        },
        company_rule=OWN_OR_SHARED,
    ),
    Model(
        "product.category", "Product Category", "name complete_name parent_id", order="complete_name", display="{t}.complete_name"
    ),
    Model(
        "product.supplierinfo",
        "Supplier Pricelist",
        """
        partner_id product_tmpl_id product_id product_code product_name sequence min_qty price discount currency_id
        company_id product_uom_id date_start date_end delay
        """,
        order="sequence, min_qty desc, price, id",
        display=of_partner("complete_name"),
        company_rule=OWN_OR_SHARED,
        indexes=("product_tmpl_id",),
    ),
    Model(
        "uom.uom",
        "Product Unit of Measure",
        """
        name factor relative_factor relative_uom_id active parent_path sequence
        """,
        order="sequence, relative_uom_id, id",
    ),
)
