import csv
import io
from typing import get_args

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlconnector_assets.errors import ConfigurationError
from mlconnector_assets.formats.delimited import _lines, render
from mlconnector_assets.formats.text import LINE_ENDS, UnwritableText, joined
from mlconnector_assets.layouts.options import Delimited, Encoding
from tests.formats.files import FACTS, body_of
from tests.layouts.frames import LINE, invoice, invoices

TEXT = st.text(st.characters(codec="utf-8"), max_size=8) | st.sampled_from(
    ['"', '""', ",", ";", "\n", "\r", "\r\n", " a ", "ä", "€", "Ł", "", "#", "'"]
)
MARKS = st.sampled_from([",", ";", "|", "\t", "^", "~"])


def frame(*rows, columns=("first", "second")):
    return pl.DataFrame([dict(zip(columns, row, strict=True)) for row in rows], schema=dict.fromkeys(columns, pl.String))


def read_back(data, options):
    text = data.decode(options.encoding)
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=options.delimiter, quotechar=options.quote, strict=True))


@st.composite
def tables(draw):
    width = draw(st.integers(1, 4))
    rows = draw(st.lists(st.lists(st.none() | TEXT, min_size=width, max_size=width), max_size=6))
    return frame(*rows, columns=[f"column {index}" for index in range(width)])


options_of_files = st.builds(
    Delimited,
    header=st.booleans(),
    delimiter=MARKS,
    quote=st.sampled_from(['"', "'"]),
    quoting=st.sampled_from(["minimal", "all", "never"]),
    encoding=st.sampled_from(get_args(Encoding)),
    line_end=st.sampled_from(["lf", "crlf"]),
)


@given(tables(), options_of_files)
def test_what_is_written_is_read_back_or_refused(rows, options):
    try:
        data = render(rows, options)
    except UnwritableText as error:
        for cell in error.cells:
            value = rows[cell.row, cell.column] or ""
            marks = (options.delimiter, options.quote, "\n", "\r")
            needs_quotes = options.quoting == "never" and (not value or any(mark in value for mark in marks))
            assert needs_quotes or value.encode(options.encoding, errors="ignore") != value.encode(
                options.encoding, errors="replace"
            )
        rows = rows.with_row_index("#").filter(~pl.col("#").is_in(list(error.reasons))).drop("#")
        data = render(rows, options)
    expected = [[value or "" for value in row] for row in rows.iter_rows()]
    assert read_back(data, options) == [rows.columns] * options.header + expected


@pytest.mark.parametrize(
    ("options", "data"),
    [
        (Delimited(), b'first,second\nx,\n"a,b","say ""hi"""\n'),
        (Delimited(header=False), b'x,\n"a,b","say ""hi"""\n'),
        (Delimited(line_end="crlf", delimiter=";", null="NULL"), b'first;second\r\nx;NULL\r\na,b;"say ""hi"""\r\n'),
        (Delimited(quoting="all"), b'"first","second"\n"x",""\n"a,b","say ""hi"""\n'),
        (Delimited(quote="'", delimiter="\t"), b'first\tsecond\nx\t\na,b\tsay "hi"\n'),
        (Delimited(quoting="never", delimiter="\t", quote="'"), b'first\tsecond\nx\t\na,b\tsay "hi"\n'),
        (Delimited(encoding="utf-8-sig"), b'\xef\xbb\xbffirst,second\nx,\n"a,b","say ""hi"""\n'),
    ],
)
def test_bytes_of_each_option(options, data):
    assert render(frame(("x", None), ("a,b", 'say "hi"')), options) == data


@pytest.mark.parametrize(
    ("encoding", "data"), [("utf-8", "é€".encode()), ("cp1252", b"\xe9\x80"), ("latin-1", b"\xe9\n"), ("ascii", b"e\n")]
)
def test_bytes_of_each_encoding(encoding, data):
    text = {"latin-1": "é", "ascii": "e"}.get(encoding, "é€")
    assert data in render(frame((text, "x"), columns=("a", "b")).select("b", "a"), Delimited(encoding=encoding))


