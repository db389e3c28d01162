"""Which documents a flow may send: company, counterparty, date and condition, as one expression over a
record's columns."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl

from mlconnector_assets.errors import ConfigurationError
from mlconnector_assets.layouts.compile import compile_condition
from mlconnector_assets.partners.specification import Flow
from mlconnector_assets.records import RECORDS, Record
from mlconnector_assets.store.current import newest_versions

Rules = dict[str, Any]
"""What decides about a flow's eligibility: connection, record, where, since, companies, counterparties."""

VOID_STATES = ("cancelled", "voided", "deleted", "draft")
"""States of a document that a partner should not have, or no longer."""


def eligible(flow: Flow) -> pl.Expr:
    """A boolean expression over the flow's record: true for documents that may leave."""
    record = RECORDS[flow.record]
    dated = pl.col(record.date_column) if record.date_column else pl.col("modified_at").dt.date()
    terms = [compile_condition(flow.condition, record)]
    if flow.since is not None:
        terms.append(dated >= pl.lit(flow.since))
    if flow.companies != "all":
        terms.append(pl.col("company").is_in(list(flow.companies)))
    if flow.counterparties != "all":
        terms.append(_counterparty(record, list(flow.counterparties)))
    return pl.all_horizontal([term.fill_null(value=False) for term in terms])


def newest_eligible(rows: pl.LazyFrame, flow: Flow, *columns: str) -> pl.LazyFrame:
    """The documents among `rows` whose newest version may leave: the record's key, modified_at, and `columns`. Nothing
    else is read, so that judging all of history stays cheap."""
    wanted = dict.fromkeys([*RECORDS[flow.record].key, "modified_at", *columns])
    return _newest(rows, flow, {"_may_leave": eligible(flow)}, *wanted).filter("_may_leave").select(*wanted)


def newest_judged(rows: pl.LazyFrame, flow: Flow, rules: Rules | None, *columns: str) -> pl.LazyFrame:
    """The documents among `rows` whose newest version may leave or is void: as `newest_eligible`, and three flags.

    `_may_leave`; `_confirmed`: `rules`, which a person confirmed, admit it as well; `_void`: it is cancelled or back in
    draft, so that a document that left before has to be looked at.
    """
    wanted = dict.fromkeys([*RECORDS[flow.record].key, "modified_at", *columns])
    flags = {"_may_leave": eligible(flow), "_confirmed": _eligible_by(rules, flow), "_void": void(RECORDS[flow.record])}
    return _newest(rows, flow, flags, *wanted).filter(pl.col("_may_leave") | pl.col("_void")).select(*wanted, *flags)


def _newest(rows: pl.LazyFrame, flow: Flow, flags: Mapping[str, pl.Expr], *wanted: str) -> pl.LazyFrame:
    needed = dict.fromkeys([*wanted, *(name for flag in flags.values() for name in flag.meta.root_names())])
    judged = rows.select(*needed).with_columns(flag.alias(name) for name, flag in flags.items())
    return newest_versions(judged, RECORDS[flow.record])


def rules_of(flow: Flow) -> Rules:
    """Everything that decides about eligibility, as it is kept. The layout is no part of it: a new layout sends nothing twice."""
    return {
        "connection": flow.connection,
        "record": flow.record,
        "where": flow.condition,
        "since": str(flow.since) if flow.since else None,
        "companies": _listed(flow.companies),
        "counterparties": _listed(flow.counterparties),
    }


def eligibility_version(flow: Flow) -> str:
    """A hash of the flow's rules: when it changes, all records are judged again."""
    return hashlib.sha256(json.dumps(rules_of(flow)).encode()).hexdigest()[:16]


def snapshot_version(flow: Flow) -> str:
    """The same for a snapshot, with the layout: in another one the partner has another state."""
    shown = [eligibility_version(flow), flow.format, flow.layout.model_dump(mode="json")]
    return hashlib.sha256(json.dumps(shown).encode()).hexdigest()[:16]


def version_of(flow: Flow) -> str:
    """The version under which a flow consumes partitions."""
    return snapshot_version(flow) if flow.kind == "snapshot" else eligibility_version(flow)


def void(record: Record) -> pl.Expr:
    """Whether a document is none any more. Records without a date are no documents; their `state` may be a region."""
    if record.date_column is None or "state" not in record.columns:
        return pl.lit(value=False)
    return pl.col("state").is_in(VOID_STATES).fill_null(value=False)


def _eligible_by(rules: Rules | None, flow: Flow) -> pl.Expr:
    """What other rules admit; nothing without rules, or when they cannot be applied to this flow's record any more."""
    nothing = pl.lit(value=False)
    if rules is None or (rules["connection"], rules["record"]) != (flow.connection, flow.record):
        return nothing
    companies, counterparties = (
        named if named == "all" else tuple(named) for named in (rules["companies"], rules["counterparties"])
    )
    then = {"where": rules["where"], "since": date.fromisoformat(rules["since"]) if rules["since"] else None}
    try:
        return eligible(flow.model_copy(update=then | {"companies": companies, "counterparties": counterparties}))
    except ConfigurationError:
        return nothing


def _listed(names: Sequence[str] | str) -> list[str] | str:
    return names if isinstance(names, str) else sorted(names)


def _counterparty(record: Record, allowed: list[str]) -> pl.Expr:
    """Counterparties are named by source id or by our reference for them."""
    if "counterparty" in record.columns:
        named = pl.col("counterparty_id").is_in(allowed) | pl.col("counterparty").struct.field("reference").is_in(allowed)
    elif "counterparty_id" in record.columns:
        named = pl.col("counterparty_id").is_in(allowed)
    else:
        named = pl.col("source_id").is_in(allowed) | pl.col("reference").is_in(allowed)
    return named
