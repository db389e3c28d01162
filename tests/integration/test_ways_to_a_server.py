"""Jump hosts, changing host keys, and old servers: real OpenSSH servers."""

from __future__ import annotations

import os
import socket
import threading
from contextlib import closing
from pathlib import Path

import pytest

from mlconnector_assets.errors import AccessDenied, ConnectorError, CredentialsError, DeliveryError, HostKeyMismatch, Unavailable
from mlconnector_assets.exchange.check import check_partner
from mlconnector_assets.exchange.host_keys import parse_host_key
from mlconnector_assets.exchange.sftp import SftpSession, SftpSettings, scan_host_keys
from tests.exchange.world import World
from tests.sshd import KeyPair, Plain, Sshd, SshKeys, StartSshd, free_port

pytestmark = pytest.mark.sshd


def failure(settings: SftpSettings) -> ConnectorError:
    with pytest.raises(ConnectorError) as caught, SftpSession.connect(settings):
        pass
    return caught.value


# jump hosts


@pytest.fixture
def gate(start_sshd: StartSshd, ssh_keys: SshKeys) -> Sshd:
    """A jump host with keys of its own, for host and login."""
    return start_sshd(keys=SshKeys({"ed25519": KeyPair.make()}, KeyPair.make()))


def test_files_go_through_a_jump_host(world: World, sshd: Sshd, gate: Sshd) -> None:
    contents = {f"{number}.csv": os.urandom(100_000) for number in range(20)}
    for name, content in contents.items():
        world.enqueue(name, content)
    outcomes = world.deliver(lambda: SftpSession.connect(sshd.settings(jump=gate.settings())), batch=4)
    assert {outcome.result for outcome in outcomes} == {"delivered"}
    assert world.arrived() == contents
    assert gate.log.read_text().count("Accepted publickey") == 1
    assert "Accepted publickey" in sshd.log.read_text()


def test_each_hop_is_pinned_on_its_own(sshd: Sshd, gate: Sshd) -> None:
    wrong = (KeyPair.make().public,)
    error = failure(sshd.settings(jump=gate.settings(host_keys=wrong)))
    assert isinstance(error, HostKeyMismatch)
    assert "on the jump host" in error.what
    assert f":{gate.port}" in error.where
    error = failure(sshd.settings(host_keys=wrong, jump=gate.settings()))
    assert isinstance(error, HostKeyMismatch)
    assert "jump host" not in error.what
    assert f"127.0.0.1:{sshd.port} through 127.0.0.1:{gate.port}" in error.where
    error = failure(sshd.settings(host_keys=gate.host_keys, jump=gate.settings()))  # the gate's key is not the server's
    assert isinstance(error, HostKeyMismatch)


def test_what_goes_wrong_at_the_jump_host_names_it(start_sshd: StartSshd, sshd: Sshd, gate: Sshd) -> None:
    error = failure(sshd.settings(jump=gate.settings(private_key=Plain(KeyPair.make().private))))
    assert isinstance(error, CredentialsError)
    assert "on the jump host" in error.what
    error = failure(sshd.settings(jump=gate.settings(port=free_port())))
    assert isinstance(error, Unavailable)
    error = failure(sshd.settings(port=free_port(), jump=gate.settings()))
    assert isinstance(error, Unavailable)
    assert "the jump host does not connect to" in error.what
    closed = start_sshd(lines=("AllowTcpForwarding no",))
    error = failure(sshd.settings(jump=closed.settings()))
    assert isinstance(error, AccessDenied)
    assert "allow user" in error.mend


def test_a_jump_host_leaves_no_connection_behind(sshd: Sshd, gate: Sshd) -> None:
    with SftpSession.connect(sshd.settings(jump=gate.settings())):
        pass
    with pytest.raises(HostKeyMismatch):
        SftpSession.connect(sshd.settings(host_keys=(KeyPair.make().public,), jump=gate.settings()))
    threads = [thread for thread in threading.enumerate() if "Transport" in type(thread).__name__]
    for thread in threads:
        thread.join(10)
    assert not any(thread.is_alive() for thread in threads)


def test_the_keys_behind_a_jump_host_can_be_scanned(start_sshd: StartSshd, gate: Sshd) -> None:
    server = start_sshd(host_kinds=("ed25519", "rsa"))
    assert {key.line for key in scan_host_keys(server.settings(jump=gate.settings()))} == set(server.host_keys)


def test_an_old_server_behind_a_jump_host_is_told_in_words(start_sshd: StartSshd, gate: Sshd) -> None:
    server = start_sshd(lines=("Ciphers aes256-cbc",))
    assert "only offers aes256-cbc" in failure(server.settings(jump=gate.settings())).what


