"""Where key-encryption keys come from, and what is refused."""

from __future__ import annotations

import base64
import os
import pickle
from pathlib import Path

import pytest

from mlconnector_assets.errors import CredentialsError
from mlconnector_assets.state import keys
from mlconnector_assets.state.keys import Keyring, add_key, create_key_file, key_file, key_id

ONE, TWO = b"1" * 32, b"2" * 32


def text(*several: bytes, by: str = "\n") -> str:
    return by.join(base64.b64encode(key).decode() for key in several)


def write(home: Path, content: str, mode: int = 0o600) -> Path:
    path = home / "keys" / "kek"
    path.parent.mkdir(exist_ok=True)
    path.write_text(content)
    path.chmod(mode)
    return path


@pytest.fixture(autouse=True)
def forget_keys_of_the_environment():
    yield
    keys._from_environment.clear()


def test_a_new_key_file_is_ours_only_and_is_never_overwritten(tmp_path: Path):
    path = key_file(tmp_path, {})
    kid = create_key_file(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert Keyring.load(tmp_path, {}).ids == (kid,)
    content = path.read_bytes()
    with pytest.raises(CredentialsError, match="already"):
        create_key_file(path)
    assert path.read_bytes() == content
    assert list(path.parent.iterdir()) == [path]


def test_an_added_key_is_active_and_the_others_still_open(tmp_path: Path):
    path = key_file(tmp_path, {})
    first = create_key_file(path)
    ring = Keyring.load(tmp_path, {})
    second = add_key(path)
    assert Keyring.load(tmp_path, {}).ids == ring.reloaded().ids == (second, first)
    assert Keyring.load(tmp_path, {}).active == second
    assert path.stat().st_mode & 0o777 == 0o600


def test_comments_and_empty_lines_are_passed_over(tmp_path: Path):
    write(tmp_path, f"# made in March\n\n{text(ONE)}\n  \n{text(TWO)}\n")
    assert Keyring.load(tmp_path, {}).ids == (key_id(ONE), key_id(TWO))


def test_the_environment_comes_first_and_is_emptied(tmp_path: Path):
    write(tmp_path, text(TWO))
    environment = {"MLCONNECTOR_KEK": text(ONE, TWO, by=",")}
    ring = Keyring.load(tmp_path, environment)
    assert (ring.ids, environment) == ((key_id(ONE), key_id(TWO)), {})
    assert Keyring.load(tmp_path, environment).ids == ring.ids == ring.reloaded().ids


def test_the_key_file_can_be_elsewhere(tmp_path: Path):
    path = write(tmp_path, text(ONE)).rename(tmp_path / "elsewhere")
    assert Keyring.load(tmp_path, {"MLCONNECTOR_KEK_FILE": str(path)}).active == key_id(ONE)


def test_a_missing_key_names_the_file_and_the_mend(tmp_path: Path):
    with pytest.raises(CredentialsError, match="missing") as caught:
        Keyring.load(tmp_path, {})
    assert str(tmp_path / "keys" / "kek") in caught.value.what
    assert "MLCONNECTOR_KEK_FILE" in caught.value.mend


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620, 0o660])
def test_a_file_that_others_can_reach_is_refused(tmp_path: Path, mode: int):
    path = write(tmp_path, text(ONE), mode)
    with pytest.raises(CredentialsError, match=f"mode {mode:04o}") as caught:
        Keyring.load(tmp_path, {})
    assert f"chmod 600 {path}" in caught.value.mend


def test_a_file_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write(tmp_path, text(ONE))
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    with pytest.raises(CredentialsError, match="we are user 54321") as caught:
        Keyring.load(tmp_path, {})
    assert "chown 54321" in caught.value.mend


def test_a_folder_is_no_key_file(tmp_path: Path):
    (tmp_path / "keys" / "kek").mkdir(parents=True)
    with pytest.raises(CredentialsError, match="cannot be read"):
        Keyring.load(tmp_path, {})


@pytest.mark.parametrize(
    "content", ["", "\n# nothing\n", "no base64!", text(ONE[:31]), text(ONE + b"x"), text(ONE) + "\n" + text(TWO)[:-8]]
)
def test_a_file_without_a_sound_key_is_refused_without_showing_it(tmp_path: Path, content: str):
    write(tmp_path, content)
    with pytest.raises(CredentialsError) as caught:
        Keyring.load(tmp_path, {})
    assert caught.value.mend
    assert all(line not in str(caught.value) for line in content.split("\n") if len(line) > 3)


def test_a_broken_variable_is_refused_and_not_shown(tmp_path: Path):
    write(tmp_path, text(ONE))
    with pytest.raises(CredentialsError, match="key 2 of the environment variable") as caught:
        Keyring.load(tmp_path, {"MLCONNECTOR_KEK": text(ONE) + ",secret-but-broken"})
    assert "secret-but-broken" not in str(caught.value)


def test_a_ring_shows_ids_only():
    ring = Keyring([ONE, TWO], "test")
    assert repr(ring) == str(ring) == f"Keyring({key_id(ONE)}, {key_id(TWO)})"
    with pytest.raises(TypeError):
        pickle.dumps(ring)
