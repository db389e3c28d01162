"""A conversation with a partner's server over one channel, and its failures in words that name partner, host,
port and path."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from mlconnector_assets.errors import AccessDenied, ConnectorError, DeliveryError, StorageFull, Unavailable
from mlconnector_assets.exchange.operations import Operations
from mlconnector_assets.exchange.ssh import CONNECTION_ERRORS, SshConnection
from mlconnector_assets.exchange.wire import LONGEST_CHUNK, Code, Kind, ProtocolError, StatusError, Wire, string

_STATVFS = "statvfs@openssh.com"
_NO_SPACE = {Code.NO_SPACE_ON_FILESYSTEM, Code.QUOTA_EXCEEDED}
_NO_RIGHT = {Code.PERMISSION_DENIED, Code.WRITE_PROTECT}
_FULL_BELOW = 4 * LONGEST_CHUNK

Path = str | bytes
"""A remote path; bytes for names that are not UTF-8."""


class FileError(DeliveryError):
    """This one file cannot be sent, whatever the partner's server does; others can."""


class Conversation:
    """One channel on which the server speaks SFTP. `owns_connection`: closing it hangs up."""

    def __init__(self, connection: SshConnection, *, owns_connection: bool) -> None:
        self.settings, self.connection, self._owns_connection = connection.settings, connection, owns_connection
        self._channel = None
        try:
            self._channel = connection.open_channel()
            with self.doing("start SFTP", ""):
                self.wire = Wire(self._channel, connection.watchdog.watching)
        except BaseException:
            self.close()
            raise
        self.files = Operations(self.wire)

    def close(self) -> None:
        """Hang up, or give back the channel when the connection is another's; never raises."""
        if self._owns_connection:
            self.connection.close()
        elif self._channel is not None and self.connection.transport.is_active():
            with suppress(*CONNECTION_ERRORS):
                self._channel.close()

    @contextmanager
    def doing(self, action: str, path: Path) -> Iterator[None]:
        """Turn every failure inside into one of ours; what breaks the conversation ends the session."""
        try:
            yield
        except StatusError as error:
            raise self.refused(error, action, path) from error
        except ProtocolError as error:
            self.close()
            raise DeliveryError(
                f"could not {action}: {error}",
                where=self.where(path),
                mend="ask the partner whether this user's login prints text or is restricted to something else than SFTP",
                retryable=True,
            ) from error
        except CONNECTION_ERRORS as error:
            stalled = self.connection.watchdog.stalled or isinstance(error, TimeoutError)
            self.connection.close() if stalled else self.close()
            what = f"nothing moved for {self.settings.channel_timeout:g} s" if stalled else "the connection broke"
            raise Unavailable(
                f"{what} while trying to {action}",
                where=self.where(path),
                mend="files stay queued and go out later with the same name and bytes; if it lasts, ask the partner",
            ) from error

    def refused(self, error: StatusError, action: str, path: Path) -> ConnectorError:
        """What the server's refusal means, in words."""
        where = self.where(path)
        folder = shown(path).rpartition("/")[0] or "."
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
        if _STATVFS not in self.wire.extensions:
            return False
        try:
            fields = self.files.now(self.files.extended(_STATVFS, string(folder.encode()), Kind.EXTENDED_REPLY))
            _, block, _, _, available, inodes, _, free_inodes = (fields.number(">Q") for _ in range(8))
        except (StatusError, ProtocolError, *CONNECTION_ERRORS):
            return False
        return block * available < _FULL_BELOW or (inodes > 0 and free_inodes == 0)

    def where(self, path: Path) -> str:
        """The place, for messages."""
        text = shown(path)
        return f"{self.settings.where}, {text}" if text else self.settings.where


def shown(path: Path) -> str:
    """A path for a message."""
    return path if isinstance(path, str) else path.decode("utf-8", "backslashreplace")
