"""The clock is passed in, so that a test can hold it still. Every instant is UTC."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

Clock = Callable[[], datetime]
DAY = timedelta(days=1)


def system_clock() -> datetime:
    """The present instant, UTC, with microseconds."""
    return datetime.now(UTC)


def start_of_day(day: date) -> datetime:
    """Midnight UTC at which `day` begins."""
    return datetime.combine(day, time.min, tzinfo=UTC)
