"""Delimited writing beside bare `polars.write_csv` in the same run: 1,000,000 invoices, every round writes
the same rows of text both ways, rounds alternate and the best of each counts. Where ours refuses values that need
quotes, the peer is bare writing that quotes them: bare writing without quotes makes a broken file. Applying the layout
(records to rows of text) is shown beside Polars' own writing of the typed columns, without a goal.

Goal: writing within 1.5 times of bare `write_csv`, with every check that keeps a broken file from being written.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from datetime import date

import numpy as np
import polars as pl

from mlconnector_assets.formats.delimited import render
from mlconnector_assets.layouts import Delimited, Layout, compile_layout
from mlconnector_assets.records import INVOICES
from mlconnector_assets.records.record import MONEY

ROWS, ROUNDS, GOAL = 1_000_000, 5, 1.5
COLUMNS = ("company", "document_type", "number", "counterparty_number", "document_date", "due_date", "currency", "payment_state",
           "net_amount", "tax_amount", "total_amount", "open_amount")  # fmt: skip
AMOUNTS = ("net_amount", "tax_amount", "total_amount", "open_amount")
VARIANTS = {
    "utf-8, quotes where needed": Delimited(),
    "utf-8, every value quoted": Delimited(quoting="all"),
    "utf-8, never a quote": Delimited(quoting="never"),
    "cp1252, ; and crlf": Delimited(encoding="cp1252", delimiter=";", line_end="crlf"),
}


def invoices(rows: int) -> pl.DataFrame:
    """Invoices with plausible numbers, names, dates and amounts; the columns that are not written are empty."""
    cents = np.random.default_rng(7).integers(100, 9_999_999, rows)
    amount = (pl.col("cents").cast(pl.Decimal(20, 4)) / 100).cast(MONEY)
    day = pl.lit(date(2025, 1, 1)) + pl.duration(days=pl.col("cents") % 365)
    number = pl.col("row").cast(pl.String).str.pad_start(7, "0")
    made = pl.DataFrame({"cents": cents}).with_row_index("row").select(
        source_id=pl.col("row").cast(pl.String), company=pl.lit("main"), document_type=pl.lit("invoice"), state=pl.lit("posted"),
        number="INV/2025/" + number, counterparty_number="Müller & Co " + number, document_date=day,
        due_date=day + pl.duration(days=30),
        currency=pl.lit("EUR"), payment_state=pl.lit("not_paid"), **dict.fromkeys(AMOUNTS, amount),
    )  # fmt: skip
    missing = [pl.lit(None, kind).alias(name) for name, kind in INVOICES.schema.items() if name not in made.columns]
    return made.with_columns(missing).select(INVOICES.schema.names())


def bare(rows: pl.DataFrame, options: Delimited) -> bytes:
    """What a person would write without us: the same dialect and encoding, no check."""
    style = "always" if options.quoting == "all" else "necessary"
    out = io.BytesIO()
    rows.write_csv(
        out, separator=options.delimiter, quote_style=style, line_terminator="\r\n" if options.line_end == "crlf" else "\n"
    )
    return out.getvalue() if options.encoding == "utf-8" else out.getvalue().decode().encode(options.encoding)


def best(*tasks: Callable[[], object]) -> list[float]:
    """The best wall time of each task in seconds; the rounds alternate."""
    times = [[0.0] * ROUNDS for _ in tasks]
    for turn in range(ROUNDS):
        for index, task in enumerate(tasks):
            start = time.perf_counter()
            task()
            times[index][turn] = time.perf_counter() - start
    return [min(each) for each in times]


def run() -> list[tuple[str, str]]:
    """Lines of what was measured, beside what."""
    documents = invoices(ROWS)
    amounts = [{"name": name, "decimals": "2-4"} for name in AMOUNTS]
    columns = [{"name": name} for name in COLUMNS if name not in AMOUNTS] + amounts
    layout = compile_layout(Layout.model_validate({"columns": columns}), INVOICES)
    rows = layout.apply(documents).parts[0].texts
    typed = documents.select(COLUMNS)
    lines = []
    for name, options in VARIANTS.items():
        ours, theirs = best(lambda options=options: render(rows, options), lambda options=options: bare(rows, options))
        verdict = f"{ours / theirs:.2f} x its time (goal {GOAL} x: {'met' if ours <= GOAL * theirs else 'MISSED'})"
        lines.append(
            (f"delimited {ROWS:,} x {rows.width}, {name}", f"{ours:.2f} s; bare write_csv {theirs:.2f} s; ours takes {verdict}")
        )
    apply, typed_write = best(lambda: layout.apply(documents), lambda: bare(typed, Delimited()))
    return [*lines, ("layout applied to the same", f"{apply:.2f} s; bare write_csv of the typed columns {typed_write:.2f} s")]


def main() -> None:
    """Print what `run` measured."""
    for what, result in run():
        print(f"{what:<60} {result}")


if __name__ == "__main__":
    main()
