"""Interchanges of EDIFACT: service string advice, repertoires, versions of messages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache, partial
from string import ascii_lowercase
from typing import ClassVar

import polars as pl

from mlconnector_assets.dictionaries import Dictionary, shipped, shipped_names
from mlconnector_assets.formats.edi.blocks import BREAKS
from mlconnector_assets.formats.edi.cells import Cells
from mlconnector_assets.formats.edi.checks import Checker
from mlconnector_assets.formats.edi.contents import Contents, Remark
from mlconnector_assets.formats.edi.diagnosis import Diagnosis, is_date
from mlconnector_assets.formats.edi.interchange import EnvelopeFault, Group, Interchange, Wrong
from mlconnector_assets.formats.edi.repertoires import UNOA
from mlconnector_assets.formats.edi.standard import Beginning, Unreadable, Version, checked, is_wrapped
from mlconnector_assets.formats.edi.structure import Structure
from mlconnector_assets.formats.edi.tokens import Indexes, Separators, Tokens, text_at
from mlconnector_assets.formats.edifact.dates import dates
from mlconnector_assets.formats.edifact.totals import totals

LEVEL_A = Separators(b"+", b":", b"'", b"", b"?", b".")
LEVEL_B = Separators(b"\x1d", b"\x1f", b"\x1c", b"", b"", b".")
UNA_LENGTH = 9
_ASCII = bytes(range(0x20, 0x7F))
_NATIONAL = _ASCII + bytes(range(0x80, 0x100))
_LEVEL_A = (UNOA + ascii_lowercase).encode()
"""UNOA with the small letters that real files have in it."""
ENCODINGS = {"UNOD": "iso8859-2", "UNOE": "iso8859-5", "UNOF": "iso8859-7", "UNOY": "utf-8", "UNOW": "utf-8"}
"""Of the syntax identifiers whose repertoire is not ISO 8859-1 or a part of it."""
ENVELOPE = ("UNB", "UNG", "UNE", "UNZ")


class Edifact:
    """The standard as the reader asks for it. `own` are a partner's dictionaries; each stands for its directory."""

    name: ClassVar[str] = "edifact"
    first: ClassVar[str] = "UNB"
    last: ClassVar[str] = "UNZ"
    group_first: ClassVar[str] = "UNG"
    group_last: ClassVar[str] = "UNE"
    opening: ClassVar[str] = "UNH"
    closing: ClassVar[str] = "UNT"
    advice: ClassVar[str] = "UNA"
    answers: ClassVar[tuple[str, ...]] = ()
    grouped: ClassVar[bool] = False
    reference_place: ClassVar[int] = 1

    def __init__(self, *own: Dictionary) -> None:
        self._own = {
            _age(dictionary.version): (dictionary.version.replace(".", ""), _made_ready(dictionary)) for dictionary in own
        }

    def begins(self, data: bytes) -> bool:
        """Whether an interchange of EDIFACT begins here."""
        return data.startswith((b"UNA", b"UNB", b"UNH"))

    def beginning(self, data: bytes) -> Beginning:
        """Separators from the UNA segment; without one the usual ones."""
        separators, size = LEVEL_A, 0
        while data.startswith(b"UNA", size):
            separators = _advised(data[size : size + UNA_LENGTH])
            size += UNA_LENGTH
            size += len(data) - size - len(data[size:].lstrip(BREAKS))
        if size == 0 and data[3:4] == LEVEL_B.element:
            separators = LEVEL_B
        header = data[size : size + 200].split(separators.terminator)[0].translate(None, delete=BREAKS)
        syntax, version = (header[4:8].decode("latin-1"), header[9:10]) if header.startswith(b"UNB") else ("", b"")
        separators = replace(separators, decimal=b"") if version >= b"4" else separators
        national = syntax not in ("UNOA", "UNOB")
        repertoire = _LEVEL_A if syntax == "UNOA" else _NATIONAL if national else _ASCII
        return Beginning(
            separators,
            size,
            is_wrapped(data, separators.terminator),
            ENCODINGS.get(syntax, "latin-1"),
            repertoire,
            trailing=version < b"4",
            capitals=syntax == "UNOA",
        )

    def interchange(self, header: Sequence[Sequence[str]], beginning: Beginning) -> Interchange:
        """What the UNB segment says. Where messages stand without one (as archives of them do), there is nothing to compare with
        and nobody to answer: a warning."""
        warnings = []
        if header[0][0] != "UNB":
            warnings.append(Wrong(EnvelopeFault.NO_HEADER, found=header[0][0]))
            header = (("UNB",),)

        at = partial(text_at, header)
        return Interchange(
            standard=self.name,
            sender=(at(2, 1), at(2)),
            receiver=(at(3, 1), at(3)),
            reference=at(5),
            version=":".join(header[1]) if len(header) > 1 else "",
            written=(at(4), at(4, 1)),
            test=at(11) != "",
            wants_acknowledgment=at(9) == "1",
            separators=beginning.separators,
            header=header,
            repertoire=beginning.characters,
            wrong=[] if warnings else self.faults_of_envelope(header),
            warnings=warnings,
        )

    def group(self, header: Sequence[Sequence[str]]) -> Group:
        """What the UNG segment says."""
        texts = [components[0] for components in header] + [""] * 9
        return Group(texts[1], texts[2], texts[3], texts[5], "", header, wrong=self.faults_of_envelope(header))

    def faults_of_envelope(self, segment: Sequence[Sequence[str]]) -> list[Wrong]:
        """What is wrong with the elements of UNB, UNG, UNE or UNZ. Of syntax version 4, which adds components, those are
        compared that version 3 has; a date may have its century, as files of version 3 have it too."""
        faults = Diagnosis(_checker("edifact_d96a").structure, _NATIONAL).of_segment(1, _as_version_3(segment), "")
        return [
            Wrong(EnvelopeFault.HEADER, f"{segment[0][0]} element {fault.element} {fault.kind.value}", fault.text, fault)
            for fault in faults
        ]

    def remarks(self, contents: Contents) -> Iterator[Remark]:
        """Totals and dates that are not what they should be."""
        yield from totals(contents)
        yield from dates(contents)

    def versions(self, tokens: Tokens, starts: Indexes, of_groups: pl.Series) -> pl.Series:
        """The version in each message's own header, such as D96A."""
        version, release = (tokens.column(starts, 2, component).fill_null("") for component in (1, 2))
        return version + release

    def version(self, name: str) -> Version | None:
        """The dictionary of a directory such as D96A, or the nearest one before it, or else after it."""
        have = {_age(one): one for one in shipped_names() if re.fullmatch(r"edifact_d\d\d[a-z]", one)}
        asked, ages = _age(name), have.keys() | self._own.keys()
        age = max((one for one in ages if one <= asked), default=min(ages))
        if age in self._own:
            directory, checker = self._own[age]
            return Version(f"own edifact_{directory.lower()}", directory.upper() == name.upper(), checker)
        nearest = have[age]
        return Version(nearest, nearest == f"edifact_{name.lower()}", _checker(nearest))


