"""XML files: rows of text to elements, by string concatenation over whole columns. What XML 1.0 cannot hold is refused,
naming the cell; characters that the encoding lacks become references."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from xml.sax.saxutils import quoteattr

import polars as pl

from mlconnector_assets.formats.text import BOM, UNICODE, UnwritableDocuments, UnwritableText, joined, matching
from mlconnector_assets.layouts import Applied, BodyFacts, CompiledLayout, CompiledPart, FileFacts, PartRows, Xml
from mlconnector_assets.layouts.elements import Element, tree_of
from mlconnector_assets.layouts.rendering import RenderedColumn

IMPOSSIBLE = r"[\x00-\x08\x0b\x0c\x0e-\x1f\uFFFE\uFFFF]"
"""Characters that no XML 1.0 file can hold, not even as references."""
SCHEMA_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
_ENCODING_NAMES = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8", "latin-1": "ISO-8859-1", "cp1252": "windows-1252", "ascii": "US-ASCII"}
_IN_TEXT = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}
_IN_ATTRIBUTE = _IN_TEXT | {'"': "&quot;", "\t": "&#9;", "\n": "&#10;"}
_FAULT = "cannot stand in XML; remove it at the source, or with `replace(…)`"


def body(applied: Applied, layout: CompiledLayout) -> bytes:
    """One element a document.

    Raises
    ------
    UnwritableDocuments: values that no XML file can hold; without their documents the rest can be written.
    """
    options = _options(layout)
    frame = applied.positions.select("document")
    attributes: list[pl.Expr] = []
    inside: list[pl.Expr] = []
    for parts in _groups(layout):
        first = parts[0]
        if layout.parts[first].element is None:
            made = _direct(applied.parts[first], layout.parts[first].columns, options)
            attributes.append(pl.col(f"attributes {first}"))
        else:
            made = _elements([(applied.parts[index], layout.parts[index]) for index in parts], options)
        inside.append(pl.col(f"inside {first}"))
        named = made.rename({name: f"{name} {first}" for name in made.columns if name != "document"})
        frame = frame.join(named, on="document", how="left")
    element = _element(options.document, _joined(attributes), _joined(inside), 1, options)
    documents = frame.sort("document").select(element.alias("element")).to_series()
    if documents.str.contains(IMPOSSIBLE).any():
        faults = ((rows, matching(rows.texts, IMPOSSIBLE, _FAULT)) for rows in applied.parts)
        raise UnwritableDocuments.of((rows, UnwritableText(cells)) for rows, cells in faults if cells)
    return _encoded(joined(documents, ""), options)


def envelope(layout: CompiledLayout, file: FileFacts, facts: BodyFacts) -> tuple[bytes, bytes]:
    """The beginning of the root element with what the header holds, and what the trailer holds with its end. Attributes
    of both stand on the root. Raises UnwritableText."""
    options = _options(layout)
    header, trailer = layout.envelope(file, facts)
    nothing = pl.DataFrame({"attributes": [""], "inside": [""]})
    for rows in (header, trailer):
        if rows is not None and (cells := matching(rows, IMPOSSIBLE, _FAULT)):
            raise UnwritableText(cells)
    first, last = (
        nothing if rows is None else _texts(rows, columns or (), 1, options)
        for rows, columns in ((header, layout.header), (trailer, layout.trailer))
    )
    line = "\n" if options.indent else ""
    declaration = f'<?xml version="1.0" encoding="{_ENCODING_NAMES[options.encoding]}"?>\n' if options.declaration else ""
    attributes = _namespaces(options) + first["attributes"][0] + last["attributes"][0]
    start = f"{declaration}<{options.root}{attributes}>{line}{first['inside'][0]}"
    mark = BOM if options.encoding == "utf-8-sig" else b""
    end = f"{last['inside'][0]}</{options.root}>{line}"
    return mark + _encoded(start.encode(), options), _encoded(end.encode(), options)


def _options(layout: CompiledLayout) -> Xml:
    assert isinstance(layout.options, Xml)
    return layout.options


def _encoded(written: bytes, options: Xml) -> bytes:
    if options.encoding in UNICODE or written.isascii():
        return written
    return written.decode("utf-8").encode(options.encoding, errors="xmlcharrefreplace")


def _namespaces(options: Xml) -> str:
    named = {"xmlns": options.namespace} if options.namespace else {}
    named |= {f"xmlns:{prefix}": uri for prefix, uri in options.namespaces.items()}
    if options.empty == "nil":
        named["xmlns:xsi"] = SCHEMA_INSTANCE
    return "".join(f" {name}={quoteattr(uri)}" for name, uri in named.items())


def _groups(layout: CompiledLayout) -> list[list[int]]:
    """Indexes of parts, together those whose elements take turns inside the same element."""

    def place(index: int) -> tuple[str, str | int]:
        part = layout.parts[index]
        return part.rows, index if part.element is None else part.element.rpartition("/")[0]

    return [list(group) for _, group in groupby(range(len(layout.parts)), key=place)]


def _direct(rows: PartRows, columns: Sequence[RenderedColumn], options: Xml) -> pl.DataFrame:
    """`document`, and the `attributes` and the `inside` that the part gives to the document's element."""
    return pl.concat([rows.keys.select("document"), _texts(rows.texts, columns, 2, options)], how="horizontal")


