"""Each switch of a partner's server against a real OpenSSH server, or an odd one where OpenSSH would never do it."""

from __future__ import annotations

import os
import random
import stat
import time
from pathlib import Path

import pytest

from mlconnector_assets.errors import AccessDenied, DeliveryError
from mlconnector_assets.exchange.check import check_partner
from mlconnector_assets.exchange.sftp import SftpSession
from mlconnector_assets.partners.wire import WireSwitches
from tests.exchange.world import World
from tests.sshd import Sshd, StartSshd

pytestmark = pytest.mark.sshd
CONTENTS = {f"invoices_{number:06d}.csv": os.urandom(200 + 40_000 * (number % 3)) for number in range(1, 9)}


def deliver(world: World, server: Sshd, **switches: object) -> set[str]:
    for name, content in CONTENTS.items():
        world.enqueue(name, content)
    outcomes = world.deliver(lambda: SftpSession.connect(server.settings()), switches=WireSwitches(**switches))
    return {outcome.result for outcome in outcomes}


@pytest.mark.parametrize(
    "switches",
    [
        {"rename": "plain"},
        {"rename": "none"},
        {"rename": "none", "verify": "readback"},
        {"temporary": "suffix"},
        {"confirm": "none"},
        {"verify": "readback"},
        {"fsync": "never"},
        {"fsync": "required"},
        {"overwrite": "replace"},
        {"overwrite": "new_name", "if_taken": "ask"},
        {"channels": 1},
        {"channels": 8},
    ],
    ids=str,
)
def test_files_arrive_whole_whatever_is_switched(world: World, sshd: Sshd, switches: dict[str, object]) -> None:
    assert deliver(world, sshd, **switches) == {"delivered"}
    assert world.arrived() == CONTENTS


def test_parts_lie_in_their_own_directory(world: World, sshd: Sshd) -> None:
    world.folders["temporary"] = f"{world.remote}/parts/of ours"
    assert deliver(world, sshd, temporary="directory", temporary_directory="parts/of ours") == {"delivered"}
    assert world.arrived() == CONTENTS
    assert list((world.remote / "parts/of ours").iterdir()) == []


def test_markers_and_permissions(world: World, sshd: Sshd) -> None:
    assert deliver(world, sshd, marker=".ok", chmod="604") == {"delivered"}
    assert world.arrived() == CONTENTS | {f"{name}.ok": b"" for name in CONTENTS}
    modes = {stat.S_IMODE((world.remote / "outbound" / name).stat().st_mode) for name in CONTENTS}
    assert modes == {0o604}


def test_a_server_without_rename_takes_files_once_it_is_known(world: World, start_sshd: StartSshd) -> None:
    server = start_sshd(sftp="-P rename,posix-rename")
    assert deliver(world, server) == {"postponed"}
    assert world.arrived() == {}
    world.later(minutes=1)
    outcomes = world.deliver(lambda: SftpSession.connect(server.settings()), switches=WireSwitches(rename="none"))
    assert {outcome.result for outcome in outcomes} == {"delivered"}
    assert world.arrived() == CONTENTS


def test_plain_rename_replaces_only_when_told_so(world: World, start_sshd: StartSshd) -> None:
    server = start_sshd(sftp="-P posix-rename")
    (world.remote / "outbound").mkdir()
    (world.remote / "outbound" / "invoices_000001.csv").write_bytes(b"theirs")
    assert deliver(world, server, overwrite="replace") == {"delivered"}
    assert world.arrived() == CONTENTS


def test_permissions_that_the_server_does_not_let_us_set_are_told(world: World, start_sshd: StartSshd) -> None:
    server = start_sshd(sftp="-P fsetstat")
    assert deliver(world, server, chmod="640") == {"postponed"}
    assert "take `chmod` out" in world.events[-1].text
    assert world.arrived() == {}


def test_fsync_that_is_not_offered_is_told_before_anything_is_written(world: World, start_sshd: StartSshd) -> None:
    server = start_sshd(sftp="-P fsync")
    assert deliver(world, server, fsync="required") == {"postponed"}
    assert world.arrived() == {}


