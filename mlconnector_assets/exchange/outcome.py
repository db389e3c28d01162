"""What a delivery run tells of each file, and when a file that did not arrive is tried again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from mlconnector_assets.errors import ConnectorError
from mlconnector_assets.state.deliveries import Delivery

Result = Literal["delivered", "found", "postponed", "uncertain", "dead", "lost"]
EventKind = Literal["connected", "folder", "sending", "delivered", "found", "postponed", "uncertain", "dead", "lost", "warning"]


@dataclass(frozen=True)
class RetryPolicy:
    """When to try again: after `first`, then twice as long each time, at most `longest`; after `attempts`
    tries, or `age` after the file was made, a person has to look."""

    first: timedelta = timedelta(minutes=1)
    longest: timedelta = timedelta(hours=1)
    attempts: int = 100
    age: timedelta = timedelta(days=7)

    def delay(self, attempts: int) -> timedelta:
        """How long to wait after so many attempts (1 or more)."""
        return min(self.longest, self.first * (1 << min(attempts - 1, 20)))

    def is_spent(self, delivery: Delivery, now: datetime) -> bool:
        """Whether this delivery was tried often or long enough."""
        return delivery.attempts >= self.attempts or now - delivery.created_at >= self.age


@dataclass(frozen=True)
class DeliveryEvent:
    """Something to show while files go out. `delivery` is None for what concerns the whole connection."""

    kind: EventKind
    text: str
    delivery: Delivery | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of one file in this run; `error` for those that did not arrive, `next_attempt_at` for those postponed."""

    delivery: Delivery
    result: Result
    error: ConnectorError | None = None
    next_attempt_at: datetime | None = None
