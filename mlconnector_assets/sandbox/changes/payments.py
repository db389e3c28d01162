"""Changes of payments, bank statement lines and matches."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from mlconnector_assets.sandbox.changes.change import Change
from mlconnector_assets.sandbox.odoo.database import Database
from mlconnector_assets.sandbox.values import Row
from mlconnector_assets.sandbox.world.business import today
from mlconnector_assets.sandbox.world.payments import Payments
from mlconnector_assets.sandbox.world.reconciliation import Reconciliation


def pay(
    database: Database,
    at: datetime,
    id: int | list[int],
    *,
    amount: str | None = None,
    discount: str = "0",
    rate: str | None = None,
) -> Row:
    """Register one payment for a document, or several of one partner: `amount` (document currency) or all that is open, of
    which `discount` is written off. `rate`: document currency per company currency, when it has changed since."""
    payments = Payments(database)
    documents = id if isinstance(id, list) else [id]
    payment = payments.pay(
        documents,
        day=today(at),
        at=at,
        amount=Decimal(amount) if amount else None,
        discount=Decimal(discount),
        rate=Decimal(rate) if rate else None,
    )
    return {"id": id, "payment": payment, "entry": database.row("account.payment", payment)["move_id"]}


def pay_ahead(database: Database, at: datetime, id: int, amount: str) -> Row:
    """Pay `amount` to or from the partner of a document without matching it with anything."""
    row = database.row("account.move", id)
    sign = 1 if row["move_type"] in ("out_invoice", "in_refund") else -1
    paid = sign * Decimal(amount)
    return {"id": id, "payment": Payments(database).register(row, paid, paid, day=today(at), at=at)}


def draft_payment(database: Database, at: datetime, id: int) -> Row:
    """Type in a payment of all that is open of a document, and leave it in draft."""
    return {"id": id, "payment": Payments(database).draft(id, day=today(at), at=at)}


def reconcile(database: Database, at: datetime, payment: int, document: int) -> Row:
    """Match a payment with what is open of a document."""
    payments, reconciliation = Payments(database), Reconciliation(database)
    counterpart = payments.counterpart(payment)
    made = [reconciliation.match(line, counterpart, at=at) for line in reconciliation.due_lines(document)]
    return {"id": payment, "partials": [partial for partial in made if partial]}


def unreconcile(database: Database, at: datetime, payment: int) -> Row:
    """Take a payment apart from all documents."""
    payments = Payments(database)
    return {"id": payment, "partials": payments.reconciliation.unmatch(payments.counterpart(payment), at=at)}


def cancel_payment(database: Database, at: datetime, id: int) -> Row:
    """Cancel a payment."""
    Payments(database).cancel(id, at=at)
    return {"id": id}


def bank_statement(database: Database, at: datetime, payment: int, matched: bool = True) -> Row:
    """Enter what the bank says about a payment, and match it, or not."""
    return {"id": Payments(database).statement_line(payment, day=today(at), at=at, matched=matched)}


CHANGES = {
    "pay": Change(pay),
    "pay_ahead": Change(pay_ahead),
    "draft_payment": Change(draft_payment),
    "reconcile": Change(reconcile),
    "unreconcile": Change(unreconcile),
    "cancel_payment": Change(cancel_payment),
    "bank_statement": Change(bank_statement),
}
