from datetime import date, timedelta

import pytest
from pydantic import TypeAdapter, ValidationError

from mlconnector_assets.partners.fields import Day, Duration, Identifier, NamesOrAll, SecretName, duration_text


def read(kind, value):
    return TypeAdapter(kind).validate_python(value)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Duration, "90s", timedelta(seconds=90)),
        (Duration, "1h30m", timedelta(minutes=90)),
        (Duration, "1d 2h", timedelta(hours=26)),
        (Day, "2026-01-31", date(2026, 1, 31)),
        (NamesOrAll, "all", "all"),
        (NamesOrAll, ["nl", "be"], ("nl", "be")),
        (Identifier, "odoo_nl2", "odoo_nl2"),
        (SecretName, "odoo-api-key", "odoo-api-key"),
        (SecretName, "sandbox-acme-private-key-2026", "sandbox-acme-private-key-2026"),
    ],
)
def test_good_value(kind, text, value):
    assert read(kind, text) == value


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        (Duration, "2", "must be a duration such as 90s"),
        (Duration, "", "must be a duration"),
        (Duration, "m", "must be a duration"),
        (Day, "20260131", "must be a day that exists"),
        (Day, "2026-02-30", "must be a day that exists"),
        (Day, "31-01-2026", "must be a day that exists"),
        (NamesOrAll, "nl", "must be a list with at least one entry, or the word `all`"),
        (NamesOrAll, [], "must be a list"),
        (NamesOrAll, ["nl", ""], "must be a list"),
        (NamesOrAll, ["nl", "nl"], "names an entry twice"),
        (NamesOrAll, None, "must be a list"),
        (Identifier, "Odoo", "must be lower-case letters"),
        (Identifier, "2odoo", "must be lower-case letters"),
        (Identifier, "odoo-nl", "must be lower-case letters"),
        (Identifier, "o" * 61, "at most 60"),
    ],
)
def test_bad_value(kind, value, message):
    with pytest.raises(ValidationError, match=message):
        read(kind, value)


@pytest.mark.parametrize(
    "value",
    [
        "5aeb47cf1bda9aab0dbd4bbd4d8b2ab4f6ffa0d8",
        "aeb47cf1bda9aab0dbd4bbd4d8b2ab4f6ffa0d8f",
        "Hunter2",
        "p@ss",
        "correct horse",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nabc",
        "",
        12345,
        None,
        ["a"],
        "a" * 65,
    ],
)
def test_what_is_no_name_of_a_secret_is_refused(value):
    with pytest.raises(ValidationError, match=r"this must be the NAME of a secret.*mlconnector secrets set NAME"):
        read(SecretName, value)


@pytest.mark.parametrize("text", ["0s", "90s", "15m", "2h", "1h30m", "1d", "1d2h3m4s"])
def test_a_duration_is_written_as_it_is_read(text):
    assert read(Duration, duration_text(read(Duration, text))) == read(Duration, text)


def test_a_duration_is_written_in_the_largest_units():
    assert duration_text(timedelta(minutes=90)) == "1h30m"
