"""File names of a flow: a pattern with placeholders, checked once, then filled for each file. No two files of a
flow may get the same name; what a pattern cannot promise, such as with document numbers, is refused when it happens."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from string import Formatter

from mlconnector_assets.layouts.problems import did_you_mean, listed

PLACEHOLDERS = ("partner", "flow", "control_number", "sequence", "date", "time", "number", "company")
STEM = "{partner}_{flow}_{control_number:06d}"
"""The pattern of a flow that names none; the ending of its format follows."""
EXTENSIONS = {"csv": ".csv", "xml": ".xml"}
"""How names end by default, by format."""
LONGEST = 200
"""Characters of a name; file systems stop at 255, and temporary names and endings are longer."""
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+=-]*")
# of a sample with short ids; real ids are longer
_LONGEST_SAMPLE = 120


@dataclass(frozen=True)
class NameFacts:
    """What a file's name may tell. `at` is when it is made, in the flow's time zone; `sequence` counts the flow's
    files of that day from 1; `number` and `company` are those of its documents, where it has only one of them."""

    partner: str
    flow: str
    control_number: int
    sequence: int
    at: datetime
    number: str | None = None
    company: str | None = None


class Unnameable(Exception):
    """A document whose number or company makes no file name; the text says why and what mends it."""


def default_pattern(file_format: str) -> str:
    """The pattern of a flow that names none."""
    return STEM + EXTENSIONS.get(file_format, ".txt")


def placeholders(pattern: str) -> set[str]:
    """The names in braces. Raises ValueError for a pattern that is none."""
    return {name for _, name, _, _ in Formatter().parse(pattern) if name is not None}


def checked_pattern(pattern: str) -> str:
    """The pattern itself if every name made from it is safe and no two files share one.

    Raises
    ------
    ValueError: a placeholder is unknown, nothing tells two files apart, or a name would not be safe.
    """
    try:
        names = placeholders(pattern)
    except ValueError as error:
        raise ValueError(f"is not a valid pattern ({error}); placeholders: {listed(PLACEHOLDERS)} in braces") from None
    for name in sorted(names - {*PLACEHOLDERS}):
        raise ValueError(
            f"has an unknown placeholder {{{name}}}{did_you_mean(name, PLACEHOLDERS)}; allowed: {listed(PLACEHOLDERS)}"
        )
    if not names & {"control_number", "sequence", "number"}:
        raise ValueError("must contain {control_number}, such as {control_number:06d}, so that no two files share a name")
    try:
        samples = [_filled(pattern, facts) for facts in (*_NUMBERED, *_DATED, *_NAMED)]
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"cannot be filled ({error}); formats such as {{control_number:06d}} and {{date:%Y%m%d}} are allowed"
        ) from None
    for sample in samples:
        if not _SAFE.fullmatch(sample) or len(sample) > _LONGEST_SAMPLE:
            raise ValueError(
                f"makes names such as {sample!r}; "
                f"allowed are letters, digits, `.`, `_`, `-`, `+` and `=`, at most {_LONGEST_SAMPLE}"
            )
        if sample.endswith(".part"):
            raise ValueError("ends in .part, the name of files that are still being sent")
    if not any(_all_differ(pattern, facts) for facts in (_NUMBERED, _DATED, _NAMED)):
        raise ValueError(
            "makes the same name for different control numbers"
            if "control_number" in names
            else "makes the same name on different days; with {sequence} write the whole date, such as {date:%Y%m%d}"
        )
    return pattern


def file_name(pattern: str, facts: NameFacts) -> str:
    """The pattern filled.

    Raises
    ------
    Unnameable: the number or company of the document is missing, has nothing that a name can hold, or is too long.
    """
    name = _filled(pattern, facts)
    if len(name) > LONGEST:
        raise Unnameable(f"its file would be named {name[:60]}…, {len(name)} characters; at most {LONGEST} are allowed")
    return name


def safe_part(text: str | None, what: str) -> str:
    """A text as part of a file name: accents are dropped, and what is left beside letters, digits, `.`, `_`, `+` and `=`
    becomes `-`: `INV/2026/0001` becomes `INV-2026-0001`. Raises Unnameable when no letter or digit is left."""
    plain = unicodedata.normalize("NFKD", text or "").encode("ascii", "ignore").decode()
    part = re.sub(r"[^A-Za-z0-9._+=-]+", "-", plain).strip("-._+=")
    if not part:
        found = f"its {what} is {text!r}" if text else f"it has no {what}"
        raise Unnameable(
            f"{found}, which makes no file name; give it one at the source, or use {{control_number}} in `file_name`"
        )
    return part


class _Time(datetime):
    """An instant that writes itself as the time of day."""

    def __format__(self, spec: str) -> str:
        return self.strftime(spec or "%H%M%S")


class _Date(datetime):
    """An instant that writes itself as its day."""

    def __format__(self, spec: str) -> str:
        return self.strftime(spec or "%Y-%m-%d")


def _filled(pattern: str, facts: NameFacts) -> str:
    used = placeholders(pattern)
    parts = {name: safe_part(getattr(facts, name), name) for name in ("number", "company") if name in used}
    return pattern.format(
        partner=facts.partner,
        flow=facts.flow,
        control_number=facts.control_number,
        sequence=facts.sequence,
        date=_Date.fromtimestamp(facts.at.timestamp(), facts.at.tzinfo),
        time=_Time.fromtimestamp(facts.at.timestamp(), facts.at.tzinfo),
        **parts,
    )


_SAMPLE = NameFacts("partner", "flow", 1, 1, datetime(2000, 1, 31, tzinfo=UTC), "INV-1", "nl")
_NUMBERED = [replace(_SAMPLE, control_number=number) for number in (1, 2, 999_999_998, 999_999_999)]
_DAYS = [(2000, 1, 11), (2000, 1, 12), (2000, 2, 11), (2000, 11, 1), (2001, 1, 11), (2011, 1, 11)]
_DATED = [
    replace(_SAMPLE, sequence=number, at=datetime(*day, tzinfo=UTC)) for day in _DAYS for number in (1, 2, 11, 12, 111, 99_999)
]
_NAMED = [replace(_SAMPLE, number=number) for number in ("INV-1", "INV-2", "1", "11")]


def _all_differ(pattern: str, several: Iterable[NameFacts]) -> bool:
    names = [_filled(pattern, facts) for facts in several]
    return len(set(names)) == len(names)
