"""The layouts that ship with the package, and what `extends:` makes of them."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from pydantic import BaseModel

from mlconnector_assets.layouts.models import Delimited, Layout, LayoutColumn
from mlconnector_assets.layouts.problems import LayoutError, Problem, did_you_mean, listed

FOLDERS = ("csv",)


@cache
def shipped_layouts() -> dict[str, Layout]:
    """Every shipped layout by name, such as `csv/invoices`."""
    found = {
        f"{folder}/{entry.name.removesuffix('.yaml')}": Layout.model_validate(yaml.safe_load(entry.read_text("utf-8")))
        for folder in FOLDERS
        for entry in (files(__name__) / folder).iterdir()
        if entry.name.endswith(".yaml")
    }
    return dict(sorted(found.items()))


def resolve(layout: Layout, *, where: str = "") -> Layout:
    """The layout without `extends` and `change`: every key has its final value.

    Raises
    ------
    LayoutError: the shipped layout or a changed column does not exist, or there are no columns at all.
    """
    if layout.extends is None:
        if layout.change:
            raise LayoutError(
                [Problem(("change",), "there is nothing to change without `extends:`; write the keys into `columns:`")],
                where=where,
            )
        if layout.columns is None:
            raise LayoutError(
                [
                    Problem(
                        ("columns",),
                        f"is missing; list the columns, or name a shipped layout in `extends:`: {listed(shipped_layouts())}",
                    )
                ],
                where=where,
            )
        return layout.model_copy(update={"rows": layout.rows or "documents"})
    base = shipped_layouts().get(layout.extends)
    if base is None:
        shipped = shipped_layouts()
        text = f"no layout {layout.extends!r} is shipped; allowed: {listed(shipped)}{did_you_mean(layout.extends, shipped)}"
        raise LayoutError([Problem(("extends",), text)], where=where)
    columns = layout.columns or base.columns or ()
    names = [column.name for column in columns]
    unknown = [
        Problem(("change", name), f"the layout has no column of this name; it has {listed(names)}{did_you_mean(name, names)}")
        for name in layout.change
        if name not in names
    ]
    if unknown:
        raise LayoutError(unknown, where=where)
    return Layout(
        extends=None,
        rows=layout.rows or base.rows or "documents",
        change={},
        columns=tuple(_changed(column, layout) for column in columns),
        delimited=Delimited.model_validate(base.delimited.model_dump() | _given(layout.delimited)),
    )


def _given(model: BaseModel) -> dict[str, Any]:
    return {name: getattr(model, name) for name in model.model_fields_set}


def _changed(column: LayoutColumn, layout: Layout) -> LayoutColumn:
    change = layout.change.get(column.name)
    if change is None:
        return column
    # the value of a bare column follows its old name, also when the file shows it under another
    return column.model_copy(update={"value": column.value or column.name} | _given(change))
