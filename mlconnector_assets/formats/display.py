"""Rendered files as people read them on a screen; what is shown is no longer the file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import accumulate

from mlconnector_assets.formats.edi.standard import Beginning, Unreadable
from mlconnector_assets.formats.edi.wording import visible
from mlconnector_assets.formats.standards import standards
from mlconnector_assets.layouts import EDI_FORMATS, CompiledLayout, FixedWidth, Xml
from mlconnector_assets.layouts.rendering import RenderedColumn


def readable(text: str, layout: CompiledLayout) -> str:
    """A file's text, or its beginning: fixed-width lines below a ruler, XML with a line an element, X12 and EDIFACT with a line
    a segment."""
    options = layout.options
    if isinstance(options, FixedWidth):
        length = options.line_length if options.line_end == "none" else None
        lines = [text[place : place + length] for place in range(0, len(text), length)] if length else [text]
        return "\n".join([*ruler(layout), *lines])
    if layout.format in EDI_FORMATS:
        beginning = _beginning(text.encode())
        return _by_segment(text, beginning) if beginning else text
    return text.replace("><", ">\n<") if isinstance(options, Xml) and not options.indent else text


def as_lines(data: bytes) -> str:
    """The text of a file, or of its beginning: X12 and EDIFACT with a line a segment, all else as it stands."""
    text = data.lstrip(b"\xef\xbb\xbf \r\n")
    if (beginning := _beginning(text)) is None:
        return data.decode("utf-8", "replace")
    if beginning.next_line:
        text = text.replace(b"\x85", b"\n")
    return _by_segment(text.decode(beginning.encoding, "replace"), beginning)


def _beginning(data: bytes) -> Beginning | None:
    """What the first bytes of an interchange tell; None where there is none."""
    try:
        beginning = next((one.beginning(data) for one in standards() if one.begins(data)), None)
    except Unreadable:
        return None
    if beginning is None or data[beginning.size :].lstrip(b"\r\n")[3:4] != beginning.separators.element:
        return None
    return beginning


def _by_segment(text: str, beginning: Beginning) -> str:
    advice, rest = text[: beginning.size], text[beginning.size :]
    if beginning.wrapped:
        rest = rest.translate(dict.fromkeys(b"\r\n"))
    release, end = (re.escape(one.decode()) for one in (beginning.separators.release, beginning.separators.terminator))
    segment = rf"(?:{release}.|[^{release}{end}])*(?:{end}|\Z)" if release else rf"[^{end}]*(?:{end}|\Z)"
    segments = (found[0].strip("\r\n") for found in re.finditer(segment, rest, re.DOTALL))
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
