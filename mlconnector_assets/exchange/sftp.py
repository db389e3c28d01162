"""One SFTP session with a partner's server: files and folders by name, every failure in words that name
partner, host, port and path. Names come from us only; what a server lists is never used as a local path."""

from __future__ import annotations

import secrets
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import BinaryIO, Literal, Self, TypeVar

from mlconnector_assets.crash_points import CrashPoint, reached
from mlconnector_assets.errors import ConnectorError, DeliveryError
from mlconnector_assets.exchange.conversation import Conversation, FileError, Path
from mlconnector_assets.exchange.operations import Task, run_together
from mlconnector_assets.exchange.settings import Revealable, SftpSettings
from mlconnector_assets.exchange.ssh import CONNECTION_ERRORS, SshConnection, connect, scan_host_keys
from mlconnector_assets.exchange.wire import Attributes, Code, Flags, ProtocolError, StatusError, string

__all__ = ["FileError", "RemoteFile", "Revealable", "SftpSession", "SftpSettings", "scan_host_keys"]

FSYNC = "fsync@openssh.com"
_POSIX_RENAME = "posix-rename@openssh.com"
Existing = Literal["take away", "refuse", "empty"]
"""What to do with a file that is there already where a new one is written."""
T = TypeVar("T")


@dataclass(frozen=True)
class RemoteFile:
    """One entry of a folder. `name` is None when the server's bytes (`raw`) are not UTF-8 or no file name; `regular` is
    false for folders, links and whatever else; `mtime` in seconds of the server's clock."""

    raw: bytes
    name: str | None
    size: int | None
    mtime: int | None
    regular: bool


