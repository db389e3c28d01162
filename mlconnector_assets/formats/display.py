"""Rendered files as people read them on a screen; what is shown is no longer the file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import accumulate

from mlconnector_assets.formats.edi.standard import Unreadable
from mlconnector_assets.formats.edi.wording import visible
from mlconnector_assets.formats.standards import standards
from mlconnector_assets.layouts import CompiledLayout, FixedWidth, Xml
from mlconnector_assets.layouts.rendering import RenderedColumn


def readable(text: str, layout: CompiledLayout) -> str:
    """A file's text, or its beginning: fixed-width lines below a ruler, XML with a line an element."""
    options = layout.options
    if isinstance(options, FixedWidth):
        length = options.line_length if options.line_end == "none" else None
        lines = [text[place : place + length] for place in range(0, len(text), length)] if length else [text]
        return "\n".join([*ruler(layout), *lines])
    return text.replace("><", ">\n<") if isinstance(options, Xml) and not options.indent else text


def as_lines(data: bytes) -> str:
    """The text of a file, or of its beginning: X12 and EDIFACT with a line a segment, all else as it stands."""
    text = data.lstrip(b"\xef\xbb\xbf \r\n")
    standard = next((one for one in standards() if one.begins(text)), None)
    try:
        beginning = standard.beginning(text) if standard else None
    except Unreadable:
        beginning = None
    rest = text[beginning.size :].lstrip(b"\r\n") if beginning else b""
    if beginning is None or rest[3:4] != beginning.separators.element:
        return data.decode("utf-8", "replace")
    advice = text[: beginning.size].decode("latin-1")
    if beginning.wrapped:
        rest = rest.translate(None, delete=b"\r\n")
    if beginning.next_line:
        rest = rest.replace(b"\x85", b"\n")
    release, end = (re.escape(one) for one in (beginning.separators.release, beginning.separators.terminator))
    segment = rb"(?:%b.|[^%b%b])*(?:%b|\Z)" % (release, release, end, end) if release else rb"[^%b]*(?:%b|\Z)" % (end, end)
    segments = (found[0].strip(b"\r\n").decode(beginning.encoding, "replace") for found in re.finditer(segment, rest, re.DOTALL))
    return "\n".join(visible(line) for line in (advice, *segments) if line)


def ruler(layout: CompiledLayout) -> tuple[str, str]:
    """Two lines that count the positions of a fixed-width line: tens above, `....:....|` below."""
    widest = max(sum(column.width or 0 for column in columns) for _, columns in _kinds(layout))
    length = (layout.options.line_length if isinstance(layout.options, FixedWidth) else None) or widest
    tens = "".join(f"{ten:>10}" for ten in range(10, length + 1, 10))
    return tens, ("....:....|" * (length // 10 + 1))[:length]


def places(layout: CompiledLayout) -> Iterator[tuple[str, str, str, str]]:
    """The columns of a fixed-width file: kind of line, positions such as `11-20`, name, and what fills it."""
    for kind, columns in _kinds(layout):
        ends = list(accumulate(column.width or 0 for column in columns))
        for column, end in zip(columns, ends, strict=True):
            first = end - (column.width or 0) + 1
            yield kind, f"{first}-{end}" if first < end else f"{end}", column.name, column.rules.value or column.name


def _kinds(layout: CompiledLayout) -> list[tuple[str, tuple[RenderedColumn, ...]]]:
    kinds = [("header", layout.header), *((part.name, part.columns) for part in layout.parts), ("trailer", layout.trailer)]
    return [(name, columns) for name, columns in kinds if columns]
