"""Leases: one worker at a time on one thing, over processes and machines. A lease expires by the clock,
and each taking raises its fence, so that a worker who was frozen meanwhile finds out that it lost.

A lease keeps work from being done twice; it is not what keeps results right. Those rest on their own
transactions: reads are ordered by the source's clock, documents are claimed, deliveries carry their attempt.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from mlconnector_assets.clock import Clock
from mlconnector_assets.errors import LeaseHeld, LeaseLost, StateError
from mlconnector_assets.state import sqlite_file
from mlconnector_assets.state.database import make_engine
from mlconnector_assets.state.failures import in_our_words
from mlconnector_assets.state.processes import is_gone
from mlconnector_assets.state.schema import LEASES, LEASES_METADATA, upsert

if TYPE_CHECKING:
    from mlconnector_assets.state.database import State

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Lease:
    """A lease as it was taken. `fence` is greater than that of every earlier holder of `name`."""

    name: str
    owner: str
    fence: int
    ttl: timedelta


class Leases:
    """All leases of one state database."""

    def __init__(self, url: sa.URL, clock: Clock, engine: sa.Engine, *, own_engine: bool) -> None:
        self._url, self._clock, self._engine, self._own_engine = url, clock, engine, own_engine

    @classmethod
    def beside(cls, state: State) -> Leases:
        """The leases that belong to `state`: on SQLite in the file <name>-leases next to it."""
        if state.url.get_backend_name() != "sqlite":
            return cls(state.url, state.clock, state.engine, own_engine=False)
        path = Path(str(state.url.database))
        url = state.url.set(database=str(path.with_name(f"{path.stem}-leases{path.suffix}")))
        # NORMAL: after a power loss no holder is alive, so the last takings may be forgotten
        leases = cls(url, state.clock, make_engine(url, synchronous="NORMAL"), own_engine=True)
        with sqlite_file.made(url), leases._transaction() as tx:
            LEASES_METADATA.create_all(tx)
        return leases

    def take(self, name: str, owner: str, ttl: timedelta) -> Lease:
        """Take a lease that is free, expired, or held by a process that is known to be dead.

        Raises LeaseHeld, also when the same owner holds it already.
        """
        now = self._clock()
        with self._transaction() as tx:
            held = tx.execute(sa.select(LEASES).where(LEASES.c.name == name).with_for_update()).one_or_none()
            free = sa.or_(LEASES.c.owner.is_(None), LEASES.c.expires_at <= now)
            if held is not None and is_gone(held.owner):
                free = sa.or_(free, LEASES.c.fence == held.fence)
            statement = upsert(tx, LEASES).values(name=name, owner=owner, fence=1, expires_at=now + ttl)
            fence = tx.execute(
                statement.on_conflict_do_update(
                    index_elements=[LEASES.c.name],
                    set_={"owner": owner, "fence": LEASES.c.fence + 1, "expires_at": now + ttl},
                    where=free,
                ).returning(LEASES.c.fence)
            ).scalar()
            if fence is None:
                held = tx.execute(sa.select(LEASES).where(LEASES.c.name == name)).one()
                raise LeaseHeld(
                    f"{name} is being worked on by {held.owner}, at most until {held.expires_at:%Y-%m-%d %H:%M:%S} UTC",
                    mend="wait until it is done, then run the same command again",
                )
        return Lease(name, owner, fence, ttl)

    def renew(self, lease: Lease) -> None:
        """Extend a lease by its ttl from now. Raises LeaseLost when another has taken it, or it was released.

        A lease that expired without being taken is still ours: nobody worked in between.
        """
        ours = (LEASES.c.name == lease.name, LEASES.c.owner == lease.owner, LEASES.c.fence == lease.fence)
        with self._transaction() as tx:
            if tx.execute(sa.update(LEASES).where(*ours).values(expires_at=self._clock() + lease.ttl)).rowcount == 0:
                raise LeaseLost(
                    f"the lease on {lease.name} was lost to another worker while this one did not answer",
                    mend="nothing of this attempt was published; run the same command again",
                )

    def check(self, lease: Lease) -> None:
        """Make sure, just before publishing, that the lease is still ours, and for its whole ttl. Raises LeaseLost."""
        self.renew(lease)

    def release(self, lease: Lease) -> None:
        """Give a lease back. Does nothing when it is not ours any more."""
        ours = (LEASES.c.name == lease.name, LEASES.c.owner == lease.owner, LEASES.c.fence == lease.fence)
        with self._transaction() as tx:
            tx.execute(sa.update(LEASES).where(*ours).values(owner=None))

    @contextmanager
    def hold(self, name: str, owner: str, ttl: timedelta) -> Iterator[Lease]:
        """Take a lease, renew it every third of its ttl in a thread of its own, release it at the end.

        Raises LeaseHeld at once. A loss shows at the next `check`, which the holder calls before publishing.
        """
        lease = self.take(name, owner, ttl)
        done = threading.Event()

        def keep() -> None:
            while not done.wait(ttl.total_seconds() / 3):
                try:
                    self.renew(lease)
                except LeaseLost:
                    return
                except StateError as error:
                    LOG.warning("the lease on %s could not be renewed yet: %s", name, error.what)

        thread = threading.Thread(target=keep, name=f"lease {name}", daemon=True)
        thread.start()
        try:
            yield lease
        finally:
            done.set()
            thread.join()
            self.release(lease)

    def close(self) -> None:
        """Give back connections."""
        if self._own_engine:
            self._engine.dispose()

    @contextmanager
    def _transaction(self) -> Iterator[sa.Connection]:
        with in_our_words(self._url), self._engine.connect() as tx, tx.begin():
            yield tx
