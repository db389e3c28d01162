"""Making a SQLite file: readable by us only, in WAL mode, by one process at a time."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import sqlalchemy as sa

from mlconnector_assets.durable import disk_errors
from mlconnector_assets.errors import StateError
from mlconnector_assets.state.failures import CORRECT_URL, in_our_words, place


@contextmanager
def made(url: sa.URL) -> Iterator[None]:
    """Make the file and its folder if they are missing, and keep other processes from it until the end.

    A file that holds anything already is left as it is. Raises StateError, StorageFull.
    """
    path = Path(str(url.database))
    try:
        with disk_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StateError(f"cannot be created: {error.strerror}", where=place(url), mend=CORRECT_URL) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with disk_errors(path), in_our_words(url):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            if path.stat().st_size == 0:
                with closing(sqlite3.connect(path)) as connection:
                    connection.execute("pragma journal_mode = wal")
        yield
    finally:
        os.close(lock)
