"""A file in blocks that end between messages, so that memory does not grow with it. Line breaks that are no data are gone, and
the text is UTF-8."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from mlconnector_assets.formats.edi.tokens import Separators

BLOCK = 2 << 20
"""Bytes read at once. A message that is longer makes its block longer."""
BREAKS = b"\r\n"
NEXT_LINE = b"\x85"
BLANK = b" \t\r\n\x00\x1a\x85\xef\xbb\xbf"
"""What may stand before, between and after interchanges: blanks, a byte order mark, an end-of-file mark."""


class Source:
    """A file that is read once, from front to back. `ahead` is what was read and not yet used."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream, self.ahead, self.ended = stream, b"", False
        self._next_line = False

    def end_segments_with_lines(self) -> None:
        """From here on, the control character "next line" of EBCDIC (0x85) is a line feed."""
        self._next_line, self.ahead = True, self.ahead.replace(NEXT_LINE, b"\n")

    def fill(self, size: int) -> bool:
        """Read on until `size` bytes are ahead. False when the file has no more than was ahead already."""
        before = len(self.ahead)
        parts, have = [self.ahead], before
        while have < size and not self.ended:
            part = self.stream.read(size - have)
            self.ended = not part
            parts.append(part.replace(NEXT_LINE, b"\n") if self._next_line else part)
            have += len(part)
        self.ahead = b"".join(parts)
        return have > before

    def skip_blank(self) -> bool:
        """Leave out what says nothing. False at the end of the file."""
        while True:
            self.ahead = self.ahead.lstrip(BLANK)
            if self.ahead:
                return True
            if not self.fill(BLOCK):
                return False

    def take(self, size: int) -> bytes:
        """The next `size` bytes."""
        taken, self.ahead = self.ahead[:size], self.ahead[size:]
        return taken


@dataclass(frozen=True)
class Marks:
    """Tags by which a block is cut: `first` begins an interchange, `last` ends it, `closing` ends a message; `advice` may stand
    before the first one (UNA), or is empty."""

    first: bytes
    last: bytes
    closing: bytes
    advice: bytes


def blocks(source: Source, separators: Separators, marks: Marks, *, wrapped: bool, encoding: str) -> Iterator[bytes]:
    """The rest of an interchange whose first segment is ahead, up to its last segment, the next interchange, or the end of the
    file; each block holds whole segments, each with its terminator, and nothing else. `wrapped`: lines are broken anywhere."""
    size, begun = BLOCK, False
    while True:
        source.fill(size)
        source.ahead = source.ahead.lstrip(BREAKS)
        if not source.ahead:
            return
        end, final = _cut(source.ahead, separators, marks, skip_first=not begun, at_end=source.ended)
        if end == 0 and final:
            return
        if end == 0 and not source.ended:
            size *= 2
            continue
        block = source.take(end or len(source.ahead))
        block = _without_breaks(block, separators, wrapped=wrapped)
        if block:
            yield _utf8(_terminated(block, separators), encoding)
        begun, size = True, BLOCK
        if final:
            return


def _cut(data: bytes, separators: Separators, marks: Marks, *, skip_first: bool, at_end: bool) -> tuple[int, bool]:
    """Where the block ends, 0 where that cannot be told yet; and whether the interchange ends there."""
    last = _find(data, marks.last, separators, 0)
    following = _find(data, marks.first, separators, 1 if skip_first else 0)
    if following >= 0 and (last < 0 or following < last):
        return _before_advice(data, following, marks.advice), True
    if last >= 0 and (end := _end_of_segment(data, last, separators)):
        return end, True
    if at_end:
        return len(data), True
    place = len(data)
    while (place := data.rfind(marks.closing + separators.element, 0, place)) > 0:
        if _begins_segment(data, place, separators) and (end := _end_of_segment(data, place, separators)):
            return end, False
    return 0, False


def _before_advice(data: bytes, following: int, advice: bytes) -> int:
    """Where an interchange begins with its service string advice, which is nine bytes long and perhaps a line of its own."""
    before = data.rfind(advice, max(following - 11, 0), following) if advice else -1
    return before if before >= 0 and not data[before + 9 : following].strip(BREAKS) else following


def _find(data: bytes, tag: bytes, separators: Separators, start: int) -> int:
    """Where a segment with this tag begins; -1 where none does."""
    place = data.find(tag + separators.element, start)
    while place > 0 and not _begins_segment(data, place, separators):
        place = data.find(tag + separators.element, place + 1)
    return place


def _begins_segment(data: bytes, place: int, separators: Separators) -> bool:
    before = place - 1
    while before >= 0 and data[before : before + 1] in (b"\r", b"\n") and data[before : before + 1] != separators.terminator:
        before -= 1
    return before < 0 or (data[before : before + 1] == separators.terminator and not _is_released(data, before, separators))


def _end_of_segment(data: bytes, place: int, separators: Separators) -> int:
    """The place behind the segment's terminator; 0 where it has none."""
    end = data.find(separators.terminator, place)
    while end >= 0 and _is_released(data, end, separators):
        end = data.find(separators.terminator, end + 1)
    return end + 1


def _terminated(block: bytes, separators: Separators) -> bytes:
    """The block, whose last segment may lack its terminator. A release character at its very end is one of the text."""
    if block.endswith(separators.terminator) and not _is_released(block, len(block) - 1, separators):
        return block
    dangling = _is_released(block, len(block), separators)
    return block + separators.release * dangling + separators.terminator


def _is_released(data: bytes, place: int, separators: Separators) -> bool:
    if not separators.release:
        return False
    count = 0
    while place - count > 0 and data[place - count - 1 : place - count] == separators.release:
        count += 1
    return count % 2 == 1


def _without_breaks(block: bytes, separators: Separators, *, wrapped: bool) -> bytes:
    """The block without line breaks between segments, and in wrapped files without any. Where a line break ends segments there
    are no empty ones."""
    while separators.terminator in (b"\r", b"\n") and separators.terminator * 2 in block:
        block = block.replace(separators.terminator * 2, separators.terminator)
    breaks = BREAKS.replace(separators.terminator, b"")
    if not any(one in block for one in breaks):
        return block
    present = sum(block.count(bytes([one])) for one in breaks)
    terminator = separators.terminator
    between = 0
    if terminator + b"\r\n" in block:
        between += 2 * block.count(terminator + b"\r\n")
    between += sum(block.count(terminator + bytes([one])) for one in breaks if one != 0x0D)
    released = separators.release and any(separators.release + terminator + bytes([one]) in block for one in breaks)
    if wrapped or (between == present and not released):
        return block.translate(None, delete=breaks)
    unreleased = b"(?<!%b)((?:%b%b)*)" % ((re.escape(separators.release),) * 3) if separators.release else b"()"
    return re.sub(
        unreleased + re.escape(terminator) + b"[" + re.escape(breaks) + b"]+", rb"\1" + terminator.replace(b"\\", b"\\\\"), block
    )


def _utf8(block: bytes, encoding: str) -> bytes:
    if block.isascii():
        return block
    try:
        return block.decode(encoding).encode()
    except UnicodeDecodeError:
        return block.decode("latin-1").encode()
