"""Dates, times and periods of EDIFACT (DTM) by the format that stands beside them (code 2379)."""

from __future__ import annotations

import re
from collections.abc import Iterator

import polars as pl

from mlconnector_assets.formats.edi.contents import Contents, Remark
from mlconnector_assets.formats.edi.diagnosis import Kind
from mlconnector_assets.formats.edi.tokens import pack

_PARTS = {
    "CCYY": "[0-9]{4}",
    "YY": "[0-9]{2}",
    "MM": "(?:0[1-9]|1[0-2])",
    "DD": "(?:0[1-9]|[12][0-9]|3[01])",
    "WW": "(?:0[1-9]|[1-4][0-9]|5[0-3])",
    "HH": "(?:[01][0-9]|2[0-3])",
    "mm": "[0-5][0-9]",
    "SS": "[0-5][0-9]",
    "ZZZ": "[A-Z0-9+-]{3}",
    "d": "[1-7]",
    "-": "-?",
}
FORMATS = {
    "101": "YYMMDD", "102": "CCYYMMDD", "103": "YYWWd", "201": "YYMMDDHHmm", "202": "YYMMDDHHmmSS", "203": "CCYYMMDDHHmm",
    "204": "CCYYMMDDHHmmSS", "303": "CCYYMMDDHHmmZZZ", "304": "CCYYMMDDHHmmSSZZZ", "401": "HHmm", "402": "HHmmSS", "602": "CCYY",
    "609": "YYMM", "610": "CCYYMM", "616": "CCYYWW", "713": "YYMMDDHHmm-YYMMDDHHmm", "717": "YYMMDD-YYMMDD",
    "718": "CCYYMMDD-CCYYMMDD", "719": "CCYYMMDDHHmm-CCYYMMDDHHmm",
}  # fmt: skip
"""Formats that we check; a value of any other is taken as it is."""


def _pattern(written: str) -> str:
    """A regular expression for a format. The hyphen of a period may be missing."""
    parts = "|".join(sorted(_PARTS, key=len, reverse=True))
    return f"^{re.sub(parts, lambda match: _PARTS[match[0]], written)}$"


_PATTERNS = {code: _pattern(written) for code, written in FORMATS.items()}
_DAYS = {"101": "%y%m%d", "102": "%Y%m%d"}


def dates(contents: Contents) -> Iterator[Remark]:
    """Values that are not what their format says.

    Under the formats for days (101, 102) real files also write the time of day behind the date. The day can be told, so that
    this is a warning; anything else that does not fit its format is an error, since another day than the sender's may be read
    from it."""
    segments = (contents.tokens.tags == pack("DTM")).nonzero()[0]
    inside = contents.messages.states[segments] > 2
    found = contents.frame(segments[inside], text=(1, 1), format=(1, 2))
    found = found.filter(pl.col("text").is_not_null() & pl.col("format").is_in(list(FORMATS)))
    for code in found["format"].unique(maintain_order=True):
        rows = found.filter(pl.col("format") == code)
        fits = pl.col("text").str.contains(_PATTERNS[code])
        if code in _DAYS:
            fits &= pl.col("text").str.to_date(_DAYS[code], strict=False).is_not_null()
        wrong = rows.filter(~fits)
        if wrong.is_empty():
            continue
        wrong = wrong.with_columns(about=pl.lit(f"format {code}: {FORMATS[code].upper()}"))
        timed = _with_time(code)
        yield from contents.remarks(wrong.filter(timed), (1, 2), kind=Kind.DATE, warning=True)
        yield from contents.remarks(wrong.filter(~timed), (1, 2), kind=Kind.DATE, warning=False)


def _with_time(code: str) -> pl.Expr:
    """Whether a value under a format of days is a day with its time."""
    if code not in _DAYS:
        return pl.lit(value=False)
    digits, day = 6 if code == "101" else 8, _DAYS[code]
    text = pl.col("text")
    time = text.str.slice(digits).str.contains(f"^{_PARTS['HH']}{_PARTS['mm']}(?:{_PARTS['SS']})?$")
    return time & text.str.slice(0, digits).str.to_date(day, strict=False).is_not_null()
