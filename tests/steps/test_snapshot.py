"""Snapshot flows: what the partner has after its files is the current state; nothing leaves without a change."""

from __future__ import annotations

import csv
import io
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlconnector_assets.configuration import load_project
from mlconnector_assets.records import RECORDS
from mlconnector_assets.records.record import INSTANT
from mlconnector_assets.state import deliveries, documents, holds
from mlconnector_assets.state.holds import Decision, Hold
from mlconnector_assets.steps import snapshot, state_change
from mlconnector_assets.steps.flow_kinds import preview_flow, prove_flow, render_flow
from mlconnector_assets.steps.holding import decide
from mlconnector_assets.steps.render import RenderOutcome
from mlconnector_assets.steps.workspace import Workspace
from tests.configuration.projects import PARTNER, write_project
from tests.project import confirm_rules

VENDORS = RECORDS["vendors"]
FLOW = """\
mode: live
flows:
  vendors:
    connection: odoo
    record: vendors
    companies: all
    counterparties: all
    layout: {columns: [{name: id, value: source_id}, {name: name, required: true}, active]}
"""


@dataclass
class Feed:
    """A vendor feed of a project without network. `books` are the vendors at the source, id to (name, active); the store
    keeps also those that are gone."""

    workspace: Workspace
    now: datetime
    books: dict[str, tuple[str, bool]] = field(default_factory=dict)
    store: dict[str, tuple[str, bool]] = field(default_factory=dict)
    nothing_read: bool = False

    def run(self) -> RenderOutcome:
        self.now += timedelta(microseconds=1)
        return render_flow(self.workspace, "acme", "vendors")

    def held(self, message: str) -> Hold:
        """A run that sends nothing, because a person is asked."""
        outcome = self.run()
        assert outcome.deliveries == []
        (hold,) = outcome.holds
        assert re.search(message, hold.about), hold.about
        assert self.run().holds == []
        assert preview_flow(self.workspace, "acme", "vendors").held > 0
        assert self.proven()
        return hold

    def decide(self, hold: Hold, decision: Decision) -> None:
        self.now += timedelta(microseconds=1)
        decide(self.workspace, [hold.id], decision, by="ann", reason="asked them")

    def files(self) -> list[list[dict[str, str]]]:
        """The rows of every file, oldest first."""
        with self.workspace.state.reading() as tx:
            made = deliveries.listing(tx, limit=None)[::-1]
        return [list(csv.DictReader(io.StringIO(self.workspace.files.read(one.sha256).decode()))) for one in made]

    def proven(self) -> bool:
        return bool(prove_flow(self.workspace, "acme", "vendors").good)

    def blocked(self) -> dict[str, str]:
        with self.workspace.state.reading() as tx:
            return {row.source_id: row.reason or "" for row in documents.blocked(tx, "acme", "vendors")}

    def rows(self, *, gone_too: bool) -> pl.LazyFrame:
        self.store |= self.books
        made = [
            {"connection": "odoo", "source_id": key, "name": name, "active": active, "modified_at": self.now}
            for key, (name, active) in (self.store if gone_too else self.books).items()
        ]
        return pl.LazyFrame(made, schema=VENDORS.schema).with_columns(pl.lit(self.now, INSTANT).alias("read_at"))


@cache
def _empty_state() -> Path:
    """A migrated state database, made once."""
    folder = write_project(Path(tempfile.mkdtemp()))
    workspace = Workspace(load_project(folder))
    with workspace.state.reading():
        workspace.close()
    return folder / ".mlconnector"


def feed_in(folder: Path, patch: pytest.MonkeyPatch, *, confirmed: bool = True, **keys: Any) -> Feed:
    lines = "".join(f"    {key}: {value}\n" for key, value in keys.items())
    write_project(folder, acme=PARTNER.partition("flows:")[0] + FLOW + lines)
    if not (folder / ".mlconnector").exists():
        shutil.copytree(_empty_state(), folder / ".mlconnector")
    feed = Feed(Workspace(load_project(folder)), datetime(2026, 3, 2, 7, tzinfo=UTC))
    feed.workspace.clock = lambda: feed.now
    patch.setattr(state_change, "newest_rows", lambda *_: feed.rows(gone_too=False))
    patch.setattr(state_change, "stored_rows", lambda *_: feed.rows(gone_too=True))
    if confirmed:
        confirm_rules(feed.workspace)
    patch.setattr(snapshot.reads, "due", lambda *_: [] if feed.nothing_read else ["something"])
    patch.setattr(snapshot.reads, "consume", lambda *_: None)
    return feed


