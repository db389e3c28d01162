"""Control numbers: gapless and unique, whatever happens to the processes that take them."""

from __future__ import annotations

import random
import time
from contextlib import ExitStack

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from mlconnector_assets.numbering import HIGHEST, following
from mlconnector_assets.state.control_numbers import take
from mlconnector_assets.state.database import State
from mlconnector_assets.state.schema import CONTROL_NUMBERS, DELIVERIES
from tests.processes import FORKED
from tests.state.workers import take_numbers_for_ever

SCOPES = ["acme", "globex"]


def test_numbers_are_consecutive_within_their_scope(state: State):
    with state.transaction() as tx:
        assert [take(tx, "acme"), take(tx, "acme", 3), take(tx, "acme")] == [1, 2, 5]
        assert take(tx, "globex") == 1
    with state.transaction() as tx:
        assert take(tx, "acme") == 6


@pytest.mark.parametrize(
    ("last", "count", "first", "then"),
    [(HIGHEST, 1, 1, 2), (HIGHEST - 1, 1, HIGHEST, 1), (HIGHEST - 1, 4, HIGHEST, 4), (HIGHEST - 2, 2, HIGHEST - 1, 1)],
)
def test_after_the_highest_comes_one(state: State, last: int, count: int, first: int, then: int):
    with state.transaction() as tx:
        tx.execute(sa.insert(CONTROL_NUMBERS).values(scope="acme", last=last))
        assert take(tx, "acme", count) == first
        assert take(tx, "acme") == then


@pytest.mark.parametrize("count", [0, -1, HIGHEST + 1])
def test_a_senseless_count_is_refused(state: State, count: int):
    with state.transaction() as tx, pytest.raises(ValueError, match="control numbers"):
        take(tx, "acme", count)


@given(st.integers(1, HIGHEST), st.integers(0, 10 * HIGHEST))
def test_following_counts_like_single_steps(first: int, steps: int):
    assert 1 <= following(first, steps) <= HIGHEST
    assert following(first, steps + 1) == (1 if following(first, steps) == HIGHEST else following(first, steps) + 1)


def test_gapless_and_unique_under_eight_processes_and_kill(state: State, url: str):
    """Each worker takes numbers and uses them in one transaction; now and then one is killed (kill -9) and replaced."""
    chance = random.Random(7)
    with ExitStack() as stack:
        workers = [_worker(stack, url, seed) for seed in range(8)]
        kills = 0
        while kills < 24 or min(_used(state, scope) for scope in SCOPES) < 100:
            time.sleep(chance.uniform(0.02, 0.1))
            victim = chance.randrange(len(workers))
            workers[victim].kill()
            workers[victim].join()
            workers[victim] = _worker(stack, url, 100 + kills)
            kills += 1
    with state.reading() as tx:
        for scope in SCOPES:
            numbers = tx.execute(sa.select(DELIVERIES.c.control_number).where(DELIVERIES.c.partner == scope)).scalars().all()
            last = tx.execute(sa.select(CONTROL_NUMBERS.c.last).where(CONTROL_NUMBERS.c.scope == scope)).scalar_one()
            assert sorted(numbers) == list(range(1, last + 1))


def _worker(stack: ExitStack, url: str, seed: int):
    process = FORKED.Process(target=take_numbers_for_ever, args=(url, SCOPES, seed))
    process.start()
    stack.callback(process.join)
    stack.callback(process.kill)
    return process


def _used(state: State, scope: str) -> int:
    with state.reading() as tx:
        return tx.execute(sa.select(sa.func.count()).select_from(DELIVERIES).where(DELIVERIES.c.partner == scope)).scalar_one()
