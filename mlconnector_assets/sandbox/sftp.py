"""The SFTP server of the sandbox: one user per partner, each locked into a folder of its own, key and
password login, and faults that a real sshd cannot produce."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import asyncssh
import asyncssh.sftp
from asyncssh.misc import MaybeAwait
from asyncssh.sftp import SFTPAttrs, SFTPServerHandler, SFTPVFSAttrs

from mlconnector_assets.durable import write_durably
from mlconnector_assets.sandbox.faults import Fault, Faults

FOLDERS = ("outbound", "inbound", "processed", "error", "acks")
CHUNK_OF_DISK = 4096


@dataclass(frozen=True)
class PartnerLogin:
    """How a partner logs in: user name, password, and an unencrypted OpenSSH private key."""

    user: str
    password: str
    private_key: str


class Keys:
    """Host keys and logins, made at first start and kept in `folder` (files 0600)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def host_keys(self) -> list[asyncssh.SSHKey]:
        """The server's keys, Ed25519 and RSA."""
        return [self._key("host_ed25519", "ssh-ed25519"), self._key("host_rsa", "ssh-rsa")]

    def forget_host_keys(self) -> None:
        """The next start makes new ones."""
        for path in self.folder.glob("host_*"):
            path.unlink()

    def login(self, partner: str) -> PartnerLogin:
        """A partner's login."""
        key = self._key(f"partner_{partner}", "ssh-ed25519")
        password = self.secret(f"password_{partner}")
        return PartnerLogin(partner, password, key.export_private_key().decode())

    def secret(self, name: str) -> str:
        """A random text, made once."""
        path = self.folder / name
        if not path.exists():
            write_durably(path, secrets.token_urlsafe(30).encode(), mode=0o600)
        return path.read_text("ascii")

    def _key(self, name: str, kind: str) -> asyncssh.SSHKey:
        path = self.folder / name
        if not path.exists():
            write_durably(path, asyncssh.generate_private_key(kind).export_private_key(), mode=0o600)
        return asyncssh.read_private_key(path)


class PartnerFiles(asyncssh.SFTPServer):
    """One partner's folder as its session sees it, with the armed faults."""

    def __init__(self, channel: asyncssh.SSHServerChannel[bytes], *, root: Path, faults: Faults) -> None:
        self.partner = str(channel.get_extra_info("username"))
        self._connection, self.faults = channel.get_extra_info("connection"), faults
        self._written: dict[int, int] = {}
        self._paths: dict[int, bytes] = {}
        folder = root / self.partner
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(channel, chroot=os.fsencode(folder))

    def open(self, path: bytes, pflags: int, attrs: SFTPAttrs) -> MaybeAwait[object]:
        """Open a file."""
        if pflags & (asyncssh.FXF_WRITE | asyncssh.FXF_CREAT | asyncssh.FXF_TRUNC | asyncssh.FXF_APPEND):
            self._refuse_if_read_only(path)
        file = super().open(path, pflags, attrs)
        self._paths[id(file)] = path
        return file

    def write(self, file_obj: object, offset: int, data: bytes) -> MaybeAwait[int]:
        """Write part of a file."""
        written = self._written.get(id(file_obj), 0) + len(data)
        self._written[id(file_obj)] = written
        if self._over("sftp_full", written):
            raise asyncssh.SFTPFailure("Failure")
        if self._over("sftp_drop", written):
            self.faults.strike("sftp_drop", partner=self.partner)
            self._connection.abort()
            raise asyncssh.SFTPFailure("Failure")
        return super().write(file_obj, offset, data)

    def close(self, file_obj: object) -> MaybeAwait[None]:
        """Close a file."""
        written, path = self._written.pop(id(file_obj), 0), self._paths.pop(id(file_obj), b"")
        result = super().close(file_obj)
        if written:
            self._take_away(path)
        if written and self.faults.strike("sftp_close", partner=self.partner):
            raise asyncssh.SFTPFailure("Failure")
        return result

    def rename(self, oldpath: bytes, newpath: bytes) -> MaybeAwait[None]:
        """Rename, refused when the target exists."""
        self._refuse_to_rename(oldpath, newpath)
        result = super().rename(oldpath, newpath)
        self._take_away(newpath)
        return result

    def posix_rename(self, oldpath: bytes, newpath: bytes) -> MaybeAwait[None]:
        """Rename over whatever is there."""
        self._refuse_to_rename(oldpath, newpath)
        result = super().posix_rename(oldpath, newpath)
        self._take_away(newpath)
        return result

    async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        """List a folder."""
        async for entry in super().scandir(path):
            yield entry
        if self._is_in(path + b"/x", "sftp_growing", "inbound") and self.faults.strike("sftp_growing", partner=self.partner):
            for file in Path(os.fsdecode(self.map_path(path))).iterdir():
                if file.is_file():
                    with file.open("ab") as growing:
                        growing.write(b"one more line\n")

    def remove(self, path: bytes) -> MaybeAwait[None]:
        """Remove a file."""
        self._refuse_if_read_only(path)
        return super().remove(path)

    def mkdir(self, path: bytes, attrs: SFTPAttrs) -> MaybeAwait[None]:
        """Make a folder."""
        self._refuse_if_read_only(path)
        return super().mkdir(path, attrs)

    def statvfs(self, path: bytes) -> MaybeAwait[asyncssh.sftp._SFTPOSVFSAttrs]:
        """Free space; none while the disk is said to be full."""
        result = super().statvfs(path)
        if self._armed("sftp_full"):
            return SFTPVFSAttrs(CHUNK_OF_DISK, CHUNK_OF_DISK, 1000, 0, 0, 1000, 500, 500)
        return result

    def _armed(self, kind: str) -> Fault | None:
        return self.faults.armed(kind, partner=self.partner)

    def _over(self, kind: str, written: int) -> bool:
        fault = self._armed(kind)
        return fault is not None and written > int(fault.options.get("after_bytes", 0))

    def _is_in(self, path: bytes, kind: str, default: str) -> bool:
        """Whether a fault of this kind is armed for the folder that `path` lies in."""
        fault = self._armed(kind)
        folder = str(fault.options.get("folder", default)).strip("/") if fault else None
        return os.fsdecode(path).strip("/").removeprefix("./").rpartition("/")[0] == folder

    def _take_away(self, path: bytes) -> None:
        """The partner takes a file as soon as it is there."""
        if self._is_in(path, "sftp_taken", "outbound") and not path.rpartition(b"/")[2].startswith(b"."):
            self.faults.strike("sftp_taken", partner=self.partner)
            file = Path(os.fsdecode(self.map_path(path)))
            taken = file.parent.parent / "taken"
            taken.mkdir(exist_ok=True)
            file.rename(taken / file.name)

    def _refuse_to_rename(self, source: bytes, target: bytes) -> None:
        self._refuse_if_read_only(source)
        self._refuse_if_read_only(target)
        if self.faults.strike("sftp_no_rename", partner=self.partner):
            raise asyncssh.SFTPPermissionDenied("Permission denied")

    def _refuse_if_read_only(self, path: bytes) -> None:
        fault = self._armed("sftp_read_only")
        folder = "/" + str(fault.options.get("folder", "")).strip("/") if fault else ""
        asked = "/" + os.fsdecode(path).strip("/")
        if fault and (asked == folder or asked.startswith(folder.rstrip("/") + "/")):
            raise asyncssh.SFTPPermissionDenied("Permission denied")


