"""`mlconnector alerts`: what is wrong, and whether people are told."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from mlconnector_assets.cli import tables
from mlconnector_assets.cli.options import HERE, CsvOption, ProjectOption, err, out

app = typer.Typer(no_args_is_help=True, help="What is wrong now, and the mail and webhooks that tell it.")
COLUMNS = ("id", "kind", "what", "cases", "since (UTC)", "over (UTC)", "what to do")


@app.command("list")
def list_incidents(
    everything: Annotated[bool, typer.Option("--all", help="Also what is over, the newest first.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    as_csv: CsvOption = False,
    project: ProjectOption = HERE,
) -> None:
    """Show what is wrong, since when, and what to do; then how the channels fare that tell it.

    An incident ends by itself when its cause is gone. `mlconnector sync` looks at the end of each cycle, Dagster
    every few minutes. What happens next: mend what the last column says.

    Example: mlconnector alerts list
    """
    from mlconnector_assets.state import incidents
    from mlconnector_assets.steps.alerts import alert_channels
    from mlconnector_assets.steps.workspace import open_workspace

    with open_workspace(project) as workspace:
        with workspace.state.reading() as tx:
            found = incidents.listing(tx, closed=everything, limit=limit)
            known = incidents.channels(tx)
        channels = [(channel, known.get(channel.name)) for channel in alert_channels(workspace)]
    rows = [
        (
            incident.id,
            incident.kind,
            "; ".join([incident.what, *incident.examples]),
            incident.count,
            f"{incident.opened_at:%Y-%m-%d %H:%M}",
            f"{incident.resolved_at:%Y-%m-%d %H:%M}" if incident.resolved_at else None,
            incident.mend,
        )
        for incident in found
    ]
    tables.show(COLUMNS, rows, folding=["what", "what to do"], as_csv=as_csv)
    if not channels:
        err.print("[yellow]![/] nobody is told: connections.yaml has no `alerts:`")
    for channel, status in channels:
        if status and status.last_error:
            again = f", tried again {status.next_attempt_at:%Y-%m-%d %H:%M} UTC" if status.next_attempt_at else ""
            err.print(f"[yellow]![/] {escape(f'{channel.name}: {status.last_error}{again}')}")


@app.command("test")
def send_test(
    channel: Annotated[str | None, typer.Argument(help='Only this channel, such as "mail finance"; all by default.')] = None,
    project: ProjectOption = HERE,
) -> None:
    """Send a test message through each channel, and say what happened. Exits with 1 when one failed.

    What happens next: look whether it arrived, and not among the spam.

    Examples: mlconnector alerts test, mlconnector alerts test "mail finance"
    """
    from mlconnector_assets.cli.failures import complain
    from mlconnector_assets.errors import ConfigurationError
    from mlconnector_assets.steps.alerts import try_channels
    from mlconnector_assets.steps.workspace import open_workspace

    with open_workspace(project) as workspace:
        results = list(try_channels(workspace, channel))
    if not results:
        raise ConfigurationError(
            "connections.yaml has no `alerts:`, so nobody is told",
            mend="add a mail or webhook channel, see the configuration guide",
        )
    for told in results:
        if told.notices:
            out.print(f"✓ {told.channel}: sent", markup=False)
        if told.error:
            complain(told.error)
    if any(told.error for told in results):
        raise typer.Exit(1)
