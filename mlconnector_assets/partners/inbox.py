"""What a partner sends us: which files are taken, when one is complete, and how it is claimed."""

from __future__ import annotations

from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from mlconnector_assets.partners.fields import Duration, Identifier, Size
from mlconnector_assets.partners.paths import Folder
from mlconnector_assets.partners.wire import Marker

_STRICT = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def _pattern(text: str) -> str:
    if not text.isprintable() or "/" in text or text in ("", ".", ".."):
        raise ValueError("must be a pattern of file names, such as GL_*.csv: no folder in it, `*` any characters, `?` one")
    return text


class InboundFiles(BaseModel):
    """One kind of file that the partner sends."""

    model_config = _STRICT

    pattern: Annotated[str, AfterValidator(_pattern)] = Field(
        description="Names of these files, such as GL_*.csv: `*` any characters, `?` one; upper and lower case differ. The "
        "first kind whose pattern fits takes a file."
    )
    folder: Folder | None = Field(default=None, description="Where they are put, below root, if not in the folder `inbound`.")
    format: Literal["store"] = Field(default="store", description="What is done with them: `store` keeps them, byte for byte.")


class Inbox(BaseModel):
    """Files that the partner sends, and how they are taken."""

    model_config = _STRICT

    files: dict[Identifier, InboundFiles] = Field(min_length=1, description="Kinds of file, by our name for each.")
    poll: Duration = Field(
        default=timedelta(minutes=5), ge=timedelta(seconds=30), le=timedelta(days=1), description="How often Dagster looks."
    )
    stable_for: Duration = Field(
        default=timedelta(minutes=1),
        le=timedelta(days=1),
        description="How long size and time of a file must not change before it is taken; 0s where the partner renames "
        "finished files into place.",
    )
    marker: Marker = Field(
        default=None,
        description="Ending of a file, such as .done, that the partner puts beside each finished file: taken when it is there.",
    )
    claim: Literal["rename", "state"] = Field(
        default="rename",
        description="How a file becomes ours: rename (into the folder `processing`), or state where we may only read: it stays "
        "where it is, and is known by path, size and time.",
    )
    largest_file: Size = Field(
        default=100 * 10**6,
        gt=0,
        description="Larger files are left where they are, and told.",
        json_schema_extra={"default": "100MB"},
    )
    duplicates: Literal["skip", "keep"] = Field(
        default="skip",
        description="The same content under another name: skip (kept, told, not handed on), or keep (handed on like any other).",
    )

    @property
    def stays(self) -> bool:
        """Whether files stay where the partner put them."""
        return self.claim == "state"

    def kind_of(self, folder: str, name: str, inbound: str) -> str | None:
        """The kind of a file in one of our folders; `inbound` is the default folder."""
        return next(
            (kind for kind, one in self.files.items() if (one.folder or inbound) == folder and fnmatchcase(name, one.pattern)),
            None,
        )

    def folders(self, inbound: str) -> list[str]:
        """The folders that are looked into, below root."""
        return list(dict.fromkeys(one.folder or inbound for one in self.files.values()))
