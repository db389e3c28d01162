"""Messages explained: each segment at its place in its loops, each element with its name and its meaning."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from mlconnector_assets.dictionaries import Composite, Element, Segment
from mlconnector_assets.formats.edi.reading import Batch, Report
from mlconnector_assets.formats.edi.standard import Standard, Version
from mlconnector_assets.formats.edi.structure import Position, Structure
from mlconnector_assets.formats.edi.tokens import Elements, pack, text_at
from mlconnector_assets.formats.edi.values import EDIFACT_DATE, X12_DATE, readable

EDIFACT_OPENING = "UNH"
_FORMATS = {EDIFACT_DATE: "2379", X12_DATE: "1250"}
"""Elements whose value is written as a neighbour says, and that neighbour."""


@dataclass(frozen=True)
class ExplainedElement:
    """A component that is there. `place` is what people call it (BIG02, NAD02-1), `number` and `name` are the data element's
    (empty where the dictionary has none here), `meaning` the code's meaning or the value in readable form."""

    place: str
    number: str
    name: str
    text: str
    meaning: str


@dataclass
class ExplainedSegment:
    """A segment; `inside` are those of the loop that begins with it. `position` counts from 1 at the message's first; `loop`
    names that loop as guides do (loop IT1; SG25 in EDIFACT), empty where none begins."""

    position: int
    tag: str
    name: str
    loop: str
    elements: list[ExplainedElement]
    inside: list[ExplainedSegment] = field(default_factory=list)


@dataclass(frozen=True)
class ExplainedMessage:
    """A message. `name` is that of its type; `headline` its number, dates and totals; `segments` the outermost ones; `report`
    what is wrong with it, or to be warned of."""

    type: str
    name: str
    reference: str
    version: Version | None
    group: int
    headline: str
    segments: list[ExplainedSegment]
    report: Report | None


def explained(batch: Batch, standard: Standard, index: int) -> ExplainedMessage:
    """A message of a batch, by its index there."""
    segments = _segments(batch, standard, index)
    report = next((report for report in (*batch.reports, *batch.warned) if report.index == index), None)
    version = report.version if report else _version(batch, index)
    place = version.checker.type_place if version else None
    kind = text_at(segments[0], *place) if place else ""
    reference = text_at(segments[0], standard.reference_place)
    decimal = batch.interchange.separators.decimal.decode("latin-1")
    tree = list(_Explaining(version, decimal).tree(kind, segments))
    message = version.checker.structure.dictionary.messages.get(kind) if version else None
    group = int(batch.groups[index])
    headline = ", ".join(_headline(kind, tree))
    return ExplainedMessage(kind, message.name if message else "", reference, version, group, headline, tree, report)


def explained_segment(elements: Elements, version: Version | None, decimal: str = ".") -> ExplainedSegment:
    """A segment that stands outside of messages."""
    return _Explaining(version, decimal).segment(1, elements, None)


def _segments(batch: Batch, standard: Standard, index: int) -> list[Elements]:
    """The message's segments, up to the one that ends it, or to what comes next where none does."""
    tokens = batch.tokens
    first = int(np.flatnonzero(tokens.tags == pack(standard.opening))[index])
    bounds = [pack(tag) for tag in (standard.opening, standard.closing, standard.group_first, standard.group_last, standard.last)]
    following = np.flatnonzero(np.isin(tokens.tags[first + 1 :], bounds))
    end = first + 1 + int(following[0]) if len(following) else tokens.segments
    if end < tokens.segments and int(tokens.tags[end]) == pack(standard.closing):
        end += 1
    return [tokens.segment(number) for number in range(first, end)]


def _version(batch: Batch, index: int) -> Version | None:
    return next((checked.version for checked in batch.checked.values() if index in checked.sound), None)


