"""One claimed file of an inbox on its way into the file store, and what became of it: fetched whole, gone, or still being
written."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection

from mlconnector_assets.crash_points import CrashPoint, reached
from mlconnector_assets.errors import AccessDenied, ConnectorError, DeliveryError, StorageFull, Unavailable
from mlconnector_assets.exchange.sftp import SftpSession
from mlconnector_assets.exchange.wire import Attributes
from mlconnector_assets.partners.inbox import Inbox
from mlconnector_assets.state import inbox as books
from mlconnector_assets.state.inbox import InboundFile, Sighting
from mlconnector_assets.store.files import FileStore

LATER = timedelta(minutes=5)
"""When a file that could not be taken or handed over is tried again."""
STILL_WRITTEN = timedelta(seconds=30)
"""How long at least a file must not change that changed although it was thought to be complete."""


@dataclass(frozen=True)
class Places:
    """The folders of an inbox on the server, below `root`. Files are moved unless `stay`."""

    root: str
    inbound: str
    processing: str
    processed: str
    error: str
    stay: bool

    def at(self, path: str) -> str:
        """The path on the server of one below root."""
        return f"{self.root}/{path}"


@dataclass
class Collected:
    """What one run did. `received` and `duplicates` are ours now; `vanished` were taken away by somebody else before;
    `unmatched` fit no pattern; `untouched` cannot be taken, for a reason that is new; `failed` could not be taken this time."""

    received: list[InboundFile] = field(default_factory=list)
    duplicates: list[InboundFile] = field(default_factory=list)
    vanished: list[InboundFile] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)
    untouched: list[Sighting] = field(default_factory=list)
    failed: list[tuple[InboundFile, ConnectorError]] = field(default_factory=list)


class Fetch:
    """One claimed file on its way into the store, and what became of it."""

    def __init__(self, session: SftpSession, inbox: Inbox, places: Places, files: FileStore, row: InboundFile) -> None:
        self._session, self._inbox, self._places, self._files, self.row = session, inbox, places, files, row
        self._gone = False
        self._changed: Attributes | None = None
        self._sha256, self._size = "", 0
        self.error: ConnectorError | None = None

    async def make(self) -> None:
        """Fetch it; nothing is raised but defects."""
        try:
            await self._fetch()
        except ConnectorError as error:
            self.error = error

    async def _fetch(self) -> None:
        place = self._places.at(self.row.lies_at or self.row.path)
        if self.row.lies_at is not None and not await self._rename(place):
            self._gone = True
            return
        if not self._is_as_seen(await self._session.look(place)):
            return
        with self._files.incoming() as incoming:
            try:
                await self._session.fetch(place, incoming.write)
            except DeliveryError:
                if self._is_as_seen(await self._session.look(place)):
                    raise
                return
            reached(CrashPoint.COLLECT_FETCHED)
            after = await self._session.look(place)
            # gone after its last byte arrived is as good as whole
            if (after is not None and not self._is_as_seen(after)) or incoming.size != self.row.size:
                self._changed = self._changed or after
                self._gone = after is None
                return
            self._sha256, self._size = incoming.keep(), incoming.size
        reached(CrashPoint.COLLECT_STORED)

    async def _rename(self, place: str) -> bool:
        """Claim it by a rename, which only one of several can do; False when it is not there any more."""
        source = self._places.at(self.row.path)
        if self.row.attempts > 1:  # an earlier attempt may have renamed it already
            if await self._session.look(place) is not None:
                return True
            found = await self._session.look(source)
            if found is None or (found.size, found.mtime) != (self.row.size, self.row.mtime):
                return False
        try:
            if self._inbox.marker:  # first, so that no marker is left for the next file of this name
                await self._session.take(source + self._inbox.marker, place + self._inbox.marker)
            taken = await self._session.take(source, place)
        except AccessDenied as error:
            mend = f"{error.mend}; or set `claim: state` in the partner's file, if we may only read there"
            raise AccessDenied(error.what, where=error.where, mend=mend) from error
        reached(CrashPoint.COLLECT_RENAMED)
        return taken

    def _is_as_seen(self, found: Attributes | None) -> bool:
        """Whether it is what was judged to be stable; notes when it is gone or changed."""
        self._gone = found is None
        same = found is not None and (found.size, found.mtime) == (self.row.size, self.row.mtime)
        self._changed = None if same else found
        return same

    def write_down(self, tx: Connection, outcome: Collected, now: datetime) -> None:
        """What became of it, in the state database and in the outcome."""
        row = self.row
        if self.error is not None:
            again = now if isinstance(self.error, (Unavailable, StorageFull)) else now + LATER
            if books.give_back(tx, row, str(self.error), again):
                outcome.failed.append((row, self.error))
        elif self._gone:
            if books.forget(tx, row):
                outcome.vanished.append(row)
        elif self._changed is not None or not self._sha256:
            self._wait_again(tx, now)
        else:
            keep = self._inbox.duplicates == "keep"
            if ours := books.received(tx, row, self._sha256, self._size, now, keep=keep):
                (outcome.duplicates if ours.state == "duplicate" else outcome.received).append(ours)

    def _wait_again(self, tx: Connection, now: datetime) -> None:
        """It was still being written. Where it was moved it is watched there, else it is seen anew by the next look."""
        row = self.row
        if row.lies_at is None:
            books.forget(tx, row)
            return
        size, mtime = (self._changed.size, self._changed.mtime) if self._changed else (row.size, row.mtime)
        again = now + max(self._inbox.stable_for, STILL_WRITTEN)
        books.changed(tx, row, now, again, size=size, mtime=mtime)
