"""CONTRL."""

import pytest

from mlconnector_assets.formats.edi.acknowledging import Acknowledging
from mlconnector_assets.formats.edi.diagnosis import Fault, Kind
from mlconnector_assets.formats.edi.interchange import EnvelopeFault, Wrong
from mlconnector_assets.formats.edifact import codes
from tests.formats.acknowledging import (
    ORDER,
    UNB,
    WRITTEN,
    acknowledgments,
    answered,
    assert_valid,
    batches,
    edifact,
    encoded,
    message,
    note,
    segments_of,
)

GROUP = "UNG+ORDERS+BUYER:14+SELLER:14+261121:0527+G1+UN+D:96A"


def grouped(*messages: list[str], ung: str = GROUP) -> list[str]:
    """An interchange of one group."""
    inside = [one for some in messages for one in some]
    return [UNB, ung, *inside, f"UNE+{len(messages)}+G1", "UNZ+1+IC901"]


def body(segments: list[str]) -> list[str]:
    """The segments between UNH and UNT of an answer."""
    return segments[next(place for place, one in enumerate(segments) if one.startswith("UNH")) + 1 : -2]


def test_a_clean_interchange_is_acknowledged_as_a_whole():
    assert answered(edifact(message(*ORDER), message(*ORDER, reference="M2"))) == [
        "UNB+UNOC:3+4012345500004:14+5412345000013:14+261128:0905+7",
        "UNH+1+CONTRL:D:3:UN",
        "UCI+IC901+5412345000013:14+4012345500004:14+7",
        "UNT+3+1",
        "UNZ+1+7",
    ]


def test_syntax_version_4_has_its_own_contrl_and_dates_with_the_century():
    unb = UNB.replace("UNOC:3", "UNOC:4").replace("261121", "20261121")
    found = answered(edifact(message(*ORDER), unb=unb))
    assert found[:2] == ["UNB+UNOC:4+4012345500004:14+5412345000013:14+20261128:0905+7", "UNH+1+CONTRL:4:1:UN"]


def test_accepted_messages_are_listed_where_the_partner_wants_it():
    found = answered(edifact(message(*ORDER), message(*ORDER[1:], reference="M2")), Acknowledging(list_accepted=True))
    assert body(found) == [
        "UCI+IC901+5412345000013:14+4012345500004:14+7",
        "UCM+M1+ORDERS:D:96A:UN+7",
        "UCM+M2+ORDERS:D:96A:UN+4",
        "UCS+2+13",
    ]


def told_about(*inside: str, unb: str = UNB) -> list[str]:
    """UCS and UCD of an order with this body."""
    found = body(answered(edifact(message(*inside), unb=unb)))
    assert found[0].endswith("+7")
    assert found[1] == "UCM+M1+ORDERS:D:96A:UN+4"
    return found[2:]


BGM, DTM, *REST = ORDER
UNOA = UNB.replace("UNOC", "UNOA")
UNOC4 = UNB.replace("UNOC:3", "UNOC:4").replace("261121", "20261121")
REPEATING = "UNA:+.?*'" + UNOC4
FAULTS = [
    (Kind.UNKNOWN_SEGMENT, UNB, (BGM, "XYZ+1", DTM, *REST), ["UCS+3+15"]),
    (Kind.FOREIGN_SEGMENT, UNB, (BGM, "UCI+1+A+B+7", DTM, *REST), ["UCS+3+15"]),
    (Kind.UNEXPECTED_SEGMENT, UNB, (BGM, "QVR+1:21", DTM, *REST), ["UCS+3+15"]),
    (Kind.MISPLACED_SEGMENT, UNB, (BGM, DTM, "NAD+BY+1", "BGM+220", *REST), ["UCS+5+15"]),
    (Kind.MISSING_SEGMENT, UNB, (BGM, *REST), ["UCS+3+13"]),
    (Kind.TOO_MANY_SEGMENTS, UNB, (BGM, DTM, "PAI+::42", "PAI+::42", *REST), ["UCS+5+35"]),
    (Kind.TOO_MANY_LOOPS, UNB, (BGM, DTM, REST[0], *["CUX+2:EUR:9"] * 6, *REST[1:]), ["UCS+10+36"]),
    (Kind.TOO_MANY_ELEMENTS, UNB, ("BGM+220+PO1+9+AB+C", DTM, *REST), ["UCS+2+16"]),
    (Kind.TOO_MANY_COMPONENTS, UNB, (BGM, "DTM+137:20261101:102:X", *REST), ["UCS+3", "UCD+16+2:4"]),
    (Kind.TOO_MANY_REPETITIONS, REPEATING, ("BGM+220+PO1*PO2+9", DTM, *REST), ["UCS+2", "UCD+35+3"]),
    (Kind.TRAILING_SEPARATOR, UNOC4, ("BGM+220+PO1+9+", DTM, *REST), ["UCS+2+45"]),
    (Kind.MISSING, UNB, (BGM, "DTM+:20261101:102", *REST), ["UCS+3", "UCD+13+2:1"]),
    (Kind.TOO_LONG, UNB, (BGM, f"DTM+137:{'2' * 36}:102", *REST), ["UCS+3", "UCD+39+2:2"]),
    (Kind.CHARACTER, UNB, (*ORDER[:4], "QTY+21:1X:PCE", "UNS+S"), ["UCS+6", "UCD+37+2:2"]),
    (Kind.CHARACTER, UNB, (*ORDER[:4], "QTY+21:.5:PCE", "UNS+S"), ["UCS+6", "UCD+38+2:2"]),
    (Kind.CHARACTER, UNOA, ("BGM+220+PO#1+9", DTM, *REST), ["UCS+2", "UCD+21+3"]),
    (Kind.TOTAL, UNB, (*ORDER, "CNT+2:5"), ["UCS+8", "UCD+12+2:2"]),
    (Kind.CODE, UNB, (*ORDER[:5], "UNS+Q"), ["UCS+7", "UCD+12+2"]),
]
UNMADE = {Kind.TOO_SHORT: "40", Kind.CONDITION: "13", Kind.EXCLUSION: "15", Kind.DATE: "12", Kind.TIME: "12"}
"""Kinds of which the dictionaries of EDIFACT have no rule: what they would be called."""


