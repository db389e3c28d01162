"""X12 files: documents to transaction sets, in one functional group of one interchange."""

from __future__ import annotations

import re

import polars as pl

from mlconnector_assets.dictionaries import shipped
from mlconnector_assets.errors import ConfigurationError
from mlconnector_assets.formats.edi.repertoires import BASIC, nearest
from mlconnector_assets.formats.edi.writing import Syntax, enclosed, messages
from mlconnector_assets.formats.text import LINE_ENDS
from mlconnector_assets.layouts import Applied, BodyFacts, CompiledLayout, FileFacts
from mlconnector_assets.layouts.edi_options import X12, identification, is_test

MOST_SETS = 999_999
"""What GE01 can count."""


def body(applied: Applied, layout: CompiledLayout) -> bytes:
    """The transaction sets of the documents.

    Raises
    ------
    UnwritableDocuments: values that the file cannot hold; without their documents the rest can be written.
    """
    options = _options(layout)
    syntax = syntax_of(options)
    made = messages(applied, layout, syntax)
    number = (pl.int_range(pl.len()) + applied.after + 1).cast(pl.String).str.zfill(4)
    header = [pl.lit("ST"), pl.lit(options.set), number]
    return enclosed(made, header, "SE", number, syntax).encode()


def envelope(layout: CompiledLayout, file: FileFacts, facts: BodyFacts) -> tuple[bytes, bytes]:
    """ISA and GS, and GE and IEA. Raises ConfigurationError."""
    options = _options(layout)
    if facts.documents > MOST_SETS:
        raise ConfigurationError(
            f"{facts.documents} documents do not fit one functional group", mend="set `documents_per_file` lower"
        )
    syntax = syntax_of(options)
    test = is_test(options, by_mode=file.test)
    number, sender, receiver = file.control_number, options.sender, options.receiver
    assert sender is not None and receiver is not None and options.set is not None
    group = shipped(options.dictionary).messages[options.set].group
    ours, theirs = (identification(side, test=test) for side in (sender, receiver))
    version = _interchange_version(options)
    when = file.created_at
    isa = [
        "ISA", "00", " " * 10, "00", " " * 10,
        sender.qualifier, ours.ljust(15), receiver.qualifier, theirs.ljust(15),
        f"{when:%y%m%d}", f"{when:%H%M}",
        options.repetition_separator if version >= "00402" else "U", version, f"{number:09d}",
        "1" if options.request_ta1 else "0", "T" if test else "P", options.component_separator,
    ]  # fmt: skip
    gs = [
        "GS", group, sender.group_id or ours, receiver.group_id or theirs,
        f"{when:%Y%m%d}", f"{when:%H%M}", str(number), "X", options.version + options.version_suffix,
    ]  # fmt: skip
    first = "".join(syntax.element.join(segment) + syntax.end for segment in (isa, gs))
    trailers = (["GE", str(facts.documents), str(number)], ["IEA", "1", f"{number:09d}"])
    last = "".join(syntax.element.join(segment) + syntax.end for segment in trailers)
    return first.encode(), last.encode()


def syntax_of(options: X12) -> Syntax:
    """How segments are written with these options."""
    marks = [options.element_separator, options.component_separator, options.terminator]
    if _interchange_version(options) >= "00402":
        marks.append(options.repetition_separator)
    allowed = BASIC if options.repertoire == "basic" else "".join(map(chr, range(0x20, 0x7F)))
    inside = dict.fromkeys(marks, "" if options.separators_in_data == "strip" else options.replacement)
    changed = (nearest(allowed) if options.transliterate else {}) | (inside if options.separators_in_data != "error" else {})
    safe = "".join(re.escape(character) for character in allowed if character not in marks)
    mend = "change it at the source, or set `separators_in_data:`, `transliterate:` or another separator in the partner's `x12:`"
    return Syntax(
        element=options.element_separator,
        component=options.component_separator,
        end=options.terminator + LINE_ENDS[options.line_end],
        forbidden=f"[^{safe}]",
        reason=f"is a separator or outside of the {options.repertoire} character set; {mend}",
        changed=changed,
    )


def _interchange_version(options: X12) -> str:
    """ISA12: 00401 goes with 004010."""
    return options.interchange_version or options.version[:5]


def _options(layout: CompiledLayout) -> X12:
    assert isinstance(layout.options, X12)
    return layout.options
