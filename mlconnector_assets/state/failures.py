"""Database failures in our own words. A driver's exception can hold parameters and row values; none of
that goes any further, only what happened and the mend."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from mlconnector_assets.errors import ConnectorError, StateError, StorageFull

DATABASE_ERRORS = (sa.exc.StatementError, sa.exc.TimeoutError, sqlite3.Error)
"""What SQLAlchemy and its drivers raise while connecting or executing."""

CORRECT_URL = "give this user the right to write the file and its folder, or correct MLCONNECTOR_STATE_URL"
RESTORE = "restore the state database from a backup, or move it away to start with an empty one"
_SQLITE_MENDS = (
    ("not a database", "this file is not a state database; correct MLCONNECTOR_STATE_URL, or " + RESTORE),
    ("malformed", RESTORE),
    ("disk I/O error", "see whether that disk is full or broken (df, system log), mend it, then run the same command again"),
    ("locked", "another process has been writing for a minute; wait for it, or stop it, then run the same command again"),
    ("readonly", CORRECT_URL),
    ("unable to open", CORRECT_URL),
)


@contextmanager
def in_our_words(url: sa.URL) -> Iterator[None]:
    """Turn every database error inside into a `StateError` (or `StorageFull`) without values."""
    try:
        yield
    except DATABASE_ERRORS as error:
        raise explain(error, url).with_traceback(error.__traceback__) from None


def place(url: sa.URL) -> str:
    """The database without user, password or options."""
    if url.get_backend_name() == "sqlite":
        return f"state database {url.database}"
    return f"state database {url.host or 'local'}:{url.port or 5432}/{url.database}"


def explain(error: Exception, url: sa.URL) -> ConnectorError:
    """Our exception for a driver's. Unknown ones keep the driver's short message, never its details."""
    original = getattr(error, "orig", None) or error
    where = place(url)
    if isinstance(error, sa.exc.TimeoutError):
        return StateError("no connection was free for 30 seconds", where=where, mend="run fewer things at once")
    if isinstance(original, sqlite3.Error):
        return _explain_sqlite(str(original), where)
    if isinstance(error, sa.exc.DBAPIError):
        return _explain_postgresql(original, where)
    return StateError(f"a value could not be stored ({type(original).__name__})", where=where, mend="report this as a defect")


def _explain_sqlite(message: str, where: str) -> ConnectorError:
    if "disk is full" in message:
        return _full(where)
    for sign, mend in _SQLITE_MENDS:
        if sign in message:
            return StateError(message, where=where, mend=mend)
    return StateError(f"refused: {message}", where=where, mend="report this as a defect")


def _explain_postgresql(original: BaseException, where: str) -> ConnectorError:
    code = getattr(original, "sqlstate", None)
    if code is None:
        answer = (str(original).strip() or "no answer").splitlines()[0]
        return StateError(f"cannot be reached: {answer}", where=where, mend="start PostgreSQL, or correct MLCONNECTOR_STATE_URL")
    if code == "53100":
        return _full(where)
    message = getattr(getattr(original, "diag", None), "message_primary", None) or type(original).__name__
    if code[:2] in ("28", "3D") or code == "42501":
        return StateError(f"refused: {message}", where=where, mend="correct MLCONNECTOR_STATE_URL, or the rights of its user")
    if code[:2] in ("08", "57", "53") or code in ("40001", "40P01"):
        return StateError(f"could not go on: {message}", where=where, mend="run the same command again")
    return StateError(f"refused: {message}", where=where, mend="report this as a defect")


def _full(where: str) -> StorageFull:
    return StorageFull(
        os.strerror(errno.ENOSPC),
        where=where,
        mend="free some space there, then run the same command again; nothing half-done was kept",
    )
