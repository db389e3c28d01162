"""One SFTP session with a partner's server: files and folders by name, every failure in words that name
partner, host, port and path. Names come from us only; what a server lists is never used as a local path."""

from __future__ import annotations

import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import BinaryIO, Self

from mlconnector_assets.crash_points import CrashPoint, reached
from mlconnector_assets.errors import AccessDenied, ConnectorError, DeliveryError, StorageFull, Unavailable
from mlconnector_assets.exchange.ssh import CONNECTION_ERRORS, Revealable, SftpSettings, SshConnection, connect, scan_host_keys
from mlconnector_assets.exchange.wire import CHUNK, Attributes, Code, Flags, Kind, ProtocolError, StatusError, Wire, string

__all__ = ["FileError", "RemoteFile", "Revealable", "SftpSession", "SftpSettings", "scan_host_keys"]

_FSYNC = "fsync@openssh.com"
_POSIX_RENAME = "posix-rename@openssh.com"
_STATVFS = "statvfs@openssh.com"
_NO_SPACE = {Code.NO_SPACE_ON_FILESYSTEM, Code.QUOTA_EXCEEDED}
_NO_RIGHT = {Code.PERMISSION_DENIED, Code.WRITE_PROTECT}
_FULL_BELOW = 4 * CHUNK

Path = str | bytes
"""A remote path; bytes for names that are not UTF-8."""


@dataclass(frozen=True)
class RemoteFile:
    """One entry of a folder. `name` is None when the server's bytes (`raw`) are not UTF-8; `regular` is
    false for folders, links and whatever else; `mtime` in seconds of the server's clock."""

    raw: bytes
    name: str | None
    size: int | None
    mtime: int | None
    regular: bool


class FileError(DeliveryError):
    """This one file cannot be sent, whatever the partner's server does; others can."""


