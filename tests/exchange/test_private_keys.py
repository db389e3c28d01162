"""What people store as a private key, and what they store by mistake."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed448, ed25519

from mlconnector_assets.errors import CredentialsError
from mlconnector_assets.exchange.private_keys import normalize
from tests.sshd import KeyPair

ENCODING, FORMATS = serialization.Encoding, serialization.PrivateFormat


@pytest.mark.parametrize("kind", ["rsa", "ecdsa", "ed25519"])
def test_the_kind_is_recognised_and_line_ends_do_not_matter(kind: str) -> None:
    text = KeyPair.make(kind).private
    found, normal = normalize("\n\n  " + text.replace("\n", " \r\n"), where="here")
    assert found == kind
    assert normal.startswith("-----BEGIN OPENSSH PRIVATE KEY-----")


def locked(form: serialization.PrivateFormat) -> str:
    key = ed25519.Ed25519PrivateKey.generate()
    return key.private_bytes(ENCODING.PEM, form, serialization.BestAvailableEncryption(b"canary")).decode()


ED448 = ed448.Ed448PrivateKey.generate().private_bytes(ENCODING.PEM, FORMATS.PKCS8, serialization.NoEncryption()).decode()


@pytest.mark.parametrize(
    ("text", "problem", "mend"),
    [
        (KeyPair.make().public, "a public key", "BEGIN"),
        ("hunter2-canary", "no private key", "BEGIN"),
        ("", "no private key", "BEGIN"),
        ("PuTTY-User-Key-File-3: ssh-ed25519\ncanary", "PuTTY", "puttygen"),
        (locked(FORMATS.OpenSSH), "passphrase", "ssh-keygen -p"),
        (locked(FORMATS.PKCS8), "passphrase", "ssh-keygen -p"),
        (KeyPair.make().private[:200] + "\n-----END OPENSSH PRIVATE KEY-----", "damaged", "secrets set"),
        ("-----BEGIN RSA PRIVATE KEY-----\ncanary\n-----END RSA PRIVATE KEY-----", "damaged", "secrets set"),
        (ED448, "no longer accept", "ed25519"),
    ],
    ids=["public", "password", "empty", "putty", "locked", "locked-pkcs8", "cut", "nonsense", "ed448"],
)
def test_what_cannot_be_used_is_told_without_being_shown(text: str, problem: str, mend: str) -> None:
    with pytest.raises(CredentialsError, match=problem) as caught:
        normalize(text, where="partner acme")
    assert mend in caught.value.mend
    assert caught.value.where == "partner acme"
    assert "canary" not in str(caught.value)
    assert caught.value.__cause__ is None
