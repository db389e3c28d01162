"""Proof of completeness: counts and money of source = store = files = warehouse, and unique keys. Judged
over everything read so far, not over one run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from mlconnector_assets.records import RECORDS, Record
from mlconnector_assets.state import deliveries, documents, reads, set_aside
from mlconnector_assets.steps.cut_off import waits
from mlconnector_assets.steps.eligibility import newest_eligible
from mlconnector_assets.steps.rows import newest_rows
from mlconnector_assets.steps.workspace import Workspace
from mlconnector_assets.store.current import key_text, newest_versions
from mlconnector_assets.systems.source import Window

MOST_NAMED = 10
Money = Mapping[tuple[str, str], Decimal]


@dataclass(frozen=True)
class Proof:
    """One comparison. `good` is None when the source was moving meanwhile: then nothing is proven or disproven."""

    subject: str
    good: bool | None
    detail: str


@dataclass(frozen=True)
class StoreTotals:
    """Current versions of a record in the store: how many, and the exact sums by (column, currency)."""

    rows: int
    money: Money


def store_totals(workspace: Workspace, connection: str, record: Record) -> StoreTotals:
    """Rows and money of the newest version of every key that is not known to be gone."""
    current = newest_versions(
        newest_rows(workspace, connection, record).select(*record.key, "modified_at", *_money(record)), record
    )
    return _totals(current, record)


def prove_keys(workspace: Workspace, connection: str, record_name: str) -> Proof:
    """No key stands twice in a partition."""
    record = RECORDS[record_name]
    with workspace.state.reading() as tx:
        partitions = reads.newest(tx, connection, record_name)
    doubled = 0
    for read in partitions:
        keys = workspace.records.scan(record, [read.path]).select(record.key)
        doubled += int(keys.group_by(record.key).len().filter(pl.col("len") > 1).select(pl.len()).collect().item())
    return Proof("unique key", doubled == 0, f"{doubled} keys stand twice in {len(partitions)} partitions")


def prove_source(workspace: Workspace, connection: str, record_name: str) -> Proof:
    """The source has exactly the keys that the store has (those known to be gone left out, those set aside counted in),
    and the same sums up to the last read. Keys are compared one by one: counts can agree by accident."""
    record, source = RECORDS[record_name], workspace.source(connection)
    with workspace.state.reading() as tx:
        until, probe = reads.read_until(tx, connection, record_name), reads.probe(tx, connection, record_name)
        aside = {item.source_id for item in set_aside.open_items(tx, connection) if item.record == record_name}
    if until is None or probe is None:
        return Proof("source = store", None, "nothing was read yet")
    theirs = source.totals(record_name, Window(None, until))
    ours = store_totals(workspace, connection, record)
    stored = set(newest_rows(workspace, connection, record).select(key_text(record)).unique().collect()["key"])
    listed: dict[str, str] = {}
    for page in source.keys(record_name):
        listed |= dict(page.select(key_text(record), "source_id").iter_rows())
    unread = sorted(key for key, source_id in listed.items() if key not in stored and source_id not in aside)
    vanished = sorted(stored - listed.keys())
    moving = source.probe(record_name, probe.since) != probe.fingerprint
    good = not unread and not vanished and (bool(aside) or _agree(theirs.money, ours.money))
    detail = f"source {len(listed)}, store {ours.rows}, set aside {len(aside)}; "
    detail += _some("only at the source", unread) + _some("only in the store, a sweep is due", vanished)
    detail += _differences(theirs.money, ours.money)
    return Proof("source = store", None if moving and not good else good, detail)


def prove_warehouse(workspace: Workspace, connection: str, record_name: str) -> Proof:
    """The warehouse table holds the newest version of every record in the store."""
    record = RECORDS[record_name]
    ours, theirs = store_totals(workspace, connection, record), workspace.warehouse.totals(connection, record)
    good = theirs.rows == ours.rows and _agree(ours.money, theirs.money)
    return Proof(
        "store = warehouse", good, f"store {ours.rows}, warehouse {theirs.rows}; {_differences(ours.money, theirs.money)}"
    )


def prove_flow(workspace: Workspace, partner_id: str, flow_name: str) -> Proof:
    """Every eligible document is in a file, blocked, held, dismissed, or was with the partner before; the files' totals
    are the documents' totals; and the bytes of every file are kept for a replay."""
    partner, flow = workspace.partner(partner_id), workspace.flow(partner_id, flow_name)
    record = RECORDS[flow.record]
    rows = newest_rows(workspace, flow.connection, record)
    eligible = newest_eligible(rows, flow, *_money(record)).collect()
    with workspace.state.reading() as tx:
        made = deliveries.listing(tx, partner=partner_id, limit=None)
        known = documents.states(tx, partner.book, flow_name)
        replaced = documents.replaced(tx, partner_id, flow_name, partner.outbox)
    files = [entry for entry in made if (entry.flow, entry.folder) == (flow_name, partner.outbox)]
    schema = {"source_id": pl.String, "state": pl.String, "delivery_id": pl.Int64, "differs": pl.Boolean}
    states = pl.DataFrame(known, schema=schema, orient="row")
    unsent = pl.when(waits(flow, workspace.clock())).then(pl.lit("after the cut-off")).otherwise(pl.lit("unsent"))
    judged = eligible.join(states, on="source_id", how="left").with_columns(pl.col("state").fill_null(unsent))
    counts = dict(judged.group_by("state").len().iter_rows())
    in_files = states.filter(pl.col("delivery_id").is_not_null())
    sent = sum(entry.documents for entry in files)
    lost = [entry.remote_name for entry in files if not workspace.files.holds(entry.sha256, entry.size)]
    ours = _totals(judged.filter(pl.col("delivery_id").is_not_null()).lazy(), record)
    theirs = _sum_up(entry.totals for entry in files)
    different = bool(replaced) or bool(in_files["differs"].any()) or in_files.height != judged["delivery_id"].count()
    complete = sent == in_files.height + len(replaced) and not counts.get("unsent")
    good = not lost and complete and (different or _agree(ours.money, theirs))
    told = ", ".join(f"{state} {count}" for state, count in sorted(counts.items()))
    detail = f"eligible {eligible.height} ({told or 'none'}); in {len(files)} files {sent}"
    detail += f", {len(replaced)} of them replaced since" if replaced else ""
    detail += f"; the bytes of {', '.join(lost)} are missing or cut" if lost else ""
    return Proof("store = files", good, f"{detail}; {_differences(ours.money, theirs)}")