_DATED = {"UNB": 4, "UNG": 4}
_COMPONENTS = {1: 2, 2: 3, 3: 3}


def _as_version_3(segment: Sequence[Sequence[str]]) -> list[Sequence[str]]:
    tag, rows = segment[0][0], [list(components) for components in segment]
    if (place := _DATED.get(tag)) and place < len(rows) and len(rows[place][0]) == 8 and is_date(rows[place][0]):
        rows[place][0] = rows[place][0][2:]
    if tag == "UNB" and len(rows) > 1 and rows[1][1:2] and rows[1][1] >= "4":
        for place, most in _COMPONENTS.items():
            rows[place : place + 1] = [row[:most] for row in rows[place : place + 1]]
    return list(rows)


def _advised(data: bytes) -> Separators:
    """The separators of a UNA segment, whose characters are: component, element, decimal mark, release, repetition (a blank
    before version 4), terminator."""
    if len(data) < UNA_LENGTH:
        raise Unreadable("the UNA segment is cut off; it has nine characters")
    component, element, decimal, release, repetition, terminator = (data[place : place + 1] for place in range(3, UNA_LENGTH))
    if not decimal.isascii() or decimal.isalnum():
        decimal = LEVEL_A.decimal
    repeats = b"" if repetition in b" " + component + element + terminator + release or repetition.isalnum() else repetition
    return checked(Separators(element, component, terminator, repeats, release.strip(b" "), decimal))


def _age(directory: str) -> tuple[int, str]:
    """A directory's year and letter; nothing where it has none."""
    match = re.search(r"(\d\d)([A-Za-z])$", directory)
    return (int(match[1]) + (1900 if int(match[1]) > 80 else 2000), match[2].upper()) if match else (0, "")


@cache
def _checker(name: str) -> Checker:
    return _made_ready(shipped(name))


def _made_ready(dictionary: Dictionary) -> Checker:
    structure = Structure(dictionary, "UNH", "UNT", ENVELOPE)
    return Checker(structure, Cells(dictionary, structure), (2, 0))
