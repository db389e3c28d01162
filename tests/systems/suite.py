"""What every accounting system's reader must pass. A system takes part with an adapter (`Books`) that changes its
stand-in's books as people would, and a subclass of `SourceSuite` with a fixture `books` that gives it.

Each test finds the books as they were seeded: `books.now()` stands still at noon UTC of a day nothing was changed on
before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Protocol

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlconnector_assets.clock import start_of_day
from mlconnector_assets.errors import AccessDenied, ConnectorError, CredentialsError, SourceError, Unavailable
from mlconnector_assets.records import RECORDS
from mlconnector_assets.systems.source import Page, Source, Window

SECOND, MINUTE, HOUR, DAY = (timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours", "days"))
PERMANENT = {"wrong_key": CredentialsError, "no_rights": AccessDenied, "not_the_system": SourceError, "down": Unavailable}
"""How a system can fail for good, and what a read then raises."""
PASSING = ("busy", "unavailable", "cut")
"""How a system can fail once."""


class Books(Protocol):
    """The books of a system's stand-in, and what people do to them. Instants are UTC; `document` is a source_id of
    the record `documents`; `at` is the stamp of a change, the present when left out."""

    documents: str

    def source(self, *, page_size: int = 500) -> Source:
        """A reader of all records and companies, with short waits between tries."""

    def now(self) -> datetime: ...

    def set_now(self, now: datetime) -> None: ...

    def add(self, count: int = 1, *, at: datetime | None = None) -> list[str]:
        """New posted documents."""

    def add_priced(self, lines: Iterable[tuple[str, str]]) -> str:
        """A new posted document of (quantity, price) lines without tax."""

    def change(self, document: str, *, at: datetime | None = None) -> None: ...

    def start_change(self, document: str, *, at: datetime) -> None:
        """A change by a long transaction that began at `at`: invisible until `commit`, and then stamped `at`."""

    def start_adding(self, *, at: datetime) -> str:
        """A new document of a long transaction."""

    def commit(self) -> None: ...

    def spoil(self, document: str) -> None:
        """Give the document a value that the system does not document."""

    def unbalance(self, document: str) -> None:
        """Make the document's total differ from its parts."""

    def move_while_reading(self) -> None:
        """From now on, after each page some rows already read and some not yet read are changed."""

    def fail_once(self, how: str) -> None:
        """The next request fails in one of the ways `PASSING`."""

    def fail(self, how: str) -> None:
        """From now on every request fails, in one of the ways of `PERMANENT`."""

    def recover(self) -> None: ...


def frame_of(pages: Iterable[Page]) -> pl.DataFrame:
    return pl.concat([page.frame for page in pages])


def keys(pages: Iterable[Page]) -> set[str]:
    return {key for page in pages for key in page.frame["source_id"]}


