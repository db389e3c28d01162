"""Reading 997 and TA1."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from mlconnector_assets.dictionaries import shipped
from mlconnector_assets.formats.edi.answers import Answer, MessageAnswer, Reason, Status, component_at, messages_of, whole
from mlconnector_assets.formats.edi.reading import Batch
from mlconnector_assets.formats.edi.tokens import Elements, pack

RESULTS: Mapping[str, Status] = {
    "A": Status.ACCEPTED,
    "E": Status.ACCEPTED_WITH_ERRORS,
    "P": Status.PARTLY,
    "R": Status.REJECTED,
    "M": Status.REJECTED,
    "W": Status.REJECTED,
    "X": Status.REJECTED,
}
"""AK501, AK901 and TA104."""
NO_ERROR = "000"
ELEMENTS = {"AK304": "720", "AK403": "723", "AK502": "718", "AK905": "716", "TA105": "I18"}
"""Data elements of the codes."""


def x12_answers(batch: Batch) -> Iterator[Answer]:
    """What the TA1 and 997 among some messages say; nothing of one without a result."""
    interchange = batch.interchange
    for number in np.flatnonzero(batch.tokens.tags == pack("TA1")).tolist():
        segment = batch.tokens.segment(number)
        reference, code = component_at(segment, 1), component_at(segment, 5)
        if status := RESULTS.get(component_at(segment, 4)):
            reasons = (_reason("TA105", code),) if code not in ("", NO_ERROR) else ()
            parties = interchange.receiver, interchange.sender
            yield Answer("TA1", True, *parties, "interchange", reference, "", reference, status, reasons)
    for segments, sound in messages_of(batch, "997"):
        by_tag = {segment[0][0]: segment for segment in segments}
        about, result = by_tag.get("AK1"), by_tag.get("AK9", ())
        if about is None or (status := RESULTS.get(component_at(result, 1))) is None:
            continue
        yield Answer(
            "997",
            sound,
            interchange.receiver,
            interchange.sender,
            "group",
            "",
            component_at(about, 1),
            component_at(about, 2),
            status,
            tuple(_reasons("AK905", result, 5)),
            tuple(_messages(segments)),
            whole(component_at(result, 3)),
            whole(component_at(result, 4)),
        )


def _messages(segments: Sequence[Elements]) -> Iterator[MessageAnswer]:
    kind = reference = ""
    faulty: Elements = ()
    reasons: list[Reason] = []
    for segment in segments:
        match segment[0][0]:
            case "AK2":
                kind, reference, faulty, reasons = component_at(segment, 1), component_at(segment, 2), (), []
            case "AK3":
                faulty = segment
                reasons += _of_segment(segment)
            case "AK4":
                reasons.append(_of_element(faulty, segment))
            case "AK5" if (status := RESULTS.get(component_at(segment, 1))) is not None and reference:
                yield MessageAnswer(kind, reference, status, (*reasons, *_reasons("AK502", segment, 2)))


def _of_segment(ak3: Elements) -> Iterator[Reason]:
    if code := component_at(ak3, 4):
        yield replace(_reason("AK304", code), position=whole(component_at(ak3, 2)), segment=component_at(ak3, 1))


def _of_element(ak3: Elements, ak4: Elements) -> Reason:
    return replace(
        _reason("AK403", component_at(ak4, 3)),
        position=whole(component_at(ak3, 2)),
        segment=component_at(ak3, 1),
        element=whole(component_at(ak4, 1)),
        component=whole(component_at(ak4, 1, 1)),
        found=component_at(ak4, 4),
    )


def _reasons(name: str, segment: Elements, first: int) -> Iterator[Reason]:
    for place in range(first, first + 5):
        if code := component_at(segment, place):
            yield _reason(name, code)


def _reason(name: str, code: str) -> Reason:
    text = shipped("x12_005010").elements[ELEMENTS[name]].explain(code)
    return Reason(f"{name} {code}", text or "a code that we do not know")
