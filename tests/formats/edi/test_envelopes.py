"""Faults around messages, and what is a warning only."""

from __future__ import annotations

from io import BytesIO

import pytest

from mlconnector_assets.formats.edi.reading import read
from tests.formats.edi.files import (
    MESSAGES,
    STANDARDS,
    X12File,
    contents,
    edifact_file,
    edifact_message,
    encoded,
    file_of,
    file_with,
    x12_file,
    x12_message,
)
from tests.formats.edi.mutations import Change, after, to, without

UNG = "UNG+INVOIC+5412345000013:14+4012345500004:14+261121:0527+{}+UN+D:96A"
INVOICES, INVOICS = x12_file("810", 2), edifact_file("INVOIC", 2)
GROUPED = [
    INVOICS[0],
    UNG.format(1),
    *edifact_message("INVOIC", 1),
    "UNE+1+1",
    UNG.format(2),
    *edifact_message("INVOIC", 1),
    "UNE+1+2",
    "UNZ+2+IC901",
]
SE, UNT = "SE*18*000000001", "UNT+30+ME000001"

X12_ENVELOPES: dict[str, tuple[Change, str]] = {
    "SE01": (to(SE, "SE*17*000000001"), "message COUNT"),
    "SE01 empty": (to(SE, "SE**000000001"), "message MISSING COUNT"),
    "SE01 no number": (to(SE, "SE*1.8*000000001"), "message CHARACTER COUNT"),
    "SE02": (to(SE, "SE*18*000000009"), "message REFERENCE"),
    "no SE": (without("SE"), "message NO_TRAILER"),
    "ST02 again": (lambda lines: [line.replace("000000002", "000000001") for line in lines], "message DUPLICATE"),
    "ST02 short": (lambda lines: [line.replace("*000000002", "*2") for line in lines], "message TOO_SHORT TOO_SHORT"),
    "ST02 empty": (lambda lines: [line.replace("*000000002", "*") for line in lines], "message MISSING MISSING"),
    "ST01": (to("ST*810", "ST*811"), "message UNKNOWN_TYPE"),
    "ST01 empty": (to("ST*810", "ST*"), "message UNKNOWN_TYPE"),
    "ST03": (to("ST*810*000000001", "ST*810*000000001*X"), "message TOO_MANY_ELEMENTS"),
    "GE01": (to("GE*2*", "GE*3*"), "group COUNT"),
    "GE02": (to("GE*2*901", "GE*2*902"), "group REFERENCE"),
    "GE03": (to("GE*2*901", "GE*2*901*X"), "group HEADER"),
    "no GE": (without("GE"), "group NO_TRAILER"),
    "GS01": (to("GS*IN", "GS*"), "group HEADER"),
    "GS02": (to("*ACMECORP*", "*A*"), "group HEADER"),
    "GS03": (to("*987654321*2026", "**2026"), "group HEADER"),
    "GS04": (to("*20261121*", "*20261321*"), "group HEADER"),
    "GS05": (to("*0527*901", "*2527*901"), "group HEADER"),
    "GS07": (to("*X*004010", "*Y*004010"), "group HEADER"),
    "GS08": (to("*X*004010", "*X*OLDER"), "message UNKNOWN_VERSION; message UNKNOWN_VERSION"),
    "no GS": (
        without("GS"),
        "message UNKNOWN_VERSION; message UNKNOWN_VERSION; interchange STRAY; interchange STRAY; interchange COUNT",
    ),
    "an empty group": (
        after("GE", "GS*IN*ACMECORP*987654321*20261121*0527*902*X*004010", "GE*0*902"),
        "group EMPTY; interchange COUNT",
    ),
    "a group twice": (
        after("GE", "GS*IN*ACMECORP*987654321*20261121*0527*901*X*004010", *x12_message("810"), "GE*1*901"),
        "group DUPLICATE; interchange COUNT",
    ),
    "between sets": (after("SE", "REF*VR*1"), "group STRAY"),
    "before the first set": (after("GS", "REF*VR*1"), "group STRAY"),
    "between groups": (after("GE", "REF*VR*1"), "interchange STRAY"),
    "a second SE": (after("SE", SE), "group STRAY"),
    "IEA01": (to("IEA*1", "IEA*2"), "interchange COUNT"),
    "IEA02": (to("IEA*1*000000901", "IEA*1*000000902"), "interchange REFERENCE"),
    "no IEA": (without("IEA"), "interchange NO_TRAILER"),
    "nothing inside": (lambda lines: [lines[0], "IEA*0*000000901"], "interchange EMPTY"),
    "ISA01": (to("ISA*00*", "ISA*99*"), "interchange HEADER"),
    "ISA05": (to("*ZZ*ACME", "*  *ACME"), ""),
    "ISA09": (to("*261121*", "*261321*"), "interchange HEADER"),
    "ISA10": (to("*0527*U", "*2527*U"), "interchange HEADER"),
    "ISA13": (to("*000000901*0", "*00000A901*0"), "interchange HEADER; interchange REFERENCE"),
    "ISA14": (to("*0*T", "*2*T"), "interchange HEADER"),
    "ISA15": (to("*0*T", "*0*X"), "interchange HEADER"),
}
EDIFACT_ENVELOPES: dict[str, tuple[Change, str]] = {
    "UNT count": (to(UNT, "UNT+29+ME000001"), "message COUNT"),
    "UNT reference": (to(UNT, "UNT+30+ME000009"), "message REFERENCE"),
    "no UNT": (without("UNT"), "message NO_TRAILER"),
    "UNH again": (lambda lines: [line.replace("ME000002", "ME000001") for line in lines], "message DUPLICATE"),
    "UNH reference": (to("UNH+ME000001", "UNH+" + "M" * 15), "message TOO_LONG REFERENCE"),
    "UNH type": (to("INVOIC:D", "INVRPT:D"), "message UNKNOWN_TYPE"),
    "UNH agency": (to("INVOIC:D:96A:UN", "INVOIC:D:96A"), "message MISSING"),
    "UNZ count": (to("UNZ+2", "UNZ+1"), "interchange COUNT"),
    "UNZ reference": (to("UNZ+2+IC901", "UNZ+2+IC902"), "interchange REFERENCE"),
    "no UNZ": (without("UNZ"), "interchange NO_TRAILER"),
    "nothing inside": (lambda lines: [lines[0], "UNZ+0+IC901"], "interchange EMPTY"),
    "between messages": (after("UNT", "RFF+ON:1"), "interchange STRAY"),
    "a UNE without UNG": (after("UNT", "UNE+1+1"), "interchange STRAY"),
    "UNB sender": (to("+5412345000013:14", "+"), "interchange HEADER"),
    "UNB recipient": (to("+4012345500004:14", "+" + "4" * 36), "interchange HEADER"),
    "UNB date": (to("+261121:0527", "+21.11.26:0527"), "interchange HEADER"),
    "UNB reference": (to("+IC901", "+"), "interchange HEADER; interchange REFERENCE"),
}
GROUP_ENVELOPES: dict[str, tuple[Change, str]] = {
    "UNE count": (to("UNE+1+1", "UNE+2+1"), "group COUNT"),
    "UNE reference": (to("UNE+1+1", "UNE+1+3"), "group REFERENCE"),
    "no UNE": (without("UNE"), "group NO_TRAILER"),
    "UNG reference": (to("0527+1+UN", "0527++UN"), "group HEADER REFERENCE"),
    "UNZ counts groups": (to("UNZ+2", "UNZ+1"), "interchange COUNT"),
}
TABLES = ((INVOICES, X12_ENVELOPES), (INVOICS, EDIFACT_ENVELOPES), (GROUPED, GROUP_ENVELOPES))
CASES = [(lines, change, expected, name) for lines, table in TABLES for name, (change, expected) in table.items()]


