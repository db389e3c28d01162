"""Envelope encryption of one secret with AES-256-GCM: a fresh data key seals the value, the key-encryption
key seals the data key. Name, version and key id are authenticated, so that a sealed value is refused under
another name, and an old one in the place of a new one.

Layout: "MLC1" | length of kid (1) | kid | length of wrapped key (2) | wrapped key = nonce (12) + key (32) + tag (16)
| nonce (12) | ciphertext + tag (16).
"""

from __future__ import annotations

import os
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from mlconnector_assets.errors import CredentialsError
from mlconnector_assets.state.keys import Keyring

MAGIC = b"MLC1"
NONCE = 12


def seal(keys: Keyring, name: str, value: bytes, version: int) -> bytes:
    """Encrypt `value` under the active key."""
    data_key = AESGCM.generate_key(256)
    nonce = os.urandom(NONCE)
    body = nonce + AESGCM(data_key).encrypt(nonce, value, _associated("MLC1", name, version))
    return _assemble(keys.active, _wrap(keys, data_key, name, version), body)


def open_sealed(keys: Keyring, name: str, sealed: bytes, version: int) -> bytes:
    """Decrypt. Raises CredentialsError when anything differs from what was sealed, or its key is missing."""
    kid, wrapped, body = _parse(name, sealed)
    data_key = _unwrap(keys, kid, wrapped, name, version)
    try:
        return AESGCM(data_key).decrypt(body[:NONCE], body[NONCE:], _associated("MLC1", name, version))
    except (InvalidTag, ValueError):
        raise _damaged(name) from None


def rewrap(keys: Keyring, name: str, sealed: bytes, version: int) -> bytes:
    """The same sealed value under the active key; the value itself is not decrypted."""
    kid, wrapped, body = _parse(name, sealed)
    if kid == keys.active:
        return sealed
    return _assemble(keys.active, _wrap(keys, _unwrap(keys, kid, wrapped, name, version), name, version), body)


def _associated(domain: str, name: str, version: int, kid: str | None = None) -> bytes:
    parts = (domain, name, str(version)) if kid is None else (domain, name, str(version), kid)
    return b"".join(struct.pack(">I", len(part)) + part for part in (text.encode() for text in parts))


def _wrap(keys: Keyring, data_key: bytes, name: str, version: int) -> bytes:
    nonce = os.urandom(NONCE)
    return nonce + keys.cipher(keys.active).encrypt(nonce, data_key, _associated("MLC1-dek", name, version, keys.active))


def _unwrap(keys: Keyring, kid: str, wrapped: bytes, name: str, version: int) -> bytes:
    try:
        return keys.cipher(kid).decrypt(wrapped[:NONCE], wrapped[NONCE:], _associated("MLC1-dek", name, version, kid))
    except (InvalidTag, ValueError):
        raise _damaged(name) from None
    except KeyError:
        raise CredentialsError(
            f"the key-encryption key {kid} that opens the secret {name!r} is missing",
            mend="put that key back as a further line of the key file; if it is lost, store the secret again with "
            f"`mlconnector secrets set {name}`",
        ) from None


def _assemble(kid: str, wrapped: bytes, body: bytes) -> bytes:
    name = kid.encode("ascii")
    return MAGIC + bytes([len(name)]) + name + struct.pack(">H", len(wrapped)) + wrapped + body


def _parse(name: str, sealed: bytes) -> tuple[str, bytes, bytes]:
    try:
        if sealed[:4] != MAGIC:
            raise ValueError
        after_kid = 5 + sealed[4]
        kid = sealed[5:after_kid].decode("ascii")
        (length,) = struct.unpack_from(">H", sealed, after_kid)
        start = after_kid + 2
        return kid, sealed[start : start + length], sealed[start + length :]
    except (ValueError, IndexError, struct.error):
        raise _damaged(name) from None


def _damaged(name: str) -> CredentialsError:
    return CredentialsError(
        f"the stored secret {name!r} was changed or damaged, and is refused",
        mend=f"store it again with `mlconnector secrets set {name}`, and find out who wrote to the state database",
    )
