"""State databases for tests: every test that asks for one runs on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mlconnector_assets.state.database import State
from tests.state_databases import postgres_server, state_database

__all__ = ["postgres_server"]


class StillClock:
    """A clock that moves only when told to."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **time: float) -> datetime:
        self.now += timedelta(**time)
        return self.now


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.fixture(params=BOTH)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A place for a new state database on each engine."""
    with state_database(request, request.param, tmp_path, tables=False) as found:
        yield found


@pytest.fixture(params=BOTH)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A new state database on each engine, with its tables."""
    with state_database(request, request.param, tmp_path) as found:
        yield found


@pytest.fixture
def state(url: str, clock: StillClock) -> Iterator[State]:
    """An open, empty state database on each engine."""
    with State.open(url, clock=clock) as opened:
        yield opened
