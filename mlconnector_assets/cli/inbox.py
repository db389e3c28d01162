"""`mlconnector inbox`: the files that partners sent, and what became of them."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer

from mlconnector_assets.cli import tables
from mlconnector_assets.cli.options import HERE, CsvOption, ProjectOption, err, out

app = typer.Typer(no_args_is_help=True, help="Files from partners: waiting, taken in, or refused.")
COLUMNS = ("id", "state", "partner", "kind", "file", "bytes", "seen (UTC)", "received (UTC)", "result or reason")
FileId = Annotated[int, typer.Argument(metavar="ID", help="The file's id, from `mlconnector inbox list`.")]


class InboundState(StrEnum):
    """What a partner's file has come to."""

    SEEN = "seen"
    UNTOUCHED = "untouched"
    CLAIMED = "claimed"
    RECEIVED = "received"
    HANDED_OVER = "handed_over"
    FAILED = "failed"
    DUPLICATE = "duplicate"


@app.command("list")
def list_files(
    partner: Annotated[str | None, typer.Option(help="Only this partner.")] = None,
    state: Annotated[InboundState | None, typer.Option(help="Only files in this state.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest first.")] = 50,
    as_csv: CsvOption = False,
    project: ProjectOption = HERE,
) -> None:
    """Show files from partners, the newest first.

    A seen file is taken by `mlconnector sync` once it is complete. An untouched one cannot be taken: the reason tells
    what to ask the partner. A failed one was refused: mend what the reason says, then `mlconnector inbox retry ID`.

    Example: mlconnector inbox list --partner acme --state failed
    """
    from mlconnector_assets.state import inbox
    from mlconnector_assets.steps.workspace import open_workspace

    with open_workspace(project) as workspace:
        if partner is not None:
            workspace.partner(partner)
        with workspace.state.reading() as tx:
            found = inbox.listing(tx, partner=partner, state=state, limit=limit)
    rows = [
        (
            file.id,
            file.state,
            file.partner,
            file.kind,
            file.path,
            file.size,
            f"{file.seen_at:%Y-%m-%d %H:%M}",
            f"{file.received_at:%Y-%m-%d %H:%M}" if file.received_at else None,
            file.reason or file.result,
        )
        for file in found
    ]
    tables.show(COLUMNS, rows, folding=["result or reason"], as_csv=as_csv)


@app.command()
def show(
    file: FileId,
    project: ProjectOption = HERE,
) -> None:
    """Print a file that a partner sent, byte for byte as it was received; what is known of it goes to standard error.

    Example: mlconnector inbox show 12 > GL_20260131.csv
    """
    from mlconnector_assets.state import inbox
    from mlconnector_assets.steps.workspace import open_workspace

    with open_workspace(project) as workspace:
        with workspace.state.reading() as tx:
            row = inbox.find(tx, file)
        facts = {
            "state": row.state,
            "partner": f"{row.partner}, {row.kind}",
            "sent as": row.path,
            "lies at": row.lies_at,
            "sha256": row.sha256,
            "received": f"{row.received_at:%Y-%m-%d %H:%M:%S} UTC" if row.received_at else "not yet",
            "result": row.result,
            "reason": row.reason,
        }
        for name, value in facts.items():
            if value:
                err.print(f"{name}: {value}", markup=False)
        if row.sha256 is not None:
            sys.stdout.buffer.write(workspace.files.read(row.sha256))
            sys.stdout.buffer.flush()


@app.command()
def retry(
    file: FileId,
    project: ProjectOption = HERE,
) -> None:
    """Hand a refused file over again, from the bytes that were kept. Also a duplicate that was skipped.

    What happens next: it is handed over at once, and moved to processed/ by the next `mlconnector sync`. Exits with 1 when it
    is refused again.

    Example: mlconnector inbox retry 12
    """
    from mlconnector_assets.state import inbox
    from mlconnector_assets.steps.collect import hand_over_file
    from mlconnector_assets.steps.workspace import open_workspace

    with open_workspace(project) as workspace:
        with workspace.state.transaction() as tx:
            inbox.retry(tx, file, workspace.clock())
        row = hand_over_file(workspace, file)
    if row.state == "failed":
        err.print(f"file {row.id} is refused again: {row.reason}", markup=False)
        raise typer.Exit(1)
    out.print(f"file {row.id} was handed over: {row.result}", markup=False)
