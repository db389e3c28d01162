"""What a fault is called in the acknowledgment that answers it, whichever standard it is of."""

from __future__ import annotations

from typing import Literal

from mlconnector_assets.formats.edi.diagnosis import Fault
from mlconnector_assets.formats.edi.interchange import Interchange, Wrong
from mlconnector_assets.formats.edifact import codes as edifact
from mlconnector_assets.formats.x12 import codes as x12
from mlconnector_assets.formats.x12.standard import X12

Level = Literal["interchange", "group", "message"]
Code = tuple[str, str]
"""The element of the acknowledgment (AK304, AK403, AK502, AK905, TA105, 0085) and the code in it, empty where it has none."""


def code_of_fault(fault: Fault, interchange: Interchange, version: str) -> Code:
    """Of a segment or an element; `version` is that of its group."""
    if interchange.standard != X12.name:
        return "0085", edifact.element_code(fault, interchange.repertoire)
    if fault.kind in x12.SEGMENT_CODES:
        return "AK304", x12.SEGMENT_CODES[fault.kind]
    return "AK403", x12.element_code(fault.kind, version)


def code_of_envelope(wrong: Wrong, interchange: Interchange, level: Level, version: str = "") -> Code:
    """Of what surrounds messages; `version` is that of the group."""
    if interchange.standard != X12.name:
        return "0085", edifact.envelope_code(wrong, interchange.repertoire, of_message=level == "message")
    match level:
        case "interchange":
            return "TA105", x12.interchange_code(wrong)
        case "group":
            return "AK905", x12.group_code(wrong, version)
        case "message":
            return "AK502", x12.set_code(wrong)
