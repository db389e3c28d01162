from decimal import Decimal
from typing import get_args
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlconnector_assets.layouts.options import Encoding
from tests.formats.files import FACTS, body_of, file_of
from tests.layouts.frames import LINE, invoice, invoices

NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
TEXT = st.text(st.characters(codec="utf-8"), max_size=6) | st.sampled_from(
    ["<", "&amp;", "]]>", '"', "'", "\r\n", "\t", " ", "é€", "\ufffe"]
)
LAYOUT = {
    "parts": [
        {
            "name": "invoice",
            "columns": [
                {"name": "@id", "value": "source_id"},
                {"name": "@note", "value": "payment_reference"},
                {"name": "Number", "value": "number"},
                {"name": "Buyer/Name", "value": "counterparty.name"},
                {"name": "Buyer/City", "value": "counterparty.city"},
            ],
        },
        {
            "name": "line",
            "rows": "lines",
            "element": "Lines/Line",
            "columns": [{"name": "@n", "value": "line_position"}, {"name": "Text", "value": "line_description"}],
        },
        {
            "name": "note",
            "rows": "lines",
            "element": "Lines/Net",
            "when": "line_net_amount > 0",
            "columns": [{"name": "Amount", "value": "line_net_amount"}, {"name": "Amount/@currency", "value": "currency"}],
        },
    ],
    "header": [{"name": "@number", "value": "control_number"}, {"name": "Head/From", "value": "partner"}],
    "totals": {"net": {"of": "note", "value": "line_net_amount"}},
    "trailer": [{"name": "Sum/Net", "value": "net", "decimals": 2}, {"name": "@count", "value": "documents"}],
}


def possible(text: str | None) -> bool:
    return all(mark in "\t\n\r" or (mark >= " " and mark not in "\ufffe\uffff") for mark in text or "")


def as_read(text: str | None) -> str | None:
    return text or None


options_of_files = st.fixed_dictionaries(
    {
        "indent": st.booleans(),
        "empty": st.sampled_from(["omit", "element", "nil"]),
        "encoding": st.sampled_from(get_args(Encoding)),
        "namespace": st.sampled_from([None, "urn:a&b"]),
    }
)


@settings(deadline=None, max_examples=30)
@given(
    st.lists(
        st.tuples(
            st.none() | TEXT,
            st.none() | TEXT,
            st.none() | TEXT,
            st.lists(st.tuples(st.none() | TEXT, st.sampled_from([0, 1, 2])), max_size=3),
        ),
        max_size=4,
    ),
    options_of_files,
)
def test_a_parser_gives_the_values_back(rows, options) -> None:
    documents = [
        invoice(
            str(index),
            number=number,
            payment_reference=note,
            counterparty={"name": name},
            lines=[
                LINE | {"position": place, "description": text, "net_amount": Decimal(net)}
                for place, (text, net) in enumerate(lines, start=1)
            ],
        )
        for index, (number, note, name, lines) in enumerate(rows)
    ]
    body = body_of("xml", invoices(*documents) if documents else invoices().clear(), xml=options, **LAYOUT)
    root = ElementTree.fromstring(body.content(FACTS))
    prefix = f"{{{options['namespace']}}}" if options["namespace"] else ""
    good = [
        index
        for index, (number, note, name, lines) in enumerate(rows)
        if all(possible(text) for text in (number, note, name, *(text for text, _ in lines)))
    ]
    assert body.blocked.keys() == {str(index) for index in range(len(rows)) if index not in good}
    head, *found, tail = root
    assert head[0].text == "acme"
    assert (root.get("number"), root.get("count")) == ("7", str(len(good)))
    assert tail[0].text == f"{sum(net for index in good for _, net in rows[index][3])}.00"
    assert body.documents["position"].to_list() == list(range(1, len(good) + 1))
    for element, index in zip(found, good, strict=True):
        number, note, name, lines = rows[index]
        assert (element.get("id"), element.get("note")) == (str(index), as_read(note))
        for path, value in (
            (f"{prefix}Number", number),
            (f"{prefix}Buyer/{prefix}Name", name),
            (f"{prefix}Buyer/{prefix}City", None),
        ):
            read = element.find(path)
            if value:
                assert read is not None and read.text == value
            elif options["empty"] == "omit":
                assert read is None
            else:
                assert read is not None and read.text is None
                assert read.get(NIL) == ("true" if options["empty"] == "nil" else None)
        inside = [(part.tag.removeprefix(prefix), part) for part in element.iterfind(f"{prefix}Lines/*")]
        expected = [kind for _, net in lines for kind in (["Line", "Net"] if net else ["Line"])]
        assert [kind for kind, _ in inside] == expected
        assert [part.findtext(f"{prefix}Text") or "" for kind, part in inside if kind == "Line"] == [
            text or "" for text, _ in lines
        ]
        assert [part[0].attrib for kind, part in inside if kind == "Net"] == [{"currency": "EUR"}] * expected.count("Net")


def test_the_bytes_of_a_small_file() -> None:
    layout = {
        "columns": [{"name": "@id", "value": "source_id"}, {"name": "Address/City", "value": "counterparty.city"}, "number"]
    }
    documents = invoices(invoice("1", counterparty={"city": "A & B"}), invoice("2", counterparty=None))
    assert file_of("xml", documents, **layout).decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        "<Documents>\n"
        '  <Document id="1">\n'
        "    <Address>\n"
        "      <City>A &amp; B</City>\n"
        "    </Address>\n"
        "    <number>INV/1</number>\n"
        "  </Document>\n"
        '  <Document id="2">\n'
        "    <number>INV/2</number>\n"
        "  </Document>\n"
        "</Documents>\n"
    )
    plain = file_of("xml", documents.head(1), xml={"indent": False, "declaration": False}, **layout)
    assert (
        plain
        == b'<Documents><Document id="1"><Address><City>A &amp; B</City></Address><number>INV/1</number></Document></Documents>'
    )


def test_prefixes_are_declared_on_the_root() -> None:
    options = {"root": "u:All", "document": "u:One", "namespaces": {"u": "urn:one", "v": "urn:two"}}
    content = file_of("xml", invoices(), xml=options, columns=[{"name": "v:No", "value": "number"}])
    root = ElementTree.fromstring(content)
    assert (root.tag, root[0].tag, root[0][0].tag) == ("{urn:one}All", "{urn:one}One", "{urn:two}No")


def test_a_character_that_xml_cannot_hold_blocks_and_is_named() -> None:
    body = body_of("xml", invoices(invoice("1", number="a\x0bb"), invoice("2")), columns=[{"name": "No", "value": "number"}])
    assert body.documents["source_id"].to_list() == ["2"]
    assert body.blocked == {
        "1": r"column `No`: the character '\x0b' (U+000B) of 'a\x0bb' cannot stand in XML; "
        "remove it at the source, or with `replace(…)`"
    }


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_characters_that_the_encoding_lacks_become_references(encoding) -> None:
    content = file_of(
        "xml", invoices(invoice(number="Łé")), xml={"encoding": encoding}, columns=[{"name": "No", "value": "number"}]
    )
    assert b"&#321;" in content
    assert ElementTree.fromstring(content)[0][0].text == "Łé"
