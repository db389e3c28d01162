"""The current state of a record over ten years of daily files: the newest version of every key with the columns that the
proof sums, and the keys alone as a sweep compares them. Goal: under 2 s."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from mlconnector_assets.records import INVOICES
from mlconnector_assets.store.current import key_text, newest_versions
from mlconnector_assets.store.records import RecordStore

DAYS, A_DAY, AGAIN, ROUNDS = 3_650, 25, 5, 3
"""A day has new documents, and some that were modified again that day."""
GOAL = 2.0
FIRST = datetime(2016, 1, 1, 9, tzinfo=UTC)


def run() -> Iterator[tuple[str, str]]:
    """Each measurement and its result."""
    folder = Path(tempfile.mkdtemp(prefix="current-state-"))
    try:
        store = RecordStore(folder)
        read_at = dict.fromkeys(_write_days(folder), FIRST + DAYS * timedelta(days=1))
        columns = [*INVOICES.key, "modified_at", "read_at", *INVOICES.totals, "currency"]

        def current() -> pl.DataFrame:
            return newest_versions(store.scan_with(INVOICES, read_at, "read_at").select(columns), INVOICES).collect()

        def keys() -> pl.DataFrame:
            return store.scan_with(INVOICES, read_at, "read_at").select(key_text(INVOICES)).unique().collect()

        expected = DAYS * A_DAY
        for what, work in (("current state, with sums", current), ("keys", keys)):
            seconds, rows = _best(work)
            if rows != expected:
                raise AssertionError(f"{rows} keys instead of {expected}")
            verdict = "" if seconds < GOAL else f", MISSED the goal of {GOAL:.0f} s"
            yield f"{what}, {DAYS:,} files, {DAYS * (A_DAY + AGAIN):,} rows", f"{seconds:.2f} s{verdict}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _best(work: Callable[[], pl.DataFrame]) -> tuple[float, int]:
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        rows = work().height
        times.append(time.perf_counter() - began)
    return min(times), rows


def _write_days(folder: Path) -> list[str]:
    """Files with whole documents, lines included, so that their footers and pages are those of real ones."""
    line = {"line_id": "1", "position": 1, "description": "Bolts, M8", "net_amount": Decimal("50.00")}
    document = {
        "connection": "bench", "company": "nl", "source_id": "0", "modified_at": FIRST, "content_hash": "ab" * 32,
        "source_record": '{"id": 1, "note": "' + "x" * 800 + '"}', "kind": "customer", "state": "posted", "currency": "EUR",
        "net_amount": Decimal("50.00"), "tax_amount": Decimal("10.50"), "total_amount": Decimal("60.50"), "lines": [line] * 5,
    }  # fmt: skip
    day = pl.DataFrame([document] * (A_DAY + AGAIN), schema=INVOICES.schema)
    paths = []
    for number in range(DAYS):
        earlier = [(number * 7919 + 104_729 * n) % max(number * A_DAY, 1) for n in range(AGAIN)] if number > AGAIN else []
        ids = dict.fromkeys([*range(number * A_DAY, (number + 1) * A_DAY), *earlier])
        rows = day.head(len(ids)).with_columns(
            pl.Series("source_id", [str(key) for key in ids]),
            pl.lit(FIRST + timedelta(days=number)).cast(INVOICES.schema["modified_at"]).alias("modified_at"),
        )
        path = f"bench/invoices/{number:05}.parquet"
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(rows.to_arrow(compat_level=pl.CompatLevel.oldest()), folder / path, compression="zstd")
        paths.append(path)
    return paths
