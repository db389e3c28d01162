"""Read the last closed days again, once a day at a quiet hour: rows that became visible after their day was closed, and
changes that moved no stamp, are mended by that and told."""

from __future__ import annotations

from datetime import datetime, time

from mlconnector_assets.clock import DAY
from mlconnector_assets.state import missed, reads
from mlconnector_assets.steps.missed import is_closed
from mlconnector_assets.steps.read import Days, ReadOutcome, read_days
from mlconnector_assets.steps.workspace import Workspace


def days_to_reread(workspace: Workspace, connection: str) -> dict[str, Days]:
    """The closed days that are due to be read again, by record; it lacks those whose time has not come. Asks no source.

    The first partition is left out: it holds all of history.
    """
    settings, now = workspace.project.connections[connection], workspace.clock()
    if not settings.reread_days:
        return {}
    hour = datetime.combine(now.date(), time(settings.reread_hour), tzinfo=now.tzinfo)
    hour = hour if hour <= now else hour - DAY
    with workspace.state.reading() as tx:
        last = missed.reread_at(tx, connection)
        waiting = [record for record in settings.records if record not in last or last[record] < hour]
        if not waiting:
            return {}
        first = reads.known_first_day(tx, connection)
        known = reads.newest(tx, connection, from_day=now.date() - (settings.reread_days + 1) * DAY)
    closed = [read for read in known if read.day != first and is_closed(read, settings.overlap)]
    due = {}
    for record in waiting:
        wanted = [read for read in closed if read.record == record][-settings.reread_days :]
        if wanted and (record in last or min(read.read_at for read in wanted) < hour):
            due[record] = Days(wanted[0].day, wanted[-1].day)
    return due


def reread(workspace: Workspace, connection: str, record: str, days: Days) -> ReadOutcome:
    """Read these days whole; the next time is a day later. Raises as `read_days`."""
    outcome = read_days(workspace, connection, record, days)
    with workspace.state.transaction() as tx:
        missed.note_reread(tx, connection, record, workspace.clock())
    return outcome
