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
    rows = _rows(documents, record, record.compared)
    return {source_id: f"{VERSION}:{hashlib.sha256(_text(values).encode()).hexdigest()}" for source_id, values in rows}


def business_values(documents: pl.DataFrame, record: Record) -> dict[str, str]:
    """source_id to JSON of the business columns and the totals, [[column, value], …], as the audit keeps them."""
    columns = (*record.compared, *record.totals, *([record.currency_column] if record.currency_column else []))
    return {source_id: _text(values) for source_id, values in _rows(documents, record, tuple(dict.fromkeys(columns)))}


def hash_of_values(values: str, record: Record) -> str:
    """The business hash of what `business_values` gave."""
    columns = json.loads(values)[: len(record.business_columns)]
    return f"{VERSION}:{hashlib.sha256(_text(columns).encode()).hexdigest()}"


def comparable(one: str, other: str) -> bool:
    """Whether two hashes were made in the same way; an empty one was never made."""
    return one.partition(":")[0] == other.partition(":")[0]


def _rows(documents: pl.DataFrame, record: Record, columns: tuple[str, ...]) -> list[tuple[str, list[list[object]]]]:
    outer = dict.fromkeys(column.partition(".")[0] for column in columns)
    rows = documents.select(pl.col("source_id").alias("_id"), *outer).iter_rows(named=True)
    return [(row["_id"], [[column, _value(row, column)] for column in columns]) for row in rows]


def _text(values: list[list[object]]) -> str:
    return json.dumps(values, default=str, ensure_ascii=False)


def _value(row: dict[str, Any], column: str) -> object:
    name, _, inner = column.partition(".")
    return [entry[inner] for entry in row[name] or ()] if inner else row[name]
