"""What faults are called in CONTRL: codes of data element 0085 at the levels where ISO 9735-4 (annex A) allows them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mlconnector_assets.formats.edi.diagnosis import Fault, Kind
from mlconnector_assets.formats.edi.interchange import EnvelopeFault, Wrong

REJECTED, ACKNOWLEDGED, RECEIVED = "4", "7", "8"
"""Actions (0083)."""
SEGMENT_CODES: Mapping[Kind, str] = {
    Kind.UNKNOWN_SEGMENT: "15",
    Kind.FOREIGN_SEGMENT: "15",
    Kind.UNEXPECTED_SEGMENT: "15",
    Kind.MISPLACED_SEGMENT: "15",
    Kind.MISSING_SEGMENT: "13",
    Kind.TOO_MANY_SEGMENTS: "35",
    Kind.TOO_MANY_LOOPS: "36",
    Kind.TOO_MANY_ELEMENTS: "16",
    Kind.TRAILING_SEPARATOR: "45",
}
"""Of a whole segment, in UCS."""
ELEMENT_CODES: Mapping[Kind, str] = {
    Kind.MISSING: "13",
    Kind.CONDITION: "13",
    Kind.EXCLUSION: "15",
    Kind.TOO_MANY_COMPONENTS: "16",
    Kind.TOO_MANY_REPETITIONS: "35",
    Kind.TOO_SHORT: "40",
    Kind.TOO_LONG: "39",
    Kind.CHARACTER: "37",
    Kind.CODE: "12",
    Kind.TOTAL: "12",
    Kind.DATE: "12",
    Kind.TIME: "12",
}
"""Of an element or component, in UCD, or where a header is at fault in UCI, UCF and UCM."""
OUTSIDE_REPERTOIRE, NO_DIGIT_BEFORE_MARK = "21", "38"
ENVELOPE_CODES: Mapping[EnvelopeFault, str] = {
    EnvelopeFault.UNKNOWN_VERSION: "2",
    EnvelopeFault.HEADER: "12",
    EnvelopeFault.NO_HEADER: "13",
    EnvelopeFault.NO_TRAILER: "13",
    EnvelopeFault.DUPLICATE: "26",
    EnvelopeFault.REFERENCE: "28",
    EnvelopeFault.COUNT: "29",
    EnvelopeFault.SMALL_LETTERS: OUTSIDE_REPERTOIRE,
    EnvelopeFault.UNKNOWN_TYPE: "14",
    EnvelopeFault.WRONG_GROUP: "14",
    EnvelopeFault.EMPTY: "32",
    EnvelopeFault.STRAY: "33",
}
"""Of an interchange or a group, in UCI and UCF."""
MESSAGE_CODES: Mapping[EnvelopeFault, str] = {
    **ENVELOPE_CODES,
    EnvelopeFault.UNKNOWN_VERSION: "14",
    EnvelopeFault.EMPTY: "13",
    EnvelopeFault.STRAY: "15",
}
"""Of a message, in UCM, where 2, 32 and 33 may not stand."""
OF_TRAILERS: Mapping[EnvelopeFault, str] = {EnvelopeFault.NO_TRAILER: "", EnvelopeFault.COUNT: "2", EnvelopeFault.REFERENCE: "3"}
"""Faults of UNT, UNE and UNZ, and the element at fault (0098, which counts the tag as 1)."""
UNH_PLACES: Mapping[EnvelopeFault, tuple[str, ...]] = {
    EnvelopeFault.DUPLICATE: ("2",),
    EnvelopeFault.UNKNOWN_TYPE: ("3", "1"),
    EnvelopeFault.WRONG_GROUP: ("3", "1"),
    EnvelopeFault.UNKNOWN_VERSION: ("3", "2"),
}
"""The element and component of UNH (0098, 0104) that other faults of a message are about."""


def element_code(fault: Fault, repertoire: bytes) -> str:
    """The code of a fault of an element or component; `repertoire` are all bytes that its characters may have in UTF-8."""
    if fault.kind is Kind.CHARACTER:
        if fault.text.encode().translate(None, delete=repertoire):
            return OUTSIDE_REPERTOIRE
        if re.fullmatch(r"-?[.,]\d+", fault.text):
            return NO_DIGIT_BEFORE_MARK
    return ELEMENT_CODES.get(fault.kind) or SEGMENT_CODES[fault.kind]


def envelope_code(wrong: Wrong, repertoire: bytes, *, of_message: bool) -> str:
    """The code of a fault of an envelope."""
    if wrong.detail is not None:
        return element_code(wrong.detail, repertoire)
    return (MESSAGE_CODES if of_message else ENVELOPE_CODES)[wrong.fault]
