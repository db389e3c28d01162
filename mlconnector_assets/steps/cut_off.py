"""The cut-off of a flow: the time of day, in its zone, after which what comes in leaves with the next day's files.

A document belongs to the day on which it was last modified at its source; modified at the cut-off or later, to the next
day. Between the cut-off and midnight, new documents of the next day wait. A wall-clock time that a change to summer time
skips is taken an hour later; one that comes twice, the first time."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from mlconnector_assets.partners.specification import Flow
from mlconnector_assets.records.record import INSTANT
from mlconnector_assets.steps.eligibility import version_of


def waits_from(flow: Flow, now: datetime) -> datetime | None:
    """The cut-off (UTC) from which on documents wait now; None before it, and without one."""
    if flow.cut_off is None:
        return None
    at = datetime.combine(now.astimezone(flow.zone).date(), flow.cut_off, flow.zone).astimezone(UTC)
    return at if at <= now else None


def waits(flow: Flow, now: datetime) -> pl.Expr:
    """Whether a document (`modified_at`) waits for the next day."""
    since = waits_from(flow, now)
    if since is None:
        return pl.lit(value=False)
    return (pl.col("modified_at") >= pl.lit(since, INSTANT)).fill_null(value=False)


def waiting_version(flow: Flow, now: datetime) -> str:
    """The version under which partitions are consumed while documents of them wait: that of a day, so that they are due
    again when the next one begins."""
    return f"{version_of(flow)} until {now.astimezone(flow.zone):%Y-%m-%d} ends"


def versions_of(flow: Flow, now: datetime) -> frozenset[str]:
    """The versions under which a flow has nothing more to judge: taken in for good, or for today."""
    return frozenset([version_of(flow)] if flow.cut_off is None else [version_of(flow), waiting_version(flow, now)])
