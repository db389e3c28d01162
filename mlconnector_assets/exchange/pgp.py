"""PGP by GnuPG. Each operation has a key ring of its own, in a private folder that is gone afterwards: no key of the
machine's user is ever used, and none stays."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mlconnector_assets.errors import ConfigurationError, CredentialsError
from mlconnector_assets.partners.pgp import PgpRules
from mlconnector_assets.state.vault import Secret


def encrypt(content: bytes, rules: PgpRules, *, public_key: str, signing_key: Secret | None, where: str) -> bytes:
    """The content for the owner of `public_key`, signed with `signing_key` if there is one.

    Raises
    ------
    ConfigurationError: GnuPG or the extra is missing, the key is not the pinned one, or it cannot encrypt any more.
    CredentialsError: the signing key cannot be used.
    """
    with _key_ring(where) as gpg:
        theirs = gpg.import_keys(public_key)
        if rules.fingerprint not in theirs.fingerprints:
            shown = ", ".join(theirs.fingerprints) or "no key at all"
            raise ConfigurationError(
                f"the partner's public key has the fingerprint {shown}, and {rules.fingerprint} is pinned",
                where=where,
                mend="ask the partner on another way which key is theirs, then correct the file or `fingerprint`",
            )
        ours = _own_key(gpg, signing_key, rules, where) if signing_key is not None else None
        made = gpg.encrypt(content, [rules.fingerprint], sign=ours, always_trust=True, armor=rules.armor)
        if not made.ok:
            raise ConfigurationError(
                f"the file cannot be encrypted: {made.status or 'GnuPG gave no reason'}",
                where=where,
                mend="has the partner's key expired, or is it for signing only? Ask for a new one; the document waits",
            )
        return bytes(made.data)


def _own_key(gpg: Any, signing_key: Secret, rules: PgpRules, where: str) -> str:  # noqa: ANN401  an optional library
    found = gpg.import_keys(signing_key.reveal())
    if not found.fingerprints or not found.sec_imported:
        raise CredentialsError(
            f"the secret {rules.sign_with} holds no private key of PGP",
            where=where,
            mend=f"store it: gpg --armor --export-secret-keys KEY | mlconnector secrets set {rules.sign_with}",
        )
    return str(found.fingerprints[0])


@contextmanager
def _key_ring(where: str) -> Iterator[Any]:
    try:
        import gnupg  # noqa: PLC0415  an optional library
    except ImportError:
        raise ConfigurationError(
            "`pgp` needs the library python-gnupg", where=where, mend="install it: pip install 'mlconnector-assets[pgp]'"
        ) from None
    if shutil.which("gpg") is None:
        raise ConfigurationError("`pgp` needs the program gpg", where=where, mend="install GnuPG, such as `apt install gnupg`")
    # short, because the agent's socket lies in it; mkdtemp gives it to this user alone
    with tempfile.TemporaryDirectory(prefix="mlc-pgp-") as home:
        try:
            yield gnupg.GPG(gnupghome=home)
        finally:
            subprocess.run(  # noqa: S603
                [shutil.which("gpgconf") or "gpgconf", "--homedir", str(Path(home)), "--kill", "all"],
                check=False,
                capture_output=True,
            )
