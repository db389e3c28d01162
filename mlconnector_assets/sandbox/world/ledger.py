"""Double-entry bookkeeping as Odoo does it: an invoice draft becomes an entry whose lines balance to the
cent, tax and due lines included. Pure functions over Decimal; nothing here knows the database."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from mlconnector_assets.sandbox.values import Row, Value

ZERO = Decimal(0)
HUNDRED = Decimal(100)
DEBITS_ITS_LINES = ("in_invoice", "in_receipt", "out_refund")


@dataclass(frozen=True)
class Tax:
    """A percentage tax. `reverse_charge` taxes are added and taken off again."""

    id: int
    name: str
    rate: Decimal
    account: int
    included: bool = False
    reverse_charge: bool = False


@dataclass(frozen=True)
class Instalment:
    """Part of the total in percent, due after some days."""

    percent: Decimal
    days: int


@dataclass(frozen=True)
class Terms:
    """Payment terms; the discount applies to payment within `discount_days`."""

    id: int
    instalments: tuple[Instalment, ...]
    discount_percent: Decimal = ZERO
    discount_days: int = 0


@dataclass(frozen=True)
class DraftLine:
    """A line as a person types it; `kind` is Odoo's display_type."""

    name: str
    quantity: Decimal = Decimal(1)
    price: Decimal = ZERO
    discount: Decimal = ZERO
    account: int | None = None
    taxes: tuple[Tax, ...] = ()
    product: int | None = None
    unit: int | None = None
    analytic: dict[str, float] | None = None
    purchase_line: int | None = None
    sale_lines: tuple[int, ...] = ()
    kind: str = "product"


@dataclass(frozen=True)
class Draft:
    """An invoice, bill, credit note or receipt as a person types it. `rate`: document currency per company currency."""

    move_type: str
    date: date
    due_account: int
    lines: tuple[DraftLine, ...]
    terms: Terms | None = None
    rate: Decimal = Decimal(1)
    step: Decimal = Decimal("0.01")
    company_step: Decimal = Decimal("0.01")
    rounding: Decimal | None = None
    rounding_account: int | None = None
    label: str | None = None


@dataclass
class Entry:
    """The finished entry: values of the move and of its lines, by Odoo's field names."""

    totals: Row
    lines: list[Row] = field(default_factory=list)


def rounded(amount: Decimal, step: Decimal) -> Decimal:
    """Round to a multiple of `step`, halves away from zero, as Odoo rounds money."""
    return (amount / step).quantize(Decimal(1), ROUND_HALF_UP) * step


def post_lines(draft: Draft) -> Entry:
    """Compute the entry of a draft."""
    sign = 1 if draft.move_type in DEBITS_ITS_LINES else -1
    entry = Entry({})
    taxes: dict[int, tuple[Tax, Decimal, Decimal]] = {}
    net = tax_total = ZERO
    for position, line in enumerate(draft.lines):
        subtotal, line_taxes = line_amounts(line, draft.step)
        net += subtotal
        for tax, amount in line_taxes:
            _, base, so_far = taxes.get(tax.id, (tax, ZERO, ZERO))
            taxes[tax.id] = (tax, base + subtotal, so_far + amount)
        charged = sum((amount for tax, amount in line_taxes if not tax.reverse_charge), ZERO)
        entry.lines.append(
            _line(line, sign * subtotal, draft, sequence=100 + position, price_subtotal=subtotal, price_total=subtotal + charged)
        )
    for tax, base, amount in taxes.values():
        for factor in (1, -1) if tax.reverse_charge else (1,):
            tax_total += factor * amount
            line = DraftLine(tax.name, account=tax.account, kind="tax", quantity=ZERO)
            entry.lines.append(
                _line(
                    line,
                    factor * sign * amount,
                    draft,
                    tax_line_id=tax.id,
                    tax_base_amount=rounded(base / draft.rate, draft.company_step),
                )
            )
    difference = rounded(net + tax_total, draft.rounding) - (net + tax_total) if draft.rounding else ZERO
    if difference:
        line = DraftLine("Rounding", account=draft.rounding_account, kind="rounding", quantity=ZERO)
        entry.lines.append(_line(line, sign * difference, draft))
    _add_due_lines(entry, draft)
    entry.totals |= _totals(entry.lines, net + difference, tax_total)
    return entry


