"""Messages as trees of their loops."""

from __future__ import annotations

from io import BytesIO

from mlconnector_assets.formats.edi.explanation import ExplainedMessage, ExplainedSegment, explained
from mlconnector_assets.formats.edi.reading import read
from mlconnector_assets.formats.standards import standards

STANDARDS = {standard.name: standard for standard in standards()}
INVOIC = (
    "UNB+UNOC:3+A+B+261128:0930+1'UNH+1+INVOIC:D:96A:UN'BGM+381+INV1+9'DTM+137:20261128:102'RFF+ON:4711'DTM+171:20261101:102'"
    "NAD+SU+1::9'RFF+VA:NL1'NAD+BY+2::9'LIN+1++1:EN'QTY+47:10'MOA+203:100'PRI+AAA:10'LIN+2'MOA+203:1000000'"
    "UNS+S'MOA+77:1000100'TAX+7+VAT+++:::21+S'MOA+124:21'UNT+19+1'UNZ+1+1'"
)


def first(data: str) -> ExplainedMessage:
    batch = next(iter(read(BytesIO(data.encode()), tuple(STANDARDS.values()))))
    return explained(batch, STANDARDS[batch.interchange.standard], 0)


def shape(segments: list[ExplainedSegment]) -> list:
    """Tags, those of a loop in a list behind the one that begins it."""
    return [part for one in segments for part in ([one.tag, shape(one.inside)] if one.inside else [one.tag])]


def test_segments_stand_in_their_groups() -> None:
    message = first(INVOIC)
    assert shape(message.segments) == [
        *("UNH", "BGM", "DTM", "RFF", ["DTM"], "NAD", ["RFF"], "NAD"),
        *("LIN", ["QTY", "MOA", "PRI"], "LIN", ["MOA"], "UNS", "MOA", "TAX", ["MOA"], "UNT"),
    ]
    assert (message.type, message.name, message.reference) == ("INVOIC", "Invoice", "1")
    assert message.headline == "number INV1, of 2026-11-28, total 1,000,100"
    assert message.report is None


def test_segment_groups_have_the_numbers_of_the_directory() -> None:
    message = first(INVOIC)
    found = [(one.tag, one.loop) for outer in message.segments for one in (outer, *outer.inside) if one.loop]
    assert list(dict.fromkeys(found)) == [
        *(("RFF", "SG1"), ("NAD", "SG2"), ("RFF", "SG3"), ("LIN", "SG25"), ("MOA", "SG26"), ("PRI", "SG28")),
        *(("MOA", "SG48"), ("TAX", "SG50")),
    ]


def test_a_segment_that_stands_nowhere_stays_where_it_is() -> None:
    message = first(INVOIC.replace("PRI+AAA:10'", "XYZ+1'PRI+AAA:10'BGM+380'"))
    assert ["QTY", "MOA", ["XYZ"], "PRI", ["BGM"]] in shape(message.segments)
    assert message.report is not None


def test_elements_are_explained() -> None:
    message = first(INVOIC)
    nad = next(one for one in message.segments if one.tag == "NAD")
    assert [(one.place, one.number, one.text, one.meaning) for one in nad.elements] == [
        ("NAD01", "3035", "SU", "supplier"),
        ("NAD02-1", "3039", "1", ""),
        ("NAD02-3", "3055", "9", "GS1"),
    ]


def test_what_has_no_dictionary_is_shown_as_it_is() -> None:
    message = first(INVOIC.replace("INVOIC:D:96A", "DESADV:D:96A").replace("QTY+47:10", "QTX+A:B"))
    assert (message.type, message.name, message.headline) == ("DESADV", "", "")
    assert all(not one.inside for one in message.segments)
    unknown = next(one for one in message.segments if one.tag == "QTX")
    assert [(one.place, one.name, one.text) for one in unknown.elements] == [("QTX01-1", "", "A"), ("QTX01-2", "", "B")]
