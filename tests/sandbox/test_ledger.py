from __future__ import annotations

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from mlconnector_assets.sandbox.world.ledger import Draft, DraftLine, Instalment, Tax, Terms, post_lines, rounded

CENT = Decimal("0.01")
DAY = date(2026, 11, 21)
VAT = Tax(1, "21%", Decimal(21), 90)
INCLUDED = Tax(2, "21% Incl.", Decimal(21), 90, included=True)
REVERSED = Tax(3, "21% verlegd", Decimal(21), 90, reverse_charge=True)
TERMS = Terms(5, (Instalment(Decimal(30), 0), Instalment(Decimal(70), 60)))


def draft(*lines: DraftLine, move_type: str = "in_invoice", **more: object) -> Draft:
    return Draft(move_type, DAY, 80, lines, **more)


def amounts(entry, kind: str) -> list[Decimal]:
    return [line["amount_currency"] for line in entry.lines if line["display_type"] == kind]


def test_a_bill_debits_lines_and_tax_and_credits_the_vendor():
    entry = post_lines(draft(DraftLine("a", Decimal(3), Decimal("33.333"), account=70, taxes=(VAT,))))
    assert amounts(entry, "product") == [Decimal("100.00")]
    assert amounts(entry, "tax") == [Decimal("21.00")]
    assert amounts(entry, "payment_term") == [Decimal("-121.00")]
    assert entry.totals["amount_total"] == Decimal("121.00")
    assert entry.totals["amount_total_signed"] == Decimal("-121.00")


def test_a_customer_invoice_has_the_opposite_signs_and_positive_totals():
    entry = post_lines(draft(DraftLine("a", price=Decimal(10), account=70), move_type="out_invoice"))
    assert amounts(entry, "product") == [Decimal("-10.00")]
    assert entry.totals["amount_total_signed"] == Decimal("10.00")


def test_a_price_that_includes_tax_is_split():
    entry = post_lines(draft(DraftLine("a", price=Decimal(121), account=70, taxes=(INCLUDED,)), move_type="out_invoice"))
    assert entry.totals["amount_untaxed"] == Decimal("100.00")
    assert entry.totals["amount_tax"] == Decimal("21.00")


def test_a_reverse_charge_is_added_and_taken_off():
    entry = post_lines(draft(DraftLine("a", price=Decimal(100), account=70, taxes=(REVERSED,))))
    assert amounts(entry, "tax") == [Decimal("21.00"), Decimal("-21.00")]
    assert entry.totals["amount_tax"] == 0
    assert entry.totals["amount_total"] == 100


def test_cash_rounding_gets_a_line_of_its_own():
    entry = post_lines(draft(DraftLine("a", price=Decimal("10.03"), account=70), rounding=Decimal("0.05"), rounding_account=71))
    assert amounts(entry, "rounding") == [Decimal("0.02")]
    assert entry.totals["amount_total"] == Decimal("10.05")


def test_instalments_fall_due_one_after_the_other():
    entry = post_lines(draft(DraftLine("a", price=Decimal("100.01"), account=70), terms=TERMS))
    assert amounts(entry, "payment_term") == [Decimal("-30.00"), Decimal("-70.01")]
    assert entry.totals["invoice_date_due"] == date(2027, 1, 20)


def test_a_foreign_bill_is_booked_at_its_rate():
    entry = post_lines(draft(DraftLine("a", price=Decimal("99.99"), account=70), rate=Decimal("0.92")))
    assert entry.lines[0]["balance"] == Decimal("108.68")


lines = st.builds(
    DraftLine,
    name=st.just("x"),
    quantity=st.decimals("0.25", "400", places=2),
    price=st.decimals("0", "9000", places=4),
    discount=st.sampled_from([Decimal(0), Decimal("12.5")]),
    account=st.just(70),
    taxes=st.sampled_from([(), (VAT,), (REVERSED,)]),
)


@given(
    st.lists(lines, min_size=1, max_size=6),
    st.sampled_from(["in_invoice", "out_invoice", "in_refund", "out_refund", "in_receipt", "out_receipt"]),
    st.sampled_from([Decimal(1), Decimal("0.9223"), Decimal("163.27")]),
    st.sampled_from([None, TERMS]),
    st.sampled_from([None, Decimal("0.05")]),
)
def test_every_entry_balances_in_both_currencies(chosen, move_type, rate, terms, rounding):
    entry = post_lines(Draft(move_type, DAY, 80, tuple(chosen), terms=terms, rate=rate, rounding=rounding, rounding_account=71))
    assert sum(line["balance"] for line in entry.lines) == 0
    assert sum(line["amount_currency"] for line in entry.lines) == 0
    assert entry.totals["amount_untaxed"] + entry.totals["amount_tax"] == entry.totals["amount_total"]
    assert abs(sum(amounts(entry, "payment_term"))) == abs(entry.totals["amount_total"])
    assert all(rounded(line["balance"], CENT) == line["balance"] for line in entry.lines)
