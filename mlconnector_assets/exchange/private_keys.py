"""Private keys as people store them: OpenSSH's own format, PEM (RSA, EC) and PKCS#8, without passphrase.
All become OpenSSH's format, the one that every SSH library reads. Nothing of a key ever enters a message."""

from __future__ import annotations

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from mlconnector_assets.errors import CredentialsError

_MEND = "store the private key itself (it begins with `-----BEGIN`) with `mlconnector secrets set`"


def normalize(text: str, *, where: str) -> tuple[str, str]:
    """(kind, key in OpenSSH's format); kind is `rsa`, `ecdsa` or `ed25519`.

    Raises CredentialsError for public keys, PuTTY's format, passphrases, DSA and damaged keys.
    """
    data = ("\n".join(line.strip() for line in text.strip().splitlines()) + "\n").encode()
    key = _load(data, where)
    if isinstance(key, rsa.RSAPrivateKey):
        kind = "rsa"
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        kind = "ecdsa"
    elif isinstance(key, ed25519.Ed25519PrivateKey):
        kind = "ed25519"
    else:
        raise CredentialsError(
            "the private key is of a kind that SFTP servers no longer accept",
            where=where,
            mend="make an ed25519 key: ssh-keygen -t ed25519, give the partner the .pub file and store the other",
        )
    plain = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption())
    return kind, plain.decode()


def _load(data: bytes, where: str) -> object:
    if data.startswith(b"PuTTY-User-Key-File"):
        raise CredentialsError(
            "the private key is in PuTTY's format",
            where=where,
            mend="convert it: puttygen KEY.ppk -O private-openssh -o KEY, then store KEY",
        )
    if not data.startswith(b"-----BEGIN"):
        kind = "a public key" if data.startswith((b"ssh-", b"ecdsa-")) else "no private key"
        raise CredentialsError(f"what is stored as the private key is {kind}", where=where, mend=_MEND)
    load = serialization.load_ssh_private_key if b"BEGIN OPENSSH" in data else serialization.load_pem_private_key
    try:
        return load(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        if isinstance(error, TypeError) or "password" in str(error).lower():
            what = "the private key is protected by a passphrase"
            mend = "make a copy without one: ssh-keygen -p -N '' -f COPY; it is stored encrypted here anyway"
        else:
            what, mend = "the private key is damaged", _MEND
        # `from None`: a parser's message may quote what it read
        raise CredentialsError(what, where=where, mend=mend) from None
