"""Orders, what is moved for them, and what is billed: with the write_dates that Odoo moves. Confirming a purchase order
leaves its lines alone, a sales order's lines move; a transfer moves the lines whose quantity changed, and the order; a draft
bill or invoice moves the order and its lines."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from mlconnector_assets.sandbox.odoo.database import Database, microseconds
from mlconnector_assets.sandbox.values import Row, Value
from mlconnector_assets.sandbox.world.business import Business, today
from mlconnector_assets.sandbox.world.catalog import account_id
from mlconnector_assets.sandbox.world.ledger import HUNDRED, ZERO, DraftLine, line_amounts

Side = Literal["purchase", "sale"]


@dataclass(frozen=True)
class _Names:
    """What the two sides call the same things."""

    order: str
    line: str
    link: str
    quantity: str
    moved: str
    moved_state: str
    confirmed: str
    number: str
    transfer: str
    direction: str
    move_type: str


SIDES: Mapping[Side, _Names] = {
    "purchase": _Names(
        "purchase.order", "purchase.order.line", "purchase_line_id", "product_qty", "qty_received", "receipt_status", "purchase",
        "P", "IN", "incoming", "in_invoice",
    ),
    "sale": _Names(
        "sale.order", "sale.order.line", "sale_line_id", "product_uom_qty", "qty_delivered", "delivery_status", "sale",
        "S", "OUT", "outgoing", "out_invoice",
    ),
}  # fmt: skip


class Trade:
    """Acts on orders. Every act takes the instant `at` at which its transaction began."""

    def __init__(self, database: Database) -> None:
        self.database, self.business = database, Business(database)

    def order(self, side: Side, *, company: int, partner: int, lines: Sequence[DraftLine], at: datetime, **details: Value) -> int:
        """Type in an order; answers the id of the draft. `details`: currency (id), rate, terms (id), reference (the
        counterparty's number), delivery (partner id), id."""
        names, stamp = SIDES[side], microseconds(at)
        currency = details.get("currency") or self.database.row("res.company", company)["currency_id"]
        step = Decimal(str(self.database.row("res.currency", currency)["rounding"]))
        planned = microseconds(at + timedelta(days=7))
        number = f"{names.number}{self.database.next(f'{company}:{names.order}'):05}"
        values: Row = {
            "name": number if company == 1 else f"{company}{number}",
            "state": "draft",
            "invoice_status": "no",
            "partner_id": partner,
            "currency_id": currency,
            "currency_rate": details.get("rate", 1),
            "company_id": company,
            "date_order": stamp,
            "payment_term_id": details.get("terms"),
            "user_id": 7,
            "locked": 0,
        }
        if side == "purchase":
            values |= {
                "partner_ref": details.get("reference"),
                "date_planned": planned,
                "dest_address_id": details.get("delivery"),
            }
        else:
            delivery = details.get("delivery") or partner
            values |= {"client_order_ref": details.get("reference"), "commitment_date": planned}
            values |= {"partner_invoice_id": partner, "partner_shipping_id": delivery}
        if details.get("id"):
            values["id"] = details["id"]
        order = self.database.insert(names.order, values, at=stamp)
        for position, line in enumerate(lines, 1):
            self.database.insert(names.line, self._line(side, order, position, line, step) | self._of(values, side), at=stamp)
        self._sum(side, order, at)
        return order

    def confirm(self, side: Side, order: int, *, at: datetime) -> int | None:
        """Confirm an order; answers the id of the transfer that is made for it, None when there is nothing to move."""
        names, stamp = SIDES[side], microseconds(at)
        values: Row = {"state": names.confirmed, names.moved_state: "pending"}
        values |= {"date_approve": stamp} if side == "purchase" else {"date_order": stamp, "invoice_status": "to invoice"}
        self.database.update(names.order, order, values, at=stamp)
        if side == "sale":
            for line in self.lines(side, order):
                moved = {"state": "sale", "invoice_status": "to invoice", "qty_to_invoice": line["product_uom_qty"]}
                self.database.update(names.line, line["id"], moved, at=stamp)
        goods = {line["id"]: _decimal(line[names.quantity]) for line in self._goods(side, order)}
        return self._transfer(side, order, goods, at) if goods else None

    def move(self, transfer: int, *, at: datetime, share: Decimal = HUNDRED) -> int | None:
        """Validate a transfer over `share` percent of each line, in whole units; what is left becomes a backorder, whose id is
        answered."""
        stamp, row = microseconds(at), self.database.row("stock.picking", transfer)
        side: Side = "sale" if row["sale_id"] else "purchase"
        names = SIDES[side]
        left: dict[int, Decimal] = {}
        for move in self._moves(transfer):
            wanted, line = _decimal(move["product_uom_qty"]), move[names.link]
            done = (wanted * share / HUNDRED).to_integral_value() if share < HUNDRED else wanted
            done_values = {"state": "done", "quantity": done, "product_uom_qty": done, "date": stamp, "picked": 1}
            self.database.update("stock.move", move["id"], done_values, at=stamp)
            if wanted - done:
                left[line] = wanted - done
            if done:
                ordered = self.database.row(names.line, line)
                quantity = _decimal(ordered[names.moved]) + done
                more = {"qty_to_invoice": quantity - _decimal(ordered["qty_invoiced"])} if side == "purchase" else {}
                self.database.update(names.line, line, {names.moved: quantity} | more, at=stamp)
        self.database.update("stock.picking", transfer, {"state": "done", "date_done": stamp}, at=stamp)
        order = self.database.row(names.line, self._moves(transfer)[0][names.link])["order_id"]
        invoice = {"invoice_status": "to invoice"} if side == "purchase" else {}
        moved = {names.moved_state: "partial" if left else "full", "effective_date": stamp} | invoice
        self.database.update(names.order, order, moved, at=stamp)
        return self._transfer(side, order, left, at, backorder_of=transfer) if left else None

    def bill(self, side: Side, order: int, *, at: datetime, reference: str | None = None) -> int | None:
        """Draft the bill or invoice of what is to be invoiced; answers its id, None when there is nothing."""
        names, row = SIDES[side], self.database.row(SIDES[side].order, order)
        due = [line for line in self.lines(side, order) if _decimal(line["qty_to_invoice"]) > 0]
        if not due:
            return None
        made = self.business.draft(
            names.move_type,
            company=row["company_id"],
            partner=row["partner_id"],
            day=today(at),
            at=at,
            lines=[self._bill_line(side, row, line) for line in due],
            terms=row["payment_term_id"],
            currency=row["currency_id"],
            rate=row["currency_rate"],
            ref=reference or row.get("client_order_ref"),
            origin=row["name"],
            delivery=row.get("partner_shipping_id"),
        )
        for line in self.lines(side, order) if side == "sale" else due:
            invoiced = _decimal(line["qty_invoiced"]) + _decimal(line["qty_to_invoice"])
            done = {"invoice_status": "invoiced"} if side == "sale" else {}
            self.database.update(
                names.line, line["id"], {"qty_invoiced": invoiced, "qty_to_invoice": ZERO} | done, at=microseconds(at)
            )
        self.database.update(names.order, order, {"invoice_status": "invoiced"}, at=microseconds(at))
        return made

    def change_line(self, side: Side, line: int, *, at: datetime, quantity: Decimal | None, price: Decimal | None) -> None:
        """Change quantity or price of a line: the line and the order move."""
        names, row = SIDES[side], self.database.row(SIDES[side].line, line)
        order = self.database.row(names.order, row["order_id"])
        changed = DraftLine(
            row["name"],
            quantity=_decimal(row[names.quantity]) if quantity is None else quantity,
            price=_decimal(row["price_unit"]) if price is None else price,
            discount=_decimal(row["discount"]),
            taxes=tuple(self.business.tax(tax) for tax in json.loads(row["tax_ids"])),
        )
        step = Decimal(str(self.database.row("res.currency", order["currency_id"])["rounding"]))
        self.database.update(names.line, line, _amounts(side, changed, step), at=microseconds(at))
        self._sum(side, row["order_id"], at)

    def cancel(self, side: Side, order: int, *, at: datetime) -> None:
        """Cancel an order and what is not yet moved for it."""
        names, stamp = SIDES[side], microseconds(at)
        values: Row = {"state": "cancel", "invoice_status": "no", names.moved_state: None}
        self.database.update(names.order, order, values, at=stamp)
        for line in self.lines(side, order):
            if side == "sale":
                self.database.update(names.line, line["id"], {"state": "cancel", "invoice_status": "no"}, at=stamp)
            for move, transfer in self.database.query(
                f"SELECT id, picking_id FROM stock_move WHERE {names.link} = ? AND state != 'done'", (line["id"],)
            ):
                self.database.update("stock.move", move, {"state": "cancel"}, at=stamp)
                self.database.update("stock.picking", transfer, {"state": "cancel"}, at=stamp)

    def lines(self, side: Side, order: int) -> list[Row]:
        """The lines of an order that are no sections or notes."""
        table = SIDES[side].line.replace(".", "_")
        found = self.database.query(f"SELECT id FROM {table} WHERE order_id = ? AND display_type IS NULL ORDER BY id", (order,))
        return [self.database.row(SIDES[side].line, line) for (line,) in found]

    def transfers(self, side: Side, order: int) -> list[int]:
        """The transfers of an order that are not done, oldest first."""
        names = SIDES[side]
        lines = ", ".join(str(line["id"]) for line in self.lines(side, order)) or "0"
        found = self.database.query(
            "SELECT DISTINCT p.id FROM stock_picking p JOIN stock_move m ON m.picking_id = p.id "
            f"WHERE m.{names.link} IN ({lines}) AND p.state NOT IN ('done', 'cancel') ORDER BY p.id"
        )
        return [int(transfer) for (transfer,) in found]

    def _goods(self, side: Side, order: int) -> list[Row]:
        found = [line for line in self.lines(side, order) if line["product_id"]]
        return [line for line in found if self.database.row("product.product", line["product_id"])["type"] != "service"]

    def _line(self, side: Side, order: int, position: int, line: DraftLine, step: Decimal) -> Row:
        shared = {
            "order_id": order,
            "sequence": 10 * position,
            "name": line.name,
            "display_type": None if line.kind == "product" else line.kind,
        }
        if line.kind != "product":
            return shared | dict.fromkeys(("price_unit", "price_subtotal", "price_total", "discount"), ZERO) | {"tax_ids": []}
        return (
            shared
            | _amounts(side, line, step)
            | {
                "product_id": line.product,
                "product_uom_id": line.unit,
                "tax_ids": [tax.id for tax in line.taxes],
                "analytic_distribution": line.analytic,
                "qty_invoiced": ZERO,
                "qty_to_invoice": ZERO,
                SIDES[side].moved: ZERO,
                "is_downpayment": 0,
                "technical_price_unit": line.price,
            }
        )

    @staticmethod
    def _of(order: Row, side: Side) -> Row:
        """What lines store of their order."""
        if side == "purchase":
            kept = {
                "partner_id": order["partner_id"],
                "date_planned": order["date_planned"],
                "qty_received_method": "stock_moves",
            }
        else:
            kept = {"order_partner_id": order["partner_id"], "currency_id": order["currency_id"], "state": "draft"}
            kept |= {"invoice_status": "no", "qty_delivered_method": "stock_move"}
        return kept | {"company_id": order["company_id"]}

    def _sum(self, side: Side, order: int, at: datetime) -> None:
        lines = self.lines(side, order)
        net = sum((_decimal(line["price_subtotal"]) for line in lines), ZERO)
        total = sum((_decimal(line["price_total"]) for line in lines), ZERO)
        amounts = {"amount_untaxed": net, "amount_tax": total - net, "amount_total": total}
        self.database.update(SIDES[side].order, order, amounts, at=microseconds(at))

    def _transfer(
        self, side: Side, order: int, quantities: Mapping[int, Decimal], at: datetime, backorder_of: int | None = None
    ) -> int:
        names, stamp, row = SIDES[side], microseconds(at), self.database.row(SIDES[side].order, order)
        kind = self._transfer_type(row["company_id"], names)
        number = self.database.next(f"{row['company_id']}:{names.transfer}")
        name = f"WH{row['company_id']}/{names.transfer}/{number:05}"
        planned = row["date_planned"] if side == "purchase" else row["commitment_date"]
        transfer = self.database.insert(
            "stock.picking",
            {
                "name": name,
                "state": "assigned",
                "picking_type_id": kind,
                "partner_id": row["partner_id"] if side == "purchase" else row["partner_shipping_id"],
                "origin": row["name"],
                "scheduled_date": planned,
                "sale_id": order if side == "sale" else None,
                "backorder_id": backorder_of,
                "company_id": row["company_id"],
                "priority": "0",
            },
            at=stamp,
        )
        for line, quantity in quantities.items():
            ordered = self.database.row(names.line, line)
            move = {
                "reference": name,
                "state": "assigned",
                "product_id": ordered["product_id"],
                "product_uom_qty": quantity,
                "quantity": quantity if side == "sale" else ZERO,
                "product_uom": ordered["product_uom_id"],
                "date": planned,
                "origin": row["name"],
                names.link: line,
                "picking_id": transfer,
                "company_id": row["company_id"],
                "picked": 0,
                "sequence": ordered["sequence"],
            }
            self.database.insert("stock.move", move, at=stamp)
        return transfer

    def _transfer_type(self, company: int, names: _Names) -> int:
        return (company - 1) * 10 + (1 if names.direction == "incoming" else 2)

    def _moves(self, transfer: int) -> list[Row]:
        found = self.database.query("SELECT id FROM stock_move WHERE picking_id = ? ORDER BY id", (transfer,))
        return [self.database.row("stock.move", move) for (move,) in found]

    def _bill_line(self, side: Side, order: Row, line: Row) -> DraftLine:
        account = "Purchases" if side == "purchase" else "Product Sales"
        return DraftLine(
            line["name"],
            quantity=_decimal(line["qty_to_invoice"]),
            price=_decimal(line["price_unit"]),
            discount=_decimal(line["discount"]),
            account=account_id(order["company_id"], account),
            taxes=tuple(self.business.tax(tax) for tax in json.loads(line["tax_ids"])),
            product=line["product_id"],
            unit=line["product_uom_id"],
            analytic=json.loads(line["analytic_distribution"]) if line["analytic_distribution"] else None,
            purchase_line=line["id"] if side == "purchase" else None,
            sale_lines=(line["id"],) if side == "sale" else (),
        )


def seed_transfer_types(database: Database, at: datetime) -> None:
    """Receipts and deliveries of each company."""
    for company in (1, 2, 3):
        for position, (code, name) in enumerate((("incoming", "Receipts"), ("outgoing", "Delivery Orders")), 1):
            values = {"id": (company - 1) * 10 + position, "name": name, "code": code, "sequence": position, "active": 1}
            sequence = "IN" if code == "incoming" else "OUT"
            database.insert(
                "stock.picking.type", values | {"sequence_code": sequence, "company_id": company}, at=microseconds(at)
            )


def _amounts(side: Side, line: DraftLine, step: Decimal) -> Row:
    net, taxes = line_amounts(line, step)
    tax = sum((amount for charged, amount in taxes if not charged.reverse_charge), ZERO)
    quantity = {"product_qty": line.quantity, "product_uom_qty": line.quantity} if side == "purchase" else {}
    return {
        "product_uom_qty": line.quantity,
        **quantity,
        "price_unit": line.price,
        "discount": line.discount,
        "price_subtotal": net,
        "price_tax": tax,
        "price_total": net + tax,
    }


def _decimal(value: Value) -> Decimal:
    return Decimal(str(value or 0))
