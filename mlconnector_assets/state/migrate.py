"""Bringing a database to the newest schema: one process at a time, one transaction, all or nothing.
Loaded only when a database is not at the newest schema already."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from mlconnector_assets.durable import disk_errors
from mlconnector_assets.errors import StateError
from mlconnector_assets.state.database import stored_version
from mlconnector_assets.state.failures import CORRECT_URL, in_our_words, place
from mlconnector_assets.state.schema import HEAD

ADVISORY_LOCK = 0x6D6C636E
"""PostgreSQL's lock number for migrating ("mlcn")."""


def alembic_config() -> Config:
    """Alembic's configuration, made in code: migrations are part of the package."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config


def migrate(url: sa.URL, engine: sa.Engine) -> None:
    """Create the database if it is missing and run every migration it lacks.

    Raises StateError when it belongs to a newer version or to something else; then nothing was changed.
    """
    with _alone(url), in_our_words(url), engine.connect() as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(ADVISORY_LOCK)))
        version = stored_version(connection)
        _refuse_strangers(connection, version, place(url))
        if version != HEAD:
            config = alembic_config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def _refuse_strangers(connection: sa.Connection, version: str | None, where: str) -> None:
    if version is None:
        if tables := sa.inspect(connection).get_table_names():
            raise StateError(
                f"this database belongs to something else (it has a table {min(tables)!r})",
                where=where,
                mend="set MLCONNECTOR_STATE_URL to an empty database or to a new file",
            )
        return
    known = {script.revision for script in ScriptDirectory.from_config(alembic_config()).walk_revisions()}
    if version not in known:
        raise StateError(
            f"the state database was written by a newer version of ml-connector (schema {version}, this one knows up to {HEAD})",
            where=where,
            mend="install that newer version again, or restore a backup of the state database made before the upgrade",
        )


@contextmanager
def _alone(url: sa.URL) -> Iterator[None]:
    """For SQLite: make the file, readable by us only, in WAL mode, while no other process does the same."""
    if url.get_backend_name() != "sqlite":
        yield
        return
    path = Path(str(url.database))
    try:
        with disk_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StateError(f"cannot be created: {error.strerror}", where=place(url), mend=CORRECT_URL) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with in_our_words(url):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            if path.stat().st_size == 0:
                _use_wal(path)
        yield
    finally:
        os.close(lock)


def _use_wal(path: Path) -> None:
    connection = sqlite3.connect(path, timeout=60)
    try:
        connection.execute("pragma journal_mode = wal")
    finally:
        connection.close()
