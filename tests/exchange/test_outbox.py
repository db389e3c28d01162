"""When what is sent, put back, given up; which failures stop a run; what a delivery finds and sweeps."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlconnector_assets.errors import ConfigurationError, DeliveryError, StateError, StorageFull, Unavailable
from mlconnector_assets.exchange.outbox import RetryPolicy
from mlconnector_assets.exchange.send import part_name
from mlconnector_assets.partners.wire import WireSwitches
from mlconnector_assets.state import deliveries
from tests.exchange.fake_session import FakePartner, denied
from tests.exchange.world import ONE_BY_ONE, World, close_after, open_world

OUT = "/in/outbound"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = open_world(tmp_path, Path("/in"))
    with close_after(world):
        yield world


@pytest.fixture
def partner() -> FakePartner:
    return FakePartner()


def unavailable() -> Unavailable:
    return Unavailable("the server cannot be reached", mend="wait")


def failed() -> DeliveryError:
    return DeliveryError("could not write (the server says: Failure)", retryable=True)


def results(outcomes) -> list[str]:
    return [outcome.result for outcome in outcomes]


def test_waiting_doubles_up_to_an_hour() -> None:
    policy = RetryPolicy()
    minutes = [policy.delay(attempts).total_seconds() / 60 for attempts in (1, 2, 3, 6, 7, 8, 99)]
    assert minutes == [1, 2, 4, 32, 60, 60, 60]


def test_waiting_grows_with_each_failure_and_all_files_wait_for_the_same_moment(world: World, partner: FakePartner) -> None:
    world.enqueue("a", b"1")
    partner.fail = lambda operation, path: unavailable() if operation == "connect" else None
    world.deliver(partner.open)
    world.later(minutes=1)
    late = world.enqueue("b", b"2")
    outcomes = world.deliver(partner.open)
    assert {outcome.next_attempt_at for outcome in outcomes} == {world.now + timedelta(minutes=2)}
    assert world.row(late).next_attempt_at == world.now + timedelta(minutes=2)
    assert partner.count("connect") == 2


def test_a_person_or_schedule_does_not_wait(world: World, partner: FakePartner) -> None:
    world.enqueue("a", b"1")
    partner.fail = lambda operation, path: unavailable() if operation == "connect" else None
    world.deliver(partner.open)
    partner.fail = lambda operation, path: None
    assert world.deliver(partner.open) == []
    assert results(world.deliver(partner.open, waiting_too=True)) == ["delivered"]


def test_after_its_attempts_a_file_is_given_up_and_a_replay_sends_it(world: World, partner: FakePartner) -> None:
    delivery = world.enqueue("a", b"1")
    partner.fail = lambda operation, path: unavailable() if operation == "connect" else None
    for _ in range(3):
        [outcome] = world.deliver(partner.open, policy=RetryPolicy(attempts=3))
        world.later(hours=2)
    assert outcome.result == "dead"
    assert world.row(delivery).state == "dead"
    assert "cannot be reached" in world.row(delivery).last_error
    partner.fail = lambda operation, path: None
    with world.state.transaction() as tx:
        deliveries.replay(tx, delivery.id, world.now)
    assert results(world.deliver(partner.open)) == ["delivered"]
    assert partner.names(OUT) == {"a": b"1"}


def test_after_its_age_a_file_is_given_up(world: World, partner: FakePartner) -> None:
    delivery = world.enqueue("a", b"1")
    partner.fail = lambda operation, path: unavailable() if operation == "connect" else None
    world.deliver(partner.open)
    world.later(days=7)
    assert results(world.deliver(partner.open)) == ["dead"]
    assert world.row(delivery).state == "dead"


@pytest.mark.parametrize("error", [unavailable, lambda: StorageFull("full")])
def test_a_failure_of_the_partner_stops_the_run(world: World, partner: FakePartner, error) -> None:
    for name in "abc":
        world.enqueue(name, name.encode())
    partner.fail = lambda operation, path: error() if operation == "upload" and ".b." in path else None
    assert results(world.deliver(partner.open, **ONE_BY_ONE)) == ["delivered", "postponed", "postponed"]
    assert partner.count("upload") == 2


@pytest.mark.parametrize(("error", "others"), [(unavailable, "postponed"), (lambda: StorageFull("full"), "delivered")])
def test_a_failure_of_the_partner_met_by_files_on_their_way(world: World, partner: FakePartner, error, others: str) -> None:
    for name in "abc":
        world.enqueue(name, name.encode())
    partner.fail = lambda operation, path: error() if operation == "upload" and ".b." in path else None
    assert results(world.deliver(partner.open)) == [others, "postponed", others]
    partner.fail = lambda operation, path: None
    world.later(minutes=1)
    world.deliver(partner.open)
    assert partner.names(OUT) == {"a": b"a", "b": b"b", "c": b"c"}


@pytest.mark.parametrize("error", [failed, denied])
def test_a_failure_of_one_file_stops_no_other_when_a_probe_can_be_written(world: World, partner: FakePartner, error) -> None:
    for name in "abc":
        world.enqueue(name, name.encode())
    partner.fail = lambda operation, path: error() if operation == "rename" and path.endswith("/b") else None
    assert results(world.deliver(partner.open)) == ["delivered", "postponed", "delivered"]
    assert partner.names(OUT) == {"a": b"a", "c": b"c"}
    partner.fail = lambda operation, path: None
    world.later(minutes=1)
    assert results(world.deliver(partner.open)) == ["delivered"]


@pytest.mark.parametrize("error", [failed, denied])
def test_the_same_failure_stops_the_run_when_not_even_a_probe_can_be_written(world: World, partner: FakePartner, error) -> None:
    for name in "abc":
        world.enqueue(name, name.encode())
    partner.fail = lambda operation, path: error() if operation in ("upload", "probe") else None
    assert results(world.deliver(partner.open, **ONE_BY_ONE)) == ["postponed"] * 3
    assert partner.count("upload") == 1


def test_a_folder_that_is_not_needed_may_be_missing(world: World, partner: FakePartner) -> None:
    world.enqueue("a", b"1")
    partner.fail = lambda operation, path: denied() if (operation, path) == ("folder", "/in/acks") else None
    assert results(world.deliver(partner.open)) == ["delivered"]
    assert world.kinds.count("warning") == 1
    world.enqueue("b", b"2")
    partner.fail = lambda operation, path: denied() if (operation, path) == ("folder", OUT) else None
    assert results(world.deliver(partner.open)) == ["postponed"]


def test_wrongly_pinned_keys_keep_files_queued(world: World, partner: FakePartner) -> None:
    world.enqueue("a", b"1")
    partner.fail = lambda operation, path: ConfigurationError("not a host key") if operation == "connect" else None
    assert results(world.deliver(partner.open)) == ["postponed"]


@pytest.mark.parametrize(
    "name", ["../up", "a/b", "a\\b", "new\nline", "nul\0", "..", "", "rtl\u202e", "x" * 256, "é" * 128, "x" * 250]
)
def test_names_that_are_not_plain_files_never_reach_a_server(world: World, partner: FakePartner, name: str) -> None:
    bad, good = world.enqueue(name, b"1"), world.enqueue("good.csv", b"2")
    assert results(world.deliver(partner.open)) == ["dead", "delivered"]
    assert "file name" in world.row(bad).last_error
    assert world.row(good).state == "delivered"
    assert partner.names(OUT) == {"good.csv": b"2"}
    assert partner.count("probe") == 0


def test_stored_bytes_that_changed_are_never_published(world: World, partner: FakePartner) -> None:
    changed, gone = world.enqueue("changed", b"right"), world.enqueue("gone", b"other")
    world.files.path(changed.sha256).write_bytes(b"wrong")
    world.files.path(gone.sha256).unlink()
    assert results(world.deliver(partner.open)) == ["dead", "dead"]
    assert partner.files == {}
    assert "not those that were queued" in world.row(changed).last_error
    assert "missing" in world.row(gone).last_error


def test_a_file_cut_short_by_the_server_is_not_published(world: World, partner: FakePartner) -> None:
    delivery = world.enqueue("a", b"0123456789")

    def lose_half(operation: str, path: str) -> None:
        if operation == "look" and path.endswith(".part"):
            partner.files[path] = b"01234"

    partner.fail = lose_half
    assert results(world.deliver(partner.open)) == ["postponed"]
    assert partner.files == {}
    assert "5 bytes after 10" in world.row(delivery).last_error


def test_servers_that_do_not_tell_sizes_are_believed(world: World, partner: FakePartner) -> None:
    partner.silent_about_sizes = True
    world.enqueue("a", b"1")
    assert results(world.deliver(partner.open)) == ["delivered"]


def test_an_answer_lost_after_the_rename_is_found_next_time(world: World, partner: FakePartner) -> None:
    delivery = world.enqueue("a", b"1")
    partner.fail = lambda operation, path: unavailable() if operation == "renamed" else None
    assert results(world.deliver(partner.open)) == ["postponed"]
    partner.fail = lambda operation, path: None
    world.later(minutes=1)
    assert results(world.deliver(partner.open)) == ["found"]
    assert world.row(delivery).how == "found"
    assert partner.count("upload") == 1


def test_parts_of_earlier_attempts_are_swept_and_only_those(world: World, partner: FakePartner) -> None:
    delivery = world.enqueue("a", b"1")
    partner.fail = lambda operation, path: unavailable() if operation == "uploaded" else None
    world.deliver(partner.open)
    assert f"{OUT}/{part_name(delivery, 1)}" in partner.files
    foreign = f"{OUT}/.a.{delivery.id + 1}-1.part"
    partner.files[foreign] = b"of another delivery"
    partner.fail = lambda operation, path: None
    world.later(minutes=1)
    world.deliver(partner.open)
    assert set(partner.files) == {f"{OUT}/a", foreign}


def test_sweeping_works_where_listing_is_forbidden(world: World, partner: FakePartner) -> None:
    world.enqueue("a", b"1")
    partner.fail = lambda operation, path: unavailable() if operation == "uploaded" else None
    world.deliver(partner.open)
    partner.fail = lambda operation, path: denied() if operation == "list" else None
    world.later(minutes=1)
    assert results(world.deliver(partner.open)) == ["delivered"]
    assert partner.names(OUT) == {"a": b"1"}


def test_a_sender_that_lost_its_claim_publishes_nothing(world: World, partner: FakePartner) -> None:
    delivery = world.enqueue("a", b"1")

    def look(operation: str, path: str) -> None:
        if operation == "look" and path.endswith(".part"):  # frozen here for two hours, while another took over
            world.later(hours=2)
            with world.state.transaction() as tx:
                assert deliveries.claim_next(tx, "acme", "another", world.now, timedelta(hours=1))

    partner.fail = look
    assert results(world.deliver(partner.open)) == ["lost"]
    assert partner.files == {}
    assert world.row(delivery).owner == "another"


def test_a_claim_lost_before_a_failure_is_left_to_the_other(world: World, partner: FakePartner) -> None:
    world.enqueue("a", b"1")

    def upload(operation: str, path: str) -> Exception | None:
        if operation != "upload":
            return None
        world.later(hours=2)
        with world.state.transaction() as tx:
            assert deliveries.claim_next(tx, "acme", "another", world.now, timedelta(hours=1))
        return unavailable()

    partner.fail = upload
    assert results(world.deliver(partner.open)) == ["lost"]


def test_an_interrupted_run_gives_its_file_back_at_once(world: World, partner: FakePartner) -> None:
    delivery = world.enqueue("a", b"1")

    def interrupt(operation: str, path: str) -> None:
        if operation == "upload":
            raise KeyboardInterrupt

    partner.fail = interrupt
    with pytest.raises(KeyboardInterrupt):
        world.deliver(partner.open)
    assert world.row(delivery).state == "queued"
    partner.fail = lambda operation, path: None
    assert results(world.deliver(partner.open)) == ["delivered"]


def test_a_limit_leaves_the_rest_queued(world: World, partner: FakePartner) -> None:
    for name in "abc":
        world.enqueue(name, name.encode())
    assert [outcome.delivery.remote_name for outcome in world.deliver(partner.open, limit=2)] == ["a", "b"]
    assert results(world.deliver(partner.open)) == ["delivered"]


def test_failures_of_the_state_database_are_raised(world: World, partner: FakePartner, monkeypatch) -> None:
    world.enqueue("a", b"1")

    def broken(*arguments: object) -> None:
        raise StateError("the state database is damaged")

    monkeypatch.setattr(deliveries, "all_delivered", broken)
    with pytest.raises(StateError):
        world.deliver(partner.open)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    faults=st.dictionaries(
        st.integers(0, 60), st.sampled_from([unavailable, failed, denied, lambda: StorageFull("full")]), max_size=25
    ),
    switches=st.sampled_from(
        [
            {},
            {"rename": "none"},
            {"rename": "plain", "marker": ".ok"},
            {"verify": "readback"},
            {"rename": "none", "marker": ".ok"},
        ]
    ),
)
def test_whatever_fails_each_file_arrives_once_and_whole(tmp_path_factory, faults, switches) -> None:
    """`faults` maps the number of a call to the error it raises; then the partner works again."""
    folder = tmp_path_factory.mktemp("world")
    partner, world = FakePartner(), open_world(folder, Path("/in"))
    partner.fail = lambda operation, path: faults[len(partner.calls)]() if len(partner.calls) in faults else None
    contents = {name: name.encode() * 20 for name in ("a", "b", "c")}
    with close_after(world):
        rows = [world.enqueue(name, content) for name, content in contents.items()]
        for _ in range(40):
            world.deliver(partner.open, switches=WireSwitches(**switches))
            world.later(hours=1)
            if not world.queued():
                break
        assert [world.row(row).state for row in rows] == ["delivered"] * 3
    markers = {f"{name}.ok": b"" for name in contents} if "marker" in switches else {}
    assert partner.names(OUT) == contents | markers
