"""Records that could not be mapped."""

from __future__ import annotations

from datetime import timedelta

from mlconnector_assets.state import set_aside
from mlconnector_assets.state.database import State
from mlconnector_assets.systems.source import SetAside
from tests.state.workers import NOON

HOUR = timedelta(hours=1)


def item(source_id: str, reason: str = "no currency") -> SetAside:
    return SetAside(source_id, "BE01", NOON, reason, '{"id": 7, "name": "Café"}')


def test_a_record_is_kept_with_its_reason_and_brought_up_to_date(state: State):
    with state.transaction() as tx:
        set_aside.put(tx, "odoo", "invoices", [item("7"), item("8")], NOON)
        set_aside.put(tx, "odoo", "invoices", [item("7", "no partner")], NOON + HOUR)
        set_aside.put(tx, "odoo", "vendors", [], NOON)
    with state.reading() as tx:
        seven, eight = sorted(set_aside.open_items(tx), key=lambda found: found.source_id)
        assert set_aside.open_items(tx, "odoo") == set_aside.open_items(tx)
        assert set_aside.open_items(tx, "xero") == []
    assert (seven.reason, seven.first_seen_at, seven.seen_at) == ("no partner", NOON, NOON + HOUR)
    assert (eight.reason, eight.seen_at, eight.company, eight.modified_at) == ("no currency", NOON, "BE01", NOON)
    assert seven.source_record == '{"id": 7, "name": "Café"}'


def test_a_record_that_was_mapped_is_resolved_and_may_come_back(state: State):
    with state.transaction() as tx:
        set_aside.put(tx, "odoo", "invoices", [item("7"), item("8")], NOON)
        set_aside.put(tx, "odoo", "vendors", [item("7")], NOON)
        assert set_aside.resolve(tx, "odoo", "invoices", [str(number) for number in range(8)], NOON + HOUR) == ["7"]
        assert {(found.record, found.source_id) for found in set_aside.open_items(tx)} == {("invoices", "8"), ("vendors", "7")}
        assert set_aside.resolve(tx, "odoo", "invoices", ["7"], NOON + HOUR) == []
        set_aside.put(tx, "odoo", "invoices", [item("7")], NOON + 2 * HOUR)
        (again,) = [found for found in set_aside.open_items(tx) if (found.record, found.source_id) == ("invoices", "7")]
        assert again.first_seen_at == NOON + 2 * HOUR