@pytest.fixture
def feed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Feed]:
    made = feed_in(tmp_path, monkeypatch)
    yield made
    made.workspace.close()


@pytest.fixture
def changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Feed]:
    made = feed_in(tmp_path, monkeypatch, snapshot="{send: changes}")
    yield made
    made.workspace.close()


def shown(*names: str, gone: tuple[str, ...] = ()) -> list[dict[str, str]]:
    return [{"id": name[0], "name": name, "active": "false" if name in gone else "true"} for name in names]


def test_a_full_snapshot_leaves_only_when_something_changed(feed: Feed) -> None:
    feed.books = {"a": ("a1", True), "b": ("b1", True), "x": ("x1", False)}
    assert feed.run().documents == 2
    assert feed.run().deliveries == []
    feed.books["b"] = ("b2", True)
    before = preview_flow(feed.workspace, "acme", "vendors")
    assert not feed.proven()
    (delivery,) = feed.run().deliveries
    assert (delivery.remote_name, feed.workspace.files.read(delivery.sha256)) == (before.file.name, before.file.content)
    del feed.books["a"]
    feed.run()
    feed.run()
    assert feed.files() == [shown("a1", "b1"), shown("a1", "b2"), shown("b2")]
    assert feed.proven()
    assert preview_flow(feed.workspace, "acme", "vendors").file.body.documents.is_empty()


def test_changes_tell_what_is_new_changed_and_gone(changes: Feed) -> None:
    changes.books = {"a": ("a1", True), "b": ("b1", True), "c": ("c1", True)}
    changes.run()
    changes.books |= {"b": ("b2", True), "c": ("c1", False), "d": ("d1", True)}
    changes.run()
    changes.run()
    assert changes.files() == [shown("a1", "b1", "c1"), shown("b2", "d1", "c1", gone=("c1",))]
    assert changes.proven()
    changes.books["c"] = ("c1", True)
    changes.run()
    assert changes.files()[2:] == [shown("c1")]


def test_changes_are_batched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    feed = feed_in(tmp_path, monkeypatch, snapshot="{send: changes}", documents_per_file=2, largest_file="40B")
    feed.books = {name: (name * 8, True) for name in "abcde"}
    feed.run()
    assert [len(rows) for rows in feed.files()] == [1, 1, 1, 1, 1]
    assert feed.proven()


def test_what_only_other_columns_show_is_no_change(feed: Feed) -> None:
    feed.books = {"a": ("a1", True)}
    feed.run()
    feed.now += timedelta(days=1)
    assert feed.run().deliveries == []


def test_a_small_or_empty_state_waits_for_a_person(feed: Feed) -> None:
    feed.books = {name: (f"{name}1", True) for name in "abcdef"}
    feed.run()
    feed.books = {name: (f"{name}1", True) for name in "ab"}
    hold = feed.held("2 rows, the partner has 6")
    assert len(feed.files()) == 1
    feed.decide(hold, "released")
    feed.run()
    assert feed.files()[1:] == [shown("a1", "b1")]
    feed.books |= {name: (f"{name}1", True) for name in "cdef"}
    feed.run()
    feed.books = {"a": ("a1", True)}
    feed.decide(feed.held("1 rows, the partner has 6"), "dismissed")
    assert (feed.run().deliveries, feed.run().holds) == ([], [])
    feed.books = {}
    assert feed.run().deliveries == []
    feed.books = {name: (f"{name}1", True) for name in "abcd"}
    feed.run()
    assert feed.files()[3:] == [shown("a1", "b1", "c1", "d1")]


def test_a_release_lets_nothing_smaller_pass(feed: Feed) -> None:
    feed.books = {name: (f"{name}1", True) for name in "abcdefgh"}
    feed.run()
    feed.books = {name: (f"{name}1", True) for name in "abc"}
    feed.decide(feed.held("3 rows, the partner has 8"), "released")
    feed.books = {name: (f"{name}1", True) for name in "ab"}
    feed.held("2 rows, the partner has 8")


