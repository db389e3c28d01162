"""The exact road: one faulty message, segment by segment, to everything that is wrong with it. What a fault is called in an
acknowledgment is the standard's."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from itertools import islice, takewhile
from types import MappingProxyType

from mlconnector_assets.dictionaries import Composite, Element, Rule, Segment, Use
from mlconnector_assets.formats.edi.structure import Position, Structure
from mlconnector_assets.formats.edi.tokens import Elements

TIME = "(?:[01][0-9]|2[0-3])[0-5][0-9](?:[0-5][0-9][0-9]{0,2})?"
"""A time of day: HHMM, HHMMSS, or with tenths or hundredths of a second."""
WHOLE = "-?[0-9]+"
"""A number with implied decimals."""


def number_pattern(decimal: bytes) -> str:
    """A regular expression for numbers with this decimal mark; without one comma and point both are."""
    mark = "[.,]" if not decimal else f"\\x{decimal[0]:02x}"
    return f"-?[0-9]+(?:{mark}[0-9]+)?"


class Kind(Enum):
    """What can be wrong with a segment, an element or a component."""

    UNKNOWN_SEGMENT = "is no segment of this version"
    FOREIGN_SEGMENT = "is no segment of this message"
    UNEXPECTED_SEGMENT = "stands outside of its loop"
    MISPLACED_SEGMENT = "stands behind its place"
    MISSING_SEGMENT = "is mandatory, and missing here"
    TOO_MANY_LOOPS = "begins one loop too many"
    TOO_MANY_SEGMENTS = "stands here too often"
    MISSING = "is mandatory, and empty"
    CONDITION = "is needed beside what else is there"
    EXCLUSION = "may not stand beside what else is there"
    TOO_MANY_ELEMENTS = "is one element too many"
    TOO_MANY_COMPONENTS = "is one component too many"
    TOO_MANY_REPETITIONS = "is repeated, and may not be"
    TRAILING_SEPARATOR = "ends with a separator that nothing follows"
    TOO_SHORT = "is too short"
    TOO_LONG = "is too long"
    CHARACTER = "has a character that may not stand here"
    CODE = "is no value of its list"
    DATE = "is no date"
    TIME = "is no time of day"
    TOTAL = "is not what it should be the total of"


_PLACELESS = (Kind.UNKNOWN_SEGMENT, Kind.FOREIGN_SEGMENT, Kind.UNEXPECTED_SEGMENT, Kind.MISPLACED_SEGMENT)
"""Faults of a segment that stands nowhere, so that nobody can say what its elements should be."""


@dataclass(frozen=True)
class Fault:
    """Something wrong. `position` is the segment's, counted from 1 at the message's first; `element` and `component` count from
    1, None where it concerns the whole; `number` is that of the data element; `text` the offending text."""

    kind: Kind
    position: int
    tag: str
    loop: str = ""
    element: int | None = None
    component: int | None = None
    number: str = ""
    text: str = ""
    message: str = ""


Repeated = Mapping[tuple[int, int], int]
"""Elements that are repeated, by the position of their segment and their own: how many components the first of them has."""


MOST_FAULTS = 1000
"""Nobody mends a message by more."""


@dataclass(frozen=True)
class Diagnosis:
    """How messages of a dictionary are diagnosed. `repertoire` holds all bytes that may stand in one (those above 127 for all
    characters that are not ASCII); `decimal` is the decimal mark; `trailing`: separators may stand where nothing follows."""

    structure: Structure
    repertoire: bytes
    decimal: bytes = b"."
    trailing: bool = True

    def faults(self, message: str, segments: Sequence[Elements], repeated: Repeated = MappingProxyType({})) -> list[Fault]:
        """All faults of a message, from the segment that begins it to the one that ends it, which may be missing; after very
        many it is left alone."""
        found: list[Fault] = []
        walk = _Walk(self.structure, message)
        closed = segments[-1][0][0] == self.structure.closing
        for position, elements in enumerate(islice(segments, len(segments) - closed), 1):
            if len(found) >= MOST_FAULTS:
                return found
            if position > 1:
                misplaced = list(walk.step(position, elements[0][0], segments))
                found += misplaced
                if any(fault.kind in _PLACELESS for fault in misplaced):
                    continue
            found += self.of_segment(position, elements, walk.loop, repeated)
        if closed:
            found += walk.end(len(segments))
            found += self.of_segment(len(segments), segments[-1], "", repeated)
        return found

    def of_segment(
        self, position: int, elements: Elements, loop: str, repeated: Repeated = MappingProxyType({})
    ) -> Iterator[Fault]:
        """The faults of a segment's elements."""
        segment = self.structure.dictionary.segments[elements[0][0]]
        if any(elements[0][1:]):
            yield Fault(Kind.TOO_MANY_COMPONENTS, position, segment.tag, loop, text=elements[0][1])
        for place, components in enumerate(elements):
            if (first := repeated.get((position, place))) is not None:
                what = segment.uses[place - 1].what if 0 < place <= len(segment.uses) else None
                number, name = (what.number, what.name) if what else ("", "")
                text = components[first]
                yield Fault(Kind.TOO_MANY_REPETITIONS, position, segment.tag, loop, place or None, None, number, text, name)
        for place, use in enumerate(segment.uses, 1):
            components = elements[place][: repeated.get((position, place))] if place < len(elements) else [""]
            for fault in self._of_element(use, components):
                yield _placed(fault, position, segment.tag, loop, place)
        for place in range(len(segment.uses) + 1, len(elements)):
            if any(elements[place]):
                yield Fault(Kind.TOO_MANY_ELEMENTS, position, segment.tag, loop, place, text=elements[place][0])
        if not self.trailing:
            yield from _trailing(position, elements, segment, loop)
        for fault in _broken_rules(segment, elements):
            yield _placed(fault, position, segment.tag, loop, fault.element or 0)

    def _of_element(self, use: Use, components: Sequence[str]) -> Iterator[Fault]:
        what = use.what
        if use.required and not any(components):
            yield Fault(Kind.MISSING, 0, "", number=what.number, message=what.name)
            return
        if not any(components):
            return
        parts = what.parts if isinstance(what, Composite) else (use,)
        for number, part in enumerate(parts, 1):
            text = components[number - 1] if number <= len(components) else ""
            element = part.what
            assert isinstance(element, Element)
            component = number if isinstance(what, Composite) else None
            kind = (
                self.fault_of(element, text)
                if text
                else (Kind.MISSING if part.required and isinstance(what, Composite) else None)
            )
            if kind:
                yield Fault(kind, 0, "", component=component, number=element.number, text=text, message=element.name)
        for number in range(len(parts) + 1, len(components) + 1):
            if components[number - 1]:
                yield Fault(Kind.TOO_MANY_COMPONENTS, 0, "", component=number, number=what.number, text=components[number - 1])

    def fault_of(self, element: Element, text: str) -> Kind | None:
        """What is wrong with the text of an element, which is not empty."""
        if text.encode().translate(None, delete=self.repertoire):
            return Kind.CHARACTER
        length = len(re.findall("[0-9]", text)) if element.kind in ("number", "implied") else len(text)
        return next(
            (
                kind
                for kind, applies in (
                    (self._fault_of_kind(element, text), True),
                    (Kind.TOO_SHORT, length < element.least),
                    (Kind.TOO_LONG, length > element.most),
                    (Kind.CODE, bool(element.codes) and text not in element.codes),
                    (Kind.DATE, element.kind == "date" and not is_date(text)),
                    (Kind.TIME, element.kind == "time" and not re.fullmatch(TIME, text)),
                )
                if applies and kind
            ),
            None,
        )

    def _fault_of_kind(self, element: Element, text: str) -> Kind | None:
        digits = text.isascii() and text.isdigit()
        match element.kind:
            case "number" if not re.fullmatch(number_pattern(self.decimal), text):
                return Kind.CHARACTER
            case "implied" if not re.fullmatch(WHOLE, text):
                return Kind.CHARACTER
            case "date" if not digits:
                return Kind.DATE
            case "time" if not digits:
                return Kind.TIME
            case "letters" if re.search("[0-9]", text):
                return Kind.CHARACTER
        return None


