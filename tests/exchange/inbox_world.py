"""A partner's folders on a real server, and what collects from them, with a clock that stands still."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mlconnector_assets.exchange.fetch import Collected, Places
from mlconnector_assets.exchange.inbox import Collector
from mlconnector_assets.exchange.parsers import Parser, store
from mlconnector_assets.exchange.sftp import SftpSession
from mlconnector_assets.partners.inbox import Inbox
from mlconnector_assets.state import inbox as books
from mlconnector_assets.state.database import State
from mlconnector_assets.state.inbox import InboundFile
from mlconnector_assets.store.files import FileStore

START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)


def spec(**keys: Any) -> Inbox:
    """An inbox as YAML gives it: takes everything in inbound/ at first sight."""
    return Inbox.model_validate({"files": {"any": {"pattern": "*"}}, "stable_for": "0s"} | keys)


class InboxWorld:
    """`remote` is the partner's root on the server; `now` moves only by hand. `connect` logs in."""

    def __init__(self, folder: Path, remote: Path, state: State, connect: Callable[[], SftpSession]) -> None:
        self.remote, self.state, self.connect, self.now = remote, state, connect, START
        self.files = FileStore(folder / "files")
        self.parser: Parser = store
        (remote / "inbound").mkdir(parents=True)

    def clock(self) -> datetime:
        return self.now

    def later(self, **units: float) -> None:
        self.now += timedelta(**units)

    def put(self, name: str, content: bytes = b"content", mtime: int = 1_700_000_000, folder: str = "inbound") -> Path:
        path = self.remote / folder / name
        path.write_bytes(content)
        os.utime(path, (mtime, mtime))
        return path

    def collector(self, inbox: Inbox, owner: str = "tests", channels: int = 1) -> Collector:
        places = Places(str(self.remote), "inbound", "processing", "processed", "error", inbox.stays)
        parsers = {"store": self.parser}
        return Collector(self.state, "acme", inbox, places, self.files, self.clock, owner, channels=channels, parsers=parsers)

    def run(self, session: SftpSession, **keys: Any) -> Collected:
        """One whole run: collect, hand over, move."""
        collector = self.collector(spec(**keys))
        outcome = collector.collect(session)
        collector.hand_over()
        assert collector.file_away(session) == []
        return outcome

    def rows(self) -> list[InboundFile]:
        """Oldest first."""
        with self.state.reading() as tx:
            return sorted(books.listing(tx, limit=None), key=lambda row: row.id)

    def states(self) -> dict[str, str]:
        return {row.path: row.state for row in self.rows()}

    def there(self, *folders: str) -> dict[str, bytes]:
        """Everything in the partner's folders but outbound/, by path."""
        wanted = folders or ("inbound", "processing", "processed", "error")
        return {
            f"{folder}/{path.name}": path.read_bytes()
            for folder in wanted
            if (self.remote / folder).exists()
            for path in (self.remote / folder).iterdir()
        }

    def kept(self, row: InboundFile) -> bytes:
        assert row.sha256
        return self.files.read(row.sha256)
