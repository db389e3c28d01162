"""`mlconnector outbox`: the files that were made for partners, and what became of them."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from mlconnector_assets.cli.options import HERE, ProjectOption, out

app = typer.Typer(no_args_is_help=True, help="Files for partners: queued, delivered, or waiting for a person.")


@app.command("list")
def list_deliveries(
    partner: Annotated[str | None, typer.Option(help="Only this partner.")] = None,
    state: Annotated[str | None, typer.Option(help="Only this state: queued, sending, delivered, uncertain or dead.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest first.")] = 50,
    project: ProjectOption = HERE,
) -> None:
    """Show deliveries, the newest first."""
    from mlconnector_assets.state import deliveries
    from mlconnector_assets.steps.workspace import open_workspace

    table = Table("id", "partner", "flow", "file", "documents", "bytes", "state", "attempts", "last error")
    with open_workspace(project) as workspace, workspace.state.reading() as tx:
        for entry in deliveries.listing(tx, partner=partner, state=state, limit=limit):
            table.add_row(
                str(entry.id),
                entry.partner,
                entry.flow,
                f"{entry.folder}/{entry.remote_name}",
                str(entry.documents),
                str(entry.size),
                entry.state,
                str(entry.attempts),
                entry.last_error or "",
            )
    out.print(table)


@app.command()
def replay(
    delivery: Annotated[int, typer.Argument(help="The delivery's id, from `mlconnector outbox list`.")],
    project: ProjectOption = HERE,
) -> None:
    """Send a file again: the same bytes, the same name, the same control number.

    For a file that the partner has lost, or one that is dead or uncertain. It is queued and leaves with the
    next delivery run, such as `mlconnector sync`.
    """
    from mlconnector_assets.state import deliveries
    from mlconnector_assets.steps.workspace import open_workspace

    with open_workspace(project) as workspace, workspace.state.transaction() as tx:
        entry = deliveries.replay(tx, delivery, workspace.clock())
    out.print(f"delivery {entry.id} is queued again: {entry.folder}/{entry.remote_name} for {entry.partner}")
