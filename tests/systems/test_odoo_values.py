import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlconnector_assets.systems.odoo.values import (
    MappingError,
    amount,
    day_or_none,
    field_or_none,
    id_or_none,
    instant_or_none,
    parse,
    records_in,
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.lists(st.dictionaries(st.text(), json_values, max_size=4), max_size=5),
    st.sampled_from([None, 1]),
    st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", "\t: ")]),
    st.booleans(),
    st.booleans(),
)
def test_every_record_comes_with_its_exact_text(records, indent, separators, first, ascii_only):
    envelope = {"records": records, "length": 9} if first else {"length": 9, "records": records}
    text = json.dumps(envelope, indent=indent, separators=separators, ensure_ascii=ascii_only)
    found = list(records_in(text))
    assert [record for record, _ in found] == records
    assert all(json.loads(part) == record and part in text for record, part in found)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"length": 1}', '{"records": {}}', '{"records": [{}', '{"records": [1,', "nonsense", '"records"']
)
def test_anything_else_than_records_is_refused(text):
    with pytest.raises(ValueError):
        list(records_in(text))


def test_numbers_with_a_fraction_are_exact():
    assert parse("[0.1, 33.333, 1e-7, 3]") == [Decimal("0.1"), Decimal("33.333"), Decimal("1E-7"), 3]
    assert not any(isinstance(value, float) for value in parse("[0.1, 1e5, 3]"))


def test_false_is_null():
    assert [read(False) for read in (id_or_none, day_or_none, instant_or_none)] == [None] * 3
    assert field_or_none(False, "name") is None


def test_values():
    assert id_or_none({"id": 7}) == "7"
    assert field_or_none({"id": 7, "name": False}, "name") is None
    assert day_or_none("2026-11-21") == date(2026, 11, 21)
    assert instant_or_none("2026-11-21 05:43:35") == datetime(2026, 11, 21, 5, 43, 35, tzinfo=UTC)
    assert amount(3) == Decimal(3)


@pytest.mark.parametrize("value", [True, False, None, "3"])
def test_an_amount_is_a_number(value):
    with pytest.raises(MappingError):
        amount(value)
