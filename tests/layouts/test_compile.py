from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlconnector_assets.layouts import Layout, compile_layout, shipped_layouts
from mlconnector_assets.layouts.problems import LayoutError
from mlconnector_assets.records import INVOICES, RECORDS
from tests.layouts.frames import LINE, SAMPLES, frame_of, invoice, invoices, record_of


def compiled(*columns, record=INVOICES, **keys):
    return compile_layout(Layout.model_validate({"columns": list(columns), **keys}), record)


def rendered(column, **values):
    """The text of one column for an invoice with these values."""
    applied = compiled(column).apply(invoices(invoice(**values)))
    assert applied.blocked.height == 0
    return texts(applied).to_series()[0]


def texts(applied):
    """The rows of the layout's only part."""
    (part,) = applied.parts
    return part.texts


def documents_of(applied):
    """For each of them the index of its document."""
    (part,) = applied.parts
    return part.keys["document"].to_list()


def test_rows_have_the_columns_in_order_and_only_text():
    applied = compiled("number", {"name": "Buyer", "value": "counterparty.name"}, "company").apply(invoices())
    assert texts(applied).schema == {"number": pl.String, "Buyer": pl.String, "company": pl.String}
    assert texts(applied).rows() == [("INV/1", "Deco Addict", "main")]


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("document_date", "2026-01-31"),
        ("modified_at", "2026-01-31T12:30:15Z"),
        ({"name": "document_date", "date_format": "%d.%m.%Y"}, "31.01.2026"),
        ("net_amount", "100.5"),
        ({"name": "net_amount", "decimals": 2}, "100.50"),
        ({"name": "net_amount", "decimals": "2-4"}, "100.50"),
        ({"name": "net_amount", "decimals": 6}, "100.500000"),
        ({"name": "d", "value": "round(net_amount)", "decimals": 0}, "101"),
        ({"name": "d", "value": "net_amount > 100"}, "true"),
        ({"name": "d", "value": "'ready'"}, "ready"),
        ({"name": "d", "value": "null"}, None),
        ({"name": "d", "value": "5", "decimals": 2}, "5.00"),
        ({"name": "state", "codes": {"posted": "P", "draft": "D"}}, "P"),
        ({"name": "d", "value": "net_amount > 100", "codes": {"true": "1", "false": "0"}}, "1"),
        ({"name": "due_date", "codes": {"2026-03-02": "soon"}}, "soon"),
        ("corrected_number", None),
        ({"name": "corrected_number", "codes": {"a": "b"}}, None),
    ],
)
def test_text_of_a_value(column, text):
    assert rendered(column) == text


@given(
    st.decimals(min_value=-(10**14), max_value=10**14, places=4, allow_nan=False),
    st.integers(0, 4).flatmap(lambda least: st.tuples(st.just(least), st.integers(least, 8))),
)
def test_number_text_is_exact_and_has_the_decimals_asked_for(value, decimals):
    least, most = decimals
    applied = compiled({"name": "net_amount", "decimals": f"{least}-{most}"}).apply(invoices(invoice(net_amount=value)))
    if applied.blocked.height:
        assert value != round(value, most)
        assert texts(applied).height == 0
    else:
        text = texts(applied)["net_amount"][0]
        decimals_written = len(text.partition(".")[2])
        assert Decimal(text) == value
        assert least <= decimals_written <= most
        assert decimals_written == least or not text.endswith("0")
        assert not text.endswith(".")


def test_decimal_mark_touches_numbers_only():
    layout = compiled("net_amount", {"name": "free", "value": "'1.5'"}, delimited={"decimal_mark": ",", "delimiter": ";"})
    assert texts(layout.apply(invoices())).rows() == [("100,5", "1.5")]


def test_too_many_decimals_block_the_document_and_no_other():
    layout = compiled("number", {"name": "net_amount", "decimals": 2})
    applied = layout.apply(invoices(invoice("1"), invoice("2", net_amount=Decimal("9.999")), invoice("3")))
    assert texts(applied)["number"].to_list() == ["INV/1", "INV/3"]
    assert documents_of(applied) == [0, 2]
    reason = applied.reasons["2"]
    assert "column `net_amount`: 9.999 has more than 2 decimals" in reason
    assert "round(net_amount, 2)" in reason


def test_required_value_that_is_missing_or_blank_blocks():
    layout = compiled({"name": "Order", "value": "order_references", "required": True})
    applied = layout.apply(invoices(invoice("1"), invoice("2", order_references="PO7"), invoice("3", order_references="  ")))
    assert texts(applied)["Order"].to_list() == ["PO7"]
    assert applied.reasons.keys() == {"1", "3"}
    assert "column `Order` is required, but `order_references` is empty; fill it in at the source" in applied.reasons["1"]


