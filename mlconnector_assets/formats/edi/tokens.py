"""Bytes to segments, elements and components, for millions of them at once: numpy finds where they begin and end, and their
texts are one Arrow array over the bytes. Nothing here knows a standard or a message."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import overload

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

Indexes = npt.NDArray[np.intp]
Numbers = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]
Tags = npt.NDArray[np.uint32]
Elements = Sequence[Sequence[str]]
"""A segment: its elements, each as its components; the first is the tag."""


def text_at(elements: Elements, place: int, component: int = 0) -> str:
    """A component of a segment's element, from 0; empty where it is not there."""
    components = elements[place] if place < len(elements) else ()
    return components[component] if component < len(components) else ""


@dataclass(frozen=True)
class Separators:
    """The characters that structure an interchange, each one byte; `repetition` and `release` may be absent (empty)."""

    element: bytes
    component: bytes
    terminator: bytes
    repetition: bytes = b""
    release: bytes = b""
    decimal: bytes = b"."

    @property
    def delimiters(self) -> bytes:
        """All that separate something."""
        return self.element + self.component + self.terminator + self.repetition

    @property
    def special(self) -> bytes:
        """All that are no data where they stand: the delimiters and the release character."""
        return self.delimiters + self.release


@dataclass(frozen=True)
class Tokens:
    """The segments of some bytes; each has elements, the first of which is its tag, and each element has components (one
    where it is simple). Arrays of segments, elements and components, in order:

    `tags`: the tag of each segment, packed as `pack` does.
    `segment_elements`: index of each segment's first element, and one more: the number of elements.
    `element_components`: index of each element's first component, and one more: the number of components.
    `lengths`: characters of each component. `not_digits`: how many bytes of it are no digits. `texts`: its text, null where
    it is empty. The last three have one entry more, an empty component: what `find` gives for a place that is not there.
    `data` are the bytes of all texts after each other, `offsets` where each begins, and once more where the last one ends.
    `outside`: indexes of components that hold a character outside the repertoire. `repeated`: of components before a
    repetition separator.
    """

    tags: Tags
    segment_elements: Numbers
    element_components: Numbers
    lengths: Numbers
    not_digits: Numbers
    texts: pl.Series
    outside: Indexes
    repeated: Indexes
    data: npt.NDArray[np.uint8]
    offsets: npt.NDArray[np.int64]

    @property
    def segments(self) -> int:
        """How many segments there are."""
        return len(self.segment_elements) - 1

    @cached_property
    def component_elements(self) -> Numbers:
        """Index of each component's element."""
        return np.repeat(np.arange(len(self.element_components) - 1, dtype=np.int32), np.diff(self.element_components))

    @cached_property
    def element_segments(self) -> Numbers:
        """Index of each element's segment."""
        return np.repeat(np.arange(self.segments, dtype=np.int32), np.diff(self.segment_elements))

    def find(self, segments: Indexes, element: int, component: int = 0) -> Numbers:
        """Index of the component at a place in each of the segments. The tag is element 0."""
        place = self.segment_elements[segments] + np.int32(element)
        outside = place >= self.segment_elements[segments + 1]
        place[outside] = 0
        found: Numbers = self.element_components[place] + np.int32(component)
        outside |= found >= self.element_components[place + 1]
        found[outside] = len(self.lengths) - 1
        return found

    def column(self, segments: Indexes, element: int, component: int = 0) -> pl.Series:
        """The texts at a place in each of the segments; null where it is absent or empty."""
        return self.texts.gather(self.find(segments, element, component))

    def repeated_within(self, first: int, last: int) -> dict[tuple[int, int], int]:
        """The elements that are repeated, from one segment to another: by the segment's number (1 for the first) and the
        element's, how many components its first repetition has."""
        bounds = self.element_components[self.segment_elements[[first, last + 1]]]
        found: dict[tuple[int, int], int] = {}
        for component in self.repeated[np.searchsorted(self.repeated, bounds[0]) : np.searchsorted(self.repeated, bounds[1])]:
            element = int(self.component_elements[component])
            segment = int(self.element_segments[element])
            place = (segment - first + 1, element - int(self.segment_elements[segment]))
            found.setdefault(place, int(component) - int(self.element_components[element]) + 1)
        return found

    def segment(self, index: int) -> list[list[str]]:
        """One segment: its elements, each a list of its components; the first is the tag."""
        return self.between(index, index + 1)[0]

    def between(self, first: int, last: int) -> list[list[list[str]]]:
        """Segments from one to another, which is not among them."""
        elements = self.segment_elements[first : last + 1]
        components = self.element_components[elements[0] : elements[-1] + 1]
        bounds = self.offsets[components[0] : components[-1] + 1]
        data = self.data[bounds[0] : bounds[-1]].tobytes()
        texts = [data[start:end].decode() for start, end in pairwise((bounds - bounds[0]).tolist())]
        cells = [texts[start:end] for start, end in pairwise((components - components[0]).tolist())]
        return [cells[start:end] for start, end in pairwise((elements - elements[0]).tolist())]


