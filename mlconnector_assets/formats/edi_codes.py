"""What a fault is called in the acknowledgment that answers it: AK304, AK403, AK502, AK905 and TA105 of X12, 0085 of EDIFACT."""

from __future__ import annotations

from mlconnector_assets.formats.edi.diagnosis import Fault, Kind
from mlconnector_assets.formats.edi.interchange import EnvelopeFault, Wrong

_X12_FAULTS = {
    Kind.UNKNOWN_SEGMENT: "1",
    Kind.UNEXPECTED_SEGMENT: "2",
    Kind.MISSING_SEGMENT: "3",
    Kind.TOO_MANY_LOOPS: "4",
    Kind.TOO_MANY_SEGMENTS: "5",
    Kind.FOREIGN_SEGMENT: "6",
    Kind.MISPLACED_SEGMENT: "7",
    Kind.MISSING: "1",
    Kind.CONDITION: "2",
    Kind.TOO_MANY_ELEMENTS: "3",
    Kind.TOO_MANY_COMPONENTS: "3",
    Kind.TOO_MANY_REPETITIONS: "3",
    Kind.TOO_SHORT: "4",
    Kind.TOO_LONG: "5",
    Kind.CHARACTER: "6",
    Kind.CODE: "7",
    Kind.TOTAL: "7",
    Kind.TRAILING_SEPARATOR: "3",
    Kind.DATE: "8",
    Kind.TIME: "9",
    Kind.EXCLUSION: "10",
}
_EDIFACT_FAULTS = {
    Kind.UNKNOWN_SEGMENT: "15",
    Kind.UNEXPECTED_SEGMENT: "15",
    Kind.FOREIGN_SEGMENT: "15",
    Kind.MISPLACED_SEGMENT: "15",
    Kind.MISSING_SEGMENT: "13",
    Kind.TOO_MANY_LOOPS: "36",
    Kind.TOO_MANY_SEGMENTS: "35",
    Kind.MISSING: "13",
    Kind.CONDITION: "13",
    Kind.EXCLUSION: "15",
    Kind.TOO_MANY_ELEMENTS: "16",
    Kind.TOO_MANY_COMPONENTS: "16",
    Kind.TOO_MANY_REPETITIONS: "35",
    Kind.TOO_SHORT: "40",
    Kind.TOO_LONG: "39",
    Kind.CHARACTER: "37",
    Kind.CODE: "12",
    Kind.TOTAL: "12",
    Kind.TRAILING_SEPARATOR: "45",
    Kind.DATE: "12",
    Kind.TIME: "12",
}
_ENVELOPES = {
    # interchange (TA105), group (AK905), message (AK502), any level of EDIFACT (0085)
    EnvelopeFault.HEADER: ("024", "6", "6", "12"),
    EnvelopeFault.NO_HEADER: ("022", "", "5", "13"),
    EnvelopeFault.SMALL_LETTERS: ("024", "", "5", "21"),
    EnvelopeFault.NO_TRAILER: ("023", "3", "2", "13"),
    EnvelopeFault.REFERENCE: ("001", "4", "3", "28"),
    EnvelopeFault.COUNT: ("021", "5", "4", "29"),
    EnvelopeFault.DUPLICATE: ("025", "6", "23", "26"),
    EnvelopeFault.UNKNOWN_TYPE: ("024", "1", "1", "14"),
    EnvelopeFault.UNKNOWN_VERSION: ("017", "2", "1", "14"),
    EnvelopeFault.WRONG_GROUP: ("024", "1", "6", "31"),
    EnvelopeFault.STRAY: ("022", "3", "2", "33"),
    EnvelopeFault.EMPTY: ("024", "5", "5", "32"),
}
_LEVELS = ("interchange", "group", "message")


def code_of(fault: Fault | Wrong, standard: str, level: str = "message") -> tuple[str, str]:
    """The code for a fault of a segment, or of the envelope at this `level` (interchange, group, message), and the element of
    the acknowledgment whose code it is."""
    if standard == "edifact":
        return "0085", _EDIFACT_FAULTS[fault.kind] if isinstance(fault, Fault) else _ENVELOPES[fault.fault][3]
    if isinstance(fault, Fault):
        return "AK304" if fault.element is None else "AK403", _X12_FAULTS[fault.kind]
    number = _LEVELS.index(level)
    return ("TA105", "AK905", "AK502")[number], _ENVELOPES[fault.fault][number]
