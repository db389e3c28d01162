"""Read records from a source into the store: one contiguous range, split by day, then one commit.
A failed or killed read leaves nothing but a scratch folder, and progress is only what was committed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache

import polars as pl

from mlconnector_assets.clock import DAY, start_of_day
from mlconnector_assets.crash_points import CrashPoint, reached
from mlconnector_assets.errors import ConfigurationError
from mlconnector_assets.records import RECORDS, Record
from mlconnector_assets.state import deletions, missed, reads, set_aside
from mlconnector_assets.state.deletions import Vanished
from mlconnector_assets.state.missed import Missed
from mlconnector_assets.state.reads import NewPartitionRead, PartitionRead
from mlconnector_assets.steps.missed import missed_by
from mlconnector_assets.steps.suspects import lost_by
from mlconnector_assets.steps.workspace import Workspace
from mlconnector_assets.store.current import key_text
from mlconnector_assets.store.records import DayFile, Spool, days_between
from mlconnector_assets.systems.source import SetAside, SourceTotals, Window

LEASE = timedelta(minutes=2)
DEFAULT_HISTORY = timedelta(days=30)
"""How many days before the first read have a partition of their own, unless `first_day:` says more."""
SECOND = timedelta(seconds=1)
SUPERSEDED_FILES_KEPT = timedelta(days=1)


@dataclass(frozen=True)
class Days:
    """Read these partition days whole, `first` to `last` inclusive."""

    first: date
    last: date


@dataclass(frozen=True)
class ReadOutcome:
    """What a read did. `before` and `after` are the source's own totals around it; if they differ, the source
    was moving. `rows` counts records read now, `partitions` are the committed days; `missed` is what
    closed days have otherwise than when they were closed."""

    connection: str
    record: str
    window: Window
    rows: int
    set_aside: int
    partitions: tuple[PartitionRead, ...]
    before: SourceTotals
    after: SourceTotals
    missed: tuple[Missed, ...] = ()

    @property
    def moving(self) -> bool:
        """Whether the source changed inside the window while it was read."""
        return self.before != self.after


@contextmanager
def looking(workspace: Workspace, connection: str) -> Iterator[Callable[[str], bool]]:
    """Look at a source: gives `needs_read(record)`, whether a change is visible there or a day waits to be closed. That
    is one cheap request a record, and one for the source's time. At the end it is noted of which records nothing was new.

    A day closes with a read that began after its end plus the overlap, so once a day a read is due
    although nothing seems to have changed: a late commit may alter neither count nor maximum.
    """
    began, overlap = workspace.clock(), workspace.project.connections[connection].overlap
    with workspace.state.reading() as tx:
        until, probes = reads.progress(tx, connection), reads.probes(tx, connection)
    unchanged = []
    now = cache(lambda: workspace.source(connection).now())

    def needs_read(record: str) -> bool:
        probe = probes.get(record)
        if record not in until or probe is None:
            return True
        if workspace.source(connection).probe(record, probe.since) != probe.fingerprint:
            return True
        unchanged.append(record)
        closable = start_of_day(now().date()) + overlap
        return until[record] < closable <= now()

    try:
        yield needs_read
    finally:
        if unchanged:
            with workspace.state.transaction() as tx:
                reads.looked(tx, connection, unchanged, began)


def read_changes(workspace: Workspace, connection: str, record: str) -> ReadOutcome:
    """Read everything since the last read minus the overlap; everything there is, the first time."""
    return _read(workspace, connection, record, None)


def read_days(workspace: Workspace, connection: str, record: str, days: Days) -> ReadOutcome:
    """Make these partition days equal to the source's present truth about them. Safe to repeat."""
    return _read(workspace, connection, record, days)


def first_day(workspace: Workspace, connection: str) -> date:
    """The first partition day: fixed by the first read, whatever the configuration says later."""
    with workspace.state.reading() as tx:
        return reads.known_first_day(tx, connection) or _configured_first_day(workspace, connection)


