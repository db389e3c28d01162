"""Matching lines of one account, and taking matches apart, with exactly the write_dates that Odoo moves: those of the two
lines, and of an invoice or bill with all its lines; older lines of the group change without a trace."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from mlconnector_assets.sandbox.odoo.database import Database, microseconds
from mlconnector_assets.sandbox.values import Row, Value
from mlconnector_assets.sandbox.world.business import Business
from mlconnector_assets.sandbox.world.catalog import account_id
from mlconnector_assets.sandbox.world.ledger import ZERO, rounded

REFUNDS = {"out_invoice": "out_refund", "in_invoice": "in_refund"}
CENT = Decimal("0.01")


class Reconciliation:
    """Matches and unmatches. Every act takes the instant `at` at which its transaction began."""

    def __init__(self, database: Database) -> None:
        self.database, self.business = database, Business(database)

    def match(self, first: int, second: int, *, at: datetime) -> int | None:
        """Match two lines of opposite sign in one currency as far as both are open; answers the id of the partial, None when
        nothing is open. Raises ValueError for lines that Odoo would not match."""
        lines = [self._line(first), self._line(second)]
        if lines[0]["account_id"] != lines[1]["account_id"]:
            raise ValueError("entries are not from the same account")
        debit, credit = sorted(lines, key=lambda line: line["amount_residual_currency"], reverse=True)
        open_debit, open_credit = _money(debit["amount_residual_currency"]), -_money(credit["amount_residual_currency"])
        part = min(open_debit, open_credit)
        if part <= 0:
            return None
        sides = ((debit, 1, open_debit), (credit, -1, open_credit))
        # what each line's own rate makes of it in company currency: the smaller one is matched, the rest is the rates' difference
        shares = [rounded(sign * _money(line["amount_residual"]) * part / is_open, CENT) for line, sign, is_open in sides]
        balance = min(shares)
        dates = [self.database.row("account.move", line["move_id"])["date"] for line in lines]
        partial = self.database.insert(
            "account.partial.reconcile",
            {
                "debit_move_id": debit["id"],
                "credit_move_id": credit["id"],
                "amount": balance,
                "debit_amount_currency": part,
                "credit_amount_currency": part,
                "debit_currency_id": debit["currency_id"],
                "credit_currency_id": credit["currency_id"],
                "max_date": max(dates),
                "company_id": self.database.row("account.move", debit["move_id"])["company_id"],
            },
            at=microseconds(at),
        )
        for (line, sign, is_open), share in zip(sides, shares, strict=True):
            different = share - balance > CENT
            left = _money(line["amount_residual"]) - sign * (share if different else balance)
            currency = _money(line["amount_residual_currency"]) - sign * part
            self._set_open(line, currency, ZERO if is_open == part else left, at)
            if different:
                self._book_difference(line, sign * (share - balance), partial, date.fromisoformat(max(dates)), at)
        self._number_group(debit["id"], at)
        self._follow(lines, at, whole_moves=True)
        return partial

    def _book_difference(self, line: Row, difference: Decimal, partial: int, day: date, at: datetime) -> None:
        """The journal entry, matched with the line, that takes what is left of it in company currency because of another rate."""
        company = self.database.row("account.move", line["move_id"])["company_id"]
        same = {"name": "Currency exchange rate difference", "currency_id": line["currency_id"], "amount_currency": ZERO}
        lines: list[Row] = [
            same | {"account_id": line["account_id"], "balance": -difference, "reconciled": True},
            same | {"account_id": account_id(company, "Cash Rounding"), "balance": difference},
        ]
        entry = self.business.entry(company=company, day=day, lines=lines, at=at, partner=line["partner_id"])
        self.business.post(entry, at=at, prefix="exchange")
        theirs = self.database.query("SELECT min(id) FROM account_move_line WHERE move_id = ?", (entry,))[0][0]
        debit, credit = (line["id"], theirs) if difference > 0 else (theirs, line["id"])
        match = dict(self.database.row("account.partial.reconcile", partial))
        match |= {"debit_move_id": debit, "credit_move_id": credit, "amount": abs(difference)}
        match |= {"debit_amount_currency": ZERO, "credit_amount_currency": ZERO, "exchange_move_id": None}
        del match["id"]
        self.database.insert("account.partial.reconcile", match, at=microseconds(at))
        self.database.update("account.partial.reconcile", partial, {"exchange_move_id": entry}, at=microseconds(at))

    def unmatch(self, line: int, *, at: datetime) -> list[int]:
        """Take all matches of a line apart; answers the ids of the partials that vanish. Entries of exchange differences are
        cancelled, where Odoo reverses them."""
        exchange = [self.database.row("account.partial.reconcile", one)["exchange_move_id"] for one in self._partials(line)]
        partials = sorted({*self._partials(line), *(one for move in exchange if move for one in self._partials_of(move))})
        full = self.database.row("account.move.line", line)["full_reconcile_id"]
        group = self._group(line)
        touched = []
        for partial in partials:
            row = self.database.row("account.partial.reconcile", partial)
            self.database.delete("account.partial.reconcile", partial)
            for side, sign in (("debit", 1), ("credit", -1)):
                other = self._line(row[f"{side}_move_id"])
                currency = _money(other["amount_residual_currency"]) + sign * _money(row[f"{side}_amount_currency"])
                self._set_open(other, currency, _money(other["amount_residual"]) + sign * _money(row["amount"]), at)
                touched.append(other)
        if full:
            self.database.query(
                "UPDATE account_partial_reconcile SET full_reconcile_id = NULL WHERE full_reconcile_id = ?", (full,)
            )
            self.database.delete("account.full.reconcile", full)
        for member in group:
            kept = self._partials(member)
            mark = f"P{min(kept)}" if kept else None
            self._silently(member, {"full_reconcile_id": None, "matching_number": mark})
        self._follow(touched, at, whole_moves=False)
        for move in filter(None, exchange):
            self.business.touch_move(move, {"state": "cancel"}, at=at)
        return partials

    def settle(self, note: int, *, at: datetime) -> None:
        """Match a credit note with the document that it reverses, as far as both are open."""
        document = self.database.row("account.move", note)["reversed_entry_id"]
        for mine in self.due_lines(note):
            for theirs in self.due_lines(document):
                self.match(mine, theirs, at=at)

    def due_lines(self, move: int) -> list[int]:
        """The open due lines of a document, earliest first."""
        found = self.database.query(
            "SELECT id FROM account_move_line WHERE move_id = ? AND display_type = 'payment_term' AND reconciled = 0 "
            "ORDER BY date_maturity, id",
            (move,),
        )
        return [int(line) for (line,) in found]

    def _follow(self, lines: list[Row], at: datetime, *, whole_moves: bool) -> None:
        """What documents and payments show of their lines."""
        for move in dict.fromkeys(line["move_id"] for line in lines):
            row = self.database.row("account.move", move)
            if row["move_type"] != "entry":
                self.database.update("account.move", move, self._residual(row), at=microseconds(at))
                if whole_moves:
                    self.database.query("UPDATE account_move_line SET write_date = ? WHERE move_id = ?", (microseconds(at), move))
            elif row["origin_payment_id"]:
                self._follow_payment(row["origin_payment_id"], at)

    def _follow_payment(self, payment: int, at: datetime) -> None:
        row = self.database.row("account.payment", payment)

        def closed(account: Value) -> int:
            found = self.database.query(
                "SELECT min(reconciled) FROM account_move_line WHERE move_id = ? AND account_id = ?", (row["move_id"], account)
            )
            return int(found[0][0] or 0)

        matched = closed(row["outstanding_account_id"])
        settled, state = closed(row["destination_account_id"]), "paid" if matched else "in_process"
        now = {"is_reconciled": settled, "is_matched": matched, "state": state}
        if any(row[name] != value for name, value in now.items()):
            self.database.update("account.payment", payment, now, at=microseconds(at))

    def _residual(self, move: Row) -> Row:
        residual, signed, matched = self.database.query(
            "SELECT sum(amount_residual_currency), sum(amount_residual), max(matching_number IS NOT NULL) "
            "FROM account_move_line WHERE move_id = ? AND display_type = 'payment_term'",
            (move["id"],),
        )[0]
        left = abs(_money(residual))
        state = "partial" if left and matched else "not_paid" if left else "paid"
        if state == "paid" and self._only_credited(move):
            state = "reversed"
        return {"amount_residual": left, "amount_residual_signed": _money(signed), "payment_state": state}

    def _only_credited(self, move: Row) -> bool:
        refund = REFUNDS.get(move["move_type"])
        others = self.database.query(
            "SELECT DISTINCT m.move_type FROM account_move_line l JOIN account_partial_reconcile p "
            "ON l.id IN (p.debit_move_id, p.credit_move_id) JOIN account_move_line o "
            "ON o.id IN (p.debit_move_id, p.credit_move_id) AND o.id != l.id JOIN account_move m ON m.id = o.move_id "
            "WHERE l.move_id = ?",
            (move["id"],),
        )
        return bool(others) and {kind for (kind,) in others} == {refund}

    def _number_group(self, line: int, at: datetime) -> None:
        """The matching number of all lines that hang together; older ones get it without a trace."""
        group = self._group(line)
        partials = sorted({partial for member in group for partial in self._partials(member)})
        rows = [self._line(member) for member in group]
        mark: Row = {"full_reconcile_id": None, "matching_number": f"P{partials[0]}"}
        if all(row["reconciled"] for row in rows):
            full = self.database.insert("account.full.reconcile", {}, at=microseconds(at))
            mark |= {"full_reconcile_id": full, "matching_number": str(full)}
            marks = ", ".join(map(str, partials))
            self.database.query(f"UPDATE account_partial_reconcile SET full_reconcile_id = {full} WHERE id IN ({marks})")
        for member in group:
            self._silently(member, mark)

    def _group(self, line: int) -> list[int]:
        found, waiting = {line}, [line]
        while waiting:
            member = waiting.pop()
            for partial in self._partials(member):
                row = self.database.row("account.partial.reconcile", partial)
                new = {row["debit_move_id"], row["credit_move_id"]} - found
                found |= new
                waiting.extend(new)
        return sorted(found)

    def _partials(self, line: int) -> list[int]:
        found = self.database.query(
            "SELECT id FROM account_partial_reconcile WHERE debit_move_id = ? OR credit_move_id = ? ORDER BY id", (line, line)
        )
        return [int(partial) for (partial,) in found]

    def _partials_of(self, move: int) -> list[int]:
        lines = self.database.query("SELECT id FROM account_move_line WHERE move_id = ?", (move,))
        return [partial for (line,) in lines for partial in self._partials(line)]

    def _set_open(self, line: Row, currency: Decimal, balance: Decimal, at: datetime) -> None:
        values = {"amount_residual_currency": currency, "amount_residual": balance, "reconciled": not currency}
        self.database.update("account.move.line", line["id"], values, at=microseconds(at))

    def _silently(self, line: int, values: Row) -> None:
        stamp = self.database.row("account.move.line", line)["write_date"]
        self.database.update("account.move.line", line, values, at=stamp)

    def _line(self, line: int) -> Row:
        return self.database.row("account.move.line", line)


def _money(value: Value) -> Decimal:
    return Decimal(str(value or 0))
