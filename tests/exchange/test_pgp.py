"""PGP with real keys: what leaves can be read by the partner alone, and is signed by us."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from mlconnector_assets.errors import ConfigurationError, CredentialsError
from mlconnector_assets.exchange import pgp
from mlconnector_assets.partners.pgp import PgpRules
from mlconnector_assets.state.vault import Secret
from tests.partners.samples import flow

gnupg = pytest.importorskip("gnupg", reason="python-gnupg is not installed")
pytestmark = pytest.mark.skipif(shutil.which("gpg") is None, reason="gpg is not installed")

CONTENT = b"number;total\nINV/1;12.50\n" * 40


class Person:
    """Somebody with a key pair."""

    def __init__(self, home: Path, name: str) -> None:
        home.mkdir(mode=0o700)
        self.gpg = gnupg.GPG(gnupghome=str(home))
        wanted: dict[str, Any] = {"key_type": "EDDSA", "key_curve": "ed25519", "subkey_type": "ECDH", "subkey_curve": "cv25519"}
        made = self.gpg.gen_key(self.gpg.gen_key_input(name_email=f"{name}@example.com", no_protection=True, **wanted))
        self.fingerprint = str(made.fingerprint)
        self.public = self.gpg.export_keys(self.fingerprint)
        self.secret = self.gpg.export_keys(self.fingerprint, secret=True, expect_passphrase=False).encode()

    def open(self, sealed: bytes) -> Any:
        return self.gpg.decrypt(sealed, always_trust=True)


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> tuple[Person, Person]:
    folder = tmp_path_factory.mktemp("g")
    return Person(folder / "a", "acme"), Person(folder / "b", "us")


def rules(person: Person, **keys: Any) -> PgpRules:
    return PgpRules(fingerprint=person.fingerprint, public_key=person.public, **keys)


def test_only_the_partner_opens_it_and_sees_that_it_is_ours(people: tuple[Person, Person]) -> None:
    acme, us = people
    acme.gpg.import_keys(us.public)
    sealed = pgp.encrypt(
        CONTENT, rules(acme, sign_with="our-key"), public_key=acme.public, signing_key=Secret(us.secret), where="acme"
    )
    assert CONTENT not in sealed
    opened = acme.open(sealed)
    assert (opened.data, opened.valid, opened.pubkey_fingerprint) == (CONTENT, True, us.fingerprint)
    assert not us.open(sealed).ok
    armored = pgp.encrypt(CONTENT, rules(acme, armor=True), public_key=acme.public, signing_key=None, where="acme")
    assert armored.startswith(b"-----BEGIN PGP MESSAGE-----")
    packed = pgp.encrypt(gzip.compress(CONTENT), rules(acme), public_key=acme.public, signing_key=None, where="acme")
    assert gzip.decompress(acme.open(packed).data) == CONTENT


def test_another_key_than_the_pinned_one_is_refused(people: tuple[Person, Person]) -> None:
    acme, us = people
    with pytest.raises(ConfigurationError, match=f"{us.fingerprint}, and {acme.fingerprint} is pinned"):
        pgp.encrypt(CONTENT, rules(acme), public_key=us.public, signing_key=None, where="acme")


def test_a_signing_key_that_is_none(people: tuple[Person, Person]) -> None:
    acme, us = people
    with pytest.raises(CredentialsError, match="our-key holds no private key"):
        pgp.encrypt(
            CONTENT,
            rules(acme, sign_with="our-key"),
            public_key=acme.public,
            signing_key=Secret(us.public.encode()),
            where="acme",
        )


def test_without_gpg_the_message_says_what_to_install(people: tuple[Person, Person], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ConfigurationError, match="needs the program gpg"):
        pgp.encrypt(CONTENT, rules(people[0]), public_key="", signing_key=None, where="acme")


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"fingerprint": "ABCD"}, "the key's whole fingerprint"),
        ({"public_key": None}, "exactly one of"),
        ({"public_key_file": "acme.asc"}, "exactly one of"),
        ({"public_key": "-----BEGIN PGP PRIVATE KEY BLOCK-----"}, "is a private key"),
        ({"public_key": "mQINB"}, "must be an armored public key"),
    ],
)
def test_refused_rules(keys: dict[str, Any], message: str) -> None:
    given = {"fingerprint": "A" * 40, "public_key": "-----BEGIN PGP PUBLIC KEY BLOCK-----"}
    with pytest.raises(ValidationError, match=message):
        PgpRules(**(given | keys))


def test_a_key_in_a_file(tmp_path: Path) -> None:
    made = PgpRules(fingerprint="aaaa " * 10, public_key_file="acme.asc")
    with pytest.raises(ConfigurationError, match="No such file"):
        made.key(tmp_path)
    (tmp_path / "acme.asc").write_text("-----BEGIN PGP PUBLIC KEY BLOCK-----\nx")
    assert made.key(tmp_path).endswith("x")
    assert flow(pgp=made.model_dump(), compress="gzip").ending == ".gz.pgp"
