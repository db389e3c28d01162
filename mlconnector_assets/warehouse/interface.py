"""What every warehouse offers: load canonical records by key, answer questions, prove completeness.
Belongs here: the protocol and its answers; nothing that knows a database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

import polars as pl

from mlconnector_assets.records import Record

READ_AT = "read_at"
"""Name of the column that a frame to load carries besides the record's own: the source's time at which
the read began, `Datetime("us", "UTC")`, never null."""

DELETED_AT, LEFT_AT = "_deleted_at", "_left_at"
"""When a record was found deleted at its source, or not among the records that are read any more; else null. A load of a
record's rows leaves both as they are."""
GONE_SCHEMA = pl.Schema(
    {"company": pl.String(), "source_id": pl.String(), DELETED_AT: pl.Datetime("us", "UTC"), LEFT_AT: pl.Datetime("us", "UTC")}
)


@dataclass(frozen=True)
class LoadOutcome:
    """What a load did to the record's table; `rows = inserted + updated + unchanged`, keys counted once.

    `inserted`: keys the table did not hold. `updated`: the source record differs from the one held, and is not older.
    `unchanged`: the same source record again, whose columns are written all the same, so that a mended mapping and
    new columns arrive when it is loaded again; or an older version, which is not written.
    """

    rows: int
    inserted: int
    updated: int
    unchanged: int


@dataclass(frozen=True)
class GroupTotals:
    """Rows and sums of one company in one currency; both are None where the record has none."""

    company: str | None
    currency: str | None
    rows: int
    sums: Mapping[str, Decimal]


@dataclass(frozen=True)
class Totals:
    """What a record's table holds now."""

    groups: tuple[GroupTotals, ...] = field(default=())

    @property
    def rows(self) -> int:
        """All rows."""
        return sum(group.rows for group in self.groups)

    @property
    def money(self) -> dict[tuple[str, str], Decimal]:
        """Sums by (column, currency) over all companies; amounts without a currency are under ""."""
        sums: dict[tuple[str, str], Decimal] = {}
        for group in self.groups:
            for column, amount in group.sums.items():
                key = (column, group.currency or "")
                sums[key] = sums.get(key, Decimal(0)) + amount
        return sums


@dataclass(frozen=True)
class TableSize:
    """A table people can query: its name, rows and meaning."""

    name: str
    rows: int
    meaning: str


class Warehouse(Protocol):
    """Typed tables of canonical records. A version of a record is newer by (modified_at, read_at), a missing
    modified_at being the oldest; one that is not older replaces the row and its child rows, an older one never does."""

    def load_records(
        self, connection: str, record: Record, frame: pl.DataFrame, *, load_id: str, reads: Sequence[Mapping[str, Any]]
    ) -> LoadOutcome:
        """Merge a frame with `record.schema` and `read_at` in one transaction with its row of `_LOADS`.

        `load_id` names the load: repeated, it changes nothing and answers what the first did. `reads` tells
        which reads are in it, and is kept as JSON. Raises LeaseHeld, StorageFull, AccessDenied, WarehouseError;
        then nothing of the load is in the warehouse.
        """
        ...

    def mark_gone(self, connection: str, record: Record, gone: pl.DataFrame) -> int:
        """Set the two deletion columns of these records (frame of GONE_SCHEMA; both null: not gone any more), and
        nothing else; records that the table does not hold are passed over. Returns how many rows it has of them.
        Repeated, it changes nothing. Raises as `load_records`."""
        ...

    def query(self, sql: str) -> pl.DataFrame:
        """The answer to one statement that only reads. Raises WarehouseError for a statement that writes, for a
        mistake in it, or when nothing was loaded yet; LeaseHeld while somebody else writes."""
        ...

    def totals(self, connection: str, record: Record) -> Totals:
        """Rows and money sums by company and currency, now, without those that are gone from their source; nothing
        at all before the first load."""
        ...

    def tables(self) -> list[TableSize]:
        """Every table, by name; none before the first load."""
        ...

    def identity(self) -> str:
        """A name that a warehouse gets when it is made and keeps for life. Another one means that what was
        loaded before is not there, so that everything is due again. Makes the warehouse when missing."""
        ...

    def close(self) -> None:
        """Release what is held between loads."""
        ...
