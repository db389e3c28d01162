"""Values as people read them."""

from __future__ import annotations

import pytest

from mlconnector_assets.dictionaries import Element
from mlconnector_assets.formats.edi.values import readable
from mlconnector_assets.formats.edi.wording import shortened, visible


def element(kind: str, number: str = "1", decimals: int = 0) -> Element:
    return Element(number, "", kind, 1, 99, decimals)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("what", "text", "shown"),
    [
        (element("implied", decimals=2), "147360", "1,473.60"),
        (element("implied", decimals=2), "-5", "-0.05"),
        (element("implied", decimals=2), "000", "0.00"),
        (element("implied", decimals=2), "12.5", ""),
        (element("implied", decimals=2), "٣", ""),
        (element("implied"), "000000901", ""),
        (element("number"), "999.5", ""),
        (element("number"), "1234567.50", "1,234,567.50"),
        (element("number"), "-1000", "-1,000"),
        (element("number"), "1E9", ""),
        (element("number"), "NaN", ""),
        (element("date"), "20261128", "2026-11-28"),
        (element("date"), "261128", "2026-11-28"),
        (element("date"), "20261340", ""),
        (element("date"), "", ""),
        (element("time"), "0930", "09:30"),
        (element("time"), "093015", "09:30:15"),
        (element("time"), "09301577", "09:30:15"),
        (element("time"), "2560", ""),
        (element("number", "0017"), "261128", "2026-11-28"),
        (element("number", "0017"), "20261128", "2026-11-28"),
        (element("number", "0019"), "0930", "09:30"),
        (element("text"), "20261128", ""),
    ],
)
def test_a_value_is_readable(what: Element, text: str, shown: str) -> None:
    assert readable(what, text, ".") == shown


@pytest.mark.parametrize(
    ("number", "text", "format", "shown"),
    [
        ("2380", "20261128", "102", "2026-11-28"),
        ("2380", "202611280930", "203", "2026-11-28 09:30"),
        ("2380", "281126", "2", "2026-11-28"),
        ("2380", "2026112820261130", "718", "2026-11-28 to 2026-11-30"),
        ("2380", "202611", "610", "2026-11"),
        ("2380", "30", "804", ""),
        ("2380", "20261128", "203", ""),
        ("2380", "20261128", "", ""),
        ("1251", "20261128", "D8", "2026-11-28"),
        ("1251", "20261128-20261130", "RD8", "2026-11-28 to 2026-11-30"),
    ],
)
def test_a_date_is_written_as_its_neighbour_says(number: str, text: str, format: str, shown: str) -> None:
    assert readable(element("text", number), text, ".", format) == shown


def test_a_number_has_the_decimal_mark_of_its_interchange() -> None:
    assert readable(element("number"), "1234,5", ",") == "1,234.5"
    assert readable(element("number"), "1234.5", ",") == "1,234.5"


def test_nothing_shown_moves_the_screen() -> None:
    assert visible("a\x1b[31m\x07\u202eé ½\x85") == "a\\x1b[31m\\x07\\u202eé ½\\x85"
    assert shortened("x" * 61) == f"{'x' * 60}… (61 characters)"