def test_value_without_code_blocks_and_names_the_value():
    applied = compiled({"name": "currency", "codes": {"EUR": "1"}}).apply(invoices(invoice("1", currency="SEK")))
    assert applied.reasons == {"1": "column `currency`: there is no code for 'SEK'; add it to `codes:`"}


def test_all_problems_of_a_document_are_one_reason():
    layout = compiled({"name": "number", "required": True}, {"name": "net_amount", "decimals": 0})
    applied = layout.apply(invoices(invoice("1", number=None)))
    assert applied.blocked.height == 1
    assert applied.reasons["1"].startswith("column `number` is required")
    assert "; column `net_amount`: 100.5 has more than 0 decimals" in applied.reasons["1"]


def test_what_cannot_be_computed_blocks_only_its_document():
    layout = compiled("number", {"name": "ratio", "value": "round(total_amount / net_amount, 2)"})
    documents = [invoice(str(index), net_amount=Decimal(0 if index in (3, 8) else 1)) for index in range(10)]
    applied = layout.apply(invoices(*documents))
    assert texts(applied)["number"].to_list() == [f"INV/{index}" for index in range(10) if index not in (3, 8)]
    assert texts(applied)["ratio"].to_list() == ["121.6"] * 8
    assert applied.reasons.keys() == {"3", "8"}
    assert "column `ratio` cannot be computed: division by zero" in applied.reasons["3"]


def test_amount_too_large_for_a_product_blocks_its_document():
    layout = compiled({"name": "n", "value": "net_amount * net_amount * net_amount * net_amount * net_amount"})
    applied = layout.apply(invoices(invoice("1", net_amount=Decimal(10**15)), invoice("2", net_amount=Decimal(1))))
    assert texts(applied).rows() == [("1",)]
    assert "overflow" in applied.reasons["1"]


def test_lines_become_rows_beside_the_document():
    lines = [LINE, LINE | {"line_id": "8", "position": 2, "net_amount": Decimal("1")}]
    layout = compiled("number", "line_id", "line_position", "line_net_amount", rows="lines")
    applied = layout.apply(invoices(invoice("1"), invoice("2", lines=lines)))
    assert texts(applied).rows() == [("INV/1", "7", "1", "100.5"), ("INV/2", "7", "1", "100.5"), ("INV/2", "8", "2", "1")]
    assert documents_of(applied) == [0, 1, 1]
    assert applied.positions.rows(named=True) == [
        {"document": 0, "source_id": "1", "first_row": 1, "rows": 1},
        {"document": 1, "source_id": "2", "first_row": 2, "rows": 2},
    ]


def test_one_bad_line_blocks_the_whole_document():
    lines = [LINE, LINE | {"net_amount": Decimal("0.001")}]
    layout = compiled("number", {"name": "line_net_amount", "decimals": 2}, rows="lines")
    applied = layout.apply(invoices(invoice("1", lines=lines), invoice("2")))
    assert texts(applied)["number"].to_list() == ["INV/2"]
    assert "0.001 has more than 2 decimals" in applied.reasons["1"]


@pytest.mark.parametrize("lines", [[], None])
def test_document_without_lines_is_blocked_not_lost(lines):
    applied = compiled("number", rows="lines").apply(invoices(invoice("1", lines=lines), invoice("2")))
    assert texts(applied)["number"].to_list() == ["INV/2"]
    assert applied.reasons == {"1": "has no lines, so that no row of the file would stand for it"}


@pytest.mark.parametrize("rows", ["documents", "lines"])
def test_no_documents_make_no_rows(rows):
    layout = compiled("number", {"name": "fixed", "value": "'x'"}, {"name": "net_amount", "decimals": 2}, rows=rows)
    applied = layout.apply(INVOICES.empty())
    assert texts(applied).columns == ["number", "fixed", "net_amount"]
    assert (texts(applied).height, applied.positions.height, applied.blocked.height) == (0, 0, 0)


def test_fixed_texts_alone_still_make_a_row_a_document():
    assert texts(compiled({"name": "fixed", "value": "'x'"}).apply(invoices(invoice("1"), invoice("2")))).height == 2


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=12))
def test_every_document_is_in_the_rows_or_blocked(shapes):
    documents = [
        invoice(str(index), lines=[LINE | {"net_amount": Decimal("1.001") if bad else Decimal(1)}] * count)
        for index, (count, bad) in enumerate(shapes)
    ]
    applied = compiled("number", {"name": "line_net_amount", "decimals": 2}, rows="lines").apply(
        invoices(*documents) if documents else INVOICES.empty()
    )
    good = [str(index) for index, (count, bad) in enumerate(shapes) if count and not bad]
    assert applied.positions["source_id"].to_list() == good
    assert sorted([*good, *applied.reasons], key=int) == [str(index) for index in range(len(shapes))]
    assert texts(applied)["number"].to_list() == [f"INV/{index}" for index in documents_of(applied)]
    for document in applied.positions.iter_rows(named=True):
        first = document["first_row"] - 1
        assert set(texts(applied)["number"][first : first + document["rows"]]) == {f"INV/{document['source_id']}"}


