"""The outbox."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from mlconnector_assets.errors import ConnectorError, LeaseHeld, LeaseLost, StateError
from mlconnector_assets.state import deliveries
from mlconnector_assets.state.database import State
from tests.state.workers import NOON, claim_and_wait, in_many, queue_file, send_all, started, wait_for

TTL = timedelta(minutes=5)


def claim(tx, partner: str = "acme", owner: str = "me", now=NOON):
    return deliveries.claim_next(tx, partner, owner, now, TTL)


def test_a_file_goes_through_the_queue(state: State):
    with state.transaction() as tx:
        made = queue_file(tx, "acme", 1)
        assert (made.state, made.attempts, made.next_attempt_at, made.folder) == ("queued", 0, NOON, "outbound")
        assert deliveries.queued(tx) == deliveries.queued(tx, "acme", NOON) == [made]
        taken = claim(tx)
        assert (taken.id, taken.state, taken.attempts, taken.owner, taken.owned_until) == (
            made.id,
            "sending",
            1,
            "me",
            NOON + TTL,
        )
        assert claim(tx) is None
        assert deliveries.still_owned(tx, taken)
        assert deliveries.queued(tx) == [taken]
        assert deliveries.queued(tx, due_at=NOON) == []
        deliveries.delivered(tx, taken, NOON, "sent")
        assert not deliveries.still_owned(tx, taken)
        done = deliveries.find(tx, made.id)
        assert (done.state, done.delivered_at, done.how, done.owner, done.last_error) == ("delivered", NOON, "sent", None, None)
        assert deliveries.queued(tx) == []
        assert claim(tx) is None


def test_oldest_first_and_each_partner_for_itself(state: State):
    with state.transaction() as tx:
        first, other, second = queue_file(tx, "acme", 1), queue_file(tx, "globex", 1), queue_file(tx, "acme", 2)
        assert [claim(tx).id, claim(tx).id] == [first.id, second.id]
        assert claim(tx) is None
        assert claim(tx, "globex").id == other.id


def test_a_name_serves_once_per_partner_and_folder(state: State):
    with state.transaction() as tx:
        queue_file(tx, "acme", 1)
        queue_file(tx, "globex", 1)
    with pytest.raises(StateError, match=r"acme_1\.csv") as caught, state.transaction() as tx:
        queue_file(tx, "acme", 1)
    assert "file_name" in caught.value.mend


def test_a_postponed_file_waits_for_its_time(state: State):
    with state.transaction() as tx:
        made = queue_file(tx, "acme", 1)
        deliveries.postpone(tx, claim(tx), "does not answer", NOON + TTL)
        assert claim(tx) is None
        assert deliveries.queued(tx, "acme", NOON) == []
        assert [waiting.last_error for waiting in deliveries.queued(tx, "acme")] == ["does not answer"]
        again = claim(tx, now=NOON + TTL)
        assert (again.id, again.attempts) == (made.id, 2)
        assert (again.sha256, again.remote_name, again.control_number) == (made.sha256, made.remote_name, made.control_number)


def test_an_expired_worker_is_fenced_off(state: State):
    with state.transaction() as tx:
        queue_file(tx, "acme", 1)
        frozen = claim(tx, owner="same name")
        assert claim(tx, now=NOON + TTL - timedelta(seconds=1)) is None
        assert deliveries.queued(tx, "acme", NOON + TTL) == [frozen]
        new = claim(tx, owner="same name", now=NOON + TTL)
        assert new.id == frozen.id
        assert not deliveries.still_owned(tx, frozen)
    for finish in (
        lambda tx: deliveries.delivered(tx, frozen, NOON, "sent"),
        lambda tx: deliveries.postpone(tx, frozen, "x", NOON),
        lambda tx: deliveries.give_up(tx, frozen, "x"),
        lambda tx: deliveries.uncertain(tx, frozen, "x"),
    ):
        with pytest.raises(LeaseLost, match=r"acme_1\.csv"), state.transaction() as tx:
            finish(tx)
    with state.transaction() as tx:
        assert deliveries.find(tx, new.id) == new
        deliveries.delivered(tx, new, NOON, "found")


@pytest.mark.parametrize("end", ["delivered", "dead", "uncertain", "queued"])
def test_replay_sends_the_same_again(state: State, end: str):
    later = NOON + timedelta(days=1)
    with state.transaction() as tx:
        made = queue_file(tx, "acme", 1)
        taken = claim(tx)
        if end == "delivered":
            deliveries.delivered(tx, taken, NOON, "sent")
        elif end == "dead":
            deliveries.give_up(tx, taken, "refused")
        elif end == "uncertain":
            deliveries.uncertain(tx, taken, "connection cut while renaming")
        else:
            deliveries.postpone(tx, taken, "does not answer", later + timedelta(days=9))
        assert deliveries.find(tx, made.id).state == end
        assert claim(tx) is None
        replayed = deliveries.replay(tx, made.id, later)
        assert (replayed.state, replayed.delivered_at, replayed.how, replayed.attempts) == ("queued", None, None, 1)
        again = claim(tx, now=later)
    same = ("id", "remote_name", "folder", "sha256", "size", "control_number", "documents", "totals", "created_at")
    assert [getattr(again, name) for name in same] == [getattr(made, name) for name in same]
    assert again.attempts == 2


def test_replay_waits_for_a_worker_that_is_sending(state: State):
    with state.transaction() as tx:
        queue_file(tx, "acme", 1)
        taken = claim(tx)
        with pytest.raises(LeaseHeld, match="me"):
            deliveries.replay(tx, taken.id, NOON)
        deliveries.replay(tx, taken.id, NOON + TTL)
        assert not deliveries.still_owned(tx, taken)


def test_an_unknown_delivery(state: State):
    for look in (lambda tx: deliveries.find(tx, 77), lambda tx: deliveries.replay(tx, 77, NOON)):
        with pytest.raises(ConnectorError, match="no delivery 77") as caught, state.transaction() as tx:
            look(tx)
        assert "outbox list" in caught.value.mend


def test_listing_is_newest_first_and_filtered(state: State):
    with state.transaction() as tx:
        made = [queue_file(tx, partner, number) for number in (1, 2, 3) for partner in ("acme", "globex")]
        deliveries.give_up(tx, claim(tx), "refused")
        assert [row.id for row in deliveries.listing(tx)] == [row.id for row in reversed(made)]
        assert [row.control_number for row in deliveries.listing(tx, "acme", limit=2)] == [3, 2]
        assert [row.last_error for row in deliveries.listing(tx, state="dead")] == ["refused"]


def test_eight_workers_send_each_file_once(state: State, url: str):
    with state.transaction() as tx:
        made = [queue_file(tx, "acme", number) for number in range(1, 101)]
    sent = [one for ours in in_many(send_all, [(url, "acme")] * 8) for one in ours]
    assert sorted(sent) == [(delivery.id, delivery.sha256) for delivery in made]
    with state.reading() as tx:
        assert {(row.state, row.attempts) for row in deliveries.listing(tx)} == {("delivered", 1)}


def test_the_file_of_a_killed_worker_is_free_at_once(state: State, url: str, tmp_path: Path):
    with state.transaction() as tx:
        made = queue_file(tx, "acme", 1)
    with started(claim_and_wait, url, "acme", tmp_path / "sign") as worker:
        wait_for(tmp_path / "sign")
        with state.transaction() as tx:
            assert claim(tx) is None
        worker.kill()
        worker.join()
    with state.transaction() as tx:
        assert [row.id for row in deliveries.queued(tx, due_at=NOON)] == [made.id]
        taken = claim(tx)
        assert (taken.id, taken.attempts) == (made.id, 2)


def test_a_batch_is_claimed_by_number_and_size(state: State):
    with state.transaction() as tx:
        made = [queue_file(tx, "acme", number) for number in range(1, 8)]
        size = made[3].size + made[4].size
        assert deliveries.count_ready(tx, "acme", NOON) == 7
        first = deliveries.claim(tx, "acme", "me", NOON, TTL, files=3, size=1 << 40)
        assert [one.id for one in first] == [one.id for one in made[:3]]
        assert {(one.state, one.attempts, one.owner) for one in first} == {("sending", 1, "me")}
        assert [one.id for one in deliveries.claim(tx, "acme", "me", NOON, TTL, files=9, size=size)] == [
            made[3].id,
            made[4].id,
        ]
        assert [one.id for one in deliveries.claim(tx, "acme", "me", NOON, TTL, files=9, size=0)] == [made[5].id]
        assert deliveries.count_ready(tx, "acme", NOON) == 1
        assert deliveries.count_ready(tx, "globex", NOON) == 0


def test_publishing_is_noted_for_those_that_are_still_ours(state: State):
    with state.transaction() as tx:
        queue_file(tx, "acme", 1), queue_file(tx, "acme", 2)
        ours, lost = deliveries.claim(tx, "acme", "me", NOON, TTL, files=2, size=1 << 40)
        later = NOON + 2 * TTL
        deliveries.renew(tx, [ours], later + TTL)
        again = deliveries.claim(tx, "acme", "another", later, TTL, files=2, size=1 << 40)
        assert [one.id for one in again] == [lost.id]
        assert deliveries.publish(tx, [ours, lost], later + 2 * TTL) == {ours.id}
        assert deliveries.publish(tx, [], later) == set()
        found = deliveries.find(tx, ours.id)
        assert (found.publishing, found.owned_until) == (1, later + 2 * TTL)
        assert deliveries.find(tx, lost.id).publishing is None
        assert deliveries.all_delivered(tx, [ours, lost], later, "sent") == {ours.id}
        assert (deliveries.find(tx, ours.id).state, deliveries.find(tx, lost.id).state) == ("delivered", "sending")


def test_what_is_known_of_publishing_outlasts_a_failure_but_no_replay(state: State):
    with state.transaction() as tx:
        queue_file(tx, "acme", 1)
        taken = claim(tx)
        deliveries.publish(tx, [taken], NOON + TTL)
        deliveries.postpone(tx, taken, "cut off", NOON + TTL)
        deliveries.make_due(tx, "acme", NOON)
        assert claim(tx).publishing == 1
        assert deliveries.replay(tx, taken.id, NOON + 2 * TTL).publishing is None


def test_a_delivery_of_ours_may_get_another_name(state: State):
    with state.transaction() as tx:
        queue_file(tx, "acme", 1)
        taken = claim(tx)
        renamed = deliveries.rename(tx, taken, "acme_1_new.csv")
        assert (renamed.remote_name, renamed.attempts) == ("acme_1_new.csv", 1)
        deliveries.delivered(tx, renamed, NOON, "sent")
        with pytest.raises(LeaseLost):
            deliveries.rename(tx, taken, "again.csv")


def test_only_what_waits_is_made_due(state: State):
    with state.transaction() as tx:
        queue_file(tx, "acme", 1), queue_file(tx, "acme", 2), queue_file(tx, "globex", 1)
        waiting, dead = claim(tx), claim(tx)
        deliveries.postpone(tx, waiting, "no", NOON + TTL)
        deliveries.give_up(tx, dead, "no")
        other = claim(tx, "globex")
        deliveries.postpone(tx, other, "no", NOON + TTL)
        deliveries.make_due(tx, "acme", NOON)
        assert [one.id for one in deliveries.queued(tx, due_at=NOON)] == [waiting.id]
