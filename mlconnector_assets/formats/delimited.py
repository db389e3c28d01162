"""Delimited files: rows of text to bytes. Writing is Polars' CSV writer; what it would write wrongly is
refused, naming the cell."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

import polars as pl

from mlconnector_assets.errors import ConfigurationError, ConnectorError
from mlconnector_assets.layouts.models import Delimited

_QUOTE_STYLE: dict[str, Literal["necessary", "always", "never"]] = {"minimal": "necessary", "all": "always", "never": "never"}
_UNICODE = ("utf-8", "utf-8-sig")
_ENDS = {"lf": "\n", "crlf": "\r\n"}


@dataclass(frozen=True)
class Cell:
    """A value that a file cannot hold: its row (from 0, without the header) and column, and why."""

    row: int
    column: str
    reason: str


class UnwritableText(ConnectorError):
    """Values that the file cannot hold; `cells` has them all, so that their documents are blocked at once."""

    def __init__(self, cells: list[Cell]) -> None:
        self.cells = tuple(cells)
        more = f" (and {len(cells) - 1} more)" if len(cells) > 1 else ""
        super().__init__(f"row {cells[0].row + 1}, {cells[0].reason}{more}")

    @property
    def reasons(self) -> dict[int, str]:
        """The first reason of each row."""
        return {cell.row: cell.reason for cell in reversed(self.cells)}


def render(rows: pl.DataFrame, options: Delimited) -> bytes:
    """The bytes of a delimited file whose values are the texts in `rows`.

    Raises
    ------
    UnwritableText: characters that the encoding does not have; with `quoting: never` also values that hold the
        delimiter, the quote character or a line break. After taking out the rows of all `cells` the rest can be written.
    ConfigurationError: the name of a column has such a character, so that no file at all can be written.
    """
    written = _unquoted(rows, options) if options.quoting == "never" else _written(rows, options)
    if options.encoding in _UNICODE or written.isascii():
        return written
    try:
        return written.decode("utf-8").encode(options.encoding)
    except UnicodeEncodeError:
        raise UnwritableText(_unencodable_cells(rows, options)) from None


def _written(rows: pl.DataFrame, options: Delimited) -> bytes:
    # a line without any character would be skipped by readers: an empty only column is written as two quotes
    blank_line = rows.width == 1 and options.null == "" and options.quoting == "minimal"
    out = io.BytesIO()
    rows.write_csv(
        out,
        include_bom=options.encoding == "utf-8-sig",
        include_header=options.header,
        separator=options.delimiter,
        line_terminator=_ENDS[options.line_end],
        quote_char=options.quote,
        quote_style=_QUOTE_STYLE[options.quoting],
        null_value=options.quote * 2 if blank_line else options.null,
    )
    return out.getvalue()


def _unquoted(rows: pl.DataFrame, options: Delimited) -> bytes:
    # what Polars writes without any quote needed none; only otherwise each cell is looked at
    written = _written(rows, options.model_copy(update={"quoting": "minimal"}))
    if options.quote.encode() not in written:
        return written
    marks = f"[{re.escape(options.delimiter + options.quote)}\r\n]"
    cells = _matching(rows, options, marks, "needs quotes, and the file has `quoting: never`")
    if rows.width == 1 and options.null == "":
        column = rows.to_series()
        blank = (column.is_null() | (column == "")).arg_true()
        reason = f"column `{column.name}` is empty; the blank line would be skipped by readers"
        cells += [Cell(row, column.name, reason) for row in blank]
    if cells:
        raise UnwritableText(cells + _unencodable_cells(rows, options))
    return _written(rows, options)


def _unencodable_cells(rows: pl.DataFrame, options: Delimited) -> list[Cell]:
    if options.encoding in _UNICODE:
        return []
    return _matching(rows, options, _unencodable(options.encoding), f"does not exist in {options.encoding}")


def _matching(rows: pl.DataFrame, options: Delimited, pattern: str, fault: str) -> list[Cell]:
    """The cells with a character of the pattern, by row."""
    for name in rows.columns if options.header else ():
        if re.search(pattern, name):
            raise ConfigurationError(
                f"the header has a {_reason(name, name, pattern, fault)}", mend="change the column's `name:` in the layout"
            )
    cells = [
        Cell(row, name, _reason(name, text, pattern, fault))
        for name in rows.columns
        for row, text in rows.select(name).with_row_index("#").filter(pl.col(name).str.contains(pattern)).rows()
    ]
    return sorted(cells, key=lambda cell: cell.row)


def _reason(name: str, text: str, pattern: str, fault: str) -> str:
    found = re.search(pattern, text)
    mark = found[0] if found else ""
    shown = text if len(text) <= 60 else text[:57] + "..."
    return f"column `{name}`: the character {mark!r} (U+{ord(mark):04X}) of {shown!r} {fault}"


@cache
def _unencodable(encoding: str) -> str:
    """A pattern for one character that a one-byte encoding does not have."""
    known = (bytes([byte]).decode(encoding, errors="ignore") for byte in range(256))
    return "[^" + "".join(f"\\u{ord(character):04X}" for character in known if character) + "]"