def _configured_first_day(workspace: Workspace, connection: str) -> date:
    configured = workspace.project.connections[connection].first_day
    return configured or workspace.clock().date() - DEFAULT_HISTORY


@dataclass(frozen=True)
class _Plan:
    """What one read will cover, fixed before its first page."""

    connection: str
    record: Record
    first_day: date
    read_at: datetime
    window: Window
    advances: bool
    probe_since: datetime
    fingerprint: str

    @property
    def days(self) -> list[date]:
        start = max(self.first_day, self.window.start.date()) if self.window.start else self.first_day
        return days_between(start, self.window.end)

    def covers_part_of(self, day: date) -> bool:
        start = self.window.start
        return start is not None and start > start_of_day(day)


@dataclass(frozen=True)
class _Spooled:
    """How many records were read, those set aside, and the keys of those met that were thought to be gone."""

    rows: int
    aside: list[SetAside]
    met: set[str]


@dataclass(frozen=True)
class _Differences:
    """What the days had before this read and have no longer, and what closed days have otherwise now."""

    lost: list[Vanished]
    missed: list[Missed]


def _read(workspace: Workspace, connection: str, record_name: str, days: Days | None) -> ReadOutcome:
    source = workspace.source(connection)
    with workspace.state.leases.hold(f"read:{connection}", workspace.owner, LEASE) as lease:
        plan = _plan(workspace, connection, RECORDS[record_name], days)
        reached(CrashPoint.READ_STARTED)
        before = source.totals(record_name, plan.window)
        with workspace.records.spool(connection, plan.record, plan.first_day) as spool:
            spooled = _spool_pages(workspace, plan, spool, expected=before.rows)
            after = source.totals(record_name, plan.window)
            with workspace.state.reading() as tx:
                newest = {read.day: read for read in reads.newest(tx, connection, record_name)}
            files = _finish(plan, spool, newest)
            lost = lost_by(workspace, plan.record, newest, files)
            found = missed_by(workspace, connection, plan.record, newest, files)
            reached(CrashPoint.READ_FILES_WRITTEN)
            workspace.state.leases.check(lease)
            for file in {file.path: file for file in files}.values():
                workspace.records.publish(file)
            reached(CrashPoint.READ_FILES_PUBLISHED)
        partitions = _commit(workspace, plan, files, spooled, _Differences(lost, found))
        reached(CrashPoint.READ_COMMITTED)
        _remove_superseded(workspace, plan)
    return ReadOutcome(
        *(connection, record_name, plan.window, spooled.rows, len(spooled.aside), tuple(partitions), before, after),
        missed=tuple(found),
    )


def _plan(workspace: Workspace, connection: str, record: Record, days: Days | None) -> _Plan:
    source, overlap = workspace.source(connection), workspace.project.connections[connection].overlap
    first = first_day(workspace, connection)
    with workspace.state.reading() as tx:
        read_until = reads.read_until(tx, connection, record.name)
    read_at = source.now()
    # The present second counts too: what still commits in it is caught by the overlap.
    present = read_at + SECOND
    since = read_until - overlap if read_until else None
    window = Window(since, present) if days is None else _whole_days(days, first, present)
    gapless = window.start is None or (since is not None and window.start <= since)
    advances = gapless and (read_until is None or window.end > read_until)
    # Probed before the first page: whatever changes from now on makes the fingerprint differ.
    probe_since = present - overlap
    return _Plan(connection, record, first, read_at, window, advances, probe_since, source.probe(record.name, probe_since))


def _whole_days(days: Days, first: date, present: datetime) -> Window:
    """The window of these days. What lies before the first partition day is in the first partition."""
    start = start_of_day(days.first) if days.first > first else None
    if start is not None and start >= present:
        raise ConfigurationError(
            f"{days.first} lies in the future: at the source it is {present:%Y-%m-%d %H:%M} UTC", mend="choose earlier days"
        )
    return Window(start, min(start_of_day(max(days.last, first)) + DAY, present))


