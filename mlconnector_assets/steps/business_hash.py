"""When is a document another document? When one of its business columns differs; a payment, a renamed
account, a new layout or a new version of this package alone changes nothing."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import polars as pl

from mlconnector_assets.records import Record

VERSION = 1
"""Raised when the way of hashing changes; hashes of different versions are never compared."""


def business_hashes(documents: pl.DataFrame, record: Record) -> dict[str, str]:
    """source_id to "<version>:<SHA-256>" over the record's business columns ("lines.quantity" = that field of
    each entry of the nested column "lines")."""
    columns = dict.fromkeys(column.partition(".")[0] for column in record.business_columns)
    rows = documents.select(pl.col("source_id").alias("_id"), *columns).iter_rows(named=True)
    return {row["_id"]: f"{VERSION}:{_digest(row, record.business_columns)}" for row in rows}


def _digest(row: dict[str, Any], columns: tuple[str, ...]) -> str:
    values = [[column, _value(row, column)] for column in columns]
    return hashlib.sha256(json.dumps(values, default=str, ensure_ascii=False).encode()).hexdigest()


def _value(row: dict[str, Any], column: str) -> object:
    name, _, inner = column.partition(".")
    return [entry[inner] for entry in row[name] or ()] if inner else row[name]
