"""Payments and bank statement lines, and what they are matched with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from mlconnector_assets.sandbox.odoo.database import Database, microseconds
from mlconnector_assets.sandbox.values import Row, Value
from mlconnector_assets.sandbox.world.business import Business
from mlconnector_assets.sandbox.world.catalog import account_id
from mlconnector_assets.sandbox.world.ledger import ZERO, rounded
from mlconnector_assets.sandbox.world.reconciliation import Reconciliation

OUTSTANDING, SUSPENSE = "Outstanding Payments & Receipts", "Bank Suspense Account"


class Payments:
    """Acts on the books. Every act takes the instant `at` at which its transaction began."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.business, self.reconciliation = Business(database), Reconciliation(database)

    def pay(
        self,
        moves: Sequence[int],
        *,
        day: date,
        at: datetime,
        amount: Decimal | None = None,
        discount: Decimal = ZERO,
        rate: Decimal | None = None,
    ) -> int:
        """Register one payment for documents of one partner and currency: `amount` (document currency) or all that is open, in
        order; `discount` of it is not paid but written off. `rate`: document currency per company currency on the day of
        the payment, when it is not that of the documents. Answers the id of the payment."""
        first = self.database.row("account.move", moves[0])
        due = [line for move in moves for line in self.reconciliation.due_lines(move)]
        currency, balance = self._share(due, first, amount)
        if rate is not None:
            balance = rounded(currency / rate, Decimal("0.01"))
        payment = self.register(first, currency, balance, day=day, at=at, documents=moves, discount=discount)
        counterpart = self.counterpart(payment)
        for line in due:
            self.reconciliation.match(line, counterpart, at=at)
        if first["commercial_partner_id"]:
            self.database.update("res.partner", first["commercial_partner_id"], {}, at=microseconds(at))
        return payment

    def register(
        self,
        document: Row,
        currency: Decimal,
        balance: Decimal,
        *,
        day: date,
        at: datetime,
        documents: Sequence[int] = (),
        discount: Decimal = ZERO,
    ) -> int:
        """Post a payment of `currency` (positive = we are paid) that is matched with nothing; answers its id."""
        company = document["company_id"]
        memo = ", ".join(str(self._memo(move)) for move in documents) or document["ref"] or document["name"]
        customer = document["move_type"].startswith("out")
        due, outstanding = self._due_account(company, customer=customer), account_id(company, OUTSTANDING)
        shared = {"currency_id": document["currency_id"], "name": f"Manual Payment: {memo}"}
        written_off = discount if currency > 0 else -discount
        part = balance * written_off / currency if discount else ZERO
        off = rounded(part, Decimal("0.01"))
        lines: list[Row] = [
            shared
            | {"account_id": outstanding, "balance": balance - off, "amount_currency": currency - written_off}
            | {"amount_residual": balance - off, "amount_residual_currency": currency - written_off},
            shared
            | {"account_id": due, "balance": -balance, "amount_currency": -currency}
            | {"amount_residual": -balance, "amount_residual_currency": -currency},
        ]
        if discount:
            account = account_id(company, "Cash Rounding")
            lines.append(
                shared | {"name": "Early Payment Discount", "account_id": account, "balance": off, "amount_currency": written_off}
            )
        partner = document["commercial_partner_id"]
        entry = self.business.entry(company=company, day=day, lines=lines, at=at, journal="bank", partner=partner, ref=memo)
        name = self.business.post(entry, at=at, prefix="payment")
        payment = self._payment(document, currency - written_off, balance - off, day=day, at=at) | {
            "name": name,
            "state": "in_process",
            "memo": memo,
            "move_id": entry,
            "invoice_ids": list(documents),
        }
        number = self.database.insert("account.payment", payment, at=microseconds(at))
        self.database.update("account.move", entry, {"origin_payment_id": number}, at=microseconds(at))
        self.database.query("UPDATE account_move_line SET payment_id = ? WHERE move_id = ?", (number, entry))
        return number

    def draft(self, move: int, *, day: date, at: datetime) -> int:
        """Type in a payment of all that is open of a document, and leave it in draft: nothing is booked yet."""
        row = self.database.row("account.move", move)
        currency, balance = self._share(self.reconciliation.due_lines(move), row, None)
        values = self._payment(row, currency, balance, day=day, at=at)
        return self.database.insert("account.payment", values | {"state": "draft"}, at=microseconds(at))

    def cancel(self, payment: int, *, at: datetime) -> None:
        """Cancel a payment: its matches are taken apart and its entry is cancelled."""
        row = self.database.row("account.payment", payment)
        if row["move_id"]:
            self.reconciliation.unmatch(self.counterpart(payment), at=at)
            self.business.touch_move(row["move_id"], {"state": "cancel"}, at=at)
        self.database.update("account.payment", payment, {"state": "canceled"}, at=microseconds(at))

    def statement_line(self, payment: int, *, day: date, at: datetime, matched: bool = True) -> int:
        """What the bank says about a payment; matched with it, or left on the suspense account. Answers its id."""
        paid = self.database.row("account.payment", payment)
        company, currency = paid["company_id"], paid["currency_id"]
        outstanding = self._outstanding_line(payment)
        amounts = {name: _money(outstanding[name]) for name in ("balance", "amount_currency")}
        other = account_id(company, OUTSTANDING if matched else SUSPENSE)
        against = {name: -amount for name, amount in amounts.items()}
        label = f"SEPA {'CREDIT TRANSFER' if paid['payment_type'] == 'inbound' else 'OVERBOEKING'} {paid['memo']}"
        shared = {"currency_id": currency, "name": label}
        opened = {"amount_residual": against["balance"], "amount_residual_currency": against["amount_currency"]}
        lines: list[Row] = [
            shared | amounts | {"account_id": account_id(company, "Bank")},
            shared | against | opened | {"account_id": other},
        ]
        entry = self.business.entry(
            company=company, day=day, lines=lines, at=at, journal="bank", partner=paid["partner_id"], ref=None
        )
        self.business.post(entry, at=at, prefix="statement")
        own = self.database.row("res.company", company)["currency_id"]
        number = self.database.next("account.bank.statement.line")
        values = {
            "id": number,
            "journal_id": paid["journal_id"],
            "company_id": company,
            "payment_ref": label,
            "partner_id": paid["partner_id"] if matched else None,
            "partner_name": self.database.row("res.partner", paid["partner_id"])["name"],
            "currency_id": own,
            "amount": amounts["balance"],
            "foreign_currency_id": currency if currency != own else None,
            "amount_currency": amounts["amount_currency"] if currency != own else ZERO,
            "statement_id": self._statement(company, paid["journal_id"], day, at),
            "move_id": entry,
            "is_reconciled": int(matched),
            "amount_residual": ZERO if matched else against["balance"],
            "internal_index": f"{day:%Y%m%d}{number:020}",
            "sequence": 1,
        }
        self.database.insert("account.bank.statement.line", values, at=microseconds(at))
        self.database.query("UPDATE account_move_line SET statement_line_id = ? WHERE move_id = ?", (number, entry))
        if matched:
            mine = self.database.query("SELECT max(id) FROM account_move_line WHERE move_id = ?", (entry,))[0][0]
            self.reconciliation.match(outstanding["id"], mine, at=at)
        return number

    def counterpart(self, payment: int) -> int:
        """The line of a payment that is matched with documents."""
        row = self.database.row("account.payment", payment)
        return self._line_on(row["move_id"], row["destination_account_id"])

    def _outstanding_line(self, payment: int) -> Row:
        row = self.database.row("account.payment", payment)
        return self.database.row("account.move.line", self._line_on(row["move_id"], row["outstanding_account_id"]))

    def _line_on(self, move: int, account: int) -> int:
        found = self.database.query("SELECT id FROM account_move_line WHERE move_id = ? AND account_id = ?", (move, account))
        return int(found[0][0])

    def _payment(self, document: Row, currency: Decimal, balance: Decimal, *, day: date, at: datetime) -> Row:
        company, customer = document["company_id"], document["move_type"].startswith("out")
        return {
            "payment_type": "inbound" if currency > 0 else "outbound",
            "partner_type": "customer" if customer else "supplier",
            "partner_id": document["commercial_partner_id"],
            "amount": abs(currency),
            "amount_company_currency_signed": balance,
            "currency_id": document["currency_id"],
            "date": day.isoformat(),
            "memo": document["ref"] or document["name"],
            "journal_id": self.business.journal(company, "bank"),
            "company_id": company,
            "destination_account_id": self._due_account(company, customer=customer),
            "outstanding_account_id": account_id(company, OUTSTANDING),
            "is_reconciled": 0,
            "is_matched": 0,
            "is_sent": 0,
            "invoice_ids": [],
        }

    def _share(self, due: Sequence[int], document: Row, amount: Decimal | None) -> tuple[Decimal, Decimal]:
        """How much of the due lines is paid, in document and company currency, signed as the lines are."""
        rate = Decimal(str(document["invoice_currency_rate"])) or Decimal(1)
        rows = [self.database.row("account.move.line", line) for line in due]
        left = amount if amount is not None else sum((abs(_money(row["amount_residual_currency"])) for row in rows), ZERO)
        currency = balance = ZERO
        for row in rows:
            is_open = _money(row["amount_residual_currency"])
            sign, part = (1 if is_open > 0 else -1), min(abs(is_open), left)
            whole = part == abs(is_open)
            balance += _money(row["amount_residual"]) if whole else sign * rounded(part / rate, Decimal("0.01"))
            currency, left = currency + sign * part, left - part
        return currency, balance

    def _due_account(self, company: int, *, customer: bool) -> int:
        return self.business.account(company, "asset_receivable" if customer else "liability_payable")

    def _memo(self, move: int) -> Value:
        row = self.database.row("account.move", move)
        return row["ref"] or row["name"]

    def _statement(self, company: int, journal: int, day: date, at: datetime) -> int:
        """The statement of a week."""
        week = day.isocalendar()
        name = f"BNK1 {week.year}-W{week.week:02}"
        found = self.database.query("SELECT id FROM account_bank_statement WHERE company_id = ? AND name = ?", (company, name))
        if found:
            return int(found[0][0])
        values = {"name": name, "date": day.isoformat(), "journal_id": journal, "company_id": company}
        return self.database.insert("account.bank.statement", values, at=microseconds(at))


def _money(value: Value) -> Decimal:
    return Decimal(str(value or 0))