class SftpSession:
    """A logged-in session, used as a context manager. Not for several threads; `another` gives one for a second thread.

    Every method raises Unavailable when the connection breaks or nothing moves for `channel_timeout`
    seconds (the session is over then), AccessDenied, StorageFull, or DeliveryError. The `async` ones are run by
    `together`, many at once.
    """

    def __init__(self, connection: SshConnection, *, owns_connection: bool = True) -> None:
        self._talk = Conversation(connection, owns_connection=owns_connection)
        self.settings, self._connection = connection.settings, connection
        self._wire, self._files, self._doing = self._talk.wire, self._talk.files, self._talk.doing
        self._fsync_refused = False

    @classmethod
    def connect(cls, settings: SftpSettings) -> Self:
        """Connect and log in; raises what `ssh.connect` raises."""
        return cls(connect(settings))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def another(self) -> SftpSession:
        """One more session over the same connection, ended with it. Raises AccessDenied when the server allows no more."""
        return SftpSession(self._connection, owns_connection=False)

    def close(self) -> None:
        """Hang up, or give back the channel when the connection is another session's; never raises."""
        self._talk.close()

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
    def notice(self) -> str | None:
        """What a person should know and do about this server although everything works."""
        if not self._connection.next_key:
            return None
        return (
            f"the server shows its next host key {self.host_key}; "
            f"`mlconnector partner host-key {self.settings.partner}` moves it from next_host_keys to host_keys"
        )

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
                    self._files.now(self._files.make_folder(part.encode()))
                except StatusError:
                    if not self._is_folder(part):  # else another process was faster
                        raise
        return True

    def listing(self, path: str) -> list[RemoteFile]:
        """Everything in a folder, in the server's order; a name that is unusable stops no other."""
        with self._doing("list the folder", path):
            return [
                RemoteFile(
                    entry.name,
                    _text(entry.name),
                    entry.attributes.size,
                    entry.attributes.mtime,
                    stat.S_ISREG(entry.attributes.mode or 0),
                )
                for entry in self._files.entries(_raw(path))
            ]

    def probe_write(self, folder: str, *, rename_to: str | None = "", posix: bool = True) -> None:
        """Make, rename and remove a small hidden file. `rename_to` is another folder to rename it into; None when files
        are not renamed here. Raises AccessDenied, StorageFull, DeliveryError."""
        name = f".mlconnector-{secrets.token_hex(6)}.part"
        path = f"{folder}/{name}"
        renamed = path if rename_to is None else f"{rename_to or folder}/{name}.probe"
        try:
            with self._doing("create files in", folder):
                self._files.now(self._write_probe(_raw(path)))
            if rename_to is not None:
                with self._doing("rename files in", folder):
                    self._files.now(self._rename(_raw(path), _raw(renamed), posix=posix))
            with self._doing("remove files from", folder):
                self._files.now(self._files.remove(_raw(renamed)))
        except ConnectorError:
            for left in (path, renamed):
                self._clean_up(b"", _raw(left))
            raise

    # files

    def together(self, tasks: Sequence[Task[T]], *, most: int) -> list[T]:
        """Run coroutines that use the `async` methods below over this channel; their results in order. `most` of them
        are on their way at a time, and have a file open."""
        return run_together(tasks, self._wire, most=most)

    def attributes(self, path: Path) -> Attributes | None:
        """What the server tells of a path (links are followed); None when there is nothing."""
        return self._files.now(self.look(path))

    def size(self, path: Path) -> int | None:
        """Bytes; None when there is nothing, or when the server does not tell sizes."""
        found = self.attributes(path)
        return found.size if found else None

    def upload(self, path: str, source: BinaryIO) -> int:
        """Write a new file; returns its bytes. See `put`."""
        return self._files.now(self.put(path, source))

    def rename(self, source: Path, target: Path) -> None:
        """Give a file another name. See `move`."""
        self._files.now(self.move(source, target))

    async def look(self, path: Path) -> Attributes | None:
        """What the server tells of a path (links are followed); None when there is nothing."""
        with self._doing("look at", path):
            return await self._stat(path)

    async def put(
        self, path: str, source: BinaryIO, *, existing: Existing = "take away", mode: int | None = None, fsync: bool = True
    ) -> int:
        """Write a file; returns its bytes. Whole and closed, with these permissions, fsynced where the server offers it, or
        an error and (if the connection still stands) no file."""
        with self._doing("write", path):
            handle = await self._create(_raw(path), existing)
            try:
                reached(CrashPoint.DELIVER_PART_OPENED)
                written = await self._files.write(handle, _local_chunks(source, path, self._wire.write_length))
                reached(CrashPoint.DELIVER_PART_WRITTEN)
                if mode is not None:
                    await self._set_mode(handle, mode, path)
                if fsync:
                    await self._sync(handle)
                open_handle, handle = handle, b""
                await self._files.close(open_handle)
                reached(CrashPoint.DELIVER_PART_CLOSED)
            except StatusError as error:
                failure = self._talk.refused(error, "write", path)  # looks for a full disk before the clean-up makes room
                self._clean_up(handle, _raw(path))
                raise failure from error
            except BaseException:
                self._clean_up(handle, _raw(path))
                raise
            return written

    async def move(self, source: Path, target: Path, *, posix: bool = True, replace: bool = False) -> None:
        """Give a file its final name: atomically where the server offers posix-rename, else by plain rename, which
        refuses when the target exists. With `replace` the target is then taken away. Callers look at the target first."""
        with self._doing("rename a file to", target):
            try:
                await self._rename(_raw(source), _raw(target), posix=posix)
            except StatusError:
                if not replace or await self._stat(target) is None:
                    raise
                await self._files.remove(_raw(target))
                await self._files.rename(_raw(source), _raw(target))

    async def take(self, source: Path, target: Path) -> bool:
        """Give a file another name by plain rename, which only one of several can do; False when there is no such file
        (any more)."""
        with self._doing("rename a file to", target):
            try:
                await self._files.rename(_raw(source), _raw(target))
            except StatusError:
                if await self._stat(source) is not None:
                    raise
                return False
            return True

    async def mark(self, path: str) -> None:
        """Make an empty file, or leave the one that is there."""
        with self._doing("write", path):
            await self._files.close(await self._files.open(_raw(path), Flags.WRITE_OVER))

    def remove(self, path: Path) -> bool:
        """Remove a file; returns False when there was none."""
        return self._files.now(self.discard(path))

    async def discard(self, path: Path) -> bool:
        """Remove a file; returns False when there was none."""
        with self._doing("remove", path):
            try:
                await self._files.remove(_raw(path))
            except StatusError as error:
                if error.code == Code.NO_SUCH_FILE:
                    return False
                raise
            return True

    async def fetch(self, path: Path, take: Callable[[bytes], object]) -> None:
        """Hand the content of a file to `take`, in order, in chunks of at most 255 KB; it may take any time."""
        with self._doing("read", path):
            handle = await self._files.open(_raw(path), Flags.READ)
            try:
                await self._files.read(handle, take)
            finally:
                if not self._wire.broken:
                    await self._files.close(handle)

    def read(self, path: Path) -> bytes:
        """The whole content of a file."""
        chunks: list[bytes] = []
        self._files.now(self.fetch(path, chunks.append))
        return b"".join(chunks)

    def read_into(self, path: Path, take: Callable[[bytes], object]) -> None:
        """Run `fetch` alone."""
        self._files.now(self.fetch(path, take))

    # helpers

    async def _stat(self, path: Path) -> Attributes | None:
        try:
            return await self._files.stat(_raw(path))
        except StatusError as error:
            if error.code == Code.NO_SUCH_FILE:
                return None
            raise

    def _is_folder(self, path: str) -> bool:
        found = self.attributes(path)
        if found is not None and found.mode is not None and not stat.S_ISDIR(found.mode):
            raise DeliveryError(
                f"{path} is a file where a folder is needed",
                where=self._talk.where(path),
                mend="ask the partner to move it away, or name another folder in the partner's file",
            )
        return found is not None

    async def _rename(self, source: bytes, target: bytes, *, posix: bool = True) -> None:
        if posix and _POSIX_RENAME in self._wire.extensions:
            try:
                await self._files.extended(_POSIX_RENAME, string(source) + string(target))
                return
            except StatusError as error:
                if error.code == Code.NO_SUCH_FILE:
                    raise
        await self._files.rename(source, target)

    async def _create(self, path: bytes, existing: Existing) -> bytes:
        if existing == "empty":
            return await self._files.open(path, Flags.WRITE_OVER)
        try:
            return await self._files.open(path, Flags.WRITE_NEW)
        except StatusError as error:
            there = error.code in (Code.FAILURE, Code.FILE_ALREADY_EXISTS)
            if existing == "refuse" or not there or await self._stat(path) is None:
                raise
            await self._files.remove(path)
            return await self._files.open(path, Flags.WRITE_NEW)

    async def _write_probe(self, path: bytes) -> None:
        handle = await self._files.open(path, Flags.WRITE_NEW)
        try:
            await self._files.write(handle, [b"write probe\n"])
        finally:
            if not self._wire.broken:
                await self._files.close(handle)

    async def _set_mode(self, handle: bytes, mode: int, path: str) -> None:
        try:
            await self._files.set_mode(handle, mode)
        except StatusError as error:
            raise DeliveryError(
                f"the server does not let us set the permissions {mode:o} (it says: {error.text})",
                where=self._talk.where(path),
                mend="take `chmod` out of the partner's file, or ask the partner to allow it",
                retryable=True,
            ) from error

    async def _sync(self, handle: bytes) -> None:
        if self._fsync_refused or FSYNC not in self._wire.extensions:
            return
        try:
            await self._files.extended(FSYNC, string(handle))
        except StatusError as error:
            if error.code != Code.OP_UNSUPPORTED:
                raise
            self._fsync_refused = True

    def _clean_up(self, handle: bytes, path: bytes) -> None:
        with suppress(StatusError, ProtocolError, *CONNECTION_ERRORS):
            if not self._wire.broken:
                if handle:
                    with suppress(StatusError):
                        self._files.now(self._files.close(handle))
                self._files.now(self._files.remove(path))


def _raw(path: Path) -> bytes:
    return path if isinstance(path, bytes) else path.encode()


def _text(name: bytes) -> str | None:
    try:
        return None if b"/" in name or b"\0" in name else name.decode()
    except UnicodeDecodeError:
        return None


def _local_chunks(source: BinaryIO, path: str, size: int) -> Iterator[bytes]:
    """Our own bytes; a local reading error must not look like a broken connection."""
    while True:
        try:
            chunk = source.read(size)
        except OSError as error:
            raise FileError(
                f"the stored file for {path} cannot be read: {error.strerror or error}",
                mend="check the disk that holds .mlconnector, then `mlconnector outbox replay`",
            ) from error
        if not chunk:
            return
        yield chunk
