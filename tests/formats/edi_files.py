"""Whole EDI files of invoices in the shipped layouts, and what our own reader says of them."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl

from mlconnector_assets.formats.edi.reading import Batch, read
from mlconnector_assets.formats.edifact.standard import Edifact
from mlconnector_assets.formats.x12.standard import X12
from mlconnector_assets.steps.bodies import Body
from tests.formats.files import FACTS, body_of
from tests.layouts.frames import invoice, invoices

WIRE: Mapping[str, dict[str, Any]] = {
    "x12": {"sender": {"id": "OURSELVES"}, "receiver": {"id": "987654321", "qualifier": "01"}},
    "edifact": {
        "sender": {"id": "5412345000013", "qualifier": "14"},
        "receiver": {"id": "4012345500004", "qualifier": "14"},
    },
}
LINE = {
    "line_id": "1",
    "position": 1,
    "description": "Paper, A4",
    "item_code": "V1",
    "gtin": "4006381333931",
    "quantity": Decimal(3),
    "unit": "EA",
    "net_amount": Decimal("100.50"),
    "tax_rate": Decimal(21),
}
PARTY = {"street": "Kerkstraat 5", "city": "Gent", "postal_code": "9000", "country": "BE"}


def edi_invoice(source_id: str = "1", **values: Any) -> dict[str, Any]:
    """A whole invoice with two lines and a tax."""
    return invoice(
        source_id,
        **{
            "own_party": {"name": "Ourselves", "gln": "5412345000013", "tax_id": "BE0123456789", **PARTY},
            "counterparty": {"name": "Deco Addict", "reference": "D-1", **PARTY},
            "order_references": "PO100",
            "payment_term": "30 days",
            "delivery_date": date(2026, 1, 30),
            "lines": [LINE, LINE | {"line_id": "2", "position": 2, "description": None, "gtin": None}],
            "taxes": [
                {"tax_id": "1", "name": "21%", "rate": Decimal(21), "base_amount": Decimal(201), "tax_amount": Decimal("42.21")}
            ],
            "net_amount": Decimal(201),
            "tax_amount": Decimal("42.21"),
            "total_amount": Decimal("243.21"),
        }
        | values,
    )


def edi_body(file_format: str, *rows: dict[str, Any], **options: Any) -> Body:
    """The body of a file with these invoices; `options` are those of the format."""
    frame = invoices(*(rows or (edi_invoice(),)))
    return body_of(file_format, frame, extends=f"{file_format}/invoices", **{file_format: {**WIRE[file_format], **options}})


def edi_file(file_format: str, *rows: dict[str, Any], **options: Any) -> str:
    """The file; none of its documents may be blocked."""
    body = edi_body(file_format, *rows, **options)
    assert body.blocked == {}
    return body.content(FACTS).decode("latin-1")


def batches(file: bytes) -> list[Batch]:
    """What our reader makes of a file."""
    return list(read(io.BytesIO(file), (X12(), Edifact())))


def accepted(file: str | bytes) -> int:
    """How many messages of a file are sound; nothing else may be wrong with it."""
    found = batches(file.encode("latin-1") if isinstance(file, str) else file)
    assert [report for batch in found for report in batch.reports] == []
    assert [batch.interchange.wrong for batch in found if batch.interchange.wrong] == []
    assert [group.wrong for batch in found for group in batch.interchange.groups if group.wrong] == []
    return sum(len(checked.sound) for batch in found for checked in batch.checked.values())


def frame_of_segments(file: str, terminator: str) -> pl.Series:
    """The segments of a file, one a row."""
    return pl.Series(file.replace("\n", "").rstrip(terminator).split(terminator))
