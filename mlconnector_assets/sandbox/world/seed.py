"""Fills empty books: the catalog, the parties, then some months of business replayed at its own
instants. For benchmarks the replayed block is copied inside SQLite, which takes seconds for 200,000 invoices."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from mlconnector_assets.sandbox.odoo.database import Database, microseconds
from mlconnector_assets.sandbox.odoo.models import MODELS
from mlconnector_assets.sandbox.world.business import Business, today
from mlconnector_assets.sandbox.world.catalog import (
    ACCOUNTS_PER_COMPANY,
    ANALYTIC_SPLITS,
    ARCHIVED_PRODUCT,
    BASE_ACCOUNT,
    CASH_ROUNDING,
    EUR,
    GBP,
    JPY,
    PRODUCTS,
    PURCHASE_TAXES,
    SALE_TAXES,
    SHARED_ACCOUNT,
    USD,
    seed_catalog,
)
from mlconnector_assets.sandbox.world.ledger import DraftLine
from mlconnector_assets.sandbox.world.parties import seed_parties

BLOCK = 2000
"""Documents made one by one at most; more are copies of these."""
FOREIGN = {1: ((USD, "1.0842"), (GBP, "0.8456"), (JPY, "163.27")), 2: ((EUR, "0.9223"),), 3: ((EUR, "1.1826"), (USD, "1.2821"))}
TYPES = ("in_invoice",) * 9 + ("out_invoice",) * 7 + ("entry",) * 2 + ("in_receipt", "out_receipt")
EXPENSES = ("Purchases", "Purchases", "Freight Inwards", "Office Supplies", "Software & Hosting", "Travel & Subsistence", "Rent")


@dataclass(frozen=True)
class Scale:
    """How much is seeded: documents (before payments' own entries), vendors, customers, and over how many days."""

    moves: int = 300
    vendors: int = 40
    customers: int = 30
    days: int = 60
    seed: int = 19


class Seeder:
    """Replays business into empty books, up to `now`."""

    def __init__(self, database: Database, scale: Scale, now: datetime) -> None:
        self.database, self.scale, self.now = database, scale, now
        self.business = Business(database)
        self.rng = random.Random(scale.seed)  # noqa: S311 - repeatable on purpose
        self.start = now - timedelta(days=scale.days)
        self.vendors: list[int] = []
        self.customers: list[int] = []

    def run(self) -> None:
        """Everything, in one transaction."""
        with self.database.transaction():
            seed_catalog(self.database, self.start)
            for model in MODELS.values():
                highest = self.database.query(f"SELECT ifnull(max(id), 0) FROM {model.table}")[0][0]
                self.database.next(model.name, max(highest, 1))
            span = timedelta(days=self.scale.days)
            self.vendors, self.customers = seed_parties(
                self.database, self.scale.vendors, self.scale.customers, self.rng, self.start, span * 0.6
            )
            self.database.next("res.partner", 10_000)
            block = min(self.scale.moves, BLOCK)
            step = (span - timedelta(minutes=5)) / block
            for number in range(block):
                self._document(number, self.start + step * number + timedelta(microseconds=self.rng.randrange(1_000_000)), step)
            if self.scale.moves > block:
                multiply(
                    self.database,
                    self.scale.moves // block,
                    microseconds(self.start),
                    microseconds(self.now) - microseconds(self.start),
                )

    def _document(self, number: int, at: datetime, step: timedelta) -> None:
        company = self.rng.choices((1, 2, 3), (5, 3, 2))[0]
        kind = TYPES[number % len(TYPES)]
        if kind == "entry":
            self._journal_entry(company, number, at)
            return
        move = self._invoice(kind, company, number, at)
        fate = self.rng.random()
        if fate < 0.06:
            return
        self.business.post(move, at=at + step * 0.1)
        if fate < 0.10:
            self.business.cancel(move, at=at + step * 0.2)
        elif fate < 0.18 and kind in ("in_invoice", "out_invoice"):
            share = Decimal(100) if fate < 0.14 else Decimal(30)
            note = self.business.credit_note(move, day=today(at), at=at + step * 0.3, share=share)
            self.business.post(note, at=at + step * 0.4)
        elif fate < 0.30:
            self.business.pay(move, day=today(at), at=at + step * 0.5, amount=self._part(move))
        elif fate < 0.55:
            self.business.pay(move, day=today(at), at=at + step * 0.5)

    def _part(self, move: int) -> Decimal:
        total = Decimal(str(self.database.row("account.move", move)["amount_total"]))
        return max(total // 3, Decimal(1))

    def _invoice(self, kind: str, company: int, number: int, at: datetime) -> int:
        outgoing = kind.startswith("out")
        partner = self.rng.choice(self.customers if outgoing else self.vendors)
        foreign = self.rng.choice(FOREIGN[company]) if number % 6 == 5 else None
        details = {
            "terms": None if number % 10 == 9 else 1 + number % 6,
            "ref": None
            if outgoing and number % 2
            else (f"PO-{4000 + number}" if outgoing else f"F{self.rng.randrange(10**5, 10**6)}/{number:04}"),
            "origin": (f"S{number:05}" if outgoing else f"P{number:05}") if number % 3 == 0 else None,
            "narration": "<p>Graag betalen o.v.v. factuurnummer.</p>" if number % 8 == 0 else None,
        }
        if foreign:
            details |= {"currency": foreign[0], "rate": float(foreign[1])}
        elif number % 14 == 13:
            details["rounding"] = CASH_ROUNDING
        if number % 9 == 4:
            contacts = self.database.query("SELECT id FROM res_partner WHERE parent_id = ?", (partner,))
            if contacts and outgoing:
                details["delivery"] = contacts[0][0]
            elif contacts:
                partner = contacts[0][0]
        lines = self._lines(kind, company, number, whole=foreign is not None and foreign[0] == JPY)
        return self.business.draft(kind, company=company, partner=partner, day=today(at), lines=lines, at=at, **details)

    def _lines(self, kind: str, company: int, number: int, *, whole: bool) -> list[DraftLine]:
        outgoing = kind.startswith("out")
        taxes = [self.business.tax(self.rng.choice((SALE_TAXES if outgoing else PURCHASE_TAXES)[company])) for _ in range(2)]
        if any(tax.included for tax in taxes):
            taxes = [next(tax for tax in taxes if tax.included)] * 2
        base = (company - 1) * ACCOUNTS_PER_COMPANY
        lines = []
        if number % 7 == 3:
            lines.append(DraftLine("Fase 1: levering", kind="line_section"))
        for position in range(self.rng.randrange(1, 5)):
            product = self.rng.choice([row for row in PRODUCTS if row[0] != ARCHIVED_PRODUCT]) if position % 3 != 2 else None
            price = Decimal(str(product[5])) if product else Decimal(self.rng.randrange(500, 90_000)) / 100
            account = (
                ("Product Sales" if product and product[4] not in (4, 6) else "Service Sales")
                if outgoing
                else self.rng.choice(EXPENSES)
            )
            lines.append(
                DraftLine(
                    f"[{product[1]}] {product[3]}"
                    if product and product[1]
                    else product[3]
                    if product
                    else f"Diverse kosten, regel {position + 1}\nzie bijlage",
                    quantity=Decimal(self.rng.randrange(1, 400)) / (1 if not product or position % 2 else 4),
                    price=price * 100 if whole else price,
                    discount=Decimal("12.5") if number % 11 == 7 and position == 0 else Decimal(0),
                    account=base + BASE_ACCOUNT[account],
                    taxes=() if number % 16 == 15 else (taxes[position % 2],),
                    product=product[0] if product else None,
                    unit=product[4] if product else None,
                    analytic=self.rng.choice(ANALYTIC_SPLITS) if not outgoing or number % 4 == 0 else None,
                )
            )
        if number % 7 == 3:
            lines.append(DraftLine("Levering onder voorbehoud – ‘zo spoedig mogelijk’", kind="line_note"))
        return lines

    def _journal_entry(self, company: int, number: int, at: datetime) -> None:
        base = (company - 1) * ACCOUNTS_PER_COMPANY
        amount = Decimal(self.rng.randrange(10_000, 900_000)) / 100
        debit = {
            "account_id": base + BASE_ACCOUNT["Wages & Salaries"],
            "name": "Salarissen",
            "analytic_distribution": {"24": 100.0},
        }
        credit_account = SHARED_ACCOUNT if number % 4 == 3 else base + BASE_ACCOUNT["Accrued Liabilities"]
        half = amount // 2
        lines = [
            {**debit, "balance": half},
            {**debit, "balance": amount - half, "name": "Sociale lasten", "analytic_distribution": {"22": 60.0, "23": 40.0}},
            {"account_id": credit_account, "name": "Te betalen lonen", "balance": -amount},
        ]
        move = self.business.entry(
            company=company, day=today(at), lines=lines, at=at, ref=f"LOON-{number:04}" if number % 2 else None
        )
        if number % 15:
            self.business.post(move, at=at)


def multiply(database: Database, times: int, start: int, span: int) -> None:
    """Copy all moves and lines until there are `times` as many, and spread the write_dates evenly over `span` (microseconds)."""
    moves, lines = (database.query(f"SELECT max(id) FROM {table}")[0][0] for table in ("account_move", "account_move_line"))
    copies = f"WITH RECURSIVE copy(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM copy WHERE k < {times - 1})"
    for model, highest in (("account.move", moves), ("account.move.line", lines)):
        shifted = {
            "id": f"s.id + copy.k * {highest}",
            "move_id": f"s.move_id + copy.k * {moves}",
            "reversed_entry_id": f"s.reversed_entry_id + copy.k * {moves}",
            "sequence_number": f"s.sequence_number + copy.k * {moves}",
            "name": f"CASE WHEN s.sequence_prefix IS NULL THEN s.name ELSE s.sequence_prefix || printf('%05d', s.sequence_number + copy.k * {moves}) END",
            "write_date": f"{start} + (s.write_date - {start} + copy.k * {span}) / {times}",
        }
        if model == "account.move.line":
            del shifted["name"]
        columns = ("id", *MODELS[model].columns)
        chosen = ", ".join(shifted.get(column, f's."{column}"') for column in columns)
        names = ", ".join(f'"{column}"' for column in columns)
        table = MODELS[model].table
        database.query(
            f"{copies} INSERT INTO {table} ({names}) SELECT {chosen} FROM copy CROSS JOIN {table} s WHERE s.id <= {highest}"
        )
        database.query(f"UPDATE {table} SET write_date = {start} + (write_date - {start}) / {times} WHERE id <= {highest}")
        database.next(model, highest * times)
    for (prefix,) in database.query(
        "SELECT DISTINCT company_id || ':' || sequence_prefix FROM account_move WHERE sequence_prefix IS NOT NULL"
    ):
        database.next(prefix, moves * times)