def _spool_pages(workspace: Workspace, plan: _Plan, spool: Spool, *, expected: int) -> _Spooled:
    task = f"read {plan.connection} {plan.record.name}"
    workspace.progress.started(task, expected)
    with workspace.state.reading() as tx:
        gone = [row.key for row in deletions.gone(tx, plan.connection, plan.record.name)]
    rows, aside, met = 0, list[SetAside](), set[str]()
    for page in workspace.source(plan.connection).pages(plan.record.name, plan.window):
        spool.append(page.frame)
        rows += page.frame.height
        if gone:
            met.update(page.frame.select(key_text(plan.record)).filter(pl.col("key").is_in(gone))["key"])
        aside.extend(page.set_aside)
        workspace.progress.advanced(task, page.frame.height + len(page.set_aside))
        reached(CrashPoint.READ_PAGE_SPOOLED)
    for item in aside:
        workspace.progress.note(f"{plan.connection} {plan.record.name} {item.source_id} is set aside: {item.reason}")
    workspace.progress.finished(task, f"{rows} records, {len(plan.days)} days, {len(aside)} set aside")
    return _Spooled(rows, aside, met)


def _finish(plan: _Plan, spool: Spool, newest: Mapping[date, PartitionRead]) -> list[DayFile]:
    files = []
    for day in plan.days:
        earlier = newest.get(day) if plan.covers_part_of(day) else None
        files.append(spool.finish(day, previous=earlier.path if earlier else None, window=(plan.window.start, plan.window.end)))
    return files


def _commit(
    workspace: Workspace,
    plan: _Plan,
    files: Sequence[DayFile],
    spooled: _Spooled,
    differences: _Differences,
) -> list[PartitionRead]:
    connection, record, aside = plan.connection, plan.record.name, spooled.aside
    aside_by_day = Counter(max(plan.first_day, item.modified_at.date()) if item.modified_at else plan.first_day for item in aside)
    partitions = [
        NewPartitionRead(
            file.day, rows=file.rows, sha256=file.sha256, path=file.path, totals=file.totals, set_aside=aside_by_day[file.day]
        )
        for file in files
    ]
    with workspace.state.transaction() as tx:
        reads.first_day(tx, connection, plan.first_day)
        committed = reads.commit_read(
            tx,
            connection=connection,
            record=record,
            read_at=plan.read_at,
            until=plan.window.end if plan.advances else None,
            partitions=partitions,
            run_id=workspace.run_id or workspace.owner,
        )
        if plan.advances:
            reads.remember_probe(tx, connection, record, plan.probe_since, plan.fingerprint, looked_at=workspace.clock())
        deletions.suspect(tx, connection, record, differences.lost, workspace.run_id or workspace.owner)
        missed.put(tx, connection, record, differences.missed, workspace.clock())
        deletions.take_back(tx, connection, record, spooled.met, workspace.clock())
        set_aside.put(tx, connection, record, aside, workspace.clock())
        waiting = [item.source_id for item in set_aside.open_items(tx, connection) if item.record == record]
        if waiting:
            found = workspace.records.scan(plan.record, [file.path for file in files]).filter(pl.col("source_id").is_in(waiting))
            mended = found.select("source_id").collect()["source_id"].to_list()
            set_aside.resolve(tx, connection, record, mended, workspace.clock())
    return committed


def _remove_superseded(workspace: Workspace, plan: _Plan) -> None:
    with workspace.state.transaction() as tx:
        old = reads.superseded(tx, plan.connection, plan.record.name, workspace.clock() - SUPERSEDED_FILES_KEPT)
        paths = reads.forget(tx, [read.id for read in old])
    workspace.records.remove(paths)
    workspace.records.sweep_scratch(SUPERSEDED_FILES_KEPT, workspace.clock())
