"""The SFTP protocol against a server in memory that answers in any order, in any portions."""

from __future__ import annotations

import random
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlconnector_assets.exchange import wire
from mlconnector_assets.exchange.operations import Operations
from mlconnector_assets.exchange.wire import CHUNK, LONGEST_CHUNK, WINDOW, Code, Flags, Kind, ProtocolError, StatusError, Wire
from tests.exchange.memory_server import MemoryServer


def read(files: Operations, handle: bytes) -> bytes:
    taken = bytearray()
    files.now(files.read(handle, taken.extend))
    return bytes(taken)


def chunks(content: bytes) -> list[bytes]:
    return [content[at : at + CHUNK] for at in range(0, len(content), CHUNK)]


SIZES = st.sampled_from([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 5 * CHUNK, (WINDOW + 9) * CHUNK + 17])


@settings(max_examples=40, deadline=None)
@given(size=SIZES, seed=st.integers(0, 10**6))
def test_content_survives_any_order_of_replies_short_reads_and_portions(size: int, seed: int) -> None:
    content = random.Random(seed).randbytes(size)
    server = MemoryServer(mood=random.Random(seed))
    files = Operations(Wire(server))
    assert files.now(files.write(files.now(files.open(b"file", Flags.WRITE_NEW)), chunks(content))) == size
    assert bytes(server.content) == content
    assert read(files, files.now(files.open(b"file", Flags.READ))) == content


@settings(max_examples=40, deadline=None)
@given(at=st.integers(1, WINDOW + 9), seed=st.integers(0, 10**6))
def test_no_failed_write_is_overlooked_and_the_conversation_goes_on(at: int, seed: int) -> None:
    server = MemoryServer(
        mood=random.Random(seed), refuse=lambda kind, count: Code.FAILURE if (kind, count) == (Kind.WRITE, at) else Code.OK
    )
    files = Operations(Wire(server))
    with pytest.raises(StatusError):
        files.now(files.write(b"handle", [b"x"] * (WINDOW + 9)))
    assert server.in_flight == 0
    assert files.now(files.open(b"other", Flags.READ)) == b"handle"
    assert not files.wire.broken


def test_a_failing_close_is_told() -> None:
    files = Operations(Wire(MemoryServer(refuse=lambda kind, count: Code.FAILURE if kind == Kind.CLOSE else Code.OK)))
    with pytest.raises(StatusError) as caught:
        files.now(files.close(b"handle"))
    assert caught.value.code == Code.FAILURE


def test_at_most_a_window_is_in_flight() -> None:
    server = MemoryServer()
    files = Operations(Wire(server))
    files.now(files.write(b"handle", [b"x" * CHUNK] * (3 * WINDOW)))
    assert server.most_in_flight <= WINDOW
    read(files, b"handle")
    assert server.most_in_flight <= WINDOW


@pytest.mark.parametrize(
    ("limits", "lengths"),
    [
        (None, (CHUNK, CHUNK)),
        ((261_120, 200_000), (261_120, 200_000)),
        ((1 << 40, 1 << 40), (LONGEST_CHUNK, LONGEST_CHUNK)),
        ((0, 0), (CHUNK, CHUNK)),
        ((1_000, 2_000), (1_000, 2_000)),
    ],
)
def test_chunks_are_as_long_as_the_server_allows(limits: tuple[int, int] | None, lengths: tuple[int, int]) -> None:
    content = random.Random(1).randbytes(3 * LONGEST_CHUNK + 5)
    server = MemoryServer(limits=limits)
    files = Operations(Wire(server))
    assert (files.wire.read_length, files.wire.write_length) == lengths
    size = files.wire.write_length
    files.now(files.write(b"handle", [content[at : at + size] for at in range(0, len(content), size)]))
    assert server.content == content
    assert read(files, b"handle") == content
    assert server.in_flight == 0
    assert server.most_in_flight <= WINDOW


def test_a_server_that_does_not_tell_its_limits_gets_chunks_that_every_server_takes() -> None:
    def refuse(kind: Kind, count: int) -> int:
        return Code.OP_UNSUPPORTED if kind == Kind.EXTENDED else Code.OK

    there = Wire(MemoryServer(refuse=refuse, limits=(1 << 18, 1 << 18)))
    assert (there.read_length, there.write_length) == (CHUNK, CHUNK)
    assert not there.broken


def test_small_files_cost_few_requests() -> None:
    server = MemoryServer(b"small")
    assert read(Operations(Wire(server)), b"handle") == b"small"
    assert server.counts[Kind.READ] <= 5


def test_a_reader_that_stops_early_leaves_no_reply_behind() -> None:
    server = MemoryServer(b"x" * CHUNK * 50)
    files = Operations(Wire(server))
    taken: list[bytes] = []

    def take(chunk: bytes) -> None:
        taken.append(chunk)
        if len(taken) == 10:
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        files.now(files.read(b"handle", take))
    assert server.in_flight == 0
    files.now(files.close(b"handle"))


def test_extensions_are_known() -> None:
    assert Wire(MemoryServer()).extensions == {"fsync@openssh.com": b"1"}


class Text:
    """A server that prints text instead of speaking SFTP."""

    def __init__(self, text: bytes) -> None:
        self.text = text

    def sendall(self, packet: bytes) -> None: ...

    def recv(self, size: int) -> bytes:
        taken, self.text = self.text[:size], self.text[size:]
        return taken


@pytest.mark.parametrize(
    "text", [b"Welcome to the server!\n", b"\0\0\0\0", b"\0\0\0\5\2\0\0", struct.pack(">IB", 5, 101) + b"\0\0\0\3"]
)
def test_what_is_not_sftp_is_told(text: bytes) -> None:
    with pytest.raises((ProtocolError, EOFError)):
        Wire(Text(text))


@given(st.binary(max_size=60))
def test_fields_never_read_past_the_end(body: bytes) -> None:
    for read in (wire.Fields.number, wire.Fields.string, wire.Fields.attributes):
        fields = wire.Fields(body)
        try:
            while fields.left:
                read(fields)
        except ProtocolError:
            pass
