"""How files are put on a partner's server: one switch for each habit of a server that was met in practice."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from mlconnector_assets.layouts.problems import listed
from mlconnector_assets.partners.paths import Folder

OLD_ALGORITHMS = ("aes-cbc", "3des-cbc", "hmac-sha1", "hmac-md5")
"""Groups of algorithms that a partner file may allow."""
_GONE = re.compile(r"ssh-(rsa|dss)|.*sha1.*|arcfour.*|.*blowfish.*|cast128.*|.*ripemd.*|chacha20.*|umac.*")


def _old_algorithm(name: object) -> object:
    if isinstance(name, str) and name not in OLD_ALGORITHMS and _GONE.fullmatch(name):
        raise ValueError(
            f"{name} cannot be allowed: the SSH library does not have it; allowed are {listed(OLD_ALGORITHMS)}. "
            "Ask the partner to offer current algorithms beside it"
        )
    return name


def _marker(value: object) -> object:
    if value in (None, "none"):
        return None
    if not isinstance(value, str) or not re.fullmatch(r"\.[A-Za-z0-9]{1,16}", value) or value == ".part":
        raise ValueError("must be the ending of the marker's name, such as .done or .ok, or the word `none`")
    return value


def _mode(text: str) -> str:
    if not re.fullmatch(r"0?[0-7]{3}", text):
        raise ValueError("must be permissions in three octal digits, such as 640")
    return text


Marker = Annotated[str | None, BeforeValidator(_marker), WithJsonSchema({"type": "string", "examples": [".done", ".ok", "none"]})]
"""Ending of the name of a file that says that another one, named without it, is complete."""
OldAlgorithm = Annotated[Literal["aes-cbc", "3des-cbc", "hmac-sha1", "hmac-md5"], BeforeValidator(_old_algorithm)]


class WireSwitches(BaseModel):
    """How files are put on the server. The defaults suit OpenSSH and most others."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    rename: Literal["posix", "plain", "none"] = Field(
        default="posix",
        description="How a file gets its final name: posix (atomic, plain where not offered), plain, or none: it is written "
        "under its final name at once, so that the partner may see an unfinished file; agree on a marker then.",
    )
    temporary: Literal["dot", "suffix", "directory"] = Field(
        default="dot", description="Where a file is written first: hidden (.name.part), name.part, or in temporary_directory."
    )
    temporary_directory: Folder | None = Field(
        default=None, description="The folder for `temporary: directory`, below root; it is made."
    )
    confirm: Literal["stat", "none"] = Field(
        default="stat", description="Whether the size on the server is compared; none where the server moves files at once."
    )
    verify: Literal["size", "readback"] = Field(
        default="size", description="What is compared before a file gets its final name: its size, or every byte, read back."
    )
    overwrite: Literal["never", "replace", "new_name"] = Field(
        default="never",
        description="When a different file has the name: never (a person looks), replace, or new_name (_ and 8 digits more).",
    )
    if_taken: Literal["resend", "ask"] = Field(
        default="resend",
        description="When we were cut off and cannot tell whether the partner has taken the file already: resend it, or ask a "
        "person (the file is `uncertain` until `outbox settle` or `outbox replay`).",
    )
    marker: Marker = Field(default=None, description="Ending of an empty file that follows each file, such as .done; or none.")
    chmod: Annotated[str, AfterValidator(_mode)] | None = Field(
        default=None, description="Permissions of each file in octal digits, such as 640. Without it the server decides."
    )
    fsync: Literal["auto", "never", "required"] = Field(
        default="auto",
        description="Whether the server must write a file to disk before it is done: auto (where offered), never, required.",
    )
    algorithms: tuple[OldAlgorithm, ...] = Field(
        default=(), description="Old algorithms that this server needs, offered beside the safe ones."
    )
    channels: int = Field(
        default=4,
        ge=1,
        le=8,
        description="How many files or groups of files travel at once over the connection; 1 keeps them in their order.",
    )

    @model_validator(mode="after")
    def _fit_together(self) -> WireSwitches:
        if (self.temporary == "directory") != (self.temporary_directory is not None):
            raise ValueError("`temporary: directory` and `temporary_directory` go together")
        if self.rename == "none" and self.temporary != "dot":
            raise ValueError("with `rename: none` files are written under their final names; leave `temporary` out")
        if self.verify == "readback" and self.confirm == "none":
            raise ValueError("`verify: readback` reads each file on the server, which `confirm: none` forbids; leave one out")
        return self

    @property
    def mode(self) -> int | None:
        """`chmod` as a number."""
        return None if self.chmod is None else int(self.chmod, 8)