def faults_of(lines: list[str]) -> str:
    """Everything wrong, by where: `message COUNT; interchange STRAY`."""
    found = contents(encoded(lines))
    told: list[str] = []
    for report in found.reports:
        names = [fault.kind.name for fault in report.faults] + [wrong.fault.name for wrong in report.wrong]
        told.append(" ".join(["message", *names]))
    for interchange in found.interchanges:
        told += [" ".join(["group", *(wrong.fault.name for wrong in group.wrong)]) for group in interchange.groups if group.wrong]
        told += [f"interchange {wrong.fault.name}" for wrong in interchange.wrong]
    return "; ".join(told)


@pytest.mark.parametrize(("lines", "change", "expected"), [case[:3] for case in CASES], ids=[case[3] for case in CASES])
def test_a_fault_of_an_envelope_is_told_exactly(lines: list[str], change: Change, expected: str) -> None:
    assert faults_of(lines) == ""
    assert faults_of(change(lines)) == expected


def test_what_is_a_fault_of_the_header_says_which_element() -> None:
    found = contents(encoded(to("*0*T", "*0*X")(INVOICES)))
    (wrong,) = found.interchanges[0].wrong
    assert wrong.detail is not None and (wrong.detail.element, wrong.detail.kind.name, wrong.found) == (15, "CODE", "X")


