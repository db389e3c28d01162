"""Tables lose nothing, on a terminal and in a pipe."""

from __future__ import annotations

import csv
import io

import pytest
from rich.console import Console

from mlconnector_assets.cli import tables

NAME = "outbound/" + "invoices_of_a_partner_with_a_long_name_" * 3 + "000001.csv"
REASON = "the amount does not add up: " + "net 100.00 and tax 21.00 make 121.00, not 120.99 " * 4
COLUMNS = ["id", "file", "reason"]


def shown(width: int, *, terminal: bool, as_csv: bool = False, cell: object = REASON) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=terminal, highlight=False, emoji=False, no_color=True)
    tables.show(COLUMNS, [(1, NAME, cell)], folding=["reason"], as_csv=as_csv, console=console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [20, 80, 300])
def test_names_are_whole_on_every_terminal(width: int) -> None:
    text = shown(width, terminal=True)
    assert NAME in text
    assert "…" not in text


@pytest.mark.parametrize("width", [20, 300])
def test_long_texts_fold_on_a_terminal(width: int) -> None:
    text = shown(width, terminal=True)
    folded = " ".join(line.split("│")[3].strip() for line in text.splitlines() if line.startswith("│"))
    assert folded.replace("reason ", "").replace(" ", "") == REASON.replace(" ", "")


def test_a_row_is_one_line_in_a_pipe() -> None:
    rows = [line for line in shown(80, terminal=False).splitlines() if NAME in line]
    assert len(rows) == 1
    assert REASON.strip() in rows[0]


def test_csv_is_read_back_as_it_was() -> None:
    odd = 'he said "no",\nthen [bold]left[/] :warning:'
    text = shown(20, terminal=False, as_csv=True, cell=odd)
    assert list(csv.reader(io.StringIO(text))) == [COLUMNS, ["1", NAME, odd]]


@pytest.mark.parametrize("cell", ["[bold]", "[/]", ":key:", "a\\[b]"])
def test_markup_in_data_is_text(cell: str) -> None:
    assert cell in shown(80, terminal=False, cell=cell)


def test_nothing_is_an_empty_cell() -> None:
    assert "None" not in shown(80, terminal=False, cell=None)
