"""Numbers, days and times of many components at once, from their bytes. Exact: whole numbers of 64 bits, and nothing is said of
what does not fit into one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mlconnector_assets.formats.edi.tokens import Flags, Indexes, Numbers, Tokens

Places = Indexes | Numbers
Whole = npt.NDArray[np.int64]
MOST_DIGITS = 18
_POWERS = 10 ** np.arange(MOST_DIGITS + 1, dtype=np.int64)
_DAYS = np.array([0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, *[0] * 87], np.int64)


def scaled(tokens: Tokens, components: Places, scale: int, marks: bytes) -> tuple[Whole, Flags]:
    """Valid numbers times ten to the power of `scale`, and whether each is known: it is there, and has neither more decimals
    nor more digits than that. `marks` are the decimal marks."""
    starts = tokens.offsets[components]
    sizes = tokens.offsets[components + 1] - starts
    values = np.zeros(len(starts), np.int64)
    decimals = np.zeros(len(starts), np.int64)
    marked = np.zeros(len(starts), np.bool_)
    known = (sizes > 0) & (sizes <= MOST_DIGITS)
    sizes = np.where(known, sizes, 0)
    for place in range(int(sizes.max(initial=0))):
        there = sizes > place
        byte = tokens.data.take(starts + place, mode="clip")
        digit = byte - np.uint8(ord("0"))
        counts = there & (digit <= 9)
        values = np.where(counts, values * 10 + digit, values)
        decimals += counts & marked
        for mark in marks:
            marked |= there & (byte == mark)
    known &= (decimals <= scale) & (sizes - decimals + scale <= MOST_DIGITS)
    values *= _POWERS.take(scale - decimals, mode="clip")
    negative = tokens.data.take(starts, mode="clip") == ord("-")
    return np.where(known, np.where(negative, -values, values), 0), known


def digits(tokens: Tokens, components: Places, first: int, count: int) -> Whole:
    """So many digits of components that have them there."""
    starts = tokens.offsets[components] + first
    values = np.zeros(len(starts), np.int64)
    for place in range(count):
        values = values * 10 + (tokens.data.take(starts + place) - np.uint8(ord("0")))
    return values


def are_days(tokens: Tokens, components: Places, first: int, size: int) -> Flags:
    """Whether digits are a day: eight (yyyymmdd) or six (yymmdd, of the years 1969 to 2068)."""
    year = digits(tokens, components, first, size - 4)
    month, day = (digits(tokens, components, first + size - 4 + place, 2) for place in (0, 2))
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0) | (size == 6))
    valid: Flags = (day >= 1) & (day <= _DAYS[month] - ((month == 2) & ~leap)) & ((year > 0) | (size == 6))
    return valid


def are_times(tokens: Tokens, components: Places, first: int, size: int) -> Flags:
    """Whether digits are a time of day: hhmm, hhmmss, or with tenths or hundredths of a second."""
    hour, minute = (digits(tokens, components, first + place, 2) for place in (0, 2))
    valid: Flags = (hour < 24) & (minute < 60)
    if size == 5:
        valid[:] = False
    elif size >= 6:
        valid &= digits(tokens, components, first + 4, 2) < 60
    return valid
