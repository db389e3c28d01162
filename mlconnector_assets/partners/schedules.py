"""Cron schedules and time zones of flows, checked when a file is loaded and not at midnight."""

from __future__ import annotations

import re
import zoneinfo
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

from mlconnector_assets.layouts.problems import did_you_mean

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_LONGEST_MONTH = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}


@dataclass(frozen=True)
class _Part:
    """One of the five fields: its name and the values it may have."""

    name: str
    first: int
    last: int
    words: tuple[str, ...] = ()

    def values(self, text: str) -> set[int]:
        found: set[int] = set()
        for item in text.lower().split(","):
            match = re.fullmatch(r"(\*|\w+)(?:-(\w+))?(?:/(\d+))?", item)
            if not match or (match[1] == "*" and match[2]) or (match[3] and match[1] != "*" and not match[2]):
                raise ValueError(self._wrong(item))
            low = self.first if match[1] == "*" else self._number(match[1])
            high = self.last if match[1] == "*" else self._number(match[2] or match[1])
            step = int(match[3] or 1)
            if low > high or not 1 <= step <= self.last:
                raise ValueError(self._wrong(item))
            found.update(range(low, high + 1, step))
        return found

    def _number(self, text: str) -> int:
        number = self.words.index(text) + self.first if text in self.words else int(text) if text.isdecimal() else -1
        if not self.first <= number <= self.last:
            raise ValueError(self._wrong(text))
        return number

    def _wrong(self, found: str) -> str:
        words = f", or {self.words[0]} to {self.words[-1]}" if self.words else ""
        return f"{found!r} is not a valid {self.name}; allowed: {self.first} to {self.last}{words}, as 5, 1-5, 1,15, * or */10"


_PARTS = (
    _Part("minute", 0, 59),
    _Part("hour", 0, 23),
    _Part("day of the month", 1, 31),
    _Part("month", 1, 12, _MONTHS),
    _Part("day of the week", 0, 7, _WEEKDAYS),
)


def checked_cron(text: str) -> str:
    """The schedule itself if it is valid, in five fields separated by one space.

    Raises
    ------
    ValueError: a field is wrong, or the day never comes (31 February).
    """
    fields = text.split()
    if len(fields) != len(_PARTS):
        raise ValueError(
            "must have five fields: minute, hour, day of the month, month, day of the week, such as `0 6 * * mon-fri`"
        )
    _, _, days, months, _ = _values(fields)
    if all(min(days) > _LONGEST_MONTH.get(month, 31) for month in months):
        raise ValueError("names a day that never comes")
    return " ".join(fields)


def last_time(text: str, zone: tzinfo, now: datetime) -> datetime | None:
    """The last instant (UTC) at or before `now` at which a checked schedule, in `zone`, was due; None if there was none
    in the last ten years. A wall-clock time that a change to summer time skips does not come on that day."""
    fields = text.split()
    minutes, hours, days, months, weekdays = _values(fields)
    weekdays = {day % 7 for day in weekdays}
    # as cron does: with both days given, one of them is enough
    either = fields[2] != "*" and fields[4] != "*"
    times = [time(hour, minute) for hour in sorted(hours, reverse=True) for minute in sorted(minutes, reverse=True)]
    today = now.astimezone(zone).date()
    for day in (today - timedelta(days=back) for back in range(3660)):
        right = (day.day in days, day.isoweekday() % 7 in weekdays)
        if day.month in months and (any(right) if either else all(right)):
            instants = (datetime.combine(day, at, zone).astimezone(UTC) for at in times)
            met = [at for at in instants if at <= now and at.astimezone(zone).date() == day and at.astimezone(zone).hour in hours]
            if met:
                return max(met)
    return None


def _values(fields: list[str]) -> list[set[int]]:
    return [part.values(field) for part, field in zip(_PARTS, fields, strict=True)]


def checked_time_zone(name: str) -> str:
    """The name itself if this computer knows the zone.

    Raises
    ------
    ValueError: it is no name of the IANA time zone database.
    """
    zones = zoneinfo.available_timezones()
    if name not in zones:
        raise ValueError(f"is no time zone; allowed are IANA names such as UTC or Europe/Brussels{did_you_mean(name, zones)}")
    return name
