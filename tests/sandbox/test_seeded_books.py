from __future__ import annotations

from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest

from mlconnector_assets.sandbox.odoo.database import Database
from mlconnector_assets.sandbox.world.seed import Scale, seed
from tests.sandbox.conftest import NOW


@pytest.fixture(scope="module")
def books(tmp_path_factory):
    database = Database(tmp_path_factory.mktemp("books") / "odoo.db")
    seed(database, Scale(), NOW)
    yield database
    database.close()


def cents(value) -> int:
    return int((Decimal(str(value)) * 100).to_integral_value())


def test_every_entry_balances(books):
    sums: Counter[int] = Counter()
    for move, balance in books.query("SELECT move_id, balance FROM account_move_line"):
        sums[move] += cents(balance)
    assert len(sums) > 300
    assert set(sums.values()) == {0}


def test_totals_are_those_of_the_lines(books):
    for move, net, tax, total in books.query(
        "SELECT id, amount_untaxed, amount_tax, amount_total FROM account_move WHERE move_type <> 'entry'"
    ):
        kinds: Counter[str] = Counter()
        sign = 1
        for kind, amount in books.query("SELECT display_type, amount_currency FROM account_move_line WHERE move_id = ?", (move,)):
            kinds[kind] += cents(amount)
        sign = -1 if kinds["payment_term"] > 0 else 1
        assert cents(net) == sign * (kinds["product"] + kinds["rounding"])
        assert cents(tax) == sign * kinds["tax"]
        assert cents(total) == abs(kinds["payment_term"])


def test_what_is_open_is_open_on_the_due_lines_too(books):
    for residual, on_lines in books.query(
        "SELECT m.amount_residual, (SELECT sum(l.amount_residual_currency) FROM account_move_line l WHERE l.move_id = m.id "
        "AND l.display_type = 'payment_term') FROM account_move m WHERE m.move_type <> 'entry' AND m.state = 'posted'"
    ):
        assert cents(residual) == abs(cents(round(on_lines, 2)))


@pytest.mark.parametrize(
    "odd_case",
    [
        "SELECT 1 FROM account_move WHERE state = 'draft' AND name IS NULL",
        "SELECT 1 FROM account_move WHERE state = 'cancel'",
        "SELECT 1 FROM account_move WHERE payment_state = 'partial' AND amount_residual < amount_total AND amount_residual > 0",
        "SELECT 1 FROM account_move WHERE payment_state = 'reversed'",
        "SELECT 1 FROM account_move WHERE reversed_entry_id IS NOT NULL AND move_type = 'in_refund'",
        "SELECT 1 FROM account_move WHERE move_type = 'in_receipt'",
        "SELECT 1 FROM account_move WHERE move_type = 'out_receipt'",
        "SELECT 1 FROM account_move WHERE currency_id = 25",
        "SELECT 1 FROM account_move WHERE invoice_cash_rounding_id IS NOT NULL",
        "SELECT 1 FROM account_move WHERE partner_id <> commercial_partner_id",
        "SELECT 1 FROM account_move WHERE partner_shipping_id <> partner_id",
        "SELECT 1 FROM account_move_line WHERE display_type = 'line_section'",
        "SELECT 1 FROM account_move_line WHERE display_type = 'line_note'",
        "SELECT 1 FROM account_move_line WHERE display_type = 'rounding'",
        "SELECT 1 FROM account_move_line WHERE analytic_distribution LIKE '%\"12,34\"%'",
        "SELECT 1 FROM account_move_line WHERE discount_date IS NOT NULL",
        "SELECT 1 FROM account_move_line WHERE matching_number LIKE 'P%'",
        "SELECT 1 FROM account_move_line WHERE tax_ids = '[4]' AND price_unit > 0",
        "SELECT 1 FROM account_move_line WHERE tax_ids = '[8]'",
        "SELECT 1 FROM account_move_line WHERE purchase_line_id IS NOT NULL",
        "SELECT 1 FROM account_move_line WHERE account_id = 200",
        "SELECT 1 FROM res_partner WHERE supplier_rank > 0 AND active = 0",
        "SELECT 1 FROM res_partner WHERE supplier_rank > 0 AND company_id = 1",
        "SELECT 1 FROM res_partner WHERE supplier_rank > 0 AND ref IS NULL",
        "SELECT 1 FROM res_partner WHERE supplier_rank > 0 AND vat IS NULL",
        "SELECT 1 FROM res_partner WHERE name LIKE '%株式会社%'",
        "SELECT 1 FROM res_partner WHERE global_location_number IS NOT NULL",
    ],
)
def test_odd_cases_are_there(books, odd_case):
    assert books.query(odd_case)


def test_stamps_are_spread_over_the_days_and_keep_microseconds(books):
    stamps = [stamp for (stamp,) in books.query("SELECT write_date FROM account_move ORDER BY id")]
    assert any(stamp % 1_000_000 for stamp in stamps)
    days = {stamp // 86_400_000_000 for stamp in stamps}
    assert len(days) > 50
    assert max(stamps) <= NOW.timestamp() * 1_000_000


def test_numbers_are_unique_within_company_and_journal(books):
    doubled = "SELECT company_id, journal_id, name FROM account_move WHERE name IS NOT NULL GROUP BY 1, 2, 3 HAVING count(*) > 1"
    assert books.query(doubled) == []


def test_the_same_seed_gives_the_same_books(tmp_path):
    everything = "SELECT * FROM account_move_line ORDER BY id"
    seen = []
    for name in ("first.db", "second.db"):
        database = Database(tmp_path / name)
        seed(database, Scale(moves=60), NOW)
        seen.append(database.query(everything))
        database.close()
    assert seen[0] == seen[1] != []


def test_many_documents_are_copies_that_still_balance(tmp_path, monkeypatch):
    monkeypatch.setattr("mlconnector_assets.sandbox.world.seed.BLOCK", 100)
    database = Database(tmp_path / "odoo.db")
    seed(database, Scale(moves=300, days=30), NOW)
    assert database.query("SELECT count(*) FROM account_move WHERE move_type <> 'entry'")[0][0] > 250
    assert database.query("SELECT move_id FROM account_move_line GROUP BY 1 HAVING abs(sum(balance)) > 0.001") == []
    assert (
        database.query("SELECT 1 FROM account_move_line l LEFT JOIN account_move m ON m.id = l.move_id WHERE m.id IS NULL") == []
    )
    doubled = "SELECT name FROM account_move WHERE name IS NOT NULL GROUP BY company_id, journal_id, name HAVING count(*) > 1"
    assert database.query(doubled) == []
    first, last = database.query("SELECT min(write_date), max(write_date) FROM account_move")[0]
    assert timedelta(days=29) < timedelta(microseconds=last - first) < timedelta(days=30)
    database.close()