@pytest.mark.parametrize("taken_by_the_partner", [False, True])
def test_a_file_taken_between_attempts(world: World, sshd: Sshd, taken_by_the_partner: bool) -> None:
    """The first attempt dies just after the rename."""
    delivery = world.enqueue("a.csv", b"ours")

    class Dies(SftpSession):
        async def move(self, source, target, **options) -> None:
            await super().move(source, target, **options)
            self.close()
            await super().look(target)

    outcomes = world.deliver(lambda: Dies.connect(sshd.settings()), switches=WireSwitches(if_taken="ask"))
    assert [outcome.result for outcome in outcomes] == ["postponed"]
    assert world.arrived() == {"a.csv": b"ours"}
    if taken_by_the_partner:
        (world.remote / "outbound" / "a.csv").unlink()
    world.later(minutes=1)
    outcomes = world.deliver(lambda: SftpSession.connect(sshd.settings()), switches=WireSwitches(if_taken="ask"))
    assert [outcome.result for outcome in outcomes] == ["uncertain" if taken_by_the_partner else "found"]
    assert world.row(delivery).state == ("uncertain" if taken_by_the_partner else "delivered")


def test_many_files_over_several_channels_of_one_connection(world: World, sshd: Sshd) -> None:
    contents = {f"{number:04d}.csv": random.Random(number).randbytes(50 + number) for number in range(400)}
    for name, content in contents.items():
        world.enqueue(name, content)
    before = sshd.log.read_text().count("Connection from")
    outcomes = world.deliver(lambda: SftpSession.connect(sshd.settings()), batch=40)
    assert [outcome.delivery.remote_name for outcome in outcomes] == list(contents)
    assert world.arrived() == contents
    assert sshd.log.read_text().count("Connection from") == before + 1


def test_a_server_that_allows_one_channel_gets_everything(world: World, start_sshd: StartSshd) -> None:
    server = start_sshd(lines=("Match all", "MaxSessions 1"))
    for number in range(30):
        world.enqueue(f"{number}.csv", b"x")
    outcomes = world.deliver(lambda: SftpSession.connect(server.settings()), batch=5)
    assert {outcome.result for outcome in outcomes} == {"delivered"}
    assert len(world.arrived()) == 30


def test_a_channel_is_given_back_and_ends_with_its_connection(sshd: Sshd, tmp_path: Path) -> None:
    with SftpSession.connect(sshd.settings()) as session:
        for _ in range(70):  # more than the server's MaxSessions
            with session.another() as another:
                assert another.size("/etc/passwd")
        with session.another() as another:
            session.close()
            with pytest.raises((AccessDenied, DeliveryError, Exception), match="broke"):
                another.size("/etc/passwd")


def test_whoever_takes_chunks_slowly_is_not_hung_up_on(sshd: Sshd, tmp_path: Path) -> None:
    content = os.urandom(5_000_000)
    (sshd.root / tmp_path.name).write_bytes(content)
    taken = bytearray()

    def take(chunk: bytes) -> None:
        taken.extend(chunk)
        if len(taken) == 10 * len(chunk):
            time.sleep(1.2)

    with SftpSession.connect(sshd.settings(channel_timeout=0.5)) as session:
        session.read_into(f"{sshd.root}/{tmp_path.name}", take)
    assert bytes(taken) == content


@pytest.mark.parametrize(
    ("switches", "sftp", "good"),
    [
        ({}, "-P rename,posix-rename", False),
        ({"rename": "none"}, "-P rename,posix-rename", True),
        ({"rename": "plain"}, "-P posix-rename", True),
        ({"fsync": "required"}, "-P fsync", False),
        ({"temporary": "directory", "temporary_directory": "parts"}, "", True),
    ],
    ids=str,
)
def test_the_check_tries_what_a_delivery_would_do(start_sshd: StartSshd, switches: dict, sftp: str, good: bool) -> None:
    server = start_sshd(sftp=sftp)
    folders = {"outbound": f"{server.root}/outbound"}
    if "temporary_directory" in switches:
        folders["temporary"] = f"{server.root}/parts"
    findings = check_partner(
        open_session=lambda: SftpSession.connect(server.settings()), folders=folders, switches=WireSwitches(**switches)
    )
    assert all(finding.good for finding in findings) == good, findings
    assert all(finding.mend for finding in findings if not finding.good)
    assert not any(list(Path(path).iterdir()) for path in folders.values())
