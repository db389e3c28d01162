"""Odoo's JSON values as Python values, and the exact text of each record of an answer.

`false` stands for null in every type but boolean, so the mappings write `value or None`; numbers with a fraction arrive
as Decimal, never as float. Types are not checked here: frames.py refuses what does not fit its column."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

Json = Any
"""Any JSON value."""

PRICE_DECIMALS, RATE_DECIMALS = Decimal("0.0000000001"), Decimal("0.000000000001")

Values = dict[str, Any]
"""A record or a nested record, as Odoo sent it."""

_DECODER = json.JSONDecoder(parse_float=Decimal)
_SPACE = " \t\r\n"


class MappingError(Exception):
    """A record cannot be put into canonical form; the message is the reason, for a person."""


def parse(text: str) -> Json:
    """The value of a JSON text, with Decimal for every number that has a fraction."""
    return _DECODER.decode(text)


def records_in(text: str) -> Iterator[tuple[Values, str]]:
    """The records of an answer of `web_search_read`, each with the exact text in which it was received.

    Raises ValueError when the text is not an object with a list `records`.
    """
    found = False
    at = _expect(text, 0, "{")
    while text[at := _skip(text, at)] != "}":
        name, at = _DECODER.raw_decode(text, at)
        at = _skip(text, _expect(text, at, ":"))
        if name == "records":
            found = True
            at = yield from _items(text, at)
        else:
            _, at = _DECODER.raw_decode(text, at)
        at = _after_comma(text, at)
    if not found:
        raise ValueError("no records")


def _items(text: str, at: int) -> Generator[tuple[Values, str], None, int]:
    at = _skip(text, _expect(text, at, "["))
    while text[at] != "]":
        value, end = _DECODER.raw_decode(text, at)
        yield value, text[at:end]
        at = _skip(text, _after_comma(text, end))
    return at + 1


def _after_comma(text: str, at: int) -> int:
    at = _skip(text, at)
    return at + 1 if text[at] == "," else at


def _skip(text: str, at: int) -> int:
    while text[at : at + 1] in _SPACE and at < len(text):
        at += 1
    if at >= len(text):
        raise ValueError("the text ends too early")
    return at


def _expect(text: str, at: int, character: str) -> int:
    at = _skip(text, at)
    if text[at] != character:
        raise ValueError(f"{character!r} expected at {at}")
    return at + 1


def id_or_none(record: Json) -> str | None:
    """The database id of a nested record, as text; None when there is no such record."""
    return str(record["id"]) if record else None


def field_or_none(record: Json, name: str) -> Json:
    """A field of a nested record; None when it is `false` or empty, or when there is no such record."""
    return (record[name] or None) if record else None


def day_or_none(value: Json) -> date | None:
    """A date; None for `false`."""
    return date.fromisoformat(value) if value else None


def instant_or_none(value: Json) -> datetime | None:
    """A datetime, which Odoo renders as naive UTC in whole seconds; None for `false`."""
    return datetime.fromisoformat(value).replace(tzinfo=UTC) if value else None


def amount(value: object) -> Decimal:
    """A number. A computed amount is never null in Odoo; anything else but a number is refused."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    raise MappingError(f"a number is due, and {value!r} was received")


def rounded(value: Decimal, step: Decimal) -> Decimal:
    """`value` to the decimals of `step`, half to even; only for prices, quantities and rates, never for money."""
    return value.quantize(step)
