"""The vault: secrets by name, encrypted in the state database. A value leaves it only as a `Secret`, which
shows itself to nobody who does not ask for it by `reveal`."""

from __future__ import annotations

import hmac
import os
import re
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import NoReturn

import sqlalchemy as sa

from mlconnector_assets.errors import CredentialsError
from mlconnector_assets.state import redaction
from mlconnector_assets.state.database import State
from mlconnector_assets.state.envelope import open_sealed, rewrap, seal
from mlconnector_assets.state.keys import KeyMissingError, Keyring, create_key_file, key_file
from mlconnector_assets.state.schema import KEY_CHECKS, SECRETS, upsert

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
CHECK_NAME, CHECK_VALUE = "key check", b"this key opens this database"


class Secret:
    """A text that must not be seen: never printed, formatted, hashed, iterated or pickled."""

    __slots__ = ("_value",)
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, value: bytes) -> None:
        self._value = value

    def reveal(self) -> str:
        """The text itself. Keep it no longer than the call that needs it."""
        return self._value.decode()

    def __repr__(self) -> str:
        return "Secret('***')"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._value, other._value)

    def __reduce__(self) -> NoReturn:
        raise TypeError("secrets are not pickled")


@dataclass(frozen=True)
class SecretInfo:
    """What may be told of a secret: `version` counts its values, `kid` is the id of the key that opens it,
    `expires_on` the last day on which it works, if that was told."""

    name: str
    version: int
    kid: str
    updated_at: datetime
    expires_on: date | None


class Vault:
    """The secrets of one state database."""

    def __init__(self, state: State, keyring: Keyring) -> None:
        """Raises CredentialsError at once when these keys cannot open what is stored here."""
        self._state, self._keys = state, keyring
        with state.reading() as tx:
            checks = {row.kid: row.sealed for row in tx.execute(sa.select(KEY_CHECKS))}
            used = set(tx.execute(sa.select(SECRETS.c.kid).distinct()).scalars())
        missing = sorted(used - set(keyring.ids))
        if missing or (checks and not set(checks) & set(keyring.ids)):
            raise CredentialsError(
                f"the key-encryption key is wrong: {keyring.source} holds {', '.join(keyring.ids)}, "
                f"but this state database needs {', '.join(missing or sorted(checks))}",
                mend="put back the key file that belongs to this state database",
            )
        for kid in sorted(set(checks) & set(keyring.ids)):
            if open_sealed(keyring, CHECK_NAME, checks[kid], 1) != CHECK_VALUE:
                raise CredentialsError(f"the check of the key {kid} was changed", mend="restore the state database from a backup")
        if keyring.active not in checks:
            with state.transaction() as tx:
                sealed = seal(keyring, CHECK_NAME, CHECK_VALUE, 1)
                tx.execute(upsert(tx, KEY_CHECKS).values(kid=keyring.active, sealed=sealed).on_conflict_do_nothing())

    @classmethod
    def open(cls, state: State, home: Path, *, create: bool = False, environment: MutableMapping[str, str] = os.environ) -> Vault:
        """The vault with the keys of `Keyring.load`. With `create`, a state database that never had a key gets a
        key file if there is none. Raises CredentialsError."""
        try:
            return cls(state, Keyring.load(home, environment))
        except KeyMissingError:
            with state.reading() as tx:
                sealed_before = tx.execute(sa.select(KEY_CHECKS.c.kid)).first() is not None
            if not create or sealed_before:
                raise
        create_key_file(key_file(home, environment))
        return cls(state, Keyring.load(home, environment))

    def set(
        self,
        name: str,
        value: bytes,
        *,
        expires_on: date | None = None,
        along: Callable[[sa.Connection], object] = lambda tx: None,
    ) -> None:
        """Store a value, UTF-8 text, under a name; an earlier value is replaced, and its day of expiry too.

        `along` is called in the same transaction. Raises CredentialsError.
        """
        if not NAME.fullmatch(name):
            raise CredentialsError(
                f"{name!r} cannot be the name of a secret", mend="use letters, digits, '_', '-' and '.', at most 100"
            )
        try:
            value.decode()
        except UnicodeDecodeError:
            value = b""
        if not value:
            raise CredentialsError(f"the value for the secret {name!r} is empty or not text", mend="pass the value as UTF-8 text")
        with self._state.transaction() as tx:
            before = sa.select(SECRETS.c.version).where(SECRETS.c.name == name).with_for_update()
            version = (tx.execute(before).scalar_one_or_none() or 0) + 1
            values = {
                "version": version,
                "kid": self._keys.active,
                "sealed": seal(self._keys, name, value, version),
                "updated_at": self._state.clock(),
                "expires_on": expires_on,
            }
            statement = upsert(tx, SECRETS).values(name=name, **values)
            tx.execute(statement.on_conflict_do_update(index_elements=[SECRETS.c.name], set_=values))
            along(tx)

    def get(self, name: str) -> Secret:
        """The newest value; from now on it is also kept out of the logs. Raises CredentialsError when there is none."""
        with self._state.reading() as tx:
            row = tx.execute(
                sa.select(SECRETS.c.version, SECRETS.c.kid, SECRETS.c.sealed).where(SECRETS.c.name == name)
            ).one_or_none()
        if row is None:
            raise CredentialsError(f"the secret {name!r} is not stored", mend=f"store it with `mlconnector secrets set {name}`")
        if row.kid not in self._keys.ids:
            self._keys = self._keys.reloaded()  # keys were exchanged while we were running
        secret = Secret(open_sealed(self._keys, name, row.sealed, row.version))
        redaction.register(secret.reveal())
        return secret

    def names(self) -> list[SecretInfo]:
        """All secrets, without values, by name."""
        return stored_secrets(self._state)

    def rotate(self, progress: Callable[[int, int], None] = lambda done, total: None) -> int:
        """Put every secret under the active key, one short transaction each; returns how many had to be.

        Other processes may go on reading and storing. Stopped anywhere, it goes on where it was when called again.
        `progress` is called with (done, total).
        """
        waiting = [info for info in self.names() if info.kid != self._keys.active]
        for done, info in enumerate(waiting, start=1):
            with self._state.transaction() as tx:
                same = (SECRETS.c.name == info.name, SECRETS.c.version == info.version, SECRETS.c.kid == info.kid)
                sealed = tx.execute(sa.select(SECRETS.c.sealed).where(*same).with_for_update()).scalar_one_or_none()
                if sealed is not None:
                    new = rewrap(self._keys, info.name, sealed, info.version)
                    tx.execute(sa.update(SECRETS).where(*same).values(sealed=new, kid=self._keys.active))
            progress(done, len(waiting))
        return len(waiting)


def stored_secrets(state: State) -> list[SecretInfo]:
    """All secrets, without values, by name; no key is needed to see which there are."""
    with state.reading() as tx:
        return list_secrets(tx)


def list_secrets(tx: sa.Connection) -> list[SecretInfo]:
    """As `stored_secrets`, in a transaction that is open already."""
    shown = (SECRETS.c.name, SECRETS.c.version, SECRETS.c.kid, SECRETS.c.updated_at, SECRETS.c.expires_on)
    return [SecretInfo(*row) for row in tx.execute(sa.select(*shown).order_by(SECRETS.c.name))]
