"""Leases: one holder, expiry, fencing, and holders that die or freeze."""

from __future__ import annotations

import os
import signal
import threading
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from mlconnector_assets.clock import system_clock
from mlconnector_assets.errors import LeaseHeld, LeaseLost, StateError
from mlconnector_assets.state.database import State
from mlconnector_assets.state.leases import Leases
from mlconnector_assets.state.schema import LEASES
from tests.state.workers import hold_and_wait, hold_check_tell, in_many, started, take_once, wait_for

MINUTE = timedelta(minutes=1)


def test_only_one_holds_a_lease(state: State):
    state.leases.take("read odoo", "first", MINUTE)
    with pytest.raises(LeaseHeld) as caught:
        state.leases.take("read odoo", "second", MINUTE)
    assert "first" in caught.value.what and "2026-03-01 12:01:00 UTC" in caught.value.what
    with pytest.raises(LeaseHeld):
        state.leases.take("read odoo", "first", MINUTE)
    assert state.leases.take("read xero", "second", MINUTE).owner == "second"


def test_a_lease_expires_and_the_fence_rises(state: State, clock):
    old = state.leases.take("read odoo", "first", MINUTE)
    clock.forward(seconds=60)
    new = state.leases.take("read odoo", "second", MINUTE)
    assert new.fence > old.fence
    for use in (state.leases.check, state.leases.renew):
        with pytest.raises(LeaseLost):
            use(old)
    state.leases.check(new)


def test_what_a_loser_does_changes_nothing_for_the_new_holder(state: State, clock):
    old = state.leases.take("read odoo", "same name", MINUTE)
    clock.forward(minutes=2)
    new = state.leases.take("read odoo", "same name", MINUTE)
    state.leases.release(old)
    state.leases.check(new)
    with pytest.raises(LeaseHeld):
        state.leases.take("read odoo", "third", MINUTE)


def test_renewing_and_checking_extend(state: State, clock):
    lease = state.leases.take("read odoo", "first", MINUTE)
    for use in (state.leases.renew, state.leases.check):
        clock.forward(seconds=50)
        use(lease)
    clock.forward(seconds=50)
    with pytest.raises(LeaseHeld):
        state.leases.take("read odoo", "second", MINUTE)


def test_an_expired_lease_that_nobody_took_is_still_ours(state: State, clock):
    lease = state.leases.take("read odoo", "first", MINUTE)
    clock.forward(hours=1)
    state.leases.check(lease)
    with pytest.raises(LeaseHeld):
        state.leases.take("read odoo", "second", MINUTE)


def test_a_released_lease_is_free_at_once_and_lost_to_its_holder(state: State):
    lease = state.leases.take("read odoo", "first", MINUTE)
    state.leases.release(lease)
    with pytest.raises(LeaseLost):
        state.leases.check(lease)
    assert state.leases.take("read odoo", "second", MINUTE).fence > lease.fence


def test_hold_releases_also_after_a_failure(state: State):
    with pytest.raises(InterruptedError), state.leases.hold("read odoo", "first", MINUTE):
        raise InterruptedError
    with state.leases.hold("read odoo", "second", MINUTE) as lease:
        assert lease.owner == "second"
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("lease")]


def test_hold_renews_for_as_long_as_it_takes(url: str):
    with State.open(url, clock=system_clock) as state, state.leases.hold("read odoo", "first", timedelta(seconds=0.6)) as lease:
        waiting = threading.Event()
        for _ in range(8):
            waiting.wait(0.2)
            with pytest.raises(LeaseHeld):
                state.leases.take("read odoo", "second", MINUTE)
        state.leases.check(lease)


def test_a_renewal_that_fails_for_a_moment_is_tried_again(
    state: State, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    renewed = threading.Event()
    answers = iter([StateError("no answer"), None])
    renew = Leases.renew

    def sometimes(self, lease):
        if (error := next(answers, None)) is not None:
            raise error
        renew(self, lease)
        renewed.set()

    monkeypatch.setattr(Leases, "renew", sometimes)
    with state.leases.hold("read odoo", "first", timedelta(seconds=0.3)):
        assert renewed.wait(30)
    assert "could not be renewed yet: no answer" in caplog.text


def test_of_many_takers_one_wins(url: str, state: State):
    results = in_many(take_once, [(url, "read odoo")] * 6)
    assert sorted(results, key=str) == [1, None, None, None, None, None]


def test_what_a_killed_process_held_is_free_at_once(url: str, state: State, tmp_path: Path):
    sign = tmp_path / "sign"
    with started(hold_and_wait, url, "read odoo", 3600, sign) as holder:
        wait_for(sign)
        with pytest.raises(LeaseHeld):
            state.leases.take("read odoo", "next", MINUTE)
        holder.kill()
        holder.join()
    assert state.leases.take("read odoo", "next", MINUTE).fence == 2


def test_a_frozen_holder_loses(url: str, tmp_path: Path):
    sign, go_on = tmp_path / "sign", tmp_path / "go_on"
    with State.open(url, clock=system_clock) as state, started(hold_check_tell, url, "read odoo", 0.5, sign, go_on) as holder:
        wait_for(sign, "held")
        os.kill(holder.pid, signal.SIGSTOP)
        new = None
        while new is None:
            try:
                new = state.leases.take("read odoo", "second", MINUTE)
            except LeaseHeld:
                threading.Event().wait(0.05)
        go_on.touch()
        os.kill(holder.pid, signal.SIGCONT)
        holder.join()
        assert sign.read_text() == "lost"
        state.leases.check(new)


def test_taking_a_lease_does_not_wait_for_a_long_transaction(state: State):
    with state.transaction():
        state.leases.release(state.leases.take("read odoo", "first", MINUTE))


def test_the_leases_of_sqlite_are_a_file_that_may_be_lost(tmp_path: Path, clock):
    url = f"sqlite:///{tmp_path}/state.db"
    with State.open(url, clock=clock) as state:
        state.leases.take("read odoo", "first", MINUTE)
        with pytest.raises(StateError), state.reading() as tx:
            tx.execute(sa.select(LEASES))
    (tmp_path / "state-leases.db").unlink()
    with State.open(url, clock=clock) as state:
        assert state.leases.take("read odoo", "second", MINUTE).fence == 1
