"""Files and folders on a real OpenSSH server, and on one behind a broken network or a full disk."""

from __future__ import annotations

import io
import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlconnector_assets.errors import AccessDenied, DeliveryError, StorageFull, Unavailable
from mlconnector_assets.exchange.sftp import SftpSession
from tests.sshd import Account, Plain, Sshd, StartSshd
from tests.tcp_proxy import TcpProxy

pytestmark = pytest.mark.sshd
BIG = random.Random(7).randbytes(6_000_000)


@pytest.fixture
def folder(sshd: Sshd, tmp_path: Path) -> Path:
    path = sshd.root / tmp_path.name
    path.mkdir()
    return path


@pytest.fixture
def session(sshd: Sshd) -> Iterator[SftpSession]:
    with SftpSession.connect(sshd.settings()) as session:
        yield session


@pytest.mark.parametrize("size", [0, 1, 32_767, 32_768, 32_769, len(BIG)])
def test_bytes_survive_upload_and_reading(session: SftpSession, folder: Path, size: int) -> None:
    content = BIG[:size]
    assert session.upload(f"{folder}/file", io.BytesIO(content)) == size
    assert (folder / "file").read_bytes() == content
    assert session.read(f"{folder}/file") == content
    assert session.size(f"{folder}/file") == size


def test_an_abandoned_file_of_the_same_name_is_replaced_not_appended_to(session: SftpSession, folder: Path) -> None:
    (folder / "file").write_bytes(b"x" * 100)
    session.upload(f"{folder}/file", io.BytesIO(b"new"))
    assert (folder / "file").read_bytes() == b"new"


def test_a_local_reading_error_removes_the_file_and_keeps_the_session(session: SftpSession, folder: Path) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 100_000:
                raise OSError(5, "Input/output error")
            return super().read(size)

    with pytest.raises(DeliveryError, match="stored file"):
        session.upload(f"{folder}/file", Broken(BIG))
    assert list(folder.iterdir()) == []
    session.upload(f"{folder}/file", io.BytesIO(b"again"))


def test_folders_are_made_with_those_above_and_left_when_there(session: SftpSession, folder: Path) -> None:
    assert session.ensure_folder(f"{folder}/a/b") is True
    assert session.ensure_folder(f"{folder}/a/b") is False
    (folder / "file").touch()
    with pytest.raises(DeliveryError, match="is a file where a folder is needed"):
        session.ensure_folder(f"{folder}/file/c")


def test_relative_folders_lie_in_the_login_folder(sshd: Sshd, account: Account) -> None:
    settings = sshd.settings(user=account.name, private_key=None, password=Plain(account.password))
    with SftpSession.connect(settings) as session:
        session.ensure_folder("./relative/one")
        session.ensure_folder("two")
    assert (account.home / "relative" / "one").is_dir()
    assert (account.home / "two").is_dir()


def test_a_listing_survives_every_name(session: SftpSession, folder: Path) -> None:
    for name in (b"plain.csv", b"latin-\xe9.csv", b"-rf", b"new\nline", "späß €.csv".encode()):
        (folder / os.fsdecode(name)).write_bytes(b"12345")
    (folder / "sub").mkdir()
    (folder / "link").symlink_to("plain.csv")
    found = {file.raw: file for file in session.listing(str(folder))}
    assert found[b"latin-\xe9.csv"].name is None
    assert found["späß €.csv".encode()].name == "späß €.csv"
    assert {raw for raw, file in found.items() if not file.regular} == {b"sub", b"link"}
    assert found[b"plain.csv"].size == 5
    assert session.read(os.fsencode(folder) + b"/latin-\xe9.csv") == b"12345"


def test_a_long_listing_is_whole(session: SftpSession, folder: Path) -> None:
    for number in range(500):
        (folder / f"{number}.csv").touch()
    assert {file.name for file in session.listing(str(folder))} == {f"{number}.csv" for number in range(500)}


def test_removing_tells_whether_there_was_something(session: SftpSession, folder: Path) -> None:
    (folder / "file").touch()
    assert session.remove(f"{folder}/file") is True
    assert session.remove(f"{folder}/file") is False
    assert session.size(f"{folder}/file") is None


