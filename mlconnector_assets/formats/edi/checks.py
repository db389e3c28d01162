"""The fast road: every element of many messages checked at once. It tells which messages are at fault; `diagnosis` tells why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from mlconnector_assets.formats.edi.cells import KINDS, Cells
from mlconnector_assets.formats.edi.numerals import PACKED, are_days, are_numbers, are_times, pack_code, packed
from mlconnector_assets.formats.edi.structure import CLOSING, ENVELOPE, LOST, OPENING, Structure
from mlconnector_assets.formats.edi.tokens import Flags, Indexes, Numbers, Separators, Tokens

_NUMBER, _IMPLIED, _LETTERS, _DATE, _TIME = (KINDS.index(kind) for kind in ("number", "implied", "letters", "date", "time"))


@dataclass(frozen=True)
class Messages:
    """The messages in some segments. `starts` and `ends` are the indexes of the segments that begin and end each, `types` what
    each says it is, `faulty` whether there is anything wrong with it. `states` are those of all segments, `rows` the segments of
    each state."""

    starts: Indexes
    ends: Indexes
    types: pl.Series
    faulty: Flags
    states: npt.NDArray[np.int16]
    rows: Mapping[int, Indexes]


@dataclass(frozen=True)
class Checker:
    """A dictionary made ready. `type_place` is where a message says what it is: element and component of its first segment."""

    structure: Structure
    cells: Cells
    type_place: tuple[int, int]

    def check(self, tokens: Tokens, separators: Separators, *, trailing: bool = True) -> Messages:
        """Find the messages and check each: order, repetition, presence, lengths, characters, numbers, dates, codes. Counts and
        references are the caller's. `trailing`: separators may stand where nothing follows them."""
        codes = self.structure.code_tags(tokens.tags)
        opening = np.flatnonzero(codes == OPENING)
        types = tokens.column(opening, *self.type_place)
        names = types.to_list()
        own = {name: self.structure.code_of_message(name or "") for name in set(names)}
        codes[opening] = [own[name] for name in names]
        states = self.structure.states(codes, opening.tolist())
        bounds = np.flatnonzero((codes <= OPENING + len(self.structure.messages)) & (codes >= ENVELOPE))
        position = np.searchsorted(bounds, opening)
        ends = np.append(bounds, tokens.segments)[position + 1]
        closed = codes[np.minimum(ends, tokens.segments - 1)] == CLOSING
        closed[ends == tokens.segments] = False
        ends = ends - ~closed
        wrong = states == LOST
        cells = self._components(tokens, codes, separators, wrong)
        self._presence(tokens, codes, cells, wrong)
        rows = dict(_grouped(states))
        self._repetition(rows, wrong)
        if not trailing:
            wrong[self._trailing(tokens)] = True
        faulty = ~closed
        found = np.flatnonzero(wrong)
        owner = np.searchsorted(opening, found, "right") - 1
        inside = (owner >= 0) & (found <= ends[owner])
        faulty[owner[inside]] = True
        return Messages(opening, ends, types, faulty, states, rows)

    def _components(
        self, tokens: Tokens, codes: npt.NDArray[np.uint8], separators: Separators, wrong: Flags
    ) -> npt.NDArray[np.int16]:
        """Lengths and values of all components."""
        cells = self.cells.of(codes, tokens)
        kinds = self.cells.kinds.take(cells)
        lengths, odd = tokens.lengths[:-1], tokens.not_digits[:-1]
        not_whole, there = odd > 0, lengths > 0
        numeric = (kinds == _NUMBER) | (kinds == _IMPLIED)
        bad = ~self.cells.fit(cells, lengths)
        signed = np.flatnonzero(numeric & not_whole)
        bad[signed] = ~self.cells.fit(cells[signed], lengths[signed] - odd[signed])
        self._numbers(tokens, signed, kinds, separators, bad)
        bad |= ((kinds == _DATE) | (kinds == _TIME)) & not_whole
        self._dates(tokens, np.flatnonzero((kinds == _DATE) & there & ~bad), bad)
        self._times(tokens, np.flatnonzero((kinds == _TIME) & there & ~bad), bad)
        self._letters(tokens, np.flatnonzero((kinds == _LETTERS) & there), bad)
        self._codes(tokens, np.flatnonzero(self.cells.coded.take(cells) & there), cells, bad)
        bad[tokens.outside] = True
        bad[tokens.repeated] = True
        found = np.flatnonzero(bad)
        if len(found):
            wrong[tokens.element_segments[tokens.component_elements[found]]] = True
        return cells

    @staticmethod
    def _trailing(tokens: Tokens) -> Numbers:
        """Segments with a separator that nothing follows."""
        last = tokens.element_components[1:] - 1
        several = tokens.element_components[:-1] < last
        last_elements = tokens.segment_elements[1:] - 1
        several[last_elements] |= tokens.segment_elements[:-1] < last_elements
        found: Numbers = tokens.element_segments[several & (tokens.lengths[last] == 0)]
        return found

    @staticmethod
    def _numbers(tokens: Tokens, found: Indexes, kinds: npt.NDArray[np.uint8], separators: Separators, bad: Flags) -> None:
        for kind, marks in ((_NUMBER, separators.decimal or b".,"), (_IMPLIED, b"")):
            some = found[kinds[found] == kind]
            bad[some[~are_numbers(tokens, some, marks)]] = True

    @staticmethod
    def _dates(tokens: Tokens, found: Indexes, bad: Flags) -> None:
        lengths = tokens.lengths[found]
        bad[found[(lengths != 8) & (lengths != 6)]] = True
        for length in (8, 6):
            some = found[lengths == length]
            bad[some[~are_days(tokens, some, 0, length)]] = True

    @staticmethod
    def _times(tokens: Tokens, found: Indexes, bad: Flags) -> None:
        lengths = tokens.lengths[found]
        bad[found[(lengths < 4) | (lengths > 8)]] = True
        for length in range(4, 9):
            some = found[lengths == length]
            bad[some[~are_times(tokens, some, 0, length)]] = True

    @staticmethod
    def _letters(tokens: Tokens, found: Indexes, bad: Flags) -> None:
        if len(found):
            bad[found[tokens.texts.gather(found).str.contains("[0-9]").to_numpy()]] = True

    def _codes(self, tokens: Tokens, found: Indexes, cells: npt.NDArray[np.int16], bad: Flags) -> None:
        values = packed(tokens, found)
        for cell, some in _grouped(cells[found]):
            codes = self.cells.elements[cell].codes
            if all(len(code) <= PACKED for code in codes):
                bad[found[some[~np.isin(values[some], [pack_code(code) for code in codes])]]] = True
            else:
                bad[found[some[~tokens.texts.gather(found[some]).is_in(list(codes)).to_numpy()]]] = True

    def _presence(self, tokens: Tokens, codes: npt.NDArray[np.uint8], cells: npt.NDArray[np.int16], wrong: Flags) -> None:
        bits = self.cells.bits.take(cells)
        bits[tokens.lengths[:-1] == 0] = 0
        there = np.bitwise_or.reduceat(bits, tokens.element_components[tokens.segment_elements[:-1]])
        for code, some in _grouped(codes):
            for presence in self.cells.presences.get(code, ()):
                wrong[some[presence.broken(there[some])]] = True

    def _repetition(self, rows: Mapping[int, Indexes], wrong: Flags) -> None:
        """Places that are filled too often; the automaton does not come twice to those that may be filled once."""
        for number, some in rows.items():
            position = self.structure.positions.get(number)
            if position is None or position.parent is None or not 1 < position.place.most < len(some):
                continue
            owner = np.searchsorted(rows[position.parent], some, "right") - 1
            first = np.searchsorted(owner, owner)
            wrong[some[np.arange(len(some)) - first >= position.place.most]] = True


def _grouped(values: npt.NDArray[np.integer[Any]]) -> Iterator[tuple[int, Indexes]]:
    """Each value, and where it stands."""
    if not len(values):
        return
    order = np.argsort(values, kind="stable")
    for some in np.split(order, np.flatnonzero(np.diff(values[order])) + 1):
        yield int(values[some[0]]), some
