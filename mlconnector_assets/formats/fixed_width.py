"""Fixed-width files: rows of text to lines whose columns stand at fixed positions. A layout has checked that every
text fits its width; characters that would move a line, or that the encoding lacks, are refused, naming the cell."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from mlconnector_assets.formats.text import (
    CONTROL,
    LINE_ENDS,
    UnwritableDocuments,
    UnwritableText,
    encoded,
    in_order,
    joined,
    matching,
    unencodable_cells,
)
from mlconnector_assets.layouts import Applied, CompiledLayout, FixedWidth, PartRows
from mlconnector_assets.layouts.rendering import RenderedColumn


def body(applied: Applied, layout: CompiledLayout) -> bytes:
    """The lines of the documents.

    Raises
    ------
    UnwritableDocuments: values that the file cannot hold; without their documents the rest can be written.
    """
    options = _options(layout)
    faults: list[tuple[PartRows, UnwritableText]] = []
    made: list[pl.Series] = []
    for part, rows in zip(layout.parts, applied.parts, strict=True):
        try:
            made.append(lines(rows.texts, part.columns, options))
        except UnwritableText as fault:
            faults.append((rows, fault))
    if faults:
        raise UnwritableDocuments.of(faults)
    try:
        return encoded(joined(in_order(applied, layout, made), LINE_ENDS[options.line_end]), options.encoding)
    except UnicodeEncodeError:
        cells = ((rows, unencodable_cells(rows.texts, options.encoding)) for rows in applied.parts)
        raise UnwritableDocuments.of((rows, UnwritableText(found)) for rows, found in cells if found) from None


def envelope(layout: CompiledLayout, header: pl.DataFrame | None, trailer: pl.DataFrame | None) -> tuple[bytes, bytes]:
    """The header line and the trailer line. Raises UnwritableText."""
    options = _options(layout)
    first, last = (
        b"" if rows is None else _line(rows, columns or (), options)
        for rows, columns in ((header, layout.header), (trailer, layout.trailer))
    )
    return (b"\xef\xbb\xbf" if options.encoding == "utf-8-sig" else b"") + first, last


def lines(rows: pl.DataFrame, columns: Sequence[RenderedColumn], options: FixedWidth) -> pl.Series:
    """Each row as its line, without its end; `rows` has the texts of `columns`, which fit their widths.

    Raises
    ------
    UnwritableText: values with line breaks or other control characters.
    """
    fill = max((options.line_length or 0) - sum(column.width or 0 for column in columns), 0)
    padded = [_padded(column) for column in columns] + [pl.lit(" " * fill)] * (fill > 0)
    made = rows.select(pl.concat_str(padded).alias("line")).to_series()
    if made.str.contains(CONTROL).any():
        fault = "would break its line; replace it at the source or with `replace(…)`, or say `single_line: true`"
        raise UnwritableText(matching(rows, CONTROL, fault))
    return made


def _options(layout: CompiledLayout) -> FixedWidth:
    assert isinstance(layout.options, FixedWidth)
    return layout.options


def _line(rows: pl.DataFrame, columns: Sequence[RenderedColumn], options: FixedWidth) -> bytes:
    written = joined(lines(rows, columns, options), LINE_ENDS[options.line_end])
    try:
        return encoded(written, options.encoding)
    except UnicodeEncodeError:
        raise UnwritableText(unencodable_cells(rows, options.encoding)) from None


def _padded(column: RenderedColumn) -> pl.Expr:
    text, rules, width = pl.col(column.name), column.rules, column.width or 0
    right = rules.align == "right" or (rules.align is None and column.number)
    if right and column.number and rules.pad == "0":
        padded = text.str.zfill(width)
    elif right:
        padded = text.str.pad_start(width, rules.pad)
    else:
        padded = text.str.pad_end(width, rules.pad)
    return padded.fill_null(" " * width)
