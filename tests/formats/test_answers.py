"""What our own acknowledgments say when they are read as those of a partner, and what partners' may say."""

import pytest

from mlconnector_assets.formats.acknowledgments import answers
from mlconnector_assets.formats.edi.acknowledging import Acknowledging
from mlconnector_assets.formats.edi.answers import Answer, Status
from tests.formats.acknowledging import (
    INVOICE,
    ISA,
    ORDER,
    WRITTEN,
    acknowledgments,
    batches,
    edifact,
    encoded,
    message,
    transaction_set,
    x12,
)

VENDOR, US = ("01", "123456789"), ("ZZ", "US")
BUYER, SELLER = ("14", "5412345000013"), ("14", "4012345500004")


def answers_in(data: bytes) -> list[Answer]:
    """All that a file says."""
    return [one for batch in batches(data) for one in answers(batch)]


def answers_to(segments: list[str], settings: Acknowledging | None = None) -> list[Answer]:
    """What our acknowledgment of an interchange says to the partner who sent it."""
    (found,) = acknowledgments(encoded(segments), settings)
    return answers_in(found.made(WRITTEN, 7, 5))


def partner(*body: str) -> list[Answer]:
    """What a partner's 997 with this body says."""
    return answers_in(encoded(x12(transaction_set(*body, kind="997"), gs="FA*VENDOR*US*20261121*0527*41*X*004010")))


GOOD, BAD = transaction_set(*INVOICE), transaction_set("BIG*20261301*INV1", *INVOICE[1:], number="0002")


def test_a_997_tells_of_which_group_and_what_became_of_it():
    (found,) = answers_to(x12(GOOD))
    assert (found.kind, found.level, found.group, found.reference) == ("997", "group", "IN", "41")
    assert (found.sender, found.receiver, found.sound) == (VENDOR, US, True)
    assert (found.status, found.received, found.accepted) == (Status.ACCEPTED, 1, 1)
    assert found.of("810", "0001") is Status.ACCEPTED


@pytest.mark.parametrize("list_accepted", [False, True])
def test_a_group_accepted_in_part_tells_which_sets_and_why(list_accepted):
    (found,) = answers_to(x12(GOOD, BAD), Acknowledging(list_accepted=list_accepted))
    assert found.status is Status.PARTLY
    assert found.of("810", "0001") is Status.ACCEPTED
    assert found.of("810", "2") is Status.REJECTED
    assert [str(one) for one in found.messages[-1].reasons] == [
        "segment 2 BIG: segment has errors in its elements (AK304 8)",
        "segment 2 BIG01: invalid date '20261301' (AK403 8)",
        "one or more segments in error (AK502 5)",
    ]


def test_a_rejected_group_rejects_all_that_is_in_it():
    (found,) = answers_to([*x12(GOOD)[:-2], "GE*3*41", "IEA*1*000000901"], Acknowledging(list_accepted=True))
    assert found.status is found.of("810", "0001") is Status.REJECTED
    assert [str(one) for one in found.reasons] == ["number of transaction sets is wrong (AK905 5)"]


def test_a_group_with_noted_errors_is_accepted():
    segments = x12(GOOD)
    (found,) = answers_to([*segments[:2], "REF*ST*1", *segments[2:]])
    assert found.status is Status.ACCEPTED_WITH_ERRORS
    assert found.of("810", "0001") is Status.ACCEPTED


def test_sets_are_unknown_where_fewer_are_named_than_were_rejected():
    (found,) = partner("AK1*IN*41", "AK2*810*0002", "AK5*R*5", "AK9*P*3*3*1")
    assert found.of("810", "0002") is Status.REJECTED
    assert found.of("810", "0001") is None


@pytest.mark.parametrize(
    ("result", "status"),
    [
        ("E", Status.ACCEPTED_WITH_ERRORS),
        ("R", Status.REJECTED),
        ("M", Status.REJECTED),
        ("W", Status.REJECTED),
        ("X", Status.REJECTED),
    ],
)
def test_results_of_a_set(result, status):
    (found,) = partner("AK1*IN*41", "AK2*810*0001", f"AK5*{result}", "AK9*P*1*1*0")
    assert found.of("810", "0001") is status


