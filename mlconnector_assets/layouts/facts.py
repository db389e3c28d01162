"""What a file knows of itself, for the header and trailer of a layout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

import polars as pl

from mlconnector_assets.layouts.options import FileFormat

WHOLE = pl.Decimal(19, 0)


@dataclass(frozen=True)
class FileFacts:
    """What is known once a file has its number: by whom, for whom, under which name and when (UTC) it is made, and whether it is
    a test."""

    control_number: int
    created_at: datetime
    partner: str
    partner_name: str
    flow: str
    file_name: str
    test: bool = False


@dataclass(frozen=True)
class BodyFacts:
    """What is counted while documents are rendered: `documents`, `lines` (of all documents, without header and
    trailer), and the layout's `totals` by name."""

    documents: int
    lines: int
    totals: Mapping[str, Decimal] = field(default_factory=dict)


def facts_schema(file_format: FileFormat, time_zone: str, totals: Mapping[str, pl.DataType]) -> pl.Schema:
    """The columns of header and trailer: name to type. `created_at` is in `time_zone`; XML has no lines to count."""
    counts = ("documents",) if file_format == "xml" else ("documents", "lines", "file_lines")
    return pl.Schema(
        {
            "control_number": WHOLE,
            "created_at": pl.Datetime("us", time_zone),
            **dict.fromkeys(("partner", "partner_name", "flow", "file_name"), pl.String()),
            **dict.fromkeys(counts, WHOLE),
            **totals,
        }
    )


def facts_frame(file: FileFacts, body: BodyFacts, envelope_lines: int, schema: pl.Schema) -> pl.DataFrame:
    """One row with every fact; `envelope_lines` is how many lines the file has besides those of its documents."""
    values = {
        **vars(file),
        "documents": body.documents,
        "lines": body.lines,
        "file_lines": body.lines + envelope_lines,
        **body.totals,
    }
    made = {name: pl.Series(name, [values[name]], dtype=_utc(kind)) for name, kind in schema.items()}
    return pl.DataFrame(made).with_columns(
        pl.col(name).dt.convert_time_zone(kind.time_zone)
        for name, kind in schema.items()
        if isinstance(kind, pl.Datetime) and kind.time_zone
    )


def _utc(kind: pl.DataType) -> pl.DataType:
    return pl.Datetime("us", "UTC") if isinstance(kind, pl.Datetime) else kind
