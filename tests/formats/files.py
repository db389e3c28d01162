"""Whole files of invoices in some layout, without a state database or a network."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl

from mlconnector_assets.layouts import FileFacts
from mlconnector_assets.records import INVOICES
from mlconnector_assets.steps.bodies import Body, make_body
from tests.partners.samples import flow

FACTS = FileFacts(7, datetime(2026, 1, 31, 23, 30, 15, tzinfo=UTC), "acme", "ACME Retail", "bills", "bills_000007.txt")


def body_of(file_format: str, documents: pl.DataFrame, *, timezone: str = "UTC", **layout: Any) -> Body:
    """The body of a file with these invoices."""
    return make_body(flow(format=file_format, layout=layout, timezone=timezone), INVOICES, documents)


def file_of(file_format: str, documents: pl.DataFrame, **layout: Any) -> bytes:
    """The file; none of its documents may be blocked."""
    body = body_of(file_format, documents, **layout)
    assert body.blocked == {}
    return body.content(FACTS)
