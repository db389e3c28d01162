"""Sales orders from sale.order. Deliveries and invoices may move only the write_date of lines, so these count too."""

from __future__ import annotations

from mlconnector_assets.records import SALES_ORDERS
from mlconnector_assets.systems.odoo.lines import quantity
from mlconnector_assets.systems.odoo.mapping import Setting, party
from mlconnector_assets.systems.odoo.orders import ORDER_MODELS, ORDER_SUMS, moved_state, order, order_fields
from mlconnector_assets.systems.odoo.specifications import PARTY
from mlconnector_assets.systems.odoo.stream import Stream, documents_of, touched_by
from mlconnector_assets.systems.odoo.values import Json, Values, instant_or_none

SALES_ORDER_FIELDS = order_fields(
    {"product_uom_qty": {}, "qty_delivered": {}},
    client_order_ref={},
    delivery_status={},
    commitment_date={},
    partner_invoice_id=PARTY,
    partner_shipping_id=PARTY,
)


def sales_order(record: Values, text: str, setting: Setting) -> Values:
    """The canonical sales order. Raises MappingError."""
    expected_at = instant_or_none(record["commitment_date"])

    def line(source: Values) -> Values:
        return {
            "vendors": (),
            "quantity": quantity(source["product_uom_qty"]),
            "delivered_quantity": quantity(source["qty_delivered"]),
            "expected_at": expected_at,
        }

    invoiced = _elsewhere(record["partner_invoice_id"], record)
    return order(record, text, setting, line, _elsewhere(record["partner_shipping_id"], record)) | {
        "counterparty_number": record["client_order_ref"] or None,
        "expected_at": expected_at,
        "delivery_state": moved_state(record.get("delivery_status"), "delivery_status"),
        "invoice_party": party(invoiced, invoiced, setting) if invoiced else None,
    }


def _elsewhere(address: Json, record: Values) -> Values | None:
    """An address, when it is not the customer's own."""
    return address if address and address["id"] != record["partner_id"]["id"] else None


STREAM = Stream(
    SALES_ORDERS,
    "sale.order",
    [],
    SALES_ORDER_FIELDS,
    sales_order,
    touched_by(documents_of, "order_line"),
    ("sale.order.line", *ORDER_MODELS),
    ORDER_SUMS,
    app="Sales",
)