def test_a_missing_folder_names_the_path(session: SftpSession, folder: Path) -> None:
    with pytest.raises(DeliveryError, match="does not exist") as caught:
        session.upload(f"{folder}/nowhere/file", io.BytesIO(b"x"))
    assert f"{folder}/nowhere/file" in caught.value.where


@pytest.mark.parametrize(
    "forbidden", ["-P posix-rename", "-p open,close,read,write,stat,lstat,fsync,rename,remove,realpath,mkdir"]
)
def test_plain_rename_serves_where_posix_rename_is_not_offered(start_sshd: StartSshd, forbidden: str) -> None:
    server = start_sshd(sftp=forbidden)
    with SftpSession.connect(server.settings()) as session:
        assert "posix-rename@openssh.com" not in session.extensions
        session.upload(f"{server.root}/.part", io.BytesIO(b"content"))
        session.rename(f"{server.root}/.part", f"{server.root}/final")
        session.upload(f"{server.root}/.part", io.BytesIO(b"other"))
        with pytest.raises(DeliveryError):
            session.rename(f"{server.root}/.part", f"{server.root}/final")
    assert (server.root / "final").read_bytes() == b"content"


def test_a_server_without_rename_is_told_by_the_probe_which_leaves_nothing(start_sshd: StartSshd) -> None:
    server = start_sshd(sftp="-P rename,posix-rename")
    with SftpSession.connect(server.settings()) as session, pytest.raises(AccessDenied, match="rename files"):
        session.probe_write(str(server.root))
    assert list(server.root.iterdir()) == []


def test_a_read_only_server_denies_with_the_mend(start_sshd: StartSshd) -> None:
    server = start_sshd(sftp="-R")
    with SftpSession.connect(server.settings()) as session:
        with pytest.raises(AccessDenied) as caught:
            session.upload(f"{server.root}/file", io.BytesIO(b"x"))
        assert "write permission" in caught.value.mend
        with pytest.raises(AccessDenied):
            session.ensure_folder(f"{server.root}/new")
        with pytest.raises(AccessDenied):
            session.probe_write(str(server.root))


def test_a_folder_without_write_permission_is_named(sshd: Sshd, account: Account) -> None:
    locked = account.home / "locked"
    locked.mkdir(mode=0o755)
    settings = sshd.settings(user=account.name, private_key=None, password=Plain(account.password))
    with SftpSession.connect(settings) as session, pytest.raises(AccessDenied) as caught:
        session.probe_write(str(locked))
    assert str(locked) in caught.value.where
    assert account.name in caught.value.what


@pytest.fixture
def small_disk(folder: Path) -> Iterator[Path]:
    """A disk of 1 MB on the server."""
    disk = folder / "disk"
    disk.mkdir()
    if os.getuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], check=False).returncode:
        pytest.skip("a small disk needs root and the right to mount")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_full_disk_is_told_and_leaves_nothing(session: SftpSession, small_disk: Path) -> None:
    with pytest.raises(StorageFull, match="disk is full") as caught:
        session.upload(f"{small_disk}/file", io.BytesIO(BIG))
    assert f"{small_disk}/file" in caught.value.where
    assert list(small_disk.iterdir()) == []
    session.upload(f"{small_disk}/small", io.BytesIO(b"fits"))


def test_a_line_cut_in_the_middle_is_unavailable(sshd: Sshd, folder: Path) -> None:
    with TcpProxy(sshd.port) as proxy, SftpSession.connect(sshd.settings(port=proxy.port)) as session:
        proxy.fault(cut=1_000_000)
        with pytest.raises(Unavailable, match="connection broke") as caught:
            session.upload(f"{folder}/file", io.BytesIO(BIG))
        assert f"127.0.0.1:{proxy.port}, {folder}/file" in caught.value.where


@pytest.mark.parametrize("swallowed", [0, 1_000_000])
def test_a_line_that_swallows_everything_does_not_hang(sshd: Sshd, folder: Path, swallowed: int) -> None:
    with TcpProxy(sshd.port) as proxy, SftpSession.connect(sshd.settings(port=proxy.port, channel_timeout=1.5)) as session:
        proxy.fault(black_hole=swallowed)
        with pytest.raises(Unavailable, match=r"nothing moved for 1\.5 s"):
            session.upload(f"{folder}/file", io.BytesIO(BIG))
        with pytest.raises(Unavailable):  # the session is over
            session.size(f"{folder}/file")
