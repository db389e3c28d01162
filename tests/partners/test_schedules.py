from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from dagster._utils.schedules import is_valid_cron_string
from hypothesis import given
from hypothesis import strategies as st

from mlconnector_assets.partners.schedules import checked_cron, checked_time_zone, last_time

NUMBERS = st.integers(0, 62).map(str)
WORDS = st.sampled_from(["*", "jan", "MON", "sun", "dec", "l", ""])
ITEMS = st.one_of(
    NUMBERS,
    WORDS,
    st.builds("{}-{}".format, NUMBERS, NUMBERS),
    st.builds("{}-{}/{}".format, NUMBERS, NUMBERS, NUMBERS),
    st.builds("*/{}".format, NUMBERS),
)
FIELDS = st.lists(ITEMS, min_size=1, max_size=3).map(",".join)


@given(st.lists(FIELDS, min_size=4, max_size=6).map(" ".join))
def test_accepted_schedules_are_valid_for_dagster(text):
    try:
        accepted = checked_cron(text)
    except ValueError:
        return
    assert is_valid_cron_string(accepted)


@pytest.mark.parametrize(
    "text", ["0 6 * * mon-fri", "*/15 * * * *", "0 0 1,15 * *", "5 4 * jan-mar/2 7", "0 0 29 2 *", "0 0 31 */2 *"]
)
def test_good_schedule(text):
    assert checked_cron(f"  {text} ") == text
    assert is_valid_cron_string(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0 6 * *", "must have five fields"),
        ("@daily", "must have five fields"),
        ("60 6 * * *", "'60' is not a valid minute; allowed: 0 to 59"),
        ("0 24 * * *", "'24' is not a valid hour"),
        ("0 0 0 * *", "'0' is not a valid day of the month"),
        ("0 0 * 13 *", "'13' is not a valid month; allowed: 1 to 12, or jan to dec"),
        ("0 0 * * 8", "'8' is not a valid day of the week"),
        ("0 0 * * fri-mon", "'fri-mon' is not a valid day of the week"),
        ("5/10 * * * *", "'5/10' is not a valid minute"),
        ("*/0 * * * *", "is not a valid minute"),
        ("0,, * * * *", "is not a valid minute"),
        ("0 0 30 2 *", "names a day that never comes"),
        ("0 0 31 4,6 *", "names a day that never comes"),
    ],
)
def test_bad_schedule(text, message):
    with pytest.raises(ValueError, match=message):
        checked_cron(text)


def test_time_zones():
    assert checked_time_zone("Europe/Brussels") == "Europe/Brussels"
    with pytest.raises(ValueError, match="did you mean `Europe/Brussels`"):
        checked_time_zone("Europe/Brussel")


@pytest.mark.parametrize(
    ("schedule", "zone", "now", "last"),
    [
        ("0 6 * * *", "UTC", "2026-03-02T05:59", "2026-03-01T06:00"),
        ("0 6 * * *", "UTC", "2026-03-02T06:00", "2026-03-02T06:00"),
        ("30 */6 * * *", "UTC", "2026-03-02T17:00", "2026-03-02T12:30"),
        ("0 6 * * mon-fri", "UTC", "2026-03-01T12:00", "2026-02-27T06:00"),
        ("0 0 31 * *", "UTC", "2026-03-02T00:00", "2026-01-31T00:00"),
        ("0 0 1 * 7", "UTC", "2026-03-05T00:00", "2026-03-01T00:00"),
        ("0 23 * * *", "Asia/Tokyo", "2026-03-02T15:00", "2026-03-02T14:00"),
        ("30 1 * * *", "Europe/Brussels", "2026-03-29T00:29", "2026-03-28T00:30"),
        ("30 2 * * *", "Europe/Brussels", "2026-03-29T12:00", "2026-03-28T01:30"),
        ("30 2 * * *", "Europe/Brussels", "2026-10-25T12:00", "2026-10-25T00:30"),
    ],
)
def test_when_a_schedule_was_last_due(schedule, zone, now, last):
    at = last_time(schedule, ZoneInfo(zone), datetime.fromisoformat(now).replace(tzinfo=UTC))
    assert at == datetime.fromisoformat(last).replace(tzinfo=UTC)
