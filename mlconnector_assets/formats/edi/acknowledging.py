"""What acknowledgments of X12 and EDIFACT have in common: what a partner wants of them, and texts of others in our segments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from mlconnector_assets.formats.edi.interchange import Interchange
from mlconnector_assets.formats.edi.reading import Batch
from mlconnector_assets.formats.edi.tokens import Separators

When = Literal["never", "requested", "always"]


@dataclass(frozen=True)
class Acknowledging:
    """What a partner wants to be told about interchanges that we received.

    list_accepted: name accepted messages too (AK2 with AK5, UCM with action 7), not only rejected ones.
    ta1: whether an interchange of X12 is answered by a TA1; `requested` means where ISA14 asks for it or something is wrong
    with the interchange itself. An interchange that may not be answered so has all its groups rejected by 997.
    receipt: whether an interchange of EDIFACT is answered by a CONTRL with action 8 before it was checked; `requested` means
    where its data element 0031 is 2.
    version: the version of our 997 (GS08); without it that of the group it answers.
    line_end: what follows each segment.
    """

    list_accepted: bool = False
    ta1: When = "requested"
    receipt: When = "never"
    version: str = ""
    line_end: str = ""


class Acknowledgment(Protocol):
    """The acknowledgment of one interchange, collected while it is read. What is wrong with the interchange and its groups is
    looked up in them at the end, so a caller may add to it, such as that the interchange came twice."""

    interchange: Interchange

    def take(self, batch: Batch) -> None:
        """Note what there is to say about some messages. All batches of the interchange, in order."""

    @property
    def due(self) -> bool:
        """Whether there is anything to send; an acknowledgment is never answered."""

    @property
    def rejected(self) -> bool:
        """Whether the whole interchange is rejected, also messages that have no fault of their own."""

    def rejects(self, group: int) -> bool:
        """Whether all messages of the group with this index are rejected."""

    @property
    def group_numbers(self) -> int:
        """How many group control numbers it takes, one after another."""

    def made(self, written: datetime, number: int, group_number: int = 1) -> bytes:
        """The interchange to send back, empty when none is due. `number` is its control number, `group_number` the first of
        its groups'; `written` its date and time, in the zone that the partner expects."""


def with_codes(fault_codes: Iterable[str], most: int) -> list[str]:
    """The distinct codes, at most so many."""
    return list(dict.fromkeys(code for code in fault_codes if code))[:most]


def usable(separators: Separators, texts: Iterable[str]) -> bool:
    """Whether these separators are sure not to occur in what we write: none is a letter, a digit or a blank, no two are the
    same, and none stands in these texts."""
    marks = separators.special.decode("latin-1")
    joined = "".join(texts)
    return len(set(marks)) == len(marks) and all(
        one.isascii() and not one.isalnum() and one not in " \0" and one not in joined for one in marks
    )


class Texts:
    """Texts of others for our segments, in which only `allowed` characters may stand."""

    def __init__(self, allowed: str) -> None:
        self._others = re.compile(f"[^{re.escape(allowed)}]")
        self._stand_in = next(one for one in "?.-X" if one in allowed)

    def clean(self, text: str) -> str:
        """The text with every character that may not stand there replaced."""
        return self._others.sub(self._stand_in, text)

    def whole(self, text: str) -> bool:
        """Whether all of it may stand there."""
        return self._others.search(text) is None

    def fitted(self, text: str, least: int, most: int) -> str:
        """The text with as many characters as an element needs: the beginning of a longer one, zeros before a shorter one."""
        return self.clean(text)[:most].rjust(least, "0")


def without_trailing_blanks(elements: Sequence[str]) -> list[str]:
    """The elements up to the last that is not empty."""
    last = max((place for place, text in enumerate(elements) if text), default=-1)
    return list(elements[: last + 1])
