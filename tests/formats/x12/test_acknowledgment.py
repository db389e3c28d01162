"""997 and TA1."""

import pytest

from mlconnector_assets.formats.edi.acknowledging import Acknowledging
from mlconnector_assets.formats.edi.diagnosis import Kind
from mlconnector_assets.formats.edi.interchange import EnvelopeFault
from mlconnector_assets.formats.x12 import codes
from tests.formats.acknowledging import (
    INVOICE,
    ISA,
    WRITTEN,
    acknowledgments,
    answered,
    batches,
    encoded,
    note,
    segments_of,
    transaction_set,
    x12,
)


def test_a_good_group_is_accepted_with_sender_and_receiver_swapped():
    assert answered(x12(transaction_set(*INVOICE), transaction_set(*INVOICE, number="0002"))) == [
        "ISA*00*          *00*          *ZZ*US             *01*123456789      *261128*0905*U*00401*000000007*0*P*>",
        "GS*FA*US*VENDOR*20261128*0905*5*X*004010",
        "ST*997*0001",
        "AK1*IN*41",
        "AK9*A*2*2*2",
        "SE*4*0001",
        "GE*1*5",
        "IEA*1*000000007",
    ]


def test_accepted_sets_are_listed_where_the_partner_wants_it():
    good, bad = transaction_set(*INVOICE), transaction_set("BIG*20261101", *INVOICE[1:], number="0002")
    found = answered(x12(good, bad), Acknowledging(list_accepted=True))
    assert found[3:11] == [
        "AK1*IN*41",
        "AK2*810*0001",
        "AK5*A",
        "AK2*810*0002",
        "AK3*BIG*2**8",
        "AK4*2*76*1",
        "AK5*R*5",
        "AK9*P*2*2*1",
    ]


EARLY, LATE = ("004010", ISA), ("005010", ISA.replace("*U*00401", "*^*00501"))


def told_about(*body: str, version: tuple[str, str] = EARLY) -> list[str]:
    """AK3 and AK4 of an invoice with this body."""
    found = answered(x12(transaction_set(*body), isa=version[1], gs=f"IN*VENDOR*US*20261121*0527*41*X*{version[0]}"))
    first, last = found.index("AK2*810*0001"), found.index("AK5*R*5")
    assert found[last + 1] == "AK9*R*1*1*0"
    return found[first + 1 : last]


BIG, *REST = INVOICE
FAULTS = [
    (Kind.UNKNOWN_SEGMENT, EARLY, (BIG, "XYZ*1", *REST), ["AK3*XYZ*3**1"]),
    (Kind.UNEXPECTED_SEGMENT, EARLY, (BIG, "SLN*1*A*I", *REST), ["AK3*SLN*3**2"]),
    (Kind.MISSING_SEGMENT, EARLY, INVOICE[:2], ["AK3*TDS*4**3"]),
    (Kind.TOO_MANY_LOOPS, EARLY, (BIG, *["LM*AB", "LQ*A*1"] * 11, *REST), ["AK3*LM*23*LM*4"]),
    (Kind.TOO_MANY_SEGMENTS, EARLY, (BIG, "CUR*SE*USD", "CUR*SE*USD", *REST), ["AK3*CUR*4**5"]),
    (Kind.FOREIGN_SEGMENT, EARLY, (BIG, "PO1*1", *REST), ["AK3*PO1*3**6"]),
    (Kind.MISPLACED_SEGMENT, EARLY, (BIG, *REST, "BAL*A*B*1"), ["AK3*BAL*6**7"]),
    (Kind.MISSING, EARLY, ("BIG*20261101", *REST), ["AK3*BIG*2**8", "AK4*2*76*1"]),
    (Kind.CONDITION, EARLY, (BIG, "N1*ST*X*92", *REST), ["AK3*N1*3*N1*8", "AK4*4*67*2"]),
    (Kind.TOO_MANY_ELEMENTS, EARLY, ("BIG*20261101*INV1*********X", *REST), ["AK3*BIG*2**8", "AK4*11**3*X"]),
    (Kind.TOO_MANY_COMPONENTS, EARLY, ("BIG*20261101*INV1>X", *REST), ["AK3*BIG*2**8", "AK4*2>2*76*3*X"]),
    (Kind.TOO_MANY_COMPONENTS, LATE, ("BIG*20261101*INV1>X", *REST), ["AK3*BIG*2**8", "AK4*2>2*76*13*X"]),
    (Kind.TOO_MANY_REPETITIONS, LATE, ("BIG*20261101*INV1^X", *REST), ["AK3*BIG*2**8", "AK4*2*76*12*X"]),
    (Kind.TOO_SHORT, EARLY, ("BIG*20261101*INV1*****D", *REST), ["AK3*BIG*2**8", "AK4*7*640*4*D"]),
    (Kind.TOO_LONG, EARLY, (f"BIG*20261101*{'9' * 23}", *REST), ["AK3*BIG*2**8", f"AK4*2*76*5*{'9' * 23}"]),
    (Kind.CHARACTER, EARLY, (BIG, "IT1*1*2.5.1*EA*5.25", *INVOICE[2:]), ["AK3*IT1*3*IT1*8", "AK4*2*358*6*2.5.1"]),
    (Kind.CODE, EARLY, (BIG, "PID*Q****BOLT", *REST), ["AK3*PID*3**8", "AK4*1*349*7*Q"]),
    (Kind.TOTAL, EARLY, (*INVOICE[:-1], "CTT*3"), ["AK3*CTT*5**8", "AK4*1*354*7*3"]),
    (Kind.DATE, EARLY, ("BIG*20261301*INV1", *REST), ["AK3*BIG*2**8", "AK4*1*373*8*20261301"]),
    (Kind.TIME, EARLY, (BIG, "DTM*011*20261101*2561", *REST), ["AK3*DTM*3**8", "AK4*3*337*9*2561"]),
    (Kind.EXCLUSION, LATE, (BIG, "N1*ST*X", "N4*AB*IL**US***ILL", *REST), ["AK3*N4*4*N1*8", "AK4*7*1715*10*ILL"]),
]


