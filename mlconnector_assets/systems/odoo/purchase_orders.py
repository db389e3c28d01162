"""Purchase orders from purchase.order. Confirming one does not move the write_date of its lines, and a receipt may move
only a line's: so both count."""

from __future__ import annotations

from mlconnector_assets.records import PURCHASE_ORDERS
from mlconnector_assets.systems.odoo.lines import quantity
from mlconnector_assets.systems.odoo.mapping import Setting
from mlconnector_assets.systems.odoo.orders import ORDER_MODELS, ORDER_SUMS, moved_state, order, order_fields
from mlconnector_assets.systems.odoo.specifications import PARTY
from mlconnector_assets.systems.odoo.stream import Stream, documents_of, touched_by
from mlconnector_assets.systems.odoo.values import Values, instant_or_none

PURCHASE_ORDER_FIELDS = order_fields(
    {"product_qty": {}, "qty_received": {}, "date_planned": {}},
    partner_ref={},
    receipt_status={},
    date_approve={},
    date_planned={},
    dest_address_id=PARTY,
)


def purchase_order(record: Values, text: str, setting: Setting) -> Values:
    """The canonical purchase order. Raises MappingError."""
    partner = record["partner_id"]
    vendors = (partner["id"], partner["commercial_partner_id"]["id"]) if partner else ()

    def line(source: Values) -> Values:
        return {
            "vendors": vendors,
            "quantity": quantity(source["product_qty"]),
            "received_quantity": quantity(source["qty_received"]),
            "expected_at": instant_or_none(source["date_planned"]),
        }

    return order(record, text, setting, line, record.get("dest_address_id") or None) | {
        "counterparty_number": record["partner_ref"] or None,
        "expected_at": instant_or_none(record["date_planned"]),
        "receipt_state": moved_state(record.get("receipt_status"), "receipt_status"),
        "confirmed_at": instant_or_none(record["date_approve"]),
    }


STREAM = Stream(
    PURCHASE_ORDERS,
    "purchase.order",
    [],
    PURCHASE_ORDER_FIELDS,
    purchase_order,
    touched_by(documents_of, "order_line"),
    ("purchase.order.line", *ORDER_MODELS),
    ORDER_SUMS,
    app="Purchase",
)
