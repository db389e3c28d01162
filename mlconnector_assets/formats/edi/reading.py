"""Reading a file of interchanges: envelopes are followed one by one, messages are checked many at once, and those that are at
fault are diagnosed one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import polars as pl

from mlconnector_assets.formats.edi.blocks import Marks, Source, blocks
from mlconnector_assets.formats.edi.checks import Messages
from mlconnector_assets.formats.edi.diagnosis import Diagnosis, Fault
from mlconnector_assets.formats.edi.envelopes import Envelopes, compared, text_at
from mlconnector_assets.formats.edi.interchange import EnvelopeFault, Interchange, Wrong
from mlconnector_assets.formats.edi.standard import Beginning, Elements, Standard, Unreadable, Version
from mlconnector_assets.formats.edi.tokens import Flags, Indexes, Tokens, pack, tokenise

HEADER_SIZE = 512
"""Bytes in which the header of an interchange ends, and the service string advice before it."""


@dataclass(frozen=True)
class Report:
    """A message with faults: what it says it is, its reference, the index of its group, what is wrong with its segments
    (`faults`) and with its envelope (`wrong`), and its segments; its `index` in the batch, and the version it was read as."""

    type: str
    reference: str
    group: int
    faults: tuple[Fault, ...]
    wrong: tuple[Wrong, ...]
    segments: tuple[Elements, ...]
    index: int
    version: Version | None = None


@dataclass(frozen=True)
class Checked:
    """The messages of one version in a batch; `sound` are the indexes of those without any fault."""

    version: Version
    messages: Messages
    references: pl.Series
    sound: Indexes


@dataclass(frozen=True)
class Batch:
    """Some messages of an interchange. `groups` is the index of each message's group, `checked` by the version's name."""

    interchange: Interchange
    tokens: Tokens
    groups: Indexes
    checked: Mapping[str, Checked]
    reports: tuple[Report, ...]


def read(stream: BinaryIO, standards: Sequence[Standard]) -> Iterator[Batch]:
    """The messages of a file, some at a time. Once the last batch of an interchange was followed by another or by the end, the
    interchange tells all that is wrong with it. Raises Unreadable where no interchange begins; what came before was given."""
    source = Source(stream)
    while source.skip_blank():
        source.fill(HEADER_SIZE)
        standard = next((one for one in standards if one.begins(source.ahead)), None)
        if standard is None:
            text = source.ahead[:20].decode("latin-1")
            raise Unreadable(f"no interchange begins with {text!r}", mend="a file begins with ISA, UNA or UNB")
        yield from _interchange(source, standard)


def _interchange(source: Source, standard: Standard) -> Iterator[Batch]:
    beginning = standard.beginning(source.ahead)
    source.take(beginning.size)
    if beginning.next_line:
        source.end_segments_with_lines()
    marks = Marks(standard.first.encode(), standard.last.encode(), standard.closing.encode(), standard.advice.encode())
    reading: _Reading | None = None
    for block in blocks(source, beginning.separators, marks, wrapped=beginning.wrapped, encoding=beginning.encoding):
        tokens = tokenise(block, beginning.separators, beginning.repertoire)
        if reading is None:
            reading = _Reading(standard, beginning, standard.interchange(tokens.segment(0), beginning))
        yield reading.batch(tokens)
    if reading is not None:
        reading.envelopes.finish()


class _Reading:
    """One interchange."""

    def __init__(self, standard: Standard, beginning: Beginning, interchange: Interchange) -> None:
        self.standard, self.beginning, self.interchange = standard, beginning, interchange
        self.envelopes = Envelopes(standard, interchange)

    def batch(self, tokens: Tokens) -> Batch:
        """What some of its segments hold."""
        starts = np.flatnonzero(tokens.tags == pack(self.standard.opening))
        groups = self.envelopes.follow(tokens, starts)
        of_groups = pl.Series([group.version for group in self.interchange.groups], dtype=pl.String)
        versions = self.standard.versions(tokens, starts, of_groups.gather(groups))
        checked: dict[str, Checked] = {}
        reports: list[Report] = []
        for name in versions.unique(maintain_order=True):
            mine = (versions == name).to_numpy()
            version = self.standard.version(name)
            if version is None:
                reports += self._without_dictionary(tokens, starts, groups, np.flatnonzero(mine), name)
                continue
            messages = version.checker.check(tokens, self.beginning.separators, trailing=self.beginning.trailing)
            references = tokens.column(starts, self.standard.reference_place).fill_null("")
            faulty = messages.faulty | self._misnumbered(tokens, messages, references)
            reports += [
                self._report(tokens, messages, int(index), version, int(groups[index])) for index in np.flatnonzero(faulty & mine)
            ]
            checked[name] = Checked(version, messages, references, np.flatnonzero(~faulty & mine))
        for some in checked.values():
            for number, count in zip(*np.unique(groups[some.sound], return_counts=True), strict=True):
                self.interchange.groups[number].accepted += int(count)
        return Batch(self.interchange, tokens, groups, checked, tuple(reports))

    @staticmethod
    def _misnumbered(tokens: Tokens, messages: Messages, references: pl.Series) -> Flags:
        """Of which messages the trailer has another count or reference."""
        again, said = (tokens.column(messages.ends, place).fill_null("") for place in (2, 1))
        counts = pl.Series(messages.ends - messages.starts + 1).cast(pl.String)
        return ((references != again) | (said.str.strip_chars_start("0") != counts)).to_numpy()

    def _report(self, tokens: Tokens, messages: Messages, index: int, version: Version, group: int) -> Report:
        first, last = int(messages.starts[index]), int(messages.ends[index])
        segments: list[Elements] = [tokens.segment(number) for number in range(first, last + 1)]
        kind, structure = messages.types[index] or "", version.checker.structure
        reference = text_at(segments[0], self.standard.reference_place)
        if segments[-1][0][0] == structure.closing:
            wrong = compared(len(segments), reference, segments[-1])
        else:
            wrong = [Wrong(EnvelopeFault.NO_TRAILER)]
        faults: list[Fault] = []
        if kind not in structure.messages:
            wrong.append(Wrong(EnvelopeFault.UNKNOWN_TYPE, found=kind))
        else:
            faults = self._diagnosis(version).faults(kind, segments, tokens.repeated_within(first, last))
        return Report(kind, reference, group, tuple(faults), tuple(wrong), tuple(segments), index, version)

    def _diagnosis(self, version: Version) -> Diagnosis:
        separators = self.beginning.separators
        repertoire = self.beginning.repertoire + separators.delimiters + separators.release
        return Diagnosis(version.checker.structure, repertoire, separators.decimal, self.beginning.trailing)

    def _without_dictionary(
        self, tokens: Tokens, starts: Indexes, groups: Indexes, mine: Indexes, version: str
    ) -> Iterator[Report]:
        wrong = (Wrong(EnvelopeFault.UNKNOWN_VERSION, found=version),)
        for index in mine.tolist():
            segment = tokens.segment(int(starts[index]))
            yield Report("", text_at(segment, self.standard.reference_place), int(groups[index]), (), wrong, (segment,), index)