@dataclass(frozen=True)
class _Explaining:
    version: Version | None
    decimal: str

    def tree(self, kind: str, segments: Sequence[Elements]) -> Iterator[ExplainedSegment]:
        """The outermost segments of a message, the others inside of them."""
        structure = self.version.checker.structure if self.version else None
        position = structure.starts.get(kind) if structure else None
        open_loops: list[tuple[Position, ExplainedSegment]] = []
        for number, elements in enumerate(segments, 1):
            tag = elements[0][0]
            found = None
            if structure and position and number > 1 and (found := _next(structure, position, tag)):
                position = found
                depth = len(found.path) - 1
                open_loops = [one for one in open_loops if len(one[0].path) <= depth]
            elif structure and tag == structure.closing:
                open_loops = []
            segment = self.segment(number, elements, found)
            if open_loops:
                open_loops[-1][1].inside.append(segment)
            else:
                yield segment
            if found is not None and found.begins_loop:
                open_loops.append((found, segment))

    def segment(self, number: int, elements: Elements, place: Position | None) -> ExplainedSegment:
        """One segment, without those inside of it."""
        tag = elements[0][0]
        known = self.version.checker.structure.dictionary.segments.get(tag) if self.version else None
        loop = self._loop(place) if place is not None and place.begins_loop else ""
        return ExplainedSegment(number, tag, known.name if known else "", loop, list(self._elements(tag, elements, known)))

    def _loop(self, place: Position) -> str:
        assert self.version is not None
        structure = self.version.checker.structure
        if structure.opening != EDIFACT_OPENING:
            return f"loop {place.place.tag}"
        # a message's segment groups are numbered in the order in which they begin
        mine = [one for one in structure.positions.values() if one.message == place.message and one.parent is not None]
        return f"SG{sum(one.begins_loop for one in mine if one.number <= place.number)}"

    def _elements(self, tag: str, elements: Elements, segment: Segment | None) -> Iterator[ExplainedElement]:
        uses = segment.uses if segment else ()
        formats: dict[str, str] = {}
        for place, components in enumerate(elements[1:], 1):
            what = uses[place - 1].what if place <= len(uses) else None
            parts = [part.what for part in what.parts] if isinstance(what, Composite) else [what]
            known = {part.number: text for part, text in zip(parts, components, strict=False) if isinstance(part, Element)}
            formats |= {number: text for number, text in known.items() if number in _FORMATS.values()}
            for component, text in enumerate(components, 1):
                if not text.strip():
                    continue
                part = parts[component - 1] if component <= len(parts) else None
                suffix = f"-{component}" if len(components) > 1 or isinstance(what, Composite) else ""
                name = f"{tag}{place:02d}{suffix}"
                if isinstance(part, Element):
                    yield ExplainedElement(name, part.number, part.name, text, self._meaning(part, text, formats))
                else:
                    yield ExplainedElement(name, "", "", text, "")

    def _meaning(self, element: Element, text: str, formats: dict[str, str]) -> str:
        format = formats.get(_FORMATS.get(element.number, ""), "")
        return element.explain(text.strip()) or readable(element, text, self.decimal, format)


def _next(structure: Structure, position: Position, tag: str) -> Position | None:
    """The place of the next segment; the same again where it stands too often; None where it stands nowhere."""
    for number, _ in position.ahead:
        if number is not None and structure.positions[number].place.tag == tag:
            return structure.positions[number]
    return position if position.place.tag == tag else None


@dataclass(frozen=True)
class _Shown:
    """What a headline shows: the value at a place, where another place has one of some values."""

    label: str
    place: str
    beside: str = ""
    values: tuple[str, ...] = ()


_HEADLINES = {
    "810": (_Shown("number", "BIG02"), _Shown("of", "BIG01"), _Shown("total", "TDS01")),
    "850": (_Shown("number", "BEG03"), _Shown("of", "BEG05"), _Shown("total", "AMT02", "AMT01", ("TT",))),
    "820": (_Shown("trace", "TRN02"), _Shown("of", "BPR16"), _Shown("total", "BPR02")),
    "997": (_Shown("of group", "AK102"), _Shown("result", "AK901")),
    "CONTRL": (_Shown("of interchange", "UCI01"), _Shown("action", "UCI04")),
    **dict.fromkeys(
        ("INVOIC", "ORDERS", "REMADV"),
        (
            _Shown("number", "BGM02"),
            _Shown("number", "BGM02-1"),
            _Shown("of", "DTM01-2", "DTM01-1", ("137",)),
            _Shown("total", "MOA01-2", "MOA01-1", ("77", "86", "9", "39", "12")),
        ),
    ),
}


def _headline(kind: str, segments: Sequence[ExplainedSegment]) -> Iterator[str]:
    for shown in _HEADLINES.get(kind, ()):
        for segment in _before_and_after_lines(segments):
            here = {element.place: element for element in segment.elements}
            if (found := here.get(shown.place)) is None:
                continue
            if shown.beside and (shown.beside not in here or here[shown.beside].text not in shown.values):
                continue
            yield f"{shown.label} {found.meaning or found.text}"
            break


def _before_and_after_lines(segments: Sequence[ExplainedSegment]) -> Iterator[ExplainedSegment]:
    """Segments that speak of the whole message."""
    for segment in segments:
        yield segment
        if segment.tag not in ("LIN", "DOC", "IT1", "PO1"):
            yield from _before_and_after_lines(segment.inside)
