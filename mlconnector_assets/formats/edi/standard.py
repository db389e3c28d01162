"""What a reader of interchanges asks of a standard: X12 and EDIFACT each answer it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Protocol

import polars as pl

from mlconnector_assets.errors import ConnectorError
from mlconnector_assets.formats.edi.checks import Checker
from mlconnector_assets.formats.edi.contents import Contents, Remark
from mlconnector_assets.formats.edi.interchange import Group, Interchange, Wrong
from mlconnector_assets.formats.edi.tokens import Elements, Indexes, Separators, Tokens

HEADER_SIZE = 512
"""Bytes in which the header of an interchange ends, and the service string advice before it."""
NARROWEST = 20
"""Characters of a line that may be broken for its width."""


class Unreadable(ConnectorError):
    """Bytes that are no interchange."""


def checked(separators: Separators) -> Separators:
    """The separators. Raises Unreadable where they cannot be told apart, from each other or from data."""
    for one in separators.special.decode("latin-1"):
        if not one.isascii() or one.isalnum():
            raise Unreadable(f"{one!r} separates nothing: a separator is neither letter, digit nor beyond ASCII")
    if len(set(separators.special)) < len(separators.special):
        raise Unreadable("two separators of the header are the same character")
    return separators


def is_wrapped(data: bytes, terminator: bytes) -> bool:
    """Whether the first lines are broken at one width, in the middle of segments."""
    if terminator in b"\r\n":
        return False
    *lines, _ = re.split(rb"\r\n|\r|\n", data[:HEADER_SIZE])
    widths = {len(line) for line in lines}
    return len(widths) == 1 and max(widths) >= NARROWEST and any(not line.endswith(terminator) for line in lines)


@dataclass(frozen=True)
class Beginning:
    """What the first bytes of an interchange tell. `size` of them are no segment (EDIFACT's UNA); `wrapped`: lines are broken
    anywhere; `repertoire` are all bytes that its characters have in UTF-8; `trailing`: separators may stand where nothing follows
    them; `next_line`: segments end with 0x85, which is read as a line feed; `capitals`: small letters should not be there."""

    separators: Separators
    size: int
    wrapped: bool
    encoding: str
    repertoire: bytes
    trailing: bool = True
    next_line: bool = False
    capitals: bool = False

    @property
    def characters(self) -> bytes:
        """All bytes that may stand in the interchange: those of the repertoire, and separators."""
        return self.repertoire + self.separators.special


@dataclass(frozen=True)
class Version:
    """A dictionary ready for use: `name` is the dictionary's, `exact` whether it is the version that was asked for."""

    name: str
    exact: bool
    checker: Checker


class Standard(Protocol):
    """A standard. The tags are those around an interchange, a group and a message, and `advice` the one that may stand before an
    interchange (empty where there is none); `answers` those that may stand alone in an interchange;
    `grouped`: messages stand in groups only;
    `reference_place` is the element of a message's first segment that holds its reference."""

    name: ClassVar[str]
    first: ClassVar[str]
    last: ClassVar[str]
    group_first: ClassVar[str]
    group_last: ClassVar[str]
    opening: ClassVar[str]
    closing: ClassVar[str]
    advice: ClassVar[str]
    answers: ClassVar[tuple[str, ...]]
    grouped: ClassVar[bool]
    reference_place: ClassVar[int]

    def begins(self, data: bytes) -> bool:
        """Whether an interchange of this standard begins here."""

    def beginning(self, data: bytes) -> Beginning:
        """What the first bytes tell. Raises Unreadable."""

    def interchange(self, header: Elements, beginning: Beginning) -> Interchange:
        """What the header segment says, and what is wrong with it."""

    def faults_of_envelope(self, segment: Elements) -> list[Wrong]:
        """What is wrong with the elements of a segment of the envelope."""

    def group(self, header: Elements) -> Group:
        """What the header of a group says, and what is wrong with it."""

    def versions(self, tokens: Tokens, starts: Indexes, of_groups: pl.Series) -> pl.Series:
        """The version of each message, given that of its group."""

    def version(self, name: str) -> Version | None:
        """The dictionary for a version; None when there is none near."""

    def remarks(self, contents: Contents) -> Iterator[Remark]:
        """What rules over more than one segment or element find in messages that are else sound."""