def _elements(parts: Sequence[tuple[PartRows, CompiledPart]], options: Xml) -> pl.DataFrame:
    """`document`, and as `inside` the elements of the parts, row by row, in the element around them."""
    *around, _ = (parts[0][1].element or "").split("/")
    depth = 2 + len(around)
    frames = []
    for order, (rows, part) in enumerate(parts):
        made = _texts(rows.texts, part.columns, depth + 1, options)
        element = _element((part.element or "").rpartition("/")[2], pl.col("attributes"), pl.col("inside"), depth, options)
        keys = rows.keys.select("document", "row", pl.lit(order).alias("part"))
        frames.append(pl.concat([keys, made.select(element.alias("inside"))], how="horizontal"))
    ordered = pl.concat(frames).sort("document", "row", "part") if len(frames) > 1 else frames[0]
    whole = ordered.group_by("document").agg(pl.col("inside").str.join(""))
    for level, name in reversed(list(enumerate(around, start=2))):
        whole = whole.with_columns(_element(name, pl.lit(""), pl.col("inside"), level, options).alias("inside"))
    return whole


def _texts(rows: pl.DataFrame, columns: Sequence[RenderedColumn], depth: int, options: Xml) -> pl.DataFrame:
    """What the columns put on and into the element they stand in: `attributes` and `inside`, never null."""
    tree = tree_of([column.name for column in columns])
    return rows.select(
        _attributes(tree, columns).alias("attributes"),
        _joined([_child(child, columns, depth, options) for child in tree.children.values()]).alias("inside"),
    )


def _child(element: Element, columns: Sequence[RenderedColumn], depth: int, options: Xml) -> pl.Expr:
    """The element with all it holds; null where it holds nothing and empty ones are left out."""
    attributes, (indent, line) = _attributes(element, columns), _space(depth, options)
    start = f"{indent}<{element.name}"
    if element.text is None:
        inside = _joined([_child(child, columns, depth + 1, options) for child in element.children.values()])
        whole = _element(element.name, attributes, inside, depth, options)
        return pl.when((inside != "") | (attributes != "")).then(whole)
    value = _escaped(columns[element.text], _IN_TEXT)
    whole = pl.concat_str(pl.lit(start), attributes, pl.lit(">"), value, pl.lit(f"</{element.name}>{line}"))
    if options.empty == "omit":
        return whole
    nil = ' xsi:nil="true"' if options.empty == "nil" else ""
    return whole.fill_null(pl.concat_str(pl.lit(start), attributes, pl.lit(f"{nil}/>{line}")))


def _element(name: str, attributes: pl.Expr, inside: pl.Expr, depth: int, options: Xml) -> pl.Expr:
    """An element around other elements; nothing inside makes it an empty one."""
    indent, line = _space(depth, options)
    start = pl.lit(f"{indent}<{name}")
    full = pl.concat_str(start, attributes, pl.lit(f">{line}"), inside, pl.lit(f"{indent}</{name}>{line}"))
    return pl.when(inside == "").then(pl.concat_str(start, attributes, pl.lit(f"/>{line}"))).otherwise(full)


def _attributes(element: Element, columns: Sequence[RenderedColumn]) -> pl.Expr:
    values = ((name, _escaped(columns[index], _IN_ATTRIBUTE)) for name, index in element.attributes.items())
    return _joined([pl.concat_str(pl.lit(f' {name}="'), value, pl.lit('"')) for name, value in values])


def _escaped(column: RenderedColumn, marks: dict[str, str]) -> pl.Expr:
    """The column's text as XML writes it; null where it is empty."""
    text = pl.col(column.name)
    return text if column.plain else pl.when(text != "").then(text.str.replace_many(marks))


def _joined(pieces: Sequence[pl.Expr]) -> pl.Expr:
    """All that are not null, one after another; an empty text where there are none."""
    return pl.concat_str(pl.lit(""), *pieces, ignore_nulls=True)


def _space(depth: int, options: Xml) -> tuple[str, str]:
    return ("  " * depth, "\n") if options.indent else ("", "")
