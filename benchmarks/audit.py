"""The audit: writing rows, and finding one record among a million of them in many segments.

Segments are as large as the files and loads they tell of: 50,000 rows are a busy day's, 1,000,000 a first load, 10,000
a small day's. Each costs its own fsyncs and its own transaction, which the many small ones show, without a goal.

Goals: at least 500,000 rows/s written, hashed, indexed for look-up and chained; a record found in under 0.5 s.
"""

from __future__ import annotations

import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import polars as pl

from mlconnector_assets.clock import system_clock
from mlconnector_assets.state import audit, audit_check, audit_search
from mlconnector_assets.state.database import State

ROWS, GOAL_ROWS, GOAL_SECONDS = 1_000_000, 500_000, 0.5
LAYOUTS = (("1 segment", ROWS), ("20 segments", 50_000), ("100 segments", 10_000), ("5,000 segments", 200))
WITH_GOAL = 50_000
"""Rows of the smallest segments that are held to the goal."""


def records(first: int, count: int) -> pl.DataFrame:
    """Records as a flow has them: ids and numbers differ, hashes are random."""
    return pl.select(pl.int_range(first, first + count).alias("id")).select(
        pl.lit("odoo").alias("connection"),
        pl.lit("nl").alias("company"),
        pl.col("id").cast(pl.String).alias("source_id"),
        pl.format("INV/2026/{}", "id").alias("number"),
        pl.lit(datetime(2026, 3, 1, tzinfo=UTC)).alias("modified_at"),
        pl.format("{}{}", pl.col("id").hash(1), pl.col("id").hash(2)).alias("content_hash"),
        pl.int_range(1, count + 1).alias("position"),
    )


def write(state: State, folder: Path, size: int) -> float:
    """Write ROWS rows in segments of `size`, one transaction each; seconds without making the records."""
    spent = 0.0
    for start in range(0, ROWS, size):
        frame = records(start, size)
        began = time.perf_counter()
        rows = audit.rows_of(
            frame, at=system_clock(), kind="file", reference=f"delivery {start}", record="invoices", status="queued"
        )
        with state.transaction() as tx:
            audit.append(tx, kind="file", reference=f"delivery {start}", segment=audit.write_segment(folder, rows))
        spent += time.perf_counter() - began
    return spent


def look_up(state: State, folder: Path, key: str) -> float:
    """Seconds to find the one row of a record."""
    began = time.perf_counter()
    with state.reading() as tx:
        found = audit_search.find_rows(tx, folder, key)
    assert found.height == 1, found
    return time.perf_counter() - began


def run() -> list[tuple[str, str]]:
    """Measure; (what, result) lines."""
    lines = []
    for name, size in LAYOUTS:
        with tempfile.TemporaryDirectory() as base:
            folder = Path(base) / "audit"
            with State.open(f"sqlite:///{base}/state.db", clock=system_clock) as state:
                spent = write(state, folder, size)
                speed = f"{ROWS / spent:,.0f} rows/s, {spent / (ROWS / size) * 1000:.1f} ms a segment"
                if size >= WITH_GOAL:
                    speed += f" (goal {GOAL_ROWS:,} rows/s: {'met' if ROWS / spent >= GOAL_ROWS else 'MISSED'})"
                lines.append((f"write {ROWS:,} rows, {name}", speed))
                keys = [str(key) for key in range(7, ROWS, ROWS // 7)] + ["INV/2026/999999"]
                middle = median(look_up(state, folder, key) for key in keys)
                met = "met" if middle < GOAL_SECONDS else "MISSED"
                lines.append((f"find one record, {name}", f"{middle * 1000:.0f} ms (goal {GOAL_SECONDS * 1000:.0f} ms: {met})"))
                if size == WITH_GOAL:
                    began = time.perf_counter()
                    with state.reading() as tx:
                        assert audit_check.verify(tx, folder) == []
                    lines.append((f"verify {ROWS:,} rows, {name}", f"{time.perf_counter() - began:.1f} s"))
    return lines


def main() -> None:
    """Print what `run` measured."""
    for what, result in run():
        print(f"{what:<45} {result}")


if __name__ == "__main__":
    main()
