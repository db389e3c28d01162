"""An older state database was restored: nothing leaves until what was sent since is entered; then nothing is sent twice,
nothing is lost, and no control number is used again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import sqlalchemy as sa

from mlconnector_assets.errors import ConfigurationError, StateError
from mlconnector_assets.state import audit_check, deliveries, documents, journal
from mlconnector_assets.steps.baseline import set_baseline
from mlconnector_assets.steps.proof import prove_flow
from mlconnector_assets.steps.reconcile import reconcile
from mlconnector_assets.steps.resend import resend_document
from tests.state_databases import PostgresServer, postgres_server
from tests.steps.books import Books

__all__ = ["postgres_server"]


class Backups:
    """Copies of the state database of these books."""

    def __init__(self, books: Books, url: str | None) -> None:
        self.books, self.url = books, url

    def take(self) -> object:
        self.books.close()
        if self.url is None:
            home = self.books.root / ".mlconnector"
            return {path.name: path.read_bytes() for path in home.glob("state.db*")}
        engine = sa.create_engine(self.url.replace("postgresql://", "postgresql+psycopg://"))
        with engine.connect() as connection:
            metadata = sa.MetaData()
            metadata.reflect(connection)
            rows = {
                table.name: [dict(row) for row in connection.execute(table.select()).mappings()]
                for table in metadata.sorted_tables
            }
        engine.dispose()
        return rows

    def restore(self, backup: object) -> None:
        self.books.close()
        assert isinstance(backup, dict)
        if self.url is None:
            home = self.books.root / ".mlconnector"
            for path in home.glob("state.db*"):
                path.unlink()
            for name, content in backup.items():
                (home / name).write_bytes(content)
            return
        engine = sa.create_engine(self.url.replace("postgresql://", "postgresql+psycopg://"))
        with engine.begin() as connection:
            metadata = sa.MetaData()
            metadata.reflect(connection)
            connection.exec_driver_sql("alter table audit_log disable trigger all")
            for table in reversed(metadata.sorted_tables):
                connection.execute(table.delete())
            for table in metadata.sorted_tables:
                if backup[table.name]:
                    connection.execute(table.insert(), backup[table.name])
                if "id" in table.c and table.name != "audit_head":
                    highest = max((row["id"] for row in backup[table.name]), default=0)
                    sequence = f"pg_get_serial_sequence('{table.name}', 'id')"
                    connection.exec_driver_sql(f"select setval({sequence}, {max(highest, 1)}, {str(highest > 0).lower()})")
            connection.exec_driver_sql("alter table audit_log enable trigger all")
        engine.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Books, and backups of their state, on each engine."""
    if request.param == "sqlite":
        monkeypatch.delenv("MLCONNECTOR_STATE_URL", raising=False)
        made = Books(tmp_path / "project", monkeypatch)
        yield made, Backups(made, None)
        made.close()
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    url = server.new_state()
    monkeypatch.setenv("MLCONNECTOR_STATE_URL", url)
    made = Books(tmp_path / "project", monkeypatch)
    yield made, Backups(made, url)
    made.close()
    server.drop_database(url)


def test_after_a_restore_nothing_leaves_until_it_is_reconciled(place: tuple[Books, Backups]) -> None:
    books, backups = place
    books.put("1")
    books.cycle()
    books.put("on its way")
    books.render()
    backup = backups.take()
    books.deliver()
    books.put("2")
    books.cycle()
    books.put("3")
    books.render()
    books.configure(hold_above=1)
    books.later(minutes=1)
    for source_id in ("4", "5"):
        books.put(source_id)
    books.decide("dismissed", *books.cycle().holds)
    del books.partner.files["./outbound/inv_000003.csv"]
    before = books.files() | {"inv_000003.csv": "INV/2"}
    backups.restore(backup)

    for attempt in (books.render, books.deliver, lambda: set_baseline(books.workspace, "acme", "invoices", by="A", reason="b")):
        with pytest.raises(StateError, match="backup was restored") as error:
            attempt()
        assert "outbox reconcile" in error.value.mend
    books.partner.files["./outbound/strange.csv"] = b"x"
    seen = reconcile(books.workspace)
    with pytest.raises(StateError):
        books.deliver()
    done = reconcile(books.workspace, by="Ann", reason="disk failed")
    assert done == seen
    assert [name for _, name, _ in done.files] == ["acme: outbound/inv_000003.csv", "acme: outbound/inv_000004.csv"]
    assert (done.sent, done.kept_back, done.numbers) == (2, 2, {"acme.invoices": 4})
    assert done.arrived == ["acme: outbound/inv_000002.csv"]
    assert done.unknown == ["acme: outbound/strange.csv"]
    del books.partner.files["./outbound/strange.csv"]

    books.cycle()
    assert books.files() == {name: numbers for name, numbers in before.items() if name != "inv_000003.csv"}
    assert books.states() == {"1": "sent", "on its way": "sent", "2": "sent", "3": "sent", "4": "dismissed", "5": "dismissed"}
    books.later(minutes=1)
    books.put("6")
    books.put("2", payment_state="paid")
    books.put("1", total_amount="11.00")
    books.cycle()
    assert books.files()["inv_000005.csv"] == "INV/6"
    assert books.kinds() == ["changed"]
    assert prove_flow(books.workspace, "acme", "invoices").good
    with books.workspace.state.reading() as tx:
        assert audit_check.verify(tx, books.workspace.audit_folder) == []
        assert [entry.control_number for entry in deliveries.listing(tx)] == [5, 4, 3, 2, 1]
    with pytest.raises(ConfigurationError, match="nothing to reconcile"):
        reconcile(books.workspace)


