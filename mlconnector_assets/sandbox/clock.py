"""The stand-ins' own clock: real time, shifted or stopped through the control interface. It drives
write_date, document dates and the HTTP Date header, and keeps its setting over restarts."""

from __future__ import annotations

from datetime import datetime, timedelta

from mlconnector_assets.clock import Clock, system_clock
from mlconnector_assets.sandbox.odoo.database import Database


class MovableClock:
    """Call it for the present instant (UTC, microseconds)."""

    def __init__(self, database: Database, real: Clock = system_clock) -> None:
        self._database, self._real = database, real
        remembered = database.setting("clock") or {}
        self._offset = timedelta(seconds=remembered.get("offset", 0.0))
        self._stopped = datetime.fromisoformat(remembered["stopped"]) if remembered.get("stopped") else None

    def __call__(self) -> datetime:
        """The present instant."""
        return self._stopped or self._real() + self._offset

    def set(self, now: datetime, *, running: bool) -> None:
        """Make it `now`, and let time run on from there or stand still."""
        self._offset, self._stopped = now - self._real(), None if running else now
        self._keep()

    def advance(self, step: timedelta) -> None:
        """Move it by `step`."""
        self._offset += step
        self._stopped = self._stopped + step if self._stopped else None
        self._keep()

    def reset(self) -> None:
        """Back to real time."""
        self._offset, self._stopped = timedelta(), None
        self._keep()

    def _keep(self) -> None:
        stopped = self._stopped.isoformat() if self._stopped else None
        self._database.remember("clock", {"offset": self._offset.total_seconds(), "stopped": stopped})
