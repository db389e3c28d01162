"""Goods receipts and deliveries from stock.picking with its moves; transfers inside a warehouse are left out."""

from __future__ import annotations

from mlconnector_assets.records import RECEIPTS
from mlconnector_assets.systems.odoo.lines import PRODUCT, PRODUCT_MODELS, ZERO, item, quantity
from mlconnector_assets.systems.odoo.mapping import Setting, common, counterparty, in_order, known
from mlconnector_assets.systems.odoo.specifications import NAME, PARTNER, PARTY_MODELS, Specification, fields
from mlconnector_assets.systems.odoo.stream import Stream, documents_of, touched_by
from mlconnector_assets.systems.odoo.values import Values, field_or_none, id_or_none, instant_or_none

DIRECTIONS = {"incoming": "incoming", "outgoing": "outgoing"}
STATES = {
    "draft": "draft",
    "waiting": "waiting",
    "confirmed": "waiting",
    "partially_available": "ready",
    "assigned": "ready",
    "done": "done",
    "cancel": "cancelled",
}
"""Of transfers and of their lines."""

RECEIPT_FIELDS: Specification = {
    "write_date": {}, "name": {}, "state": {}, "picking_type_code": {}, "origin": {}, "scheduled_date": {}, "date_done": {},
    "backorder_id": NAME,
    "return_id": NAME,
    "partner_id": PARTNER,
    "move_ids": fields(
        "write_date", "sequence", "state", "product_uom_qty", "quantity",
        product_id=fields(*("display_name", *PRODUCT["fields"]), seller_ids=PRODUCT["fields"]["seller_ids"]),
        product_uom=NAME,
        purchase_line_id=fields(order_id=fields("name", "partner_ref")),
        sale_line_id=fields(order_id=fields("name", "client_order_ref")),
    ),
}  # fmt: skip


def receipt(record: Values, text: str, setting: Setting) -> Values:
    """The canonical receipt or delivery. Raises MappingError."""
    direction = known(DIRECTIONS, record["picking_type_code"], "picking_type_code")
    partner = record["partner_id"]
    vendors = (partner["id"], partner["commercial_partner_id"]["id"]) if partner and direction == "incoming" else ()
    done_at, scheduled_at = instant_or_none(record["date_done"]), instant_or_none(record["scheduled_date"])
    moment = done_at or scheduled_at
    return common(record, text, setting) | {
        "direction": direction,
        "state": known(STATES, record["state"], "state"),
        "number": record["name"] or None,
        "order_references": record["origin"] or None,
        "backorder_of_id": id_or_none(record["backorder_id"]),
        "backorder_of_number": field_or_none(record["backorder_id"], "name"),
        "return_of_id": id_or_none(record["return_id"]),
        "return_of_number": field_or_none(record["return_id"], "name"),
        **counterparty(partner, setting),
        "document_date": moment and moment.date(),
        "scheduled_at": scheduled_at,
        "done_at": done_at,
        "lines": [_line(position, move, vendors) for position, move in enumerate(in_order(record["move_ids"]), 1)],
        "problem": None,
    }


def _line(position: int, move: Values, vendors: tuple[int, ...]) -> Values:
    product, state = move["product_id"], known(STATES, move["state"], "state of a line")
    bought, sold = move.get("purchase_line_id"), move.get("sale_line_id")
    order_line = bought or sold
    order = order_line["order_id"] if order_line else None
    return {
        "line_id": str(move["id"]),
        "position": position,
        "description": field_or_none(product, "display_name"),
        **item(product, vendors),
        "state": state,
        "expected_quantity": quantity(move["product_uom_qty"]),
        "quantity": quantity(move["quantity"]) if state == "done" else ZERO,
        "unit": field_or_none(move["product_uom"], "name"),
        "order_id": id_or_none(order),
        "order_number": field_or_none(order, "name"),
        "counterparty_order_number": field_or_none(order, "partner_ref" if bought else "client_order_ref"),
        "order_line_id": id_or_none(order_line),
    }


STREAM = Stream(
    RECEIPTS,
    "stock.picking",
    [["picking_type_id.code", "in", list(DIRECTIONS)]],
    RECEIPT_FIELDS,
    receipt,
    touched_by(documents_of, "move_ids"),
    ("stock.move", "stock.picking.type", *PARTY_MODELS, *PRODUCT_MODELS),
    app="Inventory",
)
