"""Interchanges of X12: the fixed header, separators, versions of groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import ClassVar

import polars as pl

from mlconnector_assets.dictionaries import Dictionary, shipped, shipped_names
from mlconnector_assets.formats.edi.blocks import NEXT_LINE
from mlconnector_assets.formats.edi.cells import Cells
from mlconnector_assets.formats.edi.checks import Checker
from mlconnector_assets.formats.edi.contents import Contents, Remark
from mlconnector_assets.formats.edi.diagnosis import Diagnosis, Kind, is_date
from mlconnector_assets.formats.edi.interchange import EnvelopeFault, Group, Interchange, Wrong
from mlconnector_assets.formats.edi.standard import Beginning, Unreadable, Version, checked, is_wrapped
from mlconnector_assets.formats.edi.structure import Structure
from mlconnector_assets.formats.edi.tokens import Indexes, Separators, Tokens
from mlconnector_assets.formats.x12.totals import totals

ISA_LENGTH = 105
"""Characters of the header without its terminator (X12.5)."""
SEPARATOR_PLACES = (3, 6, 17, 20, 31, 34, 50, 53, 69, 76, 81, 83, 89, 99, 101, 103)
REPERTOIRE = bytes([*range(0x20, 0x7F), *range(0x80, 0x100)])
"""The extended character set with national letters."""
ENVELOPE = ("ISA", "GS", "GE", "IEA", "TA1")


class X12:
    """The standard as the reader asks for it. `own` are a partner's dictionaries; each stands for its version."""

    name: ClassVar[str] = "x12"
    first: ClassVar[str] = "ISA"
    last: ClassVar[str] = "IEA"
    group_first: ClassVar[str] = "GS"
    group_last: ClassVar[str] = "GE"
    opening: ClassVar[str] = "ST"
    closing: ClassVar[str] = "SE"
    advice: ClassVar[str] = ""
    answers: ClassVar[tuple[str, ...]] = ("TA1",)
    grouped: ClassVar[bool] = True
    reference_place: ClassVar[int] = 2

    def __init__(self, *own: Dictionary) -> None:
        self._own = {dictionary.version: _made_ready(dictionary) for dictionary in own}

    def begins(self, data: bytes) -> bool:
        """Whether an interchange of X12 begins here."""
        return data.startswith(b"ISA")

    def beginning(self, data: bytes) -> Beginning:
        """Separators, from their fixed places in the ISA segment."""
        header, wrapped = data[: ISA_LENGTH + 1], False
        if any(one in header[:ISA_LENGTH] for one in b"\r\n"):
            header, wrapped = data[: ISA_LENGTH + 20].translate(None, delete=b"\r\n")[: ISA_LENGTH + 1], True
        if len(header) <= ISA_LENGTH:
            raise Unreadable(f"the ISA segment has {len(header)} characters, and needs {ISA_LENGTH} and a terminator")
        element = header[3:4]
        for number, place in enumerate(SEPARATOR_PLACES, 1):
            if header[place : place + 1] != element:
                raise Unreadable(
                    f"ISA{number:02d} does not begin at character {place + 2} of its segment, whose elements have fixed widths"
                )
        component, terminator, repetition = header[104:105], header[105:106], header[82:83]
        if (
            header[84:89] < b"00402"
            or repetition.isalnum()
            or not repetition.isascii()
            or repetition in b" " + header[3:4] + header[104:106]
        ):
            repetition = b""
        next_line = terminator == NEXT_LINE
        separators = checked(Separators(element, component, b"\n" if next_line else terminator, repetition))
        return Beginning(separators, 0, wrapped or is_wrapped(data, terminator), "utf-8", REPERTOIRE, next_line=next_line)

    def interchange(self, header: Sequence[Sequence[str]], beginning: Beginning) -> Interchange:
        """What the ISA segment says."""
        texts = [components[0].strip() for components in header] + [""] * 17
        found = Interchange(
            standard=self.name,
            sender=(texts[5], texts[6]),
            receiver=(texts[7], texts[8]),
            reference=texts[13],
            version=texts[12],
            written=(texts[9], texts[10]),
            test=texts[15] == "T",
            wants_acknowledgment=texts[14] == "1",
            separators=beginning.separators,
            header=header,
            repertoire=beginning.characters,
        )
        found.wrong += self.faults_of_envelope([*header[:11], ["U"], *header[12:16], ["-"], *header[17:]])
        return found

    def group(self, header: Sequence[Sequence[str]]) -> Group:
        """What the GS segment says. A date without its century, as versions before 004010 have it, is a warning."""
        texts = [components[0].strip() for components in header] + [""] * 9
        found = Group(texts[1], texts[2], texts[3], texts[6], texts[8], header)
        wrong = self.faults_of_envelope(header)
        dated = [one for one in wrong if one.detail and (one.detail.element, one.detail.kind) == (4, Kind.TOO_SHORT)]
        found.warnings += [one for one in dated if is_date(texts[4])]
        found.wrong += [one for one in wrong if one not in found.warnings]
        return found

    def faults_of_envelope(self, segment: Sequence[Sequence[str]]) -> list[Wrong]:
        """What is wrong with the elements of ISA, GS, GE or IEA."""
        faults = Diagnosis(_checker("004010").structure, REPERTOIRE).of_segment(1, segment, "")
        return [
            Wrong(EnvelopeFault.HEADER, f"{segment[0][0]}{fault.element or 0:02d} {fault.kind.value}", fault.text, fault)
            for fault in faults
        ]

    def remarks(self, contents: Contents) -> Iterator[Remark]:
        """Totals that are not what they should be."""
        return totals(contents)

    def versions(self, tokens: Tokens, starts: Indexes, of_groups: pl.Series) -> pl.Series:
        """The version of each message's group, without the industry's suffix."""
        return of_groups.str.head(6)

    def version(self, name: str) -> Version | None:
        """The dictionary of a version such as 004010, or the nearest one before it, or else after it."""
        if len(name) != 6 or not name.isdigit():
            return None
        have = sorted({one.removeprefix("x12_") for one in shipped_names() if one.startswith("x12_0")} | set(self._own))
        nearest = max((one for one in have if one <= name), default=have[0])
        if (checker := self._own.get(nearest)) is not None:
            return Version(f"own x12_{nearest}", nearest == name, checker)
        return Version(f"x12_{nearest}", nearest == name, _checker(nearest))


@cache
def _checker(version: str) -> Checker:
    return _made_ready(shipped(f"x12_{version}"))


def _made_ready(dictionary: Dictionary) -> Checker:
    structure = Structure(dictionary, "ST", "SE", ENVELOPE)
    return Checker(structure, Cells(dictionary, structure), (1, 0))
