"""The vault: what it keeps, what it refuses, and that it never shows a value."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import traceback
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from mlconnector_assets.errors import CredentialsError, StateError
from mlconnector_assets.state.database import State
from mlconnector_assets.state.keys import Keyring, add_key, create_key_file, key_file, key_id
from mlconnector_assets.state.schema import KEY_CHECKS, SECRETS
from mlconnector_assets.state.vault import Secret, Vault

CANARY = "canary-4711-geheim"
OLD, NEW, OTHER = b"o" * 32, b"n" * 32, b"x" * 32


def ring(*several: bytes) -> Keyring:
    return Keyring(several, "the key file /keys/kek")


@pytest.fixture
def vault(state: State) -> Vault:
    return Vault(state, ring(OLD))


def test_a_value_comes_back_and_the_newest_counts(vault: Vault, clock):
    vault.set("odoo_key", b"first value")
    before = clock.now
    clock.forward(days=1)
    vault.set("odoo_key", "zweiter Wert – ü".encode())
    vault.set("acme-sftp.password", b"other")
    assert vault.get("odoo_key").reveal() == "zweiter Wert – ü"
    acme, odoo = vault.names()
    assert (odoo.name, odoo.version, odoo.kid, odoo.updated_at) == ("odoo_key", 2, key_id(OLD), clock.now)
    assert (acme.name, acme.version) == ("acme-sftp.password", 1)
    assert odoo.updated_at > before


def test_a_secret_that_is_not_there_names_the_command(vault: Vault):
    with pytest.raises(CredentialsError, match="'odoo_key' is not stored") as caught:
        vault.get("odoo_key")
    assert "mlconnector secrets set odoo_key" in caught.value.mend


@pytest.mark.parametrize("name", ["", "two words", "-dash", "a/b", "x" * 101, "ümlaut", "a\n"])
def test_a_name_that_makes_trouble_is_refused(vault: Vault, name: str):
    with pytest.raises(CredentialsError, match="name of a secret"):
        vault.set(name, b"value")


@pytest.mark.parametrize("value", [b"", b"\xff\xfe binary"])
def test_a_value_that_is_no_text_is_refused(vault: Vault, value: bytes):
    with pytest.raises(CredentialsError, match="empty or not text"):
        vault.set("odoo_key", value)
    assert vault.names() == []


def test_nothing_is_stored_in_the_clear(tmp_path: Path, clock):
    with State.open(f"sqlite:///{tmp_path}/state.db", clock=clock) as state:
        Vault(state, ring(OLD)).set("odoo_key", CANARY.encode())
        assert all(CANARY.encode() not in path.read_bytes() for path in tmp_path.glob("state*"))


def test_an_older_value_cannot_be_put_back(vault: Vault, state: State):
    vault.set("odoo_key", b"old, revoked")
    with state.reading() as tx:
        replayed = tx.execute(sa.select(SECRETS.c.sealed)).scalar_one()
    vault.set("odoo_key", b"new")
    with state.transaction() as tx:
        tx.execute(sa.update(SECRETS).values(sealed=replayed))
    with pytest.raises(CredentialsError, match="changed or damaged"):
        vault.get("odoo_key")


def test_a_value_cannot_be_given_to_another_name(vault: Vault, state: State):
    vault.set("acme_password", b"for acme")
    vault.set("globex_password", b"for globex")
    with state.transaction() as tx:
        sealed = tx.execute(sa.select(SECRETS.c.sealed).where(SECRETS.c.name == "acme_password")).scalar_one()
        tx.execute(sa.update(SECRETS).values(sealed=sealed))
    assert vault.get("acme_password").reveal() == "for acme"
    with pytest.raises(CredentialsError, match="globex_password"):
        vault.get("globex_password")


@pytest.mark.parametrize("stored", [True, False])
def test_a_wrong_key_fails_at_opening_with_one_clear_message(vault: Vault, state: State, stored: bool):
    if stored:
        vault.set("odoo_key", CANARY.encode())
    with pytest.raises(CredentialsError, match="key-encryption key is wrong") as caught:
        Vault(state, ring(OTHER))
    assert key_id(OTHER) in caught.value.what and key_id(OLD) in caught.value.what
    assert "/keys/kek" in caught.value.what
    assert "put back the key file" in caught.value.mend
    Vault(state, ring(OLD))


def test_a_ring_without_a_key_that_is_still_used_fails_at_opening(vault: Vault, state: State):
    vault.set("odoo_key", b"value")
    Vault(state, ring(NEW, OLD))
    with pytest.raises(CredentialsError, match=key_id(OLD)):
        Vault(state, ring(NEW))


def test_a_tampered_key_check_fails_at_opening(vault: Vault, state: State):
    with state.transaction() as tx:
        tx.execute(sa.update(KEY_CHECKS).values(sealed=b"MLC1 nonsense"))
    with pytest.raises(CredentialsError):
        Vault(state, ring(OLD))


def test_rotation_moves_every_secret_and_then_the_old_key_may_go(vault: Vault, state: State):
    for number in range(5):
        vault.set(f"key_{number}", f"value {number}".encode())
    steps: list[tuple[int, int]] = []
    both = Vault(state, ring(NEW, OLD))
    assert both.rotate(lambda done, total: steps.append((done, total))) == 5
    assert steps == [(1, 5), (2, 5), (3, 5), (4, 5), (5, 5)]
    assert both.rotate() == 0
    only_new = Vault(state, ring(NEW))
    assert [only_new.get(f"key_{number}").reveal() for number in range(5)] == [f"value {number}" for number in range(5)]
    assert {(info.version, info.kid) for info in only_new.names()} == {(1, key_id(NEW))}


def test_a_rotation_that_was_stopped_goes_on(vault: Vault, state: State):
    for number in range(5):
        vault.set(f"key_{number}", f"value {number}".encode())

    def stop(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    both = Vault(state, ring(NEW, OLD))
    with pytest.raises(KeyboardInterrupt):
        both.rotate(stop)
    assert [both.get(f"key_{number}").reveal() for number in range(5)] == [f"value {number}" for number in range(5)]
    with pytest.raises(CredentialsError):
        Vault(state, ring(NEW))
    assert Vault(state, ring(NEW, OLD)).rotate() == 3
    assert len(Vault(state, ring(NEW)).names()) == 5


def test_a_value_stored_during_rotation_survives_it(vault: Vault, state: State):
    vault.set("key_1", b"one")
    vault.set("key_2", b"two")
    Vault(state, ring(NEW, OLD)).rotate(lambda done, total: vault.set("key_2", b"newer") if done == 1 else None)
    both = Vault(state, ring(NEW, OLD))
    assert both.get("key_2").reveal() == "newer"
    both.rotate()
    assert Vault(state, ring(NEW)).get("key_2").reveal() == "newer"


def test_a_running_process_learns_of_a_new_key(state: State, tmp_path: Path):
    create_key_file(key_file(tmp_path, {}))
    running = Vault(state, Keyring.load(tmp_path, {}))
    running.set("odoo_key", b"value")
    add_key(key_file(tmp_path, {}))
    Vault(state, Keyring.load(tmp_path, {})).rotate()
    assert running.get("odoo_key").reveal() == "value"


def test_a_first_key_file_is_made_only_for_a_state_that_never_had_one(
    state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("MLCONNECTOR_KEK", raising=False)
    monkeypatch.delenv("MLCONNECTOR_KEK_FILE", raising=False)
    with pytest.raises(CredentialsError, match="missing"):
        Vault.open(state, tmp_path)
    assert not (tmp_path / "keys").exists()
    Vault.open(state, tmp_path, create=True).set("odoo_key", b"value")
    assert Vault.open(state, tmp_path).get("odoo_key").reveal() == "value"
    (tmp_path / "keys" / "kek").unlink()
    with pytest.raises(CredentialsError, match="missing"):
        Vault.open(state, tmp_path, create=True)
    assert not (tmp_path / "keys" / "kek").exists()


@dataclass
class Settings:
    user: str
    password: Secret


def test_a_secret_shows_itself_nowhere(caplog: pytest.LogCaptureFixture):
    secret = Secret(CANARY.encode())
    settings = Settings("acme", secret)
    logging.getLogger("test").warning("%s %r %s", secret, settings, {"password": secret})
    shown = [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r:>40}",
        f"{secret:>40}",
        repr([settings]),
        caplog.text,
    ]
    assert all(CANARY not in text and "***" in text for text in shown)
    for leak in (pickle.dumps, copy.copy, copy.deepcopy, json.dumps, hash, vars, list, bytes):
        with pytest.raises(TypeError) as caught:
            leak(secret)
        assert CANARY not in str(caught.value)
    try:
        raise ValueError(secret, settings)
    except ValueError as error:
        story = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert CANARY not in story and "***" in story
    assert secret.reveal() == CANARY


def test_secrets_are_equal_by_value_only_to_secrets():
    assert Secret(b"a") == Secret(b"a") != Secret(b"b")
    assert Secret(b"a") != "a"


def test_forced_database_failures_never_show_a_value(vault: Vault, state: State, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO)
    vault.set("odoo_key", CANARY.encode())
    vault.get("odoo_key")
    with state.transaction() as tx:
        tx.exec_driver_sql("drop table secrets")
    for use in (lambda: vault.set("odoo_key", CANARY.encode()), lambda: vault.get("odoo_key"), vault.rotate):
        with pytest.raises(StateError) as caught:
            use()
        story = "".join(traceback.TracebackException.from_exception(caught.value).format())
        assert CANARY not in story + repr(caught.value)
    assert CANARY not in caplog.text
