"""Purchase and sales orders, and the transfers that fulfil them."""

from __future__ import annotations

from mlconnector_assets.sandbox.odoo.model import Lines, Model
from mlconnector_assets.sandbox.odoo.models.sql import COMPANY_CURRENCY, OWN


def _of_order(table: str, column: str) -> str:
    return f"SELECT o.{column} FROM {table} o WHERE o.id = {{t}}.order_id"


MODELS = (
    Model(
        "purchase.order",
        "Purchase Order",
        """
        name partner_ref state invoice_status receipt_status partner_id currency_id currency_rate company_id date_order
        date_approve date_planned date_calendar_start effective_date amount_untaxed amount_tax amount_total amount_total_cc
        payment_term_id user_id origin note picking_type_id dest_address_id priority locked acknowledged
        """,
        order="priority desc, id desc",
        display="{t}.name || ifnull(' (' || {t}.partner_ref || ')', '')",
        related={
            "invoice_ids": "SELECT json_group_array(DISTINCT l.move_id) FROM account_move_line l "
            "JOIN purchase_order_line o ON o.id = l.purchase_line_id WHERE o.order_id = {t}.id"
        },
        computed={"company_currency_id": COMPANY_CURRENCY},
        lines={"order_line": Lines("purchase.order.line", "order_id")},
        company_rule=OWN,
    ),
    Model(
        "purchase.order.line",
        "Purchase Order Line",
        """
        order_id sequence display_type name product_id product_qty product_uom_id product_uom_qty qty_received
        qty_received_method qty_invoiced qty_to_invoice price_unit discount price_subtotal price_tax price_total tax_ids
        company_id partner_id date_planned analytic_distribution is_downpayment technical_price_unit
        """,
        order="order_id, sequence, id",
        display="(" + _of_order("purchase_order", "name") + ") || ' ' || {t}.name",
        computed={
            "state": _of_order("purchase_order", "state"),
            "currency_id": _of_order("purchase_order", "currency_id"),
            "price_unit_discounted": "{t}.price_unit * (1 - {t}.discount / 100.0)",
        },
        lines={
            "invoice_lines": Lines("account.move.line", "purchase_line_id"),
            "move_ids": Lines("stock.move", "purchase_line_id"),
        },
        company_rule=OWN,
        indexes=("order_id", "partner_id"),
    ),
    Model(
        "sale.order",
        "Sales Order",
        """
        name client_order_ref state invoice_status delivery_status partner_id partner_invoice_id partner_shipping_id
        currency_id currency_rate company_id date_order commitment_date effective_date validity_date amount_untaxed
        amount_tax amount_total payment_term_id user_id origin note locked
        """,
        order="date_order desc, id desc",
        lines={
            "order_line": Lines("sale.order.line", "order_id"),
            "picking_ids": Lines("stock.picking", "sale_id"),
        },
        company_rule=OWN,
    ),
    Model(
        "sale.order.line",
        "Sales Order Line",
        """
        order_id sequence display_type name product_id product_uom_qty product_uom_id qty_delivered qty_delivered_method
        qty_invoiced qty_to_invoice invoice_status price_unit discount price_subtotal price_tax price_total tax_ids state
        analytic_distribution is_downpayment customer_lead currency_id company_id order_partner_id technical_price_unit
        """,
        order="order_id, sequence, id",
        display="(" + _of_order("sale_order", "name") + ") || ' - ' || {t}.name",
        lines={"move_ids": Lines("stock.move", "sale_line_id")},
        company_rule=OWN,
        indexes=("order_id",),
    ),
    Model(
        "stock.picking.type",
        "Picking Type",
        "name code sequence_code active company_id sequence",
        order="sequence, id",
        company_rule=OWN,
    ),
    Model(
        "stock.picking",
        "Transfer",
        """
        name state picking_type_id partner_id origin scheduled_date date_deadline date_done sale_id backorder_id return_id
        company_id priority user_id
        """,
        order="priority desc, scheduled_date asc, id desc",
        computed={
            "picking_type_code": "SELECT y.code FROM stock_picking_type y WHERE y.id = {t}.picking_type_id",
            "purchase_id": "SELECT l.order_id FROM stock_move m JOIN purchase_order_line l ON l.id = m.purchase_line_id "
            "WHERE m.picking_id = {t}.id LIMIT 1",
        },
        lines={
            "move_ids": Lines("stock.move", "picking_id"),
            "backorder_ids": Lines("stock.picking", "backorder_id"),
        },
        company_rule=OWN,
    ),
    Model(
        "stock.move",
        "Stock Move",
        """
        reference state product_id product_uom_qty quantity product_uom product_qty date date_deadline origin
        purchase_line_id sale_line_id picking_id company_id picked price_unit value sequence
        """,
        order="sequence, id",
        display="{t}.reference",
        company_rule=OWN,
        indexes=("picking_id", "purchase_line_id", "sale_line_id"),
    ),
)
