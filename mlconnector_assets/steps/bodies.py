"""Documents to the bytes of a file, with those that cannot be rendered left out and the reason told. The body is
made first and takes its time; what is around it needs the file's number, and is made in no time."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import localcontext
from typing import Protocol

import polars as pl

from mlconnector_assets.errors import ConfigurationError
from mlconnector_assets.formats import delimited, fixed_width, xml
from mlconnector_assets.formats.edifact import writing as edifact_writing
from mlconnector_assets.formats.text import UnwritableDocuments, UnwritableText
from mlconnector_assets.formats.x12 import writing as x12_writing
from mlconnector_assets.layouts import EDI_FORMATS, Applied, BodyFacts, CompiledLayout, FileFacts, FileFormat, compile_layout
from mlconnector_assets.partners.specification import Flow
from mlconnector_assets.records import Record

SLICE = 50_000
"""Documents rendered at once: what is held in memory besides the file itself."""


class Writer(Protocol):
    """A file format."""

    def body(self, applied: Applied, layout: CompiledLayout) -> bytes:
        """The bytes of the documents. Raises UnwritableDocuments."""

    def envelope(self, layout: CompiledLayout, file: FileFacts, facts: BodyFacts) -> tuple[bytes, bytes]:
        """What stands before and after the documents. Raises UnwritableText, ConfigurationError."""


WRITERS: dict[FileFormat, Writer] = {
    "csv": delimited,
    "fixed_width": fixed_width,
    "xml": xml,
    "x12": x12_writing,
    "edifact": edifact_writing,
}
NUMBERED: tuple[FileFormat, ...] = ("xml", *EDI_FORMATS)
"""Formats in which the place of a document is its number among the documents; in others it is a line."""


@dataclass(frozen=True)
class Body:
    """A rendered file without its name and its number.

    `documents` holds the rows of the record that are in the file, in order, with `position`: where in the file the
    document begins, counted from 1: its line, or in XML and EDI its number among the documents. `totals` maps
    "column|currency" to the exact sum over the documents as text; `blocked` maps source_id to the reason.
    """

    layout: CompiledLayout
    written: bytes
    facts: BodyFacts
    documents: pl.DataFrame
    totals: dict[str, str]
    blocked: Mapping[str, str]

    @property
    def lines(self) -> int | None:
        """How many lines the file has with its header and trailer; None where it is not made of lines."""
        return None if self.layout.format in NUMBERED else self.facts.lines + self.layout.envelope_lines

    def content(self, file: FileFacts) -> bytes:
        """The bytes of the file with this number and name.

        Raises
        ------
        ConfigurationError: the layout's header or trailer cannot hold what is known of the file.
        """
        try:
            first, last = WRITERS[self.layout.format].envelope(self.layout, file, self.facts)
        except UnwritableText as error:
            raise ConfigurationError(f"the header or trailer of the file cannot be written: {error.what}") from error
        return b"".join((first, self.written, last))


def make_body(flow: Flow, record: Record, documents: pl.DataFrame) -> Body:
    """Render `documents`: the record's schema, `source_record` may be missing."""
    sound = documents.filter(pl.col("problem").is_null())
    blocked = dict(documents.filter(pl.col("problem").is_not_null()).select("source_id", "problem").iter_rows())
    layout = compile_layout(flow.layout, record, file_format=flow.format, time_zone=flow.zone.key)
    out = io.BytesIO()
    before = _lines_before(layout)
    inside: list[pl.DataFrame] = []
    facts = BodyFacts(0, 0, layout.totals(layout.apply(sound.clear()).parts))
    for some in sound.iter_slices(SLICE):
        applied, written = _rendered(layout, some, facts.documents)
        out.write(written)
        positions = _positions(applied, layout, facts, before)
        numbered = some.with_row_index("document")
        inside.append(numbered.join(positions, on="document", maintain_order="left").drop("document"))
        facts = _counted(facts, layout, applied)
        blocked |= applied.reasons
    kept = pl.concat(inside) if inside else sound.with_columns(pl.lit(None, pl.Int64).alias("position"))
    return Body(layout, out.getvalue(), facts, kept, sums(kept, record), blocked)


def _rendered(layout: CompiledLayout, documents: pl.DataFrame, after: int) -> tuple[Applied, bytes]:
    applied, writer = replace(layout.apply(documents), after=after), WRITERS[layout.format]
    try:
        return applied, writer.body(applied, layout)
    except UnwritableDocuments as error:
        applied = applied.without(error.reasons)
        return applied, writer.body(applied, layout)


def _lines_before(layout: CompiledLayout) -> int:
    """How many lines stand before the first document."""
    return layout.envelope_lines - (layout.trailer is not None)


def _positions(applied: Applied, layout: CompiledLayout, facts: BodyFacts, before: int) -> pl.DataFrame:
    """Of each document (index) the position in the file, given what is written already."""
    if layout.format in NUMBERED:
        place = pl.int_range(pl.len(), dtype=pl.Int64) + 1 + facts.documents
    else:
        place = pl.col("first_row") + before + facts.lines
    return applied.positions.select("document", place.alias("position"))


def _counted(facts: BodyFacts, layout: CompiledLayout, applied: Applied) -> BodyFacts:
    with localcontext(prec=80):
        totals = {name: facts.totals[name] + more for name, more in layout.totals(applied.parts).items()}
    return BodyFacts(
        facts.documents + applied.positions.height, facts.lines + sum(part.keys.height for part in applied.parts), totals
    )


def sums(documents: pl.DataFrame, record: Record) -> dict[str, str]:
    """Exact sums of the record's totals by currency: "column|currency" to decimal text."""
    if record.currency_column is None or documents.is_empty():
        return {}
    groups = documents.group_by(record.currency_column, maintain_order=True).agg(pl.col(name).sum() for name in record.totals)
    return {
        f"{column}|{group[record.currency_column] or ''}": str(group[column])
        for group in groups.iter_rows(named=True)
        for column in record.totals
    }
