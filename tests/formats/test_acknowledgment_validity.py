"""Whatever is acknowledged: our acknowledgments are valid, say what the reader found, and are not answered."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlconnector_assets.formats.acknowledgments import answers
from mlconnector_assets.formats.edi.acknowledging import Acknowledging
from mlconnector_assets.formats.edi.answers import Answer, Status
from mlconnector_assets.formats.edi.standard import Unreadable
from tests.formats.acknowledging import WRITTEN, acknowledgments, assert_no_faults, batches
from tests.formats.edi.files import MESSAGES, encoded, file_of, file_with
from tests.formats.edi.mutations import MUTATIONS
from tests.formats.edi.test_fuzz import spoiled_files

WISHES = st.builds(
    Acknowledging,
    list_accepted=st.booleans(),
    ta1=st.sampled_from(["never", "requested", "always"]),
    version=st.sampled_from(["", "", "004010", "005010"]),
    line_end=st.sampled_from(["", "\n", "\r\n"]),
)


def said_by(made: bytes) -> list[Answer]:
    """What an acknowledgment says, which is valid."""
    found = batches(made)
    assert_no_faults(found)
    return [answer for batch in found for answer in answers(batch)]


def assert_answered_well(data: bytes, wishes: Acknowledging) -> None:
    try:
        found = acknowledgments(data, wishes)
    except Unreadable:
        return
    for one in found:
        made = one.made(WRITTEN, 999_999_999, 999_999_999)
        assert bool(made) == one.due
        if made:
            said = said_by(made)
            assert said
            assert not any(again.due for again in acknowledgments(made))
            assert all(answer.sound for answer in said)
            if one.rejected:
                assert {answer.status for answer in said} == {Status.REJECTED}


@settings(max_examples=50, deadline=None)
@given(spoiled_files(), WISHES)
def test_answers_to_spoiled_files_are_valid(data, wishes):
    assert_answered_well(data, wishes)


IDS = st.text("AZ09 az.-*>:+?'#\u00e9\u0416", max_size=20)


@settings(max_examples=20, deadline=None)
@given(IDS, IDS, IDS, WISHES)
def test_any_reference_and_party_can_be_answered(first, second, third, wishes):
    x12, edifact = file_of("810"), file_of("INVOIC")
    x12[1] = f"GS*{first}*{second}*{third}*20261121*0527*{first}*X*004010"
    x12[2] = f"ST*810*{second}*{third}"
    edifact[0] = f"UNB+UNOC:3+{first}:14+{second}:{third}+261121:0527+{third}"
    edifact[1] = f"UNH+{first}+INVOIC:{second}:96A:UN:{third}"
    for segments, end in ((x12, "~"), (edifact, "'")):
        assert_answered_well("".join(one + end for one in segments).encode(), wishes)


def test_answers_to_every_single_fault_are_valid_and_reject_the_message():
    for kind, change, _ in MUTATIONS:
        (one,) = acknowledgments(encoded(file_with(kind, change(MESSAGES[kind].split("\n")))))
        if kind in ("997", "CONTRL"):
            assert not one.due
            continue
        (said,) = said_by(one.made(WRITTEN, 7))
        assert said.status is Status.PARTLY, (kind, change)
        (rejected,) = said.messages
        assert rejected.status is Status.REJECTED
        assert rejected.reasons


@pytest.mark.parametrize("kind", sorted(set(MESSAGES) - {"997", "CONTRL"}))
def test_good_files_are_accepted(kind):
    (one,) = acknowledgments(encoded(file_of(kind, 3)))
    (said,) = said_by(one.made(WRITTEN, 7))
    assert said.status is Status.ACCEPTED
