"""Pinned host keys, as `ssh-keyscan` and OpenSSH's .pub files write them."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path

from mlconnector_assets.errors import ConfigurationError
from mlconnector_assets.layouts.problems import listed

KEY_TYPES = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa")


def checked_host_key(line: str) -> str:
    """A host key as `type base64`, without comment.

    Raises
    ------
    ValueError: the type is unknown or the key is cut short.
    """
    words = line.split()
    if len(words) > 1 and words[0] not in KEY_TYPES and words[1] in KEY_TYPES:
        raise ValueError(f"begins with a host name; leave out {words[0]!r}, so that it begins with `{words[1]}`")
    if len(words) < 2 or words[0] not in KEY_TYPES:
        raise ValueError(f"must be a key type and the key, such as `ssh-ed25519 AAAAC3…`; allowed types: {listed(KEY_TYPES)}")
    kind, encoded = words[:2]
    try:
        blob = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        raise ValueError("is not valid base64; was the line cut or wrapped?") from None
    length = int.from_bytes(blob[:4])
    if blob[4 : 4 + length] != kind.encode() or len(blob) < 4 + length + 32:
        raise ValueError(f"does not hold a key of type {kind}; was the line cut or wrapped?")
    return f"{kind} {encoded}"


def host_keys_in(path: Path) -> tuple[str, ...]:
    """The host keys of a file: a line a key, blank lines and `#` comments apart.

    Raises
    ------
    ConfigurationError: the file cannot be read, holds no key, or has a line that is none.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ConfigurationError(
            f"the host keys cannot be read: {reason}", where=str(path), mend="write the file, or list the keys in host_keys:"
        ) from None
    keys = []
    for number, line in enumerate(lines, start=1):
        if line.strip() and not line.startswith("#"):
            try:
                keys.append(checked_host_key(line))
            except ValueError as error:
                raise ConfigurationError(f"the line {error}", where=f"{path}:{number}", mend="mend or remove this line") from None
    if not keys:
        raise ConfigurationError(
            "there is no host key in this file", where=str(path), mend="add the server's public keys, a line each"
        )
    return tuple(keys)
