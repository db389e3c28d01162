"""Opening, migrating, transactions, and failures in our own words."""

from __future__ import annotations

import logging
import sqlite3
import subprocess
import sys
import traceback
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from mlconnector_assets.errors import StateError, StorageFull
from mlconnector_assets.state import control_numbers, database
from mlconnector_assets.state.database import State, make_engine, parse_url, stored_version
from mlconnector_assets.state.migrate import alembic_config
from mlconnector_assets.state.schema import CONTROL_NUMBERS, HEAD, LEASES_METADATA, METADATA, SECRETS, SET_ASIDE
from tests.state.workers import NOON, in_many, open_state
from tests.state_databases import PostgresServer

REVISIONS = [script.revision for script in ScriptDirectory.from_config(alembic_config()).walk_revisions()]
CANARY = "canary-4711-geheim"


def test_the_constant_is_the_only_head_of_the_migrations():
    assert ScriptDirectory.from_config(alembic_config()).get_heads() == [HEAD]


def test_migrations_and_schema_agree(state: State):
    expected = sa.MetaData()
    for metadata in (METADATA, LEASES_METADATA) if state.url.get_backend_name() == "postgresql" else (METADATA,):
        for table in metadata.tables.values():
            table.to_metadata(expected)
    with state.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, expected) == []
        inspector = sa.inspect(connection)
        for name, table in expected.tables.items():
            assert inspector.get_pk_constraint(name)["constrained_columns"] == list(table.primary_key.columns.keys())
            assert {column["name"]: column["nullable"] for column in inspector.get_columns(name)} == {
                column.name: column.nullable for column in table.columns
            }
            if state.url.get_backend_name() == "postgresql":
                assert inspector.get_pk_constraint(name)["name"] == table.primary_key.name


def test_ids_are_never_used_again(state: State):
    """SQLite gives the highest id again after a delete, unless the table says AUTOINCREMENT."""
    if state.url.get_backend_name() == "sqlite":
        with state.reading() as tx:
            tables = dict(tuple(row) for row in tx.exec_driver_sql("select name, sql from sqlite_master where type = 'table'"))
        assert all("AUTOINCREMENT" in tables[name] for name in ("reads", "deliveries"))


@pytest.mark.parametrize(
    ("empty_url", "revision"),
    [("sqlite", revision) for revision in REVISIONS]
    + [pytest.param("postgresql", revision, marks=pytest.mark.postgres) for revision in (REVISIONS[0], REVISIONS[-1])],
    indirect=["empty_url"],
)
def test_every_revision_upgrades_to_the_newest(empty_url: str, clock, revision: str):
    parsed = parse_url(empty_url)
    if parsed.get_backend_name() == "sqlite":
        Path(parsed.database).parent.mkdir()
    engine = make_engine(parsed, synchronous="FULL")
    with engine.begin() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()
    with State.open(empty_url, clock=clock) as state, state.transaction() as tx:
        assert stored_version(tx) == HEAD
        assert control_numbers.take(tx, "scope") == 1


def test_many_may_open_a_new_database_at_once(empty_url: str):
    assert in_many(open_state, [(empty_url,)] * 6) == [HEAD] * 6


def test_a_database_that_is_up_to_date_opens_without_alembic(url: str, clock):
    State.open(url, clock=clock).close()
    program = (
        "import sys; from mlconnector_assets.clock import system_clock; from mlconnector_assets.state.database import State; "
        "State.open(sys.argv[1], clock=system_clock).close(); "
        "print(sorted({'alembic', 'pyarrow', 'polars', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program, url], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_everything_is_kept_for_us_only(tmp_path: Path, clock):
    with State.open(f"sqlite:///{tmp_path}/home/state.db", clock=clock) as state, state.transaction() as tx:
        control_numbers.take(tx, "scope")
        state.leases.take("read odoo", "me", timedelta(minutes=1))
        assert (tmp_path / "home").stat().st_mode & 0o777 == 0o700
        assert {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "home").iterdir()} == dict.fromkeys(
            [f"{name}{end}" for name in ("state.db", "state-leases.db") for end in ("", "-wal", "-shm", ".lock")], 0o600
        )


