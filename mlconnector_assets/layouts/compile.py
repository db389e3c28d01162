"""A layout for a record, ready to render frames: columns and types are checked once, then a whole frame of
documents becomes rows of text without a Python loop. A document that cannot be rendered is left out with
its reason; it stops no other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl
from polars.exceptions import PolarsError

from mlconnector_assets.errors import ConfigurationError
from mlconnector_assets.layouts.defaults import resolve
from mlconnector_assets.layouts.expressions import compile_expression, result_type
from mlconnector_assets.layouts.models import Delimited, Layout, LayoutColumn
from mlconnector_assets.layouts.problems import KeyPath, LayoutError, Problem, did_you_mean, listed
from mlconnector_assets.layouts.rendering import RenderedColumn, misfit, rendered
from mlconnector_assets.records import Record

_DOCUMENT = "#document"
_REASONS = pl.Schema({_DOCUMENT: pl.UInt32(), "reason": pl.String()})
_REASONS_SHOWN = 3


@dataclass(frozen=True)
class Applied:
    """What a layout made of a frame of documents.

    `rows` has the file's columns as text. `row_source` gives for each row the index of its document in the frame
    that was passed in. `positions` has one line a rendered document: `document` (that index), `source_id`,
    `first_row` (counted from 1, without the header) and `rows`. `blocked` has `source_id` and `reason` of each
    document that is not in `rows`.
    """

    rows: pl.DataFrame
    row_source: pl.Series
    positions: pl.DataFrame
    blocked: pl.DataFrame

    def without(self, reasons: Mapping[int, str]) -> Applied:
        """The same without the documents of the given rows (index in `rows`, from 0), which become blocked
        with the reason given; for values that a format cannot hold."""
        rows = sorted(reasons)
        found = pl.DataFrame({_DOCUMENT: self.row_source.gather(rows), "reason": [reasons[row] for row in rows]})
        blocked = _joined_reasons(found)
        ids = self.positions.select(pl.col("document").alias(_DOCUMENT), "source_id")
        keep = ~self.row_source.is_in(blocked[_DOCUMENT].implode())
        return Applied(
            rows=self.rows.filter(keep),
            row_source=self.row_source.filter(keep),
            positions=_with_first_row(self.positions.filter(~pl.col("document").is_in(blocked[_DOCUMENT].implode()))),
            blocked=pl.concat([self.blocked, blocked.join(ids, on=_DOCUMENT).select("source_id", "reason")]),
        )


@dataclass(frozen=True)
class CompiledLayout:
    """A layout whose expressions fit its record."""

    rows: str
    columns: tuple[RenderedColumn, ...]
    delimited: Delimited

    def apply(self, documents: pl.DataFrame) -> Applied:
        """Render documents (columns of the record, one row each) to rows of text, in the same order."""
        frame, reasons = self._row_frame(documents)
        texts, problems = self._render(frame)
        blocked = _joined_reasons(pl.concat([reasons, problems]))
        if blocked.height:
            texts = texts.join(blocked, on=_DOCUMENT, how="anti", maintain_order="left")
        row_source = texts[_DOCUMENT].alias("document")
        counts = texts.group_by(_DOCUMENT, maintain_order=True).len("rows")
        ids = documents["source_id"]
        return Applied(
            rows=texts.drop(_DOCUMENT),
            row_source=row_source,
            positions=_with_first_row(counts.select(ids.gather(counts[_DOCUMENT]), document=_DOCUMENT, rows="rows")),
            blocked=blocked.select(ids.gather(blocked[_DOCUMENT]), "reason"),
        )

    def _row_frame(self, documents: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """One line for each row of the file with only the columns that are used, and the documents that have none."""
        used = {name for column in self.columns for name in column.value.meta.root_names()}
        indexed = documents.with_row_index(_DOCUMENT)
        if self.rows == "documents":
            return _with_exact_numbers(indexed.select(_DOCUMENT, *sorted(used))), pl.DataFrame(schema=_REASONS)
        empty = indexed.filter(pl.col(self.rows).list.len().fill_null(0) == 0).select(
            _DOCUMENT, pl.lit(f"has no {self.rows}, so that no row of the file would stand for it").alias("reason")
        )
        inner = _line_fields(documents.schema[self.rows])
        exploded = (
            indexed.filter(pl.col(self.rows).list.len() > 0)
            .select(_DOCUMENT, self.rows, *sorted(used - inner.keys()))
            .explode(self.rows)
            .with_columns(pl.col(self.rows).struct.field(field).alias(name) for name, (field, _) in inner.items() if name in used)
            .drop(self.rows)
        )
        return _with_exact_numbers(exploded), empty.cast(_REASONS)

    def _render(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Texts of all rows, and the problems found. When computing fails as a whole, halves are tried, down
        to the documents at fault."""
        try:
            values = frame.select(_DOCUMENT, *(column.value.alias(str(index)) for index, column in enumerate(self.columns)))
        except PolarsError:
            first, last = frame[_DOCUMENT][0], frame[_DOCUMENT][-1]
            if first == last:
                nothing = pl.DataFrame(schema={_DOCUMENT: pl.UInt32(), **{column.name: pl.String() for column in self.columns}})
                return nothing, pl.DataFrame([(first, self._failure(frame))], schema=_REASONS, orient="row")
            middle = (first + last) // 2
            halves = [self._render(frame.filter(half)) for half in (pl.col(_DOCUMENT) <= middle, pl.col(_DOCUMENT) > middle)]
            return pl.concat([texts for texts, _ in halves]), pl.concat([problems for _, problems in halves])
        checks = [check for column in self.columns for check in column.checks]
        found = values.select(check.fails.any().alias(str(index)) for index, check in enumerate(checks)).row(0) if checks else ()
        problems = [
            values.filter(check.fails).select(_DOCUMENT, check.reason.alias("reason"))
            for check, fails in zip(checks, found, strict=True)
            if fails
        ]
        return self._texts(values), pl.concat([pl.DataFrame(schema=_REASONS), *problems])

    def _texts(self, values: pl.DataFrame) -> pl.DataFrame:
        return values.select(_DOCUMENT, *(column.text.alias(column.name) for column in self.columns))

    def _failure(self, frame: pl.DataFrame) -> str:
        """Why a frame cannot be computed, by the first column that fails."""
        for column in self.columns:
            try:
                frame.select(column.value)
            except PolarsError as error:
                cause = str(error).splitlines()[0]
                return f"column `{column.name}` cannot be computed: {cause}; change its `value:`, or the document at the source"
        return "its columns cannot be computed together; compute fewer of them"


