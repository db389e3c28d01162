"""A layout checked against a record and a format: every expression is compiled, every type and place is checked
once, and everything that does not fit is told with the keys that lead to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import polars as pl

from mlconnector_assets.dictionaries import Dictionary
from mlconnector_assets.errors import ConfigurationError
from mlconnector_assets.layouts.applied import CompiledLayout, CompiledPart, exact, line_fields
from mlconnector_assets.layouts.columns import LayoutColumn
from mlconnector_assets.layouts.defaults import change_of, labels, resolve
from mlconnector_assets.layouts.edi_options import X12, Edifact
from mlconnector_assets.layouts.elements import element_tree, path_problem
from mlconnector_assets.layouts.expressions import compile_expression, result_type
from mlconnector_assets.layouts.facts import WHOLE, facts_schema
from mlconnector_assets.layouts.models import ENVELOPE, Layout, Part, Total
from mlconnector_assets.layouts.options import OPTIONS_KEY, Delimited, FileFormat, FixedWidth, Options, Xml
from mlconnector_assets.layouts.positions import position_problems
from mlconnector_assets.layouts.problems import KeyPath, LayoutError, Problem, did_you_mean, listed
from mlconnector_assets.layouts.rendering import RenderedColumn, misfit, rendered
from mlconnector_assets.layouts.segments import (
    by_dictionary,
    cell_of,
    dictionary_of,
    option_problems,
    rule_checks,
    segment_problems,
    text_checks,
)
from mlconnector_assets.records import Record

DOCUMENTS = "documents"


def compile_layout(
    layout: Layout, record: Record, *, file_format: FileFormat = "csv", time_zone: str = "UTC", where: str = ""
) -> CompiledLayout:
    """Check a layout against a record and a file format; `time_zone` is where header and trailer say what time it is.
    A layout that was compiled before is remembered.

    Raises
    ------
    LayoutError: everything that does not fit, each with the keys that lead to it.
    """
    written = layout.model_dump_json(exclude_unset=True)
    return _compiled(_Question(written, record.name, file_format, time_zone, layout, record), where)


@dataclass(frozen=True)
class _Question:
    """What decides the answer, as values that can be looked up: the layout's own text instead of its models."""

    written: str
    record_name: str
    file_format: FileFormat
    time_zone: str
    layout: Layout = field(compare=False)
    record: Record = field(compare=False)


@lru_cache(maxsize=256)
def _compiled(asked: _Question, where: str) -> CompiledLayout:
    layout, record, file_format, time_zone = asked.layout, asked.record, asked.file_format, asked.time_zone
    if foreign := list(_foreign_options(layout, file_format)):
        raise LayoutError(foreign, where=where)
    whole = resolve(layout, where=where)
    compiling = _Compiling(layout, whole, record, file_format)
    parts = tuple(compiling.part(index, part) for index, part in enumerate(whole.parts or ()))
    totals = compiling.totals(parts)
    facts = facts_schema(file_format, time_zone, totals)
    header, trailer = (compiling.envelope(place, facts) for place in ENVELOPE)
    if compiling.problems:
        raise LayoutError(compiling.problems, where=where)
    return CompiledLayout(file_format, parts, header, trailer, facts, compiling.options)


def compile_condition(text: str, record: Record, *, where: str = "") -> pl.Expr:
    """A condition over the columns of a record, such as `state = 'posted'`; where it is empty it counts as false.

    Raises
    ------
    ConfigurationError: the expression is wrong, or yields something other than true or false.
    """
    return _condition(text, record.schema, where)


def expression_schema(record: Record, rows: str = DOCUMENTS) -> pl.Schema:
    """The columns an expression of a layout may use: the record's own, of nested ones also `<name>_count`, and with nested rows
    `line_<field>`."""
    columns = {name: exact(kind) for name, kind in record.schema.items() if name != rows}
    columns |= {f"{name}_count": WHOLE for name, _ in record.children}
    if rows != DOCUMENTS:
        columns |= {name: exact(kind) for name, (_, kind) in line_fields(record.schema[rows]).items()}
    return pl.Schema(columns)


