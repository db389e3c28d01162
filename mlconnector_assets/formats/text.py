"""What all text formats share: lines in the order of their documents, encodings, and values that a file cannot
hold, each with the document it is in."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import polars as pl

from mlconnector_assets.errors import ConfigurationError, ConnectorError
from mlconnector_assets.layouts import Applied, CompiledLayout, PartRows

UNICODE = ("utf-8", "utf-8-sig")
LINE_ENDS = {"lf": "\n", "crlf": "\r\n", "none": ""}
BOM = b"\xef\xbb\xbf"
CONTROL = r"[\x00-\x1f\x7f]"
"""Characters that are no text: line breaks, tabs, and others that move whatever reads or shows a line."""


@dataclass(frozen=True)
class Cell:
    """A value that a file cannot hold: its row (from 0, without the header) and column, and why."""

    row: int
    column: str
    reason: str


class UnwritableText(ConnectorError):
    """Values that the file cannot hold; `cells` has them all, so that their documents are blocked at once."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        self.cells = tuple(cells)
        more = f" (and {len(cells) - 1} more)" if len(cells) > 1 else ""
        super().__init__(f"row {cells[0].row + 1}, {cells[0].reason}{more}")

    @property
    def reasons(self) -> dict[int, str]:
        """The first reason of each row."""
        return {cell.row: cell.reason for cell in reversed(self.cells)}


class UnwritableDocuments(ConnectorError):
    """Documents that the file cannot hold: `reasons` by index in the frame that the layout was applied to."""

    def __init__(self, reasons: dict[int, str]) -> None:
        self.reasons = reasons
        super().__init__(f"{len(reasons)} documents cannot be written: {next(iter(reasons.values()))}")

    @classmethod
    def of(cls, faults: Iterable[tuple[PartRows, UnwritableText]]) -> UnwritableDocuments:
        """From what was found in each part."""
        found = [(part.keys["document"][row], reason) for part, fault in faults for row, reason in fault.reasons.items()]
        return cls(dict(reversed(found)))


def in_order(applied: Applied, layout: CompiledLayout, lines: Sequence[pl.Series]) -> pl.Series:
    """The lines of all parts, those of a document together, parts that take turns row by row."""
    if len(lines) == 1:
        return lines[0]
    loop_of = {part: number for number, loop in enumerate(layout.loops) for part in loop}
    frames = [
        rows.keys.select("document", "row", pl.lit(loop_of[index]).alias("loop"), pl.lit(index).alias("part"), made.alias("line"))
        for index, (rows, made) in enumerate(zip(applied.parts, lines, strict=True))
    ]
    return pl.concat(frames).sort("document", "loop", "row", "part")["line"]


def joined(lines: pl.Series, line_end: str) -> bytes:
    """The lines, each with its end, as UTF-8."""
    out = io.BytesIO()
    if line_end:
        lines.to_frame().write_csv(out, include_header=False, quote_style="never", line_terminator=line_end)
    else:
        out.write((lines.str.join("")[0] or "").encode())
    return out.getvalue()


def encoded(written: bytes, encoding: str) -> bytes:
    """UTF-8 in another encoding. Raises UnicodeEncodeError where it lacks a character."""
    return written if encoding in UNICODE or written.isascii() else written.decode("utf-8").encode(encoding)


def unencodable_cells(rows: pl.DataFrame, encoding: str) -> list[Cell]:
    """The cells with a character that the encoding does not have, by row."""
    return [] if encoding in UNICODE else matching(rows, _unencodable(encoding), f"does not exist in {encoding}")


def refuse_name(name: str, pattern: str, fault: str) -> None:
    """Raise ConfigurationError when the name of a column has a character of the pattern."""
    if re.search(pattern, name):
        mend = "change the column's `name:` in the layout"
        raise ConfigurationError(f"the header has a {_reason(name, name, pattern, fault)}", mend=mend)


def refuse_unencodable_names(names: Iterable[str], encoding: str) -> None:
    """Raise ConfigurationError when the name of a column has a character that the encoding does not have."""
    for name in names if encoding not in UNICODE else ():
        refuse_name(name, _unencodable(encoding), f"does not exist in {encoding}")


def matching(rows: pl.DataFrame, pattern: str, fault: str) -> list[Cell]:
    """The cells with a character of the pattern, by row."""
    return sorted(_matching(rows, pattern, fault), key=lambda cell: cell.row)


def _matching(rows: pl.DataFrame, pattern: str, fault: str) -> Iterator[Cell]:
    for name in rows.columns:
        for row, text in (
            rows.select(pl.col(name).alias("text")).with_row_index().filter(pl.col("text").str.contains(pattern)).rows()
        ):
            yield Cell(row, name, _reason(name, text, pattern, fault))


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
