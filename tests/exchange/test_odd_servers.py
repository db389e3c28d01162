"""Sessions with servers that are not OpenSSH."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import asyncssh
import pytest

from mlconnector_assets.errors import AccessDenied, CredentialsError, DeliveryError, StorageFull
from mlconnector_assets.exchange.sftp import SftpSession
from mlconnector_assets.exchange.watchdog import Watchdog
from mlconnector_assets.exchange.wire import Code, Kind
from tests.exchange.memory_server import MemoryServer
from tests.exchange.odd_server import OddServer, odd_server
from tests.exchange.world import close_after, open_world

BIG = random.Random(3).randbytes(4_000_000)


@pytest.fixture
def odd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OddServer]:
    (tmp_path / "root").mkdir()
    with odd_server(tmp_path / "root", monkeypatch) as odd:
        yield odd


def test_a_failure_at_close_is_a_failed_upload(odd: OddServer) -> None:
    odd.fail = lambda request: asyncssh.SFTPFailure("upload to the bucket failed") if request == "close" else None
    with SftpSession.connect(odd.settings()) as session:
        with pytest.raises(DeliveryError, match="upload to the bucket failed") as caught:
            session.upload(f"{odd.root}/file", io.BytesIO(BIG))
        assert caught.value.retryable
        assert list(odd.root.iterdir()) == []
        odd.fail = lambda request: None
        session.upload(f"{odd.root}/file", io.BytesIO(b"again"))


def test_a_file_refused_at_close_stays_queued_and_goes_later(odd: OddServer, tmp_path: Path) -> None:
    world = open_world(tmp_path, odd.root)
    with close_after(world):
        world.enqueue("a.csv", BIG)
        odd.fail = lambda request: asyncssh.SFTPFailure("no") if request == "close" else None
        assert [outcome.result for outcome in world.deliver(lambda: SftpSession.connect(odd.settings()))] == ["postponed"]
        assert world.arrived() == {}
        odd.fail = lambda request: None
        world.later(minutes=1)
        assert [outcome.result for outcome in world.deliver(lambda: SftpSession.connect(odd.settings()))] == ["delivered"]
        assert world.arrived() == {"a.csv": BIG}


def test_answers_in_any_order_lose_nothing(odd: OddServer) -> None:
    odd.shuffled = True
    with SftpSession.connect(odd.settings()) as session:
        session.upload(f"{odd.root}/file", io.BytesIO(BIG))
        assert session.read(f"{odd.root}/file") == BIG
    assert (odd.root / "file").read_bytes() == BIG


def test_a_server_without_extensions_gets_files_by_plain_rename(odd: OddServer) -> None:
    odd.extensions = False
    with SftpSession.connect(odd.settings()) as session:
        assert session.extensions == set()
        session.upload(f"{odd.root}/.part", io.BytesIO(b"content"))
        session.rename(f"{odd.root}/.part", f"{odd.root}/final")
    assert (odd.root / "final").read_bytes() == b"content"


def test_an_unexplained_failure_without_statvfs_says_what_it_may_be(odd: OddServer) -> None:
    odd.extensions = False
    odd.fail = lambda request: asyncssh.SFTPFailure("Failure") if request == "write" else None
    with SftpSession.connect(odd.settings()) as session, pytest.raises(DeliveryError, match="perhaps its disk is full"):
        session.upload(f"{odd.root}/file", io.BytesIO(BIG))
    assert list(odd.root.iterdir()) == []


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (Code.NO_SPACE_ON_FILESYSTEM, StorageFull),
        (Code.QUOTA_EXCEEDED, StorageFull),
        (Code.WRITE_PROTECT, AccessDenied),
        (Code.OP_UNSUPPORTED, DeliveryError),
        (999, DeliveryError),
    ],
)
def test_status_codes_of_later_protocol_versions_are_understood(code: int, kind: type) -> None:
    server = MemoryServer(refuse=lambda request, count: code if request == Kind.WRITE else Code.OK)
    watchdog = Watchdog(10, lambda: None)
    connection = SimpleNamespace(
        open_channel=lambda: server,
        watchdog=watchdog,
        settings=SimpleNamespace(where="partner acme, old:22", user="us"),
        close=watchdog.stop,
    )
    with SftpSession(connection) as session, pytest.raises(kind) as caught:
        session.upload("outbound/file", io.BytesIO(b"x"))
    assert caught.value.where == "partner acme, old:22, outbound/file"


def test_an_fsync_that_is_announced_but_unsupported_is_asked_for_once(odd: OddServer) -> None:
    asked = []

    def fail(request: str) -> Exception | None:
        if request == "fsync":
            asked.append(request)
            return asyncssh.SFTPOpUnsupported("no fsync")
        return None

    odd.fail = fail
    with SftpSession.connect(odd.settings()) as session:
        for name in "abc":
            session.upload(f"{odd.root}/{name}", io.BytesIO(b"x"))
    assert len(asked) == 1


def test_a_failing_fsync_is_a_failed_upload(odd: OddServer) -> None:
    odd.fail = lambda request: asyncssh.SFTPFailure("Input/output error") if request == "fsync" else None
    with SftpSession.connect(odd.settings()) as session, pytest.raises(DeliveryError, match="Input/output error"):
        session.upload(f"{odd.root}/file", io.BytesIO(b"x"))
    assert list(odd.root.iterdir()) == []


def test_a_posix_rename_that_is_announced_but_refused_falls_back(odd: OddServer) -> None:
    odd.fail = lambda request: asyncssh.SFTPPermissionDenied("no") if request == "posix_rename" else None
    with SftpSession.connect(odd.settings()) as session:
        session.upload(f"{odd.root}/.part", io.BytesIO(b"content"))
        session.rename(f"{odd.root}/.part", f"{odd.root}/final")
    assert (odd.root / "final").exists()


def test_no_rename_at_all_is_denied_in_words(odd: OddServer) -> None:
    odd.fail = lambda request: asyncssh.SFTPPermissionDenied("no") if "rename" in request else None
    with SftpSession.connect(odd.settings()) as session, pytest.raises(AccessDenied, match="rename"):
        session.probe_write(str(odd.root))
    assert list(odd.root.iterdir()) == []


@pytest.mark.parametrize("interactive", [False, True])
def test_a_password_logs_in_also_by_keyboard_interactive(odd: OddServer, interactive: bool) -> None:
    odd.interactive = interactive
    with SftpSession.connect(odd.settings()) as session:
        assert session.size(f"{odd.root}/nothing") is None
    with pytest.raises(CredentialsError) as caught:
        SftpSession.connect(odd.settings("canary-wrong"))
    assert "canary" not in str(caught.value)
