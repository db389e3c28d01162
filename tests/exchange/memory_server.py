"""The other end of wire.py, in memory: one file, answers in any order and any portions."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

from mlconnector_assets.exchange.wire import Code, Fields, Kind, string


class MemoryServer:
    """One file `content`, kept in memory. `mood` decides order, portions and short answers; `refuse` gives a status
    for a request. `limits` are the most bytes of a READ and a WRITE that it announces and holds to."""

    def __init__(
        self,
        content: bytes = b"",
        mood: random.Random | None = None,
        refuse: Callable[[Kind, int], int] | None = None,
        limits: tuple[int, int] | None = None,
    ) -> None:
        self.content, self.mood, self.refuse = bytearray(content), mood, refuse or (lambda kind, count: Code.OK)
        self.counts: dict[Kind, int] = {}
        self.in_flight = self.most_in_flight = 1  # the greeting
        self.sent = self._arriving = b""
        self._waiting: list[bytes] = []
        self.limits = limits
        announced = (b"fsync@openssh.com", b"limits@openssh.com") if limits else (b"fsync@openssh.com",)
        extensions = b"".join(string(name) + string(b"1") for name in announced)
        self.answer(Kind.VERSION, struct.pack(">I", 3) + extensions)

    def answer(self, kind: int, body: bytes) -> None:
        self._waiting.append(struct.pack(">IB", len(body) + 1, kind) + body)

    def sendall(self, data: bytes) -> None:
        self._arriving += data
        while len(self._arriving) >= 4 and len(self._arriving) >= (end := 4 + int.from_bytes(self._arriving[:4])):
            packet, self._arriving = self._arriving[:end], self._arriving[end:]
            self._handle(packet)

    def _handle(self, packet: bytes) -> None:
        kind, number, rest = Kind(packet[4]), packet[5:9], Fields(packet[9:])
        if kind == Kind.INIT:
            return
        self.counts[kind] = count = self.counts.get(kind, 0) + 1
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        code = self.refuse(kind, count)
        if code == Code.OK and kind == Kind.EXTENDED and rest.string() == b"limits@openssh.com":
            assert self.limits
            self.answer(Kind.EXTENDED_REPLY, number + struct.pack(">QQQQ", 1 << 18, *self.limits, 1019))
        elif code != Code.OK or kind in (Kind.CLOSE, Kind.EXTENDED):
            self.answer(Kind.STATUS, number + struct.pack(">I", code) + string(b"no") + string(b""))
        elif kind == Kind.OPEN:
            self.answer(Kind.HANDLE, number + string(b"handle"))
        elif kind == Kind.WRITE:
            rest.string()
            at, data = rest.number(">Q"), rest.string()
            assert not self.limits or len(data) <= self.limits[1] or not self.limits[1]
            self.content[len(self.content) :] = bytes(max(0, at - len(self.content)))
            self.content[at : at + len(data)] = data
            self.answer(Kind.STATUS, number + struct.pack(">I", Code.OK) + string(b"") + string(b""))
        elif kind == Kind.READ:
            rest.string()
            at, length = rest.number(">Q"), rest.number()
            assert not self.limits or length <= self.limits[0] or not self.limits[0]
            data = bytes(self.content[at : at + (self.mood.randint(1, length) if self.mood else length)])
            status = struct.pack(">I", Code.EOF) + string(b"end") + string(b"")
            self.answer(*(Kind.DATA, number + string(data)) if data else (Kind.STATUS, number + status))

    def recv(self, size: int) -> bytes:
        if not self.sent:
            if not self._waiting:
                return b""
            self.sent = self._waiting.pop(self.mood.randrange(len(self._waiting)) if self.mood else 0)
            self.in_flight -= 1
        portion = self.mood.randint(1, size) if self.mood else size
        taken, self.sent = self.sent[:portion], self.sent[portion:]
        return taken
