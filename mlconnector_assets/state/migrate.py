"""Bringing a database to the newest schema: one process at a time, one transaction, all or nothing.
Loaded only when a database is not at the newest schema already."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from mlconnector_assets.errors import StateError
from mlconnector_assets.state import sqlite_file
from mlconnector_assets.state.database import stored_version
from mlconnector_assets.state.failures import in_our_words, place
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
    alone = sqlite_file.made(url) if url.get_backend_name() == "sqlite" else nullcontext()
    with alone, in_our_words(url), engine.connect() as connection, connection.begin():
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