class SourceSuite:
    """Subclass it in a test module, with a fixture `books`."""

    @pytest.fixture
    def source(self, books: Books) -> Iterable[Source]:
        made = books.source(page_size=50)
        yield made
        made.close()

    @pytest.fixture
    def today(self, books: Books) -> Window:
        return Window(start_of_day(books.now().date()), books.now())

    @pytest.fixture
    def read(self, books: Books, source: Source) -> Callable[[datetime | None, datetime], set[str]]:
        return lambda start, end: keys(source.pages(books.documents, Window(start, end)))

    # what a page is

    def test_every_record_comes_once_in_its_schema_as_the_source_counts_it_and_again_the_same(self, source, books):
        for name in source.records:
            record, window = RECORDS[name], Window(None, books.now())
            pages = list(source.pages(name, window))
            assert all(page.frame.schema == record.schema for page in pages)
            frame = frame_of(pages)
            assert frame.height > 0 and frame.select(record.key).n_unique() == frame.height
            assert set(frame["connection"]) == {source.connection}
            assert frame["modified_at"].max() < window.end
            assert frame["content_hash"].str.len_chars().unique().to_list() == [64]
            assert not any(page.set_aside for page in pages)
            assert frame_of(source.pages(name, window)).equals(frame)
            totals = source.totals(name, window)
            assert totals.rows == frame.height
            for (column, currency), money in totals.money.items():
                assert frame.filter(pl.col(record.currency_column) == currency)[column].sum() == money
            if record.totals:
                assert {currency for _, currency in totals.money} == set(frame[record.currency_column])

    def test_a_window_without_changes_is_empty(self, source, books):
        empty = Window(books.now() - 2 * HOUR, books.now())
        assert all(keys(source.pages(name, empty)) == set() for name in source.records)

    def test_the_size_of_pages_does_not_matter(self, source, books):
        large = books.source(page_size=5000)
        window = Window(None, books.now())
        assert frame_of(large.pages(books.documents, window)).equals(frame_of(source.pages(books.documents, window)))
        large.close()

    # windows

    def test_windows_are_half_open(self, books, read):
        noon = books.now()
        before, start, end = (books.add(at=at)[0] for at in (noon - SECOND, noon, noon + MINUTE))
        assert read(noon, noon + MINUTE) == {start}
        assert read(noon - SECOND, noon) == {before}
        assert read(noon + MINUTE, noon + 2 * MINUTE) == {end}

    @pytest.fixture
    def nine_hours(self, books: Books) -> set[str]:
        """Documents changed every 20 minutes from noon on."""
        return {books.add(at=books.now() + 20 * step * MINUTE)[0] for step in range(27)}

    @settings(
        max_examples=10,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
    )
    @given(cuts=st.lists(st.integers(1, 9 * 3600 - 1), max_size=3))
    def test_windows_side_by_side_make_the_whole(self, books, source, nine_hours, cuts):
        noon = books.now()
        points = [noon, *(noon + timedelta(seconds=cut) for cut in sorted(cuts)), noon + 9 * HOUR]
        parts = [keys(source.pages(books.documents, Window(*pair))) for pair in pairwise(points)]
        assert sum(map(len, parts)) == len(nine_hours)
        assert set().union(*parts) == nine_hours

    def test_a_day_is_a_day_in_utc(self, books, source, read):
        midnight = start_of_day(books.now().date()) + 2 * DAY
        books.set_now(midnight + HOUR)
        last, first = (books.add(at=at)[0] for at in (midnight - SECOND, midnight))
        assert read(midnight - DAY, midnight) == {last}
        assert read(midnight, midnight + HOUR) == {first}
        (page,) = source.pages(books.documents, Window(midnight, midnight + HOUR))
        assert page.frame["modified_at"].to_list() == [midnight]

    def test_the_open_window_reaches_back_to_the_first_record(self, books, read):
        old = books.add(at=books.now() - 4000 * DAY)[0]
        assert old in read(None, books.now())

    # changes

    def test_changes_of_one_second_are_all_found_on_whichever_side_they_fall(self, books, read):
        second = books.now() + MINUTE
        documents = {books.add(at=second + timedelta(milliseconds=offset))[0] for offset in (0, 1, 500, 999)}
        assert read(books.now(), second) == set()
        assert read(second, second + SECOND) == documents

    def test_a_change_takes_a_record_from_its_old_window_to_its_new_one(self, books, read):
        noon = books.now()
        (document,) = books.add(at=noon)
        books.change(document, at=noon + HOUR)
        assert read(noon, noon + HOUR) == set()
        assert read(noon + HOUR, noon + 2 * HOUR) == {document}

    def test_a_late_commit_is_found_by_a_read_that_overlaps(self, books, read):
        noon = books.now()
        (changed,) = books.add(at=noon - HOUR)
        books.start_change(changed, at=noon)
        added = books.start_adding(at=noon + SECOND)
        books.set_now(noon + 10 * MINUTE)
        assert read(noon - MINUTE, noon + 10 * MINUTE) == set()
        books.commit()
        assert read(noon + 10 * MINUTE, noon + 20 * MINUTE) == set()
        assert read(noon - MINUTE, noon + 20 * MINUTE) == {changed, added}

    def test_rows_that_change_while_pages_are_read_are_found_by_the_next_read(self, books):
        noon = books.now()
        documents = set(books.add(60, at=noon - MINUTE))
        reader = books.source(page_size=10)
        books.move_while_reading()
        seen = frame_of(reader.pages(books.documents, Window(noon - HOUR, noon)))["source_id"]
        books.recover()
        books.set_now(noon + HOUR)
        again = keys(reader.pages(books.documents, Window(noon, noon + HOUR)))
        reader.close()
        assert seen.n_unique() == len(seen) and again
        assert set(seen) < documents, "nothing moved out of the window: this test shows nothing"
        assert documents <= set(seen) | again

    # the clock and the probe

    def test_the_clock_is_the_servers_in_whole_seconds(self, books, source):
        books.set_now(books.now() + timedelta(milliseconds=700))
        assert books.now() - SECOND < source.now() <= books.now()
        assert source.now().microsecond == 0 and source.now().utcoffset() == timedelta(0)

    def test_a_probe_is_equal_exactly_when_nothing_visible_changed(self, books, source):
        noon = books.now()
        documents = books.add(3, at=noon - HOUR)
        books.change(documents[0], at=noon - MINUTE)
        since, seen = noon - 2 * HOUR, set()
        changes = (
            lambda: books.add(at=noon - 30 * MINUTE),
            lambda: books.change(documents[1], at=noon - 20 * MINUTE),
            lambda: books.change(documents[0]),
        )
        for change in changes:
            fingerprint = source.probe(books.documents, since)
            books.set_now(books.now() + MINUTE)
            assert source.probe(books.documents, since) == fingerprint
            assert fingerprint not in seen
            seen.add(fingerprint)
            change()
            books.set_now(books.now() + MINUTE)
        assert source.probe(books.documents, since) not in seen

    def test_a_probe_sees_a_late_commit_below_the_newest_stamp(self, books, source):
        noon = books.now()
        first, second = books.add(2, at=noon - HOUR)
        books.change(second, at=noon - MINUTE)
        books.start_change(first, at=noon - 10 * MINUTE)
        before = source.probe(books.documents, noon - 2 * HOUR)
        books.commit()
        assert source.probe(books.documents, noon - 2 * HOUR) != before

    def test_a_second_change_in_the_second_of_a_probe_is_not_missed(self, books, source):
        (document,) = books.add()
        before = source.probe(books.documents, books.now() - HOUR)
        books.change(document)
        books.set_now(books.now() + MINUTE)
        assert source.probe(books.documents, books.now() - HOUR) != before

    # values

    def test_no_amount_is_ever_a_float(self, source):
        def types(dtype):
            yield dtype
            inner = (
                [field.dtype for field in dtype.fields]
                if isinstance(dtype, pl.Struct)
                else [dtype.inner]
                if isinstance(dtype, pl.List)
                else []
            )
            for one in inner:
                yield from types(one)

        found = {kind for name in source.records for column in RECORDS[name].schema.dtypes() for kind in types(column)}
        assert not found & {pl.Float32(), pl.Float64()}

    def test_amounts_are_exact(self, books, source, today):
        document = books.add_priced([("3", "33.335"), ("1", "0.1"), ("1", "0.2"), ("7", "123456789.01")])
        frame = frame_of(source.pages(books.documents, Window(today.start, books.now() + SECOND)))
        row = frame.row(by_predicate=pl.col("source_id") == document, named=True)
        assert [line["unit_price"] for line in row["lines"]] == [
            Decimal(price) for price in ("33.335", "0.1", "0.2", "123456789.01")
        ]
        assert row["net_amount"] == sum(line["net_amount"] for line in row["lines"])
        assert row["lines"][3]["net_amount"] == Decimal("864197523.07")
        assert row["net_amount"] + row["tax_amount"] + row["rounding_amount"] == row["total_amount"]
        assert row["problem"] is None

    def test_a_document_that_does_not_add_up_says_so(self, books, source, today):
        (document,) = books.add()
        books.unbalance(document)
        (page,) = source.pages(books.documents, Window(today.start, books.now() + SECOND))
        assert "total is" in page.frame["problem"][0]

    def test_a_record_that_cannot_be_mapped_is_set_aside_and_stops_no_other(self, books, source, today):
        documents = books.add(5)
        books.spoil(documents[2])
        window = Window(today.start, books.now() + SECOND)
        pages = list(source.pages(books.documents, window))
        assert keys(pages) == set(documents) - {documents[2]}
        (aside,) = [item for page in pages for item in page.set_aside]
        assert aside.source_id == documents[2] and aside.reason and aside.source_record and aside.company
        assert aside.modified_at == books.now().replace(microsecond=0)
        assert source.totals(books.documents, window).rows == 5

    # failures

    def test_failures_that_pass_are_not_noticed(self, books, source):
        window = Window(None, books.now())
        expected = frame_of(source.pages(books.documents, window))
        for how in PASSING:
            books.fail_once(how)
            assert frame_of(source.pages(books.documents, window)).equals(expected), how

    @pytest.mark.parametrize("how", PERMANENT)
    def test_a_read_that_fails_raises_and_the_next_one_is_whole(self, books, how):
        noon = books.now()
        documents = set(books.add(20, at=noon - MINUTE))
        reader, window = books.source(page_size=5), Window(noon - HOUR, noon)
        for pages_before in (0, 1):
            pages = reader.pages(books.documents, window)
            read_before = [next(pages) for _ in range(pages_before)]
            books.fail(how)
            with pytest.raises(PERMANENT[how]) as raised:
                list(pages)
            assert len(read_before) == pages_before
            assert isinstance(raised.value, ConnectorError) and raised.value.mend
            books.recover()
            assert keys(reader.pages(books.documents, window)) == documents
        reader.close()

    def test_a_read_that_is_given_up_leaves_the_source_usable(self, books, source):
        window = Window(None, books.now())
        expected = keys(source.pages(books.documents, window))
        pages = source.pages(books.documents, window)
        next(pages)
        pages.close()
        assert keys(source.pages(books.documents, window)) == expected

    def test_the_check_finds_everything_in_order(self, source):
        findings = source.check()
        assert findings and all(finding.good for finding in findings), [finding for finding in findings if not finding.good]
