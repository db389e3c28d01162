"""Expressions over record columns: Polars SQL text, checked, then compiled to `pl.Expr`.

Numbers are exact: a literal such as 1.5 is a decimal, `/` keeps ten decimals, `round` rounds halves away
from zero. An operation with an empty value is empty (`a || b` too; `concat` passes over empty values).
Fields of a struct are reached with a dot: `counterparty.name`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime

import polars as pl
import sqlglot
from polars.exceptions import PolarsError
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError

from mlconnector_assets.errors import ConfigurationError
from mlconnector_assets.layouts.allowed import LONGEST_EXPRESSION, refusals
from mlconnector_assets.layouts.problems import did_you_mean, listed

# Polars' SQL is nearest to DuckDB's; tests/layouts/test_expressions.py holds every allowed construct against Polars
_DIALECT = "duckdb"


def compile_expression(text: str, schema: Mapping[str, pl.DataType], *, where: str) -> pl.Expr:
    """Compile an expression over columns of `schema`.

    Raises
    ------
    ConfigurationError: it cannot be read, or uses an unknown column, a function that is not allowed, floats,
        whole-number arithmetic, or types that do not fit; the message names what, and what is allowed.
    """

    def refuse(reason: str) -> ConfigurationError:
        return ConfigurationError(f"expression {_shortened(text)}: {reason}", where=where)

    if len(text) > LONGEST_EXPRESSION:
        raise refuse(f"has {len(text)} characters; at most {LONGEST_EXPRESSION} are allowed")
    tree = _parse(text, refuse)
    for reason in [*refusals(tree, text), *_unknown_columns(tree, schema)]:
        raise refuse(reason)
    try:
        expression = pl.sql_expr(text)
        for part in _parts(expression):
            if reason := _inexact(part, schema):
                raise refuse(reason)
        _one_row(_used(expression, schema)).select(expression)
    except PolarsError as error:
        raise refuse(f"cannot be computed: {str(error).splitlines()[0]}{_hint(str(error))}") from error
    return expression


def result_type(expression: pl.Expr, schema: Mapping[str, pl.DataType]) -> pl.DataType:
    """The Polars type that the expression yields over `schema`."""
    return pl.LazyFrame(schema=_used(expression, schema)).select(expression.alias("value")).collect_schema()["value"]


def names_of(schema: Mapping[str, pl.DataType]) -> list[str]:
    """Every name an expression may use: columns, and fields of structs as `column.field`."""
    fields = [f"{name}.{field.name}" for name, kind in schema.items() if isinstance(kind, pl.Struct) for field in kind.fields]
    return [*schema, *fields]


def _parse(text: str, refuse: Callable[[str], ConfigurationError]) -> exp.Expr:
    try:
        return sqlglot.parse_one(text, dialect=_DIALECT)
    except ParseError as error:
        place = error.errors[0] if error.errors else {}
        near = f" near {place['highlight']!r}, column {place['col']}" if place.get("highlight") else ""
        raise refuse(f"cannot be read as SQL{near}; a text stands in single quotes: 'text'") from error
    except SqlglotError as error:
        raise refuse("cannot be read as SQL; is a quote left open?") from error


def _unknown_columns(tree: exp.Expr, schema: Mapping[str, pl.DataType]) -> Iterator[str]:
    known = names_of(schema)
    for column in tree.find_all(exp.Column):
        name = ".".join(part.name for part in column.parts)
        if name not in known:
            yield f"there is no column `{name}`{_instead(name, schema)}"


def _instead(name: str, schema: Mapping[str, pl.DataType]) -> str:
    head, dot, field = name.partition(".")
    kind = schema.get(head)
    if dot and isinstance(kind, pl.Struct):
        fields = [inner.name for inner in kind.fields]
        return f"; `{head}` has the fields {listed(fields)}{did_you_mean(field, fields)}"
    if head.startswith("line_") and not any(known.startswith("line_") for known in schema):
        return "; columns `line_…` need `rows:` with a nested column, such as `rows: lines`"
    return did_you_mean(name, names_of(schema)) or f"; columns: {listed(schema)}"


def _parts(expression: pl.Expr) -> Iterator[pl.Expr]:
    yield expression
    for part in expression.meta.pop():
        yield from _parts(part)


def _inexact(part: pl.Expr, schema: Mapping[str, pl.DataType]) -> str:
    """Why a part of an expression might compute wrongly: floats, whole numbers that wrap, dates in text; else ""."""
    kind = result_type(part, schema)
    inputs = [result_type(inner, schema) for inner in part.meta.pop() if inner.meta.root_names()]
    if kind.is_float():
        return "divides whole numbers, which gives a float; write one of them as a decimal, such as 100.0"
    if kind.is_integer() and any(inner.is_integer() for inner in inputs):
        return "computes with whole numbers, which can wrap; write the other number as a decimal, such as 100.0"
    if kind.is_temporal() and pl.String() in inputs:
        return "makes a date of text, which fails on the first text that is none"
    return ""


def _used(expression: pl.Expr, schema: Mapping[str, pl.DataType]) -> dict[str, pl.DataType]:
    return {name: schema[name] for name in expression.meta.root_names()}


def _one_row(schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """A row without values, except dates and instants, so that a wrong date format shows."""
    samples = {pl.Date: date(2000, 1, 31), pl.Datetime: datetime(2000, 1, 31, tzinfo=UTC)}
    return pl.DataFrame({name: [samples.get(kind.base_type())] for name, kind in schema.items()}, schema=dict(schema))


def _hint(message: str) -> str:
    return "; write a date as date '2026-01-31'" if "temporal column" in message else ""


def _shortened(text: str) -> str:
    return f"`{text}`" if len(text) <= 80 else f"`{text[:77]}...`"
