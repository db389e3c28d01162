"""The layouts that ship with the package, and what `extends:` makes of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import yaml
from pydantic import BaseModel

from mlconnector_assets.layouts.columns import ColumnChange, LayoutColumn
from mlconnector_assets.layouts.models import ENVELOPE, Layout, Part
from mlconnector_assets.layouts.options import OPTIONS, OPTIONS_KEY
from mlconnector_assets.layouts.problems import LayoutError, Problem, did_you_mean, listed

ONLY_PART = "row"
"""Name of the part that `rows` and `columns` are short for."""


class _Shipped(Mapping[str, Layout]):
    """Reads a layout's file when the layout is asked for: a process needs few of them."""

    def __init__(self, sources: Mapping[str, Traversable]) -> None:
        self._sources = sources
        self._layouts: dict[str, Layout] = {}

    def __getitem__(self, name: str) -> Layout:
        if name not in self._layouts:
            self._layouts[name] = Layout.model_validate(yaml.safe_load(self._sources[name].read_text("utf-8")))
        return self._layouts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._sources)

    def __len__(self) -> int:
        return len(self._sources)


@cache
def shipped_layouts() -> Mapping[str, Layout]:
    """Every shipped layout by name, such as `csv/invoices`: the format, then what it holds."""
    found = {
        f"{folder}/{entry.name.removesuffix('.yaml')}": entry
        for folder in OPTIONS
        for entry in (files(__name__) / folder).iterdir()
        if entry.name.endswith(".yaml")
    }
    return _Shipped(dict(sorted(found.items())))


def resolve(layout: Layout, *, where: str = "") -> Layout:
    """The layout without `extends`, `change`, `rows` and `columns`: every key has its final value, and `parts` is set.

    Raises
    ------
    LayoutError: the shipped layout or a changed column does not exist, or there are no columns at all.
    """
    if layout.extends is not None:
        return _extended(layout, _base(layout.extends, where), where)
    shipped = listed(shipped_layouts())
    if layout.change:
        text = "there is nothing to change without `extends:`; write the keys into `columns:`"
        raise LayoutError([Problem(("change",), text)], where=where)
    parts = _own_parts(layout)
    if parts is None:
        text = f"is missing; list the columns, or name a shipped layout in `extends:`: {shipped}"
        raise LayoutError([Problem(("columns",), text)], where=where)
    return layout.model_copy(update={"parts": parts, "rows": None, "columns": None})


def labels(layout: Layout) -> Iterator[tuple[str, LayoutColumn]]:
    """The columns of a resolved layout, each with the part it is in: `header`, a part's name, `trailer`."""
    for name, columns in (("header", layout.header), *((part.name, part.columns) for part in layout.parts or ())):
        yield from ((name, column) for column in columns or ())
    yield from (("trailer", column) for column in layout.trailer or ())


def change_of(layout: Layout, part: str, column: str) -> str | None:
    """The key under `change` that names an inherited column; `column` is its inherited name."""
    return next((key for key in (f"{part}.{column}", column) if key in layout.change), None)


def _base(name: str, where: str) -> Layout:
    shipped = shipped_layouts()
    base = shipped.get(name)
    if base is None:
        text = f"no layout {name!r} is shipped; allowed: {listed(shipped)}{did_you_mean(name, shipped)}"
        raise LayoutError([Problem(("extends",), text)], where=where)
    return base.model_copy(update={"parts": _own_parts(base), "rows": None, "columns": None})


def _extended(layout: Layout, base: Layout, where: str) -> Layout:
    if layout.rows and not layout.columns and len(base.parts or ()) > 1:
        text = f"{layout.extends} has several parts; write them out in `parts:` to change the rows of one"
        raise LayoutError([Problem(("rows",), text)], where=where)
    rows = {} if layout.rows is None else {"rows": layout.rows}
    merged = base.model_copy(
        update={
            "parts": _own_parts(layout) or tuple(part.model_copy(update=rows) for part in base.parts or ()),
            "header": base.header if layout.header is None else layout.header,
            "trailer": base.trailer if layout.trailer is None else layout.trailer,
            "totals": base.totals | layout.totals,
        }
    )
    if problems := list(_wrong_changes(layout, merged)):
        raise LayoutError(problems, where=where)
    parts = (part.model_copy(update={"columns": _changed(part.columns, part.name, layout)}) for part in merged.parts or ())
    envelope = {name: _changed(columns, name, layout) for name in ENVELOPE if (columns := getattr(merged, name)) is not None}
    options = {
        key: OPTIONS[kind].model_validate(getattr(base, key).model_dump() | _given(getattr(layout, key)))
        for kind, key in OPTIONS_KEY.items()
    }
    return merged.model_copy(update={"parts": tuple(parts), "extends": None, **envelope, **options})


def _own_parts(layout: Layout) -> tuple[Part, ...] | None:
    if layout.columns is None:
        return layout.parts
    return (Part(name=ONLY_PART, rows=layout.rows or "documents", columns=layout.columns),)


def _wrong_changes(layout: Layout, merged: Layout) -> Iterator[Problem]:
    columns = [(part, column.name) for part, column in labels(merged)]
    names = [name for _, name in columns]
    for key in layout.change:
        matches = [f"{part}.{name}" for part, name in columns if key in (name, f"{part}.{name}")]
        if not matches:
            text = f"the layout has no column of this name; it has {listed(dict.fromkeys(names))}{did_you_mean(key, names)}"
            yield Problem(("change", key), text)
        elif len(matches) > 1:
            yield Problem(("change", key), f"several columns have this name; say which: {listed(matches)}")


def _changed(columns: tuple[LayoutColumn, ...], part: str, layout: Layout) -> tuple[LayoutColumn, ...]:
    keys = [change_of(layout, part, column.name) for column in columns]
    return tuple(column if key is None else _with(column, layout.change[key]) for column, key in zip(columns, keys, strict=True))


def _with(column: LayoutColumn, change: ColumnChange) -> LayoutColumn:
    given = _given(change)
    # of two ways to say the same, the one that is written now counts
    for one, other in (("decimals", "implied_decimals"), ("width", "positions")):
        given |= {old: None for new, old in ((one, other), (other, one)) if new in given and old not in given}
    # the value of a bare column follows its old name, also when the file shows it under another
    return column.model_copy(update={"value": column.value or column.name} | given)


def _given(model: BaseModel) -> dict[str, Any]:
    return {name: getattr(model, name) for name in model.model_fields_set}
