"""SSH connections: TCP, key exchange, pinned host key, login, and the watchdog. The only module that
uses paramiko, of which only the SSH layer; SFTP itself is in wire.py."""

from __future__ import annotations

import io
import logging
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NoReturn, Protocol

import paramiko
from paramiko.ssh_exception import (
    AuthenticationException,
    BadAuthenticationType,
    ChannelException,
    IncompatiblePeer,
    SSHException,
)

from mlconnector_assets.errors import (
    AccessDenied,
    CredentialsError,
    DeliveryError,
    HostKeyMismatch,
    Unavailable,
)
from mlconnector_assets.exchange.host_keys import SIGNATURES, HostKey, parse_host_keys, signature_algorithms
from mlconnector_assets.exchange.private_keys import normalize

# AES-GCM first: the fastest, and authenticated. CBC, 3DES, MD5 and SHA-1 are never offered.
CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr", "aes192-ctr", "aes256-ctr")
DIGESTS = (
    "hmac-sha2-256-etm@openssh.com",
    "hmac-sha2-512-etm@openssh.com",
    "hmac-sha2-256",
    "hmac-sha2-512",
)
_KEY_CLASSES: dict[str, type[paramiko.PKey]] = {
    "rsa": paramiko.RSAKey,
    "ecdsa": paramiko.ECDSAKey,
    "ed25519": paramiko.Ed25519Key,
}
CONNECTION_ERRORS = (SSHException, EOFError, OSError)
"""What the layers below raise when a connection is gone or stalls."""
# paramiko logs tracebacks of every failure; ours are told once, as exceptions
_LOG_CHANNEL = "mlconnector.ssh"
logging.getLogger(_LOG_CHANNEL).setLevel(logging.CRITICAL + 1)


class Revealable(Protocol):
    """A secret: its text only on demand."""

    def reveal(self) -> str:
        """The text."""
        ...


@dataclass(frozen=True)
class SftpSettings:
    """Everything needed to reach one partner's server. Exactly one of `password` and `private_key` is set.

    `partner` names the partner in messages. `host_keys` are pinned lines (`ssh-ed25519 AAAA…`).
    Time-outs in seconds: `connect_timeout` for TCP, banner and key exchange each, `channel_timeout` for
    login and for the longest time without any progress afterwards.
    """

    partner: str
    host: str
    port: int
    user: str
    host_keys: tuple[str, ...]
    password: Revealable | None = field(default=None, repr=False)
    private_key: Revealable | None = field(default=None, repr=False)
    connect_timeout: float = 10.0
    channel_timeout: float = 30.0

    def __post_init__(self) -> None:
        if (self.password is None) == (self.private_key is None):
            raise ValueError("exactly one of password and private_key is needed")

    @property
    def where(self) -> str:
        """The place, for messages."""
        return f"partner {self.partner}, {self.host}:{self.port}"


class Watchdog:
    """Closes a connection on which nothing moves: keep-alives and socket time-outs do not notice every black hole."""

    def __init__(self, limit: float, on_stall: Callable[[], None]) -> None:
        self._limit, self._on_stall = limit, on_stall
        self._deadline: float | None = None
        self._stopped = threading.Event()
        self.stalled = False
        threading.Thread(target=self._run, name="sftp-watchdog", daemon=True).start()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """While inside, something must move at least every `limit` seconds."""
        before, self._deadline = self._deadline, time.monotonic() + self._limit
        try:
            yield
        finally:
            self._deadline = before
            self.progress()

    def progress(self) -> None:
        """Something moved."""
        if self._deadline is not None:
            self._deadline = time.monotonic() + self._limit

    def stop(self) -> None:
        """Watch no longer."""
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.wait(min(self._limit / 5, 1.0)):
            deadline = self._deadline
            if deadline is not None and time.monotonic() > deadline:
                self.stalled = True
                self._on_stall()
                return


@dataclass(frozen=True)
class SshConnection:
    """A logged-in connection with one channel on which the server speaks SFTP."""

    settings: SftpSettings
    transport: paramiko.Transport
    channel: paramiko.Channel
    watchdog: Watchdog
    host_key: HostKey

    def close(self) -> None:
        """Hang up; never raises."""
        self.watchdog.stop()
        _hang_up(self.transport)

    @property
    def server(self) -> str:
        """What the server calls itself, such as `SSH-2.0-OpenSSH_9.2p1`."""
        return self.transport.remote_version


