"""What leaves comes back: documents rendered by a layout and read by the same layout are the same, as far as it reads."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlconnector_assets.formats.edi.documents import reading
from mlconnector_assets.records import INVOICES
from mlconnector_assets.steps.bodies import Body
from tests.formats.edi_files import LINE, batches, edi_body, edi_invoice
from tests.formats.files import FACTS

FORMATS = ("x12", "edifact")


def read_back(body: Body) -> pl.DataFrame:
    """The documents that our reader finds in the file."""
    frames = []
    for batch in batches(body.content(FACTS)):
        for checked in batch.checked.values():
            plan = reading(body.layout, INVOICES, checked.version.checker.structure)
            frames.append(plan.documents(batch.tokens, checked.messages, checked.sound))
    return pl.concat(frames)


@pytest.mark.parametrize("file_format", FORMATS)
def test_an_invoice_comes_back(file_format: str) -> None:
    body = edi_body(file_format, edi_invoice("1", number="INV/1"), edi_invoice("2", number="INV/2", document_type="credit_note"))
    found = read_back(body).to_dicts()
    assert [row["number"] for row in found] == ["INV/1", "INV/2"]
    assert [row["document_type"] for row in found] == ["invoice", "credit_note"]
    first = found[0]
    assert (first["document_date"], first["due_date"], first["currency"]) == (date(2026, 1, 31), date(2026, 3, 2), "EUR")
    assert (first["total_amount"], first["order_references"]) == (Decimal("243.21"), "PO100")
    assert (first["own_party"]["name"], first["own_party"]["city"]) == ("Ourselves", "Gent")
    assert (first["counterparty"]["name"], first["counterparty"]["country"]) == ("Deco Addict", "BE")
    assert [(line["position"], line["quantity"], line["description"]) for line in first["lines"]] == [
        (1, Decimal(3), "Paper, A4"),
        (2, Decimal(3), None),
    ]
    assert [line["gtin"] for line in first["lines"]] == ["4006381333931", None]
    assert [(tax["rate"], tax["base_amount"], tax["tax_amount"]) for tax in first["taxes"]] == [
        (Decimal(21), Decimal(201), Decimal("42.21"))
    ]


def test_a_party_is_read_from_its_own_loop() -> None:
    seller, buyer = {"name": "We", "city": "Gent", "country": "BE"}, {"name": "They"}
    (found,) = read_back(edi_body("x12", edi_invoice(own_party=seller, counterparty=buyer))).to_dicts()
    assert (found["own_party"]["city"], found["counterparty"]["city"]) == ("Gent", None)


TEXT = st.text("ABc'+:?-9", min_size=1, max_size=12)
MONEY = st.decimals(0, 10**9, places=2)


@st.composite
def documents(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Invoices whose amounts add up."""
    rows = []
    for number in range(1, draw(st.integers(1, 4)) + 1):
        amounts = draw(st.lists(MONEY, min_size=1, max_size=4))
        net = sum(amounts, Decimal(0))
        lines = [
            LINE | {"position": place, "net_amount": amount, "quantity": Decimal(1), "description": draw(st.none() | TEXT)}
            for place, amount in enumerate(amounts, 1)
        ]
        taxes = [{"tax_id": "1", "name": "0%", "rate": Decimal(0), "base_amount": net, "tax_amount": Decimal(0)}]
        amounts_of_document = {"net_amount": net, "tax_amount": Decimal(0), "total_amount": net}
        rows.append(edi_invoice(str(number), number=draw(TEXT), lines=lines, taxes=taxes, **amounts_of_document))
    return rows


@pytest.mark.parametrize("file_format", FORMATS)
@settings(max_examples=20)
@given(rows=documents())
def test_what_is_rendered_is_read(file_format: str, rows: list[dict[str, Any]]) -> None:
    body = edi_body(file_format, *rows)
    assert body.blocked == {}
    found = read_back(body).to_dicts()
    for row, back in zip(rows, found, strict=True):
        assert {name: back[name] for name in ("number", "document_date", "currency", "total_amount")} == {
            name: row[name] for name in ("number", "document_date", "currency", "total_amount")
        }
        kept = ("position", "quantity", "description", "gtin")
        assert [{name: line[name] for name in kept} for line in back["lines"]] == [
            {name: line[name] for name in kept} for line in row["lines"]
        ]
