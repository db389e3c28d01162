"""Where values stand in segments and what they may be, as tables that are looked up for all components at once. A cell is a
component at its place in a kind of segment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mlconnector_assets.dictionaries import Composite, Dictionary, Element, Kind, Rule, Segment
from mlconnector_assets.errors import ConfigurationError
from mlconnector_assets.formats.edi.structure import Structure
from mlconnector_assets.formats.edi.tokens import Flags, Numbers, Tokens

NOTHING = Element("", "", "text", 0, 0)
"""What stands where a segment has no element: only emptiness."""
ANYTHING = Element("", "", "text", 0, 1_000_000)
"""What tags, and segments that the dictionary does not have, may hold."""
MOST_CELLS = 63
LONG = 127
"""Characters from which on lengths are compared one by one."""


@dataclass(frozen=True)
class Presence:
    """What must be there in a segment, as bits of its cells: all of `needed` when any of `given` is there; `given` 0 means
    always. A rule between elements is `rule`, over the bits of each of its elements."""

    given: int
    needed: int
    rule: Rule | None = None
    elements: tuple[int, ...] = ()

    def broken(self, there: npt.NDArray[np.uint64]) -> Flags:
        """Which of these segments break it, given the bits of what is there."""
        if self.rule is None:
            lacks: Flags = (there & np.uint64(self.needed)) != np.uint64(self.needed)
            return lacks if not self.given else lacks & ((there & np.uint64(self.given)) != 0)
        present = [(there & np.uint64(bits)) != 0 for bits in self.elements]
        count = present[0].astype(np.int8)
        for one in present[1:]:
            count += one
        breach: Flags = self.rule.broken(present[0], count)
        return breach


class Cells:
    """The cells of a dictionary's segments. Arrays by cell: `least` and `most` characters, `fits` (whether so many may be there),
    `kinds` (index in KINDS), `bits` (one of the cell within its segment). `elements` are the cells' data elements."""

    def __init__(self, dictionary: Dictionary, structure: Structure) -> None:
        segments = [dictionary.segments[tag] for tag in structure.codes if tag in dictionary.segments]
        self.width = 2 + max((len(segment.uses) for segment in segments), default=0)
        self.depth = 1 + max(
            (len(use.what.parts) for segment in segments for use in segment.uses if isinstance(use.what, Composite)), default=1
        )
        self.elements: list[Element] = [ANYTHING, NOTHING]
        bits = [0, 0]
        self._table = np.zeros((structure.tag_count, self.width, self.depth), np.int16)
        self.presences: dict[int, tuple[Presence, ...]] = {}
        for segment in segments:
            code = structure.codes[segment.tag]
            self._table[code] = 1
            self._table[code, 0, 0] = 0
            for own, (place, component, element) in enumerate(_flat(segment)):
                if own >= MOST_CELLS:
                    raise ConfigurationError(
                        f"segment {segment.tag} has more than {MOST_CELLS} components", where=f"dictionary {dictionary.version}"
                    )
                self._table[code, place, component] = len(self.elements)
                self.elements.append(element)
                bits.append(1 << own)
            self.presences[code] = tuple(_presences(segment))
        opening = structure.codes[structure.opening]
        for message in structure.messages:
            self._table[structure.code_of_message(message)] = self._table[opening]
            self.presences[structure.code_of_message(message)] = self.presences[opening]
        self.bits = np.array(bits, np.uint64)
        self.least = np.array([element.least for element in self.elements], np.int32)
        self.most = np.array([element.most for element in self.elements], np.int32)
        self.kinds = np.array([KINDS.index(element.kind) for element in self.elements], np.uint8)
        self.coded = np.array([bool(element.codes) for element in self.elements])
        self.fits = np.zeros((len(self.elements), LONG + 1), np.bool_)
        for number, element in enumerate(self.elements):
            self.fits[number, max(element.least, 1) : element.most + 1] = True
            self.fits[number, LONG] = element.most >= LONG
        self.fits[:, 0] = True

    def of(self, codes: npt.NDArray[np.uint8], tokens: Tokens) -> npt.NDArray[np.int16]:
        """The cell of each component in segments with these codes."""
        sizes = np.diff(tokens.segment_elements)
        places = np.arange(len(tokens.element_components) - 1, dtype=np.int32)
        places -= np.repeat(tokens.segment_elements[:-1], sizes)
        np.minimum(places, self.width - 1, out=places)
        places += np.repeat(codes.astype(np.int32) * self.width, sizes)
        places *= self.depth
        table = self._table.ravel()
        if len(tokens.lengths) - 1 == len(places):
            return table.take(places)
        sizes = np.diff(tokens.element_components)
        components = np.arange(len(tokens.lengths) - 1, dtype=np.int32)
        components -= np.repeat(tokens.element_components[:-1], sizes)
        np.minimum(components, self.depth - 1, out=components)
        components += np.repeat(places, sizes)
        return table.take(components)

    def fit(self, cells: npt.NDArray[np.int16], lengths: Numbers) -> Flags:
        """Whether so many characters may stand in these cells; none may always."""
        place = cells.astype(np.int32)
        place *= LONG + 1
        place += np.minimum(lengths, LONG)
        found: Flags = self.fits.ravel().take(place)
        long = np.flatnonzero(lengths >= LONG)
        if len(long):
            found[long] = (lengths[long] <= self.most[cells[long]]) & (lengths[long] >= self.least[cells[long]])
        return found


KINDS: tuple[Kind, ...] = ("text", "letters", "number", "implied", "code", "date", "time", "binary")


def _flat(segment: Segment) -> Iterator[tuple[int, int, Element]]:
    """Element number (from 1), component number (from 0) and data element of each cell of a segment."""
    for place, use in enumerate(segment.uses, 1):
        if isinstance(use.what, Element):
            yield place, 0, use.what
        else:
            for component, part in enumerate(use.what.parts):
                assert isinstance(part.what, Element)
                yield place, component, part.what


def _presences(segment: Segment) -> Iterator[Presence]:
    cells = list(_flat(segment))
    whole = [
        sum(1 << own for own, (place, _, _) in enumerate(cells) if place == number) for number in range(1, len(segment.uses) + 1)
    ]
    if needed := [number for number, use in enumerate(segment.uses, 1) if use.required]:
        # a composite is there when any part of it is
        simple = sum(whole[number - 1] for number in needed if isinstance(segment.uses[number - 1].what, Element))
        yield Presence(0, simple)
        for number in needed:
            if isinstance(segment.uses[number - 1].what, Composite):
                yield Presence(0, 0, Rule("R", (number,)), (whole[number - 1],))
    for number, use in enumerate(segment.uses, 1):
        if isinstance(use.what, Composite):
            parts = [
                own for own, (place, component, _) in enumerate(cells) if place == number and use.what.parts[component].required
            ]
            if parts:
                yield Presence(whole[number - 1], sum(1 << own for own in parts))
    for rule in segment.rules:
        yield Presence(0, 0, rule, tuple(whole[position - 1] for position in rule.positions))