@pytest.mark.parametrize(
    ("kind", "version", "body", "expected"), FAULTS, ids=lambda one: one.name if isinstance(one, Kind) else ""
)
def test_each_fault_has_its_exact_code(kind, version, body, expected):
    assert told_about(*body, version=version) == expected


def test_every_kind_of_fault_has_a_code():
    assert {kind for kind, *_ in FAULTS} | {Kind.TRAILING_SEPARATOR} == set(Kind)
    assert codes.element_code(Kind.TRAILING_SEPARATOR, "004010") == "3"
    assert set(codes.SEGMENT_CODES) | set(codes.ELEMENT_CODES) == set(Kind)


def changed(segments: list[str], **places: str) -> list[str]:
    """The interchange with other segments at some tags."""
    return [places.get(one.split("*")[0], one) for one in segments]


GOOD = x12(transaction_set(*INVOICE))
SETS = [
    (EnvelopeFault.NO_TRAILER, transaction_set(*INVOICE)[:-1], "810*0001", "2"),
    (EnvelopeFault.REFERENCE, [*transaction_set(*INVOICE)[:-1], "SE*6*0002"], "810*0001", "3"),
    (EnvelopeFault.COUNT, [*transaction_set(*INVOICE)[:-1], "SE*7*0001"], "810*0001", "4"),
    (EnvelopeFault.UNKNOWN_TYPE, transaction_set(*INVOICE, kind="856"), "856*0001", "1"),
    (EnvelopeFault.UNKNOWN_TYPE, transaction_set(*INVOICE, kind=""), "000*0001", "6"),
]


@pytest.mark.parametrize(("fault", "segments", "about", "code"), SETS)
def test_a_set_with_a_fault_of_its_envelope_is_rejected_with_its_code(fault, segments, about, code):
    (batch,) = batches(encoded(x12(segments)))
    assert [wrong.fault for wrong in batch.reports[0].wrong] == [fault]
    found = answered(x12(segments))
    assert found[4:7] == [f"AK2*{about}", f"AK5*R*{code}", "AK9*R*1*1*0"]


def test_a_set_whose_number_came_before_is_rejected():
    found = answered(x12(transaction_set(*INVOICE), transaction_set(*INVOICE)))
    assert found[4:7] == ["AK2*810*0001", "AK5*R*23", "AK9*P*2*2*1"]


def test_a_wrong_number_of_a_set_has_a_code_of_its_own():
    found = answered(x12(transaction_set(*INVOICE, number="1")))
    assert found[4:9] == ["AK2*810*0001", "AK3*ST*1**8", "AK4*2*329*4*1", "AK3*SE*6**8", "AK4*2*329*4*1"]
    assert found[9:11] == ["AK5*R*7*5", "AK9*R*1*1*0"]


LATER = changed(GOOD, GS="GS*IN*VENDOR*US*20261121*0527*41*X*005010")
GROUPS = [
    (EnvelopeFault.NO_TRAILER, [*GOOD[:-2], GOOD[-1]], "R*1*1*0*3"),
    (EnvelopeFault.REFERENCE, changed(GOOD, GE="GE*1*42"), "R*1*1*0*4"),
    (EnvelopeFault.COUNT, changed(GOOD, GE="GE*3*41"), "R*3*1*0*5"),
    (EnvelopeFault.EMPTY, x12(), "R*0*0*0*5"),
    (EnvelopeFault.STRAY, [*GOOD[:2], "REF*ST*1", *GOOD[2:]], "E*1*1*1"),
    (EnvelopeFault.DUPLICATE, GOOD, "R*1*1*0*6"),
    (EnvelopeFault.DUPLICATE, LATER, "R*1*1*0*19"),
    (EnvelopeFault.UNKNOWN_VERSION, GOOD, "R*1*1*0*2"),
    (EnvelopeFault.UNKNOWN_TYPE, GOOD, "R*1*1*0*1"),
    (EnvelopeFault.WRONG_GROUP, GOOD, "R*1*1*0*1"),
    (EnvelopeFault.HEADER, GOOD, "R*1*1*0"),
    (EnvelopeFault.NO_HEADER, GOOD, "R*1*1*0"),
    (EnvelopeFault.SMALL_LETTERS, GOOD, "R*1*1*0"),
]


