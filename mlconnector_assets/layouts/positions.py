"""Where the columns of a fixed-width line stand: widths, and positions without gap or overlap."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mlconnector_assets.layouts.columns import LayoutColumn
from mlconnector_assets.layouts.problems import Problem


def width_of(column: LayoutColumn) -> int | None:
    """The column's width, from `width` or `positions`."""
    return column.positions.last - column.positions.first + 1 if column.positions else column.width


def position_problems(columns: Sequence[LayoutColumn], line_length: int | None) -> Iterator[Problem]:
    """What is wrong with the places of a line's columns; paths begin with the index of the column."""
    end = 0
    for index, column in enumerate(columns):
        width, place = width_of(column), column.positions
        if width is None:
            text = f"`{column.name}` has no width; a column of a fixed-width file needs `width: 10` or `positions: 11-20`"
            yield Problem((index, "width"), text)
            return
        if place and place.first <= end:
            text = (
                f"`{column.name}` begins at {place.first}, but the columns before it reach to {end}; columns stand in their order"
            )
            yield Problem((index, "positions"), text)
        elif place and place.first > end + 1:
            text = (
                f"`{column.name}` begins at {place.first}, and nothing stands at {end + 1}-{place.first - 1}; "
                f"fill it: {{name: filler, value: \"''\", positions: {end + 1}-{place.first - 1}}}"
            )
            yield Problem((index, "positions"), text)
        end = place.last if place else end + width
    if line_length is not None and end > line_length:
        key = "positions" if columns[-1].positions else "width"
        yield Problem((len(columns) - 1, key), f"the columns reach to {end}, but `line_length` is {line_length}")
