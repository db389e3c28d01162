"""What a column of a file shows and how its values are written, as people write it in YAML."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from mlconnector_assets.layouts.options import LONGEST_LINE

MOST_DECIMALS = 18


class Decimals(BaseModel):
    """How many decimals a number is written with: at least `least`, at most `most`."""

    model_config = ConfigDict(frozen=True)
    least: int
    most: int


class Positions(BaseModel):
    """Where in its line a column stands: both counted from 1, both inside."""

    model_config = ConfigDict(frozen=True)
    first: int
    last: int


def _read_decimals(value: object) -> object:
    match = re.fullmatch(r"(\d{1,2})(?:-(\d{1,2}))?", str(value))
    least, most = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
    if isinstance(value, Decimals):
        return value
    if not least <= most <= MOST_DECIMALS:
        raise ValueError(f"must be a number of decimals such as `2`, or a range such as `2-4`, up to {MOST_DECIMALS}")
    return Decimals(least=least, most=most)


def _read_positions(value: object) -> object:
    if isinstance(value, Positions):
        return value
    match = re.fullmatch(r"(\d{1,6})(?:-(\d{1,6}))?", str(value))
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
    if not 1 <= first <= last <= LONGEST_LINE:
        raise ValueError("must be the first and the last position, counted from 1, such as `11-20`")
    return Positions(first=first, last=last)


def _one_character(value: str) -> str:
    if len(value) != 1 or not value.isprintable() or not value.isascii():
        raise ValueError('must be one printable ASCII character in quotes, such as "0"')
    return value


DecimalsField = Annotated[
    Decimals,
    BeforeValidator(_read_decimals),
    WithJsonSchema(
        {"anyOf": [{"type": "integer", "minimum": 0, "maximum": MOST_DECIMALS}, {"type": "string", "pattern": r"^\d+-\d+$"}]}
    ),
]
PositionsField = Annotated[
    Positions,
    BeforeValidator(_read_positions),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": r"^\d+(-\d+)?$"}, {"type": "integer", "minimum": 1}]}),
]
Sign = Literal["leading", "leading_always", "trailing", "trailing_always", "never"]


class ColumnRules(BaseModel):
    """What a column of the file shows; every key is optional."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: str | None = Field(
        default=None,
        description="An expression over record columns, in Polars SQL; without it the record column of the same name.",
    )
    date_format: str | None = Field(
        default=None, description="How a date is written, such as %d.%m.%Y; without it ISO 8601 (2026-01-31)."
    )
    decimals: DecimalsField | None = Field(
        default=None,
        description="Decimals of a number: `2` writes two, `2-4` two to four. A number with more blocks its document; "
        "nothing is rounded silently. Without it as many as the number has.",
    )
    implied_decimals: int | None = Field(
        default=None,
        ge=0,
        le=MOST_DECIMALS,
        description="Instead of `decimals`: so many decimals without a mark; with 2, 12.5 is written 1250.",
    )
    sign: Sign | None = Field(
        default=None,
        description="Where a number's sign stands: `leading` (the default) or `trailing` write the minus, `leading_always` and "
        "`trailing_always` the plus too; with `never` a negative number blocks its document.",
    )
    single_line: bool = Field(default=False, description="Whether line breaks and tabs in a text become single spaces.")
    width: int | None = Field(
        default=None,
        ge=1,
        le=LONGEST_LINE,
        description="In fixed-width files the column's width; in others the most characters. A longer value blocks its document.",
    )
    truncate: bool = Field(default=False, description="Whether a text longer than `width` is cut instead; a number never is.")
    positions: PositionsField | None = Field(
        default=None, description="Fixed-width files, instead of `width`: first and last position in the line, such as `11-20`."
    )
    align: Literal["left", "right"] | None = Field(
        default=None, description="Fixed-width files: where the value stands; without it numbers right, everything else left."
    )
    pad: Annotated[str, AfterValidator(_one_character)] = Field(
        default=" ",
        description='Fixed-width files: what fills the rest of the width; with "0" a leading sign stands before the zeros. '
        "A column without value is all spaces.",
    )
    required: bool = Field(default=False, description="Whether an empty value blocks the document.")
    codes: dict[str, str] | None = Field(
        default=None, description="Our value to the partner's code; a value that is not listed blocks its document."
    )

    @model_validator(mode="after")
    def _one_way_to_say_it(self) -> ColumnRules:
        if self.decimals is not None and self.implied_decimals is not None:
            raise ValueError("has `decimals` and `implied_decimals`; keep one")
        if self.width is not None and self.positions is not None:
            raise ValueError("has `width` and `positions`; keep one")
        return self


class LayoutColumn(ColumnRules):
    """A column of the file. A bare text `x` is short for `{name: x}`."""

    name: str = Field(
        min_length=1,
        max_length=200,
        description="The column's name in the file; in XML the path of its element (`Address/City`) or attribute (`@id`).",
    )


class ColumnChange(ColumnRules):
    """What differs from an inherited column."""

    name: str | None = Field(default=None, min_length=1, max_length=200, description="Another name in the file.")


def _column(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


ColumnField = Annotated[LayoutColumn, BeforeValidator(_column, json_schema_input_type=LayoutColumn | str)]
