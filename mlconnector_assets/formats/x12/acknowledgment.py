"""Acknowledging an interchange of X12: a 997 for each of its groups and a TA1 for itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby

import numpy as np

from mlconnector_assets.formats.edi.acknowledging import Acknowledging, Texts, usable, with_codes, without_trailing_blanks
from mlconnector_assets.formats.edi.diagnosis import Fault
from mlconnector_assets.formats.edi.interchange import EnvelopeFault, Group, Interchange
from mlconnector_assets.formats.edi.reading import Batch, Report
from mlconnector_assets.formats.edi.tokens import Separators, pack, text_at
from mlconnector_assets.formats.x12 import codes
from mlconnector_assets.numbering import following

SEPARATORS = (Separators(b"*", b">", b"~", b"^"), Separators(b"\x1d", b"\x1f", b"\x1c", b"\x1e"))
"""Tried in this order where those of the interchange cannot be ours."""
ACKNOWLEDGMENTS = "FA"
"""GS01 of groups that are never answered."""
ISA_ELEMENTS = 16
LONGEST_COPY = 99
MOST_ELEMENTS = 99
"""AK4 segments below one AK3, and the highest element position that AK401 can hold."""
LAST_POSITION = 999_999
FIRST_EIGHT_DIGIT_DATE = "004010"


class X12Acknowledgment:
    """See `edi.acknowledging.Acknowledgment`. Kept for each group are the finished AK2 to AK5 segments of its messages: of the
    rejected ones, and where the partner wants it of all."""

    def __init__(self, interchange: Interchange, settings: Acknowledging) -> None:
        self.interchange, self.settings = interchange, settings
        own = interchange.separators
        self._isa = [*interchange.header, *[("",)] * (ISA_ELEMENTS + 1 - len(interchange.header))]
        texts = [_whole(self._isa[place], own) for place in (5, 6, 7, 8)]
        self.separators = next((one for one in (own, *SEPARATORS) if usable(one, texts)), SEPARATORS[-1])
        self.texts = Texts("".join(map(chr, sorted({*range(0x20, 0x7F)} - {*self.separators.delimiters}))))
        self._sets: dict[int, list[str]] = {}
        self._unknown_version: set[int] = set()
        self._answers = False

    def take(self, batch: Batch) -> None:
        """Note what there is to say about some messages."""
        self._answers |= bool(np.any(batch.tokens.tags == pack("TA1")))
        told = [(report.index, self._rejected(report)) for report in batch.reports]
        self._unknown_version |= {report.group for report in batch.reports if _of_unknown_version(report)}
        if self.settings.list_accepted:
            told += self._accepted(batch)
        for group, some in groupby(sorted(told), lambda one: int(batch.groups[one[0]])):
            self._sets.setdefault(group, []).append("".join(text for _, text in some))

    @property
    def due(self) -> bool:
        """Whether there is a TA1 or a 997 to send. An ISA segment that was cut short does not tell to whom."""
        return len(self.interchange.header) > ISA_ELEMENTS and (self._with_ta1 or bool(self._answered()))

    @property
    def rejected(self) -> bool:
        """Whether the whole interchange is rejected."""
        return any(map(codes.rejects_interchange, self.interchange.wrong))

    def rejects(self, group: int) -> bool:
        """Whether all messages of a group are rejected."""
        about = self.interchange.groups[group]
        return self.rejected or not about.header or group in self._unknown_version or any(map(codes.rejects_group, about.wrong))

    @property
    def group_numbers(self) -> int:
        """How many group control numbers it takes."""
        return len(self._answered())

    def made(self, written: datetime, number: int, group_number: int = 1) -> bytes:
        """The interchange to send back, empty when none is due."""
        if not self.due:
            return b""
        answered = self._answered()
        text = self._ta1(written) if self._with_ta1 else ""
        for step, ((sender, receiver, version), groups) in enumerate(answered.items()):
            own = following(group_number, step)
            date = written.strftime("%Y%m%d" if version >= FIRST_EIGHT_DIGIT_DATE else "%y%m%d")
            header = ["GS", ACKNOWLEDGMENTS, sender, receiver, date, written.strftime("%H%M"), str(own), "X", version]
            sets = [self._997(group, version, place) for place, group in enumerate(groups, 1)]
            text += self._segment(*header) + "".join(sets) + self._segment("GE", str(len(sets)), str(own))
        end = self._segment("IEA", str(len(answered)), f"{number:09d}")
        return (self._header(written, number) + text + end).encode("ascii")

    @property
    def _with_ta1(self) -> bool:
        """Whether the interchange is answered; one that brings nothing but an answer is not."""
        when, interchange = self.settings.ta1, self.interchange
        asked = when == "always" or (when == "requested" and (interchange.wants_acknowledgment or bool(interchange.wrong)))
        return asked and not (self._answers and not interchange.groups)

    def _answered(self) -> dict[tuple[str, str, str], list[int]]:
        """Indexes of the groups that get a 997, by the GS02, GS03 and GS08 of our answer. None do whose interchange is
        rejected by a TA1."""
        found: dict[tuple[str, str, str], list[int]] = {}
        if self._with_ta1 and self.rejected:
            return found
        for index, group in enumerate(self.interchange.groups):
            if group.header and group.kind != ACKNOWLEDGMENTS:
                receiver, sender = (self._party(group, place) for place in (2, 3))
                found.setdefault((sender, receiver, self._version(group)), []).append(index)
        return found

    def _version(self, group: Group) -> str:
        """The version of the answer to a group: its own where an answer can have it."""
        wanted = self.settings.version or group.version
        if re.fullmatch(r"\d{6}[!-~]{0,6}", wanted) and self.texts.whole(wanted):
            return wanted
        return "005010" if self.interchange.version >= "00501" else "004010"

    def _party(self, group: Group, place: int) -> str:
        header = group.header
        written = _whole(header[place], self.interchange.separators) if place < len(header) else ""
        return self.texts.fitted(written or self._isa[6 if place == 2 else 8][0].strip(), 2, 15)

    def _header(self, written: datetime, number: int) -> str:
        was, separators = self._isa, self.separators
        ids = [
            self.texts.clean(_whole(was[place], self.interchange.separators))[:width].ljust(width)
            for place, width in ((7, 2), (8, 15), (5, 2), (6, 15))
        ]
        version = was[12][0] if re.fullmatch(r"\d{5}", was[12][0], re.ASCII) else "00401"
        repetition = separators.repetition.decode() if version >= "00402" and separators.repetition else "U"
        usage = was[15][0] if was[15][0] in ("P", "T", "I") else "P"
        parts = ["ISA", "00", " " * 10, "00", " " * 10, *ids, written.strftime("%y%m%d"), written.strftime("%H%M"), repetition]
        return self._segment(*parts, version, f"{number:09d}", "0", usage, separators.component.decode())

    def _ta1(self, written: datetime) -> str:
        wrong = sorted(self.interchange.wrong, key=codes.rejects_interchange, reverse=True)
        code = codes.interchange_code(wrong[0]) if wrong else "000"
        result = "R" if self.rejected else "E" if wrong else "A"
        number = self.interchange.reference if re.fullmatch(r"\d{9}", self.interchange.reference, re.ASCII) else "0" * 9
        # of an interchange whose date cannot be repeated the date of our answer
        date, time = self.interchange.written
        readable = not any(one.detail and one.detail.tag == "ISA" and one.detail.element in (9, 10) for one in wrong)
        when = (date, time) if readable else (written.strftime("%y%m%d"), written.strftime("%H%M"))
        return self._segment("TA1", number, *when, result, code)

    def _997(self, index: int, version: str, place: int) -> str:
        """The transaction set that answers a group; it is the one at `place` in our group."""
        group, rejects = self.interchange.groups[index], self.rejects(index)
        number = group.reference if re.fullmatch(r"\d{1,9}", group.reference, re.ASCII) else "0"
        later = version[:6] >= codes.LATER
        body = self._segment(
            "AK1", self.texts.fitted(group.kind, 2, 2), number, self.texts.clean(group.version)[:12] if later else ""
        )
        if not rejects:
            body += "".join(self._sets.get(index, ()))
        received = group.messages
        accepted = 0 if rejects else group.accepted
        result = "R" if accepted == 0 else "P" if accepted < received else "E" if group.wrong else "A"
        declared = group.declared if re.fullmatch(r"\d{1,6}", group.declared, re.ASCII) else str(received)
        why = [codes.group_code(wrong, group.version) for wrong in group.wrong]
        why += [codes.GROUP_VERSION] if index in self._unknown_version else []
        body += self._segment("AK9", result, declared, str(received), str(accepted), *with_codes(why, 5))
        count = body.count(self.separators.terminator.decode()) + 2
        return self._segment("ST", "997", f"{place:04d}") + body + self._segment("SE", str(count), f"{place:04d}")

    def _accepted(self, batch: Batch) -> Iterator[tuple[int, str]]:
        accepted = self._segment("AK5", "A")
        for checked in batch.checked.values():
            starts = checked.messages.starts[checked.sound]
            types, references, conventions = (batch.tokens.column(starts, place).fill_null("").to_list() for place in (1, 2, 3))
            for index, *about in zip(checked.sound.tolist(), types, references, conventions, strict=True):
                yield index, self._beginning(int(batch.groups[index]), *about) + accepted

    def _rejected(self, report: Report) -> str:
        version = self._version(self.interchange.groups[report.group])
        inside = [fault for fault in report.faults if fault.position <= LAST_POSITION]
        kind, convention = (text_at(report.segments[0], place) for place in (1, 3))
        text = self._beginning(report.group, kind, report.reference, convention) + "".join(self._faults(inside, version))
        why = [codes.set_code(wrong) for wrong in report.wrong]
        why += [codes.header_code(fault) for fault in report.faults if fault.position == 1]
        why += [codes.SEGMENTS_IN_ERROR] if report.faults else []
        return text + self._segment("AK5", "R", *with_codes(why, 5))

    def _beginning(self, group: int, kind: str, reference: str, convention: str) -> str:
        later = convention and self._version(self.interchange.groups[group])[:6] >= codes.LATER
        about = self.texts.fitted(kind, 3, 3), self.texts.fitted(reference, 4, 9)
        return self._segment("AK2", *about, self.texts.clean(convention)[:35] if later else "")

    def _faults(self, faults: Sequence[Fault], version: str) -> Iterator[str]:
        for (position, tag, of_segment), same in groupby(
            faults, lambda one: (one.position, one.tag, one.kind in codes.SEGMENT_CODES)
        ):
            for fault in same if of_segment else ():
                yield self._ak3(fault.tag, position, fault.loop, codes.SEGMENT_CODES[fault.kind])
            if not of_segment:
                some = [fault for fault in same if 0 < (fault.element or 0) <= MOST_ELEMENTS]
                yield self._ak3(tag, position, some[0].loop if some else "", codes.SEGMENT_HAS_ERRORS)
                for fault in some[:MOST_ELEMENTS]:
                    yield self._ak4(fault, version)

    def _ak3(self, tag: str, position: int, loop: str, code: str) -> str:
        return self._segment("AK3", self.texts.fitted(tag, 2, 3), str(position), self.texts.clean(loop)[:6], code)

    def _ak4(self, fault: Fault, version: str) -> str:
        place = str(fault.element)
        if fault.component and fault.component <= MOST_ELEMENTS:
            place += self.separators.component.decode() + str(fault.component)
        number = fault.number if re.fullmatch(r"\d{1,4}", fault.number, re.ASCII) else ""
        copy = fault.text if len(fault.text) <= LONGEST_COPY and self.texts.whole(fault.text) else ""
        return self._segment("AK4", place, number, codes.element_code(fault.kind, version), copy)

    def _segment(self, *elements: str) -> str:
        separators = self.separators
        end = separators.terminator.decode() + ("" if separators.terminator in b"\r\n" else self.settings.line_end)
        return separators.element.decode().join(without_trailing_blanks(elements)) + end


def _whole(components: Sequence[str], separators: Separators) -> str:
    """An element as it was written."""
    return separators.component.decode("latin-1").join(components)


def _of_unknown_version(report: Report) -> bool:
    return any(wrong.fault is EnvelopeFault.UNKNOWN_VERSION for wrong in report.wrong)
