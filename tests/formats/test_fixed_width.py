from decimal import Decimal
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlconnector_assets.errors import ConfigurationError
from tests.formats.files import FACTS, body_of, file_of
from tests.layouts.frames import LINE, invoice, invoices

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=8)
COLUMNS = [
    {"name": "number", "width": 8},
    {"name": "label", "value": "payment_reference", "width": 6, "align": "right", "pad": "*"},
    {"name": "amount", "value": "net_amount", "width": 10, "implied_decimals": 4, "pad": "0"},
    {"name": "signed", "value": "net_amount", "width": 12, "decimals": 4, "sign": "trailing"},
]


def cut(line: str, *widths: int) -> list[str]:
    places = [sum(widths[:index]) for index in range(len(widths) + 1)]
    return [line[first:last] for first, last in pairwise(places)]


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(TEXT, st.none() | TEXT, st.decimals(-99999, 99999, places=4, allow_nan=False)), max_size=6))
def test_cutting_the_lines_gives_the_values_back_or_they_are_named(rows) -> None:
    documents = [
        invoice(str(index), number=number, payment_reference=label, net_amount=amount)
        for index, (number, label, amount) in enumerate(rows)
    ]
    body = body_of("fixed_width", invoices(*documents) if documents else invoices().clear(), columns=COLUMNS)
    lines = body.content(FACTS).decode().split("\n")[:-1]
    inside = [int(source_id) for source_id in body.documents["source_id"]]
    assert sorted([*inside, *map(int, body.blocked)]) == list(range(len(rows)))
    assert len(lines) == len(inside)
    for line, index in zip(lines, inside, strict=True):
        number, label, amount = rows[index]
        assert len(line) == 36
        texts = cut(line, 8, 6, 10, 12)
        assert texts[0] == number.ljust(8)
        assert texts[1] == (" " * 6 if label is None else label.rjust(6, "*"))
        assert Decimal(texts[2]).scaleb(-4) == amount
        assert texts[3][-1] == ("-" if amount < 0 else " ")
        assert Decimal(texts[3][-1].strip() + texts[3][:-1].lstrip()) == amount
    for source_id, reason in body.blocked.items():
        assert len(rows[int(source_id)][1] or "") > 6
        assert "column `label`: '" in reason and "the column's width is 6" in reason


NET = st.decimals(-9999, 9999, places=2, allow_nan=False)
LOOP = {
    "header": [{"name": "t", "value": "'H'", "width": 1}, {"name": "n", "value": "control_number", "width": 5, "pad": "0"}],
    "parts": [
        {"name": "doc", "columns": [{"name": "t", "value": "'D'", "width": 1}, {"name": "number", "width": 9}]},
        {
            "name": "line",
            "rows": "lines",
            "columns": [
                {"name": "t", "value": "'L'", "width": 1},
                {"name": "net", "value": "line_net_amount", "implied_decimals": 2, "width": 9, "pad": "0"},
            ],
        },
        {
            "name": "note",
            "rows": "lines",
            "when": "line_description <> 'plain'",
            "columns": [{"name": "t", "value": "'N'", "width": 1}, {"name": "text", "value": "line_description", "width": 9}],
        },
    ],
    "totals": {"lines_written": {"of": "line"}, "notes": {"of": "note"}, "net": {"of": "line", "value": "line_net_amount"}},
    "trailer": [
        {"name": "t", "value": "'T'", "width": 1},
        *({"name": name, "width": 5, "pad": "0"} for name in ("documents", "lines_written", "notes", "file_lines")),
        {"name": "net", "implied_decimals": 2, "width": 12, "pad": "0"},
    ],
    "fixed_width": {"line_length": 40, "line_end": "crlf"},
}


@settings(deadline=None, max_examples=30)
@given(
    st.lists(
        st.lists(st.tuples(NET, st.sampled_from(["plain", "a", "bad\n"])), max_size=4),
        min_size=1,
        max_size=5,
    )
)
def test_header_and_trailer_tell_the_truth_about_what_is_between(documents) -> None:
    frame = invoices(
        *(
            invoice(str(index), lines=[LINE | {"net_amount": net, "description": text} for net, text in lines])
            for index, lines in enumerate(documents)
        )
    )
    body = body_of("fixed_width", frame, **LOOP)
    good = [index for index, lines in enumerate(documents) if all(text != "bad\n" for _, text in lines)]
    assert body.documents["source_id"].to_list() == [str(index) for index in good]
    assert body.blocked.keys() == {str(index) for index in range(len(documents)) if index not in good}
    lines = body.content(FACTS).decode().split("\r\n")[:-1]
    assert {len(line) for line in lines} == {40}
    kinds = ["".join("L" if text == "plain" else "LN" for _, text in lines) for lines in documents]
    expected = "".join(f"D{kinds[index]}" for index in good)
    assert [line[0] for line in lines] == ["H", *expected, "T"]
    assert [lines[position - 1][:10].rstrip() for position in body.documents["position"]] == [f"DINV/{index}" for index in good]
    trailer = [int(text) for text in cut(lines[-1], 1, 5, 5, 5, 5, 12)[1:]]
    net = sum((net for index in good for net, _ in documents[index]), Decimal(0))
    assert trailer == [len(good), expected.count("L"), expected.count("N"), len(lines), int(net.scaleb(2))]


