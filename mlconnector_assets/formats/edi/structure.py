"""The order of segments in messages as one automaton a dictionary: its state is the place of the segment just read. It tells
for each segment of a file where it stands in its message, at the speed of a C loop."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from operator import getitem, itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from mlconnector_assets.dictionaries import Dictionary, Message, Place
from mlconnector_assets.formats.edi.tokens import Tags, pack

OUTSIDE, END, LOST = 0, 1, 2
"""States besides places: between messages, at the end of one, and after a segment that stands nowhere in its message."""
UNKNOWN_TAG, ENVELOPE, CLOSING, OPENING = 0, 1, 2, 3
"""Codes of tags: one that the dictionary does not have, a segment of the envelope, the end of a message, the beginning of a
message that the dictionary does not have. Above them the beginnings of messages, then the tags."""


Ahead = tuple[int | None, tuple[int, ...]]


@dataclass(frozen=True)
class Position:
    """A place of a message in the automaton. `parent` is the number of the loop that it stands in, None for the message itself;
    `path` the tags of the loops around it and its own. `ahead` are the places that may come next, the first possibility
    first; each with the mandatory places that are passed over. None is the end of the message."""

    number: int
    message: str
    place: Place
    parent: int | None
    path: tuple[str, ...]
    ahead: tuple[Ahead, ...]

    @property
    def begins_loop(self) -> bool:
        """Whether other places belong to this one."""
        return bool(self.place.inside)


class Structure:
    """The automaton of a dictionary. `numbers` are those of a message's positions by their path (`LIN/MOA`). `opening`
    and `closing` are the tags around a message (ST and SE, UNH and UNT), `envelope` those between messages."""

    def __init__(self, dictionary: Dictionary, opening: str, closing: str, envelope: Sequence[str]) -> None:
        self.dictionary = dictionary
        self.opening, self.closing = opening, closing
        self.messages = tuple(dictionary.messages)
        self.positions: dict[int, Position] = {}
        self.starts: dict[str, Position] = {}
        first_tag = OPENING + 1 + len(self.messages)
        tags = [tag for tag in dictionary.segments if tag not in (opening, closing, *envelope)]
        self.codes = {tag: code for code, tag in enumerate(tags, first_tag)}
        self.codes |= dict.fromkeys(envelope, ENVELOPE) | {closing: CLOSING, opening: OPENING}
        self.tag_count = first_tag + len(tags)
        packed = np.array([pack(tag) for tag in self.codes], np.uint32)
        self._entry_tags = np.append(packed, np.uint32(0))
        self._entry_codes = np.array([*self.codes.values(), UNKNOWN_TAG], np.uint8)
        self._by_hash = np.full(_HASHES, len(packed), np.uint8)
        self._by_hash[_hashed(packed)] = np.arange(len(packed))
        for message in dictionary.messages.values():
            self._add(message)
        self._table = self._transitions()
        self.numbers: dict[tuple[str, str], list[int]] = {}
        for position in self.positions.values():
            self.numbers.setdefault((position.message, "/".join(position.path)), []).append(position.number)

    def code_tags(self, tags: Tags) -> npt.NDArray[np.uint8]:
        """The codes of packed tags; the beginning of every message is OPENING."""
        entries = self._by_hash.take(_hashed(tags))
        codes = self._entry_codes.take(entries)
        codes[self._entry_tags.take(entries) != tags] = UNKNOWN_TAG
        return codes

    def code_of_message(self, message: str) -> int:
        """The code of the beginning of this message."""
        return OPENING + 1 + self.messages.index(message) if message in self.messages else OPENING

    def states(self, codes: npt.NDArray[np.uint8], openings: Sequence[int]) -> npt.NDArray[np.int16]:
        """The state after each segment, given their codes, and where messages begin among them. Where a message begins, what was
        before does not matter, and messages of one shape have the same states: each shape is followed once."""
        data, known = codes.tobytes(), dict[bytes, npt.NDArray[np.int16]]()
        shapes = [data[first:last] for first, last in pairwise([0, *openings, len(data)])]
        for shape in shapes:
            if shape not in known:
                known[shape] = self._followed(shape)
        return np.concatenate([known[shape] for shape in shapes])

    def _followed(self, codes: bytes) -> npt.NDArray[np.int16]:
        step: Callable[[list[Any], int], list[Any]] = getitem
        reached = accumulate(codes, step, initial=self._table[OUTSIDE])
        next(reached)
        return np.fromiter(map(itemgetter(-1), reached), np.int16, len(codes))

    def _add(self, message: Message) -> None:
        root = Place(self.opening, 1, 1, message.places)
        first = LOST + 1 + len(self.positions)
        places: dict[int, tuple[Place, int | None]] = {}
        paths: dict[int, tuple[str, ...]] = {}
        children: dict[int, list[int]] = {}

        def number(place: Place, parent: int | None, path: tuple[str, ...]) -> int:
            own = first + len(places)
            places[own], paths[own] = (place, parent), path
            children[own] = [number(inner, own, (*path, inner.tag)) for inner in place.inside]
            return own

        top = number(root, None, ())
        for own, (place, parent) in places.items():
            ahead = tuple(_ahead(own, children, places))
            self.positions[own] = Position(own, message.code, place, parent, paths[own], ahead)
        self.starts[message.code] = self.positions[top]

    def _transitions(self) -> list[list[Any]]:
        """For each state the state that follows by code of tag, and last its own number."""
        table: list[list[Any]] = [[] for _ in range(LOST + 1 + len(self.positions))]
        lost, outside = table[LOST], table[OUTSIDE]
        for number, row in enumerate(table):
            row.extend([lost] * self.tag_count)
            row[ENVELOPE] = outside
            row[CLOSING] = lost
            for message in self.messages:
                row[self.code_of_message(message)] = table[self.starts[message].number]
            if (position := self.positions.get(number)) is not None:
                for one, passed in reversed(position.ahead):
                    if not passed:
                        row[CLOSING if one is None else self.codes[self.positions[one].place.tag]] = table[
                            END if one is None else one
                        ]
            row.append(number)
        return table


_HASHES = 1 << 18


def _hashed(tags: Tags) -> Tags:
    """Six bits of each character: different for all tags of capitals and digits."""
    hashed: Tags = (
        (tags & np.uint32(0x3F)) | (tags & np.uint32(0x3F00)) >> np.uint32(2) | (tags & np.uint32(0x3F0000)) >> np.uint32(4)
    )
    return hashed


def _ahead(own: int, children: Mapping[int, Sequence[int]], places: Mapping[int, tuple[Place, int | None]]) -> Iterator[Ahead]:
    place, parent = places[own]
    passed: tuple[int, ...] = ()
    if not place.inside and place.most > 1:
        yield own, passed
    ahead = children[own]
    while True:
        for one in ahead:
            yield one, passed
            if places[one][0].least:
                passed = (*passed, one)
        if place.inside and place.most > 1:
            yield own, passed
        if parent is None:
            yield None, passed
            return
        siblings = children[parent]
        ahead = siblings[siblings.index(own) + 1 :]
        own = parent
        place, parent = places[own]
