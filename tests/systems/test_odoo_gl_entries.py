from datetime import date
from decimal import Decimal

import pytest

from mlconnector_assets.records import GL_ENTRIES
from mlconnector_assets.systems.odoo.frames import frame
from mlconnector_assets.systems.odoo.gl_entries import ENTRY_TYPES, gl_entry
from tests.systems.odoo_records import EUR, TAX_15, entry, posting, received, setting


def mapped(**values):
    record, text = received(entry(**values))
    return gl_entry(record, text, setting())


def test_an_entry_becomes_one_canonical_row():
    row = frame(GL_ENTRIES, [mapped()]).row(0, named=True)
    assert (row["entry_type"], row["state"], row["number"], row["reference"]) == ("entry", "posted", "MISC/2026/11/0001", None)
    assert (row["journal"], row["journal_name"]) == ("MISC", "Miscellaneous Operations")
    assert row["accounting_date"] == date(2026, 11, 1) and row["company_currency"] == "USD"
    assert (row["counterparty_id"], row["counterparty_name"]) == ("9", "Acme")
    assert (row["debit_amount"], row["credit_amount"], row["problem"]) == (Decimal(2500), Decimal(2500), None)


def test_only_lines_with_an_account_are_postings():
    lines = [posting(3, 0.0, 0.0, account_id=False, sequence=1), posting(2, 0.0, 10.0), posting(1, 10.0, 0.0)]
    assert [(line["position"], line["posting_id"]) for line in mapped(line_ids=lines)["postings"]] == [(1, "1"), (2, "2")]


def test_a_posting_in_another_currency():
    line = posting(1, 108.68, 0.0, currency_id=EUR, amount_currency=99.99, date_maturity="2026-12-01", tax_line_id=TAX_15,
                   partner_id={"id": 5, "name": "Gemini"}, matching_number="P9", analytic_distribution={"22": 100.0})  # fmt: skip
    (made,) = mapped(line_ids=[line])["postings"]
    assert (made["currency"], made["currency_amount"], made["debit"]) == ("EUR", Decimal("99.99"), Decimal("108.68"))
    assert (made["due_date"], made["tax_name"], made["matching_number"]) == (date(2026, 12, 1), "15%", "P9")
    assert (made["counterparty_id"], made["counterparty_name"]) == ("5", "Gemini")
    assert made["cost_centers"][0]["code"] == "PRJ"


def test_debits_and_credits_that_differ_are_a_problem_with_the_figures():
    assert mapped(line_ids=[posting(1, 10.0, 0.0), posting(2, 0.0, 9.5)])["problem"] == (
        "debits are 10.0 and credits are 9.5: they differ by 0.5"
    )


@pytest.mark.parametrize(("odoo", "ours"), ENTRY_TYPES.items())
def test_every_type_of_move_has_a_name(odoo, ours):
    assert mapped(move_type=odoo)["entry_type"] == ours


def test_an_entry_without_lines():
    row = mapped(line_ids=[], state="draft", name=False)
    assert (row["postings"], row["debit_amount"], row["number"], row["problem"]) == ([], 0, None, None)