def connect(settings: SftpSettings) -> SshConnection:
    """Connect, compare the host key with the pinned ones, log in, open the SFTP channel.

    Raises ConfigurationError (pinned keys), HostKeyMismatch (before anything secret is sent),
    CredentialsError, AccessDenied (no SFTP for this user), Unavailable, DeliveryError (nothing in common).
    """
    pinned = parse_host_keys(settings.host_keys, where=settings.where)
    try:
        return _connect(settings, pinned, interactively=False)
    except _PasswordByPrompt:
        # on a new connection: paramiko repeats its service request, which some servers punish by hanging up
        return _connect(settings, pinned, interactively=True)


class _PasswordByPrompt(Exception):
    """The server takes passwords only as the answer to a prompt (keyboard-interactive)."""


def _connect(settings: SftpSettings, pinned: tuple[HostKey, ...], *, interactively: bool) -> SshConnection:
    transport, offered = _handshake(settings, pinned)
    watchdog = Watchdog(settings.channel_timeout, lambda: _hang_up(transport))
    try:
        if offered not in pinned:
            _refuse(settings, pinned, offered)
        with watchdog.watching():
            _log_in(transport, settings, interactively)
            watchdog.progress()
            return SshConnection(settings, transport, _open_channel(transport, settings), watchdog, offered)
    except BaseException:
        watchdog.stop()
        _hang_up(transport)
        raise


def scan_host_keys(settings: SftpSettings) -> tuple[HostKey, ...]:
    """Every host key the server shows, without logging in: for a person to compare and pin."""
    found: list[HostKey] = []
    for kind in dict.fromkeys(SIGNATURES[name] for name in SIGNATURES):
        try:
            transport, key = _negotiate(settings, kind)
        except IncompatiblePeer:
            continue
        _hang_up(transport)
        found.append(key)
    return tuple(found)


def _handshake(settings: SftpSettings, pinned: tuple[HostKey, ...]) -> tuple[paramiko.Transport, HostKey]:
    """Key exchange; when nothing fits, say in words what the server offers."""
    try:
        return _negotiate(settings, signature_algorithms(pinned))
    except IncompatiblePeer as error:
        if "host key" in str(error) and (shown := scan_host_keys(settings)):
            _refuse(settings, pinned, *shown)
        subject, offers = _only_offers(settings, str(error))
        raise DeliveryError(
            f"the server offers no {subject} that is still considered safe; it only offers {offers or 'unknown ones'}",
            where=settings.where,
            mend="ask the partner to update the SSH server or to allow current algorithms",
        ) from error


def _negotiate(settings: SftpSettings, key_types: tuple[str, ...]) -> tuple[paramiko.Transport, HostKey]:
    """TCP and key exchange. Raises IncompatiblePeer, Unavailable."""
    transport = paramiko.Transport(_tcp(settings))
    try:
        transport.set_log_channel(_LOG_CHANNEL)
        transport.banner_timeout = transport.handshake_timeout = settings.connect_timeout
        transport.auth_timeout = settings.channel_timeout
        options = transport.get_security_options()
        options.ciphers, options.digests, options.key_types = CIPHERS, DIGESTS, key_types
        transport.start_client(timeout=2 * settings.connect_timeout)
        key = transport.get_remote_server_key()
    except IncompatiblePeer:
        _hang_up(transport)
        raise
    except CONNECTION_ERRORS as error:
        _hang_up(transport)
        raise Unavailable(
            f"the server took the connection, but did not finish the SSH handshake ({_words(error)})",
            where=settings.where,
            mend="check that this port is an SSH server, and that it is not overloaded or blocking this address",
        ) from error
    except BaseException:
        _hang_up(transport)
        raise
    return transport, HostKey(key.get_name(), key.asbytes())


def _tcp(settings: SftpSettings) -> socket.socket:
    try:
        sock = socket.create_connection((settings.host, settings.port), timeout=settings.connect_timeout)
    except socket.gaierror as error:
        raise Unavailable(
            f"the host name {settings.host} is not known ({error.strerror})",
            where=settings.where,
            mend="check `host` in the partner's file, and this machine's name service",
        ) from error
    except OSError as error:
        raise Unavailable(
            f"the server cannot be reached ({_words(error)})",
            where=settings.where,
            mend="files stay queued and go out later; if it lasts, check host, port and firewall with the partner",
        ) from error
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def _refuse(settings: SftpSettings, pinned: tuple[HostKey, ...], *shown: HostKey) -> NoReturn:
    raise HostKeyMismatch(
        f"the server shows the host key {', '.join(map(str, shown))}, but pinned is {', '.join(map(str, pinned))}; "
        "stopped before login",
        where=settings.where,
        mend="ask the partner, not by this connection, whether the key was changed; only then add to `host_keys`: "
        + shown[0].line,
    )