def _trailing(position: int, elements: Elements, segment: Segment, loop: str) -> Iterator[Fault]:
    for place, components in enumerate(elements):
        if len(components) > 1 and not components[-1]:
            component: int | None = len(components)
        elif place == len(elements) - 1 and place > 0 and components == [""]:
            component = None
        else:
            continue
        number = segment.uses[place - 1].what.number if 0 < place <= len(segment.uses) else ""
        yield Fault(Kind.TRAILING_SEPARATOR, position, segment.tag, loop, place or None, component, number)


def is_date(text: str) -> bool:
    """Whether a text is a day: yyyymmdd, or yymmdd."""
    try:
        datetime.strptime(text, "%Y%m%d" if len(text) == 8 else "%y%m%d")  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return False
    return len(text) in (6, 8)


def _placed(fault: Fault, position: int, tag: str, loop: str, element: int) -> Fault:
    return Fault(fault.kind, position, tag, loop, element, fault.component, fault.number, fault.text, fault.message)


def _broken_rules(segment: Segment, elements: Elements) -> Iterator[Fault]:
    def there(place: int) -> bool:
        return place < len(elements) and any(elements[place])

    for rule in segment.rules:
        kind, places = _breach(rule, [there(place) for place in rule.positions])
        for place in places:
            what = segment.uses[place - 1].what
            text = elements[place][0] if kind is Kind.EXCLUSION else ""
            yield Fault(kind, 0, "", element=place, number=what.number, text=text, message=what.name)


