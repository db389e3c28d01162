"""The layout language as people write it in YAML: which columns a file has, what fills them, and how the
bytes are formed. What a layout means for a record is decided in `layouts.compile`."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

Encoding = Literal["utf-8", "utf-8-sig", "latin-1", "cp1252", "ascii"]
MOST_DECIMALS = 18


def _one_ascii_mark(value: str) -> str:
    if len(value) != 1 or not value.isascii() or value.isalnum() or value in "\r\n.":
        raise ValueError(
            r'must be one ASCII character that is no letter, digit, dot or line break; a tab is "\t" in double quotes'
        )
    return value


Mark = Annotated[str, AfterValidator(_one_ascii_mark)]


class Decimals(BaseModel):
    """How many decimals a number is written with: at least `least`, at most `most`."""

    model_config = ConfigDict(frozen=True)
    least: int
    most: int


def _read_decimals(value: object) -> object:
    match = re.fullmatch(r"(\d{1,2})(?:-(\d{1,2}))?", str(value))
    least, most = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
    if isinstance(value, Decimals):
        return value
    if not least <= most <= MOST_DECIMALS:
        raise ValueError(f"must be a number of decimals such as `2`, or a range such as `2-4`, up to {MOST_DECIMALS}")
    return Decimals(least=least, most=most)


DecimalsField = Annotated[
    Decimals,
    BeforeValidator(_read_decimals),
    WithJsonSchema(
        {"anyOf": [{"type": "integer", "minimum": 0, "maximum": MOST_DECIMALS}, {"type": "string", "pattern": r"^\d+-\d+$"}]}
    ),
]


class Delimited(BaseModel):
    """How rows become bytes of a delimited file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    header: bool = Field(default=True, description="Whether the first line holds the column names.")
    delimiter: Mark = Field(
        default=",", description='The character between two values, such as `,` or `;`; a tab is "\\t" in double quotes.'
    )
    quote: Mark = Field(default='"', description="The character around values that need quotes; it is doubled inside them.")
    quoting: Literal["minimal", "all", "never"] = Field(
        default="minimal",
        description="`minimal` quotes where needed, `all` quotes every value, `never` blocks documents that would need quotes.",
    )
    encoding: Encoding = Field(default="utf-8", description="Character encoding; `utf-8-sig` begins with a byte order mark.")
    line_end: Literal["lf", "crlf"] = Field(default="lf", description="What ends a line.")
    decimal_mark: Literal[".", ","] = Field(default=".", description="The mark between a number's whole part and its decimals.")
    null: str = Field(default="", description="The text written where there is no value.")

    @model_validator(mode="after")
    def _can_be_read_back(self) -> Delimited:
        if self.delimiter == self.quote:
            raise ValueError(f"`delimiter` and `quote` are both {self.delimiter!r}; a reader could not tell them apart")
        if self.quoting == "never" and self.decimal_mark == self.delimiter:
            raise ValueError("`decimal_mark` equals `delimiter` while `quoting` is never; numbers would fall apart")
        if not {self.delimiter, self.quote, "\r", "\n"}.isdisjoint(self.null) or not self.null.isascii():
            raise ValueError("`null` must be ASCII without the delimiter, the quote character or a line break")
        return self


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
    required: bool = Field(default=False, description="Whether an empty value blocks the document.")
    codes: dict[str, str] | None = Field(
        default=None, description="Our value to the partner's code; a value that is not listed blocks its document."
    )


class LayoutColumn(ColumnRules):
    """A column of the file. A bare text `x` is short for `{name: x}`."""

    name: str = Field(min_length=1, max_length=200, description="The column's name in the file.")


class ColumnChange(ColumnRules):
    """What differs from an inherited column."""

    name: str | None = Field(default=None, min_length=1, max_length=200, description="Another name in the file.")


def _column(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


class Layout(BaseModel):
    """Which columns a file has and how it is written. A bare text `csv/invoices` is short for
    `{extends: csv/invoices}`.

    With `extends`, the shipped layout is the start, and only what differs is written:
    `rows` and `columns` replace what they name as a whole; `change` overrides single keys of inherited
    columns; `delimited` overrides single keys.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    extends: str | None = Field(default=None, description="A shipped layout to start from, such as csv/invoices.")
    rows: str | None = Field(
        default=None,
        description="`documents` (the default): one row a document. Or a nested column such as `lines`: one row an "
        "element, whose fields are the columns `line_<field>`.",
    )
    columns: tuple[Annotated[LayoutColumn, BeforeValidator(_column, json_schema_input_type=LayoutColumn | str)], ...] | None = (
        Field(
            default=None,
            min_length=1,
            description="The file's columns, in order; with `extends` they replace all inherited ones.",
        )
    )
    change: dict[str, ColumnChange] = Field(default={}, description="Inherited columns by name, each with the keys that differ.")
    delimited: Delimited = Field(default=Delimited(), description="How rows become bytes.")


def short_layout(value: object) -> object:
    """`csv/invoices` as `{"extends": "csv/invoices"}`; anything else unchanged."""
    return {"extends": value} if isinstance(value, str) else value
