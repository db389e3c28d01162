"""A person says that the partner has a file of which nobody knew whether it arrived."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from mlconnector_assets.errors import ConfigurationError, ConnectorError, LeaseHeld
from mlconnector_assets.state import audit, audit_search, deliveries
from mlconnector_assets.steps.conditions import Situation, conditions_now
from mlconnector_assets.steps.reconcile import reconcile
from mlconnector_assets.steps.settle import settle_deliveries
from tests.steps.books import Books, books
from tests.steps.test_reconcile import Backups

__all__ = ["books"]

SAID = {"by": "Ann", "reason": "ACME has booked it"}


def lose_sight_of(books: Books, delivery_id: int) -> None:
    """The line was cut while the file got its name, and it is not in the folder."""
    with books.workspace.state.transaction() as tx:
        deliveries.replay(tx, delivery_id, books.now)
        (claimed,) = deliveries.claim(tx, "acme", "me", books.now, timedelta(minutes=1), files=1)
        deliveries.uncertain(tx, claimed, "an earlier attempt was cut off")
    books.partner.files.pop(f"./outbound/{claimed.remote_name}", None)


def alerts(books: Books) -> set[str]:
    with books.workspace.state.reading() as tx:
        return {one.kind for one in conditions_now(Situation(tx, books.workspace.project, books.now, 1.0))}


def row(books: Books, delivery_id: int) -> deliveries.Delivery:
    with books.workspace.state.reading() as tx:
        return deliveries.find(tx, delivery_id)


def test_a_settled_file_is_not_sent_again_and_its_alert_ends(books: Books) -> None:
    books.put("1")
    books.put("2")
    books.cycle()
    lose_sight_of(books, 1)
    assert alerts(books) == {"delivery_failed"}
    (done,) = settle_deliveries(books.workspace, [1], **SAID)
    assert (done.before, done.delivery.state, done.delivery.how, done.delivery.delivered_at) == (
        False,
        "delivered",
        "confirmed",
        books.now,
    )
    assert alerts(books) == set()
    books.cycle()
    assert books.files() == {}
    with books.workspace.state.reading() as tx:
        chain = audit.entries(tx, kind="decision", reference="delivery 1")
        told = audit_search.scan(books.workspace.audit_folder, chain).collect()
    columns = ["status", "actor", "reason", "partner", "flow", "record", "source_id", "number"]
    same = ("file_settled", "Ann", "ACME has booked it", "acme", "invoices", "invoices")
    assert told.select(columns).rows() == [(*same, "1", "INV/1"), (*same, "2", "INV/2")]
    (again,) = settle_deliveries(books.workspace, [1], **SAID)
    assert again.before
    with books.workspace.state.transaction() as tx:
        deliveries.replay(tx, 1, books.now)
    books.cycle()
    assert books.files() == {"inv_000001.csv": "INV/1 INV/2"}


def test_what_cannot_be_settled_stops_the_others_too(books: Books) -> None:
    books.put("1")
    books.cycle()
    lose_sight_of(books, 1)
    books.put("2")
    books.render()
    with pytest.raises(ConnectorError, match=r"inv_000002\.csv\) was never tried"):
        settle_deliveries(books.workspace, [1, 2], **SAID)
    assert row(books, 1).state == "uncertain"
    with pytest.raises(ConnectorError, match="no delivery 9"):
        settle_deliveries(books.workspace, [9], **SAID)
    with pytest.raises(ConfigurationError, match="needs who made it and a reason"):
        settle_deliveries(books.workspace, [1], by="Ann", reason=" ")
    with books.workspace.state.transaction() as tx:
        deliveries.claim(tx, "acme", "somebody", books.now, timedelta(minutes=1), files=1)
    with pytest.raises(LeaseHeld, match="being sent right now"):
        settle_deliveries(books.workspace, [2], **SAID)


def test_a_settled_file_stays_so_after_an_older_state_was_restored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    books = Books(tmp_path / "project", monkeypatch)
    backups = Backups(books, None)
    books.put("1")
    books.cycle()
    lose_sight_of(books, 1)
    backup = backups.take()
    books.later(minutes=5)
    settle_deliveries(books.workspace, [1], **SAID)
    backups.restore(backup)
    found = reconcile(books.workspace, by="Ann", reason="disk failed")
    assert found.arrived == ["acme: outbound/inv_000001.csv"]
    assert (row(books, 1).state, row(books, 1).how) == ("delivered", "confirmed")
    books.later(minutes=5)
    lose_sight_of(books, 1)
    backup = backups.take()
    books.put("2")
    books.cycle()
    backups.restore(backup)
    assert reconcile(books.workspace, by="Ann", reason="disk failed").arrived == [], "what arrived before proves nothing"
    assert row(books, 1).state == "uncertain"
    books.close()
