"""The layout language as people write it in YAML: which parts and columns a file has, what fills them, and how
the bytes are formed. What a layout means for a record is decided in `layouts.compile`."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from mlconnector_assets.layouts.columns import ColumnChange, ColumnField
from mlconnector_assets.layouts.edi_options import X12, Edifact
from mlconnector_assets.layouts.options import Delimited, FixedWidth, Xml

ENVELOPE = ("header", "trailer")


def _identifier(value: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,40}", value) or value in ENVELOPE:
        raise ValueError("must be lower-case letters, digits and `_`, beginning with a letter, and not `header` or `trailer`")
    return value


Identifier = Annotated[str, AfterValidator(_identifier)]


class Part(BaseModel):
    """One part of what a document becomes: a kind of line in text files, an element in XML."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Identifier = Field(description="What the layout calls the part.")
    rows: str = Field(
        default="documents",
        description="`documents`: once a document. Or a nested column such as `lines`: once an entry, whose fields are the "
        "columns `line_<field>`. Neighbouring parts over the same rows take turns, entry by entry.",
    )
    when: str | None = Field(
        default=None, min_length=1, description="A condition over the part's columns; where it is not true the part is left out."
    )
    element: str | None = Field(
        default=None,
        min_length=1,
        description="XML: path of the part's element inside the document's, such as `Lines/Line`. Without it, the columns stand "
        "in the document's element itself.",
    )
    segment: str | None = Field(
        default=None,
        pattern=r"^[A-Z][A-Z0-9]{1,2}$",
        description="X12 and EDIFACT: tag of the segment that the part becomes. Its columns are named by their place: `N104`, "
        "or `NAD02-1` for a component.",
    )
    columns: tuple[ColumnField, ...] = Field(min_length=1, description="The part's columns, in order.")


class Total(BaseModel):
    """A sum or a count over the file, for its header and trailer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    of: Identifier | None = Field(
        default=None, description="Name of the part whose rows count; a layout with one part needs none."
    )
    value: str | None = Field(
        default=None, description="What is added up: an expression over the part's columns. Without it the rows are counted."
    )


class Layout(BaseModel):
    """Which parts and columns a file has and how it is written. A bare text `csv/invoices` is short for
    `{extends: csv/invoices}`; `rows` and `columns` are short for a single part.

    With `extends`, the shipped layout is the start, and only what differs is written: `rows`, `columns`, `parts`,
    `header` and `trailer` replace what they name as a whole; `change` overrides single keys of inherited columns;
    `totals` and the options override single keys.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    extends: str | None = Field(default=None, description="A shipped layout to start from, such as csv/invoices.")
    rows: str | None = Field(
        default=None,
        description="`documents` (the default): one row a document. Or a nested column such as `lines`: one row an "
        "element, whose fields are the columns `line_<field>`.",
    )
    columns: tuple[ColumnField, ...] | None = Field(
        default=None,
        min_length=1,
        description="The file's columns, in order; with `extends` they replace all inherited ones.",
    )
    parts: tuple[Part, ...] | None = Field(
        default=None,
        min_length=1,
        description="Instead of `rows` and `columns`: the parts that a document becomes, in order.",
    )
    header: tuple[ColumnField, ...] | None = Field(
        default=None, description="What begins the file: columns over facts of the file, such as `control_number`."
    )
    trailer: tuple[ColumnField, ...] | None = Field(
        default=None, description="What ends the file: columns over facts of the file, such as `documents` and `totals`."
    )
    totals: dict[Identifier, Total] = Field(default={}, description="Sums and counts over the file, by name.")
    change: dict[str, ColumnChange] = Field(
        default={},
        description="Inherited columns by name, each with the keys that differ; `posting.label` where parts share a name.",
    )
    delimited: Delimited = Field(default=Delimited(), description="How rows become bytes, for `format: csv`.")
    fixed_width: FixedWidth = Field(default=FixedWidth(), description="How rows become bytes, for `format: fixed_width`.")
    xml: Xml = Field(default=Xml(), description="How rows become bytes, for `format: xml`.")
    x12: X12 = Field(default=X12(), description="How segments become an interchange, for `format: x12`.")
    edifact: Edifact = Field(default=Edifact(), description="How segments become an interchange, for `format: edifact`.")

    @model_validator(mode="after")
    def _parts_or_columns(self) -> Layout:
        if self.parts is not None and (self.columns is not None or self.rows is not None):
            raise ValueError("has `parts` beside `rows` or `columns`, which are short for a single part; keep `parts`")
        return self


def short_layout(value: object) -> object:
    """`csv/invoices` as `{"extends": "csv/invoices"}`; anything else unchanged."""
    return {"extends": value} if isinstance(value, str) else value
