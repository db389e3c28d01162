from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest

from mlconnector_assets.errors import SourceError


def read(sandbox, move: int, *fields: str) -> dict[str, object]:
    found = sandbox.control.call("account.move", "read", ids=[move], fields=list(fields), load="")
    return found[0] if found else {}


def test_a_new_invoice_has_a_number_lines_and_the_present_stamp(sandbox):
    made = sandbox.control.post_invoice(lines=[{"name": "Stoel", "quantity": "2", "price": "10.005"}])
    row = read(sandbox, made["id"], "name", "state", "amount_untaxed", "amount_tax", "amount_total", "line_ids", "write_date")
    assert (row["name"], row["state"]) == (made["name"], "posted")
    assert (row["amount_untaxed"], row["amount_tax"], row["amount_total"]) == (20.01, 4.2, 24.21)
    assert len(row["line_ids"]) == 3
    stamp = datetime.fromisoformat(str(row["write_date"])).replace(tzinfo=UTC)
    assert sandbox.control.now() - stamp < timedelta(minutes=1)


def test_payments_go_from_open_to_partial_to_paid(sandbox):
    move = sandbox.control.post_invoice(lines=[{"name": "a", "price": "100"}])["id"]
    payment = sandbox.control.pay(move, "21")["entry"]
    assert read(sandbox, move, "payment_state", "amount_residual") == {
        "id": move,
        "payment_state": "partial",
        "amount_residual": 100.0,
    }
    sandbox.control.pay(move)
    assert read(sandbox, move, "payment_state", "amount_residual") == {
        "id": move,
        "payment_state": "paid",
        "amount_residual": 0.0,
    }
    assert read(sandbox, payment, "move_type", "amount_total") == {"id": payment, "move_type": "entry", "amount_total": 21.0}


def test_a_full_credit_note_reverses_the_invoice(sandbox):
    move = sandbox.control.post_invoice(move_type="in_invoice")["id"]
    note = sandbox.control.credit_note(move)["id"]
    assert read(sandbox, move, "payment_state")["payment_state"] == "reversed"
    assert read(sandbox, note, "move_type", "reversed_entry_id", "payment_state") == {
        "id": note,
        "move_type": "in_refund",
        "reversed_entry_id": move,
        "payment_state": "paid",
    }


def test_cancelled_keeps_its_number_and_deleted_leaves_no_trace(sandbox):
    made = sandbox.control.post_invoice()
    sandbox.control.cancel(made["id"])
    assert read(sandbox, made["id"], "state", "name") == {"id": made["id"], "state": "cancel", "name": made["name"]}
    sandbox.control.delete(made["id"])
    assert read(sandbox, made["id"], "name") == {}


def test_a_renamed_vendor_moves_its_bills_but_not_their_lines(sandbox):
    made = sandbox.control.post_invoice(move_type="in_invoice", at="2026-11-01 08:00:00")
    partner = read(sandbox, made["id"], "commercial_partner_id")["commercial_partner_id"]
    sandbox.control.change_partner(partner, {"name": "Łukasz & Zonen"}, at="2026-11-02 09:00:00.5")
    row = read(sandbox, made["id"], "write_date", "line_ids")
    assert row["write_date"] == "2026-11-02 09:00:00"
    lines = sandbox.control.call("account.move.line", "read", ids=row["line_ids"], fields=["write_date"])
    assert {line["write_date"] for line in lines} == {"2026-11-01 08:00:00"}


def test_a_late_commit_appears_with_its_old_stamp_and_an_older_id(sandbox):
    held = sandbox.control.post_invoice(at="2026-11-10 10:00:00.25", hold=True)["id"]
    made_later = sandbox.control.post_invoice()["id"]
    assert held < made_later
    assert read(sandbox, held, "name") == {}
    assert sandbox.control.commit() == 1
    assert read(sandbox, held, "write_date")["write_date"] == "2026-11-10 10:00:00"


def test_a_late_commit_comes_by_itself_when_its_time_has_come(sandbox):
    held = sandbox.control.post_invoice(after=600)["id"]
    assert read(sandbox, held, "name") == {}
    sandbox.control.advance(timedelta(minutes=9))
    assert read(sandbox, held, "name") == {}
    sandbox.control.advance(timedelta(minutes=2))
    assert read(sandbox, held, "state")["state"] == "posted"


def test_changes_within_one_second_look_alike_but_keep_their_order(sandbox):
    vendors = sandbox.control.call("res.partner", "search", domain=[["supplier_rank", ">", 0]], order="id asc", limit=3)
    for vendor, fraction in zip(vendors, (".9", ".1", ".5"), strict=True):
        sandbox.control.write("res.partner", [vendor], at=f"2026-11-03 03:03:03{fraction}")
    asked = {"domain": [["id", "in", vendors]], "fields": ["write_date"], "order": "write_date asc"}
    rows = sandbox.control.call("res.partner", "search_read", **asked)
    assert {row["write_date"] for row in rows} == {"2026-11-03 03:03:03"}
    assert [row["id"] for row in rows] == [vendors[1], vendors[2], vendors[0]]


def test_a_value_that_cannot_be_mapped_can_be_written(sandbox):
    made = sandbox.control.post_invoice()["id"]
    sandbox.control.write("account.move", [made], {"amount_total": 1.0, "currency_id": None})
    assert read(sandbox, made, "amount_total", "currency_id") == {"id": made, "amount_total": 1.0, "currency_id": False}


@pytest.mark.parametrize("change", ["teleport", "write"])
def test_a_change_that_makes_no_sense_is_refused(sandbox, change):
    with pytest.raises(SourceError, match="the sandbox refused"):
        sandbox.control.change(change)


def test_a_change_that_fails_changes_nothing(sandbox):
    before = sandbox.control.call("account.move", "search_count", domain=[])
    with pytest.raises(SourceError, match="refused"):
        sandbox.control.post_invoice(partner=999_999)
    assert sandbox.control.call("account.move", "search_count", domain=[]) == before


def test_the_date_header_follows_the_clock(sandbox, http):
    moment = datetime(2026, 12, 24, 23, 59, 58, tzinfo=UTC)
    sandbox.control.set_clock(moment, running=False)
    assert parsedate_to_datetime(http.get("/web/version").headers["date"]) == moment
    sandbox.control.advance(timedelta(seconds=5))
    assert parsedate_to_datetime(http.get("/web/version").headers["date"]) == moment + timedelta(seconds=5)
    made = sandbox.control.post_invoice()
    assert read(sandbox, made["id"], "write_date")["write_date"] == "2026-12-25 00:00:03"
    sandbox.control.set_clock(datetime(2026, 11, 21, 12, 0, tzinfo=UTC))
