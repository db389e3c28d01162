"""What each switch does to the protocol, with a partner in memory that fails, takes files, or has other ones."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from mlconnector_assets.errors import AccessDenied, DeliveryError, Unavailable
from mlconnector_assets.exchange.send import new_name, part_name
from mlconnector_assets.partners.wire import WireSwitches
from mlconnector_assets.state import deliveries
from tests.exchange.fake_session import FakePartner, FakeSession, denied
from tests.exchange.world import World, close_after, open_world

OUT = "/in/outbound"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = open_world(tmp_path, Path("/in"))
    with close_after(world):
        yield world


@pytest.fixture
def partner() -> FakePartner:
    return FakePartner()


def run(world: World, partner: FakePartner, **switches: object) -> list[str]:
    outcomes = world.deliver(partner.open, switches=WireSwitches(**switches))
    return [outcome.result for outcome in outcomes]


def broken_at(operation: str, ending: str = ""):
    """The connection breaks at this operation."""
    return lambda called, path: Unavailable("cut") if called == operation and path.endswith(ending) else None


def cut(world: World, partner: FakePartner, operation: str, **switches: object) -> None:
    """An attempt that is cut off there; the next one is due."""
    partner.fail = broken_at(operation)
    assert run(world, partner, **switches) == ["postponed"]
    partner.fail = lambda called, path: None
    world.later(minutes=1)


# a different file of the same name


def test_another_file_is_replaced_only_when_the_partner_file_says_so(world: World, partner: FakePartner) -> None:
    partner.files[f"{OUT}/a.csv"] = b"theirs"
    refused = world.enqueue("a.csv", b"ours!!")
    assert run(world, partner) == ["dead"]
    assert partner.names(OUT) == {"a.csv": b"theirs"}
    with world.state.transaction() as tx:
        deliveries.replay(tx, refused.id, world.now)
    assert run(world, partner, overwrite="replace") == ["delivered"]
    assert partner.names(OUT) == {"a.csv": b"ours!!"}


def test_a_file_of_the_same_size_is_not_taken_for_ours_before_ours_was_published(world: World, partner: FakePartner) -> None:
    partner.files[f"{OUT}/a.csv"] = b"theirs"
    world.enqueue("a.csv", b"ours!!")
    cut(world, partner, "upload", overwrite="replace")
    assert run(world, partner, overwrite="replace") == ["delivered"]
    assert partner.names(OUT) == {"a.csv": b"ours!!"}


def test_a_file_that_was_about_to_be_replaced_is_replaced_by_the_next_attempt(world: World, partner: FakePartner) -> None:
    partner.files[f"{OUT}/a.csv"] = b"theirs"
    world.enqueue("a.csv", b"ours!!")
    cut(world, partner, "rename", overwrite="replace")
    assert run(world, partner, overwrite="replace") == ["delivered"]
    assert partner.names(OUT) == {"a.csv": b"ours!!"}


def test_a_new_name_is_the_same_for_every_attempt_and_stays(world: World, partner: FakePartner) -> None:
    partner.files[f"{OUT}/a.csv"] = b"theirs"
    delivery = world.enqueue("a.csv", b"ours")
    name = new_name(delivery)
    assert name == f"a_{delivery.sha256[:8]}.csv"
    cut(world, partner, "renamed", overwrite="new_name")
    assert world.row(delivery).remote_name == name
    assert run(world, partner, overwrite="new_name") == ["found"]
    assert partner.names(OUT) == {"a.csv": b"theirs", name: b"ours"}
    assert "warning" in world.kinds


def test_the_new_name_being_taken_too_needs_a_person(world: World, partner: FakePartner) -> None:
    delivery = world.enqueue("a.csv", b"ours")
    partner.files |= {f"{OUT}/a.csv": b"theirs", f"{OUT}/{new_name(delivery)}": b"theirs too"}
    assert run(world, partner, overwrite="new_name") == ["dead"]
    assert partner.count("upload") == 0


# a file that the partner may have taken


def test_a_file_taken_before_we_could_note_it_is_sent_again_and_told(world: World, partner: FakePartner) -> None:
    world.enqueue("a.csv", b"ours")
    cut(world, partner, "renamed")
    del partner.files[f"{OUT}/a.csv"]
    assert run(world, partner) == ["delivered"]
    assert any("may have taken" in event.text for event in world.events if event.kind == "warning")


def test_a_person_is_asked_instead_and_a_replay_resolves_it(world: World, partner: FakePartner) -> None:
    delivery = world.enqueue("a.csv", b"ours")
    cut(world, partner, "renamed", if_taken="ask")
    del partner.files[f"{OUT}/a.csv"]
    [outcome] = world.deliver(partner.open, switches=WireSwitches(if_taken="ask"))
    assert (outcome.result, world.row(delivery).state) == ("uncertain", "uncertain")
    assert f"outbox replay {delivery.id}" in str(outcome.error)
    world.later(days=1)
    assert run(world, partner, if_taken="ask") == []  # waits for the person
    with world.state.transaction() as tx:
        deliveries.replay(tx, delivery.id, world.now)
    assert run(world, partner, if_taken="ask") == ["delivered"]
    assert partner.names(OUT) == {"a.csv": b"ours"}


@pytest.mark.parametrize("operation", ["connect", "upload", "uploaded", "rename"])
def test_nobody_is_asked_when_the_file_was_certainly_not_published(world: World, partner: FakePartner, operation: str) -> None:
    world.enqueue("a.csv", b"ours")
    cut(world, partner, operation, if_taken="ask")
    world.deliver(partner.open, switches=WireSwitches(if_taken="ask"), waiting_too=True)
    assert partner.names(OUT) == {"a.csv": b"ours"}


def test_what_is_known_of_publishing_survives_a_run_that_does_not_wait(world: World, partner: FakePartner) -> None:
    delivery = world.enqueue("a.csv", b"ours")
    cut(world, partner, "renamed", if_taken="ask")
    del partner.files[f"{OUT}/a.csv"]
    partner.fail = broken_at("connect")
    run(world, partner, if_taken="ask")
    partner.fail = lambda operation, path: None
    [outcome] = world.deliver(partner.open, switches=WireSwitches(if_taken="ask"), waiting_too=True)
    assert outcome.result == "uncertain"
    assert world.row(delivery).publishing == 1


# markers


def test_a_marker_follows_the_file(world: World, partner: FakePartner) -> None:
    world.enqueue("a.csv", b"ours")
    assert run(world, partner, marker=".done") == ["delivered"]
    assert partner.names(OUT) == {"a.csv": b"ours", "a.csv.done": b""}
    order = [operation for operation, _ in partner.calls]
    assert order.index("mark") > order.index("renamed")


def test_a_marker_that_is_missing_is_put_beside_the_file_that_is_found(world: World, partner: FakePartner) -> None:
    world.enqueue("a.csv", b"ours")
    cut(world, partner, "mark", marker=".done")
    assert partner.names(OUT) == {"a.csv": b"ours"}
    assert run(world, partner, marker=".done") == ["found"]
    assert partner.names(OUT) == {"a.csv": b"ours", "a.csv.done": b""}


def test_a_marker_without_its_file_tells_that_the_partner_took_it(world: World, partner: FakePartner) -> None:
    world.enqueue("a.csv", b"ours")
    cut(world, partner, "renamed", marker=".done", if_taken="ask")
    partner.files = {f"{OUT}/a.csv.done": b""}
    assert run(world, partner, marker=".done", if_taken="ask") == ["found"]


# servers without rename


def test_without_rename_a_file_goes_straight_to_its_name(world: World, partner: FakePartner) -> None:
    world.enqueue("a.csv", b"ours")
    assert run(world, partner, rename="none", marker=".ok") == ["delivered"]
    assert partner.names(OUT) == {"a.csv": b"ours", "a.csv.ok": b""}
    assert partner.count("rename") == 0


def test_without_rename_our_own_beginning_is_written_over(world: World, partner: FakePartner) -> None:
    world.enqueue("a.csv", b"0123456789")
    cut(world, partner, "uploaded", rename="none")
    assert partner.names(OUT) == {"a.csv": b"01234"}
    assert run(world, partner, rename="none") == ["delivered"]
    assert partner.names(OUT) == {"a.csv": b"0123456789"}


@pytest.mark.parametrize("theirs", [b"01", b"0x234", b"0123456789more", b"9876543210"])
def test_without_rename_a_different_file_is_not_written_over(world: World, partner: FakePartner, theirs: bytes) -> None:
    partner.files[f"{OUT}/a.csv"] = theirs
    delivery = world.enqueue("a.csv", b"0123456789")
    assert run(world, partner, rename="none") == ["dead"]
    assert partner.names(OUT) == {"a.csv": theirs}
    assert "different file" in world.row(delivery).last_error


def test_without_rename_a_file_taken_while_it_is_checked_has_arrived(world: World, partner: FakePartner) -> None:
    taken = {}

    def take(operation: str, path: str) -> None:
        if operation == "look" and path in partner.files:
            taken[path] = partner.files.pop(path)

    partner.fail = take
    world.enqueue("a.csv", b"ours")
    assert run(world, partner, rename="none") == ["delivered"]
    assert taken == {f"{OUT}/a.csv": b"ours"}


# confirm and verify


def test_nothing_is_looked_at_after_writing_when_told_so(world: World, partner: FakePartner) -> None:
    world.enqueue("a.csv", b"ours")
    assert run(world, partner, confirm="none") == ["delivered"]
    assert [path for operation, path in partner.calls if operation == "look"] == [f"{OUT}/a.csv"]


def test_reading_back_finds_what_the_size_does_not(world: World, partner: FakePartner) -> None:
    def spoil(operation: str, path: str) -> None:
        if operation == "look" and path.endswith(".part") and path in partner.files:
            partner.files[path] = b"0UR5"

    partner.fail = spoil
    delivery = world.enqueue("a.csv", b"ours")
    assert run(world, partner, verify="readback") == ["postponed"]
    assert "other bytes" in world.row(delivery).last_error
    assert partner.files == {}
    partner.fail = lambda operation, path: None
    world.later(minutes=1)
    assert run(world, partner, verify="readback") == ["delivered"]


def test_reading_back_without_the_right_to_read_says_so(world: World, partner: FakePartner) -> None:
    partner.fail = lambda operation, path: denied() if operation == "read" else None
    delivery = world.enqueue("a.csv", b"ours")
    assert run(world, partner, verify="readback") == ["postponed"]
    assert "read permission" in world.row(delivery).last_error
    assert partner.files == {}


# where parts are written


@pytest.mark.parametrize(
    ("switches", "folder", "hidden"),
    [
        ({}, OUT, True),
        ({"temporary": "suffix"}, OUT, False),
        ({"temporary": "directory", "temporary_directory": "parts"}, "/in/parts", False),
    ],
)
def test_parts_are_written_and_swept_where_agreed(
    world: World, partner: FakePartner, switches: dict, folder: str, hidden: bool
) -> None:
    world.folders["temporary"] = "/in/parts" if "temporary_directory" in switches else OUT
    delivery = world.enqueue("a.csv", b"ours")
    cut(world, partner, "uploaded", **switches)
    assert set(partner.files) == {f"{folder}/{part_name(delivery, 1, hidden=hidden)}"}
    assert run(world, partner, **switches) == ["delivered"]
    assert set(partner.files) == {f"{OUT}/a.csv"}


# fsync


def test_fsync_is_required_before_anything_is_written(world: World, partner: FakePartner, monkeypatch) -> None:
    monkeypatch.setattr(FakeSession, "extensions", frozenset())
    delivery = world.enqueue("a.csv", b"ours")
    assert run(world, partner, fsync="required") == ["postponed"]
    assert "does not offer fsync" in world.row(delivery).last_error
    assert partner.count("upload") == 0
    world.later(minutes=1)
    assert run(world, partner) == ["delivered"]


# several channels


def test_more_channels_are_opened_only_when_there_is_work_for_them(world: World, partner: FakePartner) -> None:
    opened: list[FakeSession] = []
    another = FakeSession.another
    partner_open = partner.open

    def counting(session: FakeSession) -> FakeSession:
        opened.append(session)
        return another(session)

    for number in range(10):
        world.enqueue(f"{number}.csv", b"x")
    FakeSession.another = counting
    try:
        world.deliver(partner_open, batch=5)
        assert len(opened) == 1
        for number in range(10, 40):
            world.enqueue(f"{number}.csv", b"x")
        world.deliver(partner_open, batch=5)
        assert len(opened) == 1 + 3
    finally:
        FakeSession.another = another
    assert len(partner.names(OUT)) == 40


@pytest.mark.parametrize("error", [AccessDenied("no more channels"), Unavailable("hung up"), DeliveryError("no")])
def test_a_server_that_allows_one_channel_gets_everything_over_it(
    world: World, partner: FakePartner, error: Exception, monkeypatch
) -> None:
    def refuse(session: FakeSession) -> FakeSession:
        raise error

    monkeypatch.setattr(FakeSession, "another", refuse)
    for number in range(10):
        world.enqueue(f"{number}.csv", b"x")
    assert [outcome.result for outcome in world.deliver(partner.open, batch=2)] == ["delivered"] * 10


def test_a_bug_in_one_channel_ends_the_run_and_gives_everything_back(world: World, partner: FakePartner) -> None:
    for number in range(20):
        world.enqueue(f"{number}.csv", b"x")

    def fail(operation: str, path: str) -> None:
        if operation == "upload" and threading.current_thread() is not threading.main_thread():
            raise KeyError("a bug")

    partner.fail = fail
    with pytest.raises(KeyError, match="a bug"):
        world.deliver(partner.open, batch=2)
    partner.fail = lambda operation, path: None
    world.deliver(partner.open)
    assert partner.names(OUT) == {f"{number}.csv": b"x" for number in range(20)}


# claims


def test_claims_are_kept_while_a_file_is_sent_however_long_it_takes(world: World, partner: FakePartner) -> None:
    delivery = world.enqueue("a.csv", b"ours")
    ttl = timedelta(milliseconds=60)

    def upload(operation: str, path: str) -> None:
        if operation == "upload":
            world.now += ttl * 0.9
            until = world.row(delivery).owned_until
            while world.row(delivery).owned_until == until:
                threading.Event().wait(0.01)
            world.now += ttl * 0.9
            with world.state.transaction() as tx:
                assert deliveries.claim_next(tx, "acme", "another", world.now, ttl) is None

    partner.fail = upload
    assert [outcome.result for outcome in world.deliver(partner.open, ttl=ttl)] == ["delivered"]
