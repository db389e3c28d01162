"""How a layout's texts become bytes: one set of options for each file format."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from mlconnector_assets.layouts.edi_options import X12, Edifact

FileFormat = Literal["csv", "fixed_width", "xml", "x12", "edifact"]
EDI_FORMATS: tuple[FileFormat, ...] = ("x12", "edifact")
Encoding = Literal["utf-8", "utf-8-sig", "latin-1", "cp1252", "ascii"]
LONGEST_LINE = 100_000
_NAME = r"[^\W\d][\w.-]*"


def _one_ascii_mark(value: str) -> str:
    if len(value) != 1 or not value.isascii() or value.isalnum() or value in "\r\n.":
        raise ValueError(
            r'must be one ASCII character that is no letter, digit, dot or line break; a tab is "\t" in double quotes'
        )
    return value


def xml_name(value: str) -> str:
    """The text itself if it is a name of an element or attribute, with or without a prefix. Raises ValueError."""
    if not re.fullmatch(rf"(?:{_NAME}:)?{_NAME}", value) or value.lower().startswith("xml"):
        raise ValueError("is no XML name: a letter or `_`, then letters, digits, `_`, `-`, `.`; a prefix ends with one `:`")
    return value


def _xml_prefix(value: str) -> str:
    if ":" in value:
        raise ValueError("is a prefix, and holds no `:`")
    return xml_name(value)


def _address(value: str) -> str:
    if not value or not value.isprintable():
        raise ValueError("must be the namespace's URI, such as urn:example:vendors")
    return value


Mark = Annotated[str, AfterValidator(_one_ascii_mark)]
XmlName = Annotated[str, AfterValidator(xml_name)]
XmlPrefix = Annotated[str, AfterValidator(_xml_prefix)]
Namespace = Annotated[str, AfterValidator(_address)]


class Delimited(BaseModel):
    """How rows become bytes of a delimited file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    header: bool = Field(
        default=True, description="Whether a line with the column names comes first; layouts with `parts` have none."
    )
    delimiter: Mark = Field(
        default=",", description='The character between two values, such as `,` or `;`; a tab is "\\t" in double quotes.'
    )
    quote: Mark = Field(default='"', description="The character around values that need quotes; it is doubled inside them.")
    quoting: Literal["minimal", "all", "never"] = Field(
        default="minimal",
        description="`minimal` quotes where needed, `all` quotes every value, `never` blocks documents that would need quotes.",
    )
    encoding: Encoding = Field(default="utf-8", description="Character encoding; `utf-8-sig` begins with a byte order mark.")
    line_end: Literal["lf", "crlf"] = Field(default="lf", description="What ends a line.")
    decimal_mark: Literal[".", ","] = Field(default=".", description="The mark between a number's whole part and its decimals.")
    null: str = Field(default="", description="The text written where there is no value.")

    @model_validator(mode="after")
    def _can_be_read_back(self) -> Delimited:
        if self.delimiter == self.quote:
            raise ValueError(f"`delimiter` and `quote` are both {self.delimiter!r}; a reader could not tell them apart")
        if self.quoting == "never" and self.decimal_mark == self.delimiter:
            raise ValueError("`decimal_mark` equals `delimiter` while `quoting` is never; numbers would fall apart")
        if not {self.delimiter, self.quote, "\r", "\n"}.isdisjoint(self.null) or not self.null.isascii():
            raise ValueError("`null` must be ASCII without the delimiter, the quote character or a line break")
        return self


class FixedWidth(BaseModel):
    """How rows become lines whose columns stand at fixed positions. Widths count characters; in every encoding
    but utf-8 a character is a byte."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    line_length: int | None = Field(
        default=None,
        ge=1,
        le=LONGEST_LINE,
        description="Length of every line; shorter kinds of lines are filled with spaces. Without it as long as its columns.",
    )
    encoding: Encoding = Field(default="utf-8", description="Character encoding; `utf-8-sig` begins with a byte order mark.")
    line_end: Literal["lf", "crlf", "none"] = Field(
        default="lf", description="What ends a line; with `none` only its length tells where the next one begins."
    )
    decimal_mark: Literal[".", ","] = Field(default=".", description="The mark between a number's whole part and its decimals.")

    @model_validator(mode="after")
    def _lines_can_be_told_apart(self) -> FixedWidth:
        if self.line_end == "none" and self.line_length is None:
            raise ValueError("`line_end: none` needs `line_length`: without it nobody could tell where a line ends")
        return self


class Xml(BaseModel):
    """How rows become elements of an XML file. The numbers of XML have a dot."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    decimal_mark: ClassVar[Literal["."]] = "."

    root: XmlName = Field(default="Documents", description="The element around all others.")
    document: XmlName = Field(default="Document", description="The element of one document.")
    namespace: Namespace | None = Field(default=None, description="URI of the namespace of names without a prefix.")
    namespaces: dict[XmlPrefix, Namespace] = Field(default={}, description="URIs of the other namespaces by prefix.")
    declaration: bool = Field(default=True, description="Whether the file begins with `<?xml …?>`, which tells its encoding.")
    encoding: Encoding = Field(
        default="utf-8",
        description="Character encoding; a character that it does not have is written as a reference (`&#8364;`).",
    )
    indent: bool = Field(default=True, description="Whether each element stands on its own line, indented.")
    empty: Literal["omit", "element", "nil"] = Field(
        default="omit",
        description="What stands for an empty value: nothing, an empty element, or one with `xsi:nil`; attributes are left out.",
    )

    @model_validator(mode="after")
    def _encoding_is_known_to_readers(self) -> Xml:
        if not self.declaration and self.encoding not in ("utf-8", "utf-8-sig"):
            raise ValueError(f"`declaration: false` with `encoding: {self.encoding}`: readers would take the file for utf-8")
        return self


Options = Delimited | FixedWidth | Xml | X12 | Edifact
OPTIONS: dict[FileFormat, type[Delimited] | type[FixedWidth] | type[Xml] | type[X12] | type[Edifact]] = {
    "csv": Delimited,
    "fixed_width": FixedWidth,
    "xml": Xml,
    "x12": X12,
    "edifact": Edifact,
}
OPTIONS_KEY: dict[FileFormat, str] = {
    "csv": "delimited",
    "fixed_width": "fixed_width",
    "xml": "xml",
    "x12": "x12",
    "edifact": "edifact",
}
"""The key of a layout that holds a format's options."""
