"""TA1, and when nothing or no TA1 is sent."""

import pytest

from mlconnector_assets.formats.edi.acknowledging import Acknowledging
from mlconnector_assets.formats.edi.interchange import EnvelopeFault
from mlconnector_assets.formats.x12 import codes
from tests.formats.acknowledging import (
    INVOICE,
    ISA,
    WRITTEN,
    acknowledgments,
    answered,
    encoded,
    note,
    segments_of,
    transaction_set,
    x12,
)

GOOD = x12(transaction_set(*INVOICE))
ASKED = [ISA.replace("*0*P*>", "*1*P*>"), *GOOD[1:]]
TRUNCATED = GOOD[:-1]
ACKNOWLEDGMENT = x12(["ST*997*0001", "AK1*IN*41", "AK9*A*1*1*1", "SE*4*0001"], gs="FA*VENDOR*US*20261121*0527*41*X*004010")


def ta1_of(segments: list[str]) -> list[str]:
    """All TA1 segments."""
    return [one for one in segments if one.startswith("TA1")]


@pytest.mark.parametrize(
    ("policy", "segments", "expected"),
    [
        ("requested", GOOD, []),
        ("requested", ASKED, ["TA1*000000901*261121*0527*A*000"]),
        ("requested", TRUNCATED, ["TA1*000000901*261121*0527*R*023"]),
        ("always", GOOD, ["TA1*000000901*261121*0527*A*000"]),
        ("never", ASKED, []),
        ("never", TRUNCATED, []),
    ],
)
def test_a_ta1_is_sent_as_the_partner_wants_it(policy, segments, expected):
    assert ta1_of(answered(segments, Acknowledging(ta1=policy))) == expected


def test_it_stands_before_the_groups_of_our_answer():
    assert [one.split("*")[0] for one in answered(ASKED)][:3] == ["ISA", "TA1", "GS"]


def test_no_group_is_answered_of_an_interchange_that_a_ta1_rejects():
    (found,) = acknowledgments(encoded(TRUNCATED))
    assert found.rejected
    assert found.rejects(0)
    assert found.group_numbers == 0
    assert [one.split("*")[0] for one in segments_of(found.made(WRITTEN, 7))] == ["ISA", "TA1", "IEA"]


def test_where_no_ta1_may_be_sent_the_groups_of_a_rejected_interchange_are_rejected():
    found = answered(TRUNCATED, Acknowledging(ta1="never", list_accepted=True))
    assert found[3:5] == ["AK1*IN*41", "AK9*R*1*1*0"]


INTERCHANGES = [
    (EnvelopeFault.REFERENCE, [*GOOD[:-1], "IEA*1*000000902"], "R*001"),
    (EnvelopeFault.COUNT, [*GOOD[:-1], "IEA*2*000000901"], "R*021"),
    (EnvelopeFault.STRAY, [GOOD[0], *transaction_set(*INVOICE), "IEA*0*000000901"], "R*022"),
    (EnvelopeFault.NO_TRAILER, TRUNCATED, "R*023"),
    (EnvelopeFault.EMPTY, [GOOD[0], "IEA*0*000000901"], "R*024"),
    (EnvelopeFault.DUPLICATE, GOOD, "R*025"),
    (EnvelopeFault.UNKNOWN_VERSION, GOOD, "R*017"),
    (EnvelopeFault.NO_HEADER, GOOD, "R*022"),
    (EnvelopeFault.HEADER, GOOD, "R*024"),
    (EnvelopeFault.UNKNOWN_TYPE, GOOD, "R*024"),
    (EnvelopeFault.WRONG_GROUP, GOOD, "R*024"),
    (EnvelopeFault.SMALL_LETTERS, GOOD, "R*024"),
]


@pytest.mark.parametrize(("fault", "segments", "expected"), INTERCHANGES)
def test_an_interchange_at_fault_has_its_code(fault, segments, expected):
    (found,) = acknowledgments(encoded(segments))
    note(found.interchange.wrong, fault)
    assert ta1_of(segments_of(found.made(WRITTEN, 7))) == [f"TA1*000000901*261121*0527*{expected}"]


def test_every_fault_of_an_envelope_has_a_code_at_every_level():
    assert {fault for fault, *_ in INTERCHANGES} == set(EnvelopeFault)
    assert set(codes.SET_CODES) == set(codes.GROUP_CODES) == set(codes.INTERCHANGE_CODES) == set(EnvelopeFault)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("ISA*00*", "ISA*0Q*", "000000901*261121*0527*E*010"),
        ("*261121*", "*261321*", "000000901*261128*0905*E*014"),
        ("*0527*", "*2561*", "000000901*261128*0905*E*015"),
        ("*000000901*", "*0000009A1*", "000000000*261121*0527*R*018"),
        ("*0*P*", "*X*P*", "000000901*261121*0527*E*019"),
        ("*0*P*", "*0*X*", "000000901*261121*0527*R*020"),
    ],
)
def test_elements_of_the_header_have_their_codes(old, new, expected):
    assert ta1_of(answered([ISA.replace(old, new, 1), *GOOD[1:-1], f"IEA*1*{ISA.replace(old, new, 1)[90:99]}"])) == [
        f"TA1*{expected}"
    ]


def test_no_997_answers_a_997():
    (found,) = acknowledgments(encoded(ACKNOWLEDGMENT), Acknowledging(list_accepted=True))
    assert not found.due
    assert found.made(WRITTEN, 7) == b""


def test_groups_beside_one_of_acknowledgments_are_answered():
    segments = [ISA, *ACKNOWLEDGMENT[1:-1], *[one.replace("*41", "*42") for one in GOOD[1:-1]], "IEA*2*000000901"]
    assert [one for one in answered(segments) if one.startswith("AK1")] == ["AK1*IN*42"]


def test_an_interchange_of_a_ta1_alone_is_never_answered():
    alone = [ISA.replace("*0*P*>", "*1*P*>"), "TA1*000000007*261128*0905*A*000", "IEA*3*000000901"]
    (found,) = acknowledgments(encoded(alone), Acknowledging(ta1="always"))
    assert not found.due


def test_ids_are_swapped_with_their_blanks_and_separators_kept():
    isa = ISA.replace("*>", "*:").replace("123456789      ", "  123 45       ").replace("*", "|")
    data = "^".join([isa, *[one.replace("*", "|") for one in GOOD[1:]]]).encode() + b"^"
    (found,) = acknowledgments(data)
    made = found.made(WRITTEN, 7, 5).decode()
    assert made.startswith(
        "ISA|00|          |00|          |ZZ|US             |01|  123 45       |261128|0905|U|00401|000000007|0|P|:^"
    )
    assert made.endswith("^GE|1|5^IEA|1|000000007^")


def test_a_copy_of_bad_data_is_left_out_where_it_cannot_stand():
    def copy(number: str) -> str:
        found = answered(x12(transaction_set(f"BIG*20261101*{number}", *INVOICE[1:])))
        return next(one for one in found if one.startswith("AK4"))

    assert copy("9" * 99) == f"AK4*2*76*5*{'9' * 99}"
    assert copy("9" * 100) == "AK4*2*76*5"
    assert copy("A\x01B") == "AK4*2*76*6"


def test_an_interchange_whose_header_is_cut_short_cannot_be_answered():
    (found,) = acknowledgments(encoded([ISA.replace("ISA*00*", "ISA*~0*"), *GOOD[1:]]), Acknowledging(ta1="always"))
    assert found.rejected
    assert not found.due
    assert found.made(WRITTEN, 7) == b""
