"""A queue with stored files and a clock that stands still: what every delivery test starts from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mlconnector_assets.exchange.outbox import DeliveryEvent, Outcome, deliver_queued
from mlconnector_assets.exchange.sftp import SftpSession
from mlconnector_assets.partners.wire import WireSwitches
from mlconnector_assets.state import deliveries
from mlconnector_assets.state.database import State
from mlconnector_assets.state.deliveries import Delivery
from mlconnector_assets.store.files import FileStore
from tests.state_databases import new_sqlite_state

ONE_BY_ONE = {"batch": 1, "switches": WireSwitches(channels=1)}
"""Options of `deliver` for a test that counts on files going one after the other."""
START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
ROLES = ("inbound", "outbound", "processed", "error", "acks")


class World:
    """`remote` is the partner's folder on the server; `now` moves only by hand."""

    def __init__(self, folder: Path, remote: Path, state: State) -> None:
        self.remote, self.state, self.now = remote, state, START
        self.files = FileStore(folder / "files")
        self.events: list[DeliveryEvent] = []
        self.folders = {role: f"{remote}/{role}" for role in ROLES}
        self._numbers = 0

    def clock(self) -> datetime:
        return self.now

    def later(self, **units: float) -> None:
        self.now += timedelta(**units)

    def enqueue(self, name: str, content: bytes) -> Delivery:
        self._numbers += 1
        with self.state.transaction() as tx:
            return deliveries.enqueue(
                tx,
                partner="acme",
                flow="invoices",
                remote_name=name,
                sha256=self.files.put(content),
                size=len(content),
                documents=1,
                totals={},
                control_number=self._numbers,
                created_at=self.now,
            )

    def deliver(self, open_session: Callable[[], SftpSession], **options) -> list[Outcome]:
        return deliver_queued(
            state=self.state,
            partner_id="acme",
            folders=self.folders,
            open_session=open_session,
            open_file=self.files.open,
            clock=self.clock,
            owner="tests",
            on_event=self.events.append,
            **options,
        )

    def row(self, delivery: Delivery) -> Delivery:
        with self.state.reading() as tx:
            return deliveries.find(tx, delivery.id)

    def queued(self) -> list[Delivery]:
        with self.state.reading() as tx:
            return deliveries.queued(tx)

    @property
    def kinds(self) -> list[str]:
        return [event.kind for event in self.events]

    def arrived(self) -> dict[str, bytes]:
        """Everything in outbound/, hidden files too."""
        folder = self.remote / "outbound"
        return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}


def open_world(folder: Path, remote: Path) -> World:
    """The caller closes `world.state`."""
    world: World
    state = State.open(new_sqlite_state(folder / "state.db"), clock=lambda: world.now)
    world = World(folder, remote, state)
    return world


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def close_after(world: World):
    return closing(world.state)
