"""What a partner has of a record, against the record's current state."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from mlconnector_assets.layouts.compile import compile_layout
from mlconnector_assets.layouts.defaults import resolve
from mlconnector_assets.partners.specification import Flow, Partner
from mlconnector_assets.records import RECORDS, Record
from mlconnector_assets.state import snapshots
from mlconnector_assets.steps.eligibility import eligible
from mlconnector_assets.steps.next_file import NextFile, batches
from mlconnector_assets.steps.rows import newest_rows, stored_rows
from mlconnector_assets.steps.workspace import Workspace
from mlconnector_assets.store.current import key_text, newest_versions

ACTIVE = "active"
"""The column that tells the partner that a row is gone."""


@dataclass(frozen=True)
class StateChange:
    """What the partner has, against the current state. `now` and `before` map keys to hashes of what is shown of a row.

    `rows`: the current rows that may leave (the record's schema without source_record, with `read_at` and `key`); if
    changes are sent, also those of `gone` that the layout can tell, with `active` false.
    """

    rows: pl.DataFrame
    now: Mapping[str, str]
    before: Mapping[str, str]

    @property
    def added(self) -> set[str]:
        """Keys that the partner does not have."""
        return self.now.keys() - self.before.keys()

    @property
    def changed(self) -> set[str]:
        """Keys whose row the partner has differently."""
        return {key for key in self.now.keys() & self.before.keys() if self.now[key] != self.before[key]}

    @property
    def gone(self) -> set[str]:
        """Keys that the partner has, and that are no part of the state any more."""
        return self.before.keys() - self.now.keys()

    @property
    def untold(self) -> set[str]:
        """Those of `gone` that the layout cannot tell."""
        return self.gone - set(self.rows["key"])

    def rows_to_show(self, flow: Flow) -> pl.DataFrame:
        """The rows of the next files, if the partner has to get any."""
        wanted = self.now.keys() if flow.snapshot.send == "full" else self.added | self.changed | self.gone
        return self.rows.filter(pl.col("key").is_in(wanted))

    def adds(self, flow: Flow, file: NextFile) -> bool:
        """Whether this file tells the partner anything."""
        shown = {key: self.now.get(key) for key in file.body.documents["key"]}
        return bool(shown) and (flow.snapshot.send == "changes" or shown != self.before)


def compare(workspace: Workspace, partner: Partner, flow: Flow) -> StateChange:
    """Compare the current state with what the partner has."""
    record, used = RECORDS[flow.record], _used_columns(flow)
    current = _rows(newest_rows(workspace, flow.connection, record), record, eligible(flow))
    with workspace.state.reading() as tx:
        before = snapshots.shown(tx, partner.book, flow.name)
    now = _hashes(current, flow, used)
    gone = [key for key in before if key not in now]
    if gone and flow.snapshot.send == "changes" and ACTIVE in used:
        lost = _rows(stored_rows(workspace, flow.connection, record), record, key_text(record).is_in(gone))
        current = pl.concat([current, lost.with_columns(pl.lit(False).alias(ACTIVE))])
    return StateChange(current, now, before)


def _rows(rows: pl.LazyFrame, record: Record, wanted: pl.Expr) -> pl.DataFrame:
    """The newest versions that are wanted, with `key`, in its order."""
    newest = newest_versions(rows.drop("source_record"), record)
    return newest.filter(wanted).with_columns(key_text(record)).sort("key").collect()


def files_of(flow: Flow, change: StateChange) -> Iterator[pl.DataFrame]:
    """The rows to show, in groups that may share a file. A whole state is never divided."""
    rows = change.rows_to_show(flow)
    return iter([rows]) if flow.snapshot.send == "full" else batches(flow, rows)


def _used_columns(flow: Flow) -> list[str]:
    """The record's columns that the layout shows, or that decide what it shows."""
    record = RECORDS[flow.record]
    used: set[str] = set()
    for part in compile_layout(flow.layout, record, file_format=flow.format).parts:
        expressions = [column.value for column in part.columns] + ([] if part.when is None else [part.when])
        names = {name for expression in expressions for name in expression.meta.root_names()}
        used |= {name if name in record.columns else part.rows for name in names}
    return sorted(used)


def _hashes(rows: pl.DataFrame, flow: Flow, used: Sequence[str]) -> dict[str, str]:
    """Key to a hash of what the layout shows of a row, and of the layout."""
    layout = json.dumps([flow.format, resolve(flow.layout).model_dump(mode="json")])
    return {
        key: hashlib.sha256(json.dumps([layout, *values], default=str, ensure_ascii=False).encode()).hexdigest()
        for key, *values in rows.select("key", *used).iter_rows()
    }
