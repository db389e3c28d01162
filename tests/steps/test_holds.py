"""Nothing leaves that a person would not have sent, and nothing is forgotten: each rule, on books in memory."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from mlconnector_assets.errors import ConfigurationError, ConnectorError
from mlconnector_assets.state import audit, holds
from mlconnector_assets.steps.baseline import preview_baseline, set_baseline
from mlconnector_assets.steps.blocked_export import blocked_rows
from mlconnector_assets.steps.hold_details import documents_of_hold
from mlconnector_assets.steps.holding import decide
from mlconnector_assets.steps.preview import preview_flow
from mlconnector_assets.steps.proof import prove_flow
from mlconnector_assets.steps.resend import resend_delivery, resend_document
from tests.steps.books import Books, books

__all__ = ["books"]


@pytest.fixture
def unconfirmed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    made = Books(tmp_path / "project", monkeypatch, confirmed=False)
    yield made
    made.close()


def proven(books: Books) -> str:
    proof = prove_flow(books.workspace, "acme", "invoices")
    assert proof.good, proof
    return proof.detail


def test_a_first_run_waits_and_a_release_lets_exactly_these_leave(unconfirmed: Books) -> None:
    unconfirmed.put("1")
    unconfirmed.put("2")
    outcome = unconfirmed.cycle()
    [hold] = outcome.holds
    assert (hold.kind, hold.documents, hold.totals["total_amount|EUR"]) == ("first_run", 2, "20.0000")
    assert unconfirmed.files() == {}
    unconfirmed.later(minutes=1)
    unconfirmed.put("3")
    assert [one.documents for one in unconfirmed.cycle().holds] == [1]
    unconfirmed.decide("released", hold)
    unconfirmed.cycle()
    assert unconfirmed.files() == {"inv_000001.csv": "INV/1 INV/2"}
    unconfirmed.put("4")
    unconfirmed.cycle()
    assert unconfirmed.files()["inv_000002.csv"] == "INV/4"
    assert unconfirmed.states()["3"] == "held"
    assert "held 1" in proven(unconfirmed)


def test_a_dismissed_first_run_confirms_nothing(unconfirmed: Books) -> None:
    unconfirmed.put("1")
    unconfirmed.decide("dismissed", *unconfirmed.cycle().holds)
    unconfirmed.put("2")
    assert [hold.kind for hold in unconfirmed.cycle().holds] == ["first_run"]
    assert unconfirmed.files() == {}
    assert unconfirmed.states() == {"1": "dismissed", "2": "held"}
    proven(unconfirmed)


def test_files_on_record_without_confirmed_rules_are_a_lost_state(books: Books) -> None:
    from mlconnector_assets.state.schema import FLOW_RULES

    books.put("1")
    books.cycle()
    with books.workspace.state.transaction() as tx:
        tx.execute(FLOW_RULES.delete())
    books.put("2")
    assert [hold.kind for hold in books.cycle().holds] == ["lost_state"]


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        ({"since": "2026-02-15"}, {"since": "2026-01-01"}),
        ({"companies": ["us"]}, {"companies": ["nl", "us"]}),
        ({"counterparties": ["8"]}, {"counterparties": "all"}),
        ({"where": "kind = 'vendor'"}, {"where": "kind in ('vendor', 'customer')"}),
    ],
)
def test_what_only_wider_rules_admit_waits(books: Books, narrow: dict, wide: dict) -> None:
    books.configure(**narrow)
    books.confirm()
    passing = {"document_date": date(2026, 2, 20), "company": "us", "counterparty_id": "8", "kind": "vendor"}
    books.put("old")
    books.put("first", **passing)
    books.cycle()
    assert books.files() == {"inv_000001.csv": "INV/first"}
    books.configure(**wide)
    books.put("second", **passing)
    [hold] = books.cycle().holds
    assert (hold.kind, hold.documents) == ("rules_changed", 1)
    assert books.files()["inv_000002.csv"] == "INV/second"
    books.put("new")
    assert [one.kind for one in books.cycle().holds] == ["rules_changed"]
    books.decide("released", hold)
    books.cycle()
    books.put("newer")
    books.cycle()
    assert list(books.files().values()) == ["INV/first", "INV/second", "INV/old", "INV/newer"]
    books.configure(**narrow)
    books.put("third", **passing)
    assert books.cycle().holds == []


def test_more_than_usual_waits(books: Books) -> None:
    books.configure(hold_above=3)
    for number in range(3):
        books.put(f"a{number}")
    assert books.cycle().holds == []
    for number in range(4):
        books.put(f"b{number}")
    [hold] = books.cycle().holds
    assert (hold.kind, hold.documents) == ("above_limit", 4)
    books.decide("released", hold)
    assert books.cycle().documents == 4


def test_the_same_number_under_another_id_waits(books: Books) -> None:
    books.put("1", number="INV/1")
    books.cycle()
    books.put("2", number="INV/1")
    books.put("3", number="INV/1", company="us")
    books.put("4", number="INV/4")
    books.put("5", number="INV/4")
    outcome = books.cycle()
    assert [(hold.kind, hold.source_id) for hold in outcome.holds] == [("same_number", "2"), ("same_number", "5")]
    assert outcome.documents == 2
    proven(books)


def test_a_changed_document_waits_and_tells_what_differs(books: Books) -> None:
    books.put("1")
    books.cycle()
    books.later(minutes=1)
    books.put("1", payment_state="paid")
    assert books.cycle().holds == []
    books.put("1", total_amount=Decimal("12.50"), due_date=date(2026, 4, 1))
    [hold] = books.cycle().holds
    assert hold.kind == "changed"
    _, [shown] = documents_of_hold(books.workspace, hold.id)
    assert shown.differences == ("due_date: nothing → 2026-04-01", "total_amount: 10.0000 → 12.5000")
    assert books.cycle().holds == []
    books.decide("released", hold)
    books.cycle()
    assert books.files() == {"inv_000001.csv": "INV/1", "inv_000002.csv": "INV/1"}
    assert "replaced" in proven(books)


def test_a_dismissed_change_is_not_asked_again_but_another_is(books: Books) -> None:
    books.put("1")
    books.cycle()
    books.put("1", total_amount=Decimal("12.50"))
    books.decide("dismissed", *books.cycle().holds)
    books.later(minutes=1)
    books.put("1", payment_state="paid")
    assert books.cycle().holds == []
    books.put("1", total_amount=Decimal("13.00"))
    assert [hold.kind for hold in books.cycle().holds] == ["changed"]
    books.later(minutes=1)
    books.put("1", total_amount=Decimal("10.00"))
    books.cycle()
    assert books.kinds() == []
    assert books.files() == {"inv_000001.csv": "INV/1"}


def test_an_older_version_never_overrides(books: Books) -> None:
    books.put("1")
    books.cycle()
    books.documents["1"] |= {"total_amount": Decimal("1.00"), "modified_at": books.now.replace(day=1)}
    assert books.cycle().holds == []


@pytest.mark.parametrize("state", ["cancelled", "draft"])
def test_a_cancelled_document_waits_and_cannot_be_released(books: Books, state: str) -> None:
    books.put("1")
    books.cycle()
    books.put("1", state=state)
    [hold] = books.cycle().holds
    assert hold.kind == "cancelled"
    with pytest.raises(ConnectorError, match="cannot be released"):
        books.decide("released", hold)
    books.decide("dismissed", hold)
    books.later(minutes=1)
    books.put("1", payment_state="reversed")
    assert books.cycle().holds == []
    books.put("1", state="posted")
    assert books.cycle().holds == []
    books.put("1", state=state)
    assert [one.kind for one in books.cycle().holds] == ["cancelled"]


def test_a_deleted_document_waits_until_it_is_there_again(books: Books) -> None:
    books.put("1")
    books.put("2")
    books.cycle()
    books.delete("1")
    [hold] = books.cycle().holds
    assert (hold.kind, hold.source_id) == ("deleted", "1")
    assert books.cycle().holds == []
    proven(books)


@pytest.mark.parametrize(("policy", "files"), [("ignore", 1), ("send_replacement", 2)])
def test_other_policies_for_changes(books: Books, policy: str, files: int) -> None:
    books.configure(changed=policy)
    books.put("1")
    books.cycle()
    books.later(minutes=1)
    books.put("1", total_amount=Decimal("12.50"))
    for _ in range(2):
        assert books.cycle().holds == []
    assert len(books.files()) == files
    proven(books)


def test_many_replacements_wait_like_many_documents(books: Books) -> None:
    books.configure(changed="send_replacement", hold_above=2)
    books.put("1")
    books.put("2")
    books.cycle()
    books.put("3")
    books.cycle()
    for source_id in "123":
        books.put(source_id, total_amount=Decimal("99.00"))
    [hold] = books.cycle().holds
    assert (hold.kind, hold.documents) == ("above_limit", 3)
    books.decide("released", hold)
    books.cycle()
    assert list(books.files().values())[-1] == "INV/1 INV/2 INV/3"
    proven(books)


def test_test_and_live_have_books_of_their_own(books: Books) -> None:
    books.configure(mode="test")
    books.confirm()
    books.put("1")
    books.cycle()
    books.configure(mode="live")
    books.put("2")
    books.cycle()
    assert books.files("test") == {"inv_000001.csv": "INV/1"}
    assert books.files() == {"inv_000001.csv": "INV/1 INV/2"}
    proven(books)


def test_turning_to_live_holds_the_first_run(unconfirmed: Books) -> None:
    unconfirmed.configure(mode="test")
    unconfirmed.confirm()
    unconfirmed.put("1")
    unconfirmed.render()
    unconfirmed.configure(mode="live")
    assert [hold.kind for hold in unconfirmed.cycle().holds] == ["first_run"]
    assert unconfirmed.files("test") == {"inv_000001.csv": "INV/1"}, "a queued test file goes to test, whatever the mode"
    assert unconfirmed.files() == {}


def test_a_decision_is_made_once(books: Books) -> None:
    books.configure(hold_above=1)
    books.put("1")
    books.put("2")
    [hold] = books.cycle().holds
    with pytest.raises(ConfigurationError, match="reason"):
        decide(books.workspace, [hold.id], "released", by="Ann", reason=" ")
    books.decide("released", hold)
    [again] = decide(books.workspace, [hold.id], "released", by="Bob", reason="me too")
    assert (again.before, again.hold.decided_by) == (True, "Ann")
    with pytest.raises(ConnectorError, match="was released by Ann"):
        decide(books.workspace, [hold.id], "dismissed", by="Bob", reason="no")
    with books.workspace.state.reading() as tx:
        [entry] = audit.entries(tx, kind="decision", reference=f"hold {hold.id}")
        assert entry.segment.rows == 2
        assert holds.find(tx, hold.id).reason == "looked at it"


def test_released_documents_that_are_not_eligible_any_more_stay(unconfirmed: Books) -> None:
    unconfirmed.put("1")
    unconfirmed.put("2")
    [hold] = unconfirmed.cycle().holds
    unconfirmed.put("1", state="cancelled")
    unconfirmed.read()
    unconfirmed.decide("released", hold)
    unconfirmed.cycle()
    assert unconfirmed.files() == {"inv_000001.csv": "INV/2"}
    assert unconfirmed.states() == {"2": "sent"}


def test_preview_shows_what_a_release_would_send(unconfirmed: Books) -> None:
    unconfirmed.put("1")
    unconfirmed.cycle()
    unconfirmed.put("2")
    unconfirmed.read()
    seen = preview_flow(unconfirmed.workspace, "acme", "invoices")
    assert (seen.file.body.documents["source_id"].to_list(), seen.held) == (["1", "2"], 2)


def test_a_baseline_sends_only_what_is_new(unconfirmed: Books) -> None:
    unconfirmed.put("1", document_date=date(2026, 1, 10))
    unconfirmed.put("2", document_date=date(2026, 2, 10))
    unconfirmed.cycle()
    seen = preview_baseline(unconfirmed.workspace, "acme", "invoices", date(2026, 1, 31))
    assert (seen.documents, seen.remaining, seen.totals["total_amount|EUR"]) == (1, 1, "10.0000")
    set_baseline(unconfirmed.workspace, "acme", "invoices", by="Ann", reason="sent by the old system")
    assert unconfirmed.kinds() == []
    unconfirmed.later(minutes=1)
    unconfirmed.put("3")
    unconfirmed.put("4", number="INV/1")
    unconfirmed.put("2", total_amount=Decimal("3.00"))
    unconfirmed.cycle()
    assert unconfirmed.files() == {"inv_000001.csv": "INV/3"}
    assert sorted(unconfirmed.kinds()) == ["changed", "same_number"]
    assert "baseline 1" in proven(unconfirmed)


def test_a_baseline_until_a_day_leaves_the_rest_to_a_first_run(unconfirmed: Books) -> None:
    unconfirmed.put("1", document_date=date(2026, 1, 10))
    unconfirmed.put("2", document_date=date(2026, 2, 10))
    unconfirmed.read()
    set_baseline(unconfirmed.workspace, "acme", "invoices", date(2026, 1, 31), by="Ann", reason="old system")
    assert [(hold.kind, hold.documents) for hold in unconfirmed.cycle().holds] == [("first_run", 1)]


def test_resending_takes_a_new_number_and_is_linked(books: Books) -> None:
    books.put("1")
    books.put("2")
    with pytest.raises(ConnectorError, match="no document"):
        resend_document(books.workspace, "INV/1", by="Ann", reason="lost")
    delivery = books.render().deliveries[0]
    with pytest.raises(ConnectorError, match="has not left yet"):
        resend_delivery(books.workspace, delivery.id, by="Ann", reason="lost")
    books.deliver()
    resend_delivery(books.workspace, delivery.id, by="Ann", reason="refused")
    books.cycle()
    resend_document(books.workspace, "INV/2", by="Ann", reason="lost")
    books.cycle()
    assert list(books.files().values()) == ["INV/1 INV/2", "INV/1 INV/2", "INV/2"]
    proven(books)
    with pytest.raises(ConnectorError, match="left again"):
        resend_delivery(books.workspace, delivery.id, by="Ann", reason="again")


def test_blocked_documents_are_written_with_their_reason(books: Books) -> None:
    books.put("1", total_amount=Decimal("1.005"))
    books.put("2")
    assert list(books.cycle().blocked) == ["1"]
    [row] = blocked_rows(books.workspace, "acme", "invoices").rows()
    assert row[1:] == ("1", "INV/1", "1.0050")
    assert "1.005" in row[0]
    proven(books)
