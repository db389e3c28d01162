"""Layouts with several parts, with places in a line, and with elements: what is refused, and where it is told."""

import pytest
from pydantic import ValidationError

from mlconnector_assets.layouts import Layout, compile_layout
from mlconnector_assets.layouts.defaults import resolve
from mlconnector_assets.layouts.problems import LayoutError
from mlconnector_assets.records import INVOICES

NUMBER = {"name": "number", "width": 8}
LINES = {"name": "line", "rows": "lines", "columns": [{"name": "line_position", "width": 4}]}
PARTS = [{"name": "bill", "columns": [NUMBER]}, LINES]

FIXED_WIDTH = [
    ({"columns": ["number"]}, ("columns", 0, "width"), "needs `width: 10` or `positions: 11-20`"),
    (
        {"columns": [NUMBER, {"name": "state", "positions": "8-10"}]},
        ("columns", 1, "positions"),
        "before it reach to 8",
    ),
    (
        {"columns": [NUMBER, {"name": "state", "positions": "11-12"}]},
        ("columns", 1, "positions"),
        "nothing stands at 9-10; fill it: {name: filler, value: \"''\", positions: 9-10}",
    ),
    ({"columns": [NUMBER], "fixed_width": {"line_length": 7}}, ("columns", 0, "width"), "reach to 8, but `line_length` is 7"),
    ({"columns": [{"name": "net_amount", "width": 9, "truncate": True}]}, ("columns", 0, "truncate"), "fits texts only"),
    ({"columns": [{"name": "number", "width": 9, "sign": "never"}]}, ("columns", 0, "sign"), "fits numbers only"),
    ({"parts": [*PARTS, LINES]}, ("parts", 2, "name"), "is the name of an earlier part too"),
    ({"parts": [LINES | {"rows": "line"}]}, ("parts", 0, "rows"), "did you mean `lines`?"),
    ({"parts": [LINES | {"when": "line_net_amount"}]}, ("parts", 0, "when"), "not true or false"),
    ({"parts": [LINES | {"when": "line_net > 1"}]}, ("parts", 0, "when"), "there is no column `line_net`"),
    ({"parts": [LINES | {"element": "Line"}]}, ("parts", 0, "element"), "fits `format: xml` only"),
    ({"parts": [LINES | {"columns": [NUMBER, NUMBER]}]}, ("parts", 0, "columns", 1, "name"), "name of an earlier column"),
    ({"parts": PARTS, "trailer": [{"name": "documnts", "width": 4}]}, ("trailer", 0, "value"), "did you mean `documents`?"),
    ({"parts": PARTS, "header": [{"name": "number", "width": 4}]}, ("header", 0, "value"), "there is no column `number`"),
    ({"parts": PARTS, "totals": {"n": {}}}, ("totals", "n", "of"), "the layout has `bill`, `line`"),
    ({"parts": PARTS, "totals": {"n": {"of": "lines"}}}, ("totals", "n", "of"), "did you mean `line`?"),
    ({"parts": PARTS, "totals": {"n": {"of": "bill", "value": "number"}}}, ("totals", "n", "value"), "only numbers"),
    (
        {"parts": PARTS, "totals": {"n": {"of": "bill", "value": "line_net_amount"}}},
        ("totals", "n", "value"),
        "`line_net_amount`",
    ),
    ({"parts": PARTS, "totals": {"lines": {"of": "line"}}}, ("totals", "lines"), "is a fact of every file"),
    ({"columns": [NUMBER], "delimited": {"quoting": "all"}}, ("delimited",), "is for `format: csv`"),
    ({"extends": "csv/invoices"}, ("extends",), "csv/invoices is for `format: csv`, and the flow has `format: fixed_width`"),
    ({"extends": "fixed_width/invoices", "rows": "taxes"}, ("rows",), "has several parts"),
    (
        {"extends": "fixed_width/invoices", "change": {"number": {"width": 2}}},
        ("change", "number"),
        "say which: `invoice.number`, `line.number`",
    ),
    (
        {"extends": "fixed_width/invoices", "change": {"line.number": {"positions": "3-9"}}},
        ("extends", "line_position", "positions"),
        "nothing stands at 10-26",
    ),
]
XML = [
    ({"columns": [{"name": "1st", "value": "number"}]}, ("columns", 0, "name"), "'1st' is no XML name"),
    (
        {"columns": [{"name": "cbc:Id", "value": "number"}]},
        ("columns", 0, "name"),
        "add its URI: {cbc: urn:…}",
    ),
    (
        {"columns": [{"name": "Größe", "value": "number"}], "xml": {"encoding": "ascii"}},
        ("columns", 0, "name"),
        "ascii",
    ),
    (
        {"columns": [{"name": "A", "value": "number"}, {"name": "A/B", "value": "number"}]},
        ("columns", 1, "name"),
        "`A` has a text of its own",
    ),
    (
        {"columns": [{"name": "A/B", "value": "number"}, {"name": "A", "value": "number"}]},
        ("columns", 1, "name"),
        "`A` has elements inside",
    ),
    ({"columns": ["number"], "rows": "lines"}, ("rows",), "in XML each document is one element; write `parts:`"),
    ({"parts": [{"name": "line", "rows": "lines", "columns": ["number"]}]}, ("parts", 0, "element"), "such as Lines/Line"),
    ({"parts": [LINES | {"element": "Lines/@n"}]}, ("parts", 0, "element"), "is an attribute; name an element"),
    ({"columns": ["number"], "xml": {"root": "x:All"}}, ("xml", "root"), "the prefix of 'x:All'"),
    ({"columns": [{"name": "number", "pad": "0"}]}, ("columns", 0, "pad"), "fits `format: fixed_width` only"),
    ({"columns": [{"name": "number", "positions": "1-4"}]}, ("columns", 0, "positions"), "`width` is the most characters"),
]
CSV = [
    (
        {"parts": PARTS, "delimited": {"header": True}},
        ("delimited", "header"),
        "column names fit no file with several kinds of lines",
    ),
    ({"columns": ["number"], "fixed_width": {"line_end": "crlf"}}, ("fixed_width",), "is for `format: fixed_width`"),
    ({"columns": [{"name": "number", "align": "right"}]}, ("columns", 0, "align"), "the flow has `format: csv`"),
    ({"columns": [{"name": "number", "truncate": True}]}, ("columns", 0, "truncate"), "needs a `width` to cut at"),
]


