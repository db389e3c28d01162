"""Random but repeatable business for the seed: bills, invoices, credit notes, receipts, entries and
payments in three companies and four currencies, with the odd cases a reader must survive."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from decimal import Decimal

from mlconnector_assets.sandbox.odoo.database import Database
from mlconnector_assets.sandbox.values import Row
from mlconnector_assets.sandbox.world.business import Business, today
from mlconnector_assets.sandbox.world.catalog import CASH_ROUNDING, SHARED_ACCOUNT, account_id, catalog, tax_ids
from mlconnector_assets.sandbox.world.ledger import HUNDRED, ZERO, DraftLine, Tax
from mlconnector_assets.sandbox.world.payments import Payments

USD, EUR, GBP, JPY = 1, 126, 144, 25
FOREIGN = {1: ((USD, 1.0842), (GBP, 0.8456), (JPY, 163.27)), 2: ((EUR, 0.9223),), 3: ((EUR, 1.1826), (USD, 1.2821))}
"""Foreign currencies by company, with the rate: document currency for one unit of company currency."""
TYPES = ("in_invoice",) * 9 + ("out_invoice",) * 7 + ("entry",) * 2 + ("in_receipt", "out_receipt")
EXPENSES = ("Purchases", "Purchases", "Freight Inwards", "Office Supplies", "Software & Hosting", "Travel & Subsistence", "Rent")
ANALYTIC_SPLITS: tuple[dict[str, float] | None, ...] = (
    None,
    None,
    {"22": 100.0},
    {"22": 40.0, "23": 60.0},
    {"12,34": 100.0},
    {"12,22": 33.33, "13,23": 66.67},
    {"24": 50.0},
    {"14": 25.0, "15": 75.0},
)


class History:
    """Makes document after document; the number of a document decides its odd traits, the generator the rest."""

    def __init__(self, database: Database, rng: random.Random, vendors: list[int], customers: list[int]) -> None:
        self.database, self.rng = database, rng
        self.business, self.payments = Business(database), Payments(database)
        rows = database.query("SELECT id, company_id FROM res_partner")
        self.company_of: dict[int, int | None] = dict(rows)
        self.vendors, self.customers = vendors, customers
        self.products = [row for row in catalog()["products"] if row.get("active", 1)]

    def document(self, number: int, at: datetime, step: timedelta) -> None:
        """One document typed in at `at`, and what becomes of it within `step`."""
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
            share = HUNDRED if fate < 0.14 else Decimal(30)
            note = self.business.credit_note(move, day=today(at), at=at + step * 0.3, share=share)
            self.business.post(note, at=at + step * 0.4)
            if share == HUNDRED:
                self.payments.reconciliation.settle(note, at=at + step * 0.4)
        elif fate < 0.30:
            self.payments.pay([move], day=today(at), at=at + step * 0.5, amount=self._a_third(move))
        elif fate < 0.55:
            self._pay_whole(move, number, at, step)

    def _pay_whole(self, move: int, number: int, at: datetime, step: timedelta) -> None:
        payment = self.payments.pay([move], day=today(at), at=at + step * 0.5)
        if number % 4:
            self.payments.statement_line(payment, day=today(at), at=at + step * 0.6, matched=number % 8 != 5)

    def _a_third(self, move: int) -> Decimal:
        total = Decimal(str(self.database.row("account.move", move)["amount_total"]))
        return max(total // 3, Decimal(1))

    def _invoice(self, kind: str, company: int, number: int, at: datetime) -> int:
        outgoing = kind.startswith("out")
        partner = self._partner(self.customers if outgoing else self.vendors, company)
        details: Row = {"terms": None if number % 10 == 9 else 1 + number % 6, "ref": self._reference(number, outgoing=outgoing)}
        if number % 8 == 0:
            details["narration"] = "<p>Graag betalen o.v.v. factuurnummer.</p>"
        if number % 6 == 5:
            details["currency"], details["rate"] = self.rng.choice(FOREIGN[company])
        elif number % 14 == 13:
            details["rounding"] = CASH_ROUNDING
        contacts = self.database.query("SELECT id FROM res_partner WHERE parent_id = ?", (partner,))
        if contacts and number % 3 == 1:
            if outgoing:
                details["delivery"] = contacts[0][0]
            else:
                partner = contacts[0][0]
        lines = self._lines(company, number, outgoing=outgoing, factor=100 if details.get("currency") == JPY else 1)
        return self.business.draft(kind, company=company, partner=partner, day=today(at), lines=lines, at=at, **details)

    def _partner(self, candidates: list[int], company: int) -> int:
        return self.rng.choice([partner for partner in candidates if self.company_of[partner] in (None, company)])

    def _reference(self, number: int, *, outgoing: bool) -> str | None:
        if outgoing:
            return None if number % 2 else f"PO-{4000 + number}"
        return f"F{self.rng.randrange(10**5, 10**6)}/{number:04}"

    def _lines(self, company: int, number: int, *, outgoing: bool, factor: int) -> list[DraftLine]:
        choices = tax_ids(company, "sale" if outgoing else "purchase")
        # the normal rate most of the time; a tax that is included in prices is never mixed with others
        taxes = [self.business.tax(self.rng.choice((choices[0], choices[0], *choices))) for _ in range(2)]
        taxes = [next((tax for tax in taxes if tax.included), tax) for tax in taxes]
        lines = [
            self._line(company, number, position, taxes[position % 2], outgoing=outgoing, factor=factor)
            for position in range(self.rng.randrange(1, 5))
        ]
        if number % 7 == 3:
            note = DraftLine("Levering onder voorbehoud: “zo spoedig mogelijk”", kind="line_note")
            return [DraftLine("Fase 1: levering", kind="line_section"), *lines, note]
        return lines

    def _line(self, company: int, number: int, position: int, tax: Tax, *, outgoing: bool, factor: int) -> DraftLine:
        product = self.rng.choice(self.products) if position % 3 != 2 else None
        price = Decimal(str(product["list_price"])) if product else Decimal(self.rng.randrange(500, 90_000)) / 100
        service = product is None or str(product.get("default_code")).startswith("SRV")
        account = ("Service Sales" if service else "Product Sales") if outgoing else self.rng.choice(EXPENSES)
        name = f"Diverse kosten, regel {position + 1}\nzie bijlage"
        if product:
            name = f"[{product['default_code']}] {product['name']}" if "default_code" in product else product["name"]
        return DraftLine(
            name,
            quantity=Decimal(self.rng.randrange(1, 400)) / (1 if service or position % 2 else 4),
            price=price * factor,
            discount=Decimal("12.5") if number % 11 == 7 and position == 0 else ZERO,
            account=account_id(company, account),
            taxes=() if number % 16 == 15 else (tax,),
            product=product["id"] if product else None,
            unit=product["uom_id"] if product else None,
            analytic=self.rng.choice(ANALYTIC_SPLITS) if not outgoing or number % 4 == 0 else None,
        )

    def _journal_entry(self, company: int, number: int, at: datetime) -> None:
        amount = Decimal(self.rng.randrange(10_000, 900_000)) / 100
        half = amount // 2
        wages = account_id(company, "Wages & Salaries")
        credited = SHARED_ACCOUNT if number % 3 == 0 else account_id(company, "Accrued Liabilities")
        split = {"22": 60.0, "23": 40.0}
        lines: list[Row] = [
            {"account_id": wages, "name": "Salarissen", "balance": half, "analytic_distribution": {"24": 100.0}},
            {"account_id": wages, "name": "Sociale lasten", "balance": amount - half, "analytic_distribution": split},
            {"account_id": credited, "name": "Te betalen lonen", "balance": -amount},
        ]
        reference = f"LOON-{number:04}" if number % 2 else None
        move = self.business.entry(company=company, day=today(at), lines=lines, at=at, ref=reference)
        if number % 15:
            self.business.post(move, at=at)
