"""The state database: opening, migrating, and the two kinds of transactions. SQLite by default, one
file in WAL mode with full durability; PostgreSQL when the URL says so."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from mlconnector_assets.clock import Clock
from mlconnector_assets.errors import StateError
from mlconnector_assets.state.failures import CORRECT_URL, in_our_words, place
from mlconnector_assets.state.schema import HEAD

if TYPE_CHECKING:
    from mlconnector_assets.state.leases import Leases

BUSY_TIMEOUT = 60.0
"""Seconds a writer waits for others. SQLite is not fair: 8 s of waiting were measured with 8 writers."""


class State:
    """An open state database. Safe for use by several threads; each transaction has its own connection.

    `url` is a SQLAlchemy URL (printing it hides the password); `clock` is used for leases.
    """

    def __init__(self, url: sa.URL, clock: Clock, engine: sa.Engine) -> None:
        self.url, self.clock, self.engine = url, clock, engine
        self._writing = threading.local()

    @classmethod
    def open(cls, url: str | sa.URL, *, clock: Clock) -> State:
        """Open, and create or migrate when needed.

        Raises StateError when the database is unreachable, damaged, of something else, or of a newer version;
        such a database is left exactly as it was.
        """
        url = parse_url(url)
        engine = make_engine(url, synchronous="FULL")
        state = cls(url, clock, engine)
        try:
            if state._version() != HEAD:
                from mlconnector_assets.state.migrate import migrate  # noqa: PLC0415 - Alembic costs as much as a whole idle cycle

                migrate(url, engine)
        except BaseException:
            engine.dispose()
            raise
        return state

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """A writing transaction: commits at the end, rolls back on any exception. Not to be nested in one
        thread, where the inner one would wait for the outer."""
        if getattr(self._writing, "now", False):
            raise RuntimeError("this thread already has a writing transaction open")
        self._writing.now = True
        try:
            with in_our_words(self.url), self.engine.connect() as tx, tx.begin():
                yield tx
        finally:
            self._writing.now = False

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A consistent view that cannot write."""
        with in_our_words(self.url), self._reader.connect() as tx, tx.begin():
            yield tx

    @cached_property
    def _reader(self) -> sa.Engine:
        if self.url.get_backend_name() == "sqlite":
            return self.engine.execution_options(reading=True)
        return self.engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @cached_property
    def leases(self) -> Leases:
        """Who works on what right now."""
        from mlconnector_assets.state.leases import Leases  # noqa: PLC0415 - leases.py knows State

        return Leases.beside(self)

    def close(self) -> None:
        """Give back all connections. The object may not be used afterwards."""
        if "leases" in self.__dict__:
            self.leases.close()
        self.engine.dispose()

    def __enter__(self) -> State:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _version(self) -> str | None:
        """The migration this database carries; None when it has to be created first."""
        if self.url.get_backend_name() == "sqlite":
            try:
                if Path(str(self.url.database)).stat().st_size == 0:
                    return None
            except FileNotFoundError:
                return None
            except OSError as error:
                raise StateError(f"cannot be opened: {error.strerror}", where=place(self.url), mend=CORRECT_URL) from None
        with self.reading() as tx:
            return stored_version(tx)


def stored_version(tx: sa.Connection) -> str | None:
    """The migration that a database carries; None without Alembic's table."""
    if not sa.inspect(tx).has_table("alembic_version"):
        return None
    version: str | None = tx.exec_driver_sql("select version_num from alembic_version").scalar()
    return version


def parse_url(url: str | sa.URL) -> sa.URL:
    """Check a state URL and fill in our driver. Raises StateError, without echoing the URL."""
    mend = "set MLCONNECTOR_STATE_URL to sqlite:///PATH or postgresql://USER:PASSWORD@HOST:PORT/DATABASE, or leave it out"
    try:
        parsed = sa.make_url(url)
        backend = parsed.get_backend_name()
    except (sa.exc.ArgumentError, ValueError):
        raise StateError("the URL of the state database cannot be read", mend=mend) from None
    if backend == "sqlite" and parsed.database and parsed.database != ":memory:":
        return parsed.set(database=str(Path(parsed.database).absolute()))
    if backend == "postgresql" and parsed.database:
        return parsed.set(drivername="postgresql+psycopg")
    raise StateError(f"a state database of kind {backend!r} without a file or database name, or unknown", mend=mend)


def make_engine(url: sa.URL, *, synchronous: str) -> sa.Engine:
    """An engine whose transactions begin as `State` promises. `synchronous` is SQLite's: FULL survives power loss."""
    if url.get_backend_name() != "sqlite":
        return sa.create_engine(url, hide_parameters=True, pool_pre_ping=True, connect_args={"connect_timeout": 10})
    engine = sa.create_engine(
        url, hide_parameters=True, connect_args={"timeout": BUSY_TIMEOUT, "isolation_level": None, "check_same_thread": False}
    )

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _: object) -> None:
        connection.execute(f"pragma synchronous = {synchronous}")
        connection.execute("pragma foreign_keys = on")

    @sa.event.listens_for(engine, "begin")
    def begin(tx: sa.Connection) -> None:
        reading = tx.get_execution_options().get("reading", False)
        tx.exec_driver_sql(f"pragma query_only = {'on' if reading else 'off'}")
        # a deferred transaction that turns into a writer late is refused at once when another wrote meanwhile
        tx.exec_driver_sql("begin" if reading else "begin immediate")

    return engine