@pytest.mark.parametrize(("kind", "unb", "inside", "expected"), FAULTS)
def test_each_fault_has_its_exact_code_at_the_lowest_level(kind, unb, inside, expected):
    segments = edifact(message(*inside), unb=unb)
    (batch,) = batches(encoded(segments))
    assert {fault.kind for report in batch.reports for fault in report.faults} == {kind}
    assert told_about(*inside, unb=unb) == expected


def test_every_kind_of_fault_has_a_code():
    assert {kind for kind, *_ in FAULTS} | set(UNMADE) == set(Kind)
    assert {kind: codes.ELEMENT_CODES[kind] for kind in UNMADE} == UNMADE
    assert set(codes.ELEMENT_CODES) | set(codes.SEGMENT_CODES) == set(Kind)


def test_element_faults_of_a_segment_stand_below_one_ucs():
    assert told_about("BGM+220+PO1+9+AB+C", f"DTM+137:{'2' * 36}:102:X", "XYZ", *REST) == [
        "UCS+2+16",
        "UCS+3",
        "UCD+39+2:2",
        "UCD+16+2:4",
        "UCS+4+15",
    ]


def told(segments: list[str], *wrong: EnvelopeFault, settings: Acknowledging | None = None) -> list[str]:
    """The answer to an interchange of which somebody else has found this to be wrong."""
    (found,) = acknowledgments(encoded(segments), settings)
    note(found.interchange.wrong, *wrong)
    return body(segments_of(found.made(WRITTEN, 7)))


GOOD = edifact(message(*ORDER))
INTERCHANGES = [
    (EnvelopeFault.NO_TRAILER, GOOD[:-1], "4+13+UNZ"),
    (EnvelopeFault.COUNT, [*GOOD[:-1], "UNZ+2+IC901"], "4+29+UNZ+2"),
    (EnvelopeFault.REFERENCE, [*GOOD[:-1], "UNZ+1+IC902"], "4+28+UNZ+3"),
    (EnvelopeFault.STRAY, [*GOOD[:-1], "UNE+1+1", GOOD[-1]], "4+33+UNB"),
    (EnvelopeFault.DUPLICATE, GOOD, "4+26+UNB"),
    (EnvelopeFault.EMPTY, [UNB, "UNZ+0+IC901"], "4+32+UNB"),
    (EnvelopeFault.HEADER, GOOD, "4+12+UNB"),
    (EnvelopeFault.UNKNOWN_VERSION, GOOD, "4+2+UNB"),
    (EnvelopeFault.UNKNOWN_TYPE, GOOD, "4+14+UNB"),
    (EnvelopeFault.WRONG_GROUP, GOOD, "4+14+UNB"),
    (EnvelopeFault.NO_HEADER, GOOD, "4+13+UNB"),
    (EnvelopeFault.SMALL_LETTERS, GOOD, "4+21+UNB"),
]


@pytest.mark.parametrize(("fault", "segments", "expected"), INTERCHANGES)
def test_an_interchange_at_fault_is_rejected_with_its_code(fault, segments, expected):
    assert told(segments, fault) == [f"UCI+IC901+5412345000013:14+4012345500004:14+{expected}"]


def test_a_header_at_fault_is_rejected_with_the_place_of_its_element():
    (found,) = acknowledgments(encoded(GOOD))
    fault = Fault(Kind.TOO_SHORT, 1, "UNB", element=4, component=2, text="52")
    found.interchange.wrong.append(Wrong(EnvelopeFault.HEADER, detail=fault))
    assert body(segments_of(found.made(WRITTEN, 7))) == ["UCI+IC901+5412345000013:14+4012345500004:14+4+40+UNB+5:2"]


def test_every_fault_of_an_envelope_has_a_code_at_every_level():
    assert {fault for fault, *_ in INTERCHANGES} == set(EnvelopeFault)
    assert set(codes.ENVELOPE_CODES) == set(codes.MESSAGE_CODES) == set(EnvelopeFault)
    assert not {"2", "32", "33"} & set(codes.MESSAGE_CODES.values())


