from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlconnector_assets.partners.file_names import DEFAULT, checked_pattern, file_name


def test_default_name():
    assert file_name(checked_pattern(DEFAULT), "acme", "invoices", 7, date(2026, 1, 31)) == "acme_invoices_000007.csv"


def test_date_is_formatted():
    assert (
        file_name(checked_pattern("{date:%Y%m%d}-{control_number}.txt"), "acme", "bills", 12, date(2026, 1, 31))
        == "20260131-12.txt"
    )


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("invoices.csv", "must contain {control_number}"),
        ("{contol_number}.csv", "unknown placeholder {contol_number}; did you mean `control_number`"),
        ("{date.year}{control_number}.csv", "unknown placeholder {date.year}"),
        ("{}{control_number}.csv", "unknown placeholder {}"),
        ("{control_number", "is not a valid pattern"),
        ("{control_number:%Y}", "cannot be filled"),
        ("{control_number:9d}", "allowed are letters"),
        ("{control_number:.0e}", "same name for different control numbers"),
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


@given(st.text(max_size=20), st.integers(1, 999_999_999), st.integers(1, 999_999_999))
def test_accepted_patterns_make_safe_and_different_names(text, one, other):
    try:
        pattern = checked_pattern(text + "{control_number:06d}")
    except ValueError:
        return
    names = {file_name(pattern, "acme", "bills", number, date(2026, 1, 31)) for number in (one, other)}
    assert len(names) == len({one, other})
    assert all("/" not in name and not name.startswith(".") and name.isascii() for name in names)