@pytest.mark.parametrize(
    ("file_format", "layout", "path", "text"),
    [(name, *case) for name, cases in (("fixed_width", FIXED_WIDTH), ("xml", XML), ("csv", CSV)) for case in cases],
)
def test_layout_that_does_not_fit(file_format, layout, path, text):
    with pytest.raises(LayoutError) as caught:
        compile_layout(Layout.model_validate(layout), INVOICES, file_format=file_format)
    found = {problem.path: problem.text for problem in caught.value.problems}
    assert path in found, found
    assert text in found[path]


@pytest.mark.parametrize(
    ("layout", "message"),
    [
        ({"columns": ["number"], "parts": PARTS}, "short for a single part"),
        ({"columns": [NUMBER | {"positions": "1-8"}]}, "has `width` and `positions`; keep one"),
        ({"columns": [{"name": "net_amount", "decimals": 2, "implied_decimals": 2}]}, "keep one"),
        ({"columns": [{"name": "number", "positions": "8-1"}]}, "first and the last position"),
        ({"columns": [{"name": "number", "pad": "00"}]}, "one printable ASCII character"),
        ({"parts": [LINES | {"name": "trailer"}]}, "not `header` or `trailer`"),
        ({"columns": [NUMBER], "fixed_width": {"line_end": "none"}}, "needs `line_length`"),
        ({"columns": ["number"], "xml": {"declaration": False, "encoding": "latin-1"}}, "would take the file for utf-8"),
        ({"columns": ["number"], "xml": {"namespaces": {"xml": "urn:x"}}}, "is no XML name"),
    ],
)
def test_keys_that_contradict_each_other(layout, message):
    with pytest.raises(ValidationError, match=message):
        Layout.model_validate(layout)


def test_change_reaches_one_part_the_header_and_the_trailer():
    change = {
        "line.number": {"truncate": True},
        "header.receiver": {"value": "'US'"},
        "trailer.net": {"decimals": 4},
        "document_type": {"codes": {"invoice": "I"}},
    }
    layout = resolve(Layout.model_validate({"extends": "fixed_width/invoices", "change": change}))
    columns = {(part.name, column.name): column for part in layout.parts for column in part.columns}
    assert [columns[part, "number"].truncate for part in ("invoice", "line")] == [False, True]
    assert columns["invoice", "document_type"].codes == {"invoice": "I"}
    assert layout.header[1].value == "'US'"
    net = next(column for column in layout.trailer if column.name == "net")
    assert (net.decimals.least, net.implied_decimals) == (4, None)
