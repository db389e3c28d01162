"""The fast road and the exact road are two programs for one rule: what one calls faulty, the other can explain."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mlconnector_assets.formats.edi.diagnosis import Diagnosis
from mlconnector_assets.formats.edi.reading import Batch
from tests.formats.edi.files import MESSAGES, X12_MESSAGES, contents, edifact_file, file_of, x12_file

ODD_TEXTS = st.sampled_from(
    ["", " ", "0", "-", "-1", "+1", "1e5", "1.", ".5", "1,5", "00000101", "20261301", "20260229", "261301", "2500", "0960",
     "１２", "é", "É1", "\x01", "A" * 40, "9" * 20, "ST", "810", "INVOIC", "ZZZ", "2026110", "²", "12:30", "A^B"]
)  # fmt: skip
REPERTOIRE = bytes([*range(0x20, 0x7F), *range(0x80, 0x100)])
TEXTS = ODD_TEXTS | st.text("AZaz019-. ", max_size=6)


@st.composite
def broken_files(draw: st.DrawFn) -> list[str]:
    """A file of two messages of one type whose insides were changed a few times, anywhere."""
    kind = draw(st.sampled_from(list(MESSAGES)))
    segments = file_of(kind, 2)
    first = 2 if kind in X12_MESSAGES else 1
    separator, component = ("*", ">") if kind in X12_MESSAGES else ("+", ":")
    foreign = [line for text in MESSAGES.values() for line in text.split("\n")]
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(first, len(segments) - first - 1))
        match draw(st.sampled_from(["drop", "twice", "swap", "insert", "element", "component", "add", "cut", "tail"])):
            case "drop":
                del segments[place]
            case "twice":
                segments[place:place] = [segments[place]] * draw(st.sampled_from([1, 2, 12, 30]))
            case "swap":
                other = draw(st.integers(first, len(segments) - first - 1))
                segments[place], segments[other] = segments[other], segments[place]
            case "insert":
                segments.insert(place, draw(st.sampled_from(foreign)))
            case "element":
                elements = segments[place].split(separator)
                elements[draw(st.integers(0, len(elements) - 1))] = draw(TEXTS)
                segments[place] = separator.join(elements)
            case "component":
                elements = segments[place].split(separator)
                number = draw(st.integers(0, len(elements) - 1))
                parts = elements[number].split(component)
                parts[draw(st.integers(0, len(parts) - 1))] = draw(TEXTS)
                segments[place] = separator.join([*elements[:number], component.join(parts), *elements[number + 1 :]])
            case "add":
                segments[place] += separator + draw(TEXTS)
            case "cut":
                segments[place] = separator.join(segments[place].split(separator)[: draw(st.integers(1, 4))])
            case "tail":
                segments[place] += draw(st.sampled_from([separator, component, component * 2, "^", "^1", component + "A"]))
        if len(segments) < 2 * first + 2:
            break
    return segments


def exactly(batch: Batch) -> list[tuple[int, bool, bool]]:
    """Each message's index, whether the fast road finds a fault in it, and whether the exact road does."""
    separators = batch.interchange.separators
    found = []
    for checked in batch.checked.values():
        structure = checked.version.checker.structure
        trailing = not batch.interchange.version.endswith(":4")
        diagnosis = Diagnosis(structure, REPERTOIRE, separators.decimal, trailing)
        messages = checked.messages
        for index, (start, end) in enumerate(zip(messages.starts.tolist(), messages.ends.tolist(), strict=True)):
            kind = messages.types[index] or ""
            segments = [batch.tokens.segment(number) for number in range(start, end + 1)]
            exact = (
                kind not in structure.messages
                or segments[-1][0][0] != structure.closing
                or bool(diagnosis.faults(kind, segments, batch.tokens.repeated_within(start, end)))
            )
            found.append((index, bool(messages.faulty[index]), exact))
    return found


@settings(max_examples=60)
@given(broken_files(), st.booleans())
@example(x12_file("810"), True)
@example(edifact_file("INVOIC"), True)
def test_both_roads_find_the_same_messages_at_fault(segments: list[str], newer: bool) -> None:
    if newer and segments[0].startswith("ISA"):
        segments = [segments[0].replace("*U*00401", "*^*00501"), *segments[1:]]
    elif newer:
        segments = [segments[0].replace("UNOC:3", "UNOC:4"), *segments[1:]]
    terminator = "~" if segments[0].startswith("ISA") else "'"
    data = "".join(segment + terminator for segment in segments).encode("utf-8" if terminator == "~" else "latin-1", "replace")
    found = contents(data)
    for batch in found.batches:
        for index, fast, exact in exactly(batch):
            assert fast == exact, (index, fast, exact)
    assert all(report.faults or report.wrong for report in found.reports)
    messages = sum(len(batch.groups) for batch in found.batches)
    assert len(found.sound) + len(found.reports) == messages
    assert np.all([group.accepted <= group.messages for one in found.interchanges for group in one.groups])
