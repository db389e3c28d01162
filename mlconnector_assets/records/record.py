"""What a canonical record is: a Polars schema with the meaning of each column, a key, the nested
columns that become child tables, and the columns whose sums prove completeness."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import polars as pl

DataType = pl.DataType | type[pl.DataType]

MONEY = pl.Decimal(20, 4)
"""An amount in some currency; four decimals hold every ISO 4217 currency."""
PRICE = pl.Decimal(28, 10)
"""A price for one unit; not rounded to the currency."""
QUANTITY = pl.Decimal(20, 6)
PERCENT = pl.Decimal(12, 6)
RATE = pl.Decimal(28, 12)
INSTANT = pl.Datetime("us", "UTC")


@dataclass(frozen=True)
class Column:
    """A column: its Polars type, its meaning in one sentence, and for nested columns the meaning of
    the inner fields by name."""

    type: DataType
    meaning: str


ACTIVE = Column(pl.Boolean(), "false when archived")

COMMON: dict[str, Column] = {
    "connection": Column(pl.String(), "immutable id of the connection the record was read from"),
    "company": Column(pl.String(), "our code of the company it belongs to, as in connections.yaml; null = shared by all"),
    "source_id": Column(pl.String(), "the system's own key of the record"),
    "modified_at": Column(INSTANT, "last modification at the source, UTC, in the source's resolution"),
    "content_hash": Column(pl.String(), "SHA-256 (hex) of the record as received"),
    "source_record": Column(pl.String(), "the vendor's JSON as received, only with the fields that were asked for"),
}

PARTY = pl.Struct(
    {
        "source_id": pl.String(),
        "reference": pl.String(),
        "name": pl.String(),
        "tax_id": pl.String(),
        "registration_number": pl.String(),
        "gln": pl.String(),
        "street": pl.String(),
        "street2": pl.String(),
        "city": pl.String(),
        "state": pl.String(),
        "postal_code": pl.String(),
        "country": pl.String(),
        "email": pl.String(),
        "phone": pl.String(),
    }
)
"""A party of a document. `reference` is our code for it, `country` ISO 3166-1 alpha-2."""

COST_CENTER_SHARES = pl.List(
    pl.Struct({"source_id": pl.String(), "code": pl.String(), "name": pl.String(), "plan": pl.String(), "percent": PERCENT})
)
"""How a line is split over cost centers. Shares of one plan add up to at most 100 percent."""


@dataclass(frozen=True)
class Record:
    """A kind of canonical record.

    `key` identifies one (besides `connection`, always part of it); `children` are `List(Struct)` columns that
    the warehouse keeps as tables of their own, each with the inner field that identifies a line; `totals` are
    money columns whose sums by `currency_column` are compared between source, file and warehouse;
    `number_column` is what people call the record by; `business_columns` decide whether a document changed
    ("lines.quantity" means that field of every entry of `lines`); without any, all own columns do.
    """

    name: str
    title: str
    meaning: str
    own_columns: dict[str, Column]
    key: tuple[str, ...] = ("connection", "source_id")
    children: tuple[tuple[str, str], ...] = ()
    totals: tuple[str, ...] = ()
    currency_column: str | None = None
    number_column: str = "source_id"
    date_column: str | None = None
    business_columns: tuple[str, ...] = ()

    @cached_property
    def columns(self) -> dict[str, Column]:
        """All columns: the common ones, then the record's own."""
        return COMMON | self.own_columns

    @cached_property
    def compared(self) -> tuple[str, ...]:
        """The columns that decide whether a document changed."""
        return self.business_columns or tuple(self.own_columns)

    @cached_property
    def schema(self) -> pl.Schema:
        """Column name to Polars type, in order."""
        return pl.Schema({name: column.type for name, column in self.columns.items()})

    def empty(self) -> pl.DataFrame:
        """A frame of this record without rows."""
        return pl.DataFrame(schema=self.schema)
