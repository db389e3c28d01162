"""Pinned host keys: reading them from a partner's YAML, their fingerprints, and the algorithms to ask
the server for. Knows no network. A key is only ever trusted because a person wrote it down."""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from mlconnector_assets.errors import ConfigurationError
from mlconnector_assets.exchange.settings import SftpSettings

SIGNATURES = {
    "ssh-ed25519": ("ssh-ed25519",),
    "ecdsa-sha2-nistp256": ("ecdsa-sha2-nistp256",),
    "ecdsa-sha2-nistp384": ("ecdsa-sha2-nistp384",),
    "ecdsa-sha2-nistp521": ("ecdsa-sha2-nistp521",),
    "ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256"),
}
"""Key type → the signature algorithms to offer for it; SHA-1 signatures are never offered."""

_HOW = (
    "run `mlconnector partner host-key NAME` (with --jump for the jump host), or paste the line that `ssh-keyscan HOST` prints; "
    "compare the fingerprint first"
)


@dataclass(frozen=True)
class HostKey:
    """A server's public key: its type (`ssh-ed25519`) and its binary form."""

    type: str
    blob: bytes

    @property
    def fingerprint(self) -> str:
        """As OpenSSH prints it: `SHA256:` and base64 without padding."""
        return "SHA256:" + base64.b64encode(hashlib.sha256(self.blob).digest()).decode().rstrip("=")

    @property
    def line(self) -> str:
        """As it is written in a partner's YAML: type and base64."""
        return f"{self.type} {base64.b64encode(self.blob).decode()}"

    def __str__(self) -> str:
        return f"{self.type} {self.fingerprint}"


def parse_host_key(text: str, *, where: str = "") -> HostKey:
    """Read `ssh-ed25519 AAAA… [comment]`, or a known_hosts line (its host part is ignored).

    Raises ConfigurationError for fingerprints, certificates, revoked keys and damaged base64.
    """
    words = text.split()
    if words and words[0].startswith("@"):
        raise ConfigurationError(f"{words[0]} lines are not supported as a pinned host key", where=where, mend=_HOW)
    if words and words[0].startswith(("SHA256:", "MD5:")):
        raise ConfigurationError("a fingerprint is pinned where the key itself is needed", where=where, mend=_HOW)
    if len(words) > 2 and words[0] not in SIGNATURES:
        words = words[1:]
    if len(words) < 2 or words[0] not in SIGNATURES:
        known = ", ".join(SIGNATURES)
        raise ConfigurationError(f"{text[:40]!r} is not a host key; expected a type ({known}) and base64", where=where, mend=_HOW)
    try:
        blob = base64.b64decode(words[1], validate=True)
        length = struct.unpack_from(">I", blob)[0]
    except (binascii.Error, struct.error) as error:
        raise ConfigurationError(f"the {words[0]} host key is damaged: {error}", where=where, mend=_HOW) from error
    if blob[4 : 4 + length] != words[0].encode() or len(blob) <= 4 + length:
        raise ConfigurationError(f"the {words[0]} host key is damaged or of another type", where=where, mend=_HOW)
    return HostKey(words[0], blob)


@dataclass(frozen=True)
class Pins:
    """The keys a person wrote down for one server. A revoked key is refused even if it is pinned as well."""

    active: tuple[HostKey, ...]
    next: tuple[HostKey, ...] = ()
    revoked: tuple[HostKey, ...] = ()

    @classmethod
    def of(cls, settings: SftpSettings) -> Pins:
        """The pinned keys; at least one is needed. Raises ConfigurationError."""
        lists = (settings.host_keys, settings.next_host_keys, settings.revoked_host_keys)
        pins = cls(*(tuple(parse_host_key(line, where=settings.where) for line in lines) for lines in lists))
        if not pins.accepted:
            raise ConfigurationError("no host key is pinned, and none is ever trusted silently", where=settings.where, mend=_HOW)
        return pins

    @property
    def accepted(self) -> tuple[HostKey, ...]:
        """Active keys, then the next ones."""
        return tuple(key for key in (*self.active, *self.next) if key not in self.revoked)

    def accept(self, key: HostKey) -> bool:
        """Whether a server that shows this key may be trusted."""
        return key in self.accepted


def signature_algorithms(keys: Iterable[HostKey]) -> tuple[str, ...]:
    """What to ask the server for, so that it shows a key of a type that is pinned."""
    return tuple(dict.fromkeys(name for key in keys for name in SIGNATURES[key.type]))
