"""Types of single values in connections.yaml and partner files. A YAML scalar arrives as the text that was
written; the type decides what it means, and its error says what is allowed. No message holds the value of
a secret."""

from __future__ import annotations

import re
from datetime import date, time, timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, PlainValidator, StringConstraints, WithJsonSchema

_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_DURATION = re.compile(r"(?:(\d{1,4})d)?(?:(\d{1,5})h)?(?:(\d{1,6})m)?(?:(\d{1,7})s)?")
_SECRET_NAME = re.compile(r"[a-z][a-z0-9-]*")
_LONGEST_SECRET_NAME = 64


def checked_identifier(value: str) -> str:
    """The value itself if it can be part of asset names and file names; else a ValueError that says why."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", value) or len(value) > 60:
        raise ValueError("must be lower-case letters, digits and `_`, begin with a letter and have at most 60 characters")
    return value


def _secret_name(value: object) -> str:
    # an unbroken run of letters and digits as long as an API key is the key itself, not its name
    looks_like_a_key = isinstance(value, str) and len(value) >= 20 and "-" not in value and re.search(r"\d", value)
    named = isinstance(value, str) and len(value) <= _LONGEST_SECRET_NAME and _SECRET_NAME.fullmatch(value)
    if not named or looks_like_a_key:
        raise ValueError(
            "this must be the NAME of a secret (lower-case letters, digits and `-`, such as odoo-api-key); "
            "store the value with `mlconnector secrets set NAME`"
        )
    return str(value)


def _duration(value: object) -> object:
    if isinstance(value, timedelta):
        return value
    match = _DURATION.fullmatch(str(value).replace(" ", ""))
    if not match or not any(match.groups()):
        raise ValueError("must be a duration such as 90s, 15m, 2h, 1h30m or 1d")
    return timedelta(**{unit: int(amount) for unit, amount in zip(_UNITS.values(), match.groups(), strict=True) if amount})


def duration_text(value: timedelta) -> str:
    """A duration as it is written in YAML: `1h30m`. Whole seconds."""
    rest, parts = int(value.total_seconds()), ""
    for letter, seconds in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        amount, rest = divmod(rest, seconds)
        parts += f"{amount}{letter}" if amount else ""
    return parts or "0s"


_SIZE_UNITS = {"B": 1, "KB": 1_000, "MB": 1_000_000, "GB": 1_000_000_000, "KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30}


def _size(value: object) -> object:
    if isinstance(value, int):
        return value
    match = re.fullmatch(r"(\d{1,12})([KMG]?I?B)", str(value).replace(" ", "").upper())
    if not match or match[2] not in _SIZE_UNITS:
        raise ValueError("must be a size such as 500KB, 5MB (5,000,000 bytes) or 5MiB (5,242,880 bytes)")
    return int(match[1]) * _SIZE_UNITS[match[2]]


def _time_of_day(value: object) -> object:
    if isinstance(value, time):
        return value
    match = re.fullmatch(r"(\d{2}):(\d{2})", str(value))
    if not match or int(match[1]) > 23 or int(match[2]) > 59:
        raise ValueError("must be a time of day from 00:00 to 23:59, such as 17:00")
    return time(int(match[1]), int(match[2]))


def _day(value: object) -> object:
    if isinstance(value, date):
        return value
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", str(value)):
            return date.fromisoformat(str(value))
    except ValueError:
        pass
    raise ValueError("must be a day that exists, such as 2026-01-31")


def _names_or_all(value: object) -> tuple[str, ...] | Literal["all"]:
    if value == "all":
        return "all"
    names = value if isinstance(value, list | tuple) else []
    if not names or not all(isinstance(name, str) and name.strip() for name in names):
        raise ValueError("must be a list with at least one entry, or the word `all`")
    if len(set(names)) < len(names):
        raise ValueError("names an entry twice")
    return tuple(names)


Identifier = Annotated[str, AfterValidator(checked_identifier)]
"""An id that becomes part of asset names and file names."""
SecretName = Annotated[
    str, PlainValidator(_secret_name), WithJsonSchema({"type": "string", "pattern": f"^{_SECRET_NAME.pattern}$"})
]
"""The name of a secret in the vault; never its value."""
Duration = Annotated[
    timedelta, BeforeValidator(_duration), WithJsonSchema({"type": "string", "examples": ["90s", "15m", "2h", "1h30m", "1d"]})
]
Size = Annotated[int, BeforeValidator(_size), WithJsonSchema({"type": "string", "examples": ["500KB", "5MB", "5MiB"]})]
"""A number of bytes."""
TimeOfDay = Annotated[
    time, BeforeValidator(_time_of_day), WithJsonSchema({"type": "string", "pattern": r"^\d{2}:\d{2}$", "examples": ["17:00"]})
]
"""A wall-clock time, to the minute."""
Day = Annotated[date, BeforeValidator(_day)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]
NamesOrAll = Annotated[
    tuple[str, ...] | Literal["all"],
    PlainValidator(_names_or_all),
    WithJsonSchema({"anyOf": [{"const": "all"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}),
]
"""An explicit list, or the word `all`: nothing is sent because a key was forgotten."""