def test_sqlite_is_as_durable_as_promised(tmp_path: Path, clock):
    with State.open(f"sqlite:///{tmp_path}/state.db", clock=clock) as state, state.transaction() as tx:
        assert tx.exec_driver_sql("pragma journal_mode").scalar() == "wal"
        assert tx.exec_driver_sql("pragma synchronous").scalar() == 2
        assert tx.exec_driver_sql("pragma busy_timeout").scalar() == 60_000


def test_a_failed_transaction_leaves_nothing(state: State):
    with pytest.raises(InterruptedError), state.transaction() as tx:
        assert control_numbers.take(tx, "scope", 7) == 1
        raise InterruptedError
    with state.transaction() as tx:
        assert control_numbers.take(tx, "scope") == 1


def test_reading_is_a_still_picture_and_cannot_write(state: State):
    with state.transaction() as tx:
        control_numbers.take(tx, "scope")
    newest = sa.select(CONTROL_NUMBERS.c.last)
    with state.reading() as tx:
        assert tx.execute(newest).scalar_one() == 1
        with state.transaction() as other:
            control_numbers.take(other, "scope")
        assert tx.execute(newest).scalar_one() == 1
    with pytest.raises(StateError), state.reading() as tx:
        control_numbers.take(tx, "scope")
    with state.transaction() as tx:
        assert control_numbers.take(tx, "scope") == 3


def test_nesting_is_a_defect_that_shows_at_once(state: State):
    with state.transaction(), pytest.raises(RuntimeError), state.transaction():
        pass
    with state.transaction() as tx:
        assert control_numbers.take(tx, "scope") == 1


def test_a_database_of_a_newer_version_is_refused_and_left_alone(url: str, clock):
    with State.open(url, clock=clock) as state, state.transaction() as tx:
        tx.exec_driver_sql("update alembic_version set version_num = 'r9999'")
    with pytest.raises(StateError, match="newer version") as caught:
        State.open(url, clock=clock)
    assert "r9999" in caught.value.what
    assert "install that newer version" in caught.value.mend
    engine = make_engine(parse_url(url), synchronous="FULL")
    with engine.connect() as tx:
        assert stored_version(tx) == "r9999"
    engine.dispose()


def test_a_database_of_something_else_is_refused_and_left_alone(empty_url: str, clock):
    parsed = parse_url(empty_url)
    if parsed.get_backend_name() == "sqlite":
        Path(parsed.database).parent.mkdir()
    engine = make_engine(parsed, synchronous="FULL")
    with engine.begin() as tx:
        tx.exec_driver_sql("create table theirs (id integer)")
    with pytest.raises(StateError, match="something else") as caught:
        State.open(empty_url, clock=clock)
    assert "theirs" in caught.value.what and caught.value.mend
    with engine.begin() as tx:
        assert sa.inspect(tx).get_table_names() == ["theirs"]
    engine.dispose()


@pytest.mark.parametrize(
    "content", [b"this is no database, only text of some length " * 200, b"SQLite format 3\0" + b"\xff" * 5000]
)
def test_a_file_that_is_not_a_database_is_refused_and_left_alone(tmp_path: Path, clock, content: bytes):
    path = tmp_path / "state.db"
    path.write_bytes(content)
    with pytest.raises(StateError) as caught:
        State.open(f"sqlite:///{path}", clock=clock)
    assert str(path) in caught.value.where and caught.value.mend
    assert path.read_bytes() == content


def test_a_folder_in_the_place_of_the_file(tmp_path: Path, clock):
    with pytest.raises(StateError, match="unable to open") as caught:
        State.open(f"sqlite:///{tmp_path}", clock=clock)
    assert "MLCONNECTOR_STATE_URL" in caught.value.mend


def test_a_folder_that_cannot_be_made(tmp_path: Path, clock):
    (tmp_path / "file").touch()
    with pytest.raises(StateError) as caught:
        State.open(f"sqlite:///{tmp_path}/file/state.db", clock=clock)
    assert "MLCONNECTOR_STATE_URL" in caught.value.mend


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "sqlite://",
        "sqlite:///:memory:",
        "mysql://u:canary-4711-geheim@h/d",
        "postgresql://u:canary-4711-geheim@h:x/d",
    ],
)
def test_a_url_that_names_no_usable_database(url: str, clock):
    with pytest.raises(StateError) as caught:
        State.open(url, clock=clock)
    assert "MLCONNECTOR_STATE_URL" in caught.value.mend
    assert CANARY not in whole_story(caught.value)


