"""`mlconnector outbox`: the files that were made for partners, and what became of them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from mlconnector_assets.cli import tables
from mlconnector_assets.cli.options import HERE, CsvOption, ProjectOption, out

app = typer.Typer(no_args_is_help=True, help="Files for partners: queued, delivered, or waiting for a person.")
COLUMNS = ("id", "state", "partner", "flow", "file", "documents", "bytes", "made (UTC)", "attempts", "last error")


class DeliveryState(StrEnum):
    """Where a file can be on its way."""

    QUEUED = "queued"
    SENDING = "sending"
    DELIVERED = "delivered"
    UNCERTAIN = "uncertain"
    DEAD = "dead"


@app.command("list")
def list_deliveries(
    partner: Annotated[str | None, typer.Option(help="Only this partner.")] = None,
    state: Annotated[DeliveryState | None, typer.Option(help="Only files in this state.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest first.")] = 50,
    as_csv: CsvOption = False,
    project: ProjectOption = HERE,
) -> None:
    """Show files for partners, the newest first.

    A queued file leaves with the next `mlconnector sync`. A dead or uncertain one waits for you: mend what its
    last error says, then `mlconnector outbox replay ID`.

    Example: mlconnector outbox list --partner acme --state queued
    """
    from mlconnector_assets.state import deliveries
    from mlconnector_assets.steps.workspace import open_workspace

    with open_workspace(project) as workspace:
        if partner is not None:
            workspace.partner(partner)
        with workspace.state.reading() as tx:
            found = deliveries.listing(tx, partner=partner, state=state, limit=limit)
    rows = [
        (
            entry.id,
            entry.state,
            entry.partner,
            entry.flow,
            f"{entry.folder}/{entry.remote_name}",
            entry.documents,
            entry.size,
            f"{entry.created_at:%Y-%m-%d %H:%M}",
            entry.attempts,
            entry.last_error,
        )
        for entry in found
    ]
    tables.show(COLUMNS, rows, folding=["last error"], as_csv=as_csv)


@app.command()
def replay(
    delivery: Annotated[int, typer.Argument(metavar="ID", help="The delivery's id, from `mlconnector outbox list`.")],
    project: ProjectOption = HERE,
) -> None:
    """Send a file again: the same bytes, the same name, the same control number.

    For a file that the partner has lost, or one that is dead or uncertain. What happens next: it is queued, and
    leaves with the next `mlconnector sync`.

    Example: mlconnector outbox replay 12
    """
    from mlconnector_assets.state import deliveries
    from mlconnector_assets.steps.workspace import open_workspace

    with open_workspace(project) as workspace, workspace.state.transaction() as tx:
        entry = deliveries.replay(tx, delivery, workspace.clock())
    out.print(f"delivery {entry.id} is queued again: {entry.folder}/{entry.remote_name} for {entry.partner}", markup=False)
