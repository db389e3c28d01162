"""Orders of the seed: most are confirmed, moved and invoiced over some days, some only in part, a few stay drafts or are
cancelled. Some of their invoices are paid together."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from mlconnector_assets.sandbox.odoo.database import Database
from mlconnector_assets.sandbox.world.business import Business, today
from mlconnector_assets.sandbox.world.catalog import catalog, tax_ids
from mlconnector_assets.sandbox.world.ledger import HUNDRED, ZERO, DraftLine, Tax
from mlconnector_assets.sandbox.world.payments import Payments
from mlconnector_assets.sandbox.world.trade import SIDES, Side, Trade

Event = tuple[datetime, Callable[[datetime], None]]
"""When something happens, and what; it is told when it is."""


class Orders:
    """Plans orders; the number of an order decides its odd traits, the generator the rest."""

    def __init__(self, database: Database, rng: random.Random, vendors: list[int], customers: list[int]) -> None:
        self.database, self.rng = database, rng
        self.trade, self.business, self.payments = Trade(database), Business(database), Payments(database)
        self.company_of: dict[int, int | None] = dict(database.query("SELECT id, company_id FROM res_partner"))
        self.partners: dict[Side, list[int]] = {"purchase": vendors, "sale": customers}
        self.products = [
            row for row in catalog()["products"] if row.get("active", 1) and not str(row.get("default_code")).startswith("SRV")
        ]

    def events(self, number: int, start: datetime, end: datetime) -> Iterator[Event]:
        """The life of one order, beginning at `start`; what would lie after `end` has not happened yet."""
        side: Side = "purchase" if number % 5 < 3 else "sale"
        company = self.rng.choices((1, 2, 3), (5, 3, 2))[0]
        steps = [timedelta(days=self.rng.uniform(0.2, 2.5)) for _ in range(4)]
        moments = [start + sum(steps[:position], timedelta()) for position in range(5)]
        made: list[int] = []

        def place(at: datetime) -> None:
            made.append(self._place(side, company, number, at))

        planned: list[Callable[[datetime], None]] = [place]
        if number % 11 == 10:
            planned.append(lambda at: self.trade.cancel(side, made[0], at=at))
        elif number % 9 != 8:
            planned += [
                lambda at: self._confirm(side, made[0], at),
                lambda at: self._move(side, made[0], number, at),
                lambda at: self._bill(side, made[0], number, at),
            ]
            if number % 4 == 3:
                planned.append(lambda at: self._move(side, made[0], 0, at))
        for moment, act in zip(moments, planned, strict=False):
            if moment < end:
                yield moment, act

    def _place(self, side: Side, company: int, number: int, at: datetime) -> int:
        partner = self.rng.choice([partner for partner in self.partners[side] if self.company_of[partner] in (None, company)])
        taxes = [self.business.tax(tax) for tax in tax_ids(company, side)[:2]]
        lines = [self._line(number, position, taxes[position % 2]) for position in range(self.rng.randrange(1, 4))]
        if number % 6 == 4:
            lines.insert(0, DraftLine("Levering in delen", kind="line_section"))
        reference = f"VO-{7000 + number}" if side == "purchase" else f"4500{number:06}"
        return self.trade.order(
            side,
            company=company,
            partner=partner,
            lines=lines,
            at=at,
            terms=1 + number % 6,
            reference=reference if number % 7 else None,
        )

    def _line(self, number: int, position: int, tax: Tax) -> DraftLine:
        product = self.rng.choice(self.products)
        price = (Decimal(str(product["list_price"])) * Decimal("0.6")).quantize(Decimal("0.0001"))
        return DraftLine(
            f"[{product['default_code']}] {product['name']}" if "default_code" in product else product["name"],
            quantity=Decimal(self.rng.randrange(10, 400)),
            price=price,
            discount=Decimal(5) if number % 10 == 7 and not position else ZERO,
            taxes=(tax,),
            product=product["id"],
            unit=product["uom_id"],
            analytic={"22": 100.0} if number % 3 == 0 else None,
        )

    def _confirm(self, side: Side, order: int, at: datetime) -> None:
        self.trade.confirm(side, order, at=at)

    def _move(self, side: Side, order: int, number: int, at: datetime) -> None:
        for transfer in self.trade.transfers(side, order):
            self.trade.move(transfer, at=at, share=Decimal(40) if number % 4 in (1, 3) else HUNDRED)

    def _bill(self, side: Side, order: int, number: int, at: datetime) -> None:
        bill = self.trade.bill(side, order, at=at, reference=f"F-{order:05}" if side == "purchase" else None)
        if bill is None or number % 13 == 12:
            return
        self.business.post(bill, at=at)
        if number % 3 == 1:
            self._pay_with_others(side, bill, at)
        elif number % 12 == 2:
            self.payments.draft(bill, day=today(at), at=at)

    def _pay_with_others(self, side: Side, bill: int, at: datetime) -> None:
        """One payment for everything that is open of this partner."""
        row = self.database.row("account.move", bill)
        found = self.database.query(
            "SELECT id FROM account_move WHERE move_type = ? AND state = 'posted' AND amount_residual > 0 "
            "AND commercial_partner_id = ? AND company_id = ? AND currency_id = ? ORDER BY id DESC LIMIT 3",
            (SIDES[side].move_type, row["commercial_partner_id"], row["company_id"], row["currency_id"]),
        )
        payment = self.payments.pay([move for (move,) in found], day=today(at), at=at)
        self.payments.statement_line(payment, day=today(at), at=at + timedelta(minutes=1))
