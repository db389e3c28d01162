"""Named places where a process may die. The chaos tests enumerate them: at each the process is
killed (kill -9), a normal run follows, and nothing may be lost or doubled. In production
`reached` costs one dictionary look-up."""

from __future__ import annotations

import os
import signal
from enum import StrEnum

VARIABLE = "MLCONNECTOR_CRASH_AT"


class CrashPoint(StrEnum):
    """Every named step of read, sweep, render, deliver, collect and load, in the order in which a cycle meets them."""

    READ_STARTED = "read.started"
    READ_PAGE_SPOOLED = "read.page_spooled"
    READ_FILES_WRITTEN = "read.files_written"
    READ_FILES_PUBLISHED = "read.files_published"
    READ_COMMITTED = "read.committed"
    SWEEP_STARTED = "sweep.started"
    SWEEP_LISTED = "sweep.listed"
    SWEEP_VERIFIED = "sweep.verified"
    SWEEP_COMMITTED = "sweep.committed"
    RENDER_STARTED = "render.started"
    RENDER_JUDGED = "render.judged"
    RENDER_BODY_MADE = "render.body_made"
    RENDER_FILE_STORED = "render.file_stored"
    RENDER_DOCUMENTS_CLAIMED = "render.documents_claimed"
    RENDER_AUDIT_WRITTEN = "render.audit_written"
    AUDIT_COMMITTED = "audit.committed"
    RENDER_COMMITTED = "render.committed"
    LOAD_STARTED = "load.started"
    LOAD_MERGED = "load.merged"
    LOAD_WAREHOUSE_COMMITTED = "load.warehouse_committed"
    LOAD_AUDIT_WRITTEN = "load.audit_written"
    LOAD_COMMITTED = "load.committed"
    LOAD_DELETIONS_MERGED = "load.deletions_merged"
    LOAD_DELETIONS_COMMITTED = "load.deletions_committed"
    DELIVER_CLAIMED = "deliver.claimed"
    DELIVER_PART_OPENED = "deliver.part_opened"
    DELIVER_PART_WRITTEN = "deliver.part_written"
    DELIVER_PART_CLOSED = "deliver.part_closed"
    DELIVER_PUBLISHING = "deliver.publishing"
    DELIVER_RENAMED = "deliver.renamed"
    DELIVER_COMMITTED = "deliver.committed"
    COLLECT_CLAIMED = "collect.claimed"
    COLLECT_RENAMED = "collect.renamed"
    COLLECT_FETCHED = "collect.fetched"
    COLLECT_STORED = "collect.stored"
    COLLECT_RECEIVED = "collect.received"
    COLLECT_PARSED = "collect.parsed"
    COLLECT_HANDED_OVER = "collect.handed_over"
    COLLECT_MOVED = "collect.moved"
    COLLECT_FILED = "collect.filed"
    HOLD_DECIDED = "hold.decided"
    BASELINE_SET = "baseline.set"
    RESEND_RELEASED = "resend.released"
    FILE_SETTLED = "file.settled"
    RECONCILE_ENTERED = "reconcile.entered"
    RECONCILE_COMMITTED = "reconcile.committed"


BY_PEOPLE = (
    CrashPoint.HOLD_DECIDED,
    CrashPoint.BASELINE_SET,
    CrashPoint.RESEND_RELEASED,
    CrashPoint.FILE_SETTLED,
    CrashPoint.RECONCILE_ENTERED,
    CrashPoint.RECONCILE_COMMITTED,
)
"""Steps of what people decide; no cycle meets them."""


def reached(point: CrashPoint) -> None:
    """Die here, without any clean-up, if the environment names this point."""
    if os.environ.get(VARIABLE) == point:
        os.kill(os.getpid(), signal.SIGKILL)
