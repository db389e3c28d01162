"""What a segment dictionary says of a layout's elements: where each stands, how its value is written, and what it may be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from mlconnector_assets.dictionaries import Composite, Dictionary, Element, shipped, shipped_names
from mlconnector_assets.layouts.columns import LayoutColumn
from mlconnector_assets.layouts.edi_options import X12, Edifact, element_place
from mlconnector_assets.layouts.problems import KeyPath, Problem, did_you_mean, listed
from mlconnector_assets.layouts.rendering import Check

_DATES = {6: "%y%m%d", 8: "%Y%m%d", 12: "%Y%m%d%H%M"}
_COUNTED = ("number", "implied")


@dataclass(frozen=True)
class Cell:
    """An element or component of a segment: `required` where its segment cannot be without it."""

    element: Element
    required: bool


def dictionary_of(options: X12 | Edifact) -> Dictionary | Problem:
    """The segment dictionary of a layout, or why there is none."""
    kind = f"{options.key}_"
    if options.dictionary not in shipped_names():
        version = options.dictionary.removeprefix(kind)
        have = [name.removeprefix(kind) for name in shipped_names() if name.startswith(kind)]
        return Problem((options.key, "version"), f"there is no segment dictionary of {version!r}; there are: {listed(have)}")
    return shipped(options.dictionary)


def option_problems(options: X12 | Edifact, dictionary: Dictionary) -> Iterator[Problem]:
    """What a layout lacks to become an interchange."""
    key, name = options.key, options.message_key
    if options.message is None:
        yield Problem((key, name), f"is missing; allowed: {listed(dictionary.messages)}")
    elif options.message not in dictionary.messages:
        near = did_you_mean(options.message, dictionary.messages)
        yield Problem(
            (key, name), f"{options.message!r} is not in {dictionary.version}; allowed: {listed(dictionary.messages)}{near}"
        )


def segment_problems(segment: str | None, path: KeyPath, dictionary: Dictionary) -> Iterator[Problem]:
    """What is wrong with the segment that a part becomes."""
    if segment is None:
        yield Problem((*path, "segment"), "is missing: the tag of the segment that the part becomes, such as BIG or NAD")
    elif segment not in dictionary.segments:
        near = did_you_mean(segment, dictionary.segments)
        yield Problem((*path, "segment"), f"the dictionary {dictionary.version} has no segment {segment!r}{near}")


def cell_of(name: str, segment: str, dictionary: Dictionary) -> Cell | str:
    """The place that a column's name means, or why it means none."""
    place = element_place(name, segment)
    if place is None:
        return f"{name!r} names no element of {segment}: write {segment}02, and {segment}02-1 for a component"
    uses, (number, component) = dictionary.segments[segment].uses, place
    if number > len(uses):
        return f"{segment} has {len(uses)} elements in {dictionary.version}"
    use = uses[number - 1]
    if isinstance(use.what, Element):
        if component > 1:
            return f"{segment}{number:02d} ({use.what.name}) has no components"
        return Cell(use.what, use.required)
    assert isinstance(use.what, Composite)
    if component > len(use.what.parts):
        return f"{segment}{number:02d} ({use.what.name}) has {len(use.what.parts)} components"
    part = use.what.parts[component - 1]
    assert isinstance(part.what, Element)
    return Cell(part.what, use.required and part.required)


def by_dictionary(column: LayoutColumn, cell: Cell, kind: pl.DataType, options: X12 | Edifact) -> LayoutColumn:
    """The column with what the dictionary and the partner's codes say, where the layout says nothing."""
    element, given = cell.element, column.model_fields_set
    told: dict[str, object] = {}
    if element.kind == "implied" and kind.is_numeric() and not given & {"decimals", "implied_decimals"}:
        told["implied_decimals"] = element.decimals
    if element.kind in ("date", "text") and kind.base_type() in (pl.Date, pl.Datetime) and "date_format" not in given:
        told["date_format"] = _DATES.get(element.most, _DATES[8])
    if element.kind == "time" and kind.base_type() == pl.Datetime and "date_format" not in given:
        told["date_format"] = "%H%M"
    if element.number in options.codes and "codes" not in given and kind == pl.String:
        told["codes"] = dict(options.codes[element.number])
    if column.truncate and "width" not in given:
        told["width"] = element.most
    if cell.required:
        told["required"] = True
    return column.model_copy(update=told) if told else column


def rule_checks(segment: str, columns: Sequence[LayoutColumn], dictionary: Dictionary) -> Iterator[Check]:
    """The relations between elements of a segment, over a frame with the texts of its columns."""
    for rule in dictionary.segments[segment].rules:
        there = [_present(segment, position, columns) for position in rule.positions]
        broken = rule.broken(there[0], pl.sum_horizontal(there))
        names = " and ".join(f"{segment}{position:02d}" for position in rule.positions)
        yield Check(broken, pl.lit(_RULES[rule.kind].format(names=names, first=f"{segment}{rule.positions[0]:02d}")))


_RULES = {
    "P": "elements {names}: all of them stand together, or none; fill the empty ones in, or leave the others out",
    "R": "elements {names}: one of them has to be filled in, and none is",
    "E": "elements {names}: only one of them may be filled in",
    "C": "elements {names}: where {first} is filled in, the others have to be, too",
    "L": "elements {names}: where {first} is filled in, one of the others has to be, too",
}


def _present(segment: str, position: int, columns: Sequence[LayoutColumn]) -> pl.Expr:
    """Whether any component of an element has a text."""
    own = [column.name for column in columns if (element_place(column.name, segment) or (0, 0))[0] == position]
    return pl.any_horizontal([pl.col(name).fill_null("") != "" for name in own]) if own else pl.lit(value=False)


def text_checks(column: LayoutColumn, cell: Cell, options: X12 | Edifact) -> Iterator[Check]:
    """What the text of an element may be: its length, and its codes."""
    element, text = cell.element, pl.col(column.name)
    about = f"element {column.name} ({element.name}): '{{}}' "
    digits = element.kind in _COUNTED
    length = text.str.count_matches(r"\d") if digits else text.str.len_chars()
    counted = "digits" if digits else "characters"
    source = column.value or column.name
    shorten = f"shorten `{source}` at the source, or cut texts with `truncate: true`"
    if element.kind == "code":
        shorten = f"map it to the partner's code under {element.number!r} in `{options.key}: codes:`"
    yield Check(length > element.most, pl.format(f"{about}has more than {element.most} {counted}; {shorten}", text))
    if element.least > 1:
        mend = f"give `{source}` at least so many, or leave the element out"
        yield Check(
            (length < element.least) & (text != ""), pl.format(f"{about}has less than {element.least} {counted}; {mend}", text)
        )
    if digits:
        yield Check(
            ~text.str.contains(rf"^-?\d+(?:\{options.decimal_mark}\d+)?$"),
            pl.format(f"{about}is no number; change its `value:`", text),
        )
    if element.codes:
        allowed = listed(element.codes)
        yield Check(
            ~text.is_in(list(element.codes)) & (text != ""),
            pl.format(f"{about}is no code of its list; allowed: {allowed}; map values with `codes:`", text),
        )
