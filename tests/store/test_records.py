from __future__ import annotations

import resource
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlconnector_assets.errors import StorageFull
from mlconnector_assets.records import INVOICES, VENDORS
from mlconnector_assets.store import records as store_module
from mlconnector_assets.store.current import newest_versions
from mlconnector_assets.store.files import FileStore
from mlconnector_assets.store.records import RecordStore, days_between
from tests.processes import run_apart

FIRST = date(2026, 3, 1)


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC)


def vendors(*rows: tuple[int, datetime, str]) -> pl.DataFrame:
    frame = pl.DataFrame(
        {"source_id": [str(i) for i, _, _ in rows], "modified_at": [m for _, m, _ in rows], "name": [n for *_, n in rows]}
    )
    frame = frame.with_columns(pl.col("modified_at").cast(pl.Datetime("us", "UTC")))
    missing = [pl.lit(None, kind).alias(name) for name, kind in VENDORS.schema.items() if name not in frame.columns]
    return frame.with_columns(
        pl.lit("odoo").alias("connection"), *[m for m in missing if m.meta.output_name() != "connection"]
    ).select(VENDORS.schema.names())


def read(store: RecordStore, *frames: pl.DataFrame, window, days, previous=None) -> dict[date, str]:
    """One read of vendors: paths by day."""
    with store.spool("odoo", VENDORS, FIRST) as spool:
        for frame in frames:
            spool.append(frame)
        files = [spool.finish(day, previous=(previous or {}).get(day), window=window) for day in days]
        for file in files:
            store.publish(file)
    return {file.day: file.path for file in files}


def names(store: RecordStore, path: str) -> list[str]:
    return store.scan(VENDORS, [path]).collect()["name"].to_list()


def test_pages_are_split_by_day_and_the_first_day_is_open_to_the_past(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(store_module, "ROWS_IN_MEMORY", 2)
    store = RecordStore(tmp_path)
    first = vendors((1, at(1) - timedelta(days=900), "old"), (2, at(2), "two"))
    second = vendors((3, at(1), "one"), (4, at(2, 0), "midnight"))
    paths = read(store, first, second, window=(None, at(3)), days=days_between(FIRST, at(3)))
    assert [names(store, paths[date(2026, 3, day)]) for day in (1, 2, 3)] == [["old", "one"], ["two", "midnight"], []]


def test_an_unchanged_day_is_the_same_file(tmp_path: Path) -> None:
    store = RecordStore(tmp_path)
    rows = vendors((1, at(1), "a"), (2, at(1), "b"))
    assert read(store, rows, window=(None, at(2)), days=[FIRST]) == read(store, rows, window=(None, at(2)), days=[FIRST])
    assert len(list(tmp_path.rglob("*.parquet"))) == 1


def test_a_read_of_a_part_keeps_the_rest_and_replaces_what_moved(tmp_path: Path) -> None:
    store = RecordStore(tmp_path)
    before = read(
        store, vendors((1, at(1, 8), "kept"), (2, at(1, 9), "moves"), (3, at(1, 11), "goes")), window=(None, at(1)), days=[FIRST]
    )
    fresh = vendors((2, at(1, 13), "moved"), (10, at(1, 13), "new"))
    after = read(store, fresh, window=(at(1, 10), at(1, 14)), days=[FIRST], previous=before)
    assert names(store, after[FIRST]) == ["kept", "moved", "new"]


def test_nothing_is_left_of_a_read_that_fails(tmp_path: Path) -> None:
    store = RecordStore(tmp_path)
    with pytest.raises(RuntimeError), store.spool("odoo", VENDORS, FIRST) as spool:
        spool.append(vendors((1, at(1), "a")))
        spool.finish(FIRST, window=(None, at(2)))
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_totals_are_exact_by_currency(tmp_path: Path) -> None:
    store = RecordStore(tmp_path)
    amounts = [("EUR", "0.10"), ("EUR", "0.20"), ("USD", "99999999999999.99")]
    rows = pl.DataFrame(
        {
            "source_id": ["1", "2", "3"],
            "currency": [c for c, _ in amounts],
            "total_amount": [Decimal(a) for _, a in amounts],
            "modified_at": [at(1)] * 3,
        }
    )
    frame = pl.concat([INVOICES.empty(), rows.cast({n: INVOICES.schema[n] for n in rows.columns})], how="diagonal")
    with store.spool("odoo", INVOICES, FIRST) as spool:
        spool.append(frame)
        totals = spool.finish(FIRST, window=(None, at(2))).totals
    assert totals["total_amount|EUR"] == "0.3000"
    assert totals["total_amount|USD"] == "99999999999999.9900"


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 9)), max_size=30))
def test_newest_version_of_every_key(versions: list[tuple[int, int]]) -> None:
    unique = list(dict.fromkeys(versions))
    rows = vendors(*((key, at(1) + timedelta(hours=hour), f"{key}-{hour}") for key, hour in unique))
    found = set(newest_versions(rows.lazy(), VENDORS).collect()["name"])
    assert found == {f"{key}-{max(h for k, h in unique if k == key)}" for key, _ in unique}


def test_rendered_files_are_kept_once_by_content(tmp_path: Path) -> None:
    files = FileStore(tmp_path)
    sha256 = files.put(b"content")
    assert files.put(b"content") == sha256
    assert files.read(sha256) == b"content"
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [sha256]


def refused_at_every_size(folder: Path) -> None:
    """Reads of an invoice, whose many columns make a file's footer long, where no file may grow above a size; then
    without a limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    row = pl.DataFrame({name: [None] for name in INVOICES.schema.names()}, schema=INVOICES.schema)
    row = row.with_columns(pl.lit("1").alias("source_id"), pl.lit(at(2)).cast(pl.Datetime("us", "UTC")).alias("modified_at"))

    def read_it() -> None:
        with store.spool("odoo", INVOICES, FIRST) as spool:
            spool.append(row)
            store.publish(spool.finish(date(2026, 3, 2), window=(None, at(3))))

    store = RecordStore(folder)
    for largest in range(0, 16_000, 1_000):
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, hard))
        with pytest.raises(StorageFull, match="no space is left"):
            read_it()
        assert not [path for path in folder.rglob("*") if path.is_file()]
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    read_it()


def test_a_full_quota_is_told_wherever_in_a_file_it_is_met(tmp_path: Path) -> None:
    done = run_apart(refused_at_every_size, tmp_path)
    assert done.code == 0, done.said
