"""What files need of the SFTP protocol, as coroutines that wait for replies: one alone does its work step by
step; many, run together, keep as many requests in flight as there are coroutines, over a single channel."""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Callable, Coroutine, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from mlconnector_assets.exchange.wire import (
    CHUNK,
    WINDOW,
    Attributes,
    Code,
    Entry,
    Fields,
    Flags,
    Kind,
    StatusError,
    Wire,
    string,
)

T = TypeVar("T")
Item = TypeVar("Item")
_MODE_ONLY = 0x4


@dataclass(frozen=True)
class Reply:
    """Awaited until the reply to this request has arrived."""

    number: int

    def __await__(self) -> Generator[Reply, None, None]:
        yield self


@dataclass
class Meeting:
    """Where coroutines that run together wait for each other: when nobody can go on otherwise, `decide` gets
    everything they brought, at once, and they all go on."""

    decide: Callable[[list[Any]], None]
    brought: list[Any] = field(default_factory=list)

    def __call__(self, item: object) -> _Arrival:
        """Awaited by a coroutine that brings `item`."""
        return _Arrival(self, item)


@dataclass(frozen=True)
class _Arrival:
    meeting: Meeting
    item: object

    def __await__(self) -> Generator[_Arrival, None, None]:
        yield self


Task = Coroutine[Any, Any, T]


def run_together(tasks: Sequence[Task[T]], wire: Wire | None = None, *, most: int = 1) -> list[T]:
    """Run all to their end and give their results in order; at most so many are on their way to the meeting (or to their
    end) at a time. What breaks the conversation is raised inside every coroutine that waits for a reply; what a coroutine
    itself raises ends all of them."""
    try:
        return _Run(wire, tasks, most).to_the_end()
    finally:
        for task in tasks:
            task.close()


class _Run:
    def __init__(self, wire: Wire | None, tasks: Sequence[Task[Any]], most: int) -> None:
        self._wire, self._tasks, self._most = wire, tasks, most
        self._results: dict[int, Any] = {}
        self._waiting: dict[int, int] = {}
        self._met: list[tuple[int, _Arrival]] = []
        self._not_begun = iter(range(len(tasks)))

    def to_the_end(self) -> list[Any]:
        while len(self._results) < len(self._tasks):
            if len(self._waiting) < self._most and (index := next(self._not_begun, None)) is not None:
                self._go_on(index)
            elif self._waiting:
                self._receive()
            else:
                self._meet()
        return [self._results[index] for index in range(len(self._tasks))]

    def _receive(self) -> None:
        assert self._wire is not None
        try:
            # a reply may have come while a task waited for another one by itself
            number = next((number for number in self._waiting if self._wire.has(number)), None)
            if number is None:
                number = self._wire.receive_next()
        except Exception as error:  # noqa: BLE001 - whatever it is, each task says what it means for its own file
            waiting, self._waiting = self._waiting, {}
            for index in waiting.values():
                self._go_on(index, error)
            return
        if (waiting_for_it := self._waiting.pop(number, None)) is not None:
            self._go_on(waiting_for_it)

    def _meet(self) -> None:
        met, self._met = self._met, []
        met[0][1].meeting.decide([arrival.item for _, arrival in met])
        for index, _ in met:
            self._go_on(index)

    def _go_on(self, index: int, error: Exception | None = None) -> None:
        task = self._tasks[index]
        try:
            while True:
                stop = task.throw(error) if error else task.send(None)
                error = None
                if isinstance(stop, _Arrival):
                    self._met.append((index, stop))
                    return
                if self._wire is None or not self._wire.has(stop.number):
                    self._waiting[stop.number] = index
                    return
        except StopIteration as end:
            self._results[index] = end.value


