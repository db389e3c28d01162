"""What a compiled layout makes of documents: rows of text for each part, without a Python loop over rows. A
document that cannot be rendered is left out with its reason; it stops no other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import groupby

import polars as pl
from polars.exceptions import PolarsError

from mlconnector_assets.errors import ConfigurationError
from mlconnector_assets.layouts.facts import WHOLE, BodyFacts, FileFacts, facts_frame
from mlconnector_assets.layouts.options import Delimited, FileFormat, Options
from mlconnector_assets.layouts.rendering import Check, RenderedColumn

DOCUMENT, ROW = "#document", "#row"
_REASONS = pl.Schema({DOCUMENT: pl.UInt32(), "reason": pl.String()})
_REASONS_SHOWN = 3
_WHEN = "#when"


@dataclass(frozen=True)
class PartRows:
    """The rows of one part, in the order of documents.

    `texts` has the part's columns as text. `keys` gives for each row its `document` (index in the frame that was
    passed in) and `row` (ascending; rows of different parts over the same entry have the same), and what totals add
    up, in a column `#<name>` each.
    """

    texts: pl.DataFrame
    keys: pl.DataFrame

    def filter(self, keep: pl.Series) -> PartRows:
        """Only the rows where `keep` is true."""
        return PartRows(self.texts.filter(keep), self.keys.filter(keep))


@dataclass(frozen=True)
class Applied:
    """What a layout made of a frame of documents.

    `parts` are the rows of each part of the layout. `source_ids` are those of the frame that was passed in.
    `blocked` has `document` (index in that frame) and `reason` of each document that is in no part. `after` is how many
    documents the file has before these.
    """

    parts: tuple[PartRows, ...]
    source_ids: pl.Series
    blocked: pl.DataFrame
    after: int = 0

    @property
    def positions(self) -> pl.DataFrame:
        """One line a rendered document, in order: `document`, `source_id`, `first_row` (counted from 1 over the rows of
        all parts) and `rows`."""
        counted = pl.concat([part.keys.select("document") for part in self.parts]).group_by("document").len("rows")
        found = counted.sort("document").with_columns(pl.col("rows").cast(pl.Int64))
        first = (pl.col("rows").cum_sum() - pl.col("rows") + 1).alias("first_row")
        return found.select("document", self.source_ids.gather(found["document"]).alias("source_id"), first, "rows")

    @property
    def reasons(self) -> dict[str, str]:
        """source_id to reason of the blocked documents."""
        return dict(zip(self.source_ids.gather(self.blocked["document"]), self.blocked["reason"], strict=True))

    def without(self, reasons: Mapping[int, str]) -> Applied:
        """The same without these documents (by index), which become blocked with the reason given; for values that
        a format cannot hold."""
        gone = pl.DataFrame({"document": list(reasons), "reason": list(reasons.values())}, schema=self.blocked.schema)
        parts = tuple(part.filter(~part.keys["document"].is_in(gone["document"].implode())) for part in self.parts)
        return replace(self, parts=parts, blocked=pl.concat([self.blocked, gone]).sort("document"))


@dataclass(frozen=True)
class CompiledPart:
    """A part whose expressions fit its record; `totals` are added up over its rows, None counts them."""

    name: str
    rows: str
    when: pl.Expr | None
    element: str | None
    columns: tuple[RenderedColumn, ...]
    totals: Mapping[str, pl.Expr | None]
    segment: str | None = None

    def used(self) -> set[str]:
        """The columns that the part's expressions need."""
        expressions = [column.value for column in self.columns] + [total for total in self.totals.values() if total is not None]
        expressions += [] if self.when is None else [self.when]
        return {name for expression in expressions for name in expression.meta.root_names()}

    def render(self, frame: pl.DataFrame) -> tuple[PartRows, pl.DataFrame]:
        """The part's rows, and the problems found (document, reason). When computing fails as a whole, halves are
        tried, down to the documents at fault."""
        try:
            values = frame.select(DOCUMENT, ROW, *self._values())
        except PolarsError:
            first, last = frame[DOCUMENT][0], frame[DOCUMENT][-1]
            if first == last:
                reason = pl.DataFrame([(first, self._failure(frame))], schema=_REASONS, orient="row")
                return self._made(frame.clear().select(DOCUMENT, ROW, *self._values())), reason
            middle = (first + last) // 2
            halves = [self.render(frame.filter(half)) for half in (pl.col(DOCUMENT) <= middle, pl.col(DOCUMENT) > middle)]
            return _joined([made for made, _ in halves]), pl.concat([problems for _, problems in halves])
        if self.when is not None:
            values = values.filter(_WHEN)
        made = self._made(values)
        problems = list(
            _found(values.drop(DOCUMENT), values[DOCUMENT], [check for column in self.columns for check in column.checks])
        )
        problems += _found(made.texts, values[DOCUMENT], [check for column in self.columns for check in column.text_checks])
        return made, pl.concat([pl.DataFrame(schema=_REASONS), *problems])

    def values_as_text(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The part's values for every row, whatever its `when` says, as plain text."""
        columns = []
        for column in self.columns:
            try:
                columns.append(frame.select(DOCUMENT, column.value.cast(pl.String).alias(column.name))[column.name])
            except PolarsError:
                columns.append(pl.Series(column.name, [None] * frame.height, pl.String))
        return frame.select(DOCUMENT, *columns)

    def _values(self) -> Iterator[pl.Expr]:
        yield from (column.value.alias(str(index)) for index, column in enumerate(self.columns))
        for name, total in self.totals.items():
            yield (pl.lit(None, WHOLE) if total is None else total).alias(f"#{name}")
        if self.when is not None:
            yield self.when.fill_null(value=False).alias(_WHEN)

    def _made(self, values: pl.DataFrame) -> PartRows:
        return PartRows(
            values.select(column.text.alias(column.name) for column in self.columns),
            values.select(pl.col(DOCUMENT).alias("document"), pl.col(ROW).alias("row"), *(f"#{name}" for name in self.totals)),
        )

    def _failure(self, frame: pl.DataFrame) -> str:
        """Why a frame cannot be computed, by the first column that fails."""
        named = [(f"column `{column.name}`", "value", column.value) for column in self.columns]
        named += [(f"total `{name}`", "value", total) for name, total in self.totals.items() if total is not None]
        named += [] if self.when is None else [(f"part `{self.name}`", "when", self.when)]
        for what, key, expression in named:
            try:
                frame.select(expression)
            except PolarsError as error:
                cause = str(error).splitlines()[0]
                return f"{what} cannot be computed: {cause}; change its `{key}:`, or the document at the source"
        return "its columns cannot be computed together; compute fewer of them"


@dataclass(frozen=True)
class CompiledLayout:
    """A layout whose expressions fit its record and its format. `header` and `trailer` are None where the file has none."""

    format: FileFormat
    parts: tuple[CompiledPart, ...]
    header: tuple[RenderedColumn, ...] | None
    trailer: tuple[RenderedColumn, ...] | None
    facts: pl.Schema
    options: Options

    @property
    def loops(self) -> tuple[tuple[int, ...], ...]:
        """Indexes of the parts, those that take turns over the same rows together."""
        runs = groupby(range(len(self.parts)), key=lambda index: self.parts[index].rows)
        return tuple(tuple(run) for _, run in runs)

    def apply(self, documents: pl.DataFrame) -> Applied:
        """Render documents (columns of the record, one row each) to rows of text, in the same order."""
        indexed = documents.with_row_index(DOCUMENT)
        frames = {rows: self._row_frame(indexed, rows) for rows in dict.fromkeys(part.rows for part in self.parts)}
        made = [part.render(frames[part.rows]) for part in self.parts]
        found = pl.concat([problems for _, problems in made])
        standing = pl.concat([part.keys["document"] for part, _ in made]).unique().implode()
        judged = found[DOCUMENT].unique().implode()
        nothing = pl.col(DOCUMENT).is_in(standing).or_(pl.col(DOCUMENT).is_in(judged)).not_()
        missing = indexed.filter(nothing).select(DOCUMENT, pl.lit(self._stands_for_nothing()).alias("reason"))
        blocked = _joined_reasons(pl.concat([found, missing.cast(_REASONS)]))
        ids = blocked["document"].implode()
        parts = tuple(part.filter(~part.keys["document"].is_in(ids)) if blocked.height else part for part, _ in made)
        return Applied(parts, documents["source_id"], blocked)

    def unchecked(self, documents: pl.DataFrame) -> pl.DataFrame:
        """The values of every column as plain text, without any rule of the layout: `#document` (index in `documents`),
        then the columns of all parts. What cannot be computed is null; a document without rows has one, empty."""
        indexed = documents.with_row_index(DOCUMENT)
        frames = [(part, self._row_frame(indexed, part.rows)) for part in self.parts]
        made = [part.values_as_text(frame) for part, frame in frames]
        standing = pl.concat([rows.select(DOCUMENT) for rows in made])[DOCUMENT].unique().implode()
        empty = indexed.filter(~pl.col(DOCUMENT).is_in(standing)).select(DOCUMENT)
        return pl.concat([*made, empty], how="diagonal").sort(DOCUMENT, maintain_order=True)

    def totals(self, parts: tuple[PartRows, ...]) -> dict[str, Decimal]:
        """The layout's totals over the rows of the parts, exact."""
        found: dict[str, Decimal] = {}
        for part, rows in zip(self.parts, parts, strict=True):
            for name, total in part.totals.items():
                found[name] = Decimal(rows.keys.height) if total is None else Decimal(rows.keys[f"#{name}"].sum() or 0)
        return found

    def envelope(self, file: FileFacts, body: BodyFacts) -> tuple[pl.DataFrame | None, pl.DataFrame | None]:
        """The texts of header and trailer, one row each; None where the file has none.

        Raises
        ------
        ConfigurationError: a value does not fit its column.
        """
        lines = self.envelope_lines
        facts = facts_frame(file, body, lines, self.facts)
        return _envelope("header", self.header, facts), _envelope("trailer", self.trailer, facts)

    @property
    def envelope_lines(self) -> int:
        """How many lines a text file has besides those of its documents."""
        names = isinstance(self.options, Delimited) and self.options.header
        return (self.header is not None) + (self.trailer is not None) + names

    def _row_frame(self, indexed: pl.DataFrame, rows: str) -> pl.DataFrame:
        """One line for each row of a part, with only the columns that are used."""
        used = {name for part in self.parts if part.rows == rows for name in part.used()}
        indexed = _with_counts(indexed, used)
        if rows == "documents":
            return _with_exact_numbers(indexed.select(DOCUMENT, pl.col(DOCUMENT).alias(ROW), *sorted(used)))
        inner = line_fields(indexed.schema[rows])
        exploded = (
            indexed.filter(pl.col(rows).list.len() > 0)
            .select(DOCUMENT, rows, *sorted(used - inner.keys()))
            .explode(rows)
            .with_columns(pl.col(rows).struct.field(field).alias(name) for name, (field, _) in inner.items() if name in used)
            .drop(rows)
        )
        return _with_exact_numbers(exploded.with_row_index(ROW))

    def _stands_for_nothing(self) -> str:
        nested = sorted({part.rows for part in self.parts})
        if "documents" in nested or any(part.when is not None for part in self.parts):
            return "no part of the layout applies to it, so that nothing in the file would stand for it"
        return f"has no {' and no '.join(nested)}, so that no row of the file would stand for it"


def line_fields(nested: pl.DataType) -> dict[str, tuple[str, pl.DataType]]:
    """`line_<field>` to field and type of a nested column; a field that begins with `line_` keeps its name."""
    fields = nested.inner.fields if isinstance(nested, pl.List) and isinstance(nested.inner, pl.Struct) else []
    inner = pl.Schema((field.name, field.dtype) for field in fields)
    return {"line_" + field.removeprefix("line_"): (field, kind) for field, kind in inner.items()}


def exact(kind: pl.DataType) -> pl.DataType:
    """Whole numbers are computed as decimals: those fail where integers wrap."""
    return WHOLE if kind.is_integer() else kind


def _with_exact_numbers(frame: pl.DataFrame) -> pl.DataFrame:
    whole = (name for name, kind in frame.schema.items() if kind.is_integer() and name not in (DOCUMENT, ROW))
    return frame.with_columns(pl.col(name).cast(WHOLE) for name in whole)


def _with_counts(indexed: pl.DataFrame, used: set[str]) -> pl.DataFrame:
    """With the number of entries of nested columns, as `<name>_count`, where it is used."""
    nested = [name for name, kind in indexed.schema.items() if isinstance(kind, pl.List) and f"{name}_count" in used]
    return indexed.with_columns(pl.col(name).list.len().cast(WHOLE).alias(f"{name}_count") for name in nested)


def _found(frame: pl.DataFrame, documents: pl.Series, checks: list[Check]) -> Iterator[pl.DataFrame]:
    """The documents whose rows fail a check, with its reason."""
    if not checks:
        return
    failing = frame.select(check.fails.any().alias(str(index)) for index, check in enumerate(checks)).row(0)
    for check, fails in zip(checks, failing, strict=True):
        if fails:
            yield (
                pl.concat([frame, documents.alias(DOCUMENT).to_frame()], how="horizontal")
                .filter(check.fails)
                .select(DOCUMENT, check.reason.alias("reason"))
            )


def _joined(halves: list[PartRows]) -> PartRows:
    return PartRows(pl.concat([half.texts for half in halves]), pl.concat([half.keys for half in halves]))


def _joined_reasons(found: pl.DataFrame) -> pl.DataFrame:
    """One line a document, with its first reasons joined."""
    distinct = pl.col("reason").unique(maintain_order=True)
    joined = found.group_by(DOCUMENT).agg(distinct.head(_REASONS_SHOWN).str.join("; "))
    return joined.sort(DOCUMENT).rename({DOCUMENT: "document"})


def _envelope(place: str, columns: tuple[RenderedColumn, ...] | None, facts: pl.DataFrame) -> pl.DataFrame | None:
    if columns is None:
        return None
    one = facts.with_columns(pl.lit(0, pl.UInt32).alias(DOCUMENT), pl.lit(0, pl.UInt32).alias(ROW))
    made, problems = CompiledPart(place, "documents", None, None, columns, {}).render(one)
    if problems.height:
        raise ConfigurationError(f"the {place} of the file cannot be written: {'; '.join(problems['reason'])}")
    return made.texts
