"""Acknowledging an interchange of EDIFACT: one CONTRL, which reports what is wrong at the lowest level."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby

from mlconnector_assets.formats.edi.acknowledging import Acknowledging, Texts, usable, without_trailing_blanks
from mlconnector_assets.formats.edi.diagnosis import Fault
from mlconnector_assets.formats.edi.interchange import Interchange, Wrong
from mlconnector_assets.formats.edi.reading import Batch, Report
from mlconnector_assets.formats.edi.tokens import Elements, pack
from mlconnector_assets.formats.edifact import codes
from mlconnector_assets.formats.edifact.standard import LEVEL_A, LEVEL_B, Edifact

CONTRL = "CONTRL"
MESSAGE_VERSIONS = {"4": ("4", "1")}
"""Version and release of CONTRL by syntax version; of the others D, 3."""
EIGHT_DIGIT_DATES = ("4",)
"""Syntax versions whose dates have the century."""
MOST_SEGMENTS, MOST_ELEMENTS, LAST_ELEMENT, LAST_POSITION = 999, 99, 999, 999_999
"""UCS segments of a message, UCD segments below one UCS, and the highest positions that they can hold."""
PARTY = ((1, 35), (0, 4), (0, 14))
IDENTIFIER = ((1, 6), (1, 3), (1, 3), (1, 2), (0, 6))
"""Characters of the components of S002, S003, S006 and S007, and of S009."""


class EdifactAcknowledgment:
    """See `edi.acknowledging.Acknowledgment`. Kept for each group are the finished UCM, UCS and UCD segments of its messages: of
    the rejected ones, and where the partner wants it of all."""

    def __init__(self, interchange: Interchange, settings: Acknowledging) -> None:
        self.interchange, self.settings = interchange, settings
        self.separators = next(one for one in (interchange.separators, LEVEL_A) if usable(one, ()))
        syntax = interchange.version.split(":")
        known = len(syntax) > 1 and re.fullmatch(r"UNO[A-Z]", syntax[0]) and re.fullmatch(r"[1-9]", syntax[1])
        self.syntax = (syntax[0], syntax[1]) if known else ("UNOA", "3")
        beginning = Edifact().beginning(self._advice() + b"UNB" + self.separators.element + self.syntax[0].encode())
        self.repertoire, self.encoding = beginning.repertoire, beginning.encoding
        self.texts = Texts(self._allowed())
        self._messages: dict[int, list[str]] = {}
        self._read = self._answerable = 0

    def take(self, batch: Batch) -> None:
        """Note what there is to say about some messages."""
        starts = (batch.tokens.tags == pack("UNH")).nonzero()[0]
        types = batch.tokens.column(starts, 2).fill_null("")
        self._read += len(types)
        self._answerable += int((types != CONTRL).sum())
        told = [(report.index, self._rejected(report)) for report in batch.reports if report.type != CONTRL]
        if self.settings.list_accepted:
            told += self._accepted(batch)
        for group, some in groupby(sorted(told), lambda one: int(batch.groups[one[0]])):
            self._messages.setdefault(group, []).append("".join(text for _, text in some))

    @property
    def due(self) -> bool:
        """Whether there is a CONTRL to send: none answers an interchange of nothing but CONTRL, or messages without UNB."""
        return len(self.interchange.header) > 1 and (self._answerable > 0 or self._read == 0)

    @property
    def rejected(self) -> bool:
        """Whether the whole interchange is rejected."""
        return bool(self.interchange.wrong)

    def rejects(self, group: int) -> bool:
        """Whether all messages of a group are rejected."""
        return self.rejected or bool(self.interchange.groups[group].wrong)

    @property
    def group_numbers(self) -> int:
        """None: a CONTRL stands in no group."""
        return 0

    def made(self, written: datetime, number: int, group_number: int = 1) -> bytes:
        """The interchange to send back, empty when none is due."""
        if not self.due:
            return b""
        if not self.rejected:
            return self._interchange(written, number, self._response(codes.ACKNOWLEDGED) + "".join(self._groups()))
        return self._interchange(
            written, number, self._response(codes.REJECTED, *self._why(self.interchange.wrong[0], "UNB", "UNZ"))
        )

    def receipt(self, written: datetime, number: int) -> bytes:
        """The interchange that says no more than that this one was received, empty where the partner does not want it. It may
        be made when the interchange is stored, before it is checked to its end."""
        wants = len(self.interchange.header) > 9 and self.interchange.header[9][0] == "2"
        when = self.settings.receipt
        if not self.due or not (when == "always" or (when == "requested" and wants)):
            return b""
        return self._interchange(written, number, self._response(codes.RECEIVED))

    def _groups(self) -> Iterator[str]:
        """What there is to say of the messages outside of groups, then of each group: UCM may not stand behind UCF."""
        outside = [index for index, group in enumerate(self.interchange.groups) if not group.header]
        for index in outside:
            yield from self._messages.get(index, ())
        for index, group in enumerate(self.interchange.groups):
            if not group.header:
                continue
            about = [
                self._reference(group.reference),
                *(self._composite(_at(group.header, place), PARTY[:2]) for place in (2, 3)),
            ]
            if group.wrong:
                yield self._segment("UCF", *about, codes.REJECTED, *self._why(group.wrong[0], "UNG", "UNE"))
            elif messages := self._messages.get(index):
                yield self._segment("UCF", *about, codes.ACKNOWLEDGED) + "".join(messages)

    def _response(self, *result: str) -> str:
        sender, receiver = (self._composite(_at(self.interchange.header, place), PARTY) for place in (2, 3))
        return self._segment("UCI", self._reference(self.interchange.reference), sender, receiver, *result)

    def _accepted(self, batch: Batch) -> Iterator[tuple[int, str]]:
        for checked in batch.checked.values():
            starts = checked.messages.starts[checked.sound]
            parts = [batch.tokens.column(starts, 2, place).fill_null("").to_list() for place in range(len(IDENTIFIER))]
            references = checked.references.gather(checked.sound).to_list()
            for index, reference, *identifier in zip(checked.sound.tolist(), references, *parts, strict=True):
                if identifier[0] != CONTRL:
                    about = self._reference(reference), self._composite(identifier, IDENTIFIER)
                    yield index, self._segment("UCM", *about, codes.ACKNOWLEDGED)

    def _rejected(self, report: Report) -> str:
        about = self._reference(report.reference), self._composite(_at(report.segments[0], 2), IDENTIFIER)
        why = self._why(report.wrong[0], "UNH", "UNT", of_message=True) if report.wrong else ()
        inside = [fault for fault in report.faults if fault.position <= LAST_POSITION]
        segments = [text for text, _ in zip(self._faults(inside), range(MOST_SEGMENTS), strict=False)]
        return self._segment("UCM", *about, codes.REJECTED, *why) + "".join(segments)

    def _why(self, wrong: Wrong, header: str, trailer: str, *, of_message: bool = False) -> tuple[str, ...]:
        """Code, segment and element of a fault of an envelope."""
        code = codes.envelope_code(wrong, self.interchange.repertoire, of_message=of_message)
        if wrong.detail is not None:
            return code, wrong.detail.tag, self._position(wrong.detail)
        if wrong.fault in codes.OF_TRAILERS:
            return code, trailer, codes.OF_TRAILERS[wrong.fault]
        return code, header, self._joined(codes.UNH_PLACES.get(wrong.fault, ()) if of_message else ())

    def _faults(self, faults: Sequence[Fault]) -> Iterator[str]:
        """For each segment at fault UCS and its UCD."""

        def level(fault: Fault) -> tuple[int, bool]:
            return fault.position, fault.kind not in codes.SEGMENT_CODES

        for (position, of_elements), same in groupby(sorted(faults, key=level), level):
            if not of_elements:
                for fault in {codes.SEGMENT_CODES[fault.kind]: fault for fault in same}.values():
                    yield self._segment("UCS", str(position), codes.SEGMENT_CODES[fault.kind])
            else:
                some = [fault for fault in same if (fault.element or 0) < LAST_ELEMENT][:MOST_ELEMENTS]
                details = (
                    self._segment("UCD", codes.element_code(one, self.interchange.repertoire), self._position(one))
                    for one in some
                )
                yield self._segment("UCS", str(position)) + "".join(details)

    def _position(self, fault: Fault) -> str:
        """The place of an element, where the segment's tag counts as the first (0098), and of a component (0104)."""
        component = str(fault.component) if fault.component and fault.component <= LAST_ELEMENT else ""
        return self._joined([str((fault.element or 0) + 1), component])

    def _interchange(self, written: datetime, number: int, body: str) -> bytes:
        syntax, version = self.syntax
        own, other = (self._composite(_at(self.interchange.header, place), PARTY) for place in (3, 2))
        date = written.strftime("%Y%m%d" if version in EIGHT_DIGIT_DATES else "%y%m%d")
        when, reference = self._joined([date, written.strftime("%H%M")]), str(number)
        test = "1" if self.interchange.test else ""
        identifier = self._joined([CONTRL, *MESSAGE_VERSIONS.get(version, ("D", "3")), "UN"])
        header = ["UNB", self._joined([syntax, version]), own, other, when, reference, "", "", "", "", "", test]
        text = self._segment(*header) + self._segment("UNH", "1", identifier) + body
        text += self._segment("UNT", str(self._count(body) + 2), "1") + self._segment("UNZ", "1", reference)
        return self._advice() + text.encode(self.encoding)

    def _count(self, body: str) -> int:
        """How many segments there are: terminators that are not released."""
        terminator, release = self.separators.terminator.decode(), self.separators.release.decode()
        if not release:
            return body.count(terminator)
        unreleased = body.replace(release * 2, "")
        return unreleased.count(terminator) - unreleased.count(release + terminator)

    def _advice(self) -> bytes:
        """UNA, where others than the usual separators are used."""
        own = replace(self.separators, decimal=self.separators.decimal or LEVEL_A.decimal)
        if own in (LEVEL_A, LEVEL_B):
            return b""
        parts = own.component, own.element, own.decimal, own.release or b" ", own.repetition or b" ", own.terminator
        return b"UNA" + b"".join(parts)

    def _allowed(self) -> str:
        """Characters that may stand in our texts; separators only where they can be released."""
        ascii_ones = {chr(one) for one in self.repertoire if one < 0x80}
        if not self.separators.release:
            ascii_ones -= {*self.separators.delimiters.decode()}
        if self.encoding == "utf-8":
            national = "".join(map(chr, range(0xA1, 0x3000)))
        else:
            national = bytes(range(0xA1, 0x100)).decode(self.encoding) if max(self.repertoire) >= 0x80 else ""
        return "".join(sorted(ascii_ones | {one for one in national if one.isprintable()}))

    def _reference(self, text: str) -> str:
        return self._escaped(self.texts.fitted(text, 1, 14))

    def _composite(self, components: Sequence[str], sizes: Sequence[tuple[int, int]]) -> str:
        """Components of others as an element of ours; a mandatory one that they lack becomes 0."""
        filled = [*components, *[""] * len(sizes)]
        return self._joined([self.texts.fitted(text, least, most) for text, (least, most) in zip(filled, sizes, strict=False)])

    def _joined(self, components: Sequence[str]) -> str:
        separator = self.separators.component.decode()
        return separator.join(map(self._escaped, without_trailing_blanks(components)))

    def _escaped(self, text: str) -> str:
        own = self.separators
        special = own.special.decode()
        if not own.release or not any(one in text for one in special):
            return text
        return "".join(own.release.decode() + one if one in special else one for one in text)

    def _segment(self, *elements: str) -> str:
        """A segment of elements that are joined and escaped already."""
        own = self.separators
        end = own.terminator.decode() + ("" if own.terminator in b"\r\n" else self.settings.line_end)
        return own.element.decode().join(without_trailing_blanks(elements)) + end


def _at(segment: Elements, place: int) -> Sequence[str]:
    return segment[place] if place < len(segment) else ()