def test_a_hold_whose_cause_went_away_is_withdrawn(feed: Feed) -> None:
    feed.books = {name: (f"{name}1", True) for name in "abcd"}
    feed.run()
    feed.books = {"a": ("a1", True)}
    hold = feed.held("1 rows, the partner has 4")
    feed.books = {name: (f"{name}1", True) for name in "abcd"}
    feed.run()
    with feed.workspace.state.reading() as tx:
        assert holds.find(tx, hold.id).state == "withdrawn"
    assert len(feed.files()) == 1


def test_the_first_file_and_other_rules_wait_for_a_person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    feed = feed_in(tmp_path, monkeypatch, confirmed=False)
    feed.books = {"a": ("a1", True), "b": ("b1", False)}
    feed.decide(feed.held("never sent anything"), "released")
    feed.run()
    assert feed.files() == [shown("a1")]
    feed.workspace.close()
    wider = feed_in(tmp_path, monkeypatch, confirmed=False, where="active or not active")
    wider.books, wider.now = feed.books, feed.now
    wider.decide(wider.held("rules were widened"), "released")
    wider.run()
    assert wider.files()[1:] == [[*shown("a1"), {"id": "b", "name": "b1", "active": "false"}]]


def test_a_blocked_row_stops_no_other_and_is_tried_again(changes: Feed) -> None:
    changes.books = {"a": ("a1", True), "b": ("", True)}
    assert list(changes.run().blocked) == ["b"]
    assert changes.files() == [shown("a1")]
    assert "`name` is required" in changes.blocked()["b"]
    assert changes.proven()
    changes.nothing_read = True
    changes.books["b"] = ("b1", True)
    changes.run()
    assert (changes.files()[1:], changes.blocked()) == ([shown("b1")], {})


def test_a_row_that_the_partner_has_never_leaves_a_whole_state_because_it_is_blocked(feed: Feed) -> None:
    feed.books = {"a": ("a1", True), "b": ("b1", True), "c": ("", True)}
    assert list(feed.run().blocked) == ["c"]
    assert feed.files() == [shown("a1", "b1")]
    assert feed.run().deliveries == []
    feed.books["b"] = ("", True)
    hold = feed.held("1 rows .b: column `name` is required")
    assert list(feed.blocked()) == ["b", "c"]
    feed.books["b"] = ("b2", True)
    feed.run()
    assert feed.files()[1:] == [shown("a1", "b2")]
    feed.books["b"] = ("", True)
    feed.decide(feed.held("1 rows .b"), "released")
    feed.run()
    assert feed.files()[2:] == [shown("a1")]
    with feed.workspace.state.reading() as tx:
        assert holds.find(tx, hold.id).state == "withdrawn"


def test_always_sends_once_at_each_time_of_the_schedule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    feed = feed_in(tmp_path, monkeypatch, snapshot="{always: true}", schedule="0 6 * * *", timezone="Europe/Brussels")
    feed.books = {"a": ("a1", True)}
    feed.now = datetime(2026, 3, 2, 4, 59, tzinfo=UTC)
    feed.run()
    feed.nothing_read = True
    made = []
    for minutes in (0, 0, 1, 600, 1, 24 * 60, 1):
        feed.now += timedelta(minutes=minutes)
        made.append(len(feed.run().deliveries))
    assert made == [0, 0, 1, 0, 0, 1, 0]


@settings(deadline=None, max_examples=15)
@given(
    st.lists(
        st.dictionaries(st.sampled_from("abcdef"), st.tuples(st.sampled_from(["n1", "n2", ""]), st.booleans()), max_size=6),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from(["changes", "full"]),
)
def test_what_the_partner_makes_of_the_files_is_the_current_state(
    tmp_path_factory: pytest.TempPathFactory, states: list[dict[str, tuple[str, bool]]], send: str
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        feed = feed_in(tmp_path_factory.mktemp("feed"), patch, snapshot=f"{{send: {send}, hold_below: 0}}")
        theirs: dict[str, str] = {}
        seen = 0
        for books in states:
            feed.books = books
            for hold in feed.run().holds:
                feed.decide(hold, "released")
                feed.run()
            for rows in feed.files()[seen:]:
                if send == "full":
                    theirs = {}
                for row in rows:
                    theirs[row["id"]] = row["name"]
                    if row["active"] == "false":
                        del theirs[row["id"]]
            seen = len(feed.files())
            ours = {key: name for key, (name, active) in books.items() if active and name}
            unrendered = {key for key, (name, _) in feed.store.items() if not name}
            if ours or send == "changes":
                assert {key: name for key, name in theirs.items() if key not in unrendered} == ours
        feed.workspace.close()
