"""Faults in a sentence for people: what, where, the text found, and what is allowed there."""

from __future__ import annotations

from mlconnector_assets.dictionaries import Element
from mlconnector_assets.formats.edi.diagnosis import Fault, Kind
from mlconnector_assets.formats.edi.interchange import EnvelopeFault, Wrong
from mlconnector_assets.formats.edi.standard import Version

SHOWN_TEXT = 60
"""Characters of an offending text that are shown."""
SHOWN_CODES = 12
BOTH_SAID = {
    EnvelopeFault.COUNT: "{found} in its trailer, {expected} counted",
    EnvelopeFault.REFERENCE: "{found} in its trailer, {expected} in its header",
    EnvelopeFault.WRONG_GROUP: "{found}, where its messages stand in {expected}",
}
"""Faults that need what is written and what was counted or announced in a sentence."""


def visible(text: str) -> str:
    """The text with everything that has no shape of its own, such as control characters, escaped."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def of_fault(fault: Fault, version: Version | None) -> str:
    """What is wrong with a segment, an element or a component; `version` is the dictionary that says so."""
    dictionary = version.checker.structure.dictionary if version else None
    if fault.element is None:
        segment = dictionary.segments.get(fault.tag) if dictionary else None
        inside = f" in loop {fault.loop}" if fault.loop and fault.loop != fault.tag else ""
        return f"segment {visible(fault.tag)}{f' ({segment.name})' if segment else ''} {fault.kind.value}{inside}"
    element = dictionary.elements.get(fault.number) if dictionary else None
    name, _, about = fault.message.partition("; ") if fault.message else (element.name if element else "", "", "")
    found = f": {shortened(fault.text)!r}" if fault.text else ""
    more = f" ({about})" if about else _allowed(fault, element)
    return f"{place_of(fault)}{f' ({name})' if name else ''} {fault.kind.value}{found}{more}"


def of_envelope(wrong: Wrong, about: str) -> str:
    """What is wrong with a message, a group or an interchange; `about` names it."""
    if wrong.detail is not None:
        detail = of_fault(wrong.detail, None)
    elif wrong.fault in BOTH_SAID:
        detail = BOTH_SAID[wrong.fault].format(found=visible(wrong.found) or "nothing", expected=visible(wrong.expected))
    else:
        detail = ", ".join(visible(text) for text in (wrong.expected, wrong.found) if text)
    return f"{about} {wrong.fault.value}{f': {detail}' if detail else ''}"


def place_of(fault: Fault) -> str:
    """An element's place as people write it: BIG02, SLN05-1."""
    if fault.element is None:
        return fault.tag
    return f"{fault.tag}{fault.element:02d}{f'-{fault.component}' if fault.component else ''}"


def shortened(text: str, most: int = SHOWN_TEXT) -> str:
    """The beginning of a long text, and its length."""
    return text if len(text) <= most else f"{text[:most]}… ({len(text):,} characters)"


def _allowed(fault: Fault, element: Element | None) -> str:
    if element is None:
        return ""
    match fault.kind:
        case Kind.TOO_LONG:
            return f" (at most {element.most}, here {len(fault.text)})"
        case Kind.TOO_SHORT:
            return f" (at least {element.least}, here {len(fault.text)})"
        case Kind.CODE:
            codes = list(element.codes)
            more = f" and {len(codes) - SHOWN_CODES} more" if len(codes) > SHOWN_CODES else ""
            return f" (allowed: {', '.join(codes[:SHOWN_CODES])}{more})"
    return ""
