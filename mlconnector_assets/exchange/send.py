"""Queued files on their way into a partner's folder: the protocol that makes repetition harmless.

Look whether the file is there already; write a part file, flush, close, compare; make sure that the delivery is
still ours and note that it is about to be published; rename; put the marker beside it. Whatever dies in between,
the next attempt sends the same bytes under the same name, or finds them. Many files travel at once: each is a
coroutine, and they meet once, before publishing, so that one transaction serves them all.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO, Literal, Protocol

from mlconnector_assets.crash_points import CrashPoint, reached
from mlconnector_assets.errors import (
    AccessDenied,
    ConfigurationError,
    ConnectorError,
    CredentialsError,
    DeliveryError,
    LeaseLost,
    StateError,
    StorageFull,
    Unavailable,
)
from mlconnector_assets.exchange.operations import Meeting
from mlconnector_assets.exchange.sftp import Existing, FileError, SftpSession
from mlconnector_assets.exchange.wire import Attributes
from mlconnector_assets.partners.wire import WireSwitches
from mlconnector_assets.state.deliveries import Delivery

FAILURES = (Unavailable, CredentialsError, AccessDenied, StorageFull, DeliveryError, ConfigurationError)
"""What may go wrong at the partner's side or on the way there."""
OpenFile = Callable[[str], BinaryIO]
"""Opens the stored bytes with this SHA-256; raises StateError when they are gone."""
How = Literal["sent", "found"]
TEMPORARY = "temporary"
"""The role, among the partner's folders, of the one for part files, if there is one."""

IN_FLIGHT = 32
"""Files of a batch that are open at the server at a time, over one channel."""
_LONGEST_NAME = 255
_UNSAFE = {"Cc", "Cf", "Cs", "Zl", "Zp"}


class Uncertain(DeliveryError):
    """The partner may have taken the file already, or it never arrived: a person is to decide."""


class Books(Protocol):
    """What the protocol notes in the state database while files travel."""

    def publish(self, deliveries: Sequence[Delivery]) -> set[int]:
        """Note that these are about to be published; returns the ids of those that are still ours."""
        ...

    def rename(self, delivery: Delivery, remote_name: str) -> Delivery:
        """Note that this delivery goes under another name from now on. Raises LeaseLost."""
        ...

    def warn(self, delivery: Delivery, text: str) -> None:
        """Tell a person something about a delivery that goes on."""
        ...


@dataclass(frozen=True)
class Sent:
    """What became of one file: `how` it got there, or the `error` that kept it."""

    delivery: Delivery
    how: How | None = None
    error: ConnectorError | None = None


def part_name(delivery: Delivery, attempt: int, *, hidden: bool = True) -> str:
    """The name under which an attempt writes; no two attempts share one."""
    return f"{'.' if hidden else ''}{delivery.remote_name}.{delivery.id}-{attempt}.part"


def new_name(delivery: Delivery) -> str:
    """The name for a file whose own is taken: with the beginning of its SHA-256, so that every attempt finds the same one."""
    stem, dot, ending = delivery.remote_name.rpartition(".")
    return f"{stem or ending}_{delivery.sha256[:8]}{dot + ending if stem else ''}"


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
    """Sends files through one session. `folders` maps a role to the remote path."""

    def __init__(
        self, session: SftpSession, open_file: OpenFile, folders: dict[str, str], switches: WireSwitches, books: Books
    ) -> None:
        self.session, self.open_file, self.switches, self.books = session, open_file, switches, books
        self.folders = folders
        self._listed: dict[str, set[str] | None] = {}

    def send(self, deliveries: Sequence[Delivery]) -> list[Sent]:
        """Bring files to the partner, all at once, and tell what became of each, in order.

        Raises what `books` raises; no part file is left then. One whose connection broke is swept by the next attempt.
        """
        published: set[int] = set()
        meeting = Meeting(lambda met: published.update(self.books.publish(met)))
        self._listed.clear()
        journeys = [_Journey(self, delivery) for delivery in deliveries]
        sent = self.session.together([self._send(journey, meeting, published) for journey in journeys], most=IN_FLIGHT)
        self._sweep_again([journey for journey, one in zip(journeys, sent, strict=True) if one.how])
        return sent

    def _sweep_again(self, arrived: Sequence[_Journey]) -> None:
        """What a worker had sent just before it died may have reached the disk only after the first sweep."""
        self._listed.clear()
        with suppress(ConnectorError):
            for journey in arrived:
                journey.sweep()

    async def _send(self, journey: _Journey, meeting: Meeting, published: set[int]) -> Sent:
        async def publish() -> None:
            await meeting(journey.delivery)
            if journey.delivery.id not in published:
                name = journey.delivery.remote_name
                raise LeaseLost(f"delivery {journey.delivery.id} ({name}) was taken over by another worker")
            reached(CrashPoint.DELIVER_PUBLISHING)

        try:
            how = await journey.make(publish)
        except (*FAILURES, LeaseLost) as error:
            return Sent(journey.delivery, error=error)
        return Sent(journey.delivery, how)

    def probe(self, folder: str) -> None:
        """Try what a delivery into a folder would do, with an empty file. Raises AccessDenied, StorageFull, DeliveryError."""
        probe_folder(self.session, folder, self.folders.get(TEMPORARY), self.switches)

    def names_in(self, folder: str) -> set[str] | None:
        """The names in a folder, as they were when first asked for in this batch; None where listing is forbidden."""
        if folder not in self._listed:
            try:
                self._listed[folder] = {file.name for file in self.session.listing(folder) if file.name}
            except AccessDenied:
                self._listed[folder] = None
        return self._listed[folder]


