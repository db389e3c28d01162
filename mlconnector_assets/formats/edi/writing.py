"""Rows of text to segments and messages, by string concatenation over whole columns. Nothing here knows an envelope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from mlconnector_assets.formats.text import UnwritableDocuments, UnwritableText, matching
from mlconnector_assets.layouts import Applied, CompiledLayout, CompiledPart, PartRows
from mlconnector_assets.layouts.edi_options import element_place
from mlconnector_assets.layouts.rendering import RenderedColumn

_PRIVATE = 0xE000
"""First of the characters that stand for escaped ones until trailing separators are gone."""


@dataclass(frozen=True)
class Syntax:
    """How segments are written. `end` is the terminator with the line break behind it. `forbidden` is a pattern of characters
    that no text may hold, and `reason` what is said of them; `changed` is what some become instead; `escaped` stand behind
    `release`."""

    element: str
    component: str
    end: str
    forbidden: str
    reason: str
    changed: dict[str, str] = field(default_factory=dict)
    escaped: tuple[str, ...] = ()
    release: str = ""

    @property
    def replaced(self) -> dict[str, str]:
        """What characters of data become: what they are changed to, or a private character that `written` turns into an escaped
        one."""
        private = {mark: chr(_PRIVATE + index) for index, mark in enumerate(self.escaped)}
        return self.changed | private | dict.fromkeys(private.values(), "\uffff")

    def written(self, body: str) -> str:
        """The text with its escaped characters behind their release characters."""
        for index, mark in enumerate(self.escaped):
            body = body.replace(chr(_PRIVATE + index), self.release + mark)
        return body


def messages(applied: Applied, layout: CompiledLayout, syntax: Syntax) -> pl.DataFrame:
    """One row a document: `document`, `text` (its segments) and `segments` (how many).

    Raises
    ------
    UnwritableDocuments: characters that cannot be written; without their documents the rest can.
    """
    parts = [_safe(rows, part, syntax) for rows, part in zip(applied.parts, layout.parts, strict=True)]
    faults = ((rows, matching(rows.texts, syntax.forbidden, syntax.reason)) for rows in parts)
    if found := [(rows, UnwritableText(cells)) for rows, cells in faults if cells]:
        raise UnwritableDocuments.of(iter(found))
    frame = applied.positions.select("document", pl.lit("").alias("text"), pl.lit(0, pl.UInt32).alias("segments"))
    for loop in layout.loops:
        made = _loop([(parts[index], layout.parts[index]) for index in loop], syntax)
        frame = frame.join(made, on="document", how="left", suffix="_more", maintain_order="left").select(
            "document",
            pl.concat_str("text", pl.col("text_more").fill_null("")).alias("text"),
            (pl.col("segments") + pl.col("segments_more").fill_null(0)).alias("segments"),
        )
    return frame


def enclosed(made: pl.DataFrame, header: Sequence[pl.Expr], closing: str, number: pl.Expr, syntax: Syntax) -> str:
    """The messages that `messages` made, each with the segment that begins it and the one that ends it, which counts its segments
    and repeats its number."""
    trailer = [pl.lit(closing), (pl.col("segments") + 2).cast(pl.String), number]
    segments = [pl.concat_str(elements, separator=syntax.element) for elements in (header, trailer)]
    whole = pl.concat_str(segments[0], pl.lit(syntax.end), "text", segments[1], pl.lit(syntax.end))
    return syntax.written(made.select(whole.str.join("")).item() or "")


def _safe(rows: PartRows, part: CompiledPart, syntax: Syntax) -> PartRows:
    """The rows with the characters of their texts replaced that have to be; most columns have none."""
    marks = list(syntax.replaced)
    free = [column.name for column in part.columns if not column.plain]
    if not marks or not free:
        return rows
    found = rows.texts.select(pl.col(name).str.contains_any(marks).any() for name in free).row(0) if rows.texts.height else ()
    changed = [name for name, has in zip(free, found, strict=False) if has]
    texts = rows.texts.with_columns(pl.col(name).str.replace_many(syntax.replaced) for name in changed)
    return PartRows(texts, rows.keys)


def _loop(parts: Sequence[tuple[PartRows, CompiledPart]], syntax: Syntax) -> pl.DataFrame:
    """`document`, `text` and `segments` of parts over the same rows, which take turns."""
    first, *others = [
        pl.concat(
            [rows.keys.select("document", "row"), rows.texts.select(_segment(part, syntax).alias("text"))], how="horizontal"
        )
        for rows, part in parts
    ]
    one = first.with_columns(pl.lit(1, pl.UInt32).alias("segments"))
    for other in others:
        more = other.with_columns(pl.lit(1, pl.UInt32).alias("segments"))
        if one.height == more.height and one["row"].equals(more["row"]):
            one = one.with_columns(pl.concat_str(one["text"], more["text"]), one["segments"] + more["segments"])
        else:
            both = one.join(more, on=["document", "row"], how="full", suffix="_more", coalesce=True)
            one = both.select(
                "document",
                "row",
                pl.concat_str(pl.col("text").fill_null(""), pl.col("text_more").fill_null("")).alias("text"),
                (pl.col("segments").fill_null(0) + pl.col("segments_more").fill_null(0)).alias("segments"),
            ).sort("document", "row")
    if parts[0][1].rows == "documents":
        return one.select("document", "text", "segments")
    return one.group_by("document", maintain_order=True).agg(pl.col("text").str.join(""), pl.col("segments").sum())


def _segment(part: CompiledPart, syntax: Syntax) -> pl.Expr:
    """The segment of each row: its elements up to the last one that is not empty."""
    assert part.segment is not None
    places: dict[int, dict[int, RenderedColumn]] = {}
    for column in part.columns:
        element, component = element_place(column.name, part.segment) or (0, 0)
        places.setdefault(element, {})[component] = column
    elements = [_element(places.get(number, {}), syntax) for number in range(1, max(places) + 1)]
    joined = pl.concat_str([pl.lit(part.segment), *elements], separator=syntax.element)
    last = places[max(places)]
    always = len(last) == 1 and next(iter(last.values())).rules.required
    return pl.concat_str(joined if always else joined.str.strip_chars_end(syntax.element), pl.lit(syntax.end))


def _element(components: dict[int, RenderedColumn], syntax: Syntax) -> pl.Expr:
    if not components:
        return pl.lit("")
    texts = [
        pl.col(components[number].name).fill_null("") if number in components else pl.lit("")
        for number in range(1, max(components) + 1)
    ]
    if len(texts) == 1:
        return texts[0]
    return pl.concat_str(texts, separator=syntax.component).str.strip_chars_end(syntax.component)