def _log_in(transport: paramiko.Transport, settings: SftpSettings, interactively: bool) -> None:
    """Password or key, as configured; no agent, no key files of this machine."""
    secret = "password" if settings.password else "private key"
    started = time.monotonic()
    try:
        if settings.password is not None and interactively:
            text = settings.password.reveal()
            further = transport.auth_interactive(
                settings.user, lambda title, instructions, prompts: [text] if len(prompts) == 1 else [""] * len(prompts)
            )
        elif settings.password is not None:
            further = transport.auth_password(settings.user, settings.password.reveal(), fallback=False)
        else:
            further = transport.auth_publickey(settings.user, _private_key(settings))
    except BadAuthenticationType as error:
        if settings.password is not None and not interactively and "keyboard-interactive" in error.allowed_types:
            raise _PasswordByPrompt from None
        raise CredentialsError(
            f"the server does not accept a {secret} from user {settings.user}; it accepts {', '.join(error.allowed_types)}",
            where=settings.where,
            mend="set `password` or `private_key` in the partner's file accordingly",
        ) from None
    except CONNECTION_ERRORS as error:
        refused = isinstance(error, AuthenticationException) and transport.is_active()
        if refused and time.monotonic() - started < settings.channel_timeout:
            raise CredentialsError(
                f"the server refused user {settings.user} with this {secret}",
                where=settings.where,
                mend=f"compare user and {secret} with the partner (for a key: is its public half installed there?), "
                "then store it again with `mlconnector secrets set`",
            ) from None
        raise Unavailable(
            f"the server stopped answering while user {settings.user} logged in",
            where=settings.where,
            mend=f"files stay queued and go out later; if it lasts, compare user and {secret} with the partner",
        ) from error
    if further:
        raise CredentialsError(
            f"after the {secret} the server also wants {', '.join(further)} from user {settings.user}",
            where=settings.where,
            mend="ask the partner for a login with one key or one password",
        )


def _private_key(settings: SftpSettings) -> paramiko.PKey:
    assert settings.private_key is not None
    kind, text = normalize(settings.private_key.reveal(), where=settings.where)
    return _KEY_CLASSES[kind].from_private_key(io.StringIO(text))


def _open_channel(transport: paramiko.Transport, settings: SftpSettings) -> paramiko.Channel:
    channel = None
    try:
        channel = transport.open_session(timeout=settings.channel_timeout)
        channel.settimeout(settings.channel_timeout)
        channel.invoke_subsystem("sftp")
    except CONNECTION_ERRORS as error:
        transport.join(0.2)  # a connection that is ending counts as active for a moment
        if isinstance(error, ChannelException) or (channel is not None and transport.is_active()):
            raise AccessDenied(
                f"user {settings.user} is logged in, but the server offers this user no SFTP",
                where=settings.where,
                mend="ask the partner to enable the sftp subsystem for this user",
            ) from error
        raise Unavailable(
            f"the server stopped answering after user {settings.user} had logged in",
            where=settings.where,
            mend="files stay queued and go out later; if it lasts, ask the partner whether this user may use SFTP",
        ) from error
    return channel


def _hang_up(transport: paramiko.Transport) -> None:
    transport.close()
    transport.sock.close()  # close() leaves it open when the handshake had failed


def _words(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__


def _only_offers(settings: SftpSettings, complaint: str) -> tuple[str, str]:
    """(what nothing was in common for, what the server offers of it), read from the server's first packet."""
    subjects = {"kex": ("key exchange", 0), "host key": ("host key", 1), "ciphers": ("cipher", 2), "macs": ("MAC", 4)}
    subject, position = next((found for word, found in subjects.items() if word in complaint), ("algorithm", 0))
    try:
        with _tcp(settings) as sock, sock.makefile("rb") as stream:
            sock.sendall(b"SSH-2.0-mlconnector\r\n")
            while not (line := stream.readline(1024)).startswith(b"SSH-"):
                if not line:
                    return subject, ""
            stream.read(5 + 1 + 16)  # packet length, padding length, message type, cookie (RFC 4253, sections 6 and 7.1)
            lists = [stream.read(struct.unpack(">I", stream.read(4))[0]).decode() for _ in range(position + 1)]
    except (OSError, struct.error, UnicodeDecodeError, Unavailable):
        return subject, ""
    return subject, lists[position].replace(",", ", ")
