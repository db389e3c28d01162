"""A real OpenSSH server for tests: own keys, a free port on 127.0.0.1, one folder, and knobs.

Import the fixtures where they are wanted: `from tests.sshd import start_sshd, sshd, ssh_keys  # noqa: F401`
in a conftest. Without sshd the tests are skipped, or fail when MLCONNECTOR_TESTS_REQUIRE_SERVERS=1.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from mlconnector_assets.exchange.sftp import SftpSettings


def server_missing(reason: str) -> None:
    """Skip, or fail where servers are required."""
    if os.environ.get("MLCONNECTOR_TESTS_REQUIRE_SERVERS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@dataclass(frozen=True)
class Plain:
    """What the product gets from its vault: a secret that reveals itself on demand."""

    text: str = field(repr=False)

    def reveal(self) -> str:
        return self.text


@dataclass(frozen=True)
class KeyPair:
    """`private` in OpenSSH's format, `public` as `ssh-ed25519 AAAA…`."""

    private: str
    public: str

    @classmethod
    def make(cls, kind: str = "ed25519") -> KeyPair:
        key = {
            "ed25519": ed25519.Ed25519PrivateKey.generate,
            "ecdsa": lambda: ec.generate_private_key(ec.SECP256R1()),
            "rsa": lambda: rsa.generate_private_key(65537, 3072),
        }[kind]()
        encoding, formats = serialization.Encoding, serialization.PrivateFormat
        private = key.private_bytes(encoding.PEM, formats.OpenSSH, serialization.NoEncryption()).decode()
        public = key.public_key().public_bytes(encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()
        return cls(private, public)


@dataclass(frozen=True)
class SshKeys:
    """Keys for one test session: the server's, by kind, and one client's."""

    hosts: dict[str, KeyPair]
    client: KeyPair


@dataclass(frozen=True)
class Account:
    """A user of this machine whose password the server knows; `home` belongs to them."""

    name: str
    password: str
    home: Path


class Sshd:
    """One server process. `root` is the folder tests put partner folders in; `user` may log in with the client key."""

    def __init__(self, folder: Path, keys: SshKeys, *, host_kinds: tuple[str, ...], sftp: str, lines: tuple[str, ...]) -> None:
        self.folder, self.keys, self.host_kinds = folder, keys, host_kinds
        self.port = free_port()
        self.user = pwd.getpwuid(os.getuid()).pw_name
        self.root = folder / "root"
        self.log = folder / "sshd.log"
        self._config = folder / "sshd_config"
        self._process: subprocess.Popen[bytes] | None = None
        self.root.mkdir(parents=True)
        text = [f"Port {self.port}", "ListenAddress 127.0.0.1", "PidFile none", "StrictModes no", "UsePAM no"]
        text += ["PermitRootLogin yes", "UseDNS no", "MaxStartups 100:30:200", "MaxSessions 64", "LogLevel VERBOSE"]
        text += [f"Subsystem sftp internal-sftp {sftp}".rstrip(), f"AuthorizedKeysFile {folder / 'authorized_keys'}", *lines]
        for kind in host_kinds:
            path = folder / f"host_{kind}"
            path.write_text(keys.hosts[kind].private)
            path.chmod(0o600)
            text.append(f"HostKey {path}")
        (folder / "authorized_keys").write_text(keys.client.public + "\n")
        self._config.write_text("\n".join(text) + "\n")

    def start(self) -> None:
        sshd = shutil.which("sshd") or "/usr/sbin/sshd"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sshd, "-D", "-e", "-f", str(self._config)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )
        for _ in range(200):
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=5) as sock:
                    if sock.recv(8).startswith(b"SSH-2.0"):
                        return
            except OSError:
                pass
            assert self._process.poll() is None, self.log.read_text()
            time.sleep(0.02)
        raise AssertionError(f"sshd does not answer: {self.log.read_text()}")

    def stop(self) -> None:
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGTERM)
            self._process.wait(5)
            self._process = None

    @property
    def host_keys(self) -> tuple[str, ...]:
        return tuple(self.keys.hosts[kind].public for kind in self.host_kinds)

    def settings(self, **changes: object) -> SftpSettings:
        """How to reach this server with the client key; any field may be changed."""
        base = SftpSettings(
            partner="acme",
            host="127.0.0.1",
            port=self.port,
            user=self.user,
            host_keys=self.host_keys,
            private_key=Plain(self.keys.client.private),
            connect_timeout=10.0,
            channel_timeout=20.0,
        )
        return replace(base, **changes)


StartSshd = Callable[..., Sshd]


def _sshd_or_skip() -> None:
    if not (shutil.which("sshd") or Path("/usr/sbin/sshd").exists()):
        server_missing("no OpenSSH server on this machine (apt-get install --no-install-recommends openssh-server)")
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)


@pytest.fixture(scope="session")
def ssh_keys() -> SshKeys:
    return SshKeys({kind: KeyPair.make(kind) for kind in ("ed25519", "ecdsa", "rsa")}, KeyPair.make())


@pytest.fixture
def start_sshd(ssh_keys: SshKeys) -> Iterator[StartSshd]:
    """Start servers with knobs: `host_kinds`, `sftp` (options of internal-sftp, such as "-R"), `lines` (of sshd_config)."""
    _sshd_or_skip()
    with tempfile.TemporaryDirectory(prefix="mlc-sshd-") as name:
        started: list[Sshd] = []

        def start(
            host_kinds: tuple[str, ...] = ("ed25519",), sftp: str = "", lines: tuple[str, ...] = (), keys: SshKeys = ssh_keys
        ) -> Sshd:
            server = Sshd(Path(name) / str(len(started)), keys, host_kinds=host_kinds, sftp=sftp, lines=lines)
            server.start()
            started.append(server)
            return server

        yield start
        for server in started:
            server.stop()


@pytest.fixture(scope="session")
def sshd(ssh_keys: SshKeys) -> Iterator[Sshd]:
    """One plain server for the whole session; every test makes its own folder in `sshd.root`."""
    _sshd_or_skip()
    with tempfile.TemporaryDirectory(prefix="mlc-sshd-") as name:
        Path(name).chmod(0o755)
        server = Sshd(Path(name) / "shared", ssh_keys, host_kinds=("ed25519",), sftp="", lines=())
        server.start()
        yield server
        server.stop()


@pytest.fixture(scope="session")
def account() -> Iterator[Account]:
    """A throw-away user with a password; only root can make one."""
    _sshd_or_skip()
    if os.getuid() != 0 or not shutil.which("useradd"):
        pytest.skip("a throw-away user with a password can only be made by root")
    with tempfile.TemporaryDirectory(prefix="mlc-home-") as folder:
        found = Account(f"mlc{secrets.token_hex(4)}", secrets.token_urlsafe(12), Path(folder))
        subprocess.run(
            ["useradd", "--no-create-home", "--home-dir", folder, "--shell", "/bin/sh", found.name],
            check=True,
            capture_output=True,
        )
        try:
            subprocess.run(["chpasswd"], input=f"{found.name}:{found.password}".encode(), check=True, capture_output=True)
            shutil.chown(folder, found.name)
            yield found
        finally:
            subprocess.run(["userdel", found.name], check=True, capture_output=True)