def compile_layout(layout: Layout, record: Record, *, where: str = "") -> CompiledLayout:
    """Check a layout against a record.

    Raises
    ------
    LayoutError: everything that does not fit, each with the keys that lead to it.
    """
    written, layout = layout, resolve(layout, where=where)
    rows, columns = layout.rows or "documents", layout.columns or ()
    allowed = ["documents", *(name for name, _ in record.children)]
    if rows not in allowed:
        near = did_you_mean(rows, allowed)
        text = f"{rows!r} is not a nested column of {record.name}; allowed: {listed(allowed)}{near}"
        raise LayoutError([Problem(("rows",), text)], where=where)
    schema = expression_schema(record, rows)
    problems: list[Problem] = []
    compiled: list[RenderedColumn] = []
    for index, column in enumerate(columns):
        path = _path_of(written, index, column)
        if any(column.name == other.name for other in columns[:index]):
            problems.append(Problem((*path, "name"), f"{column.name!r} is the name of an earlier column too; a name stands once"))
        if mark := _unwritable_mark(column.name, layout.delimited):
            problems.append(Problem((*path, "name"), f"{column.name!r} has the character {mark!r}, which the header cannot hold"))
        made = _compiled_column(column, str(index), schema, layout.delimited.decimal_mark)
        if isinstance(made, RenderedColumn):
            compiled.append(made)
        else:
            problems.append(Problem((*path, made[0]), made[1]))
    if problems:
        raise LayoutError(problems, where=where)
    return CompiledLayout(rows=rows, columns=tuple(compiled), delimited=layout.delimited)


