"""Whatever the bytes: reading ends, in messages and reports or in Unreadable."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mlconnector_assets.formats.edi import blocks
from mlconnector_assets.formats.edi.standard import Unreadable
from tests.formats.edi.files import MESSAGES, contents, encoded, file_of

UNA = b"UNA:+.? '"
WHOLE = [encoded(file_of(kind, 2)) for kind in MESSAGES] + [UNA + encoded(file_of("INVOIC"))]
PIECES = [
    b"~", b"'", b"*", b"+", b":", b">", b"?", b"??", b"\n", b"\r\n", b"\x85", b"\x00", b"\xff", b"\xc3", b"^", b"-", b"\x1d",
    b"ISA", b"UNA", b"UNB+", b"ST*810*1~", b"SE*1*1~", b"UNT+1+1'", b"UNH+1+INVOIC:D:96A:UN'", b"GS*", b"IEA*", b"UNZ",
    b"9" * 30,
]  # fmt: skip


@st.composite
def spoiled_files(draw: st.DrawFn) -> bytes:
    """A valid file in which bytes were lost, changed, added or moved."""
    data = draw(st.sampled_from(WHOLE))
    for _ in range(draw(st.integers(1, 5))):
        first = draw(st.integers(0, len(data)))
        last = first + draw(st.sampled_from([0, 1, 1, 3, 20, 200]))
        piece = draw(st.sampled_from(PIECES) | st.binary(max_size=4))
        data = data[:first] + piece + data[last:]
    return data + draw(st.sampled_from([b"", b"", *WHOLE]))


def read_all(data: bytes) -> None:
    try:
        found = contents(data)
    except Unreadable:
        return
    assert sum(len(batch.groups) for batch in found.batches) == len(found.sound) + len(found.reports)
    for report in found.reports:
        assert report.faults or report.wrong
        assert all(1 <= fault.position <= len(report.segments) for fault in report.faults)
        assert len(list(report.segments)) == len(report.segments)
    assert all(one.standard in ("x12", "edifact") for one in found.interchanges)


@settings(max_examples=80)
@given(spoiled_files(), st.sampled_from([60, 2 << 20]))
def test_spoiled_files_end_in_reports(data: bytes, block: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "BLOCK", block)
        read_all(data)


@settings(max_examples=40)
@given(
    st.sampled_from([b"", b"UNB+", b"UNA", UNA, UNA + b"UNB+UNOA:1+", b"UNH+", WHOLE[0][:106], WHOLE[0][:200]]),
    st.binary(max_size=60),
)
@example(b"UNA", b":+.?'\n")
@example(b"UNB+", b"?'")
def test_any_bytes_end(start: bytes, data: bytes) -> None:
    read_all(start + data)
