"""One column of a file: from a typed value to text, and the checks that keep a wrong value out of it.
Everything is a Polars expression over a frame whose column `key` holds the value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl
from polars.exceptions import PolarsError

from mlconnector_assets.layouts.models import Decimals, LayoutColumn

_INSTANT_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True)
class Check:
    """Rows where `fails` is true cannot be rendered; `reason` says why and what mends it, naming the value."""

    fails: pl.Expr
    reason: pl.Expr


@dataclass(frozen=True)
class RenderedColumn:
    """A column of the file: `value` computes it from the record, `text` writes it."""

    name: str
    value: pl.Expr
    text: pl.Expr
    checks: tuple[Check, ...]


def misfit(column: LayoutColumn, kind: pl.DataType) -> tuple[str, str] | None:
    """The key of `column` that does not fit a value of this type, and why; None when all fit."""
    if reason := _unwritable(kind):
        return "value", reason
    if column.decimals and not (kind.is_numeric() or kind == pl.Null):
        return "decimals", f"fits numbers only; the value is {_called(kind)}"
    if column.date_format is not None:
        return _wrong_format(column.date_format, kind)
    return None


def _unwritable(kind: pl.DataType) -> str:
    if isinstance(kind, pl.List):
        return "is a list; choose `rows:` of that name and use its `line_…` columns"
    if isinstance(kind, pl.Struct):
        return f"has several fields; choose one with a dot: {', '.join(field.name for field in kind.fields)}"
    if kind.is_numeric() or kind.base_type() in (pl.String, pl.Boolean, pl.Date, pl.Datetime, pl.Null):
        return ""
    return f"yields {kind}, which cannot be written; allowed: text, a number, true or false, a date"


def rendered(column: LayoutColumn, key: str, value: pl.Expr, kind: pl.DataType, decimal_mark: str) -> RenderedColumn:
    """Compile a column whose rules fit (`misfit` is None)."""
    raw = pl.col(key)
    text = _plain_text(raw, kind, column)
    checks = list(_checks(column, raw, kind, text))
    if column.codes is not None:
        text = text.replace_strict(list(column.codes), list(column.codes.values()), default=None, return_dtype=pl.String)
    elif decimal_mark != "." and kind.is_decimal():
        text = text.str.replace(".", decimal_mark, literal=True)
    return RenderedColumn(column.name, value, text, tuple(checks))


def _plain_text(raw: pl.Expr, kind: pl.DataType, column: LayoutColumn) -> pl.Expr:
    if isinstance(kind, pl.Decimal) or kind.is_integer():
        return _number_text(raw, kind.scale if isinstance(kind, pl.Decimal) else 0, column.decimals)
    if column.date_format is not None:
        return raw.dt.strftime(column.date_format)
    if isinstance(kind, pl.Datetime):
        return raw.dt.strftime(_INSTANT_FORMAT)
    return raw.cast(pl.String)


def _number_text(raw: pl.Expr, scale: int, decimals: Decimals | None) -> pl.Expr:
    """The number with at least `least` and at most `most` decimals; exact once the check for `most` holds."""
    least, most = (decimals.least, decimals.most) if decimals else (0, scale)
    text = raw.cast(pl.String)
    if most < scale:
        text = text.str.head(most - scale - (most == 0))
    elif most > scale:
        # digits beyond the scale are zero
        text = text + ("" if scale else ".") + "0" * (most - scale)
    if most == least:
        return text
    if least:
        return text.str.replace(rf"0{{1,{most - least}}}$", "")
    return text.str.strip_chars_end("0").str.strip_chars_end(".")


def _checks(column: LayoutColumn, raw: pl.Expr, kind: pl.DataType, text: pl.Expr) -> Iterator[Check]:
    source, name = column.value or column.name, column.name
    if column.required:
        empty = raw.is_null() if kind != pl.String else (raw.is_null() | (raw.str.strip_chars() == ""))
        yield Check(
            empty,
            pl.lit(f"column `{name}` is required, but `{source}` is empty; fill it in at the source, or take `required` away"),
        )
    if column.decimals and isinstance(kind, pl.Decimal) and column.decimals.most < kind.scale:
        most = column.decimals.most
        yield Check(
            raw.round(most) != raw,
            pl.format(
                f"column `{name}`: {{}} has more than {most} decimals; "
                f"allow more with `decimals:`, or round it: `value: round({source}, {most})`",
                raw.cast(pl.String).str.strip_chars_end("0"),
            ),
        )
    if column.codes is not None:
        yield Check(
            raw.is_not_null() & ~text.is_in(list(column.codes)),
            pl.format(f"column `{name}`: there is no code for '{{}}'; add it to `codes:`", text),
        )


def _wrong_format(date_format: str, kind: pl.DataType) -> tuple[str, str] | None:
    if kind.base_type() not in (pl.Date, pl.Datetime):
        return "date_format", f"fits dates only; the value is {_called(kind)}"
    if "%" not in date_format:
        return "date_format", "has no directive; a date is written with %Y (2026), %y (26), %m, %d, such as %Y%m%d or %d.%m.%Y"
    try:
        pl.Series([datetime(2000, 1, 31, tzinfo=UTC)], dtype=pl.Datetime("us", "UTC")).cast(kind).dt.strftime(date_format)
    except PolarsError:
        return "date_format", f"cannot write {_called(kind)} as {date_format!r}; use %Y, %y, %m, %d, %j" + (
            "" if kind == pl.Date else ", %H, %M, %S"
        )
    return None


def _called(kind: pl.DataType) -> str:
    if kind.is_numeric():
        return "a number"
    names = {
        pl.String: "text",
        pl.Boolean: "true or false",
        pl.Date: "a date",
        pl.Datetime: "an instant",
        pl.Null: "always empty",
    }
    return names.get(kind.base_type(), str(kind))
