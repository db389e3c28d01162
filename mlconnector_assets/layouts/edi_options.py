"""How segments become an interchange: options of `format: x12` and `format: edifact`. A partner's file gives them once for all
its flows and acknowledgments; a flow's layout may give single ones another value."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

_MODEL = ConfigDict(extra="forbid", frozen=True)


def _separator(value: str) -> str:
    if len(value) != 1 or not value.isascii() or value.isalnum() or value == " ":
        raise ValueError("must be one ASCII character that is no letter, digit or space")
    return value


ENCODINGS = {
    "UNOA": "ascii",
    "UNOB": "ascii",
    "UNOC": "iso8859-1",
    "UNOD": "iso8859-2",
    "UNOE": "iso8859-5",
    "UNOF": "iso8859-7",
    "UNOY": "utf-8",
}
"""The character encoding of each EDIFACT syntax identifier."""
Separator = Annotated[str, AfterValidator(_separator)]
Codes = dict[Annotated[str, Field(pattern=r"^[A-Z0-9]{1,4}$")], dict[str, str]]
InData = Literal["error", "replace", "strip"]


class X12Party(BaseModel):
    """One side of an interchange of X12."""

    model_config = _MODEL

    qualifier: str = Field(default="ZZ", pattern=r"^[0-9A-Z]{2}$", description="ISA05 or ISA07: what kind of number the id is.")
    id: str = Field(min_length=1, max_length=15, description="ISA06 or ISA08.")
    group_id: str | None = Field(
        default=None, min_length=2, max_length=15, description="GS02 or GS03; without it the same as `id`."
    )
    test_id: str | None = Field(default=None, min_length=1, max_length=15, description="`id` while the partner's mode is test.")


class X12(BaseModel):
    """How segments become an interchange of X12."""

    model_config = _MODEL
    key: ClassVar[str] = "x12"
    message_key: ClassVar[str] = "set"
    decimal_mark: ClassVar[Literal["."]] = "."

    set: str | None = Field(default=None, pattern=r"^\d{3}$", description="The transaction set, such as 810.")
    version: str = Field(default="004010", pattern=r"^\d{6}$", description="Version of the standard, GS08.")
    version_suffix: str = Field(default="", pattern=r"^[A-Z0-9]{0,6}$", description="What GS08 has behind it, such as VICS.")
    interchange_version: str | None = Field(
        default=None, pattern=r"^\d{5}$", description="ISA12; without it the one that goes with `version`: 00401 with 004010."
    )
    sender: X12Party | None = Field(default=None, description="Our identification.")
    receiver: X12Party | None = Field(default=None, description="The partner's identification.")
    element_separator: Separator = Field(default="*", description="Between two elements.")
    component_separator: Separator = Field(default=">", description="Between two components, ISA16.")
    repetition_separator: Separator = Field(default="^", description="Between repetitions, ISA11; from 00402 on.")
    terminator: Separator = Field(default="~", description="Ends a segment.")
    line_end: Literal["none", "lf", "crlf"] = Field(default="none", description="What follows a terminator.")
    usage: Literal["by_mode", "test", "production"] = Field(
        default="by_mode", description="ISA15: T or P; `by_mode` follows the partner's mode."
    )
    request_ta1: bool = Field(default=False, description="Whether ISA14 asks for an interchange acknowledgment.")
    separators_in_data: InData = Field(
        default="error",
        description="What happens to a text with a separator, for which X12 has no escape: its document is blocked, or the "
        "separator is replaced, or left out.",
    )
    replacement: str = Field(default=" ", min_length=1, max_length=1, description="What replaces a separator in a text.")
    repertoire: Literal["extended", "basic"] = Field(
        default="extended", description="`basic`: capitals, digits and a few marks; `extended`: all printable ASCII characters."
    )
    transliterate: bool = Field(
        default=False, description="Whether letters outside of the repertoire become the nearest ones inside (ü: u, é: e)."
    )
    codes: Codes = Field(
        default={},
        description="By data element number our value to the partner's code: `355: {Units: EA}` for units of measure. A "
        "value that is not listed blocks its document.",
    )

    @model_validator(mode="after")
    def _separators_differ(self) -> X12:
        marks = [self.element_separator, self.component_separator, self.repetition_separator, self.terminator]
        if len(set(marks)) < len(marks):
            raise ValueError(f"two separators are the same character: {' '.join(marks)}")
        return self

    @property
    def dictionary(self) -> str:
        """Name of the segment dictionary."""
        return f"x12_{self.version}"

    @property
    def encoding(self) -> str:
        """The character encoding."""
        return "ascii"

    @property
    def message(self) -> str | None:
        """The transaction set."""
        return self.set


class EdifactParty(BaseModel):
    """One side of an interchange of EDIFACT."""

    model_config = _MODEL

    id: str = Field(min_length=1, max_length=35, description="Identification, such as a GLN.")
    qualifier: str | None = Field(default=None, pattern=r"^[0-9A-Z]{1,4}$", description="What kind of number it is: 14 for GLN.")
    subaddress: str | None = Field(default=None, min_length=1, max_length=14, description="Address for routing inside.")
    test_id: str | None = Field(default=None, min_length=1, max_length=35, description="`id` while the partner's mode is test.")


class Edifact(BaseModel):
    """How segments become an interchange of EDIFACT."""

    model_config = _MODEL
    key: ClassVar[str] = "edifact"
    message_key: ClassVar[str] = "message"

    message: str | None = Field(default=None, pattern=r"^[A-Z]{6}$", description="The message type, such as INVOIC.")
    version: str = Field(default="D96A", pattern=r"^[DS]\d{2}[A-Z]$", description="The directory, such as D96A.")
    association: str | None = Field(
        default=None, pattern=r"^[A-Z0-9]{1,6}$", description="Association assigned code in UNH, such as EAN008."
    )
    syntax: Literal["UNOA", "UNOB", "UNOC", "UNOD", "UNOE", "UNOF", "UNOY"] = Field(
        default="UNOC", description="The repertoire: UNOA capitals, UNOB all ASCII letters, UNOC ISO 8859-1, UNOY UTF-8."
    )
    syntax_version: Literal[1, 2, 3, 4] = Field(default=3, description="Version of the syntax rules.")
    sender: EdifactParty | None = Field(default=None, description="Our identification.")
    receiver: EdifactParty | None = Field(default=None, description="The partner's identification.")
    una: bool = Field(default=True, description="Whether the interchange begins with UNA; needed where a separator is not usual.")
    element_separator: Separator = Field(default="+", description="Between two elements.")
    component_separator: Separator = Field(default=":", description="Between two components.")
    release: Separator = Field(default="?", description="Stands before a separator that is data.")
    terminator: Separator = Field(default="'", description="Ends a segment.")
    decimal_mark: Literal[".", ","] = Field(default=".", description="The mark between a number's whole part and its decimals.")
    line_end: Literal["none", "lf", "crlf"] = Field(default="none", description="What follows a terminator.")
    usage: Literal["by_mode", "test", "production"] = Field(
        default="by_mode", description="UNB's test indicator; `by_mode` follows the partner's mode."
    )
    request_contrl: bool = Field(default=False, description="Whether UNB asks for an acknowledgment.")
    application_reference: str | None = Field(default=None, min_length=1, max_length=14, description="UNB 0026.")
    transliterate: bool = Field(
        default=False, description="Whether letters outside of the repertoire become the nearest ones inside (ü: u, é: e)."
    )
    codes: Codes = Field(
        default={},
        description="By data element number our value to the partner's code: `6411: {Units: PCE}` for units of measure. A "
        "value that is not listed blocks its document.",
    )

    @model_validator(mode="after")
    def _separators_differ(self) -> Edifact:
        marks = [self.element_separator, self.component_separator, self.release, self.terminator, self.decimal_mark]
        if len(set(marks)) < len(marks):
            raise ValueError(f"two separators are the same character: {' '.join(marks)}")
        return self

    @property
    def dictionary(self) -> str:
        """Name of the segment dictionary."""
        return f"edifact_{self.version.lower()}"

    @property
    def encoding(self) -> str:
        """The character encoding."""
        return ENCODINGS[self.syntax]


def is_test(options: X12 | Edifact, *, by_mode: bool) -> bool:
    """Whether an interchange is a test; `by_mode` is whether the partner's mode makes it one."""
    return by_mode if options.usage == "by_mode" else options.usage == "test"


def identification(party: X12Party | EdifactParty, *, test: bool) -> str:
    """The id of one side of an interchange."""
    return party.test_id if test and party.test_id else party.id


def element_place(name: str, segment: str) -> tuple[int, int] | None:
    """Element and component (both from 1) that a name such as `BIG02` or `NAD02-1` means in this segment; None when it is no
    such name."""
    match = re.fullmatch(re.escape(segment) + r"(\d{2})(?:-(\d{1,2}))?", name)
    if match is None or match[1] == "00":
        return None
    return int(match[1]), int(match[2] or 1)
