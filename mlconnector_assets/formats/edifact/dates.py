"""Dates, times and periods of EDIFACT (DTM) by the format that stands beside them (code 2379)."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from mlconnector_assets.formats.edi.contents import Contents, Remark
from mlconnector_assets.formats.edi.diagnosis import Kind, is_date
from mlconnector_assets.formats.edi.numerals import are_days, digits
from mlconnector_assets.formats.edi.structure import LOST
from mlconnector_assets.formats.edi.tokens import Flags, Numbers, Tokens, pack

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
    return re.sub(parts, lambda match: _PARTS[match[0]], written)


_PATTERNS = {code: _pattern(written) for code, written in FORMATS.items()}
_DAYS = ("101", "102")
_WITH_TIME = f"{_PARTS['HH']}{_PARTS['mm']}(?:{_PARTS['SS']})?"


def dates(contents: Contents) -> Iterator[Remark]:
    """Values that are not what their format says.

    Under the formats for days (101, 102) real files also write the time of day behind the date. The day can be told, so that
    this is a warning; anything else that does not fit its format is an error, since another day than the sender's may be read
    from it."""
    tokens = contents.tokens
    segments = np.flatnonzero(tokens.tags == pack("DTM"))
    segments = contents.sound(segments[contents.messages.states[segments] > LOST])
    values, formats = tokens.find(segments, 1, 1), tokens.find(segments, 1, 2)
    there = (tokens.lengths[values] > 0) & (tokens.lengths[formats] > 0)
    days = there & _are_written(tokens, formats, values, "102") | there & _are_written(tokens, formats, values, "101")
    rest = np.flatnonzero(there & ~days)
    if not len(rest):
        return
    texts, codes = tokens.texts.gather(values[rest]), tokens.texts.gather(formats[rest])
    for segment, text, code in zip(segments[rest].tolist(), texts, codes, strict=True):
        if code in FORMATS and not _fits(text, code):
            about = f"format {code}: {FORMATS[code].upper()}"
            yield contents.remark(Kind.DATE, segment, (1, 2), about, warning=code in _DAYS and _has_time(text, code))


def _are_written(tokens: Tokens, formats: Numbers, values: Numbers, code: str) -> Flags:
    """Which values of a format for days are such a day; nothing is said of others."""
    size = len(FORMATS[code])
    days = (tokens.lengths[formats] == 3) & (tokens.not_digits[formats] == 0) & (tokens.lengths[values] == size)
    days &= tokens.not_digits[values] == 0
    found = np.flatnonzero(days)
    found = found[digits(tokens, formats[found], 0, 3) == int(code)]
    written = np.zeros(len(formats), np.bool_)
    written[found] = are_days(tokens, values[found], 0, size)
    return written


def _fits(text: str, code: str) -> bool:
    return bool(re.fullmatch(_PATTERNS[code], text)) and (code not in _DAYS or is_date(text))


def _has_time(text: str, code: str) -> bool:
    """Whether a value under a format for days is a day with its time."""
    size = len(FORMATS[code])
    return is_date(text[:size]) and bool(re.fullmatch(_WITH_TIME, text[size:]))