@dataclass(frozen=True)
class Segments(Sequence[list[list[str]]]):
    """Some consecutive segments, read when they are asked for: a message may have millions."""

    tokens: Tokens
    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first + 1

    @overload
    def __getitem__(self, index: int) -> list[list[str]]: ...
    @overload
    def __getitem__(self, index: slice) -> list[list[list[str]]]: ...
    def __getitem__(self, index: int | slice) -> list[list[str]] | list[list[list[str]]]:
        numbers = range(self.first, self.last + 1)[index]
        return [self.tokens.segment(number) for number in numbers] if isinstance(numbers, range) else self.tokens.segment(numbers)

    def __iter__(self) -> Iterator[list[list[str]]]:
        for first in range(self.first, self.last + 1, _AT_ONCE):
            yield from self.tokens.between(first, min(first + _AT_ONCE, self.last + 1))


_AT_ONCE = 1000


def tokenise(data: bytes, separators: Separators, repertoire: bytes) -> Tokens:
    """The segments of `data`, which is UTF-8, ends with a terminator and has nothing between its segments. Of `repertoire`
    are all bytes that may stand in it."""
    array = np.frombuffer(data, np.uint8)
    delimits = np.zeros(len(array), np.bool_)
    for byte in separators.delimiters:
        delimits |= array == byte
    releasing = _releasing(data, separators.release)
    if len(releasing):
        delimits[releasing + 1] = False
    ends = np.flatnonzero(delimits)
    after = array[ends]
    starts = np.empty(len(ends), np.intp)
    starts[0], starts[1:] = 0, ends[:-1] + 1
    sizes = (ends - starts).astype(np.int32)
    not_digits = np.cumsum((array - np.uint8(ord("0"))) > 9, dtype=np.int32)
    odd = not_digits[ends]
    odd[1:] -= odd[:-1] + 1  # without the delimiter itself
    odd[0] -= 1
    if len(releasing):
        released = np.bincount(np.searchsorted(ends, releasing), minlength=len(ends)).astype(np.int32)
        sizes -= released
        odd -= released
    terminates = after == separators.terminator[0]
    last_of_element = terminates | (after == separators.element[0])
    repeats = bool(separators.repetition) and separators.repetition in data
    segment_elements, element_components = _bounds(terminates[last_of_element]), _bounds(last_of_element)
    tags = element_components[segment_elements[:-1]]
    joined = _joined(data, separators, delimits, releasing)
    offsets = np.zeros(len(sizes) + 2, np.int64)
    np.cumsum(sizes, out=offsets[1:-1])
    offsets[-1] = offsets[-2]
    return Tokens(
        tags=_packed(array, starts[tags], sizes[tags]),
        segment_elements=segment_elements,
        element_components=element_components,
        lengths=np.append(sizes if data.isascii() else _characters(array, sizes, starts), np.int32(0)),
        not_digits=np.append(odd, np.int32(0)),
        texts=_texts(joined, offsets, sizes),
        outside=_outside(data, repertoire, separators, ends),
        repeated=np.flatnonzero(after == separators.repetition[0]) if repeats else _NONE,
        data=np.frombuffer(joined, np.uint8),
        offsets=offsets,
    )


