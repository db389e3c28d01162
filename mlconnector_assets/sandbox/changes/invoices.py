"""Changes of invoices, bills, credit notes and receipts."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from mlconnector_assets.sandbox.changes.change import Change
from mlconnector_assets.sandbox.odoo.database import Database
from mlconnector_assets.sandbox.values import Row, Value
from mlconnector_assets.sandbox.world.business import Business, today
from mlconnector_assets.sandbox.world.catalog import account_id, tax_ids
from mlconnector_assets.sandbox.world.ledger import HUNDRED, DraftLine
from mlconnector_assets.sandbox.world.reconciliation import Reconciliation


def draft_invoice(database: Database, at: datetime, move_type: str = "out_invoice", company: int = 1, **details: Value) -> Row:
    """Type in a document and leave it in draft."""
    business = Business(database)
    outgoing = move_type.startswith("out")
    rank = "customer_rank" if outgoing else "supplier_rank"
    partner = (
        details.pop("partner", None)
        or database.query(f"SELECT id FROM res_partner WHERE {rank} > 0 AND active ORDER BY id LIMIT 1")[0][0]
    )
    day = date.fromisoformat(details.pop("day")) if "day" in details else today(at)
    tax = business.tax(tax_ids(company, "sale" if outgoing else "purchase")[0])
    account = account_id(company, "Product Sales" if outgoing else "Purchases")
    default = [{"name": "Nieuwe regel, señal", "quantity": "3", "price": "33.335"}]
    lines = [
        DraftLine(
            line["name"],
            quantity=Decimal(str(line.get("quantity", 1))),
            price=Decimal(str(line.get("price", 0))),
            account=account if line.get("kind", "product") == "product" else None,
            taxes=(tax,) if line.get("taxed", True) and line.get("kind", "product") == "product" else (),
            kind=line.get("kind", "product"),
        )
        for line in details.pop("lines", default)
    ]
    move = business.draft(move_type, company=company, partner=partner, day=day, lines=lines, at=at, **details)
    return {"id": move, "name": None}


def post_invoice(database: Database, at: datetime, **details: Value) -> Row:
    """Type in a document and post it."""
    drafted = draft_invoice(database, at, **details)
    return {**drafted, "name": Business(database).post(drafted["id"], at=at)}


def post(database: Database, at: datetime, id: int) -> Row:
    """Post a draft."""
    return {"id": id, "name": Business(database).post(id, at=at)}


def cancel(database: Database, at: datetime, id: int) -> Row:
    """Reset a posted document to draft and cancel it."""
    Business(database).cancel(id, at=at)
    return {"id": id}


def credit_note(database: Database, at: datetime, id: int, share: str = "100") -> Row:
    """Post a credit note over `share` percent of a document."""
    business = Business(database)
    note = business.credit_note(id, day=today(at), at=at, share=Decimal(share))
    name = business.post(note, at=at)
    if Decimal(share) == HUNDRED:
        Reconciliation(database).settle(note, at=at)
    return {"id": note, "name": name}


def delete(database: Database, at: datetime, id: int) -> Row:
    """Remove a document without a trace."""
    Business(database).delete_move(id)
    return {"id": id}


CHANGES = {
    "post_invoice": Change(post_invoice, creates="account.move"),
    "draft_invoice": Change(draft_invoice, creates="account.move"),
    "post": Change(post),
    "cancel": Change(cancel),
    "credit_note": Change(credit_note),
    "delete": Change(delete),
}