def _breach(rule: Rule, there: list[bool]) -> tuple[Kind, list[int]]:
    """The elements to blame for a rule's breach: none where it holds."""
    absent = [place for place, is_there in zip(rule.positions, there, strict=True) if not is_there]
    present = [place for place, is_there in zip(rule.positions, there, strict=True) if is_there]
    if not rule.broken(there[0], len(present)):
        return Kind.CONDITION, []
    if rule.kind == "E":
        return Kind.EXCLUSION, present[1:]
    return Kind.CONDITION, absent if rule.kind in "PC" else absent[:1]


_Found = tuple[Position, tuple[int, ...]]
FORESIGHT = 20
"""Segments that are looked at to tell a missing segment from one that should not be there."""


class _Walk:
    """Following a message's segments through its places, also where they do not fit."""

    def __init__(self, structure: Structure, message: str) -> None:
        self.structure, self.position = structure, structure.starts[message]
        self.of_message = [one for one in structure.positions.values() if one.message == message]
        self.filled: Counter[int] = Counter()

    @property
    def loop(self) -> str:
        """The tag that begins the loop we are in."""
        loops = self.position.path if self.position.begins_loop else self.position.path[:-1]
        return loops[-1] if loops else ""

    def step(self, position: int, tag: str, segments: Sequence[Elements]) -> Iterator[Fault]:
        """The next segment, of all."""
        found = self._ahead(self.position, tag)
        if tag not in self.structure.dictionary.segments:
            yield Fault(Kind.UNKNOWN_SEGMENT, position, tag)
        elif found is not None and not (found[1] and self._stands_alone(found, segments[position : position + FORESIGHT])):
            target, missing = found
            for one in missing:
                yield Fault(Kind.MISSING_SEGMENT, position, self.structure.positions[one].place.tag, self.loop)
            yield from self._enter(target, position)
        elif not any(one.place.tag == tag for one in self.of_message):
            yield Fault(Kind.FOREIGN_SEGMENT, position, tag)
        elif any(one.place.tag == tag and one.number < self.position.number for one in self.of_message):
            yield Fault(Kind.MISPLACED_SEGMENT, position, tag, self.loop)
        else:
            yield Fault(Kind.UNEXPECTED_SEGMENT, position, tag, self.loop)

    def end(self, position: int) -> Iterator[Fault]:
        """The segment that ends the message."""
        missing = next(passed for target, passed in self.position.ahead if target is None)
        yield from (Fault(Kind.MISSING_SEGMENT, position, self.structure.positions[one].place.tag) for one in missing)

    def _enter(self, target: Position, position: int) -> Iterator[Fault]:
        self.position = target
        self.filled[target.number] += 1
        self._empty(target)
        if self.filled[target.number] > target.place.most:
            kind = Kind.TOO_MANY_LOOPS if target.begins_loop else Kind.TOO_MANY_SEGMENTS
            yield Fault(kind, position, target.place.tag, self.loop)

    def _empty(self, loop: Position) -> None:
        """What stands in a loop counts anew when the loop begins."""
        after = loop.number + 1 - self.of_message[0].number
        for one in takewhile(lambda one: len(one.path) > len(loop.path), islice(self.of_message, after, None)):
            self.filled[one.number] = 0

    def _stands_alone(self, found: _Found, following: Sequence[Elements]) -> bool:
        """Whether a segment is rather one too many than the ones before it are missing: by which way what follows fits better."""
        tags = [elements[0][0] for elements in following]
        return 1 + self._misfits(self.position, tags) < len(found[1]) + self._misfits(found[0], tags)

    def _misfits(self, position: Position, tags: Sequence[str]) -> int:
        misfits = 0
        for tag in tags:
            found = self._ahead(position, tag)
            if found is None:
                misfits += 1
            else:
                position, misfits = found[0], misfits + len(found[1])
        return misfits

    def _ahead(self, position: Position, tag: str) -> _Found | None:
        """The first place for this tag from there on, and the mandatory places that are passed over."""
        for target, passed in position.ahead:
            if target is not None and self.structure.positions[target].place.tag == tag:
                return self.structure.positions[target], passed
        # one that may stand only once, again
        return (position, ()) if position.place.tag == tag else None
