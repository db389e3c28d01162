"""Interchanges of EDIFACT: service string advice, repertoires, versions of messages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import ClassVar

import polars as pl

from mlconnector_assets.dictionaries import shipped, shipped_names
from mlconnector_assets.formats.edi.cells import Cells
from mlconnector_assets.formats.edi.checks import Checker
from mlconnector_assets.formats.edi.interchange import Group, Interchange
from mlconnector_assets.formats.edi.standard import Beginning, Unreadable, Version
from mlconnector_assets.formats.edi.structure import Structure
from mlconnector_assets.formats.edi.tokens import Indexes, Separators, Tokens

LEVEL_A = Separators(b"+", b":", b"'", b"", b"?", b".")
LEVEL_B = Separators(b"\x1d", b"\x1f", b"\x1c", b"", b"", b".")
UNA_LENGTH = 9
_ASCII = bytes(range(0x20, 0x7F))
_LEVEL_A = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 .,-()/='+:?!\"%&*;<>"
"""UNOA with the small letters that real files have in it."""
ENCODINGS = {"UNOD": "iso8859-2", "UNOE": "iso8859-5", "UNOF": "iso8859-7", "UNOY": "utf-8", "UNOW": "utf-8"}
"""Of the syntax identifiers whose repertoire is not ISO 8859-1 or a part of it."""
ENVELOPE = ("UNB", "UNG", "UNE", "UNZ")


class Edifact:
    """The standard as the reader asks for it."""

    name: ClassVar[str] = "edifact"
    first: ClassVar[str] = "UNB"
    last: ClassVar[str] = "UNZ"
    group_first: ClassVar[str] = "UNG"
    group_last: ClassVar[str] = "UNE"
    opening: ClassVar[str] = "UNH"
    closing: ClassVar[str] = "UNT"
    grouped: ClassVar[bool] = False
    reference_place: ClassVar[int] = 1

    def begins(self, data: bytes) -> bool:
        """Whether an interchange of EDIFACT begins here."""
        return data.startswith((b"UNA", b"UNB", b"UNH"))

    def beginning(self, data: bytes) -> Beginning:
        """Separators from the UNA segment; without one the usual ones."""
        separators, size = LEVEL_A, 0
        if data.startswith(b"UNA"):
            if len(data) < UNA_LENGTH:
                raise Unreadable("the UNA segment is cut off; it has nine characters")
            component, element, decimal, release, repetition, terminator = (
                data[place : place + 1] for place in range(3, UNA_LENGTH)
            )
            if len({component, element, terminator}) < 3:
                raise Unreadable("two separators of the UNA segment are the same character")
            repeats = b"" if repetition in (b" ", component, element, terminator, release) else repetition
            separators = Separators(element, component, terminator, repeats, release.strip(), decimal)
            size = UNA_LENGTH
        elif data[3:4] == LEVEL_B.element:
            separators = LEVEL_B
        header = data[size : size + 200].lstrip(b"\r\n").split(separators.terminator)[0]
        syntax = header[4:8].decode("latin-1")
        national = syntax not in ("UNOA", "UNOB")
        repertoire = _LEVEL_A if syntax == "UNOA" else _ASCII + bytes(range(0x80, 0x100)) * national
        wrapped = any(one in header for one in b"\r\n")
        return Beginning(separators, size, wrapped, ENCODINGS.get(syntax, "latin-1"), repertoire)

    def interchange(self, header: Sequence[Sequence[str]], beginning: Beginning) -> Interchange:
        """What the UNB segment says."""

        def at(place: int, component: int = 0) -> str:
            return header[place][component] if place < len(header) and component < len(header[place]) else ""

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
        )

    def group(self, header: Sequence[Sequence[str]]) -> Group:
        """What the UNG segment says."""
        texts = [components[0] for components in header] + [""] * 9
        return Group(texts[1], texts[2], texts[3], texts[5], "", header)

    def versions(self, tokens: Tokens, starts: Indexes, of_groups: pl.Series) -> pl.Series:
        """The version in each message's own header, such as D96A."""
        version, release = (tokens.column(starts, 2, component).fill_null("") for component in (1, 2))
        return version + release

    def version(self, name: str) -> Version | None:
        """The dictionary of a directory such as D96A, or the nearest one before it, or else after it."""
        have = {_age(one): one for one in shipped_names() if re.fullmatch(r"edifact_d\d\d[a-z]", one)}
        asked = _age(name)
        nearest = have[max((age for age in have if age <= asked), default=min(have))]
        return Version(nearest, nearest == f"edifact_{name.lower()}", _checker(nearest))


def _age(directory: str) -> tuple[int, str]:
    """A directory's year and letter; nothing where it has none."""
    match = re.search(r"(\d\d)([A-Za-z])$", directory)
    return (int(match[1]) + (1900 if int(match[1]) > 80 else 2000), match[2].upper()) if match else (0, "")


@cache
def _checker(name: str) -> Checker:
    dictionary = shipped(name)
    structure = Structure(dictionary, "UNH", "UNT", ENVELOPE)
    return Checker(structure, Cells(dictionary, structure), (2, 0))
