"""File names of a flow: a pattern with placeholders, checked once, then filled for each file."""

from __future__ import annotations

import re
from datetime import date
from string import Formatter

from mlconnector_assets.layouts.problems import did_you_mean, listed

PLACEHOLDERS = ("partner", "flow", "control_number", "date")
DEFAULT = "{partner}_{flow}_{control_number:06d}.csv"
_SAMPLES = (1, 2, 999_999_998, 999_999_999)
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+=-]*")
# of a sample with short ids; real ids are longer, and file systems stop at 255
_LONGEST = 120


def checked_pattern(pattern: str) -> str:
    """The pattern itself if every name made from it is safe and no two files share one.

    Raises
    ------
    ValueError: a placeholder is unknown, {control_number} is missing, or a name would not be safe.
    """
    try:
        names = [name for _, name, _, _ in Formatter().parse(pattern) if name is not None]
    except ValueError as error:
        raise ValueError(f"is not a valid pattern ({error}); placeholders: {listed(PLACEHOLDERS)} in braces") from None
    for name in names:
        if name not in PLACEHOLDERS:
            raise ValueError(
                f"has an unknown placeholder {{{name}}}{did_you_mean(name, PLACEHOLDERS)}; allowed: {listed(PLACEHOLDERS)}"
            )
    if "control_number" not in names:
        raise ValueError("must contain {control_number}, such as {control_number:06d}, so that no two files share a name")
    try:
        samples = [file_name(pattern, "partner", "flow", number, date(2000, 1, 31)) for number in _SAMPLES]
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"cannot be filled ({error}); formats such as {{control_number:06d}} and {{date:%Y%m%d}} are allowed"
        ) from None
    for sample in samples:
        if not _SAFE.fullmatch(sample) or len(sample) > _LONGEST:
            raise ValueError(
                f"makes names such as {sample!r}; allowed are letters, digits, `.`, `_`, `-`, `+` and `=`, at most {_LONGEST}"
            )
        if sample.endswith(".part"):
            raise ValueError("ends in .part, the name of files that are still being sent")
    if len(set(samples)) < len(samples):
        raise ValueError("makes the same name for different control numbers")
    return pattern


def file_name(pattern: str, partner: str, flow: str, control_number: int, day: date) -> str:
    """The pattern filled; `day` is the UTC day on which the file is made."""
    return pattern.format(partner=partner, flow=flow, control_number=control_number, date=day)
