"""Documents to the bytes of a file, with those that cannot be rendered left out and the reason told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from mlconnector_assets.formats import delimited
from mlconnector_assets.layouts.compile import Applied, compile_layout
from mlconnector_assets.partners.specification import Flow
from mlconnector_assets.records import Record


@dataclass(frozen=True)
class Body:
    """A rendered file without its name.

    `documents` holds the rows of the record that are in the file, in order, with `position`: the line of the file
    at which the document begins, counted from 1. `lines` counts the file's lines with its header; `totals` maps
    "column|currency" to the exact sum over the documents as text; `blocked` maps source_id to the reason.
    """

    content: bytes
    documents: pl.DataFrame
    lines: int
    totals: dict[str, str]
    blocked: Mapping[str, str]


def make_body(flow: Flow, record: Record, documents: pl.DataFrame) -> Body:
    """Render `documents`: the record's schema, `source_record` may be missing."""
    sound = documents.filter(pl.col("problem").is_null())
    blocked = dict(documents.filter(pl.col("problem").is_not_null()).select("source_id", "problem").iter_rows())
    layout = compile_layout(flow.layout, record)
    applied = layout.apply(sound)
    try:
        content = delimited.render(applied.rows, layout.delimited)
    except delimited.UnwritableText as error:
        applied = applied.without(error.reasons)
        content = delimited.render(applied.rows, layout.delimited)
    blocked |= dict(applied.blocked.select("source_id", "reason").iter_rows())
    header = 1 if layout.delimited.header else 0
    inside = _positioned(sound, applied, header)
    return Body(content, inside, applied.rows.height + header, _sums(inside, record), blocked)


def _positioned(documents: pl.DataFrame, applied: Applied, header: int) -> pl.DataFrame:
    positions = applied.positions.select("document", (pl.col("first_row") + header).alias("position"))
    return documents.with_row_index("document").join(positions, on="document", maintain_order="left").drop("document")


def _sums(documents: pl.DataFrame, record: Record) -> dict[str, str]:
    if record.currency_column is None or documents.is_empty():
        return {}
    groups = documents.group_by(record.currency_column, maintain_order=True).agg(pl.col(name).sum() for name in record.totals)
    return {
        f"{column}|{group[record.currency_column] or ''}": str(group[column])
        for group in groups.iter_rows(named=True)
        for column in record.totals
    }
