"""One queued file on its way into a partner's folder: the protocol that makes repetition harmless.

Look whether the file is there already; write a hidden part file, flush, close, compare its size; make
sure that the delivery is still ours; rename. Whatever dies in between, the next attempt sends the same
bytes under the same name, or finds them.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO, Literal

from mlconnector_assets.crash_points import CrashPoint, reached
from mlconnector_assets.errors import AccessDenied, ConnectorError, DeliveryError, LeaseLost, StateError
from mlconnector_assets.exchange.sftp import FileError, SftpSession
from mlconnector_assets.state.deliveries import Delivery

OpenFile = Callable[[str], BinaryIO]
"""Opens the stored bytes with this SHA-256; raises StateError when they are gone."""

_LONGEST_NAME = 255
_UNSAFE = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def part_name(delivery: Delivery, attempt: int) -> str:
    """The hidden name under which an attempt writes; no two attempts share one."""
    return f".{delivery.remote_name}.{delivery.id}-{attempt}.part"


def check_name(name: str) -> None:
    """Refuse names that are paths, hide characters, or are too long. Raises FileError."""
    bad = [char for char in name if char in "/\\" or unicodedata.category(char) in _UNSAFE]
    if bad or name in ("", ".", ".."):
        what = f"contains {bad[0]!r}" if bad else "is not a file name"
        raise FileError(f"the file name {name!r} {what}", mend="change `file_name` in the partner's file")
    if (length := len(name.encode())) > _LONGEST_NAME:
        raise FileError(
            f"the file name {name[:40]!r}… has {length} bytes; servers take at most {_LONGEST_NAME}",
            mend="make `file_name` in the partner's file shorter",
        )


class Sender:
    """Sends files through one session; remembers the listing that it needs to sweep."""

    def __init__(self, session: SftpSession, open_file: OpenFile) -> None:
        self.session, self._open_file = session, open_file
        self._listed: dict[str, set[str] | None] = {}

    def send(self, delivery: Delivery, folder: str, still_ours: Callable[[], bool]) -> Literal["sent", "found"]:
        """Bring one file into `folder` and tell whether it was sent or found there.

        Raises FileError, LeaseLost, and what SftpSession raises; no part file is left then, unless the
        connection broke (the next attempt sweeps it).
        """
        part, final = (f"{folder}/{name}" for name in (part_name(delivery, delivery.attempts), delivery.remote_name))
        check_name(delivery.remote_name)
        check_name(part_name(delivery, delivery.attempts))
        self._sweep(delivery, folder)
        if self._is_there(delivery, final):
            return "found"
        self._upload(delivery, part, final)
        try:
            self._check_size(delivery, part)
            if not still_ours():
                raise LeaseLost(f"delivery {delivery.id} ({delivery.remote_name}) was taken over by another worker")
            self.session.rename(part, final)
        except ConnectorError:
            with suppress(ConnectorError):
                self.session.remove(part)
            raise
        reached(CrashPoint.DELIVER_RENAMED)
        return "sent"

    def _upload(self, delivery: Delivery, part: str, final: str) -> None:
        try:
            source = self._open_file(delivery.sha256)
        except (StateError, OSError) as error:
            mend = error.mend if isinstance(error, StateError) else "check the disk that holds .mlconnector"
            raise FileError(f"the stored file for {final} cannot be opened: {error}", mend=mend) from error
        with source:
            counted = _Hashing(source)
            written = self.session.upload(part, counted)  # type: ignore[arg-type]  # only read() is used
        if (written, counted.digest.hexdigest()) != (delivery.size, delivery.sha256):
            self.session.remove(part)
            raise FileError(
                f"the stored bytes for {final} are not those that were queued (sha256 {delivery.sha256[:16]}…)",
                mend=f"restore that file from your backup, then `mlconnector outbox replay {delivery.id}`",
            )

    def _check_size(self, delivery: Delivery, part: str) -> None:
        found = self.session.attributes(part)
        if found is None or (found.size is not None and found.size != delivery.size):
            shown = "no file" if found is None else f"{found.size} bytes"
            raise DeliveryError(
                f"{part}: the server has {shown} after {delivery.size} bytes were written without an error",
                where=self.session.settings.where,
                mend="ask the partner whether something there moves or cuts files while they are written",
                retryable=True,
            )

    def _is_there(self, delivery: Delivery, final: str) -> bool:
        """Whether an earlier attempt brought the file there. A different file is never replaced."""
        found = self.session.attributes(final)
        if found is None:
            return False
        if found.size in (None, delivery.size) and (
            (delivery.attempts > 1 and found.size is not None) or self._has_our_bytes(delivery, final)
        ):
            return True
        raise FileError(
            f"a different file is already there under the name {delivery.remote_name} ({found.size} bytes, ours {delivery.size})",
            where=f"{self.session.settings.where}, {final}",
            mend=f"ask the partner to move it away, then `mlconnector outbox replay {delivery.id}`",
        )

    def _has_our_bytes(self, delivery: Delivery, final: str) -> bool:
        digest = hashlib.sha256()
        try:
            for chunk in self.session.stream(final):
                digest.update(chunk)
        except AccessDenied:
            return False
        return digest.hexdigest() == delivery.sha256

    def _sweep(self, delivery: Delivery, folder: str) -> None:
        """Remove what earlier attempts at this delivery left."""
        if delivery.attempts == 1:
            return
        if folder not in self._listed:
            try:
                self._listed[folder] = {file.name for file in self.session.listing(folder) if file.name}
            except AccessDenied:  # folders that may only be written to
                self._listed[folder] = None
        listed = self._listed[folder]
        for attempt in range(1, delivery.attempts):
            name = part_name(delivery, attempt)
            if listed is None or name in listed:
                self.session.remove(f"{folder}/{name}")


class _Hashing:
    """A file whose content is hashed while it is read."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self.digest = hashlib.sha256()

    def read(self, size: int) -> bytes:
        chunk = self._source.read(size)
        self.digest.update(chunk)
        return chunk
