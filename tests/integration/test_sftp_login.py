"""Logging in to a real OpenSSH server: keys, passwords, pinned host keys, old servers."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import serialization

from mlconnector_assets.errors import AccessDenied, ConnectorError, CredentialsError, DeliveryError, HostKeyMismatch, Unavailable
from mlconnector_assets.exchange.check import check_partner
from mlconnector_assets.exchange.host_keys import parse_host_key
from mlconnector_assets.exchange.sftp import SftpSession, SftpSettings, scan_host_keys
from tests.sshd import Account, KeyPair, Plain, Sshd, SshKeys, StartSshd, free_port
from tests.tcp_proxy import TcpProxy

pytestmark = pytest.mark.sshd


def failure(settings: SftpSettings) -> ConnectorError:
    with pytest.raises(ConnectorError) as caught, SftpSession.connect(settings):
        pass
    return caught.value


def with_password(server: Sshd, account: Account, password: str | None = None) -> SftpSettings:
    return server.settings(user=account.name, private_key=None, password=Plain(password or account.password))


def test_a_key_logs_in_with_an_authenticated_cipher(sshd: Sshd) -> None:
    with SftpSession.connect(sshd.settings()) as session:
        assert "aes128-gcm@openssh.com" in session.description
        assert session.host_key in session.description


@pytest.mark.parametrize("kind", ["rsa", "ecdsa", "ed25519"])
@pytest.mark.parametrize("form", ["OpenSSH", "TraditionalOpenSSL", "PKCS8"])
def test_every_kind_and_form_of_key_logs_in(start_sshd: StartSshd, ssh_keys: SshKeys, kind: str, form: str) -> None:
    if (kind, form) == ("ed25519", "TraditionalOpenSSL"):
        form = "PKCS8"  # there is no traditional form of ed25519
    pair = KeyPair.make(kind)
    key = serialization.load_ssh_private_key(pair.private.encode(), None)
    text = key.private_bytes(
        serialization.Encoding.PEM, getattr(serialization.PrivateFormat, form), serialization.NoEncryption()
    ).decode()
    server = start_sshd(keys=SshKeys(ssh_keys.hosts, pair))
    with SftpSession.connect(server.settings(private_key=Plain(text.strip().replace("\n", "\r\n")))) as session:
        assert session.size("/etc/passwd")


def test_a_password_logs_in(sshd: Sshd, account: Account) -> None:
    with SftpSession.connect(with_password(sshd, account)) as session:
        session.ensure_folder(f"{account.home}/outbound")
    assert (account.home / "outbound").owner() == account.name


def test_a_wrong_password_is_told_without_showing_it(sshd: Sshd, account: Account) -> None:
    error = failure(with_password(sshd, account, "not-the-canary-password"))
    assert isinstance(error, CredentialsError)
    assert account.name in error.what
    assert "partner acme, 127.0.0.1:" in error.where
    assert "canary" not in str(error)


def test_a_key_that_is_not_installed_is_refused(sshd: Sshd) -> None:
    error = failure(sshd.settings(private_key=Plain(KeyPair.make().private)))
    assert isinstance(error, CredentialsError)
    assert "refused" in error.what
    assert "public half" in error.mend


def test_a_server_that_wants_another_kind_of_login_says_which(start_sshd: StartSshd) -> None:
    server = start_sshd(lines=("PasswordAuthentication no", "KbdInteractiveAuthentication no"))
    error = failure(server.settings(private_key=None, password=Plain("secret-canary")))
    assert isinstance(error, CredentialsError)
    assert "accepts publickey" in error.what


def test_a_second_factor_is_told(start_sshd: StartSshd) -> None:
    server = start_sshd(lines=("AuthenticationMethods publickey,password",))
    error = failure(server.settings())
    assert isinstance(error, CredentialsError)
    assert "also wants password" in error.what


def test_a_changed_host_key_stops_before_login(sshd: Sshd) -> None:
    pinned = KeyPair.make().public
    error = failure(sshd.settings(host_keys=(pinned,)))
    assert isinstance(error, HostKeyMismatch)
    assert parse_host_key(pinned).fingerprint in error.what
    assert parse_host_key(sshd.host_keys[0]).fingerprint in error.what
    assert sshd.host_keys[0] in error.mend
    assert "Accepted" not in sshd.log.read_text().splitlines()[-1]


def test_a_host_key_of_another_type_is_a_mismatch_too(start_sshd: StartSshd, ssh_keys: SshKeys) -> None:
    server = start_sshd(host_kinds=("ed25519",))
    error = failure(server.settings(host_keys=(ssh_keys.hosts["rsa"].public,)))
    assert isinstance(error, HostKeyMismatch)
    assert parse_host_key(server.host_keys[0]).fingerprint in error.what


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_the_type_that_is_pinned_is_asked_for(start_sshd: StartSshd, ssh_keys: SshKeys, kind: str) -> None:
    server = start_sshd(host_kinds=("ed25519", "ecdsa", "rsa"))
    pinned = ssh_keys.hosts[kind].public
    with SftpSession.connect(server.settings(host_keys=(pinned,))) as session:
        assert parse_host_key(pinned).fingerprint in session.host_key


def test_a_next_key_may_be_pinned_beside_the_present_one(sshd: Sshd) -> None:
    with SftpSession.connect(sshd.settings(host_keys=(KeyPair.make().public, *sshd.host_keys))) as session:
        assert parse_host_key(sshd.host_keys[0]).fingerprint in session.host_key


def test_a_scan_finds_every_host_key(start_sshd: StartSshd) -> None:
    server = start_sshd(host_kinds=("ed25519", "ecdsa", "rsa"))
    assert {key.line for key in scan_host_keys(server.settings())} == set(server.host_keys)


@pytest.mark.parametrize(
    ("line", "subject", "offer"),
    [
        ("Ciphers aes256-cbc", "cipher", "aes256-cbc"),
        ("KexAlgorithms diffie-hellman-group14-sha1", "key exchange", "diffie-hellman-group14-sha1"),
        ("Ciphers aes128-ctr\nMACs hmac-md5", "MAC", "hmac-md5"),
        ("HostKeyAlgorithms ssh-rsa", "host key", "ssh-rsa"),
    ],
)
def test_a_server_with_old_algorithms_only_is_told_in_words(start_sshd: StartSshd, line: str, subject: str, offer: str) -> None:
    server = start_sshd(host_kinds=("rsa",), lines=(line,))
    error = failure(server.settings())
    assert isinstance(error, DeliveryError)
    assert f"no {subject}" in error.what
    assert f"only offers {offer}" in error.what


def test_a_user_without_sftp_is_told(start_sshd: StartSshd) -> None:
    server = start_sshd(lines=("Match all", "ForceCommand /bin/echo no shell here"))
    error = failure(server.settings())
    assert isinstance(error, (AccessDenied, DeliveryError))
    assert "SFTP" in str(error)


def test_a_closed_port_and_an_unknown_name_are_unavailable(sshd: Sshd) -> None:
    assert isinstance(failure(sshd.settings(port=free_port())), Unavailable)
    error = failure(sshd.settings(host="sftp.invalid"))
    assert isinstance(error, Unavailable)
    assert "sftp.invalid" in error.what


def test_a_server_that_never_answers_is_unavailable(sshd: Sshd) -> None:
    with TcpProxy(sshd.port) as proxy:
        with SftpSession.connect(sshd.settings(port=proxy.port)):
            needed = proxy.sent
        # before the banner, in the key exchange, at the login, when the channel opens, when SFTP is asked for and starts
        for limit in (
            0,
            needed // 10,
            needed // 2,
            needed - 400,
            needed - 200,
            needed - 140,
            needed - 100,
            needed - 60,
            needed - 10,
        ):
            proxy.fault(black_hole=limit)
            error = failure(sshd.settings(port=proxy.port, connect_timeout=0.3, channel_timeout=0.3))
            assert isinstance(error, Unavailable), needed - limit


def test_a_user_without_a_sftp_subsystem_is_denied(start_sshd: StartSshd) -> None:
    server = start_sshd()
    config = server.folder / "sshd_config"
    server.stop()
    config.write_text("\n".join(line for line in config.read_text().splitlines() if not line.startswith("Subsystem")))
    server.start()
    error = failure(server.settings())
    assert isinstance(error, AccessDenied)
    assert "offers this user no SFTP" in error.what


def test_check_tells_host_key_login_and_every_folder(sshd: Sshd, tmp_path) -> None:
    base = sshd.root / tmp_path.name
    folders = {role: f"{base}/{role}" for role in ("inbound", "outbound")}
    findings = check_partner(open_session=lambda: SftpSession.connect(sshd.settings()), folders=folders)
    assert [(finding.subject, finding.good) for finding in findings] == [
        ("host key", True),
        ("login", True),
        ("folder inbound", True),
        ("folder outbound", True),
    ]
    assert list((base / "outbound").iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "subject"),
    [
        ({"host_keys": (KeyPair.make().public,)}, "host key"),
        ({"private_key": Plain(KeyPair.make().private)}, "login"),
        ({"host": "sftp.invalid"}, "server"),
    ],
)
def test_check_tells_what_failed_and_the_mend(sshd: Sshd, changes: dict[str, object], subject: str) -> None:
    settings = sshd.settings(**changes)
    [finding] = check_partner(open_session=lambda: SftpSession.connect(settings), folders={"outbound": "x"})
    assert (finding.subject, finding.good) == (subject, False)
    assert finding.mend


def test_check_tells_a_folder_without_write_permission(start_sshd: StartSshd) -> None:
    server = start_sshd(sftp="-R")
    (server.root / "outbound").mkdir()
    settings = server.settings()
    findings = check_partner(
        open_session=lambda: SftpSession.connect(settings), folders={"outbound": f"{server.root}/outbound", "inbound": "missing"}
    )
    assert [finding.good for finding in findings] == [True, True, False, False]
    assert "permission" in findings[2].mend