def test_a_faulty_997_is_read_as_far_as_it_goes():
    (found,) = partner("AK1*IN*41", "AK2*810*0001", "AK3*N1*X**8", "AK4*2**77*BAD", "AK5*R*77", "AK9*R*1*1*0")
    assert not found.sound
    assert found.of("810", "0001") is Status.REJECTED
    assert [str(one) for one in found.messages[0].reasons] == [
        "N1: segment has errors in its elements (AK304 8)",
        "N102: a code that we do not know 'BAD' (AK403 77)",
        "a code that we do not know (AK502 77)",
    ]


def test_a_997_without_a_result_says_nothing():
    assert partner("AK1*IN*41") == partner("AK1*IN*41", "AK9*Q*1*1*0") == []


def test_a_ta1_tells_what_became_of_an_interchange():
    accepted, group = answers_to(x12(GOOD), Acknowledging(ta1="always"))
    assert (accepted.kind, accepted.level, accepted.reference, accepted.status) == (
        "TA1", "interchange", "000000901", Status.ACCEPTED,
    )  # fmt: skip
    assert accepted.reasons == ()
    assert group.kind == "997"
    (rejected,) = answers_to(x12(GOOD)[:-1])
    assert (rejected.status, rejected.sender, rejected.receiver) == (Status.REJECTED, VENDOR, US)
    assert [str(one) for one in rejected.reasons] == ["file ends too early (TA105 023)"]
    (noted, _) = answers_to([ISA.replace("ISA*00*", "ISA*0Q*"), *x12(GOOD)[1:]])
    assert noted.status is Status.ACCEPTED_WITH_ERRORS


def test_a_contrl_tells_what_became_of_an_interchange():
    (found,) = answers_to(edifact(message(*ORDER)))
    assert (found.kind, found.level, found.reference, found.status) == ("CONTRL", "interchange", "IC901", Status.ACCEPTED)
    assert (found.sender, found.receiver, found.sound) == (BUYER, SELLER, True)
    assert found.of("ORDERS", "M1") is Status.ACCEPTED


@pytest.mark.parametrize("list_accepted", [False, True])
def test_a_contrl_tells_which_messages_were_rejected_and_why(list_accepted):
    bad = message(ORDER[0], "DTM+:20261101:102", *ORDER[2:], reference="M2")
    (found,) = answers_to(edifact(message(*ORDER), [*bad[:-1], "UNT+9+M2"]), Acknowledging(list_accepted=list_accepted))
    assert found.status is Status.PARTLY
    assert found.of("ORDERS", "M1") is Status.ACCEPTED
    assert found.of("ORDERS", "M2") is Status.REJECTED
    assert [str(one) for one in found.messages[-1].reasons] == [
        "UNT01: count does not match (0085 29)",
        "segment 3 element 01-1: missing (0085 13)",
    ]


def test_a_rejected_interchange_rejects_all_its_messages():
    (found,) = answers_to(edifact(message(*ORDER))[:-1], Acknowledging(list_accepted=True))
    assert found.status is found.of("ORDERS", "M1") is Status.REJECTED
    assert [str(one) for one in found.reasons] == ["UNZ: missing (0085 13)"]


def test_groups_of_edifact_are_told_of_each():
    inside = message(*ORDER, reference="M2")
    group = ["UNG+ORDERS+BUYER+SELLER+261121:0527+G1+UN+D:96A", *inside, "UNE+2+G1"]
    interchange, of_group = answers_to([*edifact()[:1], *group, "UNZ+1+IC901"])
    assert (interchange.level, interchange.status) == ("interchange", Status.PARTLY)
    assert (of_group.level, of_group.interchange, of_group.reference) == ("group", "IC901", "G1")
    assert of_group.status is of_group.of("ORDERS", "M2") is Status.REJECTED


def test_a_receipt_accepts_nothing_yet():
    (found,) = acknowledgments(encoded(edifact(message(*ORDER))), Acknowledging(receipt="always"))
    (said,) = answers_in(found.receipt(WRITTEN, 6))
    assert said.status is said.of("ORDERS", "M1") is Status.RECEIVED


def test_a_contrl_without_a_known_action_says_nothing():
    data = encoded(edifact(message("UCI+IC1+A+B+9", identifier="CONTRL:D:3:UN")))
    assert answers_in(data) == []
