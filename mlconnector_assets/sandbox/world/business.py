"""What people do in their books, with everything Odoo moves along: numbers, residuals, payment states,
write_dates of moves, lines and partners. Seeding and the control interface both work through this."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from mlconnector_assets.sandbox.odoo.database import Database, microseconds
from mlconnector_assets.sandbox.values import Row, Value
from mlconnector_assets.sandbox.world.ledger import (
    HUNDRED,
    ZERO,
    Draft,
    DraftLine,
    Entry,
    Instalment,
    Tax,
    Terms,
    post_lines,
)

PREFIXES = {
    "out_invoice": "INV/{year}/",
    "out_receipt": "INV/{year}/",
    "out_refund": "RINV/{year}/",
    "in_invoice": "BILL/{year}/{month}/",
    "in_receipt": "BILL/{year}/{month}/",
    "in_refund": "RBILL/{year}/{month}/",
    "entry": "MISC/{year}/{month}/",
    "payment": "PBNK1/{year}/",
    "statement": "BNK1/{year}/",
    "exchange": "EXCH/{year}/",
}
JOURNALS = {"out": "sale", "in_": "purchase", "ent": "general"}


class Business:
    """Acts on the books. Every act takes the instant `at` at which its transaction began."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def draft(
        self, move_type: str, *, company: int, partner: int, day: date, lines: Sequence[DraftLine], at: datetime, **details: Value
    ) -> int:
        """Type in an invoice, bill, credit note or receipt; answers the id of the draft.

        `details`: currency (id), rate, terms (id), ref, origin, rounding (id), delivery (partner id),
        reversed (move id), narration, id.
        """
        currency = details.get("currency") or self._company_currency(company)
        side = "asset_receivable" if move_type.startswith("out") else "liability_payable"
        rounding = details.get("rounding")
        entry = post_lines(
            Draft(
                move_type,
                day,
                self.account(company, side),
                tuple(lines),
                terms=self.terms(details["terms"]) if details.get("terms") else None,
                rate=Decimal(str(details.get("rate", 1))),
                step=self._step(currency),
                company_step=self._step(self._company_currency(company)),
                rounding=Decimal("0.05") if rounding else None,
                rounding_account=self.account(company, "expense", named="Rounding") if rounding else None,
                label=details.get("ref") if move_type.startswith("in") else None,
            )
        )
        buyer = self.database.row("res.partner", partner)
        header = {
            "id": details.get("id"),
            "move_type": move_type,
            "partner_id": partner,
            "commercial_partner_id": buyer["commercial_partner_id"],
            "partner_shipping_id": details.get("delivery") or (partner if move_type.startswith("out") else None),
            "journal_id": self.journal(company, JOURNALS[move_type[:3]]),
            "company_id": company,
            "currency_id": currency,
            "invoice_currency_rate": details.get("rate", 1),
            "date": day.isoformat(),
            "invoice_date": None if move_type.startswith("out") else day.isoformat(),
            "delivery_date": day.isoformat() if move_type.startswith("out") else None,
            "invoice_payment_term_id": details.get("terms"),
            "invoice_cash_rounding_id": rounding,
            "ref": details.get("ref"),
            "invoice_origin": details.get("origin"),
            "narration": details.get("narration"),
            "reversed_entry_id": details.get("reversed"),
        }
        return self._enter(header, entry, at)

    def entry(self, *, company: int, day: date, lines: Sequence[Row], at: datetime, **details: Value) -> int:
        """Type in a journal entry; `lines` are values by field name with account_id, name and balance."""
        debit = sum((line["balance"] for line in lines if line["balance"] > 0), ZERO)
        partner = details.get("partner")
        header = {
            "id": details.get("id"),
            "move_type": "entry",
            "partner_id": partner,
            "commercial_partner_id": self.database.row("res.partner", partner)["commercial_partner_id"] if partner else None,
            "journal_id": self.journal(company, details.get("journal", "general")),
            "company_id": company,
            "currency_id": self._company_currency(company),
            "invoice_currency_rate": 0,
            "date": day.isoformat(),
            "ref": details.get("ref"),
        }
        blank = {
            "display_type": "product",
            "amount_residual": ZERO,
            "amount_residual_currency": ZERO,
            "reconciled": False,
            "tax_ids": [],
            "sequence": 10,
        }
        filled = [blank | {"amount_currency": line["balance"], "partner_id": partner} | line for line in lines]
        return self._enter(
            header,
            Entry({"amount_total": debit, "amount_total_signed": debit, "amount_total_in_currency_signed": debit}, filled),
            at,
        )

    def post(self, move: int, *, at: datetime, prefix: str | None = None) -> str:
        """Post a draft; answers its number. Moves the partner's write_date and rank too."""
        row = self.database.row("account.move", move)
        day = date.fromisoformat(row["date"])
        start = PREFIXES[prefix or row["move_type"]].format(year=day.year, month=f"{day.month:02}")
        number = self.database.next(f"{row['company_id']}:{start}")
        name = f"{start}{number:0{4 if start.count('/') > 2 else 5}}"
        values: Row = {
            "state": "posted",
            "name": name,
            "sequence_prefix": start,
            "sequence_number": number,
            "posted_before": 1,
        }
        if row["move_type"].startswith("out"):
            values |= {"payment_reference": name, "invoice_date": row["date"]}
            self._change_lines(move, at, "display_type = 'payment_term' AND name IS NULL", {"name": name})
        self.touch_move(move, values, at=at)
        if row["commercial_partner_id"] and row["move_type"] != "entry":
            rank = "customer_rank" if row["move_type"].startswith("out") else "supplier_rank"
            partner = self.database.row("res.partner", row["commercial_partner_id"])
            self.database.update("res.partner", partner["id"], {rank: (partner[rank] or 0) + 1}, at=microseconds(at))
        return name

    def cancel(self, move: int, *, at: datetime) -> None:
        """Reset a posted document to draft and cancel it; it keeps its number."""
        row = self.database.row("account.move", move)
        self.touch_move(move, {"state": "cancel", "payment_state": "not_paid", "amount_residual": row["amount_total"]}, at=at)

    def credit_note(self, move: int, *, day: date, at: datetime, share: Decimal = HUNDRED, **details: Value) -> int:
        """Draft a credit note over `share` percent of a document's lines."""
        row = self.database.row("account.move", move)
        kind = {"out_invoice": "out_refund", "in_invoice": "in_refund"}[row["move_type"]]
        lines = [replace(line, price=line.price * share / HUNDRED) for line in self._draft_lines(move)]
        details = {
            "currency": row["currency_id"],
            "rate": row["invoice_currency_rate"],
            "ref": f"Reversal of: {row['name']}",
            **details,
        }
        return self.draft(
            kind, company=row["company_id"], partner=row["partner_id"], day=day, lines=lines, at=at, reversed=move, **details
        )

    def change_partner(self, partner: int, values: Row, *, at: datetime) -> None:
        """Change a partner's fields; a new name also moves the write_date of its moves."""
        if "name" in values:
            values = {"complete_name": values["name"], **values}
            for (move,) in self.database.query("SELECT id FROM account_move WHERE commercial_partner_id = ?", (partner,)):
                self.database.update("account.move", move, {}, at=microseconds(at))
        self.database.update("res.partner", partner, values, at=microseconds(at))

    def touch_move(self, move: int, values: Row, *, at: datetime) -> None:
        """Change a move and stamp it and all its lines."""
        self.database.update("account.move", move, values, at=microseconds(at))
        self._change_lines(move, at, "1", {})

    def delete_move(self, move: int) -> None:
        """Remove a move and its lines without a trace."""
        self.database.query("DELETE FROM account_move_line WHERE move_id = ?", (move,))
        self.database.delete("account.move", move)

    def account(self, company: int, account_type: str, *, named: str = "") -> int:
        """The first account of a type in a company, with `named` in its name."""
        found = self.database.query(
            "SELECT a.id FROM account_account a WHERE a.account_type = ? AND a.active AND NOT a.non_trade AND a.name LIKE ? AND "
            "EXISTS (SELECT 1 FROM json_each(a.company_ids) WHERE value = ?) ORDER BY a.id LIMIT 1",
            (account_type, f"%{named}%", company),
        )
        return int(found[0][0])

    def journal(self, company: int, kind: str) -> int:
        """The first journal of a type in a company."""
        return int(
            self.database.query("SELECT id FROM account_journal WHERE company_id = ? AND type = ? ORDER BY id", (company, kind))[
                0
            ][0]
        )

    def tax(self, tax: int) -> Tax:
        """A tax by id, ready for computing."""
        row = self.database.row("account.tax", tax)
        named = "Tax Paid" if row["type_tax_use"] == "purchase" else "Tax Received"
        kind = "asset_current" if row["type_tax_use"] == "purchase" else "liability_current"
        included = row["price_include_override"] == "tax_included"
        return Tax(
            tax,
            row["name"],
            _decimal(row["amount"]),
            self.account(row["company_id"], kind, named=named),
            included,
            row["ubl_cii_tax_category_code"] == "AE",
        )

    def terms(self, terms: int) -> Terms:
        """Payment terms by id, ready for computing."""
        row = self.database.row("account.payment.term", terms)
        parts = self.database.query(
            "SELECT value_amount, nb_days FROM account_payment_term_line WHERE payment_id = ? ORDER BY nb_days, id", (terms,)
        )
        discount = _decimal(row["discount_percentage"]) if row["early_discount"] else ZERO
        return Terms(
            terms, tuple(Instalment(_decimal(percent), days) for percent, days in parts), discount, row["discount_days"] or 0
        )

    def _enter(self, header: Row, entry: Entry, at: datetime) -> int:
        stamp = microseconds(at)
        amounts = ("amount_untaxed", "amount_tax", "amount_total", "amount_residual")
        signed = (
            "amount_untaxed_signed",
            "amount_tax_signed",
            "amount_total_signed",
            "amount_residual_signed",
            "amount_total_in_currency_signed",
        )
        start = dict.fromkeys((*amounts, *signed), ZERO) | {
            "state": "draft",
            "payment_state": "not_paid",
            "checked": 1,
            "auto_post": "no",
            "posted_before": 0,
        }
        values: Row = start | {name: value for name, value in header.items() if name != "id" or value} | entry.totals
        values["invoice_date_due"] = _iso(values.get("invoice_date_due"))
        move = self.database.insert("account.move", values, at=stamp)
        defaults = {"move_id": move, "partner_id": header["commercial_partner_id"], "currency_id": header["currency_id"]}
        for line in entry.lines:
            dates = {name: _iso(line[name]) for name in ("date_maturity", "discount_date") if line.get(name)}
            self.database.insert("account.move.line", defaults | line | dates, at=stamp)
        return move

    def _draft_lines(self, move: int) -> list[DraftLine]:
        kinds = "l.display_type IN ('product', 'line_section', 'line_subsection', 'line_note')"
        return [
            DraftLine(
                row["name"],
                quantity=_decimal(row["quantity"]) if row["display_type"] == "product" else Decimal(1),
                price=_decimal(row["price_unit"]),
                discount=_decimal(row["discount"]),
                account=row["account_id"],
                taxes=tuple(self.tax(tax) for tax in json.loads(row["tax_ids"])),
                product=row["product_id"],
                unit=row["product_uom_id"],
                analytic=json.loads(row["analytic_distribution"]) if row["analytic_distribution"] else None,
                kind=row["display_type"],
            )
            for row in self._lines(move, kinds)
        ]

    def _lines(self, move: int, condition: str) -> list[Row]:
        found = self.database.query(
            f"SELECT l.id FROM account_move_line l WHERE l.move_id = ? AND {condition} ORDER BY l.id", (move,)
        )
        return [self.database.row("account.move.line", line) for (line,) in found]

    def _change_lines(self, move: int, at: datetime, condition: str, values: Row) -> None:
        for line in self._lines(move, condition):
            self.database.update("account.move.line", line["id"], values, at=microseconds(at))

    def _company_currency(self, company: int) -> int:
        return int(self.database.row("res.company", company)["currency_id"])

    def _step(self, currency: int) -> Decimal:
        return _decimal(self.database.row("res.currency", currency)["rounding"])


def today(at: datetime) -> date:
    """The business day of an instant, UTC."""
    return at.astimezone(UTC).date()


def _decimal(value: Value) -> Decimal:
    return Decimal(str(value or 0))


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
