"""Delimited files: rows of text to bytes. Writing is Polars' CSV writer; what it would write wrongly is
refused, naming the cell."""

from __future__ import annotations

import io
import re
from typing import Literal

import polars as pl

from mlconnector_assets.formats.text import (
    BOM,
    LINE_ENDS,
    Cell,
    UnwritableDocuments,
    UnwritableText,
    encoded,
    in_order,
    joined,
    matching,
    refuse_name,
    refuse_unencodable_names,
    unencodable_cells,
)
from mlconnector_assets.layouts import Applied, BodyFacts, CompiledLayout, Delimited, FileFacts, PartRows

_QUOTE_STYLE: dict[str, Literal["necessary", "always", "never"]] = {"minimal": "necessary", "all": "always", "never": "never"}


def body(applied: Applied, layout: CompiledLayout) -> bytes:
    """The lines of the documents.

    Raises
    ------
    UnwritableDocuments: values that the file cannot hold; without their documents the rest can be written.
    """
    options = _options(layout).model_copy(update={"header": False})
    faults: list[tuple[PartRows, UnwritableText]] = []
    for part in applied.parts:
        try:
            written = render(part.texts, options)
        except UnwritableText as fault:
            faults.append((part, fault))
    if faults:
        raise UnwritableDocuments.of(faults)
    if len(applied.parts) == 1:
        return written.removeprefix(BOM)
    lines = [_lines(part.texts, options) for part in applied.parts]
    return encoded(joined(in_order(applied, layout, lines), LINE_ENDS[options.line_end]), options.encoding)


def envelope(layout: CompiledLayout, file: FileFacts, facts: BodyFacts) -> tuple[bytes, bytes]:
    """What stands before and after the lines of the documents: header, the line of column names, trailer. Raises
    UnwritableText, ConfigurationError."""
    options = _options(layout)
    header, trailer = layout.envelope(file, facts)
    plain = options.model_copy(update={"header": False})
    first, last = (b"" if rows is None else render(rows, plain).removeprefix(BOM) for rows in (header, trailer))
    if options.header:
        names = pl.DataFrame(schema={column.name: pl.String() for column in layout.parts[0].columns})
        first += render(names, options).removeprefix(BOM)
    return (BOM if options.encoding == "utf-8-sig" else b"") + first, last


def render(rows: pl.DataFrame, options: Delimited) -> bytes:
    """The bytes of a delimited file whose values are the texts in `rows`.

    Raises
    ------
    UnwritableText: characters that the encoding does not have; with `quoting: never` also values that hold the
        delimiter, the quote character or a line break. After taking out the rows of all `cells` the rest can be written.
    ConfigurationError: the name of a column has such a character, so that no file at all can be written.
    """
    written = _unquoted(rows, options) if options.quoting == "never" else _written(rows, options)
    try:
        return encoded(written, options.encoding)
    except UnicodeEncodeError:
        refuse_unencodable_names(rows.columns if options.header else (), options.encoding)
        raise UnwritableText(unencodable_cells(rows, options.encoding)) from None


def _options(layout: CompiledLayout) -> Delimited:
    assert isinstance(layout.options, Delimited)
    return layout.options


def _written(rows: pl.DataFrame, options: Delimited) -> bytes:
    out = io.BytesIO()
    rows.write_csv(
        out,
        include_bom=options.encoding == "utf-8-sig",
        include_header=options.header,
        separator=options.delimiter,
        line_terminator=LINE_ENDS[options.line_end],
        quote_char=options.quote,
        quote_style=_QUOTE_STYLE[options.quoting],
        null_value=_null(rows, options),
    )
    return out.getvalue()


def _null(rows: pl.DataFrame, options: Delimited) -> str:
    # a line without any character would be skipped by readers: an empty only column is written as two quotes
    blank_line = rows.width == 1 and options.null == "" and options.quoting == "minimal"
    return options.quote * 2 if blank_line else options.null


def _lines(rows: pl.DataFrame, options: Delimited) -> pl.Series:
    """Each row as its line; the same texts that `_written` writes."""
    values = [_quoted(pl.col(name), options).fill_null(_null(rows, options)) for name in rows.columns]
    return rows.select(pl.concat_str(values, separator=options.delimiter).alias("line")).to_series()


def _quoted(value: pl.Expr, options: Delimited) -> pl.Expr:
    if options.quoting == "never":
        return value
    quote = pl.lit(options.quote)
    if options.quoting == "all":
        value = value.fill_null(options.null)
    inside = quote + value.str.replace_all(options.quote, options.quote * 2, literal=True) + quote
    needed = options.quoting == "all" or (value == "") | value.str.contains(_marks(options))
    return pl.when(needed).then(inside).otherwise(value)


def _marks(options: Delimited) -> str:
    """A pattern for one character that needs quotes around its value."""
    return f"[{re.escape(options.delimiter + options.quote)}\r\n]"


def _unquoted(rows: pl.DataFrame, options: Delimited) -> bytes:
    # what Polars writes without any quote needed none; only otherwise each cell is looked at
    written = _written(rows, options.model_copy(update={"quoting": "minimal"}))
    if options.quote.encode() not in written:
        return written
    marks = _marks(options)
    fault = "needs quotes, and the file has `quoting: never`"
    for name in rows.columns if options.header else ():
        refuse_name(name, marks, fault)
    cells = matching(rows, marks, fault)
    if rows.width == 1 and options.null == "":
        column = rows.to_series()
        blank = (column.is_null() | (column == "")).arg_true()
        reason = f"column `{column.name}` is empty; the blank line would be skipped by readers"
        cells += [Cell(row, column.name, reason) for row in blank]
    if cells:
        raise UnwritableText(sorted([*cells, *unencodable_cells(rows, options.encoding)], key=lambda cell: cell.row))
    return _written(rows, options)
