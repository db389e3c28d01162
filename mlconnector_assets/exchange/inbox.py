"""Taking what a partner sent: look, claim what is stable, fetch it into the file store, write down that it is ours, hand it
to its parser, and move it out of the way. Whatever dies in between, the next run goes on where it stopped; whoever
works at the same time takes other files. The state database is the truth about each file.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from io import BytesIO

from sqlalchemy import Connection

from mlconnector_assets.clock import Clock
from mlconnector_assets.crash_points import CrashPoint, reached
from mlconnector_assets.errors import AccessDenied, ConnectorError, DeliveryError, StorageFull, Unavailable
from mlconnector_assets.exchange.claims import renewing
from mlconnector_assets.exchange.fetch import LATER, Collected, Fetch, Places
from mlconnector_assets.exchange.inbound_names import claimed_names, sightings
from mlconnector_assets.exchange.parsers import PARSERS, Parser, Refused, Taken
from mlconnector_assets.exchange.sftp import RemoteFile, SftpSession
from mlconnector_assets.partners.inbox import Inbox
from mlconnector_assets.state import inbox as books
from mlconnector_assets.state.database import State
from mlconnector_assets.state.inbox import InboundFile, Sighting
from mlconnector_assets.store.files import FileStore

BATCH = 64
"""Files that are claimed, fetched and written down together."""
BATCH_BYTES = 8 * 1024 * 1024
"""Bytes of such a batch, if it is more than one file."""
IN_FLIGHT = 16
"""Files of a batch that are open at the server at a time, over one channel."""
TTL = timedelta(minutes=10)
"""So long after a process died on another machine, its claims are free for others; they are renewed while it works."""


@dataclass
class Collector:
    """One partner's inbox, for one run in one process. `owner` names the process in claims."""

    state: State
    partner: str
    inbox: Inbox
    places: Places
    files: FileStore
    clock: Clock
    owner: str
    channels: int = 1
    ttl: timedelta = TTL
    parsers: Mapping[str, Parser] = field(default_factory=lambda: PARSERS)
    _claimed: dict[int, InboundFile] = field(default_factory=dict)
    _over: threading.Event = field(default_factory=threading.Event)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    # looking

    def look(self, session: SftpSession) -> Collected:
        """List the partner's folders, made when they are missing, and note what lies there. Raises ConnectorError."""
        self._prepare(session)
        outcome = Collected()
        seen = []
        for folder in self.inbox.folders(self.places.inbound):
            listed = session.listing(self.places.at(folder))
            found = sightings(self.inbox, folder, self.places.inbound, listed)
            seen += found.sightings
            outcome.unmatched += found.unmatched
        claimed = [] if self.places.stay else session.listing(self.places.at(self.places.processing))
        with self.state.transaction() as tx:
            now = self.clock()
            renames = not self.places.stay
            outcome.untouched = books.sight(tx, self.partner, seen, now, self.inbox.stable_for, renames=renames)
            for file, original in claimed_names(claimed):
                self._adopt(tx, original, file)
        return outcome

    def _adopt(self, tx: Connection, original: str, file: RemoteFile) -> None:
        for folder in self.inbox.folders(self.places.inbound):
            if kind := self.inbox.kind_of(folder, original, self.places.inbound):
                claimed = Sighting(f"{folder}/{original}", kind, file.size, file.mtime)
                books.adopt(tx, self.partner, claimed, f"{self.places.processing}/{file.name}", self.clock())
                return

    def _prepare(self, session: SftpSession) -> None:
        places = self.places
        mine = [*self.inbox.folders(places.inbound), places.processing, places.processed, places.error]
        for folder in () if places.stay else mine:
            session.ensure_folder(places.at(folder))

    # taking

    def collect(self, session: SftpSession) -> Collected:
        """Look, and take everything that is due, over several channels; nothing is handed over yet.

        One file that cannot be taken stops no other. Raises ConnectorError for what concerns all of them: the connection,
        a full disk of ours, the state database; claims are given back then.
        """
        self.files.sweep()
        self._over.clear()
        outcome = self.look(session)
        with self.state.reading() as tx:
            waiting = books.count_due(tx, self.partner, self.clock())
        more = min(self.channels - 1, -(-waiting // BATCH) - 1)
        with renewing(self.partner, self.ttl, self._renew), ThreadPoolExecutor(max(1, more)) as threads:
            try:
                others = [threads.submit(self._take_in_another, session, outcome) for _ in range(more)]
                self._take_all(session, outcome)
                for other in others:
                    other.result()
            except BaseException:
                self._over.set()
                session.close()  # ends the other channels too
                threads.shutdown(wait=True)
                self._give_back()
                raise
        return outcome

    def _take_in_another(self, session: SftpSession, outcome: Collected) -> None:
        try:
            another = session.another()
        except ConnectorError:  # some servers allow one channel only, which then does all the work
            return
        with another:
            try:
                self._take_all(another, outcome)
            except BaseException:
                self._over.set()
                raise

    def _take_all(self, session: SftpSession, outcome: Collected) -> None:
        while batch := self._claim():
            fetches = [Fetch(session, self.inbox, self.places, self.files, row) for row in batch]
            session.together([fetch.make() for fetch in fetches], most=IN_FLIGHT)
            with self._lock, self.state.transaction() as tx:
                for fetch in fetches:
                    fetch.write_down(tx, outcome, self.clock())
            reached(CrashPoint.COLLECT_RECEIVED)
            self._settle(batch)
            stopped = next((fetch.error for fetch in fetches if isinstance(fetch.error, (Unavailable, StorageFull))), None)
            if stopped:
                raise stopped

    def _claim(self) -> list[InboundFile]:
        with self._lock:
            if self._over.is_set():
                return []
            processing = None if self.places.stay else self.places.processing
            with self.state.transaction() as tx:
                size = {"processing": processing, "files": BATCH, "size": BATCH_BYTES}
                found = books.claim(tx, self.partner, self.owner, self.clock(), self.ttl, **size)  # type: ignore[arg-type]
            self._claimed |= {row.id: row for row in found}
        if found:
            reached(CrashPoint.COLLECT_CLAIMED)
        return found

    def _settle(self, rows: Sequence[InboundFile]) -> None:
        with self._lock:
            for row in rows:
                self._claimed.pop(row.id, None)

    def _renew(self) -> None:
        with self._lock, self.state.transaction() as tx:
            books.renew(tx, list(self._claimed.values()), self.clock() + self.ttl)

    def _give_back(self) -> None:
        with self._lock, suppress(ConnectorError), self.state.transaction() as tx:
            for row in self._claimed.values():
                books.give_back(tx, row, "interrupted", self.clock())
            self._claimed.clear()

    # handing over

    def hand_over(self, only: int | None = None) -> list[InboundFile]:
        """Hand received files to their parsers, oldest first, or only the one of this id; needs no connection. Returns them
        as they are now. Raises ConnectorError of the state database."""
        done: list[InboundFile] = []
        while batch := self._claim_received(only):
            with renewing(self.partner, self.ttl, self._renew):
                answers = [self._parse(row) for row in batch]
                reached(CrashPoint.COLLECT_PARSED)
                with self.state.transaction() as tx:
                    for row, answer in zip(batch, answers, strict=True):
                        self._conclude(tx, row, answer)
                    done += [books.find(tx, row.id) for row in batch]
            reached(CrashPoint.COLLECT_HANDED_OVER)
            self._settle(batch)
            if only is not None:
                break
        return done

    def _claim_received(self, only: int | None) -> list[InboundFile]:
        with self._lock, self.state.transaction() as tx:
            found = books.claim_received(tx, self.partner, self.owner, self.clock(), self.ttl, files=BATCH, only=only)
            self._claimed |= {row.id: row for row in found}
        return found

    def _parse(self, row: InboundFile) -> Taken | Refused | ConnectorError:
        kind = self.inbox.files.get(row.kind)
        if kind is None:
            return Refused((f"the partner's file has no kind of file {row.kind!r} any more",))
        assert row.sha256 is not None
        try:
            with self.files.open(row.sha256) as content:
                return self.parsers[kind.format](row, content)
        except ConnectorError as error:
            return error
        except Exception as error:  # noqa: BLE001 - a defect in a parser must not keep all other files from being handed over
            return Refused((f"our parser for {kind.format} broke ({type(error).__name__}); this is a defect of ours",))

    def _conclude(self, tx: Connection, row: InboundFile, answer: Taken | Refused | ConnectorError) -> None:
        now = self.clock()
        if isinstance(answer, ConnectorError):
            books.give_back(tx, row, str(answer), now + LATER)
        elif isinstance(answer, Refused):
            books.failed(tx, row, "\n".join(answer.reasons), now)
        elif books.handed_over(tx, row, answer.summary, now):
            answer.keep(tx)

    # moving out of the way

    def file_away(self, session: SftpSession) -> list[tuple[InboundFile, ConnectorError]]:
        """Move what is done to processed/ or error/, the reason beside it. Returns what could not be moved; it stays where
        it is and is moved by a later run. Raises Unavailable."""
        with self.state.reading() as tx:
            rows = books.to_file(tx, self.partner)
        failed: list[tuple[InboundFile, ConnectorError]] = []
        for at in range(0, len(rows), BATCH):
            some = rows[at : at + BATCH]
            moved = session.together([self._move(session, row) for row in some], most=IN_FLIGHT)
            with self.state.transaction() as tx:
                for row, place in zip(some, moved, strict=True):
                    if isinstance(place, ConnectorError):
                        failed.append((row, place))
                    else:
                        books.filed(tx, row, place, self.clock())
            reached(CrashPoint.COLLECT_FILED)
            if lost := next((error for _, error in failed if isinstance(error, Unavailable)), None):
                raise lost
        return failed

    async def _move(self, session: SftpSession, row: InboundFile) -> str | ConnectorError:
        """Move one file to where it belongs; returns where it lies then."""
        assert row.lies_at is not None and row.sha256 is not None
        folder = self.places.error if row.state == "failed" else self.places.processed
        at, target = self.places.at, f"{folder}/{row.name}.{row.sha256[:8]}"
        try:
            if row.lies_at != target and await session.look(at(target)) is not None and await session.look(at(row.lies_at)):
                target = f"{target}.{row.id}"  # the same content came before
            if row.state == "failed":
                reason = BytesIO(_reason(row))
                await session.put(at(f"{target}.reason.json"), reason, fsync=False)
            if row.lies_at != target:
                await session.take(at(row.lies_at), at(target))
                if self.inbox.marker:
                    await session.take(at(row.lies_at + self.inbox.marker), at(target + self.inbox.marker))
            if row.state != "failed" and row.lies_at.startswith(f"{self.places.error}/"):
                await session.discard(at(f"{row.lies_at}.reason.json"))
        except (AccessDenied, DeliveryError, StorageFull, Unavailable) as error:
            return error
        reached(CrashPoint.COLLECT_MOVED)
        return target


def _reason(row: InboundFile) -> bytes:
    told = {
        "file": row.name,
        "sha256": row.sha256,
        "received_at": row.received_at.isoformat() if row.received_at else None,
        "reasons": (row.reason or "").split("\n"),
    }
    return json.dumps(told, indent=2, ensure_ascii=False).encode() + b"\n"
