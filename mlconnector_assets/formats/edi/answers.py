"""What partners say of our interchanges: acknowledgments that we received, as values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from mlconnector_assets.formats.edi.reading import Batch
from mlconnector_assets.formats.edi.tokens import Elements, text_at


class Status(Enum):
    """What became of something that we sent. `received`: it arrived and was not yet checked."""

    RECEIVED = "received"
    ACCEPTED = "accepted"
    ACCEPTED_WITH_ERRORS = "accepted_with_errors"
    PARTLY = "partly"
    REJECTED = "rejected"


@dataclass(frozen=True)
class Reason:
    """Why something was rejected or noted. `code` is the partner's with the name of its element, such as `AK403 1`, `text` what
    it means. `position` counts segments from 1 at the message's first, `element` and `component` count from 1; None where it
    concerns the whole or the partner does not tell; `found` is the offending text that the partner sent back."""

    code: str
    text: str
    position: int | None = None
    segment: str = ""
    element: int | None = None
    component: int | None = None
    found: str = ""

    def __str__(self) -> str:
        place = self.segment
        if self.element is not None:
            place = f"{place or 'element '}{self.element:02d}{f'-{self.component}' if self.component else ''}"
        where = [f"segment {self.position}"] if self.position else []
        where += [place] if place else []
        return f"{' '.join(where)}{': ' if where else ''}{self.text}{f' {self.found!r}' if self.found else ''} ({self.code})"


@dataclass(frozen=True)
class MessageAnswer:
    """What became of one message (X12: transaction set); `type` such as 810 or INVOIC, `reference` its control number."""

    type: str
    reference: str
    status: Status
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class Answer:
    """What became of an interchange or a group of messages.

    kind: the acknowledgment that says so. sound: it has no fault itself; otherwise this is what could be read of it.
    sender, receiver: qualifier and id of who sent what is answered, and of who answers.
    level: what is answered; interchange: its control reference, or that of the interchange around the group, where it is told.
    group: functional identifier (GS01) of the group, empty in EDIFACT; reference: control reference of the interchange or group.
    status: of the whole; a rejected one takes all messages with it.
    messages: those that are named, which are at least the rejected ones. received, accepted: how many messages, where told.
    """

    kind: Literal["997", "TA1", "CONTRL"]
    sound: bool
    sender: tuple[str, str]
    receiver: tuple[str, str]
    level: Literal["interchange", "group"]
    interchange: str
    group: str
    reference: str
    status: Status
    reasons: tuple[Reason, ...] = ()
    messages: tuple[MessageAnswer, ...] = ()
    received: int | None = None
    accepted: int | None = None

    def of(self, kind: str, reference: str) -> Status | None:
        """What became of one message of what is answered. None where that is not told: the group was accepted in part, and
        fewer messages are named than were rejected."""
        if self.status in (Status.REJECTED, Status.RECEIVED):
            return self.status
        for one in self.messages:
            if one.type == kind and one.reference.lstrip("0") == reference.lstrip("0"):
                return one.status
        named = sum(one.status is Status.REJECTED for one in self.messages)
        lost = (self.received or 0) - (self.accepted or 0)
        return None if self.status is Status.PARTLY and named < lost else Status.ACCEPTED


def messages_of(batch: Batch, kind: str) -> Iterator[tuple[Sequence[Elements], bool]]:
    """The segments of all messages of a type, in order, and whether each is without fault."""
    found: list[tuple[int, Sequence[Elements] | None]] = [(one.index, one.segments) for one in batch.reports if one.type == kind]
    bounds: dict[int, tuple[int, int]] = {}
    for checked in batch.checked.values():
        messages = checked.messages
        for index in checked.sound[(messages.types.gather(checked.sound) == kind).to_numpy()].tolist():
            found.append((index, None))
            bounds[index] = int(messages.starts[index]), int(messages.ends[index])
    for index, segments in sorted(found, key=lambda one: one[0]):
        if segments is not None:
            yield segments, False
        else:
            first, last = bounds[index]
            yield [batch.tokens.segment(number) for number in range(first, last + 1)], True


def component_at(elements: Elements, place: int, component: int = 0) -> str:
    """A component of a segment, from 0, without blanks around it; empty where it is not there."""
    return text_at(elements, place, component).strip()


def whole(text: str) -> int | None:
    """A count or position; None where it is none."""
    return int(text) if text.isascii() and text.isdigit() else None
