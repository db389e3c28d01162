"""An incident opens once, is told once a channel, and ends once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mlconnector_assets.state import incidents
from mlconnector_assets.state.database import State
from mlconnector_assets.state.incidents import Condition
from tests.state.conftest import StillClock

LATE = Condition("delivery_late", "partner acme", "1 file waits", "look", 1, ("a.csv",))
DISK = Condition("disk_nearly_full", "folder x", "3 % free", "free some")
DAY = timedelta(days=1)


def note(state: State, *conditions: Condition) -> tuple[list[str], list[str]]:
    with state.transaction() as tx:
        opened, over = incidents.note(tx, conditions, state.clock())
    return [one.kind for one in opened], [one.kind for one in over]


def untold(state: State, channel: str = "mail a", kinds: tuple[str, ...] | None = None) -> list[tuple[str, str]]:
    with state.reading() as tx:
        found = incidents.untold(tx, channel, state.clock(), kinds=kinds, remind_after=DAY)
    return [(notice.event, notice.incident.kind) for notice in found]


def tell(state: State, channel: str = "mail a") -> None:
    with state.transaction() as tx:
        found = incidents.untold(tx, channel, state.clock(), kinds=None, remind_after=DAY)
        incidents.told(tx, channel, found, state.clock())


def test_it_opens_once_keeps_up_and_ends_once(state: State, clock: StillClock):
    assert note(state, LATE, DISK) == (["delivery_late", "disk_nearly_full"], [])
    began = clock.now
    clock.forward(hours=1)
    worse = Condition("delivery_late", "partner acme", "9 files wait", "look", 9, ("a.csv", "b.csv"))
    assert note(state, worse, DISK) == ([], [])
    with state.reading() as tx:
        (late, _) = incidents.listing(tx)
    assert (late.what, late.count, late.examples) == ("9 files wait", 9, ["a.csv", "b.csv"])
    assert (late.opened_at, late.last_seen_at, late.resolved_at) == (began, clock.now, None)
    clock.forward(hours=1)
    assert note(state, DISK) == ([], ["delivery_late"])
    assert note(state, DISK) == ([], [])
    clock.forward(hours=1)
    assert note(state, DISK, LATE) == (["delivery_late"], [])
    with state.reading() as tx:
        assert [(one.id, one.kind, one.resolved_at is None) for one in incidents.listing(tx, closed=True)] == [
            (3, "delivery_late", True),
            (2, "disk_nearly_full", True),
            (1, "delivery_late", False),
        ]


def test_each_channel_tells_once_reminds_and_tells_the_end(state: State, clock: StillClock):
    note(state, LATE)
    assert untold(state, "mail a") == untold(state, "webhook b") == [("opened", "delivery_late")]
    tell(state, "mail a")
    assert (untold(state, "mail a"), untold(state, "webhook b")) == ([], [("opened", "delivery_late")])
    clock.forward(days=1)
    assert untold(state, "mail a") == [("reminder", "delivery_late")]
    tell(state, "mail a")
    assert untold(state, "mail a") == []
    note(state)
    assert untold(state, "mail a") == [("resolved", "delivery_late")]
    assert untold(state, "webhook b") == [], "who never heard of it is not told that it is over"
    tell(state, "mail a")
    clock.forward(days=9)
    assert untold(state, "mail a") == []


def test_a_channel_hears_its_kinds_only(state: State):
    note(state, LATE, DISK)
    assert untold(state, kinds=("disk_nearly_full",)) == [("opened", "disk_nearly_full")]
    assert untold(state, kinds=()) == []


def test_a_failing_channel_waits_longer_each_time_and_as_asked(state: State, clock: StillClock):
    waits = []
    for _ in range(9):
        with state.transaction() as tx:
            waits.append(incidents.failed(tx, "mail a", "did not answer", clock.now) - clock.now)
    assert [wait.total_seconds() / 60 for wait in waits] == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    with state.transaction() as tx:
        incidents.told(tx, "mail a", [], clock.now)
        asked = incidents.failed(tx, "mail a", "429", clock.now, not_before=timedelta(minutes=5)) - clock.now
        endless = incidents.failed(tx, "mail a", "429", clock.now, not_before=timedelta(days=5)) - clock.now
    assert (asked, endless) == (timedelta(minutes=5), timedelta(hours=1))
    with state.reading() as tx:
        channel = incidents.channels(tx)["mail a"]
    assert (channel.failures, channel.last_error, channel.last_sent_at) == (2, "429", clock.now)


@pytest.mark.parametrize("times", [1, 3])
def test_the_same_condition_twice_in_one_pass_is_one_incident(state: State, times: int):
    note(state, *[LATE] * times)
    with state.reading() as tx:
        assert len(incidents.listing(tx)) == 1
