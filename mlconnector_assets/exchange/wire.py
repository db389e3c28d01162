"""The SFTP protocol (version 3, draft-ietf-secsh-filexfer-02) over any byte stream: requests, replies,
and their packets. Knows no SSH and no errors in words; what files need of it is in operations.py.

paramiko's own SFTP client is not used, because it loses errors: pipelined writes whose status is
never read, a failing CLOSE that is swallowed, one undecodable name that breaks a whole listing, no
view of the server's extensions. Here replies may also arrive in any order, and small requests share
an SSH packet, which is what makes many small files quick.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

CHUNK = 32_768
"""Bytes per READ and WRITE that every server accepts."""
LONGEST_CHUNK = 255 * 1024
"""The most that is put into one, where the server's limits allow it: what OpenSSH allows."""
WINDOW = 64
"""Chunks of 32 KB in flight: they fill one SSH channel window of 2 MB; more is slower (measured)."""
LIMITS = "limits@openssh.com"
_LONGEST_PACKET = 4 * 1024 * 1024
_PIECE = 32_768 - 64
"""What paramiko puts into one SSH packet of the usual 32 KB; longer pieces would leave small packets between them."""
_HELD_BACK = 8 * _PIECE
"""Bytes of requests that may wait for more to come before they are sent."""
_RECEIVED = 4 * 1024 * 1024
"""Bytes taken from the channel at once: all it holds, because taking a part moves the rest (measured: half of a download)."""


class Kind(IntEnum):
    """Packet types of SFTP version 3 that are used here."""

    INIT = 1
    VERSION = 2
    OPEN = 3
    CLOSE = 4
    READ = 5
    WRITE = 6
    LSTAT = 7
    FSETSTAT = 10
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
    WRITE_OVER = 0x02 | 0x08 | 0x10
    """Write, create, and empty the file when it exists."""


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

    Requests wait in a buffer until a reply is waited for, or enough of them have gathered. Sending and waiting happen
    inside `watching()`. After a TimeoutError, EOFError or OSError the conversation is over (`broken`): which requests
    were done is unknown.
    """

    def __init__(self, stream: Stream, watching: Callable[[], AbstractContextManager[None]] = nullcontext) -> None:
        self._stream, self._watching = stream, watching
        self._received, self._at = b"", 0
        self._held_back: list[bytes] = []
        self._held_bytes = 0
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
        self.read_length, self.write_length = self._ask_lengths()

    def _ask_lengths(self) -> tuple[int, int]:
        """Bytes to put into one READ and one WRITE."""
        if LIMITS not in self.extensions:
            return CHUNK, CHUNK
        try:
            fields = self.request(Kind.EXTENDED, string(LIMITS.encode()), Kind.EXTENDED_REPLY)
        except StatusError:
            return CHUNK, CHUNK
        _, read, write = (fields.number(">Q") for _ in range(3))  # the first is that of a packet
        return min(read or CHUNK, LONGEST_CHUNK), min(write or CHUNK, LONGEST_CHUNK)

    def send(self, kind: Kind, *payload: bytes) -> int:
        """Send a request without waiting; returns its number, by which its reply is asked for."""
        self._last_number = (self._last_number + 1) & 0xFFFFFFFF
        self._send_packet(kind, struct.pack(">I", self._last_number), *payload)
        return self._last_number

    def has(self, number: int) -> bool:
        """Whether the reply to this request is here already."""
        return number in self._replies

    def receive_next(self) -> int:
        """Wait for one more reply, to whichever request; returns the number of that."""
        kind, body = self._receive_packet()
        number = Fields(body).number()
        self._replies[number] = (kind, body[4:])
        return number

    def receive(self, number: int) -> tuple[int, bytes]:
        """The reply to one request: packet type and body; replies to others are kept for later."""
        while number not in self._replies:
            self.receive_next()
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

    def drain(self, numbers: Iterable[int]) -> None:
        """Take in the replies of requests given up, so that none is mistaken for a later one."""
        if not self.broken:
            for number in list(numbers):
                self.receive(number)

    def _send_packet(self, kind: Kind, *body: bytes) -> None:
        length = 1 + sum(map(len, body))
        self._held_back += [struct.pack(">IB", length, kind), *body]
        self._held_bytes += 4 + length
        if self._held_bytes >= _HELD_BACK:
            self._flush()

    def _flush(self) -> None:
        data = b"".join(self._held_back)
        self._held_back.clear()
        self._held_bytes = 0
        try:
            for at in range(0, len(data), _PIECE):
                with self._watching():
                    self._stream.sendall(data[at : at + _PIECE])
        except BaseException:
            self.broken = True
            raise

    def _receive_packet(self) -> tuple[int, bytes]:
        length = struct.unpack(">I", self._take(4))[0]
        if not 0 < length <= _LONGEST_PACKET:
            self.broken = True
            raise ProtocolError("the server does not answer in SFTP")
        packet = self._take(length)
        return packet[0], packet[1:]

    def _take(self, size: int) -> bytes:
        if len(self._received) - self._at < size:
            self._flush()
            parts = [self._received[self._at :]]
            missing = size - len(parts[0])
            while missing > 0:
                parts.append(self._more())
                missing -= len(parts[-1])
            self._received, self._at = b"".join(parts), 0
        self._at += size
        return self._received[self._at - size : self._at]

    def _more(self) -> bytes:
        try:
            with self._watching():
                data = self._stream.recv(_RECEIVED)
        except BaseException:
            self.broken = True
            raise
        if not data:
            self.broken = True
            raise EOFError("the server closed the connection")
        return data