def test_a_full_disk_is_called_so_and_nothing_half_done_stays(tmp_path: Path, clock):
    with State.open(f"sqlite:///{tmp_path}/state.db", clock=clock) as state:
        with pytest.raises(StorageFull) as caught, state.transaction() as tx:
            tx.exec_driver_sql("pragma max_page_count = 1")
            tx.execute(sa.insert(CONTROL_NUMBERS), [{"scope": f"{number:0500d}", "last": 1} for number in range(2000)])
        assert "free some space" in caught.value.mend
        with state.reading() as tx:
            assert tx.execute(sa.select(sa.func.count()).select_from(CONTROL_NUMBERS)).scalar_one() == 0


@pytest.mark.postgres
def test_postgresql_that_refuses_or_does_not_answer(postgres_server: PostgresServer, clock):
    url = postgres_server.new_database()
    wrong = url.replace(postgres_server.password, CANARY)
    gone = url.replace(f":{postgres_server.port}/", ":1/")
    for broken, sign in ((wrong, "password authentication failed"), (gone, "refused"), (url + "_missing", "does not exist")):
        with pytest.raises(StateError, match=sign) as caught:
            State.open(broken, clock=clock)
        assert "127.0.0.1" in caught.value.where
        assert "MLCONNECTOR_STATE_URL" in caught.value.mend
        assert CANARY not in whole_story(caught.value)
        assert postgres_server.password not in whole_story(caught.value)


@pytest.mark.postgres
def test_postgresql_may_restart_its_connections(postgres_server: PostgresServer, clock):
    with State.open(postgres_server.new_state(), clock=clock) as state:
        with pytest.raises(StateError) as caught, state.transaction() as tx:
            tx.exec_driver_sql("select pg_terminate_backend(pg_backend_pid())")
        assert "again" in caught.value.mend
        with state.transaction() as tx:
            assert control_numbers.take(tx, "scope") == 1


def test_values_never_leave_with_an_error(state: State, caplog: pytest.LogCaptureFixture):
    """Drivers put parameters, and PostgreSQL whole rows, into their messages."""
    caplog.set_level(logging.INFO)
    row = {"connection": CANARY, "record": CANARY, "source_id": CANARY, "reason": None, "source_record": CANARY}
    row |= {"first_seen_at": NOON, "seen_at": NOON}
    for values in (row, row | {"seen_at": datetime(2026, 1, 1)}, row | {"reason": object()}):  # noqa: DTZ001
        with pytest.raises(StateError) as caught, state.transaction() as tx:
            tx.execute(sa.insert(SET_ASIDE).values(values))
        assert CANARY not in whole_story(caught.value)
    secret = {"name": "key", "version": 1, "kid": "k", "sealed": CANARY.encode(), "updated_at": NOON}
    with pytest.raises(StateError) as caught, state.transaction() as tx:
        tx.execute(sa.insert(SECRETS), [secret, secret])
    assert CANARY not in whole_story(caught.value)
    assert CANARY not in caplog.text


def test_our_own_errors_pass_through_a_transaction(state: State):
    with pytest.raises(StorageFull, match="ours"), state.transaction():
        raise StorageFull("ours")


def test_a_locked_database_names_the_mend(tmp_path: Path, clock, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(database, "BUSY_TIMEOUT", 0.05)
    with State.open(f"sqlite:///{tmp_path}/state.db", clock=clock) as state:
        other = sqlite3.connect(tmp_path / "state.db", isolation_level=None)
        other.execute("begin immediate")
        with pytest.raises(StateError, match="locked") as caught, state.transaction():
            pass
        other.close()
    assert "another process" in caught.value.mend


def whole_story(error: BaseException) -> str:
    """Everything that a log, a terminal or an event log would show of an error."""
    return f"{error!r} {error} {vars(error)} " + "".join(traceback.format_exception(error))
