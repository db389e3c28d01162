from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlconnector_assets.partners.file_names import NameFacts, Unnameable, checked_pattern, default_pattern, file_name, safe_part

FACTS = NameFacts("acme", "bills", 7, 3, datetime(2026, 1, 31, 17, 5, 9, tzinfo=ZoneInfo("Europe/Brussels")), "INV/26/01", "nl")


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        (default_pattern("csv"), "acme_bills_000007.csv"),
        (default_pattern("xml"), "acme_bills_000007.xml"),
        (default_pattern("fixed"), "acme_bills_000007.txt"),
        ("{date:%Y%m%d}-{control_number}.txt", "20260131-7.txt"),
        ("{date}_{time}_{control_number}", "2026-01-31_170509_7"),
        ("{date:%y%m%d}{time:%H%M}.{sequence:03d}", "2601311705.003"),
        ("{company}_{number}.csv", "nl_INV-26-01.csv"),
    ],
)
def test_placeholders(pattern, name):
    assert file_name(checked_pattern(pattern), FACTS) == name


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("invoices.csv", "must contain {control_number}"),
        ("{date}{time}.csv", "must contain {control_number}"),
        ("{company}.csv", "must contain {control_number}"),
        ("{contol_number}.csv", "unknown placeholder {contol_number}; did you mean `control_number`"),
        ("{date.year}{control_number}.csv", "unknown placeholder {date.year}"),
        ("{}{control_number}.csv", "unknown placeholder {}"),
        ("{control_number", "is not a valid pattern"),
        ("{control_number:%Y}", "cannot be filled"),
        ("{control_number:9d}", "allowed are letters"),
        ("{control_number:.0e}", "same name for different control numbers"),
        ("{sequence}.csv", "same name on different days"),
        ("{date:%m%d}_{sequence}.csv", "same name on different days"),
        ("{date:%Y%-m%-d}{sequence}.csv", "same name on different days"),
        ("{time}_{sequence}.csv", "same name on different days"),
        ("{number:.3}.csv", "same name on different days"),
        ("{date:%H:%M}{control_number}.csv", "allowed are letters"),
        ("out/{control_number}.csv", "allowed are letters"),
        ("../{control_number}", "allowed are letters"),
        (".{control_number}", "allowed are letters"),
        ("{control_number} .csv", "allowed are letters"),
        ("{control_number}.csv.part", "ends in .part"),
        ("{control_number:0200d}", "allowed are letters"),
    ],
)
def test_bad_pattern(pattern, message):
    with pytest.raises(ValueError, match=message):
        checked_pattern(pattern)


@pytest.mark.parametrize(
    ("number", "message"),
    [(None, "has no number"), ("", "has no number"), ("//", "its number is '//'"), ("A" * 300, "304 characters")],
)
def test_a_number_that_makes_no_name(number, message):
    with pytest.raises(Unnameable, match=message):
        file_name("{number}.csv", replace(FACTS, number=number))


@pytest.mark.parametrize(("text", "part"), [("№ 7/é", "No-7-e"), ("..A_1=", "A_1"), ("Ångström – 1", "Angstrom-1")])
def test_a_number_as_part_of_a_name(text, part):
    assert safe_part(text, "number") == part


@given(st.text(min_size=1, max_size=60))
def test_whatever_a_number_is_its_name_is_safe(number):
    try:
        name = file_name("{number}.csv", replace(FACTS, number=number))
    except Unnameable:
        return
    assert name.isascii()
    assert name[0].isalnum()
    assert not {"/", "\\", " ", "\x00", "\n"} & set(name)


@given(st.text(max_size=20), st.integers(1, 999_999_999), st.integers(1, 999_999_999))
def test_accepted_patterns_make_safe_and_different_names(text, one, other):
    try:
        pattern = checked_pattern(text + "{control_number:06d}")
    except ValueError:
        return
    names = {file_name(pattern, replace(FACTS, control_number=number)) for number in (one, other)}
    assert len(names) == len({one, other})
    assert all("/" not in name and not name.startswith(".") and name.isascii() for name in names)


@given(st.datetimes(), st.datetimes(), st.integers(1, 10**6), st.integers(1, 10**6))
def test_a_number_within_the_day_tells_files_apart(one, other, first, second):
    pattern = checked_pattern("{date:%Y%m%d}_{sequence:02d}.csv")
    names = {
        file_name(pattern, replace(FACTS, at=at.replace(tzinfo=UTC), sequence=sequence))
        for at, sequence in ((one, first), (other, second))
    }
    assert len(names) == len({(one.date(), first), (other.date(), second)})