def pack(tag: str) -> int:
    """A tag of two or three characters as a number."""
    first, second, third = tag.encode("latin-1").ljust(3, b"\0")
    return first << 16 | second << 8 | third


def _packed(array: npt.NDArray[np.uint8], starts: Indexes, sizes: Numbers) -> Tags:
    """The tags as numbers, 0 where one has another length. What stands behind a tag are at least its separator and, after a
    tag of two, whatever the next byte is."""
    first, second, third = (array.take(starts + place, mode="clip").astype(np.uint32) for place in range(3))
    third[sizes < 3] = 0
    packed = np.asarray(first << np.uint32(16) | second << np.uint32(8) | third)
    packed[(sizes < 2) | (sizes > 3)] = 0
    return packed


_NONE: Indexes = np.empty(0, np.intp)


def _releasing(data: bytes, release: bytes) -> Indexes:
    """Positions of the release characters that release the next one. In a run of them it is every other: the second of two
    is released itself. At the very end there is nothing to release."""
    if not release or release not in data:
        return _NONE
    found = np.flatnonzero(np.frombuffer(data, np.uint8) == release[0])
    follows = np.diff(found, prepend=-2) == 1
    number = np.arange(len(found))
    in_run = number - np.maximum.accumulate(np.where(follows, 0, number))
    releasing = found[in_run % 2 == 0]
    within: Indexes = releasing[releasing + 1 < len(data)]
    return within


def _characters(array: npt.NDArray[np.uint8], sizes: Numbers, starts: Indexes) -> Numbers:
    """Characters of each component, whose bytes are UTF-8: bytes that continue one do not count."""
    continuing = (array & 0xC0) == 0x80
    lengths: Numbers = sizes - np.add.reduceat(continuing, starts, dtype=np.int32)
    return lengths


def _outside(data: bytes, repertoire: bytes, separators: Separators, ends: Indexes) -> Indexes:
    inside = repertoire + separators.special
    if not data.translate(None, delete=inside):
        return _NONE
    allowed = np.zeros(256, np.bool_)
    allowed[np.frombuffer(inside, np.uint8)] = True
    return np.unique(np.searchsorted(ends, np.flatnonzero(~allowed[np.frombuffer(data, np.uint8)])))


def _joined(data: bytes, separators: Separators, delimits: Flags, releasing: Indexes) -> bytes:
    """The bytes without what separates or releases them. Released ones are hidden behind bytes that do not occur: deleting is
    several times faster than choosing."""
    delimiters = separators.delimiters
    if not len(releasing):
        return data.translate(None, delete=delimiters)
    unused = [byte for byte in range(1, 32) if byte not in data][: len(delimiters) + 1]
    if len(unused) > len(delimiters):
        hidden = np.frombuffer(data, np.uint8).copy()
        hide, show = np.arange(256, dtype=np.uint8), np.arange(256, dtype=np.uint8)
        hide[np.frombuffer(delimiters, np.uint8)] = unused[1:]
        show[unused[1:]] = np.frombuffer(delimiters, np.uint8)
        hidden[releasing + 1] = hide[hidden[releasing + 1]]
        hidden[releasing] = unused[0]
        return hidden.tobytes().translate(show.tobytes(), delete=delimiters + bytes(unused[:1]))
    keep = ~delimits
    keep[releasing] = False
    return np.frombuffer(data, np.uint8)[keep].tobytes()


def _texts(joined: bytes, offsets: npt.NDArray[np.int64], sizes: Numbers) -> pl.Series:
    there = np.packbits(np.append(sizes > 0, False), bitorder="little")
    buffers = (pa.py_buffer(offsets), pa.py_buffer(joined), pa.py_buffer(there))
    return pl.Series(pa.LargeStringArray.from_buffers(len(offsets) - 1, *buffers))


def _bounds(last: Flags) -> Numbers:
    """Where each run begins, given where each ends, and one more: the number of all."""
    found = np.flatnonzero(last)
    bounds = np.zeros(len(found) + 1, np.int32)
    bounds[1:] = found + 1
    return bounds
