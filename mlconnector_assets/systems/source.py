"""What every accounting system offers the steps: a clock, a probe, counts, and pages of canonical
records. Each system implements `Source`; tests/systems/suite.py is what all of them must pass."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Protocol

import polars as pl


@dataclass(frozen=True)
class Window:
    """A half-open range [start, end) over the source's last-modified stamps, UTC.

    `start=None` is open towards the past and also takes records without a stamp.
    """

    start: datetime | None
    end: datetime


@dataclass(frozen=True)
class SetAside:
    """A record that could not be mapped: kept as received, with the reason, for a person to look at."""

    source_id: str
    company: str | None
    modified_at: datetime | None
    reason: str
    source_record: str


@dataclass(frozen=True)
class Page:
    """Some records of a window: a frame with exactly the record's schema, and those set aside.

    A page may hold records of several days; no record appears twice in one read.
    """

    frame: pl.DataFrame
    set_aside: tuple[SetAside, ...] = ()


@dataclass(frozen=True)
class SourceTotals:
    """What the source itself says of a window, for the proof of completeness.

    `money` maps (column, currency) to the sum the source reports; a column that the source cannot sum is absent.
    """

    rows: int
    money: Mapping[tuple[str, str], Decimal] = field(default_factory=dict)


KEY_SCHEMA = pl.Schema({"company": pl.String, "source_id": pl.String})
"""Columns of listed keys: our code of the company (null where records are shared), and the system's own key."""


@dataclass(frozen=True)
class Finding:
    """One line of `check --live`: `subject` such as "model account.move", `good` or not, and what was seen."""

    subject: str
    good: bool
    detail: str
    mend: str = ""


class Source(Protocol):
    """One connection to an accounting system, reading only. Not safe for use by several threads."""

    connection: str
    records: tuple[str, ...]

    def now(self) -> datetime:
        """The server's own clock, UTC, whole seconds (never later than the server's true time)."""
        ...

    def probe(self, record: str, since: datetime | None) -> str:
        """A short fingerprint of everything modified at or after `since`; equal means nothing visible changed.
        One cheap request."""
        ...

    def totals(self, record: str, window: Window) -> SourceTotals:
        """Count and money sums of a window as the source sees them now."""
        ...

    def pages(self, record: str, window: Window) -> Iterator[Page]:
        """Every record of the window. Rows that change while pages are read are not lost: they leave the
        window and are found by the next read. Raises AccessDenied, CredentialsError, Unavailable, SourceError."""
        ...

    def keys(self, record: str, among: Collection[str] | None = None) -> Iterator[pl.DataFrame]:
        """The keys of every record that the source has now, in frames of KEY_SCHEMA: what `pages` would bring over all
        time. With `among`, only of these source ids. A record that is there from the first request to the last is
        listed; one that is not listed may have appeared or changed its company meanwhile."""
        ...

    def existing(self, record: str, source_ids: Collection[str]) -> set[str]:
        """Which of these ids the source still has, whatever they are now: of another company or kind, archived."""
        ...

    def check(self) -> list[Finding]:
        """Log in and tell what this connection can and cannot see. Raises only if nothing answers at all."""
        ...

    def close(self) -> None:
        """Release connections."""
        ...
