"""EDIFACT files: documents to messages of one interchange."""

from __future__ import annotations

import re

import polars as pl

from mlconnector_assets.formats.edi.repertoires import UNOA, nearest
from mlconnector_assets.formats.edi.writing import Syntax, enclosed, messages
from mlconnector_assets.formats.text import LINE_ENDS
from mlconnector_assets.layouts import Applied, BodyFacts, CompiledLayout, FileFacts
from mlconnector_assets.layouts.edi_options import Edifact, EdifactParty, identification, is_test


def body(applied: Applied, layout: CompiledLayout) -> bytes:
    """The messages of the documents.

    Raises
    ------
    UnwritableDocuments: values that the file cannot hold; without their documents the rest can be written.
    """
    options = _options(layout)
    syntax = syntax_of(options)
    made = messages(applied, layout, syntax)
    number = (pl.int_range(pl.len()) + applied.after + 1).cast(pl.String)
    version = [str(options.message), options.version[0], options.version[1:], "UN", options.association or ""]
    kind = syntax.component.join(version).rstrip(syntax.component)
    header = [pl.lit("UNH"), number, pl.lit(kind)]
    return enclosed(made, header, "UNT", number, syntax).encode(options.encoding)


def envelope(layout: CompiledLayout, file: FileFacts, facts: BodyFacts) -> tuple[bytes, bytes]:
    """UNA and UNB, and UNZ."""
    options = _options(layout)
    syntax = syntax_of(options)
    test = is_test(options, by_mode=file.test)
    assert options.sender is not None and options.receiver is not None
    when = file.created_at
    unb = [
        "UNB",
        _joined(syntax, options.syntax, str(options.syntax_version)),
        _party(syntax, options.sender, test=test),
        _party(syntax, options.receiver, test=test),
        _joined(syntax, f"{when:%Y%m%d}" if options.syntax_version == 4 else f"{when:%y%m%d}", f"{when:%H%M}"),
        str(file.control_number),
        "",
        _joined(syntax, options.application_reference or ""),
        "",
        "1" if options.request_contrl else "",
        "",
        "1" if test else "",
    ]
    marks = (
        options.component_separator
        + options.element_separator
        + options.decimal_mark
        + options.release
        + " "
        + options.terminator
    )
    first = f"UNA{marks}{LINE_ENDS[options.line_end]}" if options.una else ""
    first += syntax.element.join(unb).rstrip(syntax.element) + syntax.end
    last = syntax.element.join(["UNZ", str(facts.documents), str(file.control_number)]) + syntax.end
    encoding = options.encoding
    return syntax.written(first).encode(encoding), last.encode(encoding)


def syntax_of(options: Edifact) -> Syntax:
    """How segments are written with these options."""
    marks = (options.release, options.element_separator, options.component_separator, options.terminator)
    allowed = _allowed(options)
    changed = nearest(allowed) if options.transliterate else {}
    safe = "".join(re.escape(character) for character in allowed)
    private = "\ue000-\ue003"
    mend = "change it at the source, or set `transliterate:` or another `syntax:` in the partner's `edifact:`"
    return Syntax(
        element=options.element_separator,
        component=options.component_separator,
        end=options.terminator + LINE_ENDS[options.line_end],
        forbidden=f"[^{safe}{private}]",
        reason=f"is outside of the repertoire {options.syntax}; {mend}",
        changed=changed,
        escaped=marks,
        release=options.release,
    )


def _allowed(options: Edifact) -> str:
    """The characters of the repertoire."""
    if options.syntax == "UNOA":
        return UNOA
    upper = [chr(code) for code in range(0x20, 0x7F)]
    if options.syntax == "UNOB":
        return "".join(upper)
    if options.syntax == "UNOY":
        return "".join(upper) + "\u00a0-\ud7ff"
    more = (bytes([code]).decode(options.encoding, errors="ignore") for code in range(0xA0, 0x100))
    return "".join([*upper, *more])


def _party(syntax: Syntax, party: EdifactParty, *, test: bool) -> str:
    return _joined(syntax, identification(party, test=test), party.qualifier or "", party.subaddress or "")


def _joined(syntax: Syntax, *components: str) -> str:
    table = str.maketrans(syntax.replaced)
    return syntax.component.join(text.translate(table) for text in components).rstrip(syntax.component)


def _options(layout: CompiledLayout) -> Edifact:
    assert isinstance(layout.options, Edifact)
    return layout.options