def line_amounts(line: DraftLine, step: Decimal) -> tuple[Decimal, list[tuple[Tax, Decimal]]]:
    """The net amount of a line, and each of its taxes, rounded to `step`."""
    gross = line.quantity * line.price * (1 - line.discount / HUNDRED)
    included = next((tax for tax in line.taxes if tax.included), None)
    if included:
        total = rounded(gross, step)
        net = rounded(total / (1 + included.rate / HUNDRED), step)
        return net, [(included, total - net)]
    net = rounded(gross, step)
    return net, [(tax, rounded(net * tax.rate / HUNDRED, step)) for tax in line.taxes if tax.rate]


def _line(line: DraftLine, amount: Decimal, draft: Draft, **more: Value) -> Row:
    balance = rounded(amount / draft.rate, draft.company_step)
    return {
        "display_type": line.kind,
        "name": line.name,
        "account_id": line.account,
        "quantity": line.quantity if line.kind == "product" else ZERO,
        "price_unit": line.price,
        "discount": line.discount,
        "balance": balance,
        "amount_currency": amount,
        "tax_ids": [tax.id for tax in line.taxes],
        "product_id": line.product,
        "product_uom_id": line.unit,
        "analytic_distribution": line.analytic,
        "purchase_line_id": line.purchase_line,
        "sale_line_ids": list(line.sale_lines),
        "sequence": 10000,
        "price_subtotal": ZERO,
        "price_total": ZERO,
        "amount_residual": ZERO,
        "amount_residual_currency": ZERO,
        "reconciled": False,
    } | more


def _add_due_lines(entry: Entry, draft: Draft) -> None:
    open_currency = -sum((line["amount_currency"] for line in entry.lines), ZERO)
    open_balance = -sum((line["balance"] for line in entry.lines), ZERO)
    terms = draft.terms or Terms(0, (Instalment(HUNDRED, 0),))
    total_currency, total_balance = open_currency, open_balance
    for number, instalment in enumerate(terms.instalments, start=1):
        last = number == len(terms.instalments)
        amount = open_currency if last else rounded(total_currency * instalment.percent / HUNDRED, draft.step)
        balance = open_balance if last else rounded(total_balance * instalment.percent / HUNDRED, draft.company_step)
        open_currency, open_balance = open_currency - amount, open_balance - balance
        label = f"{draft.label or ''} installment #{number}".strip() if len(terms.instalments) > 1 else draft.label
        line = _line(DraftLine("", account=draft.due_account, kind="payment_term"), ZERO, draft)
        line |= {
            "name": label,
            "amount_currency": amount,
            "balance": balance,
            "amount_residual": balance,
            "amount_residual_currency": amount,
        }
        line["date_maturity"] = draft.date + timedelta(days=instalment.days)
        if terms.discount_percent and last:
            keep = 1 - terms.discount_percent / HUNDRED
            line["discount_date"] = draft.date + timedelta(days=terms.discount_days)
            line["discount_amount_currency"] = rounded(amount * keep, draft.step)
            line["discount_balance"] = rounded(balance * keep, draft.company_step)
        entry.lines.append(line)


def _totals(lines: list[Row], net: Decimal, tax: Decimal) -> Row:
    def balance_of(*kinds: str) -> Decimal:
        return sum((line["balance"] for line in lines if line["display_type"] in kinds), ZERO)

    due = [line for line in lines if line["display_type"] == "payment_term"]
    return {
        "amount_untaxed": net,
        "amount_tax": tax,
        "amount_total": net + tax,
        "amount_residual": net + tax,
        "amount_untaxed_signed": -balance_of("product", "rounding"),
        "amount_tax_signed": -balance_of("tax"),
        "amount_total_signed": balance_of("payment_term"),
        "amount_residual_signed": balance_of("payment_term"),
        "amount_total_in_currency_signed": sum((line["amount_currency"] for line in due), ZERO),
        "invoice_date_due": max(line["date_maturity"] for line in due),
    }