class SftpSession:
    """A logged-in session, used as a context manager. Not for several threads.

    Every method raises Unavailable when the connection breaks or nothing moves for `channel_timeout`
    seconds (the session is over then), AccessDenied, StorageFull, or DeliveryError.
    """

    def __init__(self, connection: SshConnection) -> None:
        self.settings, self._connection = connection.settings, connection
        self._fsync_refused = False
        try:
            with self._doing("start SFTP", ""):
                self._wire = Wire(connection.channel, connection.watchdog.progress)
        except BaseException:
            connection.close()
            raise

    @classmethod
    def connect(cls, settings: SftpSettings) -> Self:
        """Connect and log in; raises what `ssh.connect` raises."""
        return cls(connect(settings))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Hang up; never raises."""
        self._connection.close()

    @property
    def description(self) -> str:
        """Server, host key and cipher, for people."""
        connection = self._connection
        return f"{connection.server}, host key {connection.host_key}, cipher {connection.transport.local_cipher}"

    @property
    def host_key(self) -> str:
        """Type and fingerprint of the key that the server proved to have."""
        return str(self._connection.host_key)

    @property
    def extensions(self) -> frozenset[str]:
        """The protocol extensions that the server announced."""
        return frozenset(self._wire.extensions)

    # folders

    def ensure_folder(self, path: str) -> bool:
        """Make a folder, and those above it, when missing. Returns whether it was made."""
        if self._is_folder(path):
            return False
        parts = path.split("/")
        for end in range(1, len(parts) + 1):
            part = "/".join(parts[:end])
            if part in ("", ".", "..") or self._is_folder(part):
                continue
            with self._doing("create the folder", part):
                try:
                    self._wire.make_folder(part.encode())
                except StatusError:
                    if not self._is_folder(part):  # else another process was faster
                        raise
        return True

    def listing(self, path: str) -> list[RemoteFile]:
        """Everything in a folder, in the server's order; a name that is not UTF-8 stops no other."""
        with self._doing("list the folder", path):
            return [
                RemoteFile(
                    entry.name,
                    _text(entry.name),
                    entry.attributes.size,
                    entry.attributes.mtime,
                    stat.S_ISREG(entry.attributes.mode or 0),
                )
                for entry in self._wire.entries(_raw(path))
                if b"/" not in entry.name and b"\0" not in entry.name
            ]

    def probe_write(self, folder: str) -> None:
        """Make, rename and remove a small hidden file. Raises AccessDenied, StorageFull, DeliveryError."""
        path = f"{folder}/.mlconnector-{secrets.token_hex(6)}.part"
        try:
            with self._doing("create files in", folder):
                handle = self._wire.open(_raw(path), Flags.WRITE_NEW)
                try:
                    self._wire.write(handle, [b"write probe\n"])
                finally:
                    if not self._wire.broken:
                        self._wire.close(handle)
            with self._doing("rename files in", folder):
                self._rename(_raw(path), _raw(path + ".probe"))
            with self._doing("remove files from", folder):
                self._wire.remove(_raw(path + ".probe"))
        except ConnectorError:
            for left in (path, path + ".probe"):
                self._clean_up(b"", _raw(left))
            raise

    # files

    def attributes(self, path: Path) -> Attributes | None:
        """What the server tells of a path (links are followed); None when there is nothing."""
        with self._doing("look at", path):
            return self._stat(path)

    def size(self, path: Path) -> int | None:
        """Bytes; None when there is nothing, or when the server does not tell sizes."""
        found = self.attributes(path)
        return found.size if found else None

    def upload(self, path: str, source: BinaryIO) -> int:
        """Write a new file; returns its bytes. Whole and closed, and fsynced where the server offers it, or an error
        and (if the connection still stands) no file."""
        with self._doing("write", path):
            handle = self._create(_raw(path))
            try:
                reached(CrashPoint.DELIVER_PART_OPENED)
                written = self._wire.write(handle, _local_chunks(source, path))
                reached(CrashPoint.DELIVER_PART_WRITTEN)
                self._sync(handle)
                open_handle, handle = handle, b""
                self._wire.close(open_handle)
                reached(CrashPoint.DELIVER_PART_CLOSED)
            except StatusError as error:
                failure = self._refused(error, "write", path)  # looks for a full disk before the clean-up makes room
                self._clean_up(handle, _raw(path))
                raise failure from error
            except BaseException:
                self._clean_up(handle, _raw(path))
                raise
            return written

    def rename(self, source: Path, target: Path) -> None:
        """Give a file its final name: atomically where the server offers posix-rename, else by plain rename,
        which refuses when the target exists. Callers look at the target first."""
        with self._doing("rename a file to", target):
            self._rename(_raw(source), _raw(target))

    def remove(self, path: Path) -> bool:
        """Remove a file; returns False when there was none."""
        with self._doing("remove", path):
            try:
                self._wire.remove(_raw(path))
            except StatusError as error:
                if error.code == Code.NO_SUCH_FILE:
                    return False
                raise
            return True

    def stream(self, path: Path) -> Iterator[bytes]:
        """The content of a file, in order, in chunks of at most 32 KB."""
        with self._doing("read", path):
            handle = self._wire.open(_raw(path), Flags.READ)
            try:
                for chunk in self._wire.read(handle):
                    self._connection.watchdog.progress()
                    yield chunk
            finally:
                if not self._wire.broken:
                    self._wire.close(handle)

    def read(self, path: Path) -> bytes:
        """The whole content of a file."""
        return b"".join(self.stream(path))

    # helpers

    def _stat(self, path: Path) -> Attributes | None:
        try:
            return self._wire.stat(_raw(path))
        except StatusError as error:
            if error.code == Code.NO_SUCH_FILE:
                return None
            raise

    def _is_folder(self, path: str) -> bool:
        found = self.attributes(path)
        if found is not None and found.mode is not None and not stat.S_ISDIR(found.mode):
            raise DeliveryError(
                f"{path} is a file where a folder is needed",
                where=self._where(path),
                mend="ask the partner to move it away, or name another folder in the partner's file",
            )
        return found is not None

    def _rename(self, source: bytes, target: bytes) -> None:
        if _POSIX_RENAME in self._wire.extensions:
            try:
                self._wire.extended(_POSIX_RENAME, string(source) + string(target))
                return
            except StatusError as error:
                if error.code == Code.NO_SUCH_FILE:
                    raise
        self._wire.rename(source, target)

    def _create(self, path: bytes) -> bytes:
        """Open a new file, taking away an abandoned one of the same name."""
        try:
            return self._wire.open(path, Flags.WRITE_NEW)
        except StatusError as error:
            if error.code not in (Code.FAILURE, Code.FILE_ALREADY_EXISTS) or self._stat(path) is None:
                raise
            self._wire.remove(path)
            return self._wire.open(path, Flags.WRITE_NEW)

    def _sync(self, handle: bytes) -> None:
        if self._fsync_refused or _FSYNC not in self._wire.extensions:
            return
        try:
            self._wire.extended(_FSYNC, string(handle))
        except StatusError as error:
            if error.code != Code.OP_UNSUPPORTED:
                raise
            self._fsync_refused = True

    def _clean_up(self, handle: bytes, path: bytes) -> None:
        with suppress(StatusError, ProtocolError, *CONNECTION_ERRORS):
            if not self._wire.broken:
                if handle:
                    with suppress(StatusError):
                        self._wire.close(handle)
                self._wire.remove(path)

    @contextmanager
    def _doing(self, action: str, path: Path) -> Iterator[None]:
        """Turn every failure inside into one of ours, and hang up when nothing moves."""
        watchdog = self._connection.watchdog
        try:
            with watchdog.watching():
                yield
        except StatusError as error:
            raise self._refused(error, action, path) from error
        except ProtocolError as error:
            self.close()
            raise DeliveryError(
                f"could not {action}: {error}",
                where=self._where(path),
                mend="ask the partner whether this user's login prints text or is restricted to something else than SFTP",
                retryable=True,
            ) from error
        except CONNECTION_ERRORS as error:
            self.close()
            stalled = watchdog.stalled or isinstance(error, TimeoutError)
            what = f"nothing moved for {self.settings.channel_timeout:g} s" if stalled else "the connection broke"
            raise Unavailable(
                f"{what} while trying to {action}",
                where=self._where(path),
                mend="files stay queued and go out later with the same name and bytes; if it lasts, ask the partner",
            ) from error

    def _refused(self, error: StatusError, action: str, path: Path) -> ConnectorError:
        where = self._where(path)
        folder = _shown(path).rpartition("/")[0] or "."
        if error.code in _NO_RIGHT:
            return AccessDenied(
                f"user {self.settings.user} may not {action} (the server says: {error.text})",
                where=where,
                mend=f"ask the partner for read and write permission for {self.settings.user} on this folder and what is in it",
            )
        if error.code == Code.NO_SUCH_FILE:
            return DeliveryError(
                f"could not {action}: it, or its folder, does not exist on the server",
                where=where,
                mend="ask the partner whether something there moves files or folders away",
                retryable=True,
            )
        if error.code in _NO_SPACE or (error.code == Code.FAILURE and action != "look at" and self._is_full(folder)):
            return StorageFull(
                f"the partner's disk is full or its quota is reached (the server says: {error.text})",
                where=where,
                mend="ask the partner to make room; files stay queued and go out later with the same name and bytes",
            )
        return DeliveryError(
            f"could not {action} (the server says: {error.text})" + ("; perhaps its disk is full" if action == "write" else ""),
            where=where,
            mend="ask the partner to look into the server's log; files stay queued and go out later",
            retryable=True,
        )

    def _is_full(self, folder: str) -> bool:
        """Whether the server itself says so: OpenSSH reports a full disk as a mere Failure."""
        if _STATVFS not in self._wire.extensions:
            return False
        try:
            fields = self._wire.extended(_STATVFS, string(folder.encode()), Kind.EXTENDED_REPLY)
            _, block, _, _, available, inodes, _, free_inodes = (fields.number(">Q") for _ in range(8))
        except (StatusError, ProtocolError, *CONNECTION_ERRORS):
            return False
        return block * available < _FULL_BELOW or (inodes > 0 and free_inodes == 0)

    def _where(self, path: Path) -> str:
        shown = _shown(path)
        return f"{self.settings.where}, {shown}" if shown else self.settings.where


def _raw(path: Path) -> bytes:
    return path if isinstance(path, bytes) else path.encode()


def _shown(path: Path) -> str:
    return path if isinstance(path, str) else path.decode("utf-8", "backslashreplace")


def _text(name: bytes) -> str | None:
    try:
        return name.decode()
    except UnicodeDecodeError:
        return None


def _local_chunks(source: BinaryIO, path: str) -> Iterator[bytes]:
    """Our own bytes; a local reading error must not look like a broken connection."""
    while True:
        try:
            chunk = source.read(CHUNK)
        except OSError as error:
            raise FileError(
                f"the stored file for {path} cannot be read: {error.strerror or error}",
                mend="check the disk that holds .mlconnector, then `mlconnector outbox replay`",
            ) from error
        if not chunk:
            return
        yield chunk
