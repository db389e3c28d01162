"""Payments as X12 820 and EDIFACT REMADV: only ours, only those allocated in full, adding up; and orders as 850 and ORDERS."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from mlconnector_assets.records import RECORDS
from mlconnector_assets.steps.bodies import Body, make_body
from tests.formats.edi_files import WIRE, accepted
from tests.formats.files import FACTS
from tests.layouts.frames import SAMPLES
from tests.partners.samples import flow

BILL = {"document_type": "vendor_bill", "document_number": "BILL/1", "document_reference": "A-77", "amount": Decimal("60.00")}
PAYMENT = SAMPLES["payments"] | {
    "number": "P/1",
    "counterparty": {"name": "Vendor", "reference": "V-1"},
    "amount": Decimal("100.00"),
    "settlements": [BILL, BILL | {"document_number": "BILL/2", "document_reference": None, "amount": Decimal("42.50")}],
    "settled_amount": Decimal("102.50"),
    "adjustments": [{"line_id": "1", "account_code": "700", "amount": Decimal("2.50")}],
}


def body(file_format: str, record: str, *rows: dict[str, Any]) -> Body:
    common = {"connection": "odoo", "company": "main"}
    frame = pl.DataFrame(
        [common | {"source_id": str(number)} | row for number, row in enumerate(rows, 1)], schema=RECORDS[record].schema
    )
    layout = {"extends": f"{file_format}/{record}", file_format: WIRE[file_format]}
    return make_body(flow(format=file_format, record=record, layout=layout), RECORDS[record], frame)


def text(file_format: str, record: str, *rows: dict[str, Any]) -> str:
    made = body(file_format, record, *rows)
    assert made.blocked == {}
    file = made.content(FACTS).decode("latin-1")
    assert accepted(file) == len(rows)
    return file


def test_a_remittance_advice_of_x12_adds_up() -> None:
    file = text("x12", "payments", PAYMENT)
    assert "BPR*I*100.00*C*NON************20260131~TRN*1*P/1~" in file
    assert "ENT*1~ADX*-2.50*CS~RMR*IV*A-77**60.00~REF*VV*BILL/1~RMR*IV*BILL/2**42.50~" in file


def test_a_remittance_advice_of_edifact() -> None:
    file = text("edifact", "payments", PAYMENT)
    assert "DOC+380+A-77'MOA+9:60.00'RFF+ABO:BILL/1'DOC+380+BILL/2'MOA+9:42.50'UNS+S'MOA+12:100.00'MOA+52:2.50'" in file
    whole = PAYMENT | {"amount": Decimal("102.50"), "adjustments": []}
    assert "MOA+12:60.00'RFF+ABO:BILL/1'DOC+380+BILL/2'MOA+12:42.50'UNS+S'MOA+12:102.50'UNT" in text("edifact", "payments", whole)


@pytest.mark.parametrize("file_format", ["x12", "edifact"])
@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"direction": "inbound"}, "there is no code for 'inbound'"),
        ({"open_amount": Decimal("0.01")}, "is required"),
        ({"settlements": [], "adjustments": []}, "is required"),
    ],
)
def test_receipts_and_what_is_not_allocated_never_leave(file_format: str, values: dict[str, Any], reason: str) -> None:
    assert reason in body(file_format, "payments", PAYMENT | values).blocked["1"]


@pytest.mark.parametrize("file_format", ["x12", "edifact"])
def test_orders(file_format: str) -> None:
    file = text(file_format, "purchase_orders", SAMPLES["purchase_orders"], SAMPLES["purchase_orders"] | {"number": "P00002"})
    wanted = {"x12": "BEG*00*SA*P00002**20260131~", "edifact": "BGM+220+P00002+9'"}
    assert wanted[file_format] in file
