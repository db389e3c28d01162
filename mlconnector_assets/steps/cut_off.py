"""The cut-off of a flow: the time of day, in its zone, after which what comes in leaves with the next day's files.

A document belongs to the day on which it was last modified at its source; modified at the cut-off or later, to the next
day. Between the cut-off and midnight, new documents of the next day wait. A wall-clock time that a change to summer time
skips is taken an hour later; one that comes twice, the first time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import polars as pl
from sqlalchemy import Connection

from mlconnector_assets.partners.specification import Flow
from mlconnector_assets.records.record import INSTANT
from mlconnector_assets.state import reads
from mlconnector_assets.state.reads import PartitionRead
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


def due_reads(tx: Connection, consumer: str, flow: Flow, now: datetime) -> Sequence[PartitionRead]:
    """Partitions that a flow has to judge: not taken in, nor for today."""
    due = reads.due(tx, consumer, version_of(flow), flow.connection, flow.record)
    if flow.cut_off is None or not due:
        return due
    today = reads.due(tx, consumer, waiting_version(flow, now), flow.connection, flow.record)
    return [read for read in due if read in today]
