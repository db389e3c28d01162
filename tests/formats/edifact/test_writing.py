"""Invoices as EDIFACT INVOIC: envelope, counts, release characters, repertoires."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.formats.edi_files import LINE, accepted, batches, edi_body, edi_file, edi_invoice
from tests.formats.files import FACTS


def test_an_invoice_becomes_a_message() -> None:
    found = edi_file("edifact", edi_invoice(number="INV/1"), line_end="lf").splitlines()
    assert found[:5] == [
        "UNA:+.? '",
        "UNB+UNOC:3+5412345000013:14+4012345500004:14+260131:2330+7'",
        "UNH+1+INVOIC:D:96A:UN'",
        "BGM+380+INV/1+9'",
        "DTM+137:20260131:102'",
    ]
    assert found[found.index("LIN+1++4006381333931:EN'") : found.index("LIN+2'")] == [
        "LIN+1++4006381333931:EN'",
        "PIA+1+V1:SA'",
        "IMD+F++:::Paper, A4'",
        "QTY+47:3:EA'",
        "MOA+203:100.50'",
        "PRI+AAA:33.50'",
        "TAX+7+VAT+++:::21+S'",
    ]
    assert found[-2:] == [f"UNT+{len(found) - 3}+1'", "UNZ+1+7'"]


@pytest.mark.parametrize("version", ["D96A", "D01B"])
def test_versions(version: str) -> None:
    assert accepted(edi_file("edifact", edi_invoice("1"), edi_invoice("2"), version=version, association="EAN008")) == 2


def test_test_mode_is_told() -> None:
    content = edi_body("edifact").content(replace(FACTS, test=True))
    assert b"+260131:2330+7++++++1'" in content


def test_separators_in_data_stand_behind_release_characters() -> None:
    name = "O'Brien? + Sons: 100%?"
    file = edi_file("edifact", edi_invoice(counterparty={"name": name}, number="?"))
    assert "NAD+BY+++O?'Brien?? ?+ Sons?: 100%??'" in file
    assert "BGM+380+??+9'" in file
    assert accepted(file) == 1


def test_other_separators_and_a_decimal_comma() -> None:
    marks = {"element_separator": "=", "component_separator": "*", "terminator": "~", "decimal_mark": ","}
    file = edi_file("edifact", edi_invoice(number="A=B"), **marks)
    assert file.startswith("UNA*=,? ~UNB=UNOC*3=")
    assert "MOA=203*100,50~" in file
    assert "BGM=380=A?=B=9~" in file
    assert accepted(file) == 1


@pytest.mark.parametrize(
    ("values", "options", "reason"),
    [
        ({"number": "Ł-1"}, {}, "outside of the repertoire UNOC"),
        ({"number": "inv"}, {"syntax": "UNOA"}, "outside of the repertoire UNOA"),
        ({"number": "\ue001"}, {}, "outside of the repertoire UNOC"),
        ({"number": "A\nB"}, {}, "outside of the repertoire UNOC"),
        ({"lines": [LINE | {"net_amount": None}]}, {}, "is required, but `line_net_amount` is empty"),
        ({"counterparty": {"name": "X", "country": "Belgium"}}, {}, "has more than 3 characters"),
    ],
)
def test_what_cannot_be_written_blocks_its_document_only(values: dict[str, Any], options: dict[str, Any], reason: str) -> None:
    plain = {"counterparty": {"name": "DECO"}, "own_party": {"name": "WE"}, "lines": []} if options else {}
    body = edi_body("edifact", edi_invoice("1", **(plain | values)), edi_invoice("2", number="INV/2", **plain), **options)
    assert set(body.blocked) == {"1"}
    assert reason in body.blocked["1"]
    assert accepted(body.content(FACTS)) == 1


def test_letters_become_the_nearest_ones_where_the_partner_says_so() -> None:
    file = edi_file("edifact", edi_invoice(counterparty={"name": "Łódź €uro"}), transliterate=True)
    assert "+++Lódz EURuro'" in file.encode("latin-1").decode("latin-1")


ODD = st.text("AB '+:?*\u00e9", min_size=1, max_size=12).map(str.strip).filter(bool)


@settings(max_examples=40)
@given(st.lists(ODD, min_size=1, max_size=3))
def test_texts_come_back_as_they_were(numbers: list[str]) -> None:
    rows = [edi_invoice(str(place), number=text) for place, text in enumerate(numbers)]
    file = edi_body("edifact", *rows).content(FACTS)
    assert accepted(file) == len(rows)
    (batch,) = batches(file)
    (checked,) = batch.checked.values()
    assert batch.tokens.column(checked.messages.starts + 1, 2).to_list() == numbers
