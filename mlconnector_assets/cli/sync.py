"""`mlconnector sync`: one full cycle in the foreground."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from mlconnector_assets.cli.options import HERE, ProjectOption, err, out
from mlconnector_assets.cli.progress import TerminalProgress
from mlconnector_assets.errors import ConfigurationError

if TYPE_CHECKING:
    from mlconnector_assets.steps.cycle import CycleOutcome
    from mlconnector_assets.steps.read import Days
    from mlconnector_assets.steps.workspace import Workspace


def sync(
    connection: Annotated[str | None, typer.Argument(help="Only this connection; all of them by default.")] = None,
    from_: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], metavar="DAY", help="Read whole days again, from this one (UTC) …")] = None,
    to: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], metavar="DAY", help="… to this one; today by default.")] = None,
    project: ProjectOption = HERE,
) -> None:
    """Run one full cycle: read what changed, render, load the warehouse, deliver. Made for cron.

    Nothing is sent twice, however often it runs. With --from, records last modified on those days are read
    again, and what was missing is caught up. Each step shows up in Dagster as a materialization. Exits 1
    when a step failed; the others were done all the same.
    """
    from mlconnector_assets.steps.cycle import run_cycle
    from mlconnector_assets.steps.workspace import open_workspace

    with TerminalProgress() as progress, open_workspace(project, progress=progress) as workspace:
        outcome = run_cycle(workspace, connection, _days(workspace, from_, to))
        _report(workspace, outcome)
    show(outcome)
    if outcome.failures:
        raise typer.Exit(1)


def show(outcome: CycleOutcome) -> None:
    """Print one line a step, and the failures with their mend."""
    from mlconnector_assets.cli.app import complain

    read = sum(read.rows for read in outcome.reads)
    queued = sum(len(render.deliveries) for render in outcome.renders)
    sent = sum(len(delivery.sent) for delivery in outcome.deliveries)
    loaded = sum(load.inserted + load.updated for load in outcome.loads)
    unchanged = f", nothing new in {', '.join(outcome.unchanged)}" if outcome.unchanged else ""
    out.print(f"read {read} records{unchanged}; queued {queued} files; delivered {sent}; loaded {loaded} new or changed records")
    for failure in outcome.failures:
        err.print(f"[bold red]{failure.step} failed[/]")
        complain(failure.error)


def _days(workspace: Workspace, first: datetime | None, last: datetime | None) -> Days | None:
    from mlconnector_assets.steps.read import Days

    if first is None:
        if last is not None:
            raise ConfigurationError("--to was given without --from", mend="give --from DAY as well")
        return None
    days = Days(first.date(), last.date() if last else workspace.clock().date())
    if days.last < days.first:
        raise ConfigurationError(f"--to {days.last} is before --from {days.first}", mend="swap them")
    return days


def _report(workspace: Workspace, outcome: CycleOutcome) -> None:
    """Show the cycle in Dagster. Only a display: a failure here is told, and changes nothing."""
    from mlconnector_assets.orchestration.report import report_cycle

    try:
        report_cycle(workspace.project.root, outcome)
    except Exception as error:  # noqa: BLE001  the work is done and committed; Dagster's storage may be unreachable
        err.print(f"[yellow]![/] the cycle is done, but could not be shown in Dagster: {type(error).__name__}")