class Operations:
    """Files and folders of one conversation, by paths in the server's bytes. Every method raises StatusError when the
    server refuses, ProtocolError, and what the stream raises."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire

    def now(self, task: Task[T]) -> T:
        """Run one coroutine alone."""
        return run_together([task], self.wire)[0]

    async def request(self, kind: Kind, payload: bytes, answer: Kind = Kind.STATUS) -> Fields:
        """Send a request and wait for its reply."""
        return await self._reply(self.wire.send(kind, payload), answer)

    async def _reply(self, number: int, answer: Kind) -> Fields:
        if not self.wire.has(number):
            await Reply(number)
        return self.wire.expect(number, answer)

    async def extended(self, name: str, payload: bytes, answer: Kind = Kind.STATUS) -> Fields:
        """A request of the server's own, such as `fsync@openssh.com`."""
        return await self.request(Kind.EXTENDED, string(name.encode()) + payload, answer)

    async def open(self, path: bytes, flags: Flags) -> bytes:
        """A handle, which must be given to `close`."""
        return (await self.request(Kind.OPEN, string(path) + struct.pack(">II", flags, 0), Kind.HANDLE)).string()

    async def close(self, handle: bytes) -> None:
        """Close; object-store gateways tell a failed upload only here."""
        await self.request(Kind.CLOSE, string(handle))

    async def write(self, handle: bytes, chunks: Iterable[bytes]) -> int:
        """Write from the start with a window of requests in flight; every status is checked. Chunks are of at most
        `wire.write_length`. Returns the bytes."""
        waiting: deque[int] = deque()
        offset, window = 0, _window(self.wire.write_length)
        try:
            for chunk in chunks:
                place = struct.pack(">QI", offset, len(chunk))
                waiting.append(self.wire.send(Kind.WRITE, string(handle), place, chunk))
                offset += len(chunk)
                if len(waiting) >= window:
                    await self._reply(waiting.popleft(), Kind.STATUS)
            while waiting:
                await self._reply(waiting.popleft(), Kind.STATUS)
        finally:
            self.wire.drain(waiting)
        return offset

    async def set_mode(self, handle: bytes, mode: int) -> None:
        """Set the permissions of an open file."""
        await self.request(Kind.FSETSTAT, string(handle) + struct.pack(">II", _MODE_ONLY, mode))

    async def stat(self, path: bytes, *, follow: bool = True) -> Attributes:
        """Attributes of a path; raises StatusError(NO_SUCH_FILE)."""
        return (await self.request(Kind.STAT if follow else Kind.LSTAT, string(path), Kind.ATTRS)).attributes()

    async def remove(self, path: bytes) -> None:
        """Remove a file."""
        await self.request(Kind.REMOVE, string(path))

    async def rename(self, source: bytes, target: bytes) -> None:
        """Plain rename, which refuses when the target exists."""
        await self.request(Kind.RENAME, string(source) + string(target))

    async def make_folder(self, path: bytes) -> None:
        """Make one folder, with the server's default mode."""
        await self.request(Kind.MKDIR, string(path) + struct.pack(">I", 0))

    def entries(self, folder: bytes) -> Iterator[Entry]:
        """Everything in a folder except `.` and `..`."""
        handle = self.wire.request(Kind.OPENDIR, string(folder), Kind.HANDLE).string()
        try:
            while True:
                try:
                    fields = self.wire.request(Kind.READDIR, string(handle), Kind.NAME)
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
            if not self.wire.broken:
                self.wire.request(Kind.CLOSE, string(handle))

    async def read(self, handle: bytes, take: Callable[[bytes], object]) -> None:
        """Hand the whole content to `take`, in order, in chunks of at most `wire.read_length`. The window grows from one
        request, so that small files stay cheap and at most 2 MB are held, however slowly they are taken."""
        waiting: deque[tuple[int, int]] = deque()
        length = self.wire.read_length
        offset, window, widest = 0, 1, _window(length)
        try:
            while True:
                while len(waiting) < window:
                    waiting.append((self._send_read(handle, offset, length), offset))
                    offset += length
                number, start = waiting.popleft()
                try:
                    await self._read_chunk(handle, number, start, take)
                except StatusError as error:
                    if error.code == Code.EOF:
                        return
                    raise
                window = min(window * 2, widest)
        finally:
            self.wire.drain(number for number, _ in waiting)

    def _send_read(self, handle: bytes, offset: int, length: int) -> int:
        return self.wire.send(Kind.READ, string(handle) + struct.pack(">QI", offset, length))

    async def _read_chunk(self, handle: bytes, number: int, start: int, take: Callable[[bytes], object]) -> None:
        """One chunk, also from a server that answers READ with less than was asked."""
        got, length = 0, self.wire.read_length
        while True:
            data = (await self._reply(number, Kind.DATA)).string()
            if not data:
                raise StatusError(Code.EOF, "no more data")
            take(data)
            got += len(data)
            if got >= length:
                return
            number = self._send_read(handle, start + got, length - got)


def _window(length: int) -> int:
    """How many requests of this length are in flight at a time."""
    return min(WINDOW, WINDOW * CHUNK // length)
