"""How files are encrypted for a partner, and signed by us, with PGP."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from mlconnector_assets.errors import ConfigurationError
from mlconnector_assets.partners.fields import SecretName, Text


def _fingerprint(value: str) -> str:
    plain = re.sub(r"[\s:]", "", value).upper()
    if not re.fullmatch(r"[0-9A-F]{40}|[0-9A-F]{64}", plain):
        raise ValueError("must be the key's whole fingerprint, 40 hexadecimal digits, as `gpg --fingerprint` shows it")
    return plain


def _public_key(value: str) -> str:
    if "PRIVATE KEY" in value:
        raise ValueError("is a private key; ask the partner for a new public one, and tell them that this one has leaked")
    if "-----BEGIN PGP PUBLIC KEY BLOCK-----" not in value:
        raise ValueError("must be an armored public key, from `-----BEGIN PGP PUBLIC KEY BLOCK-----` on")
    return value


class PgpRules(BaseModel):
    """The partner's public key, pinned by its fingerprint, and our signing key by the name of its secret."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    fingerprint: Annotated[str, AfterValidator(_fingerprint)] = Field(
        description="Fingerprint of the partner's key, as the partner told it on another way than the key; others are refused."
    )
    public_key_file: Text | None = Field(
        default=None, description="File with the partner's public key; a relative path starts at the project folder."
    )
    public_key: Annotated[str, AfterValidator(_public_key)] | None = Field(
        default=None, description="Instead of public_key_file: the armored key itself."
    )
    sign_with: SecretName | None = Field(
        default=None,
        description="Name of the secret that holds our armored private key without passphrase: it signs the files.",
    )
    armor: bool = Field(default=False, description="Whether files leave as text, with .asc after the name instead of .pgp.")

    @model_validator(mode="after")
    def _one_key(self) -> PgpRules:
        if (self.public_key is None) == (self.public_key_file is None):
            raise ValueError("needs the partner's key in exactly one of `public_key_file` and `public_key`")
        return self

    @property
    def ending(self) -> str:
        """What is added to the names of files."""
        return ".asc" if self.armor else ".pgp"

    def key(self, project: Path) -> str:
        """The armored public key. `project` is where a relative `public_key_file` starts. Raises ConfigurationError."""
        if self.public_key_file is None:
            return self.public_key or ""
        path = project / self.public_key_file
        try:
            return _public_key(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise ConfigurationError(
                f"the partner's public key cannot be used: {reason}",
                where=str(path),
                mend="export it with `gpg --armor --export`",
            ) from None
