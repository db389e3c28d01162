"""997 and TA1."""

import pytest

from mlconnector_assets.formats.edi.acknowledging import Acknowledging
from mlconnector_assets.formats.edi.diagnosis import Kind
from tests.formats.acknowledging import INVOICE, ISA, answered, transaction_set, x12


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
    (Kind.DATE, EARLY, ("BIG*20261301*INV1", *REST), ["AK3*BIG*2**8", "AK4*1*373*8*20261301"]),
    (Kind.TIME, EARLY, (BIG, "DTM*011*20261101*2561", *REST), ["AK3*DTM*3**8", "AK4*3*337*9*2561"]),
    (Kind.EXCLUSION, LATE, (BIG, "N1*ST*X", "N4*AB*IL**US***ILL", *REST), ["AK3*N4*4*N1*8", "AK4*7*1715*10*ILL"]),
]


@pytest.mark.parametrize(
    ("kind", "version", "body", "expected"), FAULTS, ids=lambda one: one.name if isinstance(one, Kind) else ""
)
def test_each_fault_has_its_exact_code(kind, version, body, expected):
    assert told_about(*body, version=version) == expected
