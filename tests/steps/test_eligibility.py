from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest

from mlconnector_assets.partners.specification import Flow
from mlconnector_assets.records import INVOICES, RECORDS, VENDORS
from mlconnector_assets.steps.business_hash import business_hashes
from mlconnector_assets.steps.eligibility import eligibility_version, newest_eligible


def flow(**changes: Any) -> Flow:
    written = {
        "name": "out",
        "connection": "odoo",
        "record": "invoices",
        "layout": "csv/invoices",
        "companies": "all",
        "counterparties": "all",
        "since": "2026-01-01",
    }
    return Flow.model_validate(written | changes)


def frame(record: str, *rows: dict[str, Any]) -> pl.DataFrame:
    schema = RECORDS[record].schema
    filled = [
        dict.fromkeys(schema) | {"connection": "odoo", "modified_at": datetime(2026, 3, 1, tzinfo=UTC)} | row for row in rows
    ]
    return pl.DataFrame(filled, schema=schema, orient="row")


def ids(rows: pl.DataFrame, judged_by: Flow) -> list[str]:
    return sorted(newest_eligible(rows.lazy(), judged_by).collect()["source_id"])


def invoice(source_id: str, **values: Any) -> dict[str, Any]:
    return {
        "source_id": source_id,
        "state": "posted",
        "company": "nl",
        "document_date": date(2026, 2, 1),
        "counterparty_id": "7",
    } | values


def party(reference: str) -> dict[str, Any]:
    kind = INVOICES.schema["counterparty"]
    assert isinstance(kind, pl.Struct)
    return dict.fromkeys(field.name for field in kind.fields) | {"reference": reference}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ["1", "2", "3"]),
        ({"companies": ["us"]}, ["2"]),
        ({"counterparties": ["8"]}, ["2"]),
        ({"counterparties": ["C3"]}, ["3"]),
        ({"since": "2026-02-02"}, ["2"]),
        ({"where": "kind = 'vendor'"}, ["3"]),
        ({"where": "state = 'draft'"}, ["4"]),
        ({"where": "counterparty.reference = 'C3'"}, ["3"]),
    ],
)
def test_what_a_flow_may_send(changes: dict[str, Any], expected: list[str]) -> None:
    rows = frame(
        "invoices",
        invoice("1", kind="customer"),
        invoice("2", kind="customer", company="us", counterparty_id="8", document_date=date(2026, 2, 2)),
        invoice("3", kind="vendor", counterparty=party("C3")),
        invoice("4", state="draft"),
        invoice("5", document_date=date(2025, 12, 31)),
        invoice("6", document_date=None),
    )
    assert ids(rows, flow(**changes)) == expected


def test_only_the_newest_version_counts() -> None:
    late = datetime(2026, 3, 2, tzinfo=UTC)
    rows = frame("invoices", invoice("1"), invoice("1", state="cancelled", modified_at=late), invoice("2", modified_at=late))
    assert ids(rows, flow()) == ["2"]


def test_vendors_are_named_by_id_or_reference() -> None:
    rows = frame("vendors", *({"source_id": str(n), "reference": f"V{n}", "active": n != 3} for n in range(1, 5)))
    vendors = {"record": "vendors", "layout": "csv/vendors"}
    assert ids(rows, flow(**vendors)) == ["1", "2", "4"]
    assert ids(rows, flow(**vendors, counterparties=["2", "V4", "V3"])) == ["2", "4"]
    assert VENDORS.date_column is None
    assert ids(rows, flow(**vendors, since="2026-03-02")) == []


def test_a_new_layout_judges_nothing_again() -> None:
    assert eligibility_version(flow()) == eligibility_version(flow(layout="csv/invoice_lines"))
    assert eligibility_version(flow()) != eligibility_version(flow(counterparties=["8"]))


def test_the_business_hash_sees_business_and_nothing_else() -> None:
    line = {"description": "bolt", "quantity": "1", "net_amount": "2.00", "account_name": "Sales"}
    kind = INVOICES.schema["lines"]
    assert isinstance(kind, pl.List) and isinstance(kind.inner, pl.Struct)
    empty = dict.fromkeys(field.name for field in kind.inner.fields)

    def digest(line: dict[str, Any], **values: Any) -> str:
        rows = pl.DataFrame({"source_id": ["1"], "lines": [[line]]} | {key: [value] for key, value in values.items()})
        missing = [pl.lit(None).alias(name) for name in INVOICES.schema if name not in rows.columns]
        return business_hashes(rows.with_columns(missing), INVOICES)["1"]

    base = digest(empty | line, number="INV/1")
    assert base.startswith("1:")
    assert digest(empty | line, number="INV/1", payment_state="paid", open_amount="0") == base
    assert digest(empty | line | {"account_name": "Renamed"}, number="INV/1") == base
    assert digest(empty | line | {"quantity": "2"}, number="INV/1") != base
    assert digest(empty | line, number="INV/2") != base
