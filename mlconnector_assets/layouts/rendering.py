"""One column of a file: from a typed value to text, and the checks that keep a wrong value out of it.
Everything is a Polars expression: checks of the value over a frame whose column `key` holds it, checks of the text
over a frame whose column has the column's name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl
from polars.exceptions import PolarsError

from mlconnector_assets.layouts.columns import Decimals, LayoutColumn
from mlconnector_assets.layouts.options import FileFormat, FixedWidth, Options
from mlconnector_assets.layouts.positions import width_of

_UTC_FORMAT, _ZONED_FORMAT = "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S%:z"
_PLACES = ("positions", "align", "pad")


@dataclass(frozen=True)
class Check:
    """Rows where `fails` is true cannot be rendered; `reason` says why and what mends it, naming the value."""

    fails: pl.Expr
    reason: pl.Expr


@dataclass(frozen=True)
class RenderedColumn:
    """A column of the file: `value` computes it from the record, `text` writes it. `checks` look at the value,
    `text_checks` at the text. `rules` is what the layout says, `number` whether the text is that of a number,
    `plain` whether it can only hold ASCII letters, digits, and `+-.,:`."""

    name: str
    value: pl.Expr
    text: pl.Expr
    checks: tuple[Check, ...]
    text_checks: tuple[Check, ...]
    rules: LayoutColumn
    number: bool
    plain: bool

    @property
    def width(self) -> int | None:
        """Width in characters, if the layout gives one."""
        return width_of(self.rules)


def misfit(column: LayoutColumn, kind: pl.DataType, file_format: FileFormat) -> tuple[str, str] | None:
    """The key of `column` that does not fit the format or a value of this type, and why; None when all fit."""
    if file_format != "fixed_width" and (key := next((key for key in _PLACES if key in column.model_fields_set), None)):
        hint = ", `width` is the most characters" if key == "positions" else ""
        return key, f"fits `format: fixed_width` only; the flow has `format: {file_format}`{hint}"
    if reason := _unwritable(kind):
        return "value", reason
    for key, fits, called in (
        ("decimals", kind.is_numeric(), "numbers"),
        ("implied_decimals", kind.is_numeric(), "numbers"),
        ("sign", kind.is_numeric(), "numbers"),
        ("single_line", kind == pl.String, "texts"),
        ("truncate", kind == pl.String or bool(column.codes), "texts"),
    ):
        if getattr(column, key) not in (None, False) and not fits and kind != pl.Null:
            return key, f"fits {called} only; the value is {_called(kind)}"
    if column.truncate and width_of(column) is None:
        return "truncate", "needs a `width` to cut at"
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


def rendered(column: LayoutColumn, key: str, value: pl.Expr, kind: pl.DataType, options: Options) -> RenderedColumn:
    """Compile a column whose rules fit (`misfit` is None)."""
    raw = pl.col(key)
    text = _plain_text(raw, kind, column)
    checks = tuple(_checks(column, raw, kind, text))
    number = kind.is_numeric() and column.codes is None
    if column.codes is not None:
        text = text.replace_strict(list(column.codes), list(column.codes.values()), default=None, return_dtype=pl.String)
    elif number:
        text = (
            text.str.replace(".", options.decimal_mark, literal=True)
            if options.decimal_mark != "." and kind.is_decimal()
            else text
        )
        # in a fixed-width column the place of a trailing minus is kept free, so that digits stand below digits
        text = _signed(text, raw, column, plus=" " if isinstance(options, FixedWidth) else "")
    width = width_of(column)
    if width is not None and column.truncate:
        text = text.str.head(width)
    too_long = () if width is None or column.truncate else (_too_long(column, width),)
    plain = column.codes is None and (kind.is_numeric() or kind == pl.Boolean or (kind == pl.Date and not column.date_format))
    return RenderedColumn(column.name, value, text, checks, too_long, column, number, plain)


def _too_long(column: LayoutColumn, width: int) -> Check:
    text = pl.col(column.name)
    reason = f"column `{_shown(column.name)}`: '{{}}' has {{}} characters, and the column's width is {width}; "
    mend = f"shorten `{_shown(column.value or column.name)}` at the source, or cut texts with `truncate: true`"
    return Check(text.str.len_chars() > width, pl.format(reason + mend, text, text.str.len_chars()))


def _shown(text: str) -> str:
    """A text of the layout inside a message whose `{}` are filled."""
    return text.replace("{}", "{ }")


def _plain_text(raw: pl.Expr, kind: pl.DataType, column: LayoutColumn) -> pl.Expr:
    if isinstance(kind, pl.Decimal) or kind.is_integer():
        return _number_text(raw, kind.scale if isinstance(kind, pl.Decimal) else 0, column)
    if column.date_format is not None:
        return raw.dt.strftime(column.date_format)
    if isinstance(kind, pl.Datetime):
        return raw.dt.strftime(_UTC_FORMAT if kind.time_zone == "UTC" else _ZONED_FORMAT)
    text = raw.cast(pl.String)
    return text.str.replace_all(r"[\s\p{Cc}]+", " ") if column.single_line else text


def _signed(text: pl.Expr, raw: pl.Expr, column: LayoutColumn, plus: str) -> pl.Expr:
    sign = column.sign or "leading"
    if sign in ("leading", "never"):
        return text
    mark = pl.when(raw < 0).then(pl.lit("-")).otherwise(pl.lit("+" if sign.endswith("always") else plus))
    digits = text.str.strip_prefix("-")
    return mark + digits if sign.startswith("leading") else digits + mark


def _decimals(column: LayoutColumn) -> Decimals | None:
    if column.implied_decimals is not None:
        return Decimals(least=column.implied_decimals, most=column.implied_decimals)
    return column.decimals


def _number_text(raw: pl.Expr, scale: int, column: LayoutColumn) -> pl.Expr:
    """The number with the decimals asked for; exact once the check for the most decimals holds."""
    text = _with_decimals(raw.cast(pl.String), scale, _decimals(column))
    return text if column.implied_decimals is None else text.str.replace(".", "", literal=True)


def _with_decimals(text: pl.Expr, scale: int, decimals: Decimals | None) -> pl.Expr:
    least, most = (decimals.least, decimals.most) if decimals else (0, scale)
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
    source, name = _shown(column.value or column.name), _shown(column.name)
    if column.required:
        empty = raw.is_null() if kind != pl.String else (raw.is_null() | (raw.str.strip_chars() == ""))
        yield Check(
            empty,
            pl.lit(f"column `{name}` is required, but `{source}` is empty; fill it in at the source, or take `required` away"),
        )
    decimals = _decimals(column)
    if decimals and isinstance(kind, pl.Decimal) and decimals.most < kind.scale:
        most, key = decimals.most, "decimals" if column.decimals else "implied_decimals"
        yield Check(
            raw.round(most) != raw,
            pl.format(
                f"column `{name}`: {{}} has more than {most} decimals; "
                f"allow more with `{key}:`, or round it: `value: round({source}, {most})`",
                raw.cast(pl.String).str.strip_chars_end("0"),
            ),
        )
    if column.sign == "never":
        yield Check(
            raw < 0, pl.format(f"column `{name}`: {{}} is negative, and the column has `sign: never`", raw.cast(pl.String))
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
