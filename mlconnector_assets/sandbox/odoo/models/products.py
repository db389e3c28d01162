"""Products and units."""

from __future__ import annotations

from mlconnector_assets.sandbox.odoo.model import Model
from mlconnector_assets.sandbox.odoo.models.sql import OWN_OR_SHARED

MODELS = (
    Model(
        "product.product",
        "Product Variant",
        """
        default_code barcode name active type is_storable uom_id list_price standard_price company_id
        purchase_ok sale_ok
        """,
        order="default_code, name, id",
        display="ifnull('[' || {t}.default_code || '] ', '') || {t}.name",
        company_rule=OWN_OR_SHARED,
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
