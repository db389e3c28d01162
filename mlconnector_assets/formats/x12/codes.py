"""What faults are called in acknowledgments of X12: codes of AK304, AK403, AK502, AK905 and TA105.

Sources: public lists of trading partners and of integration products for data elements 716, 718, 720, 723 and I18."""

from __future__ import annotations

from collections.abc import Mapping

from mlconnector_assets.formats.edi.diagnosis import Fault, Kind
from mlconnector_assets.formats.edi.interchange import EnvelopeFault, Wrong

SEGMENT_CODES: Mapping[Kind, str] = {
    Kind.UNKNOWN_SEGMENT: "1",
    Kind.UNEXPECTED_SEGMENT: "2",
    Kind.MISSING_SEGMENT: "3",
    Kind.TOO_MANY_LOOPS: "4",
    Kind.TOO_MANY_SEGMENTS: "5",
    Kind.FOREIGN_SEGMENT: "6",
    Kind.MISPLACED_SEGMENT: "7",
}
"""AK304 for faults of a whole segment."""
SEGMENT_HAS_ERRORS = "8"
"""AK304 above the AK4 segments for its elements."""
ELEMENT_CODES: Mapping[Kind, str] = {
    Kind.MISSING: "1",
    Kind.CONDITION: "2",
    Kind.TOO_MANY_ELEMENTS: "3",
    Kind.TOO_MANY_COMPONENTS: "3",
    Kind.TOO_MANY_REPETITIONS: "3",
    Kind.TRAILING_SEPARATOR: "3",
    Kind.TOO_SHORT: "4",
    Kind.TOO_LONG: "5",
    Kind.CHARACTER: "6",
    Kind.CODE: "7",
    Kind.TOTAL: "7",
    Kind.DATE: "8",
    Kind.TIME: "9",
    Kind.EXCLUSION: "10",
}
"""AK403."""
LATER_ELEMENT_CODES: Mapping[Kind, str] = {Kind.TOO_MANY_REPETITIONS: "12", Kind.TOO_MANY_COMPONENTS: "13"}
"""AK403 that only 005010 and later versions have."""
SEGMENTS_IN_ERROR, WRONG_IDENTIFIER, WRONG_NUMBER = "5", "6", "7"
SET_CODES: Mapping[EnvelopeFault, str] = {
    EnvelopeFault.UNKNOWN_TYPE: "1",
    EnvelopeFault.UNKNOWN_VERSION: "1",
    EnvelopeFault.NO_TRAILER: "2",
    EnvelopeFault.REFERENCE: "3",
    EnvelopeFault.COUNT: "4",
    EnvelopeFault.STRAY: SEGMENTS_IN_ERROR,
    EnvelopeFault.NO_HEADER: SEGMENTS_IN_ERROR,
    EnvelopeFault.SMALL_LETTERS: SEGMENTS_IN_ERROR,
    EnvelopeFault.EMPTY: SEGMENTS_IN_ERROR,
    EnvelopeFault.HEADER: SEGMENTS_IN_ERROR,
    EnvelopeFault.WRONG_GROUP: WRONG_IDENTIFIER,
    EnvelopeFault.DUPLICATE: "23",
}
"""AK502."""
GROUP_VERSION = "2"
GROUP_CODES: Mapping[EnvelopeFault, str] = {
    EnvelopeFault.UNKNOWN_TYPE: "1",
    EnvelopeFault.WRONG_GROUP: "1",
    EnvelopeFault.UNKNOWN_VERSION: GROUP_VERSION,
    EnvelopeFault.NO_TRAILER: "3",
    EnvelopeFault.REFERENCE: "4",
    EnvelopeFault.COUNT: "5",
    EnvelopeFault.EMPTY: "5",
    EnvelopeFault.DUPLICATE: "6",
    EnvelopeFault.STRAY: "",
    EnvelopeFault.NO_HEADER: "",
    EnvelopeFault.SMALL_LETTERS: "",
    EnvelopeFault.HEADER: "",
}
"""AK905; there is none for segments between transaction sets."""
LATER_GROUP_DUPLICATE = "19"
"""AK905 for a group's number that came twice, in 005010 and later versions."""
GROUP_ELEMENT_CODES: Mapping[tuple[str, int], str] = {
    ("GS", 1): "1",
    ("GS", 6): "6",
    ("GS", 8): GROUP_VERSION,
    ("GE", 1): "5",
    ("GE", 2): "4",
}
"""AK905 for elements of GS and GE."""
INTERCHANGE_CODES: Mapping[EnvelopeFault, str] = {
    EnvelopeFault.REFERENCE: "001",
    EnvelopeFault.UNKNOWN_VERSION: "017",
    EnvelopeFault.COUNT: "021",
    EnvelopeFault.STRAY: "022",
    EnvelopeFault.NO_HEADER: "022",
    EnvelopeFault.SMALL_LETTERS: "024",
    EnvelopeFault.NO_TRAILER: "023",
    EnvelopeFault.EMPTY: "024",
    EnvelopeFault.HEADER: "024",
    EnvelopeFault.UNKNOWN_TYPE: "024",
    EnvelopeFault.WRONG_GROUP: "024",
    EnvelopeFault.DUPLICATE: "025",
}
"""TA105."""
INTERCHANGE_ELEMENT_CODES: Mapping[tuple[str, int], str] = {
    ("ISA", 1): "010",
    ("ISA", 2): "011",
    ("ISA", 3): "012",
    ("ISA", 4): "013",
    ("ISA", 5): "005",
    ("ISA", 6): "006",
    ("ISA", 7): "007",
    ("ISA", 8): "008",
    ("ISA", 9): "014",
    ("ISA", 10): "015",
    ("ISA", 11): "016",
    ("ISA", 12): "017",
    ("ISA", 13): "018",
    ("ISA", 14): "019",
    ("ISA", 15): "020",
    ("ISA", 16): "027",
    ("IEA", 1): "021",
    ("IEA", 2): "001",
}
"""TA105 for elements of ISA and IEA."""
NOTED_ELEMENTS = {*(("ISA", place) for place in (1, 2, 3, 4, 9, 10, 11, 14)), *(("GS", place) for place in (2, 3, 4, 5, 7))}
"""Elements on which neither addressing nor control depends: a fault in one is noted, and the interchange or group accepted."""
LATER = "005010"


