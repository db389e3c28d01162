"""Values of elements as people read them: dates and times, decimals that are implied, thousands."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal

from mlconnector_assets.dictionaries import Element

GROUPED_FROM = 1000
"""Numbers from here on are shown with separators between thousands."""
EDIFACT_DATE, EDIFACT_DATES = (
    "2380",
    {
        "2": "%d%m%y",
        "3": "%m%d%y",
        "101": "%y%m%d",
        "102": "%Y%m%d",
        "201": "%y%m%d%H%M",
        "202": "%y%m%d%H%M%S",
        "203": "%Y%m%d%H%M",
        "204": "%Y%m%d%H%M%S",
        "401": "%H%M",
        "402": "%H%M%S",
        "609": "%y%m",
        "610": "%Y%m",
        "711": "%Y%m%d",
        "713": "%y%m%d%H%M",
        "717": "%y%m%d",
        "718": "%Y%m%d",
    },
)
"""The element of dates, and how its value is written, by its format (element 2379). Periods are two of them in a row."""
X12_DATE, X12_DATES = (
    "1251",
    {
        "D6": "%y%m%d",
        "D8": "%Y%m%d",
        "DT": "%Y%m%d%H%M",
        "RD8": "%Y%m%d",
        "TM": "%H%M",
    },
)
"""The element of dates whose format is written before it (element 1250), and that format."""
SERVICE_DATE, SERVICE_TIME = "0017", "0019"
"""Date and time in the header of an interchange of EDIFACT."""


def readable(element: Element, text: str, decimal: str, format: str = "") -> str:
    """A date, a time or a number in readable form: `2026-01-31`, `1,473.60`; empty where it is read as it stands. `format` is
    what a neighbour says of how a date is written."""
    try:
        match element.kind:
            case "date":
                return _moment(text, "%Y%m%d" if len(text) == 8 else "%y%m%d")
            case "time":
                return _moment(text[:6], "%H%M%S" if len(text) >= 6 else "%H%M")
            case "implied" if element.decimals and re.fullmatch(r"-?\d+", text, re.ASCII):
                return f"{Decimal(text).scaleb(-element.decimals):,.{element.decimals}f}"
            case "number" if element.number not in (SERVICE_DATE, SERVICE_TIME):
                return _number(text.replace(decimal, "."))
        pattern = {SERVICE_DATE: "%Y%m%d" if len(text) == 8 else "%y%m%d", SERVICE_TIME: "%H%M"}.get(element.number, "")
        if element.number == EDIFACT_DATE:
            pattern = EDIFACT_DATES.get(format, "")
        elif element.number == X12_DATE:
            pattern = X12_DATES.get(format, "")
        return _period(text, pattern) if pattern else ""
    except ValueError:
        return ""


def _period(text: str, pattern: str) -> str:
    """One moment, or the two of a period."""
    half = len(text) // 2
    if len(datetime(2000, 10, 10, 10, 10, 10).strftime(pattern)) == half:  # noqa: DTZ001 - only its length counts
        return f"{_moment(text[:half], pattern)} to {_moment(text[-half:], pattern)}"
    return _moment(text, pattern)


def _moment(text: str, pattern: str) -> str:
    moment = datetime.strptime(text, pattern)  # noqa: DTZ007 - the file does not say its zone
    if moment.strftime(pattern) != text:
        return ""
    date = "%Y-%m-%d" if "%d" in pattern else "%Y-%m" if "%m" in pattern else ""
    time = "%H:%M:%S" if "%S" in pattern else "%H:%M" if "%H" in pattern else ""
    return moment.strftime(" ".join(part for part in (date, time) if part))


def _number(text: str) -> str:
    if not re.fullmatch(r"-?\d+(?:\.\d+)?", text, re.ASCII):
        return ""
    number = Decimal(text)
    return f"{number:,}" if abs(number) >= GROUPED_FROM else ""
