"""Which documents a flow may send: company, counterparty, date and condition, as one expression over a
record's columns."""

from __future__ import annotations

import hashlib
import json

import polars as pl

from mlconnector_assets.layouts.compile import compile_condition
from mlconnector_assets.partners.specification import Flow
from mlconnector_assets.records import RECORDS, Record
from mlconnector_assets.store.current import newest_versions


def eligible(flow: Flow) -> pl.Expr:
    """A boolean expression over the flow's record: true for documents that may leave."""
    record = RECORDS[flow.record]
    dated = pl.col(record.date_column) if record.date_column else pl.col("modified_at").dt.date()
    terms = [dated >= pl.lit(flow.since), compile_condition(flow.condition, record)]
    if flow.companies != "all":
        terms.append(pl.col("company").is_in(list(flow.companies)))
    if flow.counterparties != "all":
        terms.append(_counterparty(record, list(flow.counterparties)))
    return pl.all_horizontal([term.fill_null(value=False) for term in terms])


def newest_eligible(rows: pl.LazyFrame, flow: Flow, *columns: str) -> pl.LazyFrame:
    """The documents among `rows` whose newest version may leave: the record's key, modified_at, and `columns`. Nothing
    else is read, so that judging all of history stays cheap."""
    record, may_leave = RECORDS[flow.record], eligible(flow)
    wanted = dict.fromkeys([*record.key, "modified_at", *columns])
    needed = dict.fromkeys([*wanted, *may_leave.meta.root_names()])
    judged = rows.select(*needed).with_columns(may_leave.alias("_may_leave"))
    return newest_versions(judged, record).filter("_may_leave").select(*wanted)


def eligibility_version(flow: Flow) -> str:
    """A hash of everything that decides about eligibility: when it changes, all records are judged again.
    The layout is no part of it: a new layout sends nothing twice."""
    parts = [flow.connection, flow.record, flow.condition, str(flow.since), flow.companies, flow.counterparties]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def _counterparty(record: Record, allowed: list[str]) -> pl.Expr:
    """Counterparties are named by source id or by our reference for them."""
    if "counterparty" in record.columns:
        named = pl.col("counterparty_id").is_in(allowed) | pl.col("counterparty").struct.field("reference").is_in(allowed)
    elif "counterparty_id" in record.columns:
        named = pl.col("counterparty_id").is_in(allowed)
    else:
        named = pl.col("source_id").is_in(allowed) | pl.col("reference").is_in(allowed)
    return named
