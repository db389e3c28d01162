"""What many messages hold, by the places of their segments: for rules over more than one segment, such as totals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from mlconnector_assets.dictionaries import Composite
from mlconnector_assets.formats.edi.checks import Messages
from mlconnector_assets.formats.edi.diagnosis import Fault, Kind
from mlconnector_assets.formats.edi.structure import Structure
from mlconnector_assets.formats.edi.tokens import Indexes, Tokens

SCALE, LONGEST = 6, 12
"""Decimals of amounts while they are compared, and characters of the longest number that is: products of two of them are exact
and fit into a decimal. Of longer ones nothing is said."""


@dataclass(frozen=True)
class Remark:
    """A fault that a rule over whole messages finds: the index of the message, and whether it is a warning only."""

    message: int
    fault: Fault
    warning: bool = False


@dataclass(frozen=True)
class Contents:
    """The messages of one dictionary in a batch. `decimal` is the decimal mark, empty where comma and point both are."""

    tokens: Tokens
    messages: Messages
    structure: Structure
    decimal: bytes

    @cached_property
    def _numbers(self) -> dict[tuple[str, str], list[int]]:
        found: dict[tuple[str, str], list[int]] = {}
        for position in self.structure.positions.values():
            found.setdefault((position.message, "/".join(position.path)), []).append(position.number)
        return found

    def at(self, message: str, *paths: str) -> Indexes:
        """The segments at these places in messages of a type, in order. A place is written as its tags from the outermost loop
        on: `LIN/MOA`."""
        numbers = [number for path in paths for number in self._numbers.get((message, path), ())]
        wanted = np.zeros(len(self.structure.positions) + 3, np.bool_)
        wanted[numbers] = True
        return np.flatnonzero(wanted.take(self.messages.states))

    def has(self, message: str) -> bool:
        """Whether there is any message of a type."""
        return message in self.structure.messages and bool((self.messages.types == message).any())

    def frame(self, segments: Indexes, **places: tuple[int, int]) -> pl.DataFrame:
        """A row a segment: index of its `message`, `segment`, and the texts at these places (element, component), null where
        they are empty. Segments of messages that are at fault are left out."""
        message = np.searchsorted(self.messages.starts, segments, "right") - 1
        sound = ~self.messages.faulty[message]
        segments, message = segments[sound], message[sound]
        columns = {name: self.tokens.column(segments, *place) for name, place in places.items()}
        return pl.DataFrame(
            {"message": pl.Series(message, dtype=pl.Int64), "segment": pl.Series(segments, dtype=pl.Int64)} | columns
        )

    def amount(self, name: str) -> pl.Expr:
        """A text as an amount; null where it is empty or too long."""
        text: pl.Expr = pl.when(pl.col(name).str.len_chars() <= LONGEST).then(pl.col(name))
        if self.decimal != b".":
            text = text.str.replace("," if not self.decimal else self.decimal.decode(), ".", literal=True)
        return text.str.to_decimal(scale=SCALE).alias(name)

    def remarks(self, wrong: pl.DataFrame, place: tuple[int, int | None], *, kind: Kind, warning: bool) -> Iterator[Remark]:
        """A remark for each row of `wrong` (message, segment, text, about), all at one place of one kind of segment."""
        element, component = place
        for message, segment, text, about in wrong.select("message", "segment", "text", "about").iter_rows():
            tag = self.tokens.segment(segment)[0][0]
            what = self.structure.dictionary.segments[tag].uses[element - 1].what
            if component is not None and isinstance(what, Composite):
                what = what.parts[component - 1].what
            position = segment - int(self.messages.starts[message]) + 1
            fault = Fault(kind, position, tag, "", element, component, what.number, text or "", f"{what.name}; {about}")
            yield Remark(message, fault, warning)


def counted(contents: Contents, message: str, items: str, totals: pl.DataFrame) -> pl.DataFrame:
    """Of `totals` (message, segment, text) those that say another number of items than there are, with what is said about it."""
    found = contents.frame(contents.at(message, items)).group_by("message").len(name="count")
    totals = totals.join(found, on="message", how="left").with_columns(pl.col("count").fill_null(0))
    said = pl.col("text").str.replace(r"\.0*$", "").str.strip_chars_start("0")
    wrong = totals.filter(said != pl.col("count").cast(pl.String).str.strip_chars_start("0"))
    return wrong.with_columns(about=pl.format("counted: {}", "count"))


def summed(frame: pl.DataFrame, amount: str) -> pl.DataFrame:
    """A row a message: the sum of an amount, null where one is unknown, and how many there are (`message`, amount, `count`)."""
    unknown = pl.col(amount).null_count() > 0
    total = pl.when(~unknown).then(pl.col(amount).sum())
    return frame.group_by("message").agg(total.alias(amount), pl.len().cast(pl.Int64).alias("count"))


def unlike(totals: pl.DataFrame, candidates: Sequence[str], tolerance: pl.Expr) -> pl.DataFrame:
    """Of `totals` (message, segment, text, `said`, and one column a candidate) those that are like none of the candidates. A
    total without any candidate is like all."""
    unequal = [(pl.col("said") - pl.col(name)).abs() > tolerance for name in candidates]
    about = pl.format("computed: {}", pl.col(candidates[0]).cast(pl.String).str.strip_chars_end("0").str.strip_chars_end("."))
    wrong = totals.filter(pl.all_horizontal(unequal)) if unequal else totals.clear()
    return wrong.with_columns(about=about)


CENT = pl.lit("0.01").str.to_decimal(scale=SCALE)
"""What each line may add to a difference by its rounding."""