def compile_condition(text: str, record: Record, *, where: str = "") -> pl.Expr:
    """A condition over the columns of a record, such as `state = 'posted'`; where it is empty it counts as false.

    Raises
    ------
    ConfigurationError: the expression is wrong, or yields something other than true or false.
    """
    expression = compile_expression(text, record.schema, where=where)
    kind = result_type(expression, record.schema)
    if kind != pl.Boolean:
        raise ConfigurationError(f"condition `{text}` yields {kind}, not true or false; compare it with something", where=where)
    return expression


def expression_schema(record: Record, rows: str = "documents") -> pl.Schema:
    """The columns an expression of a layout may use: the record's own, and with nested rows also `line_<field>`."""
    columns = {name: _exact(kind) for name, kind in record.schema.items() if name != rows}
    if rows != "documents":
        columns |= {name: _exact(kind) for name, (_, kind) in _line_fields(record.schema[rows]).items()}
    return pl.Schema(columns)


def _path_of(written: Layout, index: int, column: LayoutColumn) -> KeyPath:
    """Where a person finds the column: in the list, among the changes, or inherited as it is."""
    if written.columns is not None:
        return ("columns", index)
    changed = [name for name, change in written.change.items() if column.name == (change.name or name)]
    return ("change", changed[0]) if changed else ("extends", column.name)


def _unwritable_mark(name: str, options: Delimited) -> str:
    """The first character of a column name that the file's header could not hold; else ""."""
    if not options.header:
        return ""
    marks = {options.delimiter, options.quote, "\r", "\n"} if options.quoting == "never" else set()
    return next((mark for mark in name if mark in marks or not mark.encode(options.encoding, errors="ignore")), "")


def _compiled_column(column: LayoutColumn, key: str, schema: pl.Schema, decimal_mark: str) -> RenderedColumn | tuple[str, str]:
    try:
        expression = compile_expression(column.value or column.name, schema, where="")
    except ConfigurationError as error:
        return "value", f"{error.what}"
    kind = result_type(expression, schema)
    return misfit(column, kind) or rendered(column, key, expression, kind, decimal_mark)


def _line_fields(nested: pl.DataType) -> dict[str, tuple[str, pl.DataType]]:
    """`line_<field>` to field and type of a nested column; a field that begins with `line_` keeps its name."""
    fields = nested.inner.fields if isinstance(nested, pl.List) and isinstance(nested.inner, pl.Struct) else []
    inner = pl.Schema((field.name, field.dtype) for field in fields)
    return {"line_" + field.removeprefix("line_"): (field, kind) for field, kind in inner.items()}


def _exact(kind: pl.DataType) -> pl.DataType:
    """Whole numbers are computed as decimals: those fail where integers wrap."""
    return pl.Decimal(19, 0) if kind.is_integer() else kind


def _with_exact_numbers(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(
        pl.col(name).cast(pl.Decimal(19, 0)) for name, kind in frame.schema.items() if kind.is_integer() and name != _DOCUMENT
    )


def _joined_reasons(found: pl.DataFrame) -> pl.DataFrame:
    """One line a document, with its first reasons joined."""
    distinct = pl.col("reason").unique(maintain_order=True)
    return found.group_by(_DOCUMENT).agg(distinct.head(_REASONS_SHOWN).str.join("; ")).sort(_DOCUMENT)


def _with_first_row(positions: pl.DataFrame) -> pl.DataFrame:
    rows = pl.col("rows").cast(pl.Int64)
    return positions.select("document", "source_id", first_row=rows.cum_sum() - rows + 1, rows=rows)
