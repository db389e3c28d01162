"""Reading a file of interchanges: envelopes are followed one by one, messages are checked many at once, and those that are at
fault are diagnosed one by one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import BinaryIO

import numpy as np
import polars as pl

from mlconnector_assets.formats.edi.blocks import Marks, Source, blocks
from mlconnector_assets.formats.edi.checks import Messages
from mlconnector_assets.formats.edi.contents import Contents, Remark
from mlconnector_assets.formats.edi.diagnosis import Diagnosis, Fault
from mlconnector_assets.formats.edi.envelopes import Envelopes, compared
from mlconnector_assets.formats.edi.interchange import EnvelopeFault, Interchange, Wrong
from mlconnector_assets.formats.edi.numerals import scaled
from mlconnector_assets.formats.edi.standard import HEADER_SIZE, Beginning, Standard, Unreadable, Version
from mlconnector_assets.formats.edi.tokens import Elements, Flags, Indexes, Segments, Tokens, pack, text_at, tokenise


@dataclass(frozen=True)
class Report:
    """A message with faults: what it says it is, its reference, the index of its group, what is wrong with its segments
    (`faults`) and with its envelope (`wrong`), and its segments; its `index` in the batch, and the version it was read as.
    `warnings` are no reason to refuse it."""

    type: str
    reference: str
    group: int
    faults: tuple[Fault, ...]
    wrong: tuple[Wrong, ...]
    segments: Sequence[Elements]
    index: int
    version: Version | None = None
    warnings: tuple[Fault, ...] = ()


@dataclass(frozen=True)
class Checked:
    """The messages of one version in a batch; `sound` are the indexes of those without any fault."""

    version: Version
    messages: Messages
    references: pl.Series
    sound: Indexes


@dataclass(frozen=True)
class Batch:
    """Some messages of an interchange. `groups` is the index of each message's group, `checked` by the version's name. `reports`
    are about messages with faults, `warned` about sound ones."""

    interchange: Interchange
    tokens: Tokens
    groups: Indexes
    checked: Mapping[str, Checked]
    reports: tuple[Report, ...]
    warned: tuple[Report, ...] = ()


def read(
    stream: BinaryIO, standards: Sequence[Standard], *, unique_messages: bool = True, unique_groups: bool = True
) -> Iterator[Batch]:
    """The messages of a file, some at a time. Once the last batch of an interchange was followed by another or by the end, the
    interchange tells all that is wrong with it. Raises Unreadable where no interchange begins; what came before was given.
    References of messages must be unique in their group, those of groups in their interchange, unless told otherwise."""
    source = Source(stream)
    while source.skip_blank():
        source.fill(HEADER_SIZE)
        standard = next((one for one in standards if one.begins(source.ahead)), None)
        if standard is None:
            text = source.ahead[:20].decode("latin-1")
            raise Unreadable(f"no interchange begins with {text!r}", mend="a file begins with ISA, UNA or UNB")
        yield from _interchange(source, standard, unique_messages, unique_groups)


def _interchange(source: Source, standard: Standard, unique_messages: bool, unique_groups: bool) -> Iterator[Batch]:
    beginning = standard.beginning(source.ahead)
    source.take(beginning.size)
    if beginning.next_line:
        source.end_segments_with_lines()
    marks = Marks(standard.first.encode(), standard.last.encode(), standard.closing.encode(), standard.advice.encode())
    reading: _Reading | None = None
    for block in blocks(source, beginning.separators, marks, wrapped=beginning.wrapped, encoding=beginning.encoding):
        tokens = tokenise(block, beginning.separators, beginning.repertoire)
        if reading is None:
            interchange = standard.interchange(tokens.segment(0), beginning)
            envelopes = Envelopes(standard, interchange, unique_groups=unique_groups)
            reading = _Reading(beginning, envelopes, unique_messages)
        yield reading.batch(block, tokens)
    if reading is not None:
        reading.envelopes.finish()


@dataclass(frozen=True)
class _Known:
    """What one dictionary says of all messages in some segments: their `remarks` by index, and which are `faulty`, by those,
    by their segments or by their envelope."""

    tokens: Tokens
    version: Version
    messages: Messages
    remarks: Mapping[int, Sequence[Remark]]
    faulty: Flags


class _Reading:
    """One interchange."""

    def __init__(self, beginning: Beginning, envelopes: Envelopes, unique_messages: bool) -> None:
        self.standard, self.beginning, self.interchange = envelopes.standard, beginning, envelopes.interchange
        self.envelopes, self.unique_messages = envelopes, unique_messages
        self._small_letters = False
        self._referenced_group, self._references = -1, set[str]()

    def batch(self, block: bytes, tokens: Tokens) -> Batch:
        """What some of its segments hold."""
        self._note_small_letters(block)
        starts = np.flatnonzero(tokens.tags == pack(self.standard.opening))
        groups = self.envelopes.follow(tokens, starts)
        references = tokens.column(starts, self.standard.reference_place).fill_null("")
        again = self._again(groups, references)
        versions = self.standard.versions(tokens, starts, self._versions_of_groups(groups))
        checked: dict[str, Checked] = {}
        reports: list[Report] = []
        warned: list[Report] = []
        known: dict[str, _Known] = {}
        for name, mine in _parted(versions):
            version = self.standard.version(name)
            if version is None:
                reports += self._without_dictionary(tokens, starts, groups, mine, name)
                continue
            if version.name not in known:
                known[version.name] = self._known(tokens, version, references)
            found = known[version.name]
            faulty = (found.faulty | again)[mine]
            sound = mine[~faulty]
            report = partial(self._report, found, groups, again)
            reports += map(report, mine[faulty].tolist())
            warned += map(report, np.intersect1d(sound, list(found.remarks)).tolist())
            checked[name] = Checked(version, found.messages, references, sound)
            self._note_kinds(version, found.messages, groups, mine)
        for some in checked.values():
            for number, count in zip(*np.unique(groups[some.sound], return_counts=True), strict=True):
                self.interchange.groups[number].accepted += int(count)
        return Batch(self.interchange, tokens, groups, checked, tuple(reports), tuple(warned))

    def _versions_of_groups(self, groups: Indexes) -> pl.Series:
        """The version of each message's group."""
        if not len(groups):
            return pl.Series([], dtype=pl.String)
        first = int(groups.min())
        some = [group.version for group in self.interchange.groups[first : int(groups.max()) + 1]]
        return pl.Series(some, dtype=pl.String).gather(groups - first)

    def _known(self, tokens: Tokens, version: Version, references: pl.Series) -> _Known:
        """What one dictionary says of all messages."""
        messages = version.checker.check(tokens, self.beginning.separators, trailing=self.beginning.trailing)
        contents = Contents(tokens, messages, version.checker.structure, self.beginning.separators.decimal)
        remarks: dict[int, list[Remark]] = {}
        for remark in self.standard.remarks(contents):
            remarks.setdefault(remark.message, []).append(remark)
        faulty = messages.faulty | self._misnumbered(tokens, messages, references)
        faulty[[index for index in remarks if any(not one.warning for one in remarks[index])]] = True
        return _Known(tokens, version, messages, remarks, faulty)

    def _again(self, groups: Indexes, references: pl.Series) -> Flags:
        """Which messages have the reference of an earlier one of their group."""
        again = np.zeros(len(groups), np.bool_)
        if not self.unique_messages:
            return again
        for group, mine in _runs(groups):
            if group != self._referenced_group:
                self._referenced_group, self._references = group, set()
            there = references[mine].to_list()
            if len(set(there)) < len(there) or not self._references.isdisjoint(there):
                for index, reference in enumerate(there, mine.start):
                    again[index] = reference in self._references and reference != ""
                    self._references.add(reference)
            self._references.update(there)
        return again

    def _note_small_letters(self, block: bytes) -> None:
        if self.beginning.capitals and not self._small_letters and (found := re.search(rb"[a-z][ -~]{0,19}", block)):
            self._small_letters = True
            self.interchange.warnings.append(Wrong(EnvelopeFault.SMALL_LETTERS, found=found[0].decode()))

    def _note_kinds(self, version: Version, messages: Messages, groups: Indexes, mine: Indexes) -> None:
        """Groups often announce another kind than that of their messages: a warning."""
        kinds = messages.types.to_list()
        for number, kind in dict.fromkeys((int(groups[index]), kinds[index]) for index in mine):
            group, message = self.interchange.groups[number], version.checker.structure.dictionary.messages.get(kind or "")
            if message and group.header and group.kind != (message.group or message.code):
                wrong = Wrong(EnvelopeFault.WRONG_GROUP, message.group or message.code, group.kind)
                if wrong not in group.warnings:
                    group.warnings.append(wrong)

    @staticmethod
    def _misnumbered(tokens: Tokens, messages: Messages, references: pl.Series) -> Flags:
        """Of which messages the trailer has another count or reference."""
        said = tokens.find(messages.ends, 1)
        counts, known = scaled(tokens, said, 0, b"")
        known &= (tokens.not_digits[said] == 0) & (counts == messages.ends - messages.starts + 1)
        again = tokens.column(messages.ends, 2).fill_null("")
        return (references != again).to_numpy() | ~known

    def _report(self, known: _Known, groups: Indexes, again: Flags, index: int) -> Report:
        tokens, version, messages = known.tokens, known.version, known.messages
        first, last = int(messages.starts[index]), int(messages.ends[index])
        segments = Segments(tokens, first, last)
        kind, structure = messages.types[index] or "", version.checker.structure
        reference = text_at(segments[0], self.standard.reference_place)
        if segments[-1][0][0] == structure.closing:
            wrong = compared(len(segments), reference, segments[-1])
        else:
            wrong = [Wrong(EnvelopeFault.NO_TRAILER)]
        if again[index]:
            wrong.append(Wrong(EnvelopeFault.DUPLICATE, found=reference))
        faults: list[Fault] = []
        if kind not in structure.messages:
            wrong.append(Wrong(EnvelopeFault.UNKNOWN_TYPE, found=kind))
        elif messages.faulty[index]:
            faults = self._diagnosis(version).faults(kind, segments, tokens.repeated_within(first, last))
        mine = known.remarks.get(index, ())
        faults += sorted((one.fault for one in mine if not one.warning), key=lambda fault: fault.position)
        warnings = sorted((one.fault for one in mine if one.warning), key=lambda fault: fault.position)
        found = (kind, reference, int(groups[index]), tuple(faults), tuple(wrong), segments, index, version)
        return Report(*found, warnings=tuple(warnings))

    def _diagnosis(self, version: Version) -> Diagnosis:
        beginning = self.beginning
        return Diagnosis(version.checker.structure, beginning.characters, beginning.separators.decimal, beginning.trailing)

    def _without_dictionary(
        self, tokens: Tokens, starts: Indexes, groups: Indexes, mine: Indexes, version: str
    ) -> Iterator[Report]:
        wrong = (Wrong(EnvelopeFault.UNKNOWN_VERSION, found=version),)
        for index in mine.tolist():
            segments = Segments(tokens, int(starts[index]), int(starts[index]))
            reference = text_at(segments[0], self.standard.reference_place)
            yield Report("", reference, int(groups[index]), (), wrong, segments, index)


def _runs(groups: Indexes) -> Iterator[tuple[int, slice]]:
    """Each group, and where its messages stand."""
    bounds = [0, *(np.flatnonzero(np.diff(groups)) + 1).tolist(), len(groups)]
    yield from ((int(groups[first]), slice(first, last)) for first, last in pairwise(bounds) if last > first)


def _parted(names: pl.Series) -> Iterator[tuple[str, Indexes]]:
    """Each name, in order of its first, and where it stands."""
    places: dict[str, list[int]] = {}
    for index, name in enumerate(names):
        places.setdefault(name, []).append(index)
    yield from ((name, np.array(indexes, np.intp)) for name, indexes in places.items())
