"""Changes of orders and transfers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from mlconnector_assets.sandbox.changes.change import Change
from mlconnector_assets.sandbox.odoo.database import Database
from mlconnector_assets.sandbox.values import Row, Value
from mlconnector_assets.sandbox.world.business import Business
from mlconnector_assets.sandbox.world.catalog import catalog, tax_ids
from mlconnector_assets.sandbox.world.ledger import DraftLine
from mlconnector_assets.sandbox.world.trade import SIDES, Side, Trade

DEFAULT_LINES: tuple[Mapping[str, Value], ...] = ({"product": 1, "quantity": "100", "price": "0.35"},)


def place_order(database: Database, at: datetime, side: Side, company: int = 1, **details: Value) -> Row:
    """Type in an order and confirm it, unless `confirm` is false; answers `id`, `name` and the `lines`' ids.

    `lines`: [{product, quantity, price, discount, kind, name}]; other details as for `Trade.order`.
    """
    rank = "supplier_rank" if side == "purchase" else "customer_rank"
    partner = (
        details.pop("partner", None)
        or database.query(f"SELECT id FROM res_partner WHERE {rank} > 0 AND active ORDER BY id LIMIT 1")[0][0]
    )
    tax = Business(database).tax(tax_ids(company, side)[0])
    confirmed, trade = details.pop("confirm", True), Trade(database)
    lines = [_draft_line(line, tax) for line in details.pop("lines", DEFAULT_LINES)]
    order = trade.order(side, company=company, partner=partner, lines=lines, at=at, **details)
    if confirmed:
        trade.confirm(side, order, at=at)
    name = database.row(SIDES[side].order, order)["name"]
    return {"id": order, "name": name, "lines": [line["id"] for line in trade.lines(side, order)]}


def place_purchase_order(database: Database, at: datetime, **details: Value) -> Row:
    """`place_order` with a vendor."""
    return place_order(database, at, "purchase", **details)


def place_sales_order(database: Database, at: datetime, **details: Value) -> Row:
    """`place_order` with a customer."""
    return place_order(database, at, "sale", **details)


def confirm_order(database: Database, at: datetime, side: Side, id: int) -> Row:
    """Confirm a draft."""
    return {"id": id, "transfer": Trade(database).confirm(side, id, at=at)}


def move_goods(database: Database, at: datetime, side: Side, id: int, share: str = "100") -> Row:
    """Receive or deliver `share` percent of what is open of an order; answers the transfer, and its backorder."""
    trade = Trade(database)
    transfer = trade.transfers(side, id)[0]
    return {"id": id, "transfer": transfer, "backorder": trade.move(transfer, at=at, share=Decimal(share))}


def bill_order(database: Database, at: datetime, side: Side, id: int, **details: Value) -> Row:
    """Bill or invoice what is to be invoiced of an order under the counterparty's `reference`, and post it unless `post` is
    false."""
    made = Trade(database).bill(side, id, at=at, reference=details.get("reference"))
    if made is None:
        raise ValueError("nothing is to be invoiced")
    return {"id": made, "name": Business(database).post(made, at=at) if details.get("post", True) else None}


def change_order_line(database: Database, at: datetime, side: Side, id: int, **values: str) -> Row:
    """Change `quantity` and `price` of a line of an order."""
    quantity, price = (Decimal(values[name]) if name in values else None for name in ("quantity", "price"))
    Trade(database).change_line(side, id, at=at, quantity=quantity, price=price)
    return {"id": id}


def cancel_order(database: Database, at: datetime, side: Side, id: int) -> Row:
    """Cancel an order."""
    Trade(database).cancel(side, id, at=at)
    return {"id": id}


def _draft_line(line: Mapping[str, Value], tax: Value) -> DraftLine:
    if line.get("kind", "product") != "product":
        return DraftLine(line["name"], kind=line["kind"])
    product = next((row for row in catalog()["products"] if row["id"] == line.get("product")), None)
    return DraftLine(
        line.get("name") or (product["name"] if product else "Diversen"),
        quantity=Decimal(str(line.get("quantity", 1))),
        price=Decimal(str(line.get("price", 0))),
        discount=Decimal(str(line.get("discount", 0))),
        taxes=(tax,) if line.get("taxed", True) else (),
        product=product["id"] if product else None,
        unit=product["uom_id"] if product else None,
    )


CHANGES = {
    "place_purchase_order": Change(place_purchase_order, creates="purchase.order"),
    "place_sales_order": Change(place_sales_order, creates="sale.order"),
    "confirm_order": Change(confirm_order),
    "move_goods": Change(move_goods),
    "bill_order": Change(bill_order),
    "change_order_line": Change(change_order_line),
    "cancel_order": Change(cancel_order),
}