# changing host keys


def test_a_next_key_is_accepted_and_told(world: World, start_sshd: StartSshd, ssh_keys: SshKeys) -> None:
    server = start_sshd()
    settings = server.settings(host_keys=(KeyPair.make().public,), next_host_keys=server.host_keys)
    world.enqueue("a.csv", b"ours")
    assert [outcome.result for outcome in world.deliver(lambda: SftpSession.connect(settings))] == ["delivered"]
    [warning] = [event.text for event in world.events if event.kind == "warning"]
    assert parse_host_key(server.host_keys[0]).fingerprint in warning
    assert "mlconnector partner host-key acme" in warning
    findings = check_partner(open_session=lambda: SftpSession.connect(settings), folders={})
    assert findings[0].good
    assert "next host key" in findings[0].detail
    with SftpSession.connect(server.settings()) as session:
        assert session.notice is None


def test_a_revoked_key_stops_before_login_even_if_it_is_pinned(start_sshd: StartSshd) -> None:
    server = start_sshd(host_kinds=("ed25519", "ecdsa"))
    revoked = server.host_keys[:1]
    error = failure(server.settings(host_keys=(KeyPair.make().public,), revoked_host_keys=revoked))
    assert isinstance(error, HostKeyMismatch)
    assert f"the revoked host key {parse_host_key(revoked[0])}" in error.what
    assert "Accepted" not in server.log.read_text()
    with SftpSession.connect(server.settings(revoked_host_keys=revoked)) as session:  # another key of theirs is good
        assert session.host_key.startswith("ecdsa")


# old servers


@pytest.mark.parametrize(
    ("line", "group", "shown"),
    [
        ("Ciphers aes256-cbc", "aes-cbc", "aes256-cbc"),
        ("Ciphers 3des-cbc", "3des-cbc", "3des-cbc"),
        ("Ciphers aes128-ctr\nMACs hmac-sha1", "hmac-sha1", "aes128-ctr"),
        ("Ciphers aes128-ctr\nMACs hmac-md5", "hmac-md5", "aes128-ctr"),
    ],
)
def test_an_old_algorithm_is_used_only_when_it_is_allowed(start_sshd: StartSshd, line: str, group: str, shown: str) -> None:
    server = start_sshd(lines=(line,))
    error = failure(server.settings())
    assert f"algorithms: [{group}]" in error.mend
    with SftpSession.connect(server.settings(old_algorithms=(group,))) as session:
        assert f"cipher {shown}" in session.description
        assert session.size("/etc/passwd")


def test_safe_algorithms_stay_the_first_choice(sshd: Sshd) -> None:
    with SftpSession.connect(sshd.settings(old_algorithms=("aes-cbc", "3des-cbc", "hmac-sha1", "hmac-md5"))) as session:
        assert "aes128-gcm" in session.description


@pytest.mark.parametrize("line", ["KexAlgorithms diffie-hellman-group14-sha1", "HostKeyAlgorithms ssh-rsa"])
def test_what_cannot_be_allowed_is_said_to_be_so(start_sshd: StartSshd, line: str) -> None:
    server = start_sshd(host_kinds=("rsa",), lines=(line,))
    assert "cannot be allowed" in failure(server.settings()).mend


def test_a_server_that_takes_rsa_logins_only_with_sha1_says_so(start_sshd: StartSshd, ssh_keys: SshKeys) -> None:
    pair = KeyPair.make("rsa")
    server = start_sshd(keys=SshKeys(ssh_keys.hosts, pair), lines=("PubkeyAcceptedAlgorithms ssh-rsa",))
    error = failure(server.settings())
    assert isinstance(error, CredentialsError)
    assert "SHA-1 signatures" in error.mend
    assert "ed25519" in error.mend


@pytest.mark.parametrize(
    ("banner", "kind", "words"),
    [
        (b"SSH-1.5-OldServer\r\n", DeliveryError, "SSH version 1"),
        (b"220 FTP server ready\r\n", Unavailable, "handshake"),
        (b"", Unavailable, "handshake"),
    ],
)
def test_what_is_no_ssh_server_of_today_is_told(tmp_path: Path, banner: bytes, kind: type, words: str) -> None:
    def answer() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with client:
                client.sendall(banner)

    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        threading.Thread(target=answer, daemon=True).start()
        key = KeyPair.make()
        settings = SftpSettings(
            "acme", "127.0.0.1", listener.getsockname()[1], "us", (key.public,), password=Plain("x"), connect_timeout=0.5
        )
        error = failure(settings)
        listener.shutdown(socket.SHUT_RDWR)
    assert isinstance(error, kind)
    assert words in error.what