def test_without_takes_documents_out():
    lines = [LINE, LINE | {"line_id": "8"}]
    applied = compiled("number", rows="lines").apply(invoices(*(invoice(str(index), lines=lines) for index in range(3))))
    left = applied.without({1: "no such character"})
    assert texts(left)["number"].to_list() == ["INV/0", "INV/0", "INV/2", "INV/2"]
    assert documents_of(left) == [0, 0, 2, 2]
    assert left.positions["first_row"].to_list() == [1, 3]
    assert left.reasons == {"1": "no such character"}


PROBLEMS = [
    ({"columns": ["nmber"]}, ("columns", 0, "value"), "did you mean `number`?"),
    ({"columns": ["number", "number"]}, ("columns", 1, "name"), "is the name of an earlier column too"),
    ({"columns": ["lines"]}, ("columns", 0, "value"), "is a list; choose `rows:`"),
    ({"columns": ["counterparty"]}, ("columns", 0, "value"), "choose one with a dot: source_id, reference, name"),
    ({"columns": [{"name": "d", "value": "due_date - document_date"}]}, ("columns", 0, "value"), "cannot be written"),
    ({"columns": [{"name": "number", "decimals": 2}]}, ("columns", 0, "decimals"), "fits numbers only; the value is text"),
    ({"columns": [{"name": "number", "date_format": "%Y"}]}, ("columns", 0, "date_format"), "fits dates only; the value is text"),
    ({"columns": [{"name": "due_date", "date_format": "YYYYMMDD"}]}, ("columns", 0, "date_format"), "has no directive"),
    (
        {"columns": [{"name": "due_date", "date_format": "%H:%M"}]},
        ("columns", 0, "date_format"),
        "cannot write a date as '%H:%M'",
    ),
    (
        {"columns": [{"name": "Größe", "value": "number"}], "delimited": {"encoding": "ascii"}},
        ("columns", 0, "name"),
        "has the character 'ö'",
    ),
    (
        {"columns": [{"name": "a,b", "value": "number"}], "delimited": {"quoting": "never"}},
        ("columns", 0, "name"),
        "has the character ','",
    ),
    ({"columns": ["number"], "rows": "line"}, ("rows",), "did you mean `lines`?"),
    ({"columns": ["number"], "change": {"number": {}}}, ("change",), "nothing to change without `extends:`"),
    ({}, ("columns",), "is missing; list the columns, or name a shipped layout"),
    ({"extends": "csv/invoice"}, ("extends",), "did you mean `csv/invoices`?"),
    ({"extends": "csv/invoices", "change": {"nmber": {}}}, ("change", "nmber"), "did you mean `number`?"),
    ({"extends": "csv/invoices", "change": {"number": {"decimals": 2}}}, ("change", "number", "decimals"), "fits numbers only"),
    ({"extends": "csv/vendors"}, ("extends", "reference", "value"), "there is no column `reference`"),
]


@pytest.mark.parametrize(("layout", "path", "text"), PROBLEMS)
def test_layout_that_does_not_fit(layout, path, text):
    with pytest.raises(LayoutError) as caught:
        compile_layout(Layout.model_validate(layout), INVOICES, where="acme.yaml")
    found = {problem.path: problem.text for problem in caught.value.problems}
    assert text in found[path]
    assert str(caught.value).startswith("acme.yaml: ")


def test_every_problem_of_a_layout_is_listed():
    with pytest.raises(LayoutError) as caught:
        compiled("nmber", "number", {"name": "net_amount", "date_format": "%Y"})
    assert [problem.path for problem in caught.value.problems] == [("columns", 0, "value"), ("columns", 2, "date_format")]


@pytest.mark.parametrize("name", shipped_layouts())
def test_shipped_layout_renders(name):
    record = record_of(name)
    documents = frame_of(record, **SAMPLES[record]) if record in SAMPLES else invoices()
    applied = compile_layout(Layout(extends=name), RECORDS[record], file_format=name.partition("/")[0]).apply(documents)
    assert applied.reasons == {}
    assert applied.positions["source_id"].to_list() == ["1"]