@pytest.mark.parametrize(
    ("rules", "amount", "text"),
    [
        ({}, "-1.5", "      -1.5"),
        ({"pad": "0"}, "-1.5", "-0000001.5"),
        ({"pad": "0", "sign": "leading_always"}, "1.5", "+0000001.5"),
        ({"pad": "0", "sign": "trailing"}, "-1.5", "0000001.5-"),
        ({"pad": "0", "sign": "trailing"}, "1.5", "0000001.5 "),
        ({"pad": "0", "sign": "trailing_always"}, "1.5", "0000001.5+"),
        ({"pad": "*", "sign": "leading"}, "-1.5", "******-1.5"),
        ({"align": "left"}, "-1.5", "-1.5      "),
        ({"implied_decimals": 2, "pad": "0"}, "-0.05", "-000000005"),
        ({"implied_decimals": 0}, "7", "         7"),
        ({"decimals": 2}, "1234567.89", "1234567.89"),
        ({"pad": "0"}, None, "          "),
    ],
)
def test_a_number_in_ten_places(rules, amount, text) -> None:
    documents = invoices(invoice(net_amount=None if amount is None else Decimal(amount)))
    column = {"name": "net_amount", "width": 10, **rules}
    assert file_of("fixed_width", documents, columns=[column]).decode() == text + "\n"


def test_a_number_is_never_cut_and_no_negative_one_is_written_without_its_sign() -> None:
    documents = invoices(invoice("1", net_amount=Decimal("123456.78")), invoice("2", net_amount=Decimal("-1")), invoice("3"))
    body = body_of("fixed_width", documents, columns=[{"name": "net_amount", "decimals": 2, "width": 8, "sign": "never"}])
    assert body.documents["source_id"].to_list() == ["3"]
    assert "column `net_amount`: '123456.78' has 9 characters, and the column's width is 8" in body.blocked["1"]
    assert "-1.0000 is negative, and the column has `sign: never`" in body.blocked["2"]


def test_only_truncate_cuts_and_only_the_text() -> None:
    columns = [{"name": "number", "width": 4, "truncate": True}, {"name": "document_date", "positions": "5-14"}]
    assert file_of("fixed_width", invoices(invoice("123")), columns=columns) == b"INV/2026-01-31\n"


@pytest.mark.parametrize("text", ["a\nb", "a\rb", "a\tb", "a\x00b", "a\x7fb", "a\r\n\t b"])
def test_a_line_break_in_a_value_blocks_or_becomes_a_space(text) -> None:
    column = {"name": "payment_reference", "width": 8}
    documents = invoices(invoice("1", payment_reference=text), invoice("2", payment_reference="ok"))
    body = body_of("fixed_width", documents, columns=[column])
    assert body.content(FACTS) == b"ok      \n"
    assert "column `payment_reference`: the character" in body.blocked["1"]
    assert "single_line: true" in body.blocked["1"]
    joined = file_of("fixed_width", documents, columns=[column | {"single_line": True}])
    assert joined == b"a b     \nok      \n"


def test_characters_are_counted_and_those_the_encoding_lacks_block() -> None:
    documents = invoices(invoice("1", payment_reference="é€"), invoice("2", payment_reference="Łx"))
    columns = [{"name": "payment_reference", "width": 4}]
    assert file_of("fixed_width", documents, columns=columns) == "é€  \nŁx  \n".encode()
    body = body_of("fixed_width", documents, columns=columns, fixed_width={"encoding": "cp1252", "line_end": "crlf"})
    assert body.content(FACTS) == b"\xe9\x80  \r\n"
    assert "U+0141) of 'Łx' does not exist in cp1252" in body.blocked["2"]


def test_lines_without_an_end_are_told_apart_by_their_length() -> None:
    options = {"line_end": "none", "line_length": 8}
    content = file_of(
        "fixed_width", invoices(invoice("1"), invoice("22")), columns=[{"name": "number", "width": 6}], fixed_width=options
    )
    assert content == b"INV/1   INV/22  "


def test_the_time_of_the_header_is_that_of_the_partner() -> None:
    header = [{"name": "at", "value": "created_at", "date_format": "%Y%m%d%H%M", "width": 12}]
    columns = [{"name": "number", "width": 12}]
    body = body_of("fixed_width", invoices(), columns=columns, header=header, timezone="Asia/Tokyo")
    assert body.content(FACTS).splitlines()[0] == b"202602010830"


@pytest.mark.parametrize("place", ["header", "trailer"])
def test_facts_that_do_not_fit_stop_the_file(place) -> None:
    columns = {"columns": [{"name": "number", "width": 12}]}
    envelope = {place: [{"name": "n", "value": "file_name", "width": 4}]}
    with pytest.raises(ConfigurationError, match=f"the {place} of the file.*column `n`: 'bills_000007.txt' has 16"):
        body_of("fixed_width", invoices(), **columns, **envelope).content(FACTS)


def test_documents_are_rendered_in_slices_to_the_same_bytes(monkeypatch) -> None:
    frame = invoices(*(invoice(str(index), lines=[LINE] * (index % 3)) for index in range(7)))
    whole = body_of("fixed_width", frame, **LOOP)
    monkeypatch.setattr("mlconnector_assets.steps.bodies.SLICE", 2)
    sliced = body_of("fixed_width", frame, **LOOP)
    assert sliced.content(FACTS) == whole.content(FACTS)
    assert sliced.documents.equals(whole.documents)
    assert isinstance(whole.documents, pl.DataFrame)