@pytest.mark.parametrize(("fault", "segments", "expected"), GROUPS)
def test_a_group_at_fault_has_its_code(fault, segments, expected):
    (found,) = acknowledgments(encoded(segments))
    (group,) = found.interchange.groups
    note(group.wrong, fault)
    assert f"AK9*{expected}" in segments_of(found.made(WRITTEN, 7))


@pytest.mark.parametrize(
    ("gs", "expected"),
    [
        ("GS*IN*VENDOR*US*20261121*0527*4A*X*004010", ("AK1*IN*0", "AK9*R*1*1*0*6*4")),
        ("GS*INV*VENDOR*US*20261121*0527*41*X*004010", ("AK1*IN*41", "AK9*R*1*1*0*1")),
        ("GS*IN*VENDOR*US*20261321*0527*41*X*004010", ("AK1*IN*41", "AK9*E*1*1*1")),
        ("GS*IN*V*US*20261121*0527*41*X*004010", ("AK1*IN*41", "AK9*E*1*1*1")),
        ("GS*IN*VENDOR*US*20261121*0527*41*X*4010", ("AK1*IN*41", "AK9*R*1*1*0*2")),
    ],
)
def test_elements_of_a_group_header_have_their_codes(gs, expected):
    found = answered(changed(GOOD, GS=gs))
    assert tuple(one for one in found if one.startswith(("AK1*", "AK9*"))) == expected


def test_no_set_is_named_of_a_group_in_a_version_that_we_do_not_have():
    found = answered(changed(GOOD, GS="GS*IN*VENDOR*US*20261121*0527*41*X*UNKNOWN"), Acknowledging(list_accepted=True))
    assert found[1:5] == ["GS*FA*US*VENDOR*20261128*0905*5*X*004010", "ST*997*0001", "AK1*IN*41", "AK9*R*1*1*0*2"]


@pytest.mark.parametrize(
    ("version", "header", "about"),
    [
        ("004010VICS", "20261128*0905*5*X*004010VICS", "AK1*IN*41"),
        ("003060", "261128*0905*5*X*003060", "AK1*IN*41"),
        ("005010X218", "20261128*0905*5*X*005010X218", "AK1*IN*41*005010X218"),
    ],
)
def test_the_answer_has_the_version_of_the_group(version, header, about):
    found = acknowledgments(encoded(changed(GOOD, GS=f"GS*IN*VENDOR*US*20261121*0527*41*X*{version}")))[0].made(WRITTEN, 7, 5)
    assert f"GS*FA*US*VENDOR*{header}" in found.decode().split("~")
    assert about in found.decode().split("~")


def test_the_answer_may_have_a_version_of_its_own():
    found = answered(LATER, Acknowledging(version="004010"))
    assert found[1:4] == ["GS*FA*US*VENDOR*20261128*0905*5*X*004010", "ST*997*0001", "AK1*IN*41"]


def test_a_convention_is_named_with_its_set_in_later_versions():
    segments = [one.replace("ST*810*0001", "ST*810*0001*MINE") for one in LATER]
    assert "AK2*810*0001*MINE" in answered(segments, Acknowledging(list_accepted=True))
    assert "AK2*810*0001" in answered(segments, Acknowledging(list_accepted=True, version="004010"))


def test_groups_of_other_parties_or_versions_are_answered_apart():
    first, second = GOOD[1:-1], [one.replace("*41", "*42") for one in GOOD[1:-1]]
    other = [one.replace("*41", "*43").replace("VENDOR", "ANOTHER") for one in GOOD[1:-1]]
    (found,) = acknowledgments(encoded([ISA, *first, *second, *other, "IEA*3*000000901"]))
    assert found.group_numbers == 2
    told = segments_of(found.made(WRITTEN, 7, 999_999_999))
    kept = ("GS*", "AK1*", "ST*", "GE*", "IEA*")
    assert [one for one in told if one.startswith(kept)] == [
        "GS*FA*US*VENDOR*20261128*0905*999999999*X*004010",
        *("ST*997*0001", "AK1*IN*41", "ST*997*0002", "AK1*IN*42", "GE*2*999999999"),
        *("GS*FA*US*ANOTHER*20261128*0905*1*X*004010", "ST*997*0001", "AK1*IN*43", "GE*1*1", "IEA*2*000000007"),
    ]


def test_several_interchanges_are_answered_each_for_itself():
    second = [one.replace("000000901", "000000902") for one in GOOD]
    found = acknowledgments(encoded(GOOD) + b"\r\n" + encoded(second))
    assert [one.interchange.reference for one in found] == ["000000901", "000000902"]
    assert all(one.made(WRITTEN, 7).startswith(b"ISA") for one in found)