@pytest.mark.parametrize(
    ("kind", "change", "warning"),
    [
        ("810", to("TDS*16650", "TDS*16750"), "TOTAL 14.1"),
        ("850", to("AMT*TT*4143.80", "AMT*TT*4143.70"), "TOTAL 14.2"),
        ("INVOIC", to("MOA+77:178.78", "MOA+77:200.00"), "TOTAL 27.1.2"),
        ("INVOIC", to("DTM+137:20261101:102", "DTM+137:202611010000:102"), "DATE 3.1.2"),
        ("ORDERS", to("DTM+137:20261101:102", "DTM+137:20261101235959:102"), "DATE 3.1.2"),
    ],
)
def test_what_may_be_meant_so_is_a_warning(kind: str, change: Change, warning: str) -> None:
    found = contents(encoded(change(file_of(kind, 2))))
    assert found.reports == [] and found.wrong == [] and len(found.sound) == 2
    (warned,) = [report for batch in found.batches for report in batch.warned]
    places = [(fault.kind.name, fault.position, fault.element, fault.component) for fault in warned.warnings]
    assert [f"{name} " + ".".join(str(part) for part in place if part) for name, *place in places] == [warning]
    assert warned.index == 0 and warned.faults == warned.wrong == ()


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("810", to("TDS*16650", "TDS*14775")),  # charges are not in it
        ("810", to("7.25**BP", "7.25*HP*BP")),  # a price per hundred: cannot be computed
        ("810", without("CTT")),
        ("810", to("TXI*ST*5.25", "TXI*ST*5.26")),
        ("820", to("**1000.00*1010.00", "***1010.00")),
        ("INVOIC", to("MOA+203:21.75", "MOA+146:21.75")),
        ("INVOIC", to("MOA+77:178.78", "MOA+77:178.79")),
        ("INVOIC", to("DTM+137:20261101:102", "DTM+137:20261101120000:204")),
        ("INVOIC", to("DTM+137:20261101:102", "DTM+137:2026110120261130:718")),
        ("INVOIC", to("DTM+137:20261101:102", "DTM+137:3:804")),
        ("ORDERS", without("CNT")),
    ],
)
def test_what_is_no_difference_is_not_told(kind: str, change: Change) -> None:
    found = contents(encoded(file_with(kind, change(MESSAGES[kind].split("\n")))))
    assert found.reports == [] and [report.warnings for batch in found.batches for report in batch.warned] == []


def test_a_group_of_another_kind_is_a_warning() -> None:
    found = contents(encoded(X12File(tuple(x12_message("810")), "SC").segments))
    assert found.reports == [] and found.wrong == []
    (warning,) = found.interchanges[0].groups[0].warnings
    assert (warning.fault.name, warning.expected, warning.found) == ("WRONG_GROUP", "IN", "SC")


def test_a_group_dated_without_century_is_a_warning() -> None:
    found = contents(encoded(to("*20261121*", "*261121*")(INVOICES)))
    assert found.wrong == [] and [one.fault.name for one in found.interchanges[0].groups[0].warnings] == ["HEADER"]


def test_small_letters_of_uno_a_are_one_warning() -> None:
    lines = [line.replace("KOELN", "Koeln") for line in to("UNOC", "UNOA")(INVOICS)]
    found = contents(encoded(lines))
    assert found.reports == [] and found.wrong == []
    assert [(one.fault.name, one.found[:4]) for one in found.interchanges[0].warnings] == [("SMALL_LETTERS", "oeln")]


def test_trailing_separators_are_a_fault_from_syntax_4_on() -> None:
    for line, place in (("BGM+380+INV0000001+9", (2, 4, None)), ("CUX+2:EUR", (9, 1, 3))):
        tail = "+" if "+9" in line else ":"
        lines = to(line, line + tail)(edifact_file("INVOIC"))
        lines = [one.replace("CUX+2:EUR::4", "CUX+2:EUR:") for one in lines]
        assert contents(encoded(lines)).reports == []
        (report,) = contents(encoded(to("UNOC:3", "UNOC:4")(lines))).reports
        (fault,) = report.faults
        assert (fault.kind.name, fault.position, fault.element, fault.component) == ("TRAILING_SEPARATOR", *place)


def test_syntax_4_has_both_decimal_marks_and_a_date_with_century() -> None:
    lines = to("MOA+203:126.00", "MOA+203:126,00")(edifact_file("INVOIC"))
    lines = to("UNOC:3+5412345000013:14+4012345500004:14+261121", "UNOC:4+5412345000013:14:A:B+4012345500004:14+20261121")(lines)
    found = contents(encoded(lines))
    assert found.reports == [] and found.wrong == [] and found.batches[0].warned == ()


def test_uniqueness_may_be_given_up() -> None:
    twice = ["GS*IN*ACMECORP*987654321*20261121*0527*901*X*004010", *x12_message("810"), *x12_message("810"), "GE*2*901"]
    data = encoded([INVOICES[0], *twice, *twice, "IEA*2*000000901"])
    (batch,) = read(BytesIO(data), STANDARDS, unique_messages=False, unique_groups=False)
    assert batch.reports == () and [group.wrong for group in batch.interchange.groups] == [[], []]
    (batch,) = read(BytesIO(data), STANDARDS)
    assert [report.index for report in batch.reports] == [1, 3]
    assert [wrong.fault.name for wrong in batch.interchange.groups[1].wrong] == ["DUPLICATE"]
