"""Finding rows of the audit. The database keeps four bytes for each source id and number of a segment, so that only
the segments that can hold a record are opened, however many there are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import sqlalchemy as sa

from mlconnector_assets.errors import StateError
from mlconnector_assets.state.audit import AUDIT_SCHEMA, AuditEntry, entry_of, fingerprint, select_entries
from mlconnector_assets.state.schema import AUDIT_LOG

FOUND_SCHEMA = pl.Schema({"seq": pl.Int64(), **AUDIT_SCHEMA})
"""Rows as a search gives them: `seq` is the entry of the chain, then the columns of AUDIT_SCHEMA."""


def find_rows(tx: sa.Connection, folder: Path, key: str) -> pl.DataFrame:
    """Every row whose source_id or number is `key`, in the order of the chain; frame of FOUND_SCHEMA. Raises StateError
    when a segment is missing."""
    wanted = select_entries().where(
        sa.or_(AUDIT_LOG.c.fingerprints.is_(None), _holds(tx, AUDIT_LOG.c.fingerprints, fingerprint(key)))
    )
    chain = [entry_of(row) for row in tx.execute(wanted)]
    return scan(folder, chain).filter((pl.col("source_id") == key) | (pl.col("number") == key)).collect()


def scan(folder: Path, chain: Sequence[AuditEntry]) -> pl.LazyFrame:
    """The rows of these entries, in their order; frame of FOUND_SCHEMA. Raises StateError when a segment is missing."""
    if not chain:
        return pl.LazyFrame(schema=FOUND_SCHEMA)
    paths = [folder / entry.segment.path for entry in chain]
    if missing := [path for path in paths if not path.exists()]:
        raise StateError(
            f"{len(missing)} of {len(paths)} segments of the audit are missing, the first is {missing[0].name}",
            where=str(folder),
            mend="see `mlconnector audit verify`, and restore that folder from your backup",
        )
    numbers = pl.LazyFrame({"_path": [str(path) for path in paths], "seq": [entry.seq for entry in chain]})
    rows = pl.scan_parquet(
        paths, schema=AUDIT_SCHEMA, missing_columns="insert", extra_columns="ignore", include_file_paths="_path"
    )
    return rows.join(numbers, on="_path", how="left", maintain_order="left").select(FOUND_SCHEMA.names())


def _holds(tx: sa.Connection, column: sa.Column[Any], needle: bytes) -> sa.ColumnElement[bool]:
    """Whether the bytes stand anywhere in the column: a few segments too many do no harm."""
    if tx.dialect.name == "sqlite":
        return sa.func.instr(column, needle) > 0
    return sa.func.pg_catalog.position(column, needle) > 0
