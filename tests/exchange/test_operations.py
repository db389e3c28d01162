"""Coroutines that run together over one conversation."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlconnector_assets.exchange.operations import Meeting, Operations, run_together
from mlconnector_assets.exchange.wire import Code, Flags, Kind, StatusError, Wire
from tests.exchange.memory_server import MemoryServer


@settings(max_examples=30, deadline=None)
@given(
    count=st.integers(0, 40),
    most=st.integers(1, 50),
    seed=st.integers(0, 10**6),
    refused=st.sets(st.integers(1, 120), max_size=10),
)
def test_all_end_meet_once_and_keep_to_the_limit(count: int, most: int, seed: int, refused: set[int]) -> None:
    """Every request may be answered in any order, and some are refused."""
    seen = 0

    def refuse(kind: Kind, number: int) -> int:
        nonlocal seen
        seen += kind in (Kind.OPEN, Kind.CLOSE)
        return Code.FAILURE if seen in refused else Code.OK

    files = Operations(Wire(MemoryServer(mood=random.Random(seed), refuse=refuse)))
    met: list[list[int]] = []
    on_their_way = most_on_their_way = 0

    async def work(number: int) -> str:
        nonlocal on_their_way, most_on_their_way
        on_their_way += 1
        most_on_their_way = max(most_on_their_way, on_their_way)
        try:
            handle = await files.open(b"file", Flags.WRITE_NEW)
            await files.close(handle)
        except StatusError:
            return "refused"
        finally:
            on_their_way -= 1
        await meeting(number)
        await files.close(handle)
        return f"done {number}" if number in met[-1] else "not met"

    async def tolerant(number: int) -> str:
        try:
            return await work(number)
        except StatusError:
            return "refused"

    meeting = Meeting(lambda brought: met.append(list(brought)))
    results = run_together([tolerant(number) for number in range(count)], files.wire, most=most)
    assert all(result in ("refused", f"done {number}") for number, result in enumerate(results))
    assert len(met) <= 1
    assert most_on_their_way <= most
    assert not files.wire.broken


def test_a_reply_that_came_while_another_was_waited_for_is_not_missed() -> None:
    files = Operations(Wire(MemoryServer(mood=random.Random(1))))

    async def blocking(number: int) -> int:
        handle = await files.open(b"file", Flags.WRITE_NEW)
        if number % 2:
            files.now(files.close(handle))  # waits by itself, and takes in the others' replies
        else:
            await files.close(handle)
        return number

    assert run_together([blocking(number) for number in range(20)], files.wire, most=20) == list(range(20))


def test_a_conversation_that_ends_ends_every_coroutine_with_its_own_words() -> None:
    server = MemoryServer()
    files = Operations(Wire(server))

    async def work(number: int) -> str:
        try:
            await files.open(b"file", Flags.READ)
        except EOFError:
            return f"{number} broke"
        return f"{number} went well"

    server.answer = lambda kind, body: None
    assert run_together([work(number) for number in range(3)], files.wire, most=2) == ["0 broke", "1 broke", "2 broke"]
    assert files.wire.broken


def test_what_a_meeting_raises_ends_all_and_lets_each_clean_up() -> None:
    cleaned: list[int] = []

    async def work(number: int) -> None:
        try:
            await meeting(number)
        except BaseException:
            cleaned.append(number)
            raise

    def decide(brought: list[int]) -> None:
        raise RuntimeError("no")

    meeting = Meeting(decide)
    with pytest.raises(RuntimeError, match="no"):
        run_together([work(number) for number in range(3)], most=3)
    assert cleaned == [0, 1, 2]


def test_small_requests_share_packets() -> None:
    pieces: list[int] = []

    class Counting(MemoryServer):
        def sendall(self, data: bytes) -> None:
            pieces.append(len(data))
            super().sendall(data)

    files = Operations(Wire(Counting()))
    run_together([files.open(b"file", Flags.READ) for _ in range(30)], files.wire, most=30)
    assert len(pieces) <= 3
