"""What many messages hold, by the places of their segments: for rules over more than one segment, such as totals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from mlconnector_assets.dictionaries import Composite
from mlconnector_assets.formats.edi.checks import Messages
from mlconnector_assets.formats.edi.diagnosis import Fault, Kind
from mlconnector_assets.formats.edi.numerals import Whole, pack_code, packed, scaled
from mlconnector_assets.formats.edi.structure import Structure
from mlconnector_assets.formats.edi.tokens import Flags, Indexes, Tokens

MOST = 9e18
"""What a whole number of 64 bits holds."""


_NONE: Indexes = np.empty(0, np.intp)


@dataclass(frozen=True)
class Remark:
    """A fault that a rule over whole messages finds: the index of the message, and whether it is a warning only."""

    message: int
    fault: Fault
    warning: bool = False


@dataclass(frozen=True)
class Amounts:
    """Numbers at some segments, times ten to the power of their scale, and whether each is known."""

    segments: Indexes
    values: Whole
    known: Flags

    def where(self, chosen: Flags) -> Amounts:
        """Some of them."""
        return Amounts(self.segments[chosen], self.values[chosen], self.known[chosen])

    def times(self, others: Amounts) -> Amounts:
        """The products, of both scales together."""
        fits = np.abs(self.values.astype(np.float64)) * np.abs(others.values.astype(np.float64)) < MOST
        known = self.known & others.known & fits
        return Amounts(self.segments, np.where(known, self.values * others.values, 0), known)


@dataclass(frozen=True)
class Sums:
    """By message: a sum, whether it is known, and how many numbers it has."""

    values: Whole
    known: Flags
    counts: Whole

    def plus(self, others: Sums) -> Sums:
        """The sums of both."""
        return Sums(self.values + others.values, self.known & others.known, self.counts + others.counts)


@dataclass(frozen=True)
class Contents:
    """The messages of one dictionary in a batch. `decimal` is the decimal mark, empty where comma and point both are."""

    tokens: Tokens
    messages: Messages
    structure: Structure
    decimal: bytes

    def at(self, message: str, *paths: str) -> Indexes:
        """The segments at these places in sound messages of a type, in order. A place is written as its tags from the outermost
        loop on: `LIN/MOA`."""
        numbers = [number for path in paths for number in self.structure.numbers.get((message, path), ())]
        found = [self.messages.rows[number] for number in numbers if number in self.messages.rows]
        return self.sound(np.sort(np.concatenate(found)) if found else _NONE)

    def sound(self, segments: Indexes) -> Indexes:
        """Those of segments within messages whose message has no fault."""
        kept: Indexes = segments[~self.messages.faulty[self.owners(segments)]] if len(segments) else segments
        return kept

    def has(self, message: str) -> bool:
        """Whether there is any message of a type."""
        start = self.structure.starts.get(message)
        return start is not None and bool((self.messages.states[self.messages.starts] == start.number).any())

    def owners(self, segments: Indexes) -> Indexes:
        """The message of each segment."""
        return np.searchsorted(self.messages.starts, segments, "right") - 1

    def code(self, segments: Indexes, values: tuple[str, ...], element: int = 1, component: int = 0) -> Flags:
        """Whether there is one of these values at a place."""
        found = packed(self.tokens, self.tokens.find(segments, element, component))
        return np.isin(found, [pack_code(value) for value in values])

    def amounts(self, segments: Indexes, place: tuple[int, int], scale: int) -> Amounts:
        """The numbers at a place (element, component)."""
        values, known = scaled(self.tokens, self.tokens.find(segments, *place), scale, self.decimal or b".,")
        return Amounts(segments, values, known)

    def sums(self, amounts: Amounts) -> Sums:
        """Their sum by message; known where all are, and it fits."""
        owners = self.owners(amounts.segments)
        bounds = np.searchsorted(owners, np.arange(len(self.messages.starts) + 1))

        def each(values: Whole) -> Whole:
            running = np.concatenate(([0], np.cumsum(values)))
            found: Whole = running[bounds[1:]] - running[bounds[:-1]]
            return found

        rough = np.concatenate(([0.0], np.cumsum(np.abs(amounts.values.astype(np.float64)))))
        fits = rough[bounds[1:]] - rough[bounds[:-1]] < MOST / 2
        return Sums(each(amounts.values), (each((~amounts.known).astype(np.int64)) == 0) & fits, np.diff(bounds))

    def unlike(self, said: Amounts, candidates: list[Sums], tolerance: Whole) -> Flags:
        """Which of `said` are unlike all sums of their message, by more than the tolerance of the message, where all are
        known."""
        owners = self.owners(said.segments)
        wrong = said.known.copy()
        for sums in candidates:
            wrong &= sums.known[owners] & (np.abs(said.values - sums.values[owners]) > tolerance[owners])
        return wrong

    def remarks(
        self, said: Amounts, wrong: Flags, place: tuple[int, int | None], expected: Whole, scale: int, *, warning: bool
    ) -> Iterator[Remark]:
        """A remark for each total that is wrong; `expected` is by message."""
        for segment, message in zip(said.segments[wrong].tolist(), self.owners(said.segments[wrong]).tolist(), strict=True):
            amount = (Decimal(int(expected[message])) / 10**scale).normalize()
            yield self.remark(Kind.TOTAL, segment, place, f"computed: {amount:f}", warning=warning)

    def remark(self, kind: Kind, segment: int, place: tuple[int, int | None], about: str, *, warning: bool) -> Remark:
        """A remark about a place of a segment."""
        element, component = place
        elements = self.tokens.segment(segment)
        what = self.structure.dictionary.segments[elements[0][0]].uses[element - 1].what
        if component is not None and isinstance(what, Composite):
            what = what.parts[component - 1].what
        message = int(self.owners(np.array([segment]))[0])
        position = segment - int(self.messages.starts[message]) + 1
        text = elements[element][(component or 1) - 1]
        fault = Fault(kind, position, elements[0][0], "", element, component, what.number, text, f"{what.name}; {about}")
        return Remark(message, fault, warning)

    def counted(self, message: str, items: str, said: Amounts, place: tuple[int, int | None], scale: int) -> Iterator[Remark]:
        """Totals that say another number of items than there are."""
        counts = np.bincount(self.owners(self.at(message, items)), minlength=len(self.messages.starts)).astype(np.int64)
        expected = counts * 10**scale
        wrong = said.known & (said.values != expected[self.owners(said.segments)])
        yield from self.remarks(said, wrong, place, expected, scale, warning=False)
