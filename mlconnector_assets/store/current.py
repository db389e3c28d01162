"""The current state of a record: the newest version of every key. A newer version of a record always
lies in the same or a later partition day, so a question about some days needs only those and later ones."""

from __future__ import annotations

import polars as pl

from mlconnector_assets.records import Record


def newest_versions(rows: pl.LazyFrame, record: Record) -> pl.LazyFrame:
    """One row a key: the one with the greatest modified_at (a key stands at most once in a partition)."""
    return rows.sort("modified_at", nulls_last=False).unique(subset=list(record.key), keep="last", maintain_order=True)


def key_text(record: Record) -> pl.Expr:
    """What identifies a record within its connection, as one text: its source id, or "company|source id"."""
    return pl.concat_str([name for name in record.key if name != "connection"], separator="|", ignore_nulls=True).alias("key")