def _sum_up(several: Iterable[Mapping[str, str]]) -> Money:
    sums: dict[tuple[str, str], Decimal] = {}
    for totals in several:
        for key, amount in totals.items():
            column, _, currency = key.partition("|")
            sums[column, currency] = sums.get((column, currency), Decimal(0)) + Decimal(amount)
    return sums


def _money(record: Record) -> tuple[str, ...]:
    return (*record.totals, record.currency_column) if record.currency_column else ()


def _totals(current: pl.LazyFrame, record: Record) -> StoreTotals:
    if not record.currency_column:
        return StoreTotals(int(current.select(pl.len()).collect().item()), {})
    groups = (
        current.group_by(record.currency_column)
        .agg(pl.len().alias("_rows"), *(pl.col(name).sum() for name in record.totals))
        .collect()
    )
    money = {
        (column, row[record.currency_column] or ""): row[column] or Decimal(0)
        for row in groups.iter_rows(named=True)
        for column in record.totals
    }
    return StoreTotals(int(groups["_rows"].sum()), money)


def _agree(left: Money, right: Money) -> bool:
    """Equal wherever both sides can sum; a source that cannot sum a column proves nothing about it."""
    return all(left[key] == right[key] for key in left.keys() & right.keys())


def _some(what: str, keys: Sequence[str]) -> str:
    return f"{what}: {len(keys)} ({', '.join(keys[:MOST_NAMED])}); " if keys else ""


def _differences(left: Money, right: Money) -> str:
    common = sorted(left.keys() & right.keys())
    different = [
        f"{column} {currency} {left[column, currency]} ≠ {right[column, currency]}"
        for column, currency in common
        if left[column, currency] != right[column, currency]
    ]
    if different:
        return ", ".join(different)
    return f"{len(common)} money totals agree"
