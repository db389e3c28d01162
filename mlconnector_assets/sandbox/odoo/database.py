"""The stand-in's books in one SQLite file: a table a model, counters, settings and changes that have not
committed yet. One connection, guarded by a lock: like an Odoo with one worker."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path

from mlconnector_assets.sandbox.odoo.domain import like
from mlconnector_assets.sandbox.odoo.models import MODELS
from mlconnector_assets.sandbox.values import Row, Value

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SYSTEM_USER = 1

OWN_TABLES = (
    "CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS uncommitted (id INTEGER PRIMARY KEY, change TEXT NOT NULL, due INTEGER)",
)


def microseconds(moment: datetime) -> int:
    """An instant as it is stored: microseconds since 1970, UTC."""
    return (moment - EPOCH) // timedelta(microseconds=1)


class Database:
    """Tables, rows and counters. Every access goes through `transaction()`."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.create_function("odoo_like", 3, like, deterministic=True)
        with self.transaction():
            for statement in (*OWN_TABLES, *(statement for model in MODELS.values() for statement in model.create_table())):
                self._connection.execute(statement)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; the outermost block commits."""
        with self._lock:
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def query(self, sql: str, parameters: Iterable[Value] = ()) -> list[tuple[Value, ...]]:
        """All rows of a SELECT, or nothing for another statement."""
        with self._lock:
            return self._connection.execute(sql, tuple(parameters)).fetchall()

    def row(self, model: str, record: int) -> Row:
        """One record as stored. Raises KeyError when there is none."""
        columns, statement = _reading(model)
        found = self.query(statement, (record,))
        if not found:
            raise KeyError(f"there is no {model} {record}")
        return dict(zip(columns, found[0], strict=True))

    def insert(self, model: str, values: Mapping[str, Value], *, at: int) -> int:
        """Add a record, stamped with the transaction's start `at` (microseconds); answers its id."""
        full = {"create_date": at, "write_date": at, "create_uid": SYSTEM_USER, "write_uid": SYSTEM_USER} | dict(values)
        full.setdefault("id", self.next(model))
        names = ", ".join(map(_quoted, full))
        marks = ", ".join("?" * len(full))
        self.query(f'INSERT INTO "{MODELS[model].table}" ({names}) VALUES ({marks})', map(_stored, full.values()))
        return int(full["id"])

    def update(self, model: str, record: int, values: Mapping[str, Value], *, at: int) -> None:
        """Change a record and its write_date."""
        changed = dict(values) | {"write_date": at}
        assignments = ", ".join(f"{_quoted(name)} = ?" for name in changed)
        self.query(f'UPDATE "{MODELS[model].table}" SET {assignments} WHERE id = ?', [*map(_stored, changed.values()), record])

    def delete(self, model: str, record: int) -> None:
        """Remove a record without a trace."""
        self.query(f'DELETE FROM "{MODELS[model].table}" WHERE id = ?', (record,))

    def next(self, counter: str, step: int = 1) -> int:
        """The next value of a counter; model names count ids."""
        start = self.query(
            "INSERT INTO counters VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + ? RETURNING value",
            (counter, step, step),
        )
        return int(start[0][0])

    def setting(self, name: str) -> Value:
        """A remembered setting, or None."""
        found = self.query("SELECT value FROM settings WHERE name = ?", (name,))
        return json.loads(found[0][0]) if found else None

    def remember(self, name: str, value: Value) -> None:
        """Keep a setting over restarts."""
        self.query(
            "INSERT INTO settings VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (name, json.dumps(value)),
        )

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()


@cache
def _reading(model: str) -> tuple[tuple[str, ...], str]:
    """The columns of a model, and the statement that reads one record."""
    columns = ("id", *MODELS[model].columns)
    return columns, f'SELECT {", ".join(map(_quoted, columns))} FROM "{MODELS[model].table}" WHERE id = ?'


def _quoted(name: str) -> str:
    return f'"{name}"'


def _stored(value: Value) -> Value:
    if isinstance(value, Decimal):
        return float(value) + 0.0  # never -0.0
    if isinstance(value, list | dict):
        return json.dumps(value)
    if isinstance(value, bool):
        return int(value)
    return value
