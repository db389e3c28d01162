"""`mlconnector sync`: one full cycle in the foreground."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from mlconnector_assets.cli.failures import LOG, complain_of_steps
from mlconnector_assets.cli.options import HERE, ProjectOption, counted, err, out
from mlconnector_assets.cli.progress import TerminalProgress
from mlconnector_assets.clock import system_clock
from mlconnector_assets.state.redaction import redact

if TYPE_CHECKING:
    from mlconnector_assets.steps.cycle import CycleOutcome
    from mlconnector_assets.steps.workspace import Workspace

DAY_FORMAT = ["%Y-%m-%d"]
MOST_NAMED = 4


def sync(
    connection: Annotated[str | None, typer.Argument(help="Only this connection; all of them by default.")] = None,
    from_: Annotated[
        datetime | None,
        typer.Option("--from", formats=DAY_FORMAT, metavar="DAY", help="Read whole days again, from this one (UTC) …"),
    ] = None,
    to: Annotated[
        datetime | None, typer.Option(formats=DAY_FORMAT, metavar="DAY", help="… to this one; today by default.")
    ] = None,
    sweep: Annotated[
        bool, typer.Option("--sweep", help="Look for deletions now, although `sweep:` has not passed since the last time.")
    ] = False,
    project: ProjectOption = HERE,
) -> None:
    """Run one full cycle: read what changed, render, load the warehouse, deliver, take in what partners sent.
    Made for cron.

    Nothing is sent twice, however often it runs. With --from, records last modified on those days are read
    again, and what was missing is caught up. Each step shows up in Dagster as a materialization. Exits with 1
    when a step failed; the others were done all the same, and the next run catches up.
    What happens next: `mlconnector outbox list` shows the files, `mlconnector warehouse sql` answers questions.

    Examples: mlconnector sync, mlconnector sync --sweep, mlconnector sync odoo --from 2026-01-01 --to 2026-01-31
    """
    outcome = run_and_show(project, connection, _days(from_, to), sweep_now=sweep)
    if outcome.failures:
        raise typer.Exit(1)


def run_and_show(
    project: Path, connection: str | None = None, days: tuple[date, date] | None = None, *, sweep_now: bool = False
) -> CycleOutcome:
    """Run a cycle with progress, show it in Dagster, and print one line and the failures with their mends."""
    from mlconnector_assets.steps.cycle import run_cycle
    from mlconnector_assets.steps.read import Days
    from mlconnector_assets.steps.workspace import open_workspace

    with TerminalProgress() as progress, open_workspace(project, progress=progress) as workspace:
        outcome = run_cycle(workspace, connection, Days(*days) if days else None, sweep_now=sweep_now)
        _report(workspace.project.root, outcome)
        _alert(workspace)
    read = sum(read.rows for read in outcome.reads)
    queued = sum(len(render.deliveries) for render in outcome.renders)
    sent = sum(len(delivery.sent) for delivery in outcome.deliveries)
    loaded = sum(load.inserted + load.updated for load in outcome.loads)
    unchanged = f", nothing new in {_named_or_counted(outcome.unchanged)}" if outcome.unchanged else ""
    made = f"queued {counted(queued, 'file')}; delivered {sent}; loaded {counted(loaded, 'new or changed record')}"
    missed = sum(len(read.missed) for read in outcome.reads)
    made += f"; {counted(missed, 'record')} that earlier reads had missed, see `mlconnector reads report`" if missed else ""
    gone = sum(len(sweep.deleted) for sweep in outcome.sweeps)
    made += f"; found {counted(gone, 'deletion')}" if gone else ""
    taken = sum(len(collected.taken) for collected in outcome.collections)
    made += f"; took in {counted(taken, 'file')}" if outcome.collections else ""
    out.print(f"read {counted(read, 'record')}{unchanged}; {made}", markup=False)
    if held := sum(hold.documents for render in outcome.renders for hold in render.holds):
        out.print(f"{counted(held, 'document')} held for a person to look at: mlconnector holds list")
    complain_of_steps(outcome.failures)
    return outcome


def _named_or_counted(records: list[str]) -> str:
    """Record names as long as a line can hold them, else how many there are."""
    return ", ".join(records) if len(records) <= MOST_NAMED else counted(len(records), "kind") + " of record"


def _days(first: datetime | None, last: datetime | None) -> tuple[date, date] | None:
    today = system_clock().date()
    if first is None:
        if last is not None:
            raise typer.BadParameter("was given without --from; give --from DAY as well", param_hint="--to")
        return None
    until = last.date() if last else max(today, first.date())
    if until < first.date():
        raise typer.BadParameter(f"{until} is before --from {first.date()}; swap them", param_hint="--to")
    if first.date() > today:
        raise typer.BadParameter(
            f"{first.date()} lies in the future; the days are UTC, and today is {today}", param_hint="--from"
        )
    return first.date(), until


def _alert(workspace: Workspace) -> None:
    """Tell people what is wrong. A channel that fails is told here; it changes nothing."""
    from mlconnector_assets.steps.alerts import raise_alerts

    for told in raise_alerts(workspace).told:
        if told.error:
            err.print(f"[yellow]![/] alerts, {told.channel}: {escape(redact(told.error.what))}")


def _report(root: Path, outcome: CycleOutcome) -> None:
    """Show the cycle in Dagster. Only a display: a failure here is told, and changes nothing."""
    from mlconnector_assets.orchestration.report import report_cycle

    try:
        report_cycle(root, outcome)
    except Exception as error:  # noqa: BLE001  the work is done and committed; Dagster's storage may be unreachable
        LOG.debug("showing the cycle in Dagster failed", exc_info=error)
        err.print(f"[yellow]![/] the cycle is done, but could not be shown in Dagster: {type(error).__name__}")
