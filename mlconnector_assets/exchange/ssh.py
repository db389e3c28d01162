"""SSH connections: TCP or a jump host, key exchange, pinned host key, login, channels. The only module that
uses paramiko, of which only the SSH layer; SFTP itself is in wire.py."""

from __future__ import annotations

import io
import logging
import socket
import time
from dataclasses import dataclass
from typing import Any, NoReturn

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
    ConnectorError,
    CredentialsError,
    DeliveryError,
    HostKeyMismatch,
    Unavailable,
)
from mlconnector_assets.exchange.host_keys import SIGNATURES, HostKey, Pins, signature_algorithms
from mlconnector_assets.exchange.old_servers import GROUPS, offered
from mlconnector_assets.exchange.private_keys import normalize
from mlconnector_assets.exchange.settings import SftpSettings
from mlconnector_assets.exchange.watchdog import Watchdog

# AES-GCM first: the fastest, and authenticated. CBC, 3DES, MD5 and SHA-1 only where a partner file asks for them.
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
_PROHIBITED = 1
"""Code of a channel refused by the server's administration (RFC 4254, section 5.1)."""
CONNECTION_ERRORS = (SSHException, EOFError, OSError)
"""What the layers below raise when a connection is gone or stalls."""
# paramiko logs tracebacks of every failure; ours are told once, as exceptions
_LOG_CHANNEL = "mlconnector.ssh"
logging.getLogger(_LOG_CHANNEL).setLevel(logging.CRITICAL + 1)


@dataclass(frozen=True)
class SshConnection:
    """A logged-in connection. `next_key`: the server showed one of `next_host_keys`."""

    settings: SftpSettings
    transport: paramiko.Transport
    watchdog: Watchdog
    host_key: HostKey
    next_key: bool

    def close(self) -> None:
        """Hang up, with all channels; never raises."""
        self.watchdog.stop()
        _hang_up(self.transport)

    def open_channel(self) -> paramiko.Channel:
        """One more channel on which the server speaks SFTP. Raises AccessDenied, Unavailable."""
        with self.watchdog.watching():
            return _sftp_channel(self.transport, self.settings)

    @property
    def server(self) -> str:
        """What the server calls itself, such as `SSH-2.0-OpenSSH_9.2p1`."""
        return self.transport.remote_version


def connect(settings: SftpSettings) -> SshConnection:
    """Connect, compare the host key with the pinned ones, log in; the same before on the jump host, if there is one.

    Raises ConfigurationError (pinned keys), HostKeyMismatch (before anything secret is sent),
    CredentialsError, Unavailable, DeliveryError (nothing in common).
    """
    pins = Pins.of(settings)
    try:
        return _connect(settings, pins, interactively=False)
    except _PasswordByPrompt:
        # on a new connection: paramiko repeats its service request, which some servers punish by hanging up
        return _connect(settings, pins, interactively=True)


class _PasswordByPrompt(Exception):
    """The server takes passwords only as the answer to a prompt (keyboard-interactive)."""


def _connect(settings: SftpSettings, pins: Pins, *, interactively: bool) -> SshConnection:
    transport, shown = _handshake(settings, pins)
    watchdog = Watchdog(settings.channel_timeout, lambda: _hang_up(transport))
    try:
        if not pins.accept(shown):
            _refuse(settings, pins, shown)
        with watchdog.watching():
            _log_in(transport, settings, interactively)
        return SshConnection(settings, transport, watchdog, shown, shown in pins.next)
    except BaseException:
        watchdog.stop()
        _hang_up(transport)
        raise


def scan_host_keys(settings: SftpSettings) -> tuple[HostKey, ...]:
    """Every host key the server shows, without logging in: for a person to compare and pin. Raises Unavailable, and
    on a jump host what `connect` raises."""
    found: list[HostKey] = []
    for kind in dict.fromkeys(SIGNATURES[name] for name in SIGNATURES):
        try:
            transport, key = _negotiate(settings, kind)
        except IncompatiblePeer:
            continue
        _hang_up(transport)
        found.append(key)
    return tuple(found)


