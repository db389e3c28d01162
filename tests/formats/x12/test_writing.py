"""Invoices as X12 810: envelope, counts, what the segment dictionary demands, and what X12 cannot hold."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.formats.edi_files import LINE, accepted, edi_body, edi_file, edi_invoice
from tests.formats.files import FACTS


def segments(file: str, terminator: str = "~") -> list[str]:
    return file.replace("\n", "").rstrip(terminator).split(terminator)


def test_an_invoice_becomes_a_transaction_set() -> None:
    found = segments(edi_file("x12", edi_invoice(number="INV/1")))
    assert found[0] == "ISA*00*          *00*          *ZZ*OURSELVES      *01*987654321      *260131*2330*U*00401*000000007*0*P*>"
    assert found[1] == "GS*IN*OURSELVES*987654321*20260131*2330*7*X*004010"
    assert found[2:5] == ["ST*810*0001", "BIG*20260131*INV/1**PO100***DI", "CUR*SE*EUR"]
    assert "IT1*1*3*EA*33.5**VP*V1***UK*4006381333931" in found
    assert found[-6:] == [
        "TDS*24321",
        "TXI*TX*42.21*21*****201",
        "CTT*2",
        f"SE*{len(found) - 4}*0001",
        "GE*1*7",
        "IEA*1*000000007",
    ]


def test_lines_and_documents_take_turns_and_are_counted() -> None:
    file = edi_file("x12", edi_invoice("1"), edi_invoice("2", lines=[LINE] * 5), line_end="crlf", terminator="|")
    assert file.count("|\r\n") == file.count("|")
    assert accepted(file) == 2
    assert [part for part in segments(file, "|\r") if part.startswith(("ST*", "IT1*", "CTT"))][-7:-1] == [
        "ST*810*0002",
        *["IT1*1*3*EA*33.5**VP*V1***UK*4006381333931"] * 5,
    ]


def test_a_credit_note_says_so() -> None:
    assert "***CR~" in edi_file("x12", edi_invoice(document_type="credit_note", corrected_number="INV/0"))


@pytest.mark.parametrize(("options", "version"), [({"version": "005010"}, "*^*00501*"), ({}, "*U*00401*")])
def test_versions(options: dict[str, Any], version: str) -> None:
    file = edi_file("x12", **options)
    assert version in file
    assert accepted(file) == 1


def test_test_mode_is_told_with_the_ids_for_tests() -> None:
    body = edi_body("x12", receiver={"id": "LIVE", "test_id": "TEST"})
    assert b"*ZZ*TEST           *" in body.content(replace(FACTS, test=True))
    assert b"*0*T*>" in body.content(replace(FACTS, test=True))
    assert b"*ZZ*LIVE           *" in body.content(FACTS)


@pytest.mark.parametrize(
    ("values", "options", "reason"),
    [
        ({"number": "INV*1"}, {}, "'*' (U+002A) of 'INV*1' is a separator"),
        ({"number": "RÉ-1"}, {}, "'É' (U+00C9) of 'RÉ-1' is a separator or outside of the extended character set"),
        ({"number": "inv/1"}, {"repertoire": "basic"}, "outside of the basic character set"),
        ({"number": "I" * 23}, {}, "element BIG02 (Invoice number): 'IIIIIIIIIIIIIIIIIIIIIII' has more than 22 characters"),
        ({"number": None}, {}, "column `BIG02` is required, but `number` is empty"),
        ({"document_date": None}, {}, "column `BIG01` is required"),
        ({"total_amount": Decimal("1.005")}, {}, "column `TDS01`: 1.005 has more than 2 decimals"),
        (
            {"lines": [LINE | {"unit": "Units"}]},
            {},
            "element IT103 (Unit): 'Units' has more than 2 characters; map it to the partner's code under '355'",
        ),
        (
            {"lines": [LINE | {"unit": "Box"}]},
            {"codes": {"355": {"Units": "EA"}}},
            "there is no code for 'Box'; add it to `codes:`",
        ),
    ],
)
def test_what_cannot_be_written_blocks_its_document_only(values: dict[str, Any], options: dict[str, Any], reason: str) -> None:
    lines = {"lines": [LINE | {"unit": "Units"}]} if "codes" in options else {}
    body = edi_body(
        "x12", edi_invoice("1", **({"number": "INV/1"} | values)), edi_invoice("2", number="INV/2", **lines), **options
    )
    if options.get("repertoire") == "basic":
        assert set(body.blocked) == {"1", "2"}
    else:
        assert set(body.blocked) == {"1"}
        assert accepted(body.content(FACTS)) == 1
    assert reason.lower() in body.blocked["1"].lower()


def test_separators_in_data_are_replaced_or_left_out_where_the_partner_says_so() -> None:
    odd = edi_invoice(number="A*B~C>D")
    assert "*A B C D*" in edi_file("x12", odd, separators_in_data="replace")
    assert "*ABCD*" in edi_file("x12", odd, separators_in_data="strip")
    assert "*A*B~C>D*" not in edi_file("x12", odd, separators_in_data="replace")


def test_letters_become_the_nearest_ones_where_the_partner_says_so() -> None:
    party = {"name": "Müller & Söhne – Straße", "street": "Rue de l’Église", "city": "Łódź", "country": "PL"}
    file = edi_file("x12", edi_invoice(counterparty=party), transliterate=True)
    assert "N1*BT*Muller & Sohne - Strasse~N3*Rue de l'Eglise~N4*Lodz***PL~" in file
    assert "N1*BT*MULLER & SOHNE - STRASSE~" in edi_file(
        "x12",
        edi_invoice(
            counterparty=party | {"name": "Müller & Söhne – Straße"}, payment_term=None, number="I1", own_party={"name": "WE"}
        ),
        transliterate=True,
        repertoire="basic",
        codes={"355": {"EA": "EA"}},
    )


TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="*>~"), min_size=1, max_size=20).map(
    str.strip
)
MONEY = st.decimals(0, 10**9, places=2)


@settings(max_examples=25)
@given(st.lists(st.tuples(TEXT.filter(bool), MONEY, st.lists(MONEY, max_size=4)), min_size=1, max_size=4))
def test_whatever_leaves_is_accepted_by_our_reader(documents: list[tuple[str, Decimal, list[Decimal]]]) -> None:
    rows = [
        edi_invoice(
            str(number),
            number=text,
            total_amount=total,
            document_date=date(2026, 1, 1),
            lines=[
                LINE | {"position": place, "net_amount": amount, "description": text} for place, amount in enumerate(amounts, 1)
            ],
        )
        for number, (text, total, amounts) in enumerate(documents)
    ]
    body = edi_body("x12", *rows)
    assert accepted(body.content(FACTS)) == len(rows) - len(body.blocked)
    assert body.documents.select(pl.col("position")).to_series().to_list() == list(range(1, len(rows) - len(body.blocked) + 1))
