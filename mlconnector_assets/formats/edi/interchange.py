"""What surrounds messages, in the words of both standards, and what can be wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from mlconnector_assets.formats.edi.diagnosis import Fault
from mlconnector_assets.formats.edi.tokens import Separators


class EnvelopeFault(Enum):
    """What can be wrong around messages; the value says it of an interchange, a group or a message."""

    HEADER = "has a header that breaks the rules of its elements"
    NO_HEADER = "has no header"
    NO_TRAILER = "has no trailer"
    REFERENCE = "has another control reference in its trailer than in its header"
    COUNT = "has another number of parts than its trailer says"
    DUPLICATE = "has the control reference of an earlier one"
    UNKNOWN_TYPE = "is of a type that we do not have"
    UNKNOWN_VERSION = "is of a version that we do not have"
    WRONG_GROUP = "stands in a group for another type"
    STRAY = "has segments outside of its messages"
    EMPTY = "is empty"
    SMALL_LETTERS = "has small letters, which its repertoire UNOA does not have"


@dataclass
class Wrong:
    """A fault of an envelope. `expected` and `found` are what was counted or announced, and what is written; `detail` is what
    is wrong with an element of a header."""

    fault: EnvelopeFault
    expected: str = ""
    found: str = ""
    detail: Fault | None = None


@dataclass
class Group:
    """A functional group; in EDIFACT also what stands outside of any. `header` are its elements with their components;
    `messages` were read, `accepted` have no fault. `warnings` are no reason to refuse anything."""

    kind: str
    sender: str
    receiver: str
    reference: str
    version: str
    header: Sequence[Sequence[str]] = ()
    messages: int = 0
    accepted: int = 0
    declared: str = ""
    wrong: list[Wrong] = field(default_factory=list)
    warnings: list[Wrong] = field(default_factory=list)


@dataclass
class Interchange:
    """One interchange. `sender` and `receiver` are qualifier and identification; `written` its date and time as they stand
    there (X12: yymmdd, hhmm); `header` its elements with their components; `repertoire` all bytes that its characters have in
    UTF-8. `warnings` are no reason to refuse anything."""

    standard: str
    sender: tuple[str, str]
    receiver: tuple[str, str]
    reference: str
    version: str
    written: tuple[str, str]
    test: bool
    wants_acknowledgment: bool
    separators: Separators
    header: Sequence[Sequence[str]]
    repertoire: bytes
    groups: list[Group] = field(default_factory=list)
    wrong: list[Wrong] = field(default_factory=list)
    warnings: list[Wrong] = field(default_factory=list)
