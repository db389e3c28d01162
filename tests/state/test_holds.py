"""A hold is decided once, whoever decides at the same time; and a document only moves along the picture of its states."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlconnector_assets.errors import ConnectorError
from mlconnector_assets.state import documents, flow_rules, holds
from mlconnector_assets.state.database import State
from mlconnector_assets.state.documents import DocumentRow
from mlconnector_assets.state.holds import Hold
from tests.state.conftest import StillClock
from tests.state.workers import NOON, claim_while_released, decide_hold, document, in_many, queue_file

IDENTITY = ("acme", "invoices", "odoo")
LEFT = {"sent", "baseline", "changed", "cancelled", "deleted"}
MOVES = {
    None: {"held", "blocked", "sent", "baseline"},
    "blocked": {None, "sent", "held", "baseline"},
    "held": {"released", "dismissed", "baseline"},
    "released": {None, "sent", "blocked", "baseline", "cancelled", "deleted"},
    "dismissed": {"baseline"},
    "baseline": {"changed", "cancelled", "deleted", "released"},
    "sent": {"changed", "cancelled", "deleted", "released"},
    "changed": {"sent", "baseline", "released", "cancelled", "deleted"},
    "cancelled": {"sent", "baseline", "released", "changed", "deleted"},
    "deleted": {"sent", "baseline", "released", "changed", "cancelled"},
}
"""Where a document may go from each state; None is a document that is not on record."""


def opened(tx, *source_ids: str, kind: str = "above_limit", **values) -> Hold:
    hold = holds.add(
        tx, partner="acme", flow="invoices", connection="odoo", kind=kind, about="x", documents=len(source_ids),
        opened_at=NOON, **values,
    )  # fmt: skip
    documents.hold(tx, [document(source_id) for source_id in source_ids], hold.id)
    return hold


def test_many_people_decide_and_one_decision_stands(state: State, url: str) -> None:
    ids = [str(number) for number in range(50)]
    with state.transaction() as tx:
        hold = opened(tx, *ids)
    decisions = ["released", "dismissed"] * 3
    answers = in_many(decide_hold, [(url, hold.id, decision, f"person {n}") for n, decision in enumerate(decisions)])
    assert Counter(answers) == {"decided": 1, "before": 2, "refused": 3}
    winner = decisions[answers.index("decided")]
    with state.reading() as tx:
        assert holds.find(tx, hold.id).state == winner
        assert {row.state for row in documents.known(tx, *IDENTITY, ids).values()} == {winner}


def test_released_documents_leave_once_with_two_renderers(state: State, url: str) -> None:
    ids = [f"{number:03d}" for number in range(60)]
    with state.transaction() as tx:
        opening = [opened(tx, *ids[start : start + 10]).id for start in range(0, 60, 10)]
    claims = in_many(claim_while_released, [(url, opening, ids, releases) for releases in (True, False, False)])
    assert sorted(source_id for ours in claims for source_id in ours) == ids


def test_a_withdrawn_hold_is_not_decided(state: State) -> None:
    with state.transaction() as tx:
        hold = opened(tx, "1")
        assert holds.withdraw(tx, hold.id, "went away", NOON)
        with pytest.raises(ConnectorError, match="was withdrawn by ml-connector"):
            holds.settle(tx, holds.find(tx, hold.id), "released", by="Ann", reason="x", at=NOON)
        assert not holds.withdraw(tx, hold.id, "again", NOON)
        assert holds.open(tx) == []
        with pytest.raises(ConnectorError, match="no hold 99"):
            holds.find(tx, 99)


def test_rules_and_runs_are_remembered_per_flow(state: State) -> None:
    with state.transaction() as tx:
        assert flow_rules.confirmed(tx, "acme", "invoices") is None
        flow_rules.confirm(tx, "acme", "invoices", {"where": "true"}, NOON)
        flow_rules.confirm(tx, "acme", "invoices", {"where": "false"}, NOON)
        assert flow_rules.confirmed(tx, "acme", "invoices") == {"where": "false"}
        assert flow_rules.confirmed(tx, "acme.test", "invoices") is None
        for size in (3, 4):
            flow_rules.note_run(tx, "acme", "invoices", size, NOON)
        assert flow_rules.run_sizes(tx, "acme", "invoices") == [4, 3]


STEPS = ["claim", "block", "hold", "release", "dismiss", "baseline", "change", "cancel", "delete", "reopen", "leave", "give up"]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(st.tuples(st.sampled_from(STEPS), st.sampled_from("ab")), max_size=25))
def test_documents_move_only_along_the_picture(tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str]]) -> None:
    """Whatever is tried: what left stays on record as left, and what was dismissed never leaves."""
    with database(tmp_path_factory).transaction() as tx:
        delivery = queue_file(tx, "acme", 1)
        dismissed: set[str] = set()
        for step, key in steps:
            before = documents.known(tx, *IDENTITY, [key]).get(key)
            attempt(tx, step, key, before, delivery.id)
            after = documents.known(tx, *IDENTITY, [key]).get(key)
            was, now = before.state if before else None, after.state if after else None
            assert now == was or now in MOVES[was], (step, was, now)
            if before and (before.delivery_id or was in LEFT):
                assert after and (after.delivery_id == before.delivery_id or now == "sent"), step
            dismissed = (dismissed | {key}) if now == "dismissed" else dismissed
            assert key not in dismissed or now in {"dismissed", *LEFT, "released"}
            assert key not in dismissed or after.delivery_id is None or was != "dismissed"
        tx.rollback()


def attempt(tx, step: str, key: str, row: DocumentRow | None, delivery_id: int) -> None:
    """Do this to the document, as the steps do it: what they decide on is the row they saw."""
    if step == "claim":
        documents.claim(tx, [document(key, delivery_id=delivery_id)])
    elif step == "block":
        documents.block(tx, [document(key, reason="x")])
    elif step == "hold":
        opened(tx, key)
    elif step == "baseline":
        documents.baseline(tx, [document(key)])
    elif row is None:
        return
    elif step in ("release", "dismiss") and row.hold_id is not None and row.state not in ("cancelled", "deleted"):
        (documents.release_held if step == "release" else documents.dismiss_held)(tx, row.hold_id)
    elif step in ("change", "cancel", "delete") and row.state in LEFT:
        to = {"change": "changed", "cancel": "cancelled", "delete": "deleted"}[step]
        hold = opened(tx, kind=to, source_id=key)
        documents.deviate(tx, row, to, hold_id=hold.id, seen_hash="x", reason="x")  # type: ignore[arg-type]
    elif step == "reopen" and row.state == "sent":
        documents.reopen(tx, row, hold_id=None, reason="again")
    elif step == "leave" and row.state in documents.DEVIATED:
        documents.leave(tx, row, seen_hash=None)
    elif step == "give up" and row.state in documents.WAITING:
        documents.give_up(tx, [row])


OPENED: dict[str, State] = {}


def database(tmp_path_factory: pytest.TempPathFactory) -> State:
    """One database for all examples; each rolls back."""
    if "state" not in OPENED:
        OPENED["state"] = State.open(f"sqlite:///{tmp_path_factory.mktemp('states')}/state.db", clock=StillClock())
    return OPENED["state"]