def probe_folder(session: SftpSession, folder: str, temporary: str | None, switches: WireSwitches) -> None:
    """Write, rename and remove a small file as a delivery into `folder` would; `temporary` is where part files are written."""
    rename_to = None if switches.rename == "none" else folder
    session.probe_write(temporary or folder, rename_to=rename_to, posix=switches.rename == "posix")


class _Journey:
    """One file's way."""

    def __init__(self, sender: Sender, delivery: Delivery) -> None:
        self._sender, self._session, self._switches = sender, sender.session, sender.switches
        self._folder = sender.folders[delivery.folder]
        self._part_folder = sender.folders.get(TEMPORARY, self._folder)
        self._direct = self._switches.rename == "none"
        self._name(delivery)

    def _name(self, delivery: Delivery) -> None:
        self.delivery, self._final = delivery, f"{self._folder}/{delivery.remote_name}"
        self._part = f"{self._part_folder}/{self._part_name(delivery.attempts)}"

    async def make(self, publish: Callable[[], Awaitable[None]]) -> How:
        """Bring the file there. Raises FAILURES and LeaseLost; no part file is left then, unless the connection broke."""
        for name in (self.delivery.remote_name, self._part_name(self.delivery.attempts)):
            check_name(name)
        unpublished = self.sweep()
        maybe_published = self.delivery.publishing is not None and not unpublished
        found = await self._session.look(self._final)
        existing: Existing = "refuse"
        if found is not None:
            if await self._is_ours(found, maybe_published):
                return await self._arrived("found")
            existing = "empty"
            if not (maybe_published and self._direct and self._is_beginning(found)) and await self._give_way(found):
                return await self._arrived("found")
        elif maybe_published and await self._was_taken():
            return "found"
        if self._direct:
            await publish()
            await self._upload(self._final, existing)
            await self._confirm(self._final, may_be_taken=True)
        else:
            await self._upload(self._part, "take away")
            try:
                await self._confirm(self._part)
                await publish()
                await self._rename()
            except BaseException:
                with suppress(ConnectorError):
                    self._session.remove(self._part)
                raise
        reached(CrashPoint.DELIVER_RENAMED)
        return await self._arrived("sent")

    async def _rename(self) -> None:
        replace, posix = self._switches.overwrite == "replace", self._switches.rename == "posix"
        try:
            await self._session.move(self._part, self._final, posix=posix, replace=replace)
        except AccessDenied as error:
            mend = f"{error.mend}; if renaming is forbidden there, `wire: {{rename: none}}` in the partner's file does without"
            raise AccessDenied(error.what, where=error.where, mend=mend) from error

    # what is there already

    def sweep(self) -> bool:
        """Remove what earlier attempts at this delivery left. Returns whether the newest of them that was about to be
        published still had its part file: then it was not."""
        unpublished = False
        for attempt in range(1, self.delivery.attempts if not self._direct else 1):
            listed = self._sender.names_in(self._part_folder)
            name = self._part_name(attempt)
            if (listed is None or name in listed) and self._session.remove(f"{self._part_folder}/{name}"):
                unpublished = unpublished or attempt == self.delivery.publishing
        return unpublished

    async def _is_ours(self, found: Attributes, maybe_published: bool) -> bool:
        """Whether an earlier attempt brought the file there."""
        if found.size not in (None, self.delivery.size):
            return False
        if maybe_published and not self._direct and found.size is not None:
            return True
        same = self._has_our_bytes(self._final)
        return self.delivery.attempts > 1 and found.size is not None if same is None else same

    def _is_beginning(self, found: Attributes) -> bool:
        """Whether what is there is the beginning of our file, as an attempt leaves it that was cut off."""
        if found.size is None or found.size >= self.delivery.size:
            return False
        return self._has_our_bytes(self._final, found.size) is not False

    async def _give_way(self, found: Attributes) -> bool:
        """A different file has the name. Returns whether ours turned out to be there under its new name."""
        if self._switches.overwrite == "replace":
            return False
        renamed = new_name(self.delivery)
        if self._switches.overwrite == "new_name" and not self._is_renamed():
            check_name(renamed)
            self._sender.books.warn(self.delivery, f"a different file is there under this name; it goes as {renamed}")
            self._name(self._sender.books.rename(self.delivery, renamed))
            there = await self._session.look(self._final)
            if there is None:
                return False
            if self._has_our_bytes(self._final):
                return True
            found = there
        raise FileError(
            f"a different file is already there under the name {self.delivery.remote_name} "
            f"({found.size} bytes, ours {self.delivery.size})",
            where=f"{self._session.settings.where}, {self._final}",
            mend=f"ask the partner to move it away, then `mlconnector outbox replay {self.delivery.id}`",
        )

    def _is_renamed(self) -> bool:
        return f"_{self.delivery.sha256[:8]}" in self.delivery.remote_name

    async def _was_taken(self) -> bool:
        """An earlier attempt may have published the file, and it is not there. Returns whether it certainly was there."""
        if self._marker and await self._session.look(self._marker) is not None:
            return True
        if self._switches.if_taken == "resend":
            told = "an earlier attempt was cut off and the partner may have taken the file; it is sent again, same bytes"
            self._sender.books.warn(self.delivery, told)
            return False
        raise Uncertain(
            "an earlier attempt was cut off while the file got its final name, and it is not there: "
            "it never arrived, or the partner has taken it already",
            where=f"{self._session.settings.where}, {self._final}",
            mend=f"ask the partner; if they have it, `mlconnector outbox settle {self.delivery.id} --reason …`, "
            f"if not, `mlconnector outbox replay {self.delivery.id}`",
        )

    # writing and comparing

    async def _upload(self, path: str, existing: Existing) -> None:
        try:
            source = self._sender.open_file(self.delivery.sha256)
        except (StateError, OSError) as error:
            mend = error.mend if isinstance(error, StateError) else "check the disk that holds .mlconnector"
            raise FileError(f"the stored file for {self._final} cannot be opened: {error}", mend=mend) from error
        with source:
            counted = _Hashing(source)
            written = await self._session.put(
                path,
                counted,  # type: ignore[arg-type]  # only read() is used
                existing=existing,
                mode=self._switches.mode,
                fsync=self._switches.fsync != "never",
            )
        if (written, counted.digest.hexdigest()) != (self.delivery.size, self.delivery.sha256):
            self._session.remove(path)
            raise FileError(
                f"the stored bytes for {self._final} are not those that were queued (sha256 {self.delivery.sha256[:16]}…)",
                mend=f"restore that file from your backup, then `mlconnector outbox replay {self.delivery.id}`",
            )

    async def _confirm(self, path: str, *, may_be_taken: bool = False) -> None:
        """Compare what is on the server. `may_be_taken`: it has its final name, so that nothing being there is success."""
        if self._switches.confirm == "none":
            return
        found = await self._session.look(path)
        if found is None and may_be_taken:
            return
        if found is None or (found.size is not None and found.size != self.delivery.size):
            shown = "no file" if found is None else f"{found.size} bytes"
            raise DeliveryError(
                f"{path}: the server has {shown} after {self.delivery.size} bytes were written without an error",
                where=self._session.settings.where,
                mend="ask the partner whether something there moves or cuts files while they are written; "
                "if it must, `wire: {confirm: none}` in the partner's file stops us from looking",
                retryable=True,
            )
        if self._switches.verify == "readback":
            self._read_back(path, may_be_taken)

    def _read_back(self, path: str, may_be_taken: bool) -> None:
        same = self._has_our_bytes(path)
        if same or (may_be_taken and self._session.attributes(path) is None):
            return
        what = "does not let us read it back" if same is None else "gives back other bytes than were written"
        raise DeliveryError(
            f"{path}: the server {what}",
            where=self._session.settings.where,
            mend="ask the partner for read permission on this folder, or take `verify: readback` out of the partner's file"
            if same is None
            else "ask the partner whether something there changes files, such as line ends or encryption",
            retryable=True,
        )

    def _has_our_bytes(self, path: str, size: int | None = None) -> bool | None:
        """Whether the file there has our bytes, or our first `size` ones; None when we may not read it."""
        theirs = hashlib.sha256()
        try:
            self._session.read_into(path, theirs.update)
        except AccessDenied:
            return None
        except DeliveryError:
            if self._session.attributes(path) is None:  # taken while it was read
                return False
            raise
        if size is None:
            return theirs.hexdigest() == self.delivery.sha256
        with self._sender.open_file(self.delivery.sha256) as source:
            return theirs.digest() == hashlib.sha256(source.read(size)).digest()

    # names

    async def _arrived(self, how: How) -> How:
        if self._marker and (how == "sent" or await self._session.look(self._marker) is None):
            await self._session.mark(self._marker)
        return how

    @property
    def _marker(self) -> str | None:
        return self._final + self._switches.marker if self._switches.marker else None

    def _part_name(self, attempt: int) -> str:
        return part_name(self.delivery, attempt, hidden=self._switches.temporary == "dot")


class _Hashing:
    """A file whose content is hashed while it is read."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self.digest = hashlib.sha256()

    def read(self, size: int) -> bytes:
        chunk = self._source.read(size)
        self.digest.update(chunk)
        return chunk
