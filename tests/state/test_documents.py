"""Documents leave once."""

from __future__ import annotations

from datetime import timedelta

from mlconnector_assets.state import documents
from mlconnector_assets.state.database import State
from tests.state.workers import NOON, claim_all, document, in_many, queue_file

IDENTITY = ("acme", "invoices", "odoo")


def test_a_document_is_claimed_once_per_flow(state: State):
    with state.transaction() as tx:
        assert sorted(documents.claim(tx, [document("2"), document("1")])) == ["1", "2"]
    with state.transaction() as tx:
        assert documents.claim(tx, [document("1"), document("3")]) == ["3"]
        assert documents.claim(tx, [document("1", **{part: "other"}) for part in ("partner", "flow", "connection")]) == ["1"] * 3
        assert documents.claim(tx, []) == []
        assert documents.known(tx, *IDENTITY, ["1", "2", "4"]) == {"1": document("1"), "2": document("2")}


def test_a_failed_claim_leaves_the_document_to_others(state: State):
    try:
        with state.transaction() as tx:
            documents.claim(tx, [document("1")])
            raise InterruptedError
    except InterruptedError:
        pass
    with state.transaction() as tx:
        assert documents.claim(tx, [document("1")]) == ["1"]


def test_many_documents_at_once(state: State):
    many = [document(f"{number:06d}") for number in range(2500)]
    with state.transaction() as tx:
        assert len(documents.claim(tx, many)) == 2500
        assert documents.claim(tx, many) == []
        assert len(documents.known(tx, *IDENTITY, [row.source_id for row in many])) == 2500


def test_a_blocked_document_can_be_claimed_later_with_what_it_is_then(state: State):
    with state.transaction() as tx:
        documents.block(tx, [document("1", reason="amount: 1.005 has more than 2 decimals", rendered_hash=None)])
        (row,) = documents.blocked(tx, "acme", "invoices")
        assert (row.state, row.reason) == ("blocked", "amount: 1.005 has more than 2 decimals")
        documents.block(tx, [document("1", reason="account: unknown code 4711")])
        assert documents.blocked(tx, "acme", "invoices")[0].reason == "account: unknown code 4711"
        assert documents.blocked(tx, "globex", "invoices") == []
        mended = document("1", business_hash="business-2", modified_at=NOON + timedelta(hours=1))
        assert documents.claim(tx, [mended]) == ["1"]
        assert documents.known(tx, *IDENTITY, ["1"]) == {"1": mended}
        assert documents.blocked(tx, "acme", "invoices") == []


def test_a_sent_document_cannot_be_blocked(state: State):
    with state.transaction() as tx:
        documents.claim(tx, [document("1")])
        documents.block(tx, [document("1", reason="late")])
        assert documents.known(tx, *IDENTITY, ["1"]) == {"1": document("1")}


def test_a_document_that_is_not_wanted_any_more_is_forgotten_unless_it_left(state: State):
    with state.transaction() as tx:
        delivery = queue_file(tx, "acme", 1)
        documents.block(tx, [document("1", reason="x"), document("2", reason="x")])
        documents.claim(tx, [document("3", delivery_id=delivery.id)])
        documents.reopen(tx, documents.known(tx, *IDENTITY, ["3"])["3"], hold_id=None, reason="again")
        documents.give_up(tx, documents.known(tx, *IDENTITY, ["1", "3"]).values())
        assert {key: row.state for key, row in documents.known(tx, *IDENTITY, ["1", "2", "3"]).items()} == {
            "2": "blocked",
            "3": "sent",
        }


def test_documents_know_their_delivery(state: State):
    with state.transaction() as tx:
        delivery = queue_file(tx, "acme", 1)
        documents.claim(tx, [document("1", delivery_id=delivery.id), document("2", delivery_id=delivery.id), document("3")])
        known = documents.known(tx, *IDENTITY, ["1", "2", "3"])
        assert [known[source_id].delivery_id for source_id in "123"] == [delivery.id, delivery.id, None]


def test_a_replacement_that_cannot_be_rendered_keeps_what_it_replaces(state: State):
    with state.transaction() as tx:
        delivery = queue_file(tx, "acme", 1)
        documents.claim(tx, [document("1", delivery_id=delivery.id)])
        documents.reopen(tx, documents.known(tx, *IDENTITY, ["1"])["1"], hold_id=7, reason="again")
        documents.block(tx, [document("1", reason="too long")])
        row = documents.known(tx, *IDENTITY, ["1"])["1"]
        assert (row.state, row.delivery_id, row.hold_id) == ("blocked", delivery.id, 7)


def test_eight_processes_claim_each_document_exactly_once(state: State, url: str):
    """Each tries all, in another order, and takes back a third of what it claimed."""
    ids = [f"{number:04d}" for number in range(600)]
    claims = [source_id for ours in in_many(claim_all, [(url, ids, seed) for seed in range(8)]) for source_id in ours]
    assert len(claims) == len(set(claims))
    assert len(claims) > 100
    with state.transaction() as tx:
        rest = documents.claim(tx, [document(source_id) for source_id in ids])
    assert sorted([*claims, *rest]) == ids