class SessionHandler(SFTPServerHandler):
    """Speaks SFTP for one session; offers no extensions while `sftp_plain` is armed, as old servers do."""

    def __init__(
        self, server: asyncssh.SFTPServer, reader: asyncssh.SSHReader[bytes], writer: asyncssh.SSHWriter[bytes], version: int
    ) -> None:
        super().__init__(server, reader, writer, version)
        if isinstance(server, PartnerFiles) and server.faults.strike("sftp_plain", partner=server.partner):
            self._extensions = []


# asyncssh has no setting for the extensions it announces, so its handler class is replaced; other servers are untouched
setattr(asyncssh.sftp, SFTPServerHandler.__name__, SessionHandler)


class Gate(asyncssh.SSHServer):
    """Decides who may log in."""

    def __init__(self, logins: dict[str, PartnerLogin], connections: set[asyncssh.SSHServerConnection]) -> None:
        self._logins, self._connections = logins, connections
        self._connection: asyncssh.SSHServerConnection

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        """Remember the connection, to name its authorized keys and to drop it later."""
        self._connection = conn
        self._connections.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._connections.discard(self._connection)

    def begin_auth(self, username: str) -> bool:
        """Only partners, and always with proof."""
        login = self._logins.get(username)
        if login:
            public = asyncssh.import_private_key(login.private_key).export_public_key().decode()
            self._connection.set_authorized_keys(asyncssh.import_authorized_keys(public))
        return True

    def password_auth_supported(self) -> bool:
        """Passwords may be tried."""
        return True

    def validate_password(self, username: str, password: str) -> bool:
        """Whether the password is that partner's."""
        login = self._logins.get(username)
        return login is not None and secrets.compare_digest(login.password.encode(), password.encode())


class SftpServer:
    """Listens on 127.0.0.1; `pause` and `resume` make it refuse connections and accept them again."""

    def __init__(self, root: Path, keys: Keys, logins: dict[str, PartnerLogin], faults: Faults) -> None:
        self.root, self.keys, self.logins, self.faults = root, keys, logins, faults
        self.port = 0
        self._acceptor: asyncssh.SSHAcceptor | None = None
        self._connections: set[asyncssh.SSHServerConnection] = set()

    async def listen(self, port: int) -> None:
        """Start, on a free port when `port` is 0. Raises OSError when it is taken."""
        self._acceptor = await asyncssh.listen(
            "127.0.0.1",
            port,
            server_factory=self._gate,
            server_host_keys=self.keys.host_keys(),
            sftp_factory=lambda channel: PartnerFiles(channel, root=self.root, faults=self.faults),
            allow_scp=False,
            reuse_address=True,
        )
        self.port = self._acceptor.get_port()

    async def pause(self) -> None:
        """Stop listening and drop every session."""
        acceptor, self._acceptor = self._acceptor, None
        if acceptor:
            acceptor.close()
        for connection in list(self._connections):
            connection.abort()
        if acceptor:
            await acceptor.wait_closed()

    async def change_host_keys(self) -> None:
        """Restart with new host keys, as after a server was rebuilt."""
        await self.pause()
        self.keys.forget_host_keys()
        await self.resume()

    async def resume(self) -> None:
        """Listen again on the same port."""
        if self._acceptor is None:
            await self.listen(self.port)

    def _gate(self) -> Gate:
        return Gate(self.logins, self._connections)