def test_a_file_that_was_replayed_before_the_backup_is_still_to_be_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its first arrival, and what lies in the folder of it, tell nothing of the replay."""
    books = Books(tmp_path / "project", monkeypatch)
    backups = Backups(books, None)
    books.put("taken by mistake")
    books.cycle()
    books.later(minutes=1)
    books.put("spoilt there")
    books.cycle()
    books.later(minutes=1)
    with books.workspace.state.transaction() as tx:
        for delivery_id in (1, 2):
            deliveries.replay(tx, delivery_id, books.now)
    del books.partner.files["./outbound/inv_000001.csv"]
    backup = backups.take()
    books.later(minutes=1)
    books.put("3")
    books.render()
    backups.restore(backup)
    seen = reconcile(books.workspace, by="Ann", reason="disk failed")
    assert (seen.arrived, [fate for _, _, fate in seen.files]) == ([], ["queued: it never left"])
    with books.workspace.state.reading() as tx:
        assert [one.state for one in deliveries.listing(tx)] == ["queued", "queued", "queued"]
    books.cycle()
    assert list(books.files()) == ["inv_000001.csv", "inv_000002.csv", "inv_000003.csv"]
    backups.restore(backup)
    again = reconcile(books.workspace, by="Ann", reason="and once more")
    assert again.arrived == ["acme: outbound/inv_000001.csv", "acme: outbound/inv_000002.csv"]
    books.close()


def test_a_document_that_left_again_after_the_backup_counts_as_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    books = Books(tmp_path / "project", monkeypatch)
    backups = Backups(books, None)
    books.put("1")
    books.cycle()
    books.later(minutes=1)
    resend_document(books.workspace, "1", by="Ann", reason="they lost it")
    backup = backups.take()
    books.cycle()
    backups.restore(backup)
    reconcile(books.workspace, by="Ann", reason="disk failed")
    books.cycle()
    assert books.files() == {"inv_000001.csv": "INV/1", "inv_000002.csv": "INV/1"}
    assert prove_flow(books.workspace, "acme", "invoices").good
    with books.workspace.state.reading() as tx:
        assert documents.replaced(tx, "acme", "invoices", "outbound") == [(1, "1")]
    books.close()


def test_a_state_that_is_gone_is_noticed_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    books = Books(tmp_path / "project", monkeypatch)
    backups = Backups(books, None)
    empty = backups.take()
    books.put("1")
    books.cycle()
    backups.restore(empty)
    with pytest.raises(StateError, match="backup was restored"):
        books.render()
    reconcile(books.workspace, by="Ann", reason="lost")
    books.cycle()
    assert books.files() == {"inv_000001.csv": "INV/1"}
    books.close()


def test_a_database_that_went_on_after_the_restore_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A load chains entries of its own; the journal still knows another history."""
    from mlconnector_assets.state import audit

    books = Books(tmp_path / "project", monkeypatch)
    backups = Backups(books, None)
    books.put("1")
    books.cycle()
    backup = backups.take()
    books.put("2")
    books.cycle()
    backups.restore(backup)
    for number in range(3):
        with books.workspace.state.transaction() as tx:
            audit.decide(tx, books.workspace.audit_folder, audit.Decision("secret_set", f"secret {number}", "Ann", books.now))
    journal.catch_up(books.workspace.state, books.workspace.audit_folder)
    with pytest.raises(StateError, match="backup was restored"):
        books.render()
    reconcile(books.workspace, by="Ann", reason="lost")
    books.cycle()
    assert list(books.files().values()) == ["INV/1", "INV/2"]
    books.close()


def test_a_journal_lags_after_a_crash_and_catches_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    books = Books(tmp_path / "project", monkeypatch)
    books.put("1")
    books.cycle()
    path = books.workspace.audit_folder / journal.NAME
    shutil.copy(path, tmp_path / "older")
    books.put("2")
    books.cycle()
    path.write_bytes((tmp_path / "older").read_bytes() + b'{"entry": {"seq": 2, "kin')
    books.put("3")
    books.cycle()
    told = journal.read(books.workspace.audit_folder)
    assert [one.entry.seq for one in told.entries] == [1, 2, 3]
    assert sorted(told.arrived) == [1, 3]
    books.close()
