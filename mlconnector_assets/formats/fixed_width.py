"""Fixed-width files: rows of text to lines whose columns stand at fixed positions. A layout has checked that every
text fits its width; characters that would move a line, or that the encoding lacks, are refused, naming the cell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from mlconnector_assets.formats.text import (
    BOM,
    CONTROL,
    LINE_ENDS,
    Cell,
    UnwritableDocuments,
    UnwritableText,
    encoded,
    in_order,
    joined,
    matching,
    unencodable_cells,
)
from mlconnector_assets.layouts import Applied, BodyFacts, CompiledLayout, FileFacts, FixedWidth
from mlconnector_assets.layouts.rendering import RenderedColumn

_FAULT = "would break its line; replace it at the source or with `replace(…)`, or say `single_line: true`"


def body(applied: Applied, layout: CompiledLayout) -> bytes:
    """The lines of the documents.

    Raises
    ------
    UnwritableDocuments: values that the file cannot hold; without their documents the rest can be written.
    """
    options = _options(layout)
    made = [lines(rows.texts, part.columns, options) for part, rows in zip(layout.parts, applied.parts, strict=True)]
    written = joined(in_order(applied, layout, made), LINE_ENDS[options.line_end])
    try:
        if _has_controls(written, made, options):
            raise UnicodeError
        return encoded(written, options.encoding)
    except UnicodeError:
        faults = ((rows, _unwritable(rows.texts, options)) for rows in applied.parts)
        raise UnwritableDocuments.of((rows, UnwritableText(cells)) for rows, cells in faults if cells) from None


def envelope(layout: CompiledLayout, file: FileFacts, facts: BodyFacts) -> tuple[bytes, bytes]:
    """The header line and the trailer line. Raises UnwritableText."""
    options = _options(layout)
    header, trailer = layout.envelope(file, facts)
    first, last = (
        b"" if rows is None else _line(rows, columns or (), options)
        for rows, columns in ((header, layout.header), (trailer, layout.trailer))
    )
    return (BOM if options.encoding == "utf-8-sig" else b"") + first, last


def lines(rows: pl.DataFrame, columns: Sequence[RenderedColumn], options: FixedWidth) -> pl.Series:
    """Each row as its line, without its end; `rows` has the texts of `columns`, which fit their widths."""
    fill = max((options.line_length or 0) - sum(column.width or 0 for column in columns), 0)
    padded = [_padded(column) for column in columns] + [pl.lit(" " * fill)] * (fill > 0)
    return rows.select(pl.concat_str(padded).alias("line")).to_series()


def _options(layout: CompiledLayout) -> FixedWidth:
    assert isinstance(layout.options, FixedWidth)
    return layout.options


def _line(rows: pl.DataFrame, columns: Sequence[RenderedColumn], options: FixedWidth) -> bytes:
    if cells := _unwritable(rows, options):
        raise UnwritableText(cells)
    return encoded(joined(lines(rows, columns, options), LINE_ENDS[options.line_end]), options.encoding)


def _has_controls(written: bytes, made: Sequence[pl.Series], options: FixedWidth) -> bool:
    """Whether some value holds a control character: there are more than the ends of the lines. Looking at all bytes at
    once is much faster than at each value."""
    ends = sum(each.len() for each in made) * len(LINE_ENDS[options.line_end])
    low = int(np.count_nonzero(np.frombuffer(written, np.uint8) < ord(" ")))
    return low + written.count(b"\x7f") != ends


def _unwritable(rows: pl.DataFrame, options: FixedWidth) -> list[Cell]:
    """The values with line breaks or other control characters, or with characters that the encoding lacks."""
    return [*matching(rows, CONTROL, _FAULT), *unencodable_cells(rows, options.encoding)]


def _padded(column: RenderedColumn) -> pl.Expr:
    text, rules, width = pl.col(column.name), column.rules, column.width or 0
    right = rules.align == "right" or (rules.align is None and column.number)
    if right and column.number and rules.pad == "0" and rules.sign in (None, "leading", "leading_always"):
        padded = text.str.zfill(width)  # puts the zeros behind the sign
    elif right:
        padded = text.str.pad_start(width, rules.pad)
    else:
        padded = text.str.pad_end(width, rules.pad)
    return padded.fill_null(" " * width)
