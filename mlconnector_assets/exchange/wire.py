"""The SFTP protocol (version 3, draft-ietf-secsh-filexfer-02) over any byte stream: requests, replies,
every status checked, windows of requests in flight. Knows no SSH and no errors in words.

paramiko's own SFTP client is not used, because it loses errors: pipelined writes whose status is
never read, a failing CLOSE that is swallowed, one undecodable name that breaks a whole listing, no
view of the server's extensions. Here replies may also arrive in any order.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

CHUNK = 32_768
"""Bytes per READ and WRITE: the most that every server accepts."""
WINDOW = 64
"""Requests in flight: 64 × 32 KB fill one SSH channel window of 2 MB; more is slower (measured)."""
_LONGEST_PACKET = 4 * 1024 * 1024


class Kind(IntEnum):
    """Packet types of SFTP version 3 that are used here."""

    INIT = 1
    VERSION = 2
    OPEN = 3
    CLOSE = 4
    READ = 5
    WRITE = 6
    LSTAT = 7
    OPENDIR = 11
    READDIR = 12
    REMOVE = 13
    MKDIR = 14
    STAT = 17
    RENAME = 18
    STATUS = 101
    HANDLE = 102
    DATA = 103
    NAME = 104
    ATTRS = 105
    EXTENDED = 200
    EXTENDED_REPLY = 201


class Code(IntEnum):
    """Status codes; those above 8 belong to later versions, but some servers send them anyway."""

    OK = 0
    EOF = 1
    NO_SUCH_FILE = 2
    PERMISSION_DENIED = 3
    FAILURE = 4
    OP_UNSUPPORTED = 8
    FILE_ALREADY_EXISTS = 11
    WRITE_PROTECT = 12
    NO_SPACE_ON_FILESYSTEM = 14
    QUOTA_EXCEEDED = 15


class Flags(IntEnum):
    """How OPEN opens."""

    READ = 0x01
    WRITE_NEW = 0x02 | 0x08 | 0x20
    """Write, create, and refuse when the file exists."""


class StatusError(Exception):
    """The server refused a request; `code` as in `Code` (or unknown), `text` in the server's words."""

    def __init__(self, code: int, text: str) -> None:
        self.code, self.text = code, text
        super().__init__(f"{text} (SFTP status {code})")


class ProtocolError(Exception):
    """What arrived is not SFTP."""


class Stream(Protocol):
    """What is needed of an SSH channel. `recv` gives b"" at the end; both may raise TimeoutError or OSError."""

    def sendall(self, s: bytes, /) -> None:
        """Send everything."""
        ...

    def recv(self, nbytes: int, /) -> bytes:
        """At most so many bytes; waits for the first."""
        ...


@dataclass(frozen=True)
class Attributes:
    """What a server tells of a file; each may be missing. `mtime` is in seconds of the server's clock."""

    size: int | None
    mode: int | None
    mtime: int | None


@dataclass(frozen=True)
class Entry:
    """One name in a folder, in the server's bytes (not always UTF-8)."""

    name: bytes
    attributes: Attributes


class Fields:
    """Reads the fields of one packet in order; ProtocolError when it ends early."""

    def __init__(self, body: bytes) -> None:
        self._body, self._at = body, 0

    def number(self, form: str = ">I") -> int:
        """The next integer, `form` as in struct."""
        try:
            value: int = struct.unpack_from(form, self._body, self._at)[0]
        except struct.error as error:
            raise ProtocolError("a packet ends early") from error
        self._at += struct.calcsize(form)
        return value

    def string(self) -> bytes:
        """The next length-prefixed field."""
        length = self.number()
        if self._at + length > len(self._body):
            raise ProtocolError("a packet ends early")
        self._at += length
        return self._body[self._at - length : self._at]

    def attributes(self) -> Attributes:
        """The next file attributes."""
        flags = self.number()
        size = self.number(">Q") if flags & 0x1 else None
        if flags & 0x2:
            self.number(">Q")
        mode = self.number() if flags & 0x4 else None
        mtime = self.number(">Q") & 0xFFFFFFFF if flags & 0x8 else None
        for _ in range(self.number() if flags & 0x80000000 else 0):
            self.string(), self.string()
        return Attributes(size, mode, mtime)

    @property
    def left(self) -> bool:
        """Whether fields are left."""
        return self._at < len(self._body)