def element_code(kind: Kind, version: str) -> str:
    """AK403 in a version of the standard, such as 004010."""
    later = LATER_ELEMENT_CODES.get(kind) if version[:6] >= LATER else None
    return later or ELEMENT_CODES[kind]


def set_code(wrong: Wrong) -> str:
    """AK502 for a fault of a transaction set's envelope."""
    if wrong.fault is EnvelopeFault.UNKNOWN_TYPE and not wrong.found:
        return WRONG_IDENTIFIER
    return SET_CODES[wrong.fault] if wrong.detail is None else header_code(wrong.detail)


def header_code(fault: Fault) -> str:
    """AK502 for a fault of an element of ST."""
    return {1: WRONG_IDENTIFIER, 2: WRONG_NUMBER}.get(fault.element or 0, SEGMENTS_IN_ERROR)


def group_code(wrong: Wrong, version: str) -> str:
    """AK905; empty where there is none."""
    if wrong.detail is not None:
        return GROUP_ELEMENT_CODES.get(_place(wrong.detail), "")
    if wrong.fault is EnvelopeFault.DUPLICATE and version[:6] >= LATER:
        return LATER_GROUP_DUPLICATE
    return GROUP_CODES[wrong.fault]


def interchange_code(wrong: Wrong) -> str:
    """TA105."""
    own = INTERCHANGE_ELEMENT_CODES.get(_place(wrong.detail)) if wrong.detail is not None else None
    return own or INTERCHANGE_CODES[wrong.fault]


def rejects_group(wrong: Wrong) -> bool:
    """Whether nothing in the group can be accepted; other faults are noted."""
    return wrong.fault is not EnvelopeFault.STRAY and rejects_interchange(wrong)


def rejects_interchange(wrong: Wrong) -> bool:
    """Whether nothing in the interchange can be accepted; other faults are noted."""
    return wrong.detail is None or _place(wrong.detail) not in NOTED_ELEMENTS


def _place(fault: Fault) -> tuple[str, int]:
    return fault.tag, fault.element or 0