@pytest.mark.parametrize(("encoding", "character"), [("latin-1", "€"), ("cp1252", "Ł"), ("cp1252", "\x81"), ("ascii", "é")])
def test_character_that_the_encoding_lacks_is_named(encoding, character):
    with pytest.raises(UnwritableText) as caught:
        render(frame(("x", "y"), ("x", f"abc{character}")), Delimited(encoding=encoding))
    assert [(cell.row, cell.column) for cell in caught.value.cells] == [(1, "second")]
    message = str(caught.value)
    for part in ("row 2", "`second`", f"U+{ord(character):04X}", encoding):
        assert part in message


@pytest.mark.parametrize("text", ["a;b", "a\nb", "a\rb", 'a"b'])
def test_never_quoting_refuses_what_would_break_the_file(text):
    with pytest.raises(UnwritableText) as caught:
        render(frame(("x", "y"), (text, "y"), ("x", text)), Delimited(delimiter=";", quoting="never"))
    assert [(cell.row, cell.column) for cell in caught.value.cells] == [(1, "first"), (2, "second")]
    assert "row 2, column `first`: the character" in str(caught.value)
    assert "(and 1 more)" in str(caught.value)
    assert caught.value.reasons.keys() == {1, 2}


def test_never_quoting_writes_empty_texts_as_nothing():
    assert render(frame(("", "x"), (None, "y")), Delimited(quoting="never")) == b"first,second\n,x\n,y\n"


@pytest.mark.parametrize("empty", ["", None])
def test_an_only_column_that_is_empty_is_no_blank_line(empty):
    rows = frame(("x",), (empty,), columns=("only",))
    assert render(rows, Delimited()) == b'only\nx\n""\n'
    with pytest.raises(UnwritableText, match="row 2, column `only` is empty; the blank line would be skipped"):
        render(rows, Delimited(quoting="never"))


def test_header_that_cannot_be_written_is_a_mistake_of_the_layout():
    with pytest.raises(ConfigurationError, match="the header has a column `größe`"):
        render(frame(("x",), columns=("größe",)), Delimited(encoding="ascii"))


def test_no_rows_make_only_the_header():
    assert render(frame(), Delimited()) == b"first,second\n"
    assert render(frame(), Delimited(header=False)) == b""


PARTS = {
    "header": [{"name": "kind", "value": "'H'"}, {"name": "number", "value": "control_number"}],
    "parts": [
        {"name": "bill", "columns": [{"name": "kind", "value": "'B'"}, "number", {"name": "note", "value": "payment_reference"}]},
        {
            "name": "line",
            "rows": "lines",
            "columns": [{"name": "kind", "value": "'L'"}, {"name": "text", "value": "line_description"}],
        },
    ],
    "totals": {"net": {"of": "line", "value": "line_net_amount"}},
    "trailer": [{"name": "kind", "value": "'T'"}, {"name": "lines", "value": "file_lines"}, {"name": "net", "decimals": 2}],
}


def test_several_kinds_of_lines_stand_together_by_document():
    lines = [LINE | {"description": 'x, "y"'}, LINE | {"description": None}]
    documents = invoices(invoice("1", payment_reference="a\nb"), invoice("2", lines=lines))
    body = body_of("csv", documents, delimited={"delimiter": ";"}, **PARTS)
    assert body.content(FACTS).decode() == ('H;7\nB;INV/1;"a\nb"\nL;Paper\nB;INV/2;\nL;"x, ""y"""\nL;\nT;7;301.50\n')
    assert body.documents["position"].to_list() == [2, 4]
    assert body.facts.lines == 5


def test_a_header_stands_before_the_column_names():
    layout = {"columns": ["number"], "header": PARTS["header"], "trailer": [{"name": "n", "value": "documents"}]}
    body = body_of("csv", invoices(invoice("1")), delimited={"encoding": "utf-8-sig"}, **layout)
    assert body.content(FACTS).decode("utf-8-sig") == "H,7\nnumber\nINV/1\n1\n"
    assert body.content(FACTS).startswith(b"\xef\xbb\xbfH")
    assert body.documents["position"].to_list() == [3]


@settings(deadline=None, max_examples=40)
@given(tables(), options_of_files)
def test_lines_made_one_by_one_are_those_of_the_whole_file(rows, options):
    try:
        whole = render(rows, options.model_copy(update={"header": False, "encoding": "utf-8"}))
    except UnwritableText:
        return
    assert joined(_lines(rows, options), LINE_ENDS[options.line_end]) == whole
