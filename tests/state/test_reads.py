"""What was read and who consumed it."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlconnector_assets.state import reads
from mlconnector_assets.state.database import State
from mlconnector_assets.state.reads import Consumer, NewPartitionRead, PartitionRead, Probe
from tests.state.workers import NOON

DAY = date(2026, 3, 1)
HOUR = timedelta(hours=1)


def partition(day: int = 0, content: str = "a", path: str | None = None) -> NewPartitionRead:
    return NewPartitionRead(
        DAY + timedelta(days=day), 3, content * 64, path or f"day{day}/{content}.parquet", {"total_amount|EUR": "12.3400"}, 1
    )


def commit(tx, *partitions: NewPartitionRead, read_at=NOON, until=None, record="invoices", connection="odoo"):
    return reads.commit_read(
        tx, connection=connection, record=record, read_at=read_at, until=until, partitions=partitions, run_id="run-1"
    )


def test_a_read_comes_back_as_it_was_committed(state: State):
    with state.transaction() as tx:
        made = commit(tx, partition(1), partition(0))
    with state.reading() as tx:
        found = reads.newest(tx, "odoo", "invoices")
        assert found == sorted(made, key=lambda read: read.day)
        assert reads.newest(tx, "odoo", "invoices", from_day=DAY + timedelta(days=1)) == [made[0]]
        assert reads.newest(tx, "odoo", "vendors") == reads.newest(tx, "xero", "invoices") == []
    first = found[0]
    assert (first.day, first.read_at, first.rows, first.set_aside, first.run_id) == (DAY, NOON, 3, 1, "run-1")
    assert first.totals == {"total_amount|EUR": "12.3400"}


def test_the_first_day_never_moves(state: State):
    with state.reading() as tx:
        assert reads.known_first_day(tx, "odoo") is None
    for configured in (DAY, DAY - timedelta(days=99), DAY + timedelta(days=99)):
        with state.transaction() as tx:
            assert reads.first_day(tx, "odoo", configured) == reads.known_first_day(tx, "odoo") == DAY
    with state.transaction() as tx:
        assert reads.first_day(tx, "xero", DAY + timedelta(days=1)) == DAY + timedelta(days=1)


def due(tx, consumer: str, version: str | None, connection: str, record: str) -> list[PartitionRead]:
    """What is due for a consumer at a version; it is behind exactly when anything is."""
    who = Consumer(consumer, record, None if version is None else frozenset([version]))
    found = reads.due(tx, connection, who)
    assert reads.behind(tx, connection, [who]) == ({who} if found else set())
    return found


def test_the_watermark_moves_forward_only(state: State):
    with state.transaction() as tx:
        assert reads.read_until(tx, "odoo", "invoices") is None
        for until, expected in ((None, None), (NOON, NOON), (NOON - HOUR, NOON), (None, NOON), (NOON + HOUR, NOON + HOUR)):
            commit(tx, until=until)
            assert reads.read_until(tx, "odoo", "invoices") == expected
        assert reads.read_until(tx, "odoo", "vendors") is None


def test_newest_is_by_the_clock_of_the_source_then_by_commit(state: State):
    """A reader that was frozen, and commits late, does not bring its old truth back."""
    with state.transaction() as tx:
        (new,) = commit(tx, partition(content="b"), read_at=NOON)
        commit(tx, partition(content="a"), read_at=NOON - HOUR)
        assert reads.newest(tx, "odoo", "invoices") == [new]
        (same_second,) = commit(tx, partition(content="c"), read_at=NOON)
        assert reads.newest(tx, "odoo", "invoices") == [same_second]


def test_due_until_consumed_and_again_when_content_or_version_changes(state: State):
    with state.transaction() as tx:
        first = commit(tx, partition(0), partition(1))
        assert due(tx, "acme.invoices", "v1", "odoo", "invoices") == first
        reads.consume(tx, "acme.invoices", "v1", first)
        assert due(tx, "acme.invoices", "v1", "odoo", "invoices") == []
        assert due(tx, "warehouse", "v1", "odoo", "invoices") == first

        commit(tx, partition(0), read_at=NOON + HOUR)
        assert due(tx, "acme.invoices", "v1", "odoo", "invoices") == []

        (changed,) = commit(tx, partition(0, "b"), read_at=NOON + 2 * HOUR)
        assert due(tx, "acme.invoices", "v1", "odoo", "invoices") == [changed]
        reads.consume(tx, "acme.invoices", "v1", [changed])

        assert [read.day for read in due(tx, "acme.invoices", "v2", "odoo", "invoices")] == [DAY, DAY + timedelta(days=1)]
        reads.consume(tx, "acme.invoices", "v2", [])


def test_a_consumer_that_failed_stays_due(state: State):
    with state.transaction() as tx:
        made = commit(tx, partition())
    try:
        with state.transaction() as tx:
            reads.consume(tx, "warehouse", "v1", due(tx, "warehouse", "v1", "odoo", "invoices"))
            raise InterruptedError
    except InterruptedError:
        pass
    with state.reading() as tx:
        assert due(tx, "warehouse", "v1", "odoo", "invoices") == made


def test_content_that_returns_to_what_it_was_is_due_again(state: State):
    with state.transaction() as tx:
        for hour, content in enumerate("aba"):
            made = commit(tx, partition(content=content), read_at=NOON + hour * HOUR)
            assert due(tx, "warehouse", "v1", "odoo", "invoices") == made
            reads.consume(tx, "warehouse", "v1", made)


def test_a_read_that_came_while_consuming_stays_due(state: State):
    with state.transaction() as tx:
        taken = commit(tx, partition(content="a"))
    with state.transaction() as tx:
        newer = commit(tx, partition(content="b"), read_at=NOON + HOUR)
    with state.transaction() as tx:
        reads.consume(tx, "warehouse", "v1", taken)
        assert due(tx, "warehouse", "v1", "odoo", "invoices") == newer


ACTIONS = st.one_of(
    st.tuples(st.just("read"), st.integers(0, 2), st.sampled_from("abc"), st.integers(-1, 2)),
    st.tuples(st.just("consume"), st.sampled_from(["v1", "v2"]), st.integers(0, 2)),
)
RUNS = iter(range(10**9))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ACTIONS, max_size=12))
def test_due_is_what_a_simple_model_says(state: State, actions):
    """Due = days whose newest content is not what was consumed last, at this version."""
    connection = f"c{next(RUNS)}"
    newest: dict[date, tuple[object, int, str]] = {}
    consumed: dict[date, tuple[str, str]] = {}
    with state.transaction() as tx:
        for step, (what, *details) in enumerate(actions):
            if what == "read":
                day, content, hours = details
                (made,) = commit(tx, partition(day, content), read_at=NOON + hours * HOUR, connection=connection)
                newest[made.day] = max(newest.get(made.day, (NOON - 9 * HOUR, 0, "")), (made.read_at, step, made.sha256))
            else:
                version, how_many = details
                portion = due(tx, "warehouse", version, connection, "invoices")[:how_many]
                reads.consume(tx, "warehouse", version, portion)
                consumed |= {read.day: (version, read.sha256) for read in portion}
        for version in ("v1", "v2"):
            waiting = due(tx, "warehouse", version, connection, "invoices")
            assert [(read.day, read.sha256) for read in waiting] == [
                (day, sha) for day, (_, _, sha) in sorted(newest.items()) if consumed.get(day) != (version, sha)
            ]


def test_a_probe_is_remembered(state: State):
    with state.transaction() as tx:
        assert reads.probe(tx, "odoo", "invoices") is None
        reads.remember_probe(tx, "odoo", "invoices", None, "0", looked_at=NOON)
        assert reads.probe(tx, "odoo", "invoices") == Probe(None, "0")
        reads.remember_probe(tx, "odoo", "invoices", NOON, "7 rows", looked_at=NOON)
        assert reads.probe(tx, "odoo", "invoices") == Probe(NOON, "7 rows")
        assert reads.probe(tx, "odoo", "vendors") is None


def test_superseded_reads_can_be_forgotten_without_losing_shared_files(state: State):
    with state.transaction() as tx:
        (old,) = commit(tx, partition(content="a"), read_at=NOON)
        (middle,) = commit(tx, partition(content="b"), read_at=NOON + HOUR)
        (last,) = commit(tx, partition(content="a"), read_at=NOON + 2 * HOUR)
        assert reads.superseded(tx, "odoo", "invoices", NOON + HOUR) == [old]
        gone = reads.superseded(tx, "odoo", "invoices", NOON + 9 * HOUR)
        assert gone == [old, middle]
        assert reads.forget(tx, [read.id for read in gone]) == [middle.path]
        assert reads.newest(tx, "odoo", "invoices") == [last]
        assert reads.superseded(tx, "odoo", "invoices", NOON + 9 * HOUR) == []
        assert reads.forget(tx, []) == []
