"""The outbox against a real OpenSSH server: nothing lost, nothing twice, same bytes and name after every failure."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from datetime import timedelta

import pytest

from mlconnector_assets.errors import AccessDenied, CredentialsError, HostKeyMismatch, StorageFull, Unavailable
from mlconnector_assets.exchange.sftp import SftpSession, SftpSettings
from tests.exchange.world import ONE_BY_ONE, ROLES, World
from tests.sshd import KeyPair, Plain, Sshd, StartSshd
from tests.tcp_proxy import TcpProxy

pytestmark = pytest.mark.sshd
CONTENTS = {f"invoices_{number:06d}.csv": os.urandom(200 + 40_000 * (number % 3)) for number in range(1, 9)}


def opening(settings: SftpSettings):
    return lambda: SftpSession.connect(settings)


def enqueue_all(world: World) -> None:
    for name, content in CONTENTS.items():
        world.enqueue(name, content)


def test_every_file_arrives_once_over_one_connection(world: World, sshd: Sshd) -> None:
    enqueue_all(world)
    outcomes = world.deliver(opening(sshd.settings()))
    assert [outcome.result for outcome in outcomes] == ["delivered"] * len(CONTENTS)
    assert world.arrived() == CONTENTS
    assert world.kinds.count("connected") == 1
    assert {path.name for path in world.remote.iterdir()} == set(ROLES)
    assert world.row(outcomes[0].delivery).state == "delivered"


def test_with_nothing_due_nobody_connects(world: World) -> None:
    assert world.deliver(lambda: pytest.fail("connected")) == []


def test_a_server_that_is_down_keeps_everything_queued_and_gets_it_later(world: World, start_sshd: StartSshd) -> None:
    server = start_sshd()
    server.stop()
    enqueue_all(world)
    outcomes = world.deliver(opening(server.settings()))
    assert {outcome.result for outcome in outcomes} == {"postponed"}
    assert len(outcomes) == len(CONTENTS)
    assert isinstance(outcomes[0].error, Unavailable)
    row = world.row(outcomes[-1].delivery)
    assert (row.state, row.next_attempt_at) == ("queued", world.now + timedelta(minutes=1))
    assert "cannot be reached" in row.last_error
    assert world.deliver(opening(server.settings())) == []  # nothing is due yet

    server.start()
    world.later(minutes=1)
    assert {outcome.result for outcome in world.deliver(opening(server.settings()))} == {"delivered"}
    assert world.arrived() == CONTENTS
    assert world.row(outcomes[0].delivery).sha256 == outcomes[0].delivery.sha256


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"private_key": Plain(KeyPair.make().private)}, CredentialsError),
        ({"host_keys": (KeyPair.make().public,)}, HostKeyMismatch),
    ],
)
def test_a_refused_login_or_host_key_stops_the_run_once(world: World, sshd: Sshd, changes: dict[str, object], kind: type) -> None:
    enqueue_all(world)
    before = sshd.log.read_text().count("Connection from")
    outcomes = world.deliver(opening(sshd.settings(**changes)))
    assert {type(outcome.error) for outcome in outcomes} == {kind}
    assert {outcome.result for outcome in outcomes} == {"postponed"}
    assert sshd.log.read_text().count("Connection from") == before + 1
    assert world.arrived() == {}
    world.later(minutes=1)
    world.deliver(opening(sshd.settings()))
    assert world.arrived() == CONTENTS


def test_a_read_only_server_stops_the_run(world: World, start_sshd: StartSshd, sshd: Sshd) -> None:
    enqueue_all(world)
    for role in ROLES:
        (world.remote / role).mkdir()
    outcomes = world.deliver(opening(start_sshd(sftp="-R").settings()), **ONE_BY_ONE)
    assert {type(outcome.error) for outcome in outcomes} == {AccessDenied}
    assert world.kinds.count("sending") == 1
    world.later(minutes=1)
    world.deliver(opening(sshd.settings()))
    assert world.arrived() == CONTENTS


def test_a_full_disk_at_the_partner_stops_the_run_and_leaves_no_part(world: World, sshd: Sshd) -> None:
    outbound = world.remote / "outbound"
    outbound.mkdir()
    if os.getuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", outbound], check=False).returncode:
        pytest.skip("a small disk needs root and the right to mount")
    try:
        big = world.enqueue("big.csv", os.urandom(300_000))
        small = world.enqueue("small.csv", b"small")
        outcomes = world.deliver(opening(sshd.settings()))
        assert [type(outcome.error) for outcome in outcomes] == [StorageFull, StorageFull]
        assert world.arrived() == {}
        assert {world.row(row).state for row in (big, small)} == {"queued"}
    finally:
        subprocess.run(["umount", "--lazy", outbound], check=True)
    world.later(minutes=1)
    world.deliver(opening(sshd.settings()))
    assert set(world.arrived()) == {"big.csv", "small.csv"}


@pytest.mark.parametrize(
    ("fault", "after"),
    [("cut", after) for after in (0, 3_000, 60_000, 150_000, 240_000)] + [("black_hole", after) for after in (0, 150_000)],
)
def test_a_broken_line_is_mended_by_the_next_run(world: World, sshd: Sshd, fault: str, after: int) -> None:
    enqueue_all(world)
    with TcpProxy(sshd.port) as proxy:
        settings = sshd.settings(port=proxy.port)

        def open_then_break() -> SftpSession:
            session = SftpSession.connect(replace(settings, channel_timeout=0.7))
            proxy.fault(**{fault: after})
            return session

        results = [outcome.result for outcome in world.deliver(open_then_break)]
        assert "postponed" in results
        assert len(results) == len(CONTENTS)
        proxy.clear()
        world.later(minutes=1)
        again = [outcome.result for outcome in world.deliver(opening(settings))]
    assert results.count("delivered") + len(again) == len(CONTENTS)
    assert world.arrived() == CONTENTS


def test_two_senders_at_once_bring_every_file_once(world: World, sshd: Sshd) -> None:
    import threading

    enqueue_all(world)
    outcomes = []
    threads = [threading.Thread(target=lambda: outcomes.extend(world.deliver(opening(sshd.settings())))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcome.delivery.remote_name for outcome in outcomes) == sorted(CONTENTS)
    assert {outcome.result for outcome in outcomes} == {"delivered"}
    assert world.arrived() == CONTENTS


def test_a_different_file_of_the_same_name_is_never_replaced(world: World, sshd: Sshd) -> None:
    (world.remote / "outbound").mkdir()
    (world.remote / "outbound" / "a.csv").write_bytes(b"theirs")
    refused, sent = world.enqueue("a.csv", b"ours!!"), world.enqueue("b.csv", b"ours")
    outcomes = world.deliver(opening(sshd.settings()))
    assert [outcome.result for outcome in outcomes] == ["dead", "delivered"]
    assert "different file" in world.row(refused).last_error
    assert f"outbox replay {refused.id}" in str(outcomes[0].error)
    assert world.row(sent).state == "delivered"
    assert world.arrived() == {"a.csv": b"theirs", "b.csv": b"ours"}


def test_the_same_file_being_there_already_is_found(world: World, sshd: Sshd) -> None:
    (world.remote / "outbound").mkdir()
    (world.remote / "outbound" / "a.csv").write_bytes(b"ours")
    delivery = world.enqueue("a.csv", b"ours")
    assert [outcome.result for outcome in world.deliver(opening(sshd.settings()))] == ["found"]
    assert world.row(delivery).how == "found"