def _condition(text: str, schema: pl.Schema, where: str = "") -> pl.Expr:
    expression = compile_expression(text, schema, where=where)
    kind = result_type(expression, schema)
    if kind != pl.Boolean:
        raise ConfigurationError(f"condition `{text}` yields {kind}, not true or false; compare it with something", where=where)
    return expression


def _foreign_options(layout: Layout, file_format: FileFormat) -> Iterator[Problem]:
    """What the layout says for another format than the flow's."""
    own = OPTIONS_KEY[file_format]
    for other, key in OPTIONS_KEY.items():
        if other != file_format and key in layout.model_fields_set:
            text = f"is for `format: {other}`, and the flow has `format: {file_format}`, whose options are in `{own}:`"
            yield Problem((key,), text)
    folder = (layout.extends or "").partition("/")[0]
    if folder in OPTIONS_KEY and folder != file_format:
        yield Problem(("extends",), f"{layout.extends} is for `format: {folder}`, and the flow has `format: {file_format}`")


class _Compiling:
    """One layout while it is compiled; `problems` collects what does not fit, in the order of the layout."""

    def __init__(self, written: Layout, whole: Layout, record: Record, file_format: FileFormat) -> None:
        self.written, self.whole, self.record, self.format = written, whole, record, file_format
        self.options: Options = getattr(whole, OPTIONS_KEY[file_format])
        self.problems: list[Problem] = []
        several = written.parts is not None or (written.columns is None and len(whole.parts or ()) > 1)
        if several and isinstance(self.options, Delimited):
            if "header" in written.delimited.model_fields_set and written.delimited.header:
                text = "column names fit no file with several kinds of lines; the layout's own `header:` begins the file"
                self.problems.append(Problem(("delimited", "header"), text))
            self.options = self.options.model_copy(update={"header": False})
        if isinstance(self.options, Xml):
            self._names(self.options)
        self.dictionary: Dictionary | None = None
        if isinstance(self.options, X12 | Edifact):
            found = dictionary_of(self.options)
            if isinstance(found, Problem):
                self.problems.append(found)
            else:
                self.dictionary = found
                self.problems += option_problems(self.options, found)
            for place in ENVELOPE:
                if getattr(whole, place):
                    text = f"the envelope of a file with `format: {file_format}` is made by its options"
                    self.problems.append(Problem((place,), text))

    def part(self, index: int, part: Part) -> CompiledPart:
        """A part; what does not fit is in `problems`."""
        path = self._part_path(index)
        allowed = [DOCUMENTS, *(name for name, _ in self.record.children)]
        if part.rows not in allowed:
            near = did_you_mean(part.rows, allowed)
            text = f"{part.rows!r} is not a nested column of {self.record.name}; allowed: {listed(allowed)}{near}"
            self.problems.append(Problem((*path, "rows"), text))
            return CompiledPart(part.name, part.rows, None, part.element, (), {})
        if any(part.name == other.name for other in (self.whole.parts or ())[:index]):
            self.problems.append(
                Problem((*path, "name"), f"{part.name!r} is the name of an earlier part too; a name stands once")
            )
        self.problems += self._element_problems(part, path)
        self.problems += self._segment_problems(part, path)
        schema = expression_schema(self.record, part.rows)
        when = None
        if part.when is not None:
            try:
                when = _condition(part.when, schema)
            except ConfigurationError as error:
                self.problems.append(Problem((*path, "when"), error.what))
        return CompiledPart(
            part.name,
            part.rows,
            when,
            part.element,
            self._columns(part.name, part.columns, schema, part.segment),
            self._totals(part, schema),
            part.segment,
        )

    def envelope(self, place: str, facts: pl.Schema) -> tuple[RenderedColumn, ...] | None:
        """The columns of `header` or `trailer`; None where the layout has none."""
        columns: tuple[LayoutColumn, ...] | None = getattr(self.whole, place)
        return self._columns(place, columns, facts) if columns else None

    def totals(self, parts: Sequence[CompiledPart]) -> dict[str, pl.DataType]:
        """The type of each total."""
        return {
            name: WHOLE
            if value is None
            else pl.Decimal(38, _scale(result_type(value, expression_schema(self.record, part.rows))))
            for part in parts
            for name, value in part.totals.items()
        }

    def _totals(self, part: Part, schema: pl.Schema) -> dict[str, pl.Expr | None]:
        """The totals over the rows of this part."""
        found: dict[str, pl.Expr | None] = {}
        names = [each.name for each in self.whole.parts or ()]
        for name, total in self.whole.totals.items():
            path: KeyPath = ("totals", name)
            if part.name == names[0] and (reason := self._wrong_total(name, total, names)):
                self.problems.append(Problem((*path, *reason[0]), reason[1]))
            if (total.of or (names[0] if len(names) == 1 else None)) != part.name:
                continue
            try:
                found[name] = None if total.value is None else compile_expression(total.value, schema, where="")
            except ConfigurationError as error:
                self.problems.append(Problem((*path, "value"), error.what))
                continue
            if (value := found[name]) is not None and not result_type(value, schema).is_numeric():
                self.problems.append(Problem((*path, "value"), "only numbers can be added up; leave `value` out to count rows"))
                found[name] = None
        return found

    def _wrong_total(self, name: str, total: Total, parts: list[str]) -> tuple[KeyPath, str] | None:
        if name in facts_schema(self.format, "UTC", {}):
            return (), f"{name!r} is a fact of every file; give the total another name"
        if total.of is None and len(parts) > 1:
            return ("of",), f"is missing: the name of the part whose rows count; the layout has {listed(parts)}"
        if total.of is not None and total.of not in parts:
            return ("of",), f"the layout has no part {total.of!r}; it has {listed(parts)}{did_you_mean(total.of, parts)}"
        return None

    def _columns(
        self, part: str, columns: Sequence[LayoutColumn], schema: pl.Schema, segment: str | None = None
    ) -> tuple[RenderedColumn, ...]:
        compiled: list[RenderedColumn] = []
        names: set[str] = set()
        for index, column in enumerate(columns):
            path = self._column_path(part, index, column)
            if column.name in names:
                self.problems.append(
                    Problem((*path, "name"), f"{column.name!r} is the name of an earlier column too; a name stands once")
                )
            if mark := self._unwritable_mark(column.name):
                self.problems.append(
                    Problem((*path, "name"), f"{column.name!r} has the character {mark!r}, which the header cannot hold")
                )
            if isinstance(self.options, Xml) and (reason := path_problem(column.name, self.options)):
                self.problems.append(Problem((*path, "name"), reason))
            names.add(column.name)
            made = self._column(column, str(index), schema, segment)
            if isinstance(made, RenderedColumn):
                compiled.append(made)
            else:
                self.problems.append(Problem((*path, made[0]), made[1]))
        if isinstance(self.options, FixedWidth):
            for problem in position_problems(columns, self.options.line_length):
                index, key = int(problem.path[0]), problem.path[1]
                self.problems.append(Problem((*self._column_path(part, index, columns[index]), key), problem.text))
        if (
            self.dictionary is not None
            and segment is not None
            and segment in self.dictionary.segments
            and len(compiled) == len(columns)
        ):
            checks = tuple(rule_checks(segment, columns, self.dictionary))
            compiled[-1] = replace(compiled[-1], text_checks=(*compiled[-1].text_checks, *checks))
        return tuple(compiled)

    def _column(self, column: LayoutColumn, key: str, schema: pl.Schema, segment: str | None) -> RenderedColumn | tuple[str, str]:
        try:
            expression = compile_expression(column.value or column.name, schema, where="")
        except ConfigurationError as error:
            return "value", f"{error.what}"
        kind = result_type(expression, schema)
        if self.dictionary is None or segment is None or segment not in self.dictionary.segments:
            return misfit(column, kind, self.format) or rendered(column, key, expression, kind, self.options)
        assert isinstance(self.options, X12 | Edifact)
        cell = cell_of(column.name, segment, self.dictionary)
        if isinstance(cell, str):
            return "name", cell
        column = by_dictionary(column, cell, kind, self.options)
        if wrong := misfit(column, kind, self.format):
            return wrong
        made = rendered(column, key, expression, kind, self.options)
        return replace(made, text_checks=(*made.text_checks, *text_checks(column, cell, self.options)))

    def _unwritable_mark(self, name: str) -> str:
        """The first character of a column name that the line of column names could not hold; else ""."""
        options = self.options
        if not isinstance(options, Delimited) or not options.header:
            return ""
        marks = {options.delimiter, options.quote, "\r", "\n"} if options.quoting == "never" else set()
        return next((mark for mark in name if mark in marks or not mark.encode(options.encoding, errors="ignore")), "")

    def _segment_problems(self, part: Part, path: KeyPath) -> Iterator[Problem]:
        if self.dictionary is not None:
            yield from segment_problems(part.segment, path, self.dictionary)
        elif part.segment is not None and not isinstance(self.options, X12 | Edifact):
            yield Problem((*path, "segment"), f"fits `format: x12` and `edifact` only; the flow has `format: {self.format}`")

    def _element_problems(self, part: Part, path: KeyPath) -> Iterator[Problem]:
        if not isinstance(self.options, Xml):
            if part.element is not None:
                yield Problem((*path, "element"), f"fits `format: xml` only; the flow has `format: {self.format}`")
        elif part.element is not None:
            if reason := path_problem(part.element, self.options, attribute=False):
                yield Problem((*path, "element"), reason)
        elif part.rows != DOCUMENTS:
            if self.written.parts is None:
                text = f"in XML each document is one element; write `parts:`, one of them over {part.rows} with `element:`"
                yield Problem((*path, "rows"), text)
            else:
                yield Problem(
                    (*path, "element"),
                    f"is missing: the path of the element that each of the {part.rows} becomes, such as Lines/Line",
                )

    def _names(self, options: Xml) -> None:
        """Names of elements: prefixes that are declared, and columns that make a tree."""
        self.problems += [
            Problem(("xml", key), reason)
            for key, name in (("root", options.root), ("document", options.document))
            if (reason := path_problem(name, options))
        ]
        inside = [part.name for part in self.whole.parts or () if part.element is None and part.rows == DOCUMENTS]
        places = [["header", "trailer"], inside, *([part.name] for part in self.whole.parts or () if part.name not in inside)]
        for together in places:
            columns = [(part, column) for part, column in labels(self.whole) if part in together]
            tree = element_tree(column.name for _, column in columns)
            if isinstance(tree, tuple):
                part, column = columns[tree[0]]
                index = [each for label, each in columns if label == part].index(column)
                self.problems.append(Problem((*self._column_path(part, index, column), "name"), tree[1]))

    def _part_path(self, index: int) -> KeyPath:
        if self.written.parts is not None:
            return ("parts", index)
        return () if self.written.columns is not None or self.written.rows is not None else ("extends",)

    def _column_path(self, part: str, index: int, column: LayoutColumn) -> KeyPath:
        """Where a person finds a column: in the list, among the changes, or inherited as it is."""
        if part in ENVELOPE and getattr(self.written, part) is not None:
            return (part, index)
        if part not in ENVELOPE and self.written.columns is not None:
            return ("columns", index)
        if part not in ENVELOPE and self.written.parts is not None:
            place = next(place for place, each in enumerate(self.written.parts) if each.name == part)
            return ("parts", place, "columns", index)
        inherited = [name for name, change in self._inherited_names() if change == column.name]
        key = next((key for name in (*inherited, column.name) if (key := change_of(self.written, part, name))), None)
        return ("change", key) if key else ("extends", column.name)

    def _inherited_names(self) -> Iterator[tuple[str, str]]:
        """Inherited column names that the layout changes, each with its new name."""
        yield from ((key.rpartition(".")[2], change.name) for key, change in self.written.change.items() if change.name)


def _scale(kind: pl.DataType) -> int:
    return kind.scale if isinstance(kind, pl.Decimal) else 0
