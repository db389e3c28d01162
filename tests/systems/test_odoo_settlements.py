"""What payments settle stays right when people match and unmatch later on, seen only through windows of changes."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest

from mlconnector_assets.records import RECORDS
from mlconnector_assets.sandbox import start_sandbox
from mlconnector_assets.systems.odoo.settlements import settlements
from mlconnector_assets.systems.source import Window
from tests.systems.test_odoo_suite import OdooBooks

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    with start_sandbox(tmp_path_factory.mktemp("sandbox"), moves=30, vendors=6, customers=5, now=NOON) as running:
        yield running


def frame_of(record, pages):
    return pl.concat([RECORDS[record].empty(), *(page.frame for page in pages)])


class Reader:
    """Follows the payments as a connector does: each read takes what changed since the last one."""

    def __init__(self, sandbox):
        self.books = OdooBooks(sandbox)
        self.control = sandbox.control
        self.source = self.books.source()
        self.at = self.books.now()
        self.known = {}

    def tick(self):
        self.at += HOUR
        self.books.set_now(self.at)

    def changes(self, record="payments"):
        """Rows that are new since the last call, by source id."""
        window = Window(self.at - 30 * MINUTE, self.at + 30 * MINUTE)
        pages = list(self.source.pages(record, window))
        assert not any(page.set_aside for page in pages)
        frame = frame_of(record, pages)
        assert self.source.totals(record, window).rows == frame.height
        assert all(window.start <= stamp < window.end for stamp in frame["modified_at"])
        assert frame["problem"].to_list() == [None] * frame.height
        return {row["source_id"]: row for row in frame.rows(named=True)}

    def bill(self, price, **details):
        line = {"name": "x", "quantity": "1", "price": price, "taxed": False}
        return self.control.post_invoice(move_type="in_invoice", lines=[line], **details)["id"]


@pytest.fixture
def reader(sandbox):
    made = Reader(sandbox)
    made.tick()
    yield made
    made.source.close()


def settled(row):
    return [(one["document_id"], one["amount"]) for one in row["settlements"]]


def test_one_payment_settles_several_bills_in_part_and_in_full(reader):
    first, second = reader.bill("100"), reader.bill("60.55")
    payment = str(reader.control.pay([first, second], "130.55")["payment"])
    row = reader.changes()[payment]
    assert settled(row) == [(str(first), Decimal(100)), (str(second), Decimal("30.55"))]
    assert (row["amount"], row["settled_amount"], row["open_amount"]) == (Decimal("130.55"), Decimal("130.55"), 0)
    assert (row["direction"], row["partner_type"], row["state"], row["bank_matched"]) == (
        "outbound", "vendor", "in_process", False,
    )  # fmt: skip
    (document,) = {one["document_number"] for one in row["settlements"] if one["document_id"] == str(first)}
    assert document in row["registered_for"]


def test_unmatching_and_matching_again_are_seen_by_the_next_read(reader):
    bill, other = reader.bill("75"), reader.bill("75")
    payment = reader.control.pay(bill)["payment"]
    assert settled(reader.changes()[str(payment)]) == [(str(bill), Decimal(75))]

    reader.tick()
    assert reader.changes() == {}
    reader.control.change("unreconcile", payment=payment)
    row = reader.changes()[str(payment)]
    assert (settled(row), row["settled_amount"], row["open_amount"]) == ([], 0, Decimal(75))
    assert row["registered_for"]

    reader.tick()
    reader.control.change("reconcile", payment=payment, document=other)
    assert settled(reader.changes()[str(payment)]) == [(str(other), Decimal(75))]


def test_matching_is_seen_although_the_payment_itself_is_not_written(reader):
    """Odoo writes the payment only when its state changes: a second part of it does not."""
    first, second = reader.bill("40"), reader.bill("40")
    payment = reader.control.change("pay_ahead", id=first, amount="100")["payment"]
    reader.control.change("reconcile", payment=payment, document=first)
    reader.tick()
    stamp = reader.control.call("account.payment", "read", ids=[payment], fields=["write_date"])[0]["write_date"]
    before = reader.source.probe("payments", reader.at - 2 * HOUR)
    reader.control.change("reconcile", payment=payment, document=second)
    assert reader.control.call("account.payment", "read", ids=[payment], fields=["write_date"])[0]["write_date"] == stamp
    assert reader.source.probe("payments", reader.at - 2 * HOUR) != before
    row = reader.changes()[str(payment)]
    assert settled(row) == [(str(first), Decimal(40)), (str(second), Decimal(40))] and row["open_amount"] == 20
    assert row["modified_at"] == reader.at.replace(microsecond=0)


def test_an_older_window_no_longer_holds_a_payment_that_was_unmatched_since(reader):
    payment = reader.control.pay(reader.bill("12"))["payment"]
    then = Window(reader.at - MINUTE, reader.at + MINUTE)
    reader.tick()
    reader.control.change("unreconcile", payment=payment)
    held = frame_of("payments", reader.source.pages("payments", then))
    assert str(payment) not in held["source_id"] and reader.source.totals("payments", then).rows == held.height


def test_a_discount_settles_more_than_was_paid(reader):
    bill = reader.bill("200")
    payment = str(reader.control.pay(bill, discount="4")["payment"])
    row = reader.changes()[payment]
    assert (row["amount"], row["settled_amount"], settled(row)) == (Decimal(196), Decimal(200), [(str(bill), Decimal(200))])
    ((label, amount),) = [(one["label"], one["amount"]) for one in row["adjustments"]]
    assert (label, amount) == ("Early Payment Discount", Decimal(4))


def test_the_bank_statement_makes_a_payment_paid_and_lists_it(reader):
    payment = reader.control.pay(reader.bill("31.5"))["payment"]
    line = str(reader.control.change("bank_statement", payment=payment)["id"])
    row = reader.changes()[str(payment)]
    assert (row["state"], row["bank_matched"]) == ("paid", True)
    statement = reader.changes("bank_statement_lines")[line]
    assert (statement["amount"], statement["reconciled"]) == (Decimal("-31.5"), True)
    assert [(one["document_id"], one["amount"]) for one in statement["settlements"]] == [(row["entry_id"], Decimal("31.5"))]


def test_a_cancelled_payment_settles_nothing(reader):
    payment = reader.control.pay(reader.bill("9"))["payment"]
    reader.tick()
    reader.control.change("cancel_payment", id=payment)
    row = reader.changes()[str(payment)]
    assert (row["state"], row["settlements"]) == ("cancelled", [])


def test_a_payment_without_a_journal_entry_is_read_too(reader):
    draft = str(reader.control.change("draft_payment", id=reader.bill("5"))["payment"])
    row = reader.changes()[draft]
    assert (row["state"], row["entry_id"], row["number"], row["amount"]) == ("draft", None, None, 5)
    assert (row["settled_amount"], row["open_amount"]) == (0, 0)


@pytest.mark.parametrize(("rate", "booked_on_the_payment"), [("1.00", True), ("1.60", False)])
def test_an_exchange_difference_is_no_document_that_was_settled(reader, rate, booked_on_the_payment):
    """Odoo books it in an entry of its own, which it matches with the payment or with the bill, whichever has more."""
    first, second = (reader.bill("125", currency=1, rate=1.25) for _ in range(2))
    payment = str(reader.control.change("pay", id=[first, second], amount="200", rate=rate)["payment"])
    row = reader.changes()[payment]
    assert settled(row) == [(str(first), Decimal(125)), (str(second), Decimal(75))]
    assert (row["currency"], row["settled_amount"], row["open_amount"]) == ("USD", Decimal(200), 0)
    entries = [one["exchange_entry_number"] for one in row["settlements"]]
    assert len(set(entries)) == 2 and all(entry.startswith("EXCH/") for entry in entries)
    lines = reader.control.call(
        "account.partial.reconcile",
        "search_read",
        domain=[["id", ">", int(row["settlements"][0]["settlement_id"])]],
        fields=["amount", "debit_move_id", "credit_move_id", "exchange_move_id", "debit_amount_currency"],
    )
    differences = [one for one in lines if not one["exchange_move_id"]]
    assert [one["debit_amount_currency"] for one in differences] == [0, 0]
    paid = {line["id"] for line in reader.control.call(
        "account.move.line", "search_read", domain=[["move_id", "=", int(row["entry_id"])]], fields=["id"]
    )}  # fmt: skip
    assert all((one["debit_move_id"][0] in paid) is booked_on_the_payment for one in differences)

    reader.tick()
    reader.control.change("unreconcile", payment=int(payment))
    row = reader.changes()[payment]
    assert (row["settlements"], row["open_amount"]) == ([], Decimal(200))


def test_what_a_difference_has_of_the_payment_belongs_to_its_document():
    """Paid in the company's currency, a part of the money is matched with the entry of the exchange difference."""

    def match(number, document, kind, amount, *, exchange=False):
        other = {"id": number, "move_id": {"id": document, "name": f"N/{document}", "ref": False, "move_type": kind}}
        mine = {"debit_move_id": other, "debit_currency_id": {"name": "USD"}, "amount": amount, "credit_amount_currency": amount}
        entry = {"id": 9, "name": "EXCH/2026/00001"} if exchange else False
        return mine | {"id": number, "debit_amount_currency": amount, "max_date": "2026-11-01", "exchange_move_id": entry}

    matches = [
        match(3, 9, "entry", Decimal(10)),
        match(1, 7, "out_invoice", Decimal(100), exchange=True),
        match(2, 8, "entry", Decimal(5)),
    ]
    found = settlements([{"matched_debit_ids": matches, "matched_credit_ids": []}])
    assert [(one["document_id"], one["amount"], one["company_amount"]) for one in found] == [("7", 110, 100), ("8", 5, 5)]
