"""The inbox's rows, on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mlconnector_assets.errors import ConnectorError
from mlconnector_assets.state import inbox
from mlconnector_assets.state.database import State
from mlconnector_assets.state.inbox import InboundFile, Sighting
from tests.state.conftest import StillClock

MINUTE = timedelta(minutes=1)
TEN = timedelta(minutes=10)


def seen(name: str, size: int = 10, mtime: int = 1, **more) -> Sighting:
    return Sighting(f"inbound/{name}", "gl", size, mtime, **more)


def sight(state: State, *found: Sighting, renames: bool = True, stable_for: timedelta = MINUTE) -> list[Sighting]:
    with state.transaction() as tx:
        return inbox.sight(tx, "acme", found, state.clock(), stable_for, renames=renames)


def claim(state: State, owner: str = "one", files: int = 100, size: int = 1 << 40) -> list[InboundFile]:
    with state.transaction() as tx:
        return inbox.claim(tx, "acme", owner, state.clock(), TEN, processing="processing", files=files, size=size)


def receive(state: State, row: InboundFile, sha256: str = "aa", *, keep: bool = False) -> InboundFile | None:
    with state.transaction() as tx:
        return inbox.received(tx, row, sha256, 10, state.clock(), keep=keep)


def rows(state: State) -> list[InboundFile]:
    with state.reading() as tx:
        return inbox.listing(tx)


def taken(state: State, name: str, sha256: str) -> InboundFile:
    sight(state, seen(name), stable_for=timedelta(0))
    row = receive(state, claim(state)[0], sha256)
    assert row
    return row


def test_what_changes_or_goes_is_not_taken(state: State, clock: StillClock) -> None:
    sight(state, seen("a"), seen("b"), seen("c"))
    clock.forward(minutes=1)
    sight(state, seen("a"), seen("b", size=11))
    assert [row.name for row in claim(state)] == ["a"]
    clock.forward(minutes=1)
    sight(state, seen("b", size=11))
    assert [row.name for row in claim(state)] == ["b"]
    assert [row.name for row in rows(state)] == ["b", "a"]


def test_a_claim_is_exclusive_until_it_expires(state: State, clock: StillClock) -> None:
    sight(state, seen("a"), stable_for=timedelta(0))
    (first,) = claim(state)
    assert claim(state, "two") == []
    clock.forward(minutes=10)
    (second,) = claim(state, "two")
    assert (second.attempts, second.lies_at) == (2, first.lies_at)
    assert receive(state, first) is None
    assert receive(state, second) is not None
    assert [row.state for row in rows(state)] == ["received"]


def test_a_batch_ends_by_number_and_by_bytes(state: State) -> None:
    sight(state, *(seen(name, size=400) for name in "abcdef"), stable_for=timedelta(0))
    assert len(claim(state, files=2)) == 2
    assert len(claim(state, size=900)) == 2
    assert len(claim(state, size=1)) == 1


def test_a_reason_is_told_once(state: State, clock: StillClock) -> None:
    large = seen("a", reason="too large")
    assert sight(state, large) == [large]
    assert sight(state, large) == []
    clock.forward(days=1)
    assert claim(state) == []
    sight(state, seen("a"))
    assert [row.state for row in rows(state)] == ["seen"]


def test_where_files_stay_they_are_known_by_path_size_and_time(state: State) -> None:
    at_once = {"renames": False, "stable_for": timedelta(0)}
    sight(state, seen("a"), **at_once)
    (row,) = claim(state)
    sight(state, seen("a"), **at_once)
    assert claim(state, "two") == []
    receive(state, row)
    sight(state, seen("a"), **at_once)
    assert claim(state) == []
    sight(state, seen("a", mtime=2), **at_once)
    assert len(claim(state)) == 1


def test_one_row_for_each_content_of_a_path(state: State) -> None:
    first = taken(state, "a", "aa")
    assert first.state == "received"
    assert taken(state, "a", "bb").state == "received"
    again = taken(state, "a", "aa")
    assert (again.state, again.duplicate_of) == ("duplicate", first.id)
    with pytest.raises(ConnectorError, match="no file of its own"), state.transaction() as tx:
        inbox.retry(tx, again.id, state.clock())
    other = taken(state, "b", "aa")
    assert (other.state, other.duplicate_of) == ("duplicate", first.id)
    with state.transaction() as tx:
        assert inbox.retry(tx, other.id, state.clock()).state == "received"


def test_only_the_newest_claim_may_conclude(state: State, clock: StillClock) -> None:
    row = taken(state, "a", "aa")
    with state.transaction() as tx:
        (old,) = inbox.claim_received(tx, "acme", "one", clock(), TEN, files=5)
        assert inbox.claim_received(tx, "acme", "two", clock(), TEN, files=5) == []
    clock.forward(minutes=10)
    with state.transaction() as tx:
        (new,) = inbox.claim_received(tx, "acme", "two", clock(), TEN, files=5)
        assert not inbox.handed_over(tx, old, "kept", clock())
        assert inbox.failed(tx, new, "no amount", clock())
        assert [one.id for one in inbox.to_file(tx, "acme")] == [row.id]
        assert inbox.retry(tx, row.id, clock()).state == "received"
        assert [one.id for one in inbox.to_hand_over(tx, "acme", clock())] == [row.id]


def test_what_is_not_failed_is_not_retried(state: State) -> None:
    sight(state, seen("a"))
    (row,) = rows(state)
    with pytest.raises(ConnectorError, match="is seen"), state.transaction() as tx:
        inbox.retry(tx, row.id, state.clock())
    with pytest.raises(ConnectorError, match="no inbound file 99"), state.transaction() as tx:
        inbox.retry(tx, 99, state.clock())
