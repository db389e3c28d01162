"""Options that several commands share, and the consoles they write to."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

PROJECT_VARIABLE = "MLCONNECTOR_PROJECT"
PROJECT_HELP = "The folder that holds connections.yaml and partners/."
HERE = Path()


def _chosen(ctx: typer.Context, value: Path) -> Path:
    """`--project` may stand before the command as well; the one after it wins."""
    source = ctx.get_parameter_source("project")
    if source is not None and source.name == "COMMANDLINE":
        return value
    before: Path = ctx.find_root().params.get("project", value)
    return before


ProjectOption = Annotated[
    Path, typer.Option("--project", metavar="DIR", callback=_chosen, show_default="the current folder", help=PROJECT_HELP)
]
CsvOption = Annotated[bool, typer.Option("--csv", help="Write CSV, for programs, instead of a table.")]

ConnectionFilter = Annotated[str | None, typer.Option("--connection", help="Only this connection.")]
RecordFilter = Annotated[str | None, typer.Option("--record", help="Only this record, such as invoices.")]
NewestLimit = Annotated[int, typer.Option("--limit", min=1, help="At most this many, the newest.")]

ReasonOption = Annotated[str, typer.Option("--reason", help="Why. It is kept for good, with your name and the time.")]
ByOption = Annotated[str | None, typer.Option("--by", help="Who decides; the user of this computer by default.")]

out = Console(highlight=False, soft_wrap=True, emoji=False)
"""What a command was asked for."""
err = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)
"""Progress and complaints, so that standard output can be piped."""


def counted(number: int, noun: str, several: str | None = None) -> str:
    """`1 file`, `2 files`; `several` is the plural where it does not end in s alone."""
    return f"{number} {noun if number == 1 else several or noun + 's'}"
