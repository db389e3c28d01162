"""What DuckDB says when something goes wrong, as errors with a mend. The texts matched here are DuckDB
1.5's; each has a test that provokes it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from mlconnector_assets.durable import disk_errors
from mlconnector_assets.errors import AccessDenied, ConnectorError, LeaseHeld, StorageFull, WarehouseError

_HELD_BY_OTHER = re.compile(r"Conflicting lock is held in (?P<program>.+?) \(PID (?P<pid>\d+)\)")
_BUSY = ("Could not set lock on file", "different configuration than existing connections")
_FULL = ("No space left on device", "File too large", "Disk quota exceeded", "not enough space")
_DENIED = ("Permission denied", "Read-only file system", "Operation not permitted")
_DAMAGED = (
    "not a valid DuckDB database file",
    "Corrupt database file",
    "Could not read enough bytes",
    "Failed to deserialize",
    "Failed to load metadata",
    "Failure while replaying WAL",
)
_TOO_NEW = "Trying to read a database file with version"


@contextmanager
def failures(path: Path) -> Iterator[None]:
    """Turn what DuckDB and the file system say about the warehouse file into errors with a mend."""
    try:
        with disk_errors(path):
            yield
    except duckdb.Error as error:
        raise explain(error, path) from error
    except PermissionError as error:
        raise _denied(path) from error


def is_busy(error: duckdb.Error) -> bool:
    """Whether the file is only in use just now, by another process or elsewhere in this one."""
    return any(text in str(error) for text in _BUSY)


def explain(error: duckdb.Error, path: Path) -> ConnectorError:
    """The error a person can act on, for any failure that is not about the SQL a person wrote."""
    text, where = str(error), f"warehouse {path}"
    if is_busy(error):
        holder = _HELD_BY_OTHER.search(text)
        who = f"process {holder['pid']} ({Path(holder['program']).name})" if holder else "another part of this process"
        mend = "wait until it has finished, or end it, then run the same command again"
        if holder:
            mend += f"; `ps -p {holder['pid']} -o args` shows what it is"
        return LeaseHeld(f"the file is in use by {who}", where=where, mend=mend)
    if any(sign in text for sign in _FULL):
        return StorageFull(
            "no space is left for the warehouse file; the load was rolled back",
            where=where,
            mend="free some space on that disk, then run the same command again",
        )
    if any(sign in text for sign in _DENIED):
        return _denied(path)
    if _TOO_NEW in text:
        return WarehouseError(
            "the file was written by a newer DuckDB",
            where=where,
            mend="install the DuckDB version that wrote it (pip install --upgrade duckdb)",
        )
    if any(sign in text for sign in _DAMAGED) or isinstance(error, duckdb.FatalException | duckdb.SerializationException):
        return WarehouseError(
            f"the file is damaged or is not a DuckDB file ({_first_line(text)})",
            where=where,
            mend=f"restore a copy, or move {path.name} and {path.name}.wal away: the next load makes and fills a new one",
        )
    return WarehouseError(
        f"DuckDB failed: {_first_line(text)}", where=where, mend="if it happens again, report it with this message"
    )


def explain_query(error: duckdb.Error, path: Path, tables: list[str]) -> ConnectorError:
    """The same, for a statement that a person wrote: DuckDB's message with its pointer, and where to look."""
    text = str(error)
    if "read-only mode" in text or isinstance(error, duckdb.PermissionException):
        return only_reads(path)
    if isinstance(error, duckdb.ProgrammingError | duckdb.DataError | duckdb.NotSupportedError):
        known = ", ".join(tables) if tables else "none yet"
        return WarehouseError(
            f"the query cannot be answered: {text}",
            where=f"warehouse {path}",
            mend=f"correct the query; DESCRIBE <table> shows columns; tables: {known}",
        )
    return explain(error, path)


def only_reads(path: Path) -> WarehouseError:
    """For a statement that would change the warehouse, write a file, or read one."""
    return WarehouseError(
        "only one statement that reads the warehouse's own tables is allowed here, such as SELECT, DESCRIBE or SUMMARIZE",
        where=f"warehouse {path}",
        mend="to work on the data, copy the file and open the copy with DuckDB",
    )


def _denied(path: Path) -> AccessDenied:
    return AccessDenied(
        "the file may not be opened or written",
        where=f"warehouse {path}",
        mend=f"give this user write permission on {path.parent} and the files in it",
    )


def _first_line(text: str) -> str:
    return text.splitlines()[0] if text else "no message"