@pytest.mark.parametrize(
    ("segments", "expected"),
    [
        ([*message(*ORDER)[:-1], "UNT+8+M2"], "UCM+M1+ORDERS:D:96A:UN+4+28+UNT+3"),
        ([*message(*ORDER)[:-1], "UNT+9+M1"], "UCM+M1+ORDERS:D:96A:UN+4+29+UNT+2"),
        (message(*ORDER)[:-1], "UCM+M1+ORDERS:D:96A:UN+4+13+UNT"),
        (message(*ORDER, identifier="PRICAT:D:96A:UN"), "UCM+M1+PRICAT:D:96A:UN+4+14+UNH+3:1"),
    ],
)
def test_a_message_with_a_fault_of_its_envelope_is_rejected_with_its_code(segments, expected):
    assert body(answered([UNB, *segments, "UNZ+1+IC901"]))[1:] == [expected]


@pytest.mark.parametrize(
    ("end", "expected"),
    [(["UNE+2+G1"], "29+UNE+2"), (["UNE+1+G2"], "28+UNE+3"), ([], "13+UNE")],
    ids=["count", "reference", "none"],
)
def test_a_group_at_fault_is_rejected_with_its_code(end, expected):
    segments = grouped(message(*ORDER))
    assert body(answered([*segments[:-2], *end, segments[-1]]))[1:] == [f"UCF+G1+BUYER:14+SELLER:14+4+{expected}"]


def test_a_message_at_fault_in_a_group_stands_below_its_ucf():
    found = body(answered(grouped(message(*ORDER), message(*ORDER[1:], reference="M2"))))
    assert found[1:] == ["UCF+G1+BUYER:14+SELLER:14+7", "UCM+M2+ORDERS:D:96A:UN+4", "UCS+2+13"]


CONTRL = message("UCI+1+A+B+7", identifier="CONTRL:D:3:UN")


def test_no_contrl_answers_a_contrl():
    (found,) = acknowledgments(encoded(edifact(CONTRL)), Acknowledging(list_accepted=True, receipt="always"))
    assert not found.due
    assert found.made(WRITTEN, 7) == found.receipt(WRITTEN, 7) == b""


def test_a_contrl_beside_other_messages_is_not_spoken_of():
    found = answered(edifact(CONTRL, message(*ORDER, reference="M2")), Acknowledging(list_accepted=True))
    assert body(found)[1:] == ["UCM+M2+ORDERS:D:96A:UN+7"]


def test_messages_without_an_interchange_around_them_are_not_answered():
    (found,) = acknowledgments(encoded(message(*ORDER)))
    assert not found.due


@pytest.mark.parametrize(
    ("receipt", "wants", "due"),
    [("never", "2", False), ("requested", "1", False), ("requested", "2", True), ("always", "", True)],
)
def test_a_receipt_is_sent_as_the_partner_wants_it(receipt, wants, due):
    (found,) = acknowledgments(encoded(edifact(message(*ORDER), unb=f"{UNB}++++{wants}")), Acknowledging(receipt=receipt))
    made = found.receipt(WRITTEN, 6)
    assert bool(made) == due
    if due:
        assert body(segments_of(made)) == ["UCI+IC901+5412345000013:14+4012345500004:14+8"]


def test_separators_are_those_of_the_interchange_and_are_released_in_texts():
    data = b"UNA:+.!_~UNB+UNOC:3+AB!+C:14+D!!E!~F:14:sub+261121:0527+R!:1~"
    data += b"UNH+M!+1+ORDERS:D:96A:UN~BGM+220~UNS+S~UNT+4+M!+1~UNZ+1+R!:1~"
    (found,) = acknowledgments(data)
    made = found.made(WRITTEN, 7)
    assert_valid(made)
    assert made == (
        b"UNA:+.!_~UNB+UNOC:3+D!!E!~F:14:sub+AB!+C:14+261128:0905+7~UNH+1+CONTRL:D:3:UN~UCI+R!:1+AB!+C:14+D!!E!~F:14:sub+7~"
        b"UCM+M!+1+ORDERS:D:96A:UN+4~UCS+3+13~UNT+5+1~UNZ+1+7~"
    )


def test_what_cannot_stand_in_an_answer_is_made_to_fit():
    unb = f"UNB+UNOA:3+{'#' * 40}:14++261121:0527+{'R' * 20}"
    found = answered([unb, *message(*ORDER[1:], reference="M#", identifier="ORDERS:D:96A"), "UNZ+1+IC901"])
    assert found[2] == f"UCI+{'R' * 14}+{'??' * 35}:14+0+4+39+UNB+3:1"


def test_each_line_may_be_ended():
    (found,) = acknowledgments(encoded(GOOD), Acknowledging(line_end="\r\n"))
    assert found.made(WRITTEN, 7).split(b"'\r\n")[-2:] == [b"UNZ+1+7", b""]


def test_a_test_is_answered_by_a_test():
    assert answered(edifact(message(*ORDER), unb=f"{UNB}++++++1"))[0].endswith("+7++++++1")
