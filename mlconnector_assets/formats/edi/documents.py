"""Sound messages to documents: what a layout writes it also reads, as long as an element holds a record column as it is. Which
segment a part means follows from its place among the parts and, where its first column is a constant, from that qualifier."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa

from mlconnector_assets.errors import ConfigurationError
from mlconnector_assets.formats.edi.checks import Messages
from mlconnector_assets.formats.edi.structure import Position, Structure
from mlconnector_assets.formats.edi.tokens import Flags, Indexes, Tokens
from mlconnector_assets.layouts import CompiledLayout, CompiledPart, LayoutColumn
from mlconnector_assets.layouts.applied import line_fields
from mlconnector_assets.layouts.edi_options import element_place
from mlconnector_assets.records import Record

_BARE = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)?")
_CONSTANT = re.compile(r"'([^']*)'")
_MESSAGE = "#message"


@dataclass(frozen=True)
class ReadField:
    """An element that holds a record column: `column` and `field` (of a struct; empty for the column itself)."""

    place: tuple[int, int]
    column: str
    field: str
    kind: pl.DataType
    rules: LayoutColumn


@dataclass(frozen=True)
class ReadPart:
    """A part as it is read: `position` in the message, `qualifier` the place and text that tell its segments from others there,
    `parent` the part (index) that begins the loop it stands in, `rows` as the layout has it."""

    position: Position
    rows: str
    qualifier: tuple[tuple[int, int], str] | None
    parent: int | None
    fields: tuple[ReadField, ...]


@dataclass(frozen=True)
class Reading:
    """A layout made ready for reading messages of one type and version."""

    record: Record
    decimal_mark: str
    parts: tuple[ReadPart, ...]

    def documents(self, tokens: Tokens, messages: Messages, sound: Indexes) -> pl.DataFrame:
        """One row a message of `sound` (indexes): the record columns that the layout reads, of nested ones all entries. What is
        not in a message is null."""
        wanted = np.zeros(len(messages.starts), np.bool_)
        wanted[sound] = True
        order = np.cumsum(wanted) - 1
        found = [self._rows(part, tokens, messages, wanted) for part in self.parts]
        found = self._within_parents(found, messages)
        columns: dict[str, dict[str, pl.Series]] = {}
        for part, rows in zip(self.parts, found, strict=True):
            if part.rows != "documents":
                continue
            owners = np.searchsorted(messages.starts, rows, "right") - 1
            place = _firsts(order[owners], len(sound))
            for field in part.fields:
                taken = self._values(field, tokens, rows).gather(place)
                own = columns.setdefault(field.column, {})
                own[field.field] = taken if field.field not in own else own[field.field].fill_null(taken)
        made = {name: _column(self.record.schema[name], fields, len(sound)) for name, fields in columns.items()}
        made |= {rows: self._nested(rows, found, tokens, messages.starts[sound]) for rows in self._nested_columns()}
        return pl.DataFrame(made)

    def _nested_columns(self) -> list[str]:
        return list(dict.fromkeys(part.rows for part in self.parts if part.rows != "documents"))

    def _rows(self, part: ReadPart, tokens: Tokens, messages: Messages, wanted: Flags) -> Indexes:
        """The segments that the part means, wherever its loop is."""
        rows = np.flatnonzero(messages.states == part.position.number)
        rows = rows[wanted[np.searchsorted(messages.starts, rows, "right") - 1]]
        if part.qualifier is not None and len(rows):
            place, text = part.qualifier
            rows = rows[(tokens.column(rows, *place) == text).fill_null(value=False).to_numpy()]
        return rows

    def _within_parents(self, found: list[Indexes], messages: Messages) -> list[Indexes]:
        """Only what stands in the loops that belong to the parts: N4 of the buyer, not of the seller."""
        kept: list[Indexes] = []
        for part, rows in zip(self.parts, found, strict=True):
            if part.parent is not None and len(rows):
                beginnings = np.flatnonzero(messages.states == self.parts[part.parent].position.number)
                rows = rows[np.isin(beginnings[np.searchsorted(beginnings, rows) - 1], kept[part.parent])]  # noqa: PLW2901
            kept.append(rows)
        return kept

    def _nested(self, name: str, found: Sequence[Indexes], tokens: Tokens, starts: Indexes) -> pl.Series:
        """A nested column: the entries are the segments of the first part over it, each in the message that begins before it."""
        own = [(part, rows) for part, rows in zip(self.parts, found, strict=True) if part.rows == name]
        entries = own[0][1]
        kind = self.record.schema[name]
        assert isinstance(kind, pl.List) and isinstance(kind.inner, pl.Struct)
        fields: dict[str, pl.Series] = {}
        for part, rows in own:
            owners = np.searchsorted(entries, rows, "right") - 1
            place = _firsts(owners, len(entries))
            for field in part.fields:
                fields[field.column] = self._values(field, tokens, rows).gather(place)
        structs = _column(kind.inner, fields, len(entries))
        counts = np.bincount(np.searchsorted(starts, entries, "right") - 1, minlength=len(starts))
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        made = pa.LargeListArray.from_arrays(pa.array(offsets), structs.to_arrow())
        return pl.Series(name, made).cast(kind)

    def _values(self, field: ReadField, tokens: Tokens, rows: Indexes) -> pl.Series:
        text = tokens.column(rows, *field.place)
        return text.to_frame("text").select(_decoded(pl.col("text"), field, self.decimal_mark)).to_series()


def reading(layout: CompiledLayout, record: Record, structure: Structure) -> Reading:
    """How a layout reads messages. Raises ConfigurationError where a part has no place in the message."""
    message = getattr(layout.options, "message", None) or ""
    position = structure.starts[message]
    parts: list[ReadPart] = []
    for part in layout.parts:
        ahead = (structure.positions[number] for number, _ in position.ahead if number is not None)
        found = next((one for one in ahead if one.place.tag == part.segment), None)
        if found is None:
            mend = "put it where the message has that segment"
            raise ConfigurationError(f"part `{part.name}`: {message} has no {part.segment} behind the part before it", mend=mend)
        position = found
        parent = next((index for index in reversed(range(len(parts))) if parts[index].position.number == found.parent), None)
        parts.append(ReadPart(found, part.rows, _qualifier(part), parent, tuple(_fields(part, record))))
    return Reading(record, layout.options.decimal_mark, tuple(parts))


def _qualifier(part: CompiledPart) -> tuple[tuple[int, int], str] | None:
    first = part.columns[0]
    match = _CONSTANT.fullmatch((first.rules.value or "").strip())
    return (_place(first.name, part), match[1]) if match else None


def _place(name: str, part: CompiledPart) -> tuple[int, int]:
    element, component = element_place(name, part.segment or "") or (0, 1)
    return element, component - 1


def _fields(part: CompiledPart, record: Record) -> Iterator[ReadField]:
    nested = record.schema[part.rows] if part.rows != "documents" else None
    inner = line_fields(nested) if nested is not None else {}
    for column in part.columns:
        value = (column.rules.value or column.name).strip()
        if not _BARE.fullmatch(value):
            continue
        name, _, field = value.partition(".")
        if name in inner:
            target, kind = inner[name]
            yield ReadField(_place(column.name, part), target, "", kind, column.rules)
        elif nested is None and name in record.schema:
            kind = record.schema[name]
            if field:
                assert isinstance(kind, pl.Struct)
                kind = pl.Schema((one.name, one.dtype) for one in kind.fields)[field]
            yield ReadField(_place(column.name, part), name, field, kind, column.rules)


def _decoded(text: pl.Expr, field: ReadField, decimal_mark: str) -> pl.Expr:
    """The value that a text stands for."""
    rules, kind = field.rules, field.kind
    if rules.codes is not None:
        back = {code: value for value, code in reversed(rules.codes.items())}
        text = text.replace_strict(list(back), list(back.values()), default=None, return_dtype=pl.String)
    if kind.is_decimal() or kind.is_integer():
        if rules.implied_decimals:
            padded = text.str.zfill(rules.implied_decimals + 1 + 1)
            text = pl.concat_str(padded.str.head(-rules.implied_decimals), pl.lit("."), padded.str.tail(rules.implied_decimals))
        elif decimal_mark != ".":
            text = text.str.replace(decimal_mark, ".", literal=True)
        return text.cast(kind)
    if kind == pl.Date:
        return text.str.to_date(rules.date_format or "%Y%m%d", strict=False)
    if isinstance(kind, pl.Datetime):
        day = text.str.to_date(rules.date_format or "%Y%m%d", strict=False)
        return day.cast(pl.Datetime("us")).dt.replace_time_zone(kind.time_zone).cast(kind)
    return text.cast(kind)


def _firsts(owners: Indexes, count: int) -> pl.Series:
    """For each of so many owners the first index that is its own; null where none is."""
    _, first = np.unique(owners, return_index=True)
    place = np.full(count, -1)
    place[owners[first]] = first
    return pl.Series(place, dtype=pl.Int64).replace(-1, None)


def _column(kind: pl.DataType, fields: dict[str, pl.Series], count: int) -> pl.Series:
    """A column of fields: itself where its only field has no name, or a struct, null where nothing of it is known."""
    if "" in fields:
        return fields[""]
    assert isinstance(kind, pl.Struct)
    whole = pl.DataFrame(
        {one.name: fields.get(one.name, pl.Series([None] * count, dtype=one.dtype)).cast(one.dtype) for one in kind.fields}
    )
    known = pl.any_horizontal(pl.col(name).is_not_null() for name in fields)
    return whole.select(pl.when(known).then(pl.struct(pl.all()))).to_series()
