"""`mlconnector partner host-key`: nothing is pinned that nobody confirmed, and a partner's file keeps its shape."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from mlconnector_assets.exchange.host_keys import parse_host_key
from tests.cli.command import Command, Ended
from tests.sshd import KeyPair, Sshd, SshKeys, StartSshd, free_port, ssh_keys, start_sshd

__all__ = ["ssh_keys", "start_sshd"]
pytestmark = pytest.mark.sshd


class Place:
    """A project whose only partner is on `server`, and the command on it."""

    def __init__(self, folder: Path, server: Sshd, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
        self.server, self.file = server, folder / "partners/acme.yaml"
        self._command, self._monkeypatch = command.on(folder), monkeypatch
        self.file.parent.mkdir()
        self.write("")

    def write(self, more: str, port: int | None = None) -> None:
        self.file.write_text(
            "# ACME\nname: ACME\nsftp:\n"
            f"  host: 127.0.0.1\n  port: {port or self.server.port} # test server\n  user: us\n  password: acme-password\n{more}"
            "flows: {}\n"
        )
        self.file.chmod(0o640)

    def run(self, *arguments: str, answer: str | None = None) -> Ended:
        """`answer` is what a person types; without it there is nobody."""
        self._monkeypatch.setattr("mlconnector_assets.cli.partner._somebody_is_there", lambda: answer is not None)
        return self._command("partner", "host-key", "acme", *arguments, stdin=f"{answer}\n".encode())

    @property
    def sftp(self) -> dict:
        return yaml.safe_load(self.file.read_text())["sftp"]


@pytest.fixture
def place(tmp_path: Path, start_sshd: StartSshd, mlconnector: Command, monkeypatch: pytest.MonkeyPatch) -> Place:
    (tmp_path / "project").mkdir()
    return Place(tmp_path / "project", start_sshd(host_kinds=("ed25519", "rsa")), mlconnector, monkeypatch)


def fingerprint(line: str) -> str:
    return parse_host_key(line).fingerprint


def test_first_keys_are_pinned_when_a_person_says_yes(place: Place) -> None:
    before = place.file.read_text()
    ended = place.run(answer="y")
    assert ended.code == 0, ended.err
    for line in place.server.host_keys:
        assert fingerprint(line) in ended.out
    assert place.sftp["host_keys"] == list(place.server.host_keys)
    added = "  host_keys:\n" + "".join(f"    - {line}\n" for line in place.server.host_keys)
    assert place.file.read_text() == before.replace("acme-password\n", f"acme-password\n{added}")
    assert place.file.stat().st_mode & 0o777 == 0o640
    again = place.run()
    assert (again.code, "nothing to do" in again.out) == (0, True)


@pytest.mark.parametrize(("answer", "words"), [("n", "nothing was pinned"), (None, "nobody to ask")])
def test_without_a_yes_nothing_is_pinned(place: Place, answer: str | None, words: str) -> None:
    before = place.file.read_text()
    ended = place.run(answer=answer)
    assert ended.code == 1
    assert words in ended.out + ended.err
    assert place.file.read_text() == before
    if answer is None:
        assert "--fingerprint" in ended.mends[0]


def test_a_fingerprint_pins_its_key_without_asking(place: Place) -> None:
    line = place.server.host_keys[1]
    assert place.run("--fingerprint", fingerprint(line) + "=").code == 0
    assert place.sftp["host_keys"] == [line]
    assert place.run("--fingerprint", fingerprint(line)).code == 0
    assert place.sftp["host_keys"] == [line]


def test_a_fingerprint_that_does_not_match_pins_nothing(place: Place) -> None:
    before = place.file.read_text()
    good, other = fingerprint(place.server.host_keys[0]), fingerprint(KeyPair.make().public)
    ended = place.run("--fingerprint", good, "--fingerprint", other)
    assert ended.code == 1
    assert f"no key with the fingerprint {other}" in ended.errors[0]
    assert place.file.read_text() == before


def test_a_changed_server_is_told_loudly(place: Place) -> None:
    place.write(f"  host_keys:\n    - {KeyPair.make().public}\n")
    ended = place.run(answer="n")
    assert "none of the keys that are pinned" in ended.err
    assert "not shown by the server" in ended.out


def test_the_next_key_becomes_the_pinned_one(place: Place) -> None:
    old, (new, other) = KeyPair.make().public, place.server.host_keys
    place.write(f"  host_keys:\n    - {old}\n    - {other}\n  next_host_keys:\n    - {new}\n")
    assert place.run("--fingerprint", fingerprint(new)).code == 0
    assert place.sftp["host_keys"] == [old, other, new]
    assert "next_host_keys" not in place.sftp


def test_a_revoked_key_is_never_pinned(place: Place) -> None:
    place.write(f"  revoked_host_keys:\n    - {place.server.host_keys[0]}\n")
    before = place.file.read_text()
    ended = place.run(answer="y")
    assert ended.code == 1
    assert "revoked key" in ended.errors[0]
    assert place.file.read_text() == before


@pytest.mark.parametrize("more", ["  host_keys_file: keys\n", "  next_host_keys: [{key}]\n"])
def test_what_cannot_be_edited_safely_is_printed(place: Place, more: str) -> None:
    (place.file.parents[1] / "keys").write_text(KeyPair.make().public)
    place.write(more.format(key=place.server.host_keys[0]))
    before = place.file.read_text()
    ended = place.run(answer="y")
    assert ended.code == 1
    assert "is not edited" in ended.errors[0]
    assert all(line in ended.err for line in place.server.host_keys)
    assert place.file.read_text() == before


def test_what_goes_wrong_before_is_told(place: Place) -> None:
    place.write("", port=free_port())
    assert "cannot be reached" in place.run(answer="y").errors[0]
    place.write("  wire: {rename: sometimes}\n")
    ended = place.run(answer="y")
    assert "partners/acme.yaml:8: sftp.wire.rename" in ended.err
    place.file.write_text("name: [\n")
    assert "not valid YAML" in place.run(answer="y").err
    place.file.unlink()
    assert "no partner 'acme'" in place.run(answer="y").errors[0]


def test_the_jump_host_has_keys_of_its_own(place: Place, start_sshd: StartSshd) -> None:
    gate = start_sshd(keys=SshKeys({"ed25519": KeyPair.make()}, KeyPair.make()))
    assert "no jump host" in place.run("--jump", answer="y").errors[0]
    place.write(f"  jump:\n    host: 127.0.0.1\n    port: {gate.port}\n    user: us\n    password: gate-password\n")
    assert place.run("--jump", answer="y").code == 0
    assert place.sftp["jump"]["host_keys"] == list(gate.host_keys)
    assert "host_keys" not in place.sftp


def test_the_server_behind_a_jump_host_is_scanned_through_it(place: Place, start_sshd: StartSshd, mlconnector: Command) -> None:
    gate = start_sshd()
    place.write(
        f"  jump:\n    host: 127.0.0.1\n    port: {gate.port}\n    user: {gate.user}\n    private_key: gate-key\n"
        f"    host_keys:\n      - {gate.host_keys[0]}\n"
    )
    ended = place.run(answer="y")
    assert "mlconnector secrets set" in ended.err
    from mlconnector_assets.clock import system_clock
    from mlconnector_assets.state.database import State
    from mlconnector_assets.state.vault import Vault

    home = place.file.parents[1] / ".mlconnector"
    with State.open(f"sqlite:///{home}/state.db", clock=system_clock) as state:
        Vault.open(state, home, create=True).set("gate-key", gate.keys.client.private.encode())
    ended = place.run(answer="y")
    assert ended.code == 0, ended.err
    assert place.sftp["host_keys"] == list(place.server.host_keys)
