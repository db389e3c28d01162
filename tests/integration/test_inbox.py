"""Taking what a partner sent, from a real OpenSSH server."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlconnector_assets.errors import AccessDenied, StorageFull, Unavailable
from mlconnector_assets.exchange.parsers import Refused, Taken
from mlconnector_assets.exchange.sftp import SftpSession
from mlconnector_assets.state import inbox as books
from mlconnector_assets.state.database import State
from mlconnector_assets.store.files import Incoming
from tests.exchange.inbox_world import InboxWorld, spec
from tests.sshd import Sshd, StartSshd
from tests.state_databases import new_sqlite_state
from tests.tcp_proxy import TcpProxy

pytestmark = pytest.mark.sshd


def names_in(folder: Path) -> set[bytes]:
    return {os.fsencode(path.name) for path in folder.iterdir()}


def tail(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:8]


@pytest.fixture
def inbox(tmp_path: Path, sshd: Sshd) -> Iterator[InboxWorld]:
    world: InboxWorld
    with State.open(new_sqlite_state(tmp_path / "state.db"), clock=lambda: world.now) as state:
        world = InboxWorld(tmp_path, sshd.root / tmp_path.name, state, lambda: SftpSession.connect(sshd.settings()))
        yield world


@pytest.fixture
def session(inbox: InboxWorld) -> Iterator[SftpSession]:
    with inbox.connect() as opened:
        yield opened


def test_a_file_is_taken_once_it_is_stable(inbox: InboxWorld, session: SftpSession) -> None:
    path = inbox.put("GL_1.csv", b"first half")
    assert inbox.run(session, stable_for="1m").received == []
    inbox.later(seconds=59)
    inbox.run(session, stable_for="1m")
    inbox.put("GL_1.csv", b"first half, second half")
    inbox.later(seconds=1)
    inbox.run(session, stable_for="1m")
    assert inbox.states() == {"inbound/GL_1.csv": "seen"}
    inbox.later(minutes=1)
    (taken,) = inbox.run(session, stable_for="1m").received
    assert not path.exists()
    assert inbox.kept(taken) == b"first half, second half"
    assert inbox.there() == {f"processed/GL_1.csv.{tail(b'first half, second half')}": b"first half, second half"}
    assert inbox.run(session).received == []


def test_many_files_come_over_several_channels(inbox: InboxWorld, session: SftpSession) -> None:
    sent = {f"inbound/{number}.csv": os.urandom(number * 997) for number in range(150)}
    for path, content in sent.items():
        inbox.put(path.rpartition("/")[2], content)
    collector = inbox.collector(spec(), channels=3)
    assert len(collector.collect(session).received) == 150
    assert {row.path: inbox.kept(row) for row in inbox.rows()} == sent
    collector.hand_over()
    collector.file_away(session)
    assert sorted(inbox.there().values()) == sorted(sent.values())
    assert inbox.there("inbound", "processing", "error") == {}


def test_what_is_not_for_us_stays(inbox: InboxWorld, session: SftpSession) -> None:
    for name in (".hidden.csv", "a.csv.part", "b.TMP", "c.csv.filepart", "d.uploading", "readme.txt"):
        inbox.put(name)
    (inbox.remote / "inbound" / "folder.csv").mkdir()
    (inbox.remote / "inbound" / "link.csv").symlink_to("/etc/passwd")
    (inbox.remote / "inbound" / os.fsdecode(b"caf\xe9.csv")).write_bytes(b"x")
    inbox.put("line\nbreak.csv")
    inbox.put("back\\slash.csv")
    inbox.put("n" * 240 + ".csv")
    inbox.put("large.csv", b"x" * 2000)
    inbox.put("-rf *.csv", b"fine")
    before = names_in(inbox.remote / "inbound")
    kinds = {"files": {"gl": {"pattern": "*.csv"}}, "largest_file": "1KB"}
    outcome = inbox.run(session, **kinds)
    assert [row.path for row in outcome.received] == ["inbound/-rf *.csv"]
    assert outcome.unmatched == ["inbound/readme.txt"]
    reasons = {told.path: told.reason or "" for told in outcome.untouched}
    assert "not UTF-8" in reasons["inbound/caf\\xe9.csv"]
    assert "'\\n'" in reasons["inbound/line\\nbreak.csv"]
    assert "2000 bytes" in reasons["inbound/large.csv"]
    assert len(reasons) == 5
    after = names_in(inbox.remote / "inbound")
    assert before - after == {b"-rf *.csv"}
    assert inbox.run(session, **kinds).untouched == []


def test_the_marker_says_when_a_file_is_complete(inbox: InboxWorld, session: SftpSession) -> None:
    inbox.put("a.csv")
    marked = {"marker": ".done", "stable_for": "1h"}
    for _ in range(2):
        assert inbox.run(session, **marked).received == []
        inbox.later(days=1)
    inbox.put("a.csv.done", b"")
    assert len(inbox.run(session, **marked).received) == 1
    assert set(inbox.there()) == {f"processed/a.csv.{tail(b'content')}", f"processed/a.csv.{tail(b'content')}.done"}


def test_files_stay_where_we_may_only_read(inbox: InboxWorld, start_sshd: StartSshd) -> None:
    server = start_sshd(sftp="-R")
    inbox.put("a.csv")
    with SftpSession.connect(server.settings()) as reading:
        with pytest.raises(AccessDenied):
            inbox.run(reading)
        assert len(inbox.run(reading, claim="state").received) == 1
        assert inbox.run(reading, claim="state").received == []
        inbox.put("a.csv", b"CONTENT", mtime=1_700_000_001)
        assert len(inbox.run(reading, claim="state").received) == 1
        inbox.put("a.csv", b"CONTENT", mtime=1_700_000_002)  # touched
        outcome = inbox.run(reading, claim="state")
        assert (outcome.received, len(outcome.duplicates)) == ([], 1)
    assert list(inbox.there()) == ["inbound/a.csv"]


def test_renaming_that_is_forbidden_names_the_way_out(inbox: InboxWorld, start_sshd: StartSshd) -> None:
    server = start_sshd(sftp="-P rename,posix-rename")
    inbox.put("a.csv")
    with SftpSession.connect(server.settings()) as limited:
        outcome = inbox.run(limited)
        assert "claim: state" in outcome.failed[0][1].mend
        assert inbox.run(limited).failed == []  # not at once again
    inbox.later(minutes=5)
    with inbox.connect() as session:
        assert len(inbox.run(session).received) == 1


def test_the_same_name_may_bring_new_content(inbox: InboxWorld, session: SftpSession) -> None:
    for content in (b"one", b"two", b"one"):
        inbox.put("a.csv", content)
        inbox.run(session)
    assert [row.state for row in inbox.rows()] == ["handed_over", "handed_over", "duplicate"]
    assert sorted(inbox.there().values()) == [b"one", b"one", b"two"]
    assert inbox.there("inbound", "processing", "error") == {}


@pytest.mark.parametrize(("policy", "state"), [("skip", "duplicate"), ("keep", "handed_over")])
def test_the_same_content_under_another_name_is_told(inbox: InboxWorld, session: SftpSession, policy: str, state: str) -> None:
    inbox.put("a.csv")
    inbox.put("b.csv")
    inbox.run(session, duplicates=policy)
    first, second = inbox.rows()
    assert (first.state, second.state, second.duplicate_of) == ("handed_over", state, first.id)
    assert "inbound/a.csv" in (second.reason or "") or policy == "keep"
    assert len(inbox.there("processed")) == 2


def test_a_refused_file_goes_to_error_with_its_reason_and_can_be_retried(inbox: InboxWorld, session: SftpSession) -> None:
    inbox.put("a.csv")
    inbox.parser = lambda file, content: Refused(("line 3: account 9999 is unknown", "line 4: no amount"))
    inbox.run(session)
    (row,) = inbox.rows()
    place = f"error/a.csv.{tail(b'content')}"
    told = json.loads(inbox.there()[f"{place}.reason.json"])
    assert told["reasons"] == ["line 3: account 9999 is unknown", "line 4: no amount"]
    assert set(inbox.there()) == {place, f"{place}.reason.json"}
    with inbox.state.transaction() as tx:
        books.retry(tx, row.id, inbox.now)
    inbox.run(session)
    assert inbox.there().keys() == {place, f"{place}.reason.json"}
    with inbox.state.transaction() as tx:
        books.retry(tx, row.id, inbox.now)
    inbox.parser = lambda file, content: Taken(f"{len(content.read())} bytes")
    inbox.run(session)
    assert inbox.rows()[0].result == "7 bytes"
    assert set(inbox.there()) == {f"processed/a.csv.{tail(b'content')}"}


def test_what_time_may_mend_is_handed_over_again_later(inbox: InboxWorld, session: SftpSession) -> None:
    inbox.put("a.csv")
    inbox.put("b.csv", b"b")

    def parser(file, content):
        if file.name == "a.csv":
            raise Unavailable("the books are closed for maintenance")
        raise ZeroDivisionError

    inbox.parser = parser
    inbox.run(session)
    assert inbox.states() == {"inbound/a.csv": "received", "inbound/b.csv": "failed"}
    assert "maintenance" in (inbox.rows()[0].reason or "")
    assert "ZeroDivisionError" in (inbox.rows()[1].reason or "")
    inbox.parser = lambda file, content: Taken("good")
    inbox.run(session)
    assert inbox.rows()[0].state == "received"
    inbox.later(minutes=5)
    inbox.run(session)
    assert inbox.rows()[0].state == "handed_over"


def test_two_at_once_take_each_file_once(inbox: InboxWorld, session: SftpSession) -> None:
    for number in range(100):
        inbox.put(f"{number}.csv", str(number).encode())
    with inbox.connect() as another:
        one, two = inbox.collector(spec()), inbox.collector(spec(), owner="another")
        one.look(session)
        first = one._claim()
        outcome = two.collect(another)  # what is left
        assert len(first) + len(outcome.received) == 100
    one._give_back()
    inbox.run(session)
    assert len(inbox.rows()) == 100
    assert set(inbox.states().values()) == {"handed_over"}


def test_only_one_of_two_that_know_nothing_of_each_other_gets_a_file(inbox: InboxWorld, session: SftpSession) -> None:
    inbox.put("a.csv")
    one = inbox.collector(spec())
    one.look(session)
    (row,) = one._claim()
    (inbox.remote / "inbound/a.csv").rename(inbox.remote / "taken by another")
    outcome = one.collect(session)
    assert outcome.received == []
    one._give_back()
    assert inbox.run(session).vanished[0].path == row.path
    assert inbox.rows() == []


@pytest.mark.parametrize("claim", ["rename", "state"])
def test_a_file_that_is_replaced_after_it_was_seen_is_taken_as_it_is(inbox: InboxWorld, session: SftpSession, claim: str) -> None:
    inbox.put("a.csv", b"old")
    keys = {"claim": claim, "stable_for": "1m"}
    inbox.run(session, **keys)
    inbox.later(minutes=1)
    collector = inbox.collector(spec(**keys))
    looking = collector.look

    def look(session):
        outcome = looking(session)
        inbox.put("a.csv", b"new, and longer", mtime=1_700_000_007)
        return outcome

    collector.look = look
    assert collector.collect(session).received == []
    for _ in range(2):
        inbox.run(session, **keys)
        inbox.later(minutes=1)
    inbox.run(session, **keys)
    assert [inbox.kept(row) for row in inbox.rows()] == [b"new, and longer"]
    assert list(inbox.there().values()) == [b"new, and longer"]


def test_an_outage_in_the_middle_loses_nothing(inbox: InboxWorld, sshd: Sshd) -> None:
    sent = {f"inbound/{number}.csv": os.urandom(200_000) for number in range(6)}
    for path, content in sent.items():
        inbox.put(path.rpartition("/")[2], content)
    with TcpProxy(sshd.port) as proxy:
        for cut in (4_000, 5_000, 6_000):
            proxy.fault(cut=cut)
            with pytest.raises(Unavailable), SftpSession.connect(sshd.settings(port=proxy.port)) as broken:
                inbox.run(broken)
        proxy.clear()
        with SftpSession.connect(sshd.settings(port=proxy.port)) as session:
            inbox.run(session)
    assert {row.path: inbox.kept(row) for row in inbox.rows()} == sent
    assert set(inbox.states().values()) == {"handed_over"}
    assert sorted(inbox.there().values()) == sorted(sent.values())


def test_a_full_disk_of_ours_takes_nothing_and_goes_on_later(
    inbox: InboxWorld, session: SftpSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox.put("a.csv", b"x" * 100_000)

    def full(self, chunk):
        raise StorageFull("no space is left to write", mend="free some")

    with monkeypatch.context() as patch, pytest.raises(StorageFull):
        patch.setattr(Incoming, "write", full)
        inbox.run(session)
    with inbox.connect() as again:
        assert len(inbox.run(again).received) == 1
    assert list((inbox.files.base / ".incoming").iterdir()) == []


def test_claimed_files_are_found_again_without_the_state_database(
    inbox: InboxWorld, session: SftpSession, tmp_path: Path
) -> None:
    inbox.put("a.csv")
    one = inbox.collector(spec())
    one.look(session)
    (row,) = one._claim()
    (inbox.remote / row.path).rename(inbox.remote / (row.lies_at or ""))
    with inbox.state.transaction() as tx:
        tx.exec_driver_sql("delete from inbox")
    assert [taken.path for taken in inbox.run(session).received] == ["inbound/a.csv"]
    assert inbox.there().keys() == {f"processed/a.csv.{tail(b'content')}"}


def test_nothing_is_asked_of_the_server_when_nothing_is_there(inbox: InboxWorld, session: SftpSession) -> None:
    assert inbox.run(session).received == []
    assert inbox.rows() == []


def test_spools_of_killed_processes_are_swept(inbox: InboxWorld, session: SftpSession) -> None:
    folder = inbox.files.base / ".incoming"
    folder.mkdir(parents=True)
    (folder / "left.part").write_bytes(b"half")
    with inbox.files.incoming():
        inbox.run(session)
        assert len(list(folder.iterdir())) == 1
    assert list(folder.iterdir()) == []