def _handshake(settings: SftpSettings, pins: Pins) -> tuple[paramiko.Transport, HostKey]:
    """Key exchange; when nothing fits, say in words what the server offers."""
    try:
        return _negotiate(settings, signature_algorithms(pins.accepted))
    except IncompatiblePeer as error:
        if "version" in str(error):
            raise DeliveryError(
                "the server speaks only SSH version 1, which has been unsafe since 2001",
                where=settings.where,
                mend="ask the partner for a server that speaks SSH version 2",
            ) from error
        if "host key" in str(error) and (shown := scan_host_keys(settings)):
            _refuse(settings, pins, *shown)
        offer = offered(str(error), lambda: _reach(settings))
        raise DeliveryError(
            f"the server offers no {offer.subject} that is still considered safe; it only offers {offer.words}",
            where=settings.where,
            mend=offer.mend,
        ) from error


def _negotiate(settings: SftpSettings, key_types: tuple[str, ...]) -> tuple[paramiko.Transport, HostKey]:
    """TCP and key exchange. Raises IncompatiblePeer, Unavailable."""
    transport = paramiko.Transport(_reach(settings))
    try:
        transport.set_log_channel(_LOG_CHANNEL)
        transport.banner_timeout = transport.handshake_timeout = settings.connect_timeout
        transport.auth_timeout = settings.channel_timeout
        options = transport.get_security_options()
        allowed = [GROUPS[name] for name in settings.old_algorithms]
        options.ciphers = CIPHERS + tuple(name for ciphers, _ in allowed for name in ciphers)
        options.digests = DIGESTS + tuple(name for _, digests in allowed for name in digests)
        options.key_types = key_types
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


def _reach(settings: SftpSettings) -> Any:  # noqa: ANN401 - a socket, or a channel that serves as one
    return _Tunnel.to(settings, settings.jump) if settings.jump else _tcp(settings)


class _Tunnel:
    """A channel through a jump host, used like a socket; closing it hangs up on the jump host."""

    def __init__(self, channel: paramiko.Channel, jump: SshConnection) -> None:
        self._channel, self._jump = channel, jump

    @classmethod
    def to(cls, settings: SftpSettings, jump: SftpSettings) -> _Tunnel:
        try:
            connection = connect(jump)
        except ConnectorError as error:
            error.what = f"on the jump host: {error.what}"
            raise
        try:
            with connection.watchdog.watching():
                channel = connection.transport.open_channel(
                    "direct-tcpip", (settings.host, settings.port), ("127.0.0.1", 0), timeout=settings.connect_timeout
                )
        except CONNECTION_ERRORS as error:
            connection.close()
            prohibited = isinstance(error, ChannelException) and error.code == _PROHIBITED
            kind = AccessDenied if prohibited else Unavailable
            raise kind(
                f"the jump host does not connect to {settings.host}:{settings.port} ({_words(error)})",
                where=settings.where,
                mend=f"ask who runs it to allow user {jump.user} to forward connections to that address"
                if prohibited
                else "files stay queued and go out later; if it lasts, check host and port, as the jump host sees them",
            ) from error
        except BaseException:
            connection.close()
            raise
        channel.settimeout(settings.connect_timeout)
        return cls(channel, connection)

    def __getattr__(self, name: str) -> object:
        return getattr(self._channel, name)

    def close(self) -> None:
        self._jump.close()


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


def _refuse(settings: SftpSettings, pins: Pins, *shown: HostKey) -> NoReturn:
    revoked = [key for key in shown if key in pins.revoked]
    pinned = ", ".join(map(str, pins.accepted))
    what = f"the revoked host key {revoked[0]}" if revoked else f"the host key {', '.join(map(str, shown))}"
    raise HostKeyMismatch(
        f"the server shows {what}, but pinned is {pinned}; stopped before login",
        where=settings.where,
        mend="tell the partner that their server shows a revoked key: somebody may be in between"
        if revoked
        else "ask the partner, not by this connection, whether the key was changed; only then "
        f"`mlconnector partner host-key {settings.partner}`, or add to `host_keys`: {shown[0].line}",
    )


def _log_in(transport: paramiko.Transport, settings: SftpSettings, interactively: bool) -> None:
    """Password or key, as configured; no agent, no key files of this machine."""
    secret, hint = "password" if settings.password else "private key", ""
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
            key = _private_key(settings)
            if isinstance(key, paramiko.RSAKey):
                hint = "; an old server may want SHA-1 signatures of this RSA key, which are not safe: make an ed25519 key then"
            further = transport.auth_publickey(settings.user, key)
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
                f"then store it again with `mlconnector secrets set`{hint}",
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


def _sftp_channel(transport: paramiko.Transport, settings: SftpSettings) -> paramiko.Channel:
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
