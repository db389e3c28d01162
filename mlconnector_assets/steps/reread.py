"""Read the last closed days again, once a day at a quiet hour: rows that became visible after their day was closed, and
changes that moved no stamp, are mended by that and told."""

from __future__ import annotations

from datetime import datetime, time

from mlconnector_assets.clock import DAY
from mlconnector_assets.state import missed, reads
from mlconnector_assets.steps.missed import is_closed
from mlconnector_assets.steps.read import Days, ReadOutcome, read_days
from mlconnector_assets.steps.workspace import Workspace


def days_to_reread(workspace: Workspace, connection: str, record: str) -> Days | None:
    """The closed days that are due to be read again; None when it is not the time. Asks no source.

    The first partition is left out: it holds all of history.
    """
    settings, now = workspace.project.connections[connection], workspace.clock()
    with workspace.state.reading() as tx:
        first, last = reads.known_first_day(tx, connection), missed.reread_at(tx, connection, record)
        known = reads.newest(tx, connection, record, from_day=now.date() - (settings.reread_days + 1) * DAY)
    closed = [read for read in known if read.day != first and is_closed(read, settings.overlap)]
    wanted = closed[-settings.reread_days :] if settings.reread_days else []
    if not wanted:
        return None
    hour = datetime.combine(now.date(), time(settings.reread_hour), tzinfo=now.tzinfo)
    hour = hour if hour <= now else hour - DAY
    since = last or min(read.read_at for read in wanted)
    return Days(wanted[0].day, wanted[-1].day) if since < hour else None


def reread(workspace: Workspace, connection: str, record: str, days: Days) -> ReadOutcome:
    """Read these days whole; the next time is a day later. Raises as `read_days`."""
    outcome = read_days(workspace, connection, record, days)
    with workspace.state.transaction() as tx:
        missed.note_reread(tx, connection, record, workspace.clock())
    return outcome
