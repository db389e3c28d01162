"""What a segment dictionary says, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["text", "letters", "number", "implied", "code", "date", "time", "binary"]
"""text: any characters of the repertoire; letters: no digits; number: with an explicit decimal mark where it has a fraction;
implied: digits whose last `decimals` are decimals; code: a value of a list; date and time: digits of a point in time."""


@dataclass(frozen=True)
class Element:
    """A data element. Lengths count characters; of a `number` neither sign nor decimal mark. `codes` are all values that are
    allowed (empty: any), `known` are values that we can explain."""

    number: str
    name: str
    kind: Kind
    least: int
    most: int
    decimals: int = 0
    codes: Mapping[str, str] = field(default_factory=dict)
    known: Mapping[str, str] = field(default_factory=dict)

    def explain(self, value: str) -> str:
        """What a coded value means; empty where we do not know."""
        return self.codes.get(value) or self.known.get(value, "")


@dataclass(frozen=True)
class Composite:
    """A data element that consists of others."""

    number: str
    name: str
    parts: tuple[Use, ...]


@dataclass(frozen=True)
class Use:
    """A data element at its place in a segment or composite."""

    what: Element | Composite
    required: bool


@dataclass(frozen=True)
class Rule:
    """A relation between elements of a segment, as X12 writes it: P all or none, R at least one, E at most one, C when the
    first then all, L when the first then at least one of the others. `positions` count from 1."""

    kind: Literal["P", "R", "E", "C", "L"]
    positions: tuple[int, ...]

    def broken(self, first: Any, count: Any) -> Any:  # noqa: ANN401 - the same for flags, arrays and expressions
        """Whether it is broken, where `first` tells whether the first of its elements is there and `count` how many are: of one
        segment, or of many at once as an array or an expression."""
        most = len(self.positions)
        match self.kind:
            case "P":
                return (count > 0) & (count < most)
            case "R":
                return count == 0
            case "E":
                return count > 1
            case "C":
                return first & (count < most)
            case "L":
                return first & (count == 1)


@dataclass(frozen=True)
class Segment:
    """A segment: `uses` are its elements in order."""

    tag: str
    name: str
    uses: tuple[Use, ...]
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True)
class Place:
    """Where a message has a segment, how often, and, in a loop (EDIFACT: segment group) that begins with it, what follows."""

    tag: str
    least: int
    most: int
    inside: tuple[Place, ...] = ()


@dataclass(frozen=True)
class Message:
    """A message type (X12: transaction set). `group` is the functional identifier (GS01) of its groups, in X12."""

    code: str
    name: str
    group: str
    places: tuple[Place, ...]


@dataclass(frozen=True)
class Dictionary:
    """A version of a standard, such as 004010 or D.96A."""

    version: str
    elements: Mapping[str, Element]
    segments: Mapping[str, Segment]
    messages: Mapping[str, Message]