def string(value: bytes) -> bytes:
    """A length-prefixed field."""
    return struct.pack(">I", len(value)) + value


class Wire:
    """One SFTP conversation. Not for several threads.

    `progress` is called at every packet that arrives. After a TimeoutError, EOFError or OSError the
    conversation is over (`broken`): which requests were done is unknown.
    """

    def __init__(self, stream: Stream, progress: Callable[[], None] = lambda: None) -> None:
        self._stream, self._progress = stream, progress
        self._received = bytearray()
        self._replies: dict[int, tuple[int, bytes]] = {}
        self._last_number = 0
        self.broken = False
        self._send_packet(Kind.INIT, struct.pack(">I", 3))
        kind, body = self._receive_packet()
        if kind != Kind.VERSION:
            raise ProtocolError("the server does not answer in SFTP")
        fields = Fields(body)
        self.version = fields.number()
        self.extensions: dict[str, bytes] = {}
        while fields.left:
            name = fields.string()
            self.extensions[name.decode("ascii", "replace")] = fields.string()

    # requests and replies

    def send(self, kind: Kind, payload: bytes) -> int:
        """Send a request without waiting; returns its number for `receive`."""
        self._last_number = (self._last_number + 1) & 0xFFFFFFFF
        self._send_packet(kind, struct.pack(">I", self._last_number) + payload)
        return self._last_number

    def receive(self, number: int) -> tuple[int, bytes]:
        """The reply to one request: packet type and body; replies to others are kept for later."""
        while number not in self._replies:
            kind, body = self._receive_packet()
            self._replies[Fields(body).number()] = (kind, body[4:])
        return self._replies.pop(number)

    def expect(self, number: int, kind: Kind) -> Fields:
        """The reply, which must be of this kind; raises StatusError when the server refused."""
        got, body = self.receive(number)
        fields = Fields(body)
        if got == Kind.STATUS:
            code = fields.number()
            if code == Code.OK and kind == Kind.STATUS:
                return fields
            text = fields.string().decode("utf-8", "replace") if fields.left else ""
            raise StatusError(code, text or "no reason given")
        if got != kind:
            raise ProtocolError(f"packet type {got} arrived where {kind} was expected")
        return fields

    def request(self, kind: Kind, payload: bytes, answer: Kind = Kind.STATUS) -> Fields:
        """Send and wait; raises StatusError."""
        return self.expect(self.send(kind, payload), answer)

    # files

    def open(self, path: bytes, flags: Flags) -> bytes:
        """A handle, which must be given to `close`."""
        return self.request(Kind.OPEN, string(path) + struct.pack(">II", flags, 0), Kind.HANDLE).string()

    def close(self, handle: bytes) -> None:
        """Close; object-store gateways tell a failed upload only here."""
        self.request(Kind.CLOSE, string(handle))

    def write(self, handle: bytes, chunks: Iterable[bytes]) -> int:
        """Write from the start with a window of requests in flight; every status is checked. Returns the bytes."""
        waiting: deque[int] = deque()
        offset = 0
        try:
            for chunk in chunks:
                waiting.append(self.send(Kind.WRITE, string(handle) + struct.pack(">Q", offset) + string(chunk)))
                offset += len(chunk)
                if len(waiting) >= WINDOW:
                    self.expect(waiting.popleft(), Kind.STATUS)
            while waiting:
                self.expect(waiting.popleft(), Kind.STATUS)
        finally:
            self._drain(waiting)
        return offset

    def read(self, handle: bytes) -> Iterator[bytes]:
        """The whole content in order; the window grows from one request to `WINDOW`, so that small files stay cheap."""
        waiting: deque[tuple[int, int]] = deque()
        offset, window = 0, 1
        try:
            while True:
                while len(waiting) < window:
                    waiting.append((self._send_read(handle, offset, CHUNK), offset))
                    offset += CHUNK
                number, start = waiting.popleft()
                try:
                    yield from self._whole_chunk(handle, number, start)
                except StatusError as error:
                    if error.code == Code.EOF:
                        return
                    raise
                window = min(window * 2, WINDOW)
        finally:
            self._drain(number for number, _ in waiting)

    def _send_read(self, handle: bytes, offset: int, length: int) -> int:
        return self.send(Kind.READ, string(handle) + struct.pack(">QI", offset, length))

    def _whole_chunk(self, handle: bytes, number: int, start: int) -> Iterator[bytes]:
        """One chunk, also from a server that answers READ with less than was asked."""
        got = 0
        while True:
            data = self.expect(number, Kind.DATA).string()
            if not data:
                raise StatusError(Code.EOF, "no more data")
            yield data
            got += len(data)
            if got >= CHUNK:
                return
            number = self._send_read(handle, start + got, CHUNK - got)

    def stat(self, path: bytes, *, follow: bool = True) -> Attributes:
        """Attributes of a path; raises StatusError(NO_SUCH_FILE)."""
        return self.request(Kind.STAT if follow else Kind.LSTAT, string(path), Kind.ATTRS).attributes()

    def remove(self, path: bytes) -> None:
        """Remove a file."""
        self.request(Kind.REMOVE, string(path))

    def rename(self, source: bytes, target: bytes) -> None:
        """Plain rename, which refuses when the target exists."""
        self.request(Kind.RENAME, string(source) + string(target))

    def make_folder(self, path: bytes) -> None:
        """Make one folder, with the server's default mode."""
        self.request(Kind.MKDIR, string(path) + struct.pack(">I", 0))

    def extended(self, name: str, payload: bytes, answer: Kind = Kind.STATUS) -> Fields:
        """A request of the server's own, such as `fsync@openssh.com`."""
        return self.request(Kind.EXTENDED, string(name.encode()) + payload, answer)

    def entries(self, folder: bytes) -> Iterator[Entry]:
        """Everything in a folder except `.` and `..`."""
        handle = self.request(Kind.OPENDIR, string(folder), Kind.HANDLE).string()
        try:
            while True:
                try:
                    fields = self.request(Kind.READDIR, string(handle), Kind.NAME)
                except StatusError as error:
                    if error.code == Code.EOF:
                        return
                    raise
                for _ in range(fields.number()):
                    name = fields.string()
                    fields.string()
                    entry = Entry(name, fields.attributes())
                    if name not in (b".", b".."):
                        yield entry
        finally:
            if not self.broken:
                self.close(handle)

    # packets

    def _drain(self, numbers: Iterable[int]) -> None:
        """Take in the replies of requests given up, so that none is mistaken for a later one."""
        if not self.broken:
            for number in list(numbers):
                self.receive(number)

    def _send_packet(self, kind: Kind, body: bytes) -> None:
        try:
            self._stream.sendall(struct.pack(">IB", len(body) + 1, kind) + body)
        except BaseException:
            self.broken = True
            raise

    def _receive_packet(self) -> tuple[int, bytes]:
        length = struct.unpack(">I", self._take(4))[0]
        if not 0 < length <= _LONGEST_PACKET:
            self.broken = True
            raise ProtocolError("the server does not answer in SFTP")
        packet = self._take(length)
        self._progress()
        return packet[0], packet[1:]

    def _take(self, size: int) -> bytes:
        while len(self._received) < size:
            try:
                data = self._stream.recv(65_536)
            except BaseException:
                self.broken = True
                raise
            if not data:
                self.broken = True
                raise EOFError("the server closed the connection")
            self._received += data
        taken = bytes(self._received[:size])
        del self._received[:size]
        return taken
