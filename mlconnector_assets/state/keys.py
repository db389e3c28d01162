"""Key-encryption keys: where they come from and which one is active. Several may be known at once; the
first seals, the others only open, so that keys can be exchanged without downtime."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import stat
from collections.abc import MutableMapping, Sequence
from pathlib import Path
from typing import NoReturn

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from mlconnector_assets.durable import sync_folder, write_durably
from mlconnector_assets.errors import CredentialsError

KEYS_VARIABLE = "MLCONNECTOR_KEK"
FILE_VARIABLE = "MLCONNECTOR_KEK_FILE"
SIZE = 32

_from_environment: list[bytes] = []
"""Keys of MLCONNECTOR_KEK, kept for later rings of this process: the variable is removed at first sight."""


class KeyMissingError(CredentialsError):
    """There is no key at all, neither in the environment nor as a file."""


class Keyring:
    """Keys by id; `active` is the id of the one that seals. Shows nothing of them when printed or pickled."""

    __slots__ = ("_ciphers", "_file", "active", "source")

    def __init__(self, keys: Sequence[bytes], source: str, file: Path | None = None) -> None:
        if not keys:
            raise ValueError("a keyring needs a key")
        self._ciphers = {key_id(key): AESGCM(key) for key in keys}
        self.active, self.source, self._file = key_id(keys[0]), source, file

    @classmethod
    def load(cls, home: Path, environment: MutableMapping[str, str] = os.environ) -> Keyring:
        """Keys of MLCONNECTOR_KEK if set (then removed from the environment), else of the key file.

        `home` is the project's .mlconnector folder. Raises CredentialsError when no key is there, or the file
        could have been read by others.
        """
        if text := environment.pop(KEYS_VARIABLE, None):
            _from_environment[:] = _decode(text.split(","), f"the environment variable {KEYS_VARIABLE}")
        if _from_environment:
            return cls(_from_environment, f"the environment variable {KEYS_VARIABLE}")
        path = key_file(home, environment)
        return cls(_read(path), str(path), path)

    def reloaded(self) -> Keyring:
        """The keys as the key file holds them now; itself when they came from the environment."""
        return Keyring(_read(self._file), self.source, self._file) if self._file else self

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of all keys, the active one first."""
        return tuple(self._ciphers)

    def cipher(self, kid: str) -> AESGCM:
        """The cipher of a key. Raises KeyError."""
        return self._ciphers[kid]

    def __repr__(self) -> str:
        return f"Keyring({', '.join(self.ids)})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("keys are not pickled")


def key_id(key: bytes) -> str:
    """A public name of a key, derived from it: a wrong key cannot carry the right name."""
    return hashlib.sha256(b"MLC1-kid" + key).hexdigest()[:12]


def key_file(home: Path, environment: MutableMapping[str, str] = os.environ) -> Path:
    """Where the key file is: MLCONNECTOR_KEK_FILE, else keys/kek under the project's .mlconnector folder."""
    return Path(environment.get(FILE_VARIABLE) or home / "keys" / "kek")


def create_key_file(path: Path) -> str:
    """Make a key file with one new key, readable by us only. Returns the key's id.

    Raises CredentialsError when there is one already: what it sealed could not be opened any more.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = AESGCM.generate_key(SIZE * 8)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        write_durably(temporary, _line(key), mode=0o600)
        os.link(temporary, path)
        sync_folder(path.parent)
    except FileExistsError:
        raise CredentialsError(
            f"there is a key file already: {path}", mend="use it, or add a key to it to exchange keys"
        ) from None
    finally:
        temporary.unlink(missing_ok=True)
    return key_id(key)


def add_key(path: Path) -> str:
    """Put a new key first: it seals from now on, the others still open. Returns its id."""
    _read(path)
    key = AESGCM.generate_key(SIZE * 8)
    write_durably(path, _line(key) + path.read_bytes(), mode=0o600)
    return key_id(key)


def _line(key: bytes) -> bytes:
    return base64.b64encode(key) + b"\n"


def _read(path: Path) -> list[bytes]:
    try:
        with path.open("rb") as file:
            _check_privacy(path, os.fstat(file.fileno()))
            text = file.read(65536).decode("ascii", errors="replace")
    except FileNotFoundError:
        raise KeyMissingError(
            f"the key-encryption key is missing: there is no file {path}",
            mend=f"put the key file of this project there, or set {FILE_VARIABLE} or {KEYS_VARIABLE}; "
            "in a new project the first `mlconnector secrets set` makes one",
        ) from None
    except OSError as error:
        raise CredentialsError(
            f"the key file {path} cannot be read: {error.strerror}", mend="give this user the right to read it"
        ) from None
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if not lines:
        raise CredentialsError(f"the key file {path} holds no key", mend="put the project's key back, one base64 key a line")
    return _decode(lines, f"the key file {path}")


def _check_privacy(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise CredentialsError(f"the key file {path} is not a regular file", mend=f"correct {FILE_VARIABLE}")
    if status.st_uid != os.geteuid():
        raise CredentialsError(
            f"the key file {path} belongs to user {status.st_uid}, we are user {os.geteuid()}",
            mend=f"chown {os.geteuid()} {path}",
        )
    if status.st_mode & 0o077:
        raise CredentialsError(
            f"the key file {path} has mode {stat.S_IMODE(status.st_mode):04o}: others may have read it",
            mend=f"chmod 600 {path}; if others have access to this machine, exchange the key and the secrets",
        )


def _decode(texts: Sequence[str], source: str) -> list[bytes]:
    keys = []
    for number, text in enumerate(texts, start=1):
        try:
            key = base64.b64decode(text.strip(), validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if len(key) != SIZE:
            raise CredentialsError(
                f"key {number} of {source} is not 32 bytes in base64", mend="put the right key there: 44 characters, no quotes"
            )
        keys.append(key)
    return keys
