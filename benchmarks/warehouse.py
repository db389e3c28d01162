"""DuckDB warehouse beside dlt in the same run: load 1,000,000 rows of 20 columns, then merge 100,000
(90,000 newer versions, 10,000 new keys) into them. Rounds alternate and the best of each counts.

Both keep one row a key from the first load on. dlt gets its fast road: Arrow tables as they are, Parquet files, no
load-id column, the better of its two merge strategies, and its Arrow tables are made before its clock starts. Ours also
compares versions, and writes read_at and load_id, two columns more. dlt's plain append, which keeps no key, is shown
beside them without a goal.

Goals: load at least 4 times as fast as dlt, merge at least as fast.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from mlconnector_assets.records import Column, Record
from mlconnector_assets.records.record import INSTANT, MONEY
from mlconnector_assets.warehouse.duckdb import DuckDBWarehouse

ROWS, CHANGED, NEW, ROUNDS = 1_000_000, 90_000, 10_000, 2
LOAD_GOAL, MERGE_GOAL = 4.0, 1.0
UPSERT, DELETE_INSERT = ({"disposition": "merge", "strategy": strategy} for strategy in ("upsert", "delete-insert"))
FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)

POSTINGS = Record(
    name="postings",
    title="Postings",
    meaning="With the common columns: 5 texts, 1 instant, 5 amounts, 3 dates, 6 counts.",
    own_columns={
        **{f"amount_{n}": Column(MONEY, "an amount") for n in range(5)},
        **{f"date_{n}": Column(pl.Date(), "a date") for n in range(3)},
        **{f"count_{n}": Column(pl.Int64(), "a count") for n in range(6)},
    },
)


def frame(keys: np.ndarray, modified_at: datetime) -> pl.DataFrame:
    """Random records with these keys, all modified at one instant."""
    random, size = np.random.default_rng(int(keys[0])), len(keys)
    ids = pl.Series(keys).cast(pl.String)
    columns = {
        "connection": pl.repeat("bench", size, eager=True),
        "company": pl.Series(keys % 5).cast(pl.String),
        "source_id": ids,
        "modified_at": pl.repeat(modified_at, size, dtype=INSTANT, eager=True),
        "content_hash": pl.Series([random.bytes(32) for _ in range(size)]).bin.encode("hex"),
        "source_record": '{"id": ' + ids + "}",
        **{f"amount_{n}": pl.Series(random.integers(0, 10**9, size)).cast(MONEY) for n in range(5)},
        **{f"date_{n}": pl.Series(random.integers(18_000, 20_000, size, dtype="i4")).cast(pl.Date) for n in range(3)},
        **{f"count_{n}": pl.Series(random.integers(0, 10**6, size)) for n in range(6)},
    }
    return pl.DataFrame(columns, schema=POSTINGS.schema)


def ours(folder: Path, first: pl.DataFrame, second: pl.DataFrame) -> tuple[float, float]:
    """Seconds of our load and merge."""
    warehouse = DuckDBWarehouse(folder / "ours.duckdb")
    seconds = (
        timed(lambda: warehouse.load_records("bench", POSTINGS, first, load_id="first", reads=[])),
        timed(lambda: warehouse.load_records("bench", POSTINGS, second, load_id="second", reads=[])),
    )
    ((count, changed),) = warehouse.query("SELECT count(*), count_if(load_id = 'second') FROM bench_postings").rows()
    assert (count, changed) == (ROWS + NEW, CHANGED + NEW)
    return seconds


def peer(folder: Path, first: Any, second: Any, load: Any, merge: Any) -> tuple[float, float]:
    """Seconds of dlt's load and merge of the same rows as Arrow tables, with these write dispositions."""
    import dlt
    import duckdb

    file = folder / "dlt.duckdb"
    pipeline = dlt.pipeline(
        "bench",
        pipelines_dir=str(folder / "pipelines"),
        destination=dlt.destinations.duckdb(str(file)),
        dataset_name="bench",
    )

    def run(rows: Any, disposition: Any) -> None:
        resource = dlt.resource(rows, name="postings", primary_key=["connection", "source_id"])
        pipeline.run(resource, write_disposition=disposition, loader_file_format="parquet").raise_on_failed_jobs()

    seconds = timed(lambda: run(first, load)), timed(lambda: run(second, merge))
    with duckdb.connect(str(file), read_only=True) as database:
        assert database.sql("SELECT count(*) FROM bench.postings").fetchone() == (ROWS + NEW,)
    return seconds


def timed(work: Callable[[], object]) -> float:
    """Seconds on the wall clock."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def in_folder(measure: Callable[..., tuple[float, float]], *arguments: Any) -> tuple[float, float]:
    """Measure in an empty folder that is removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="mlconnector-bench-"))
    try:
        return measure(folder, *arguments)
    finally:
        shutil.rmtree(folder)


def best(rounds: list[tuple[float, float]]) -> tuple[float, float]:
    """The quickest load and the quickest merge."""
    return min(load for load, _ in rounds), min(merge for _, merge in rounds)


def run() -> list[tuple[str, str]]:
    """Measure; lines of (what, result)."""
    os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")
    os.environ.setdefault("RUNTIME__LOG_LEVEL", "CRITICAL")
    first = frame(np.arange(ROWS), FIRST_DAY)
    second = frame(np.arange(ROWS - CHANGED, ROWS + NEW), FIRST_DAY + timedelta(days=1))
    with_dlt = importlib.util.find_spec("dlt") is not None
    our_rounds = []
    keyed_rounds, append_rounds = [], []
    for _ in range(ROUNDS):
        our_rounds.append(in_folder(ours, *(part.with_columns(read_at=pl.col("modified_at")) for part in (first, second))))
        if with_dlt:
            arrow = first.to_arrow(), second.to_arrow()
            keyed_rounds += [in_folder(peer, *arrow, way, way) for way in (UPSERT, DELETE_INSERT)]
            append_rounds.append(in_folder(peer, *arrow, "append", UPSERT))
    load, merge = best(our_rounds)
    lines = [
        (f"DuckDB load of {ROWS:,} x {first.width}", f"{load:.2f} s"),
        (f"DuckDB merge of {CHANGED + NEW:,} into them", f"{merge:.2f} s"),
    ]
    if not with_dlt:
        return [*lines, ("dlt", "not installed, so nothing to compare with: pip install -e '.[bench]'")]
    keyed_load, keyed_merge = best(keyed_rounds)
    append_load, append_merge = best(append_rounds)
    peer_merge = min(keyed_merge, append_merge)
    return [
        *lines,
        ("dlt load, one row a key", f"{keyed_load:.2f} s; ours is {verdict(keyed_load / load, LOAD_GOAL)}"),
        ("dlt merge", f"{peer_merge:.2f} s; ours is {verdict(peer_merge / merge, MERGE_GOAL)}"),
        ("dlt load by plain append, no key", f"{append_load:.2f} s; ours is {append_load / load:.1f} x as fast"),
    ]


def verdict(ratio: float, goal: float) -> str:
    """A ratio beside its goal, in words."""
    return f"{ratio:.1f} x as fast (goal {goal:.0f} x: {'met' if ratio >= goal else 'MISSED'})"


def main() -> None:
    """Print what `run` measured."""
    for what, result in run():
        print(f"{what:<45} {result}")


if __name__ == "__main__":
    main()
