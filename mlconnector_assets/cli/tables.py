"""Tables that lose nothing: names and paths are never cut. On a terminal long texts fold; in a pipe every row
is one line; `--csv` is for programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from mlconnector_assets.cli.options import out

UNLIMITED = 100_000
"""More columns of characters than any row has."""


def show(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    title: str | None = None,
    folding: Sequence[str] = (),
    as_csv: bool = False,
    console: Console = out,
) -> None:
    """Print rows under their columns; None is an empty cell. Only `folding` columns may fold on a narrow terminal."""
    texts = [["" if value is None else str(value) for value in row] for row in rows]
    if as_csv:
        console.file.write(csv_text(columns, texts))
        return
    if title:
        console.print(Text(title, "bold"))
    table = Table(box=box.ROUNDED if console.is_terminal else box.ASCII2)
    for name in columns:
        table.add_column(Text(name), no_wrap=name not in folding, overflow="fold")
    for cells in texts:
        table.add_row(*map(Text, cells))
    needs = Measurement.get(console, console.options.update(width=UNLIMITED), table)
    width = max(console.width, needs.minimum) if console.is_terminal else needs.maximum
    Console(file=console.file, width=width, highlight=False, emoji=False).print(table)


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Rows under their columns as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()
