"""Numbers, days and times of many components at once, from their bytes. Exact: whole numbers of 64 bits, and nothing is said of
what does not fit into one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mlconnector_assets.formats.edi.tokens import Flags, Indexes, Numbers, Tokens

Places = Indexes | Numbers
Whole = npt.NDArray[np.int64]
MOST_DIGITS, LONGEST, PACKED = 18, 40, 8
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


def are_numbers(tokens: Tokens, components: Places, marks: bytes) -> Flags:
    """Whether each is a number: perhaps a minus, digits, and perhaps one of the decimal `marks` with digits behind it."""
    starts = tokens.offsets[components]
    sizes = tokens.offsets[components + 1] - starts
    minus = tokens.data.take(starts, mode="clip") == ord("-")
    marked = np.zeros(len(starts), np.bool_)
    valid: Flags = (sizes > minus) & (sizes <= LONGEST)
    for place in range(min(int(sizes.max(initial=0)), LONGEST)):
        byte = tokens.data.take(starts + place, mode="clip")
        may = (byte - np.uint8(ord("0"))) <= 9
        if place == 0:
            may |= minus
        for mark in marks:
            marks_here = (byte == mark) & ~marked & (minus < place) & (sizes > place + 1)
            marked |= marks_here
            may |= marks_here
        valid &= may | (sizes <= place)
    return valid


def packed(tokens: Tokens, components: Places) -> npt.NDArray[np.uint64]:
    """Texts of at most eight bytes as numbers, as `pack_code` makes one; 0 where one is longer or empty."""
    starts = tokens.offsets[components]
    sizes = tokens.offsets[components + 1] - starts
    values = np.zeros(len(starts), np.uint64)
    for place in range(min(int(sizes.max(initial=0)), PACKED)):
        byte = tokens.data.take(starts + place, mode="clip").astype(np.uint64)
        values = np.where(sizes > place, values << np.uint64(8) | byte, values)
    values[sizes > PACKED] = 0
    return values


def pack_code(code: str) -> int:
    """A text of at most eight bytes as a number."""
    return int.from_bytes(code.encode(), "big")


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
