"""`mlconnector deletions`: what vanished at its source, and mass deletions that wait for a person."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from mlconnector_assets.cli import tables
from mlconnector_assets.cli.failures import complain
from mlconnector_assets.cli.options import (
    HERE,
    ConnectionFilter,
    CsvOption,
    NewestLimit,
    ProjectOption,
    RecordFilter,
    counted,
    err,
    out,
)

app = typer.Typer(no_args_is_help=True, help="Records that vanished at their source, and mass deletions that wait for you.")
COLUMNS = ("connection", "record", "id", "number", "company", "last modified (UTC)", "state", "found (UTC)", "confirmed by")


@app.command("list")
def list_deletions(
    connection: ConnectionFilter = None,
    record: RecordFilter = None,
    limit: NewestLimit = 100,
    as_csv: CsvOption = False,
    project: ProjectOption = HERE,
) -> None:
    """Show what vanished, newest first, and the mass deletions that wait for you.

    Deleted: the source has it no longer. Left: it is there, but not among these records any more. Returned: it was
    gone, and is there again. Found by sweeps, see `sweep:` in connections.yaml.
    What happens next: the warehouse marks the rows (_deleted_at, _left_at).

    Example: mlconnector deletions list --connection odoo --record invoices
    """
    from mlconnector_assets.state import deletions, sweep_stops
    from mlconnector_assets.steps.sweep import MassDeletion
    from mlconnector_assets.steps.workspace import one_of, open_workspace

    with open_workspace(project) as workspace:
        if connection is not None:
            one_of(workspace.project.connections, connection, "connection")
        with workspace.state.reading() as tx:
            found = deletions.listing(tx, connection, record, limit=limit)
            stops = sweep_stops.open_stops(tx, connection, record)
    rows = [
        (
            *(row.connection, row.record, row.source_id, row.number, row.company),
            f"{row.modified_at:%Y-%m-%d %H:%M}" if row.modified_at else None,
            row.state,
            f"{row.deleted_at:%Y-%m-%d %H:%M}" if row.deleted_at else None,
            row.confirmed_by,
        )
        for row in found
    ]
    tables.show(COLUMNS, rows, as_csv=as_csv)
    for stop in stops:
        complain(MassDeletion(stop))


@app.command()
def confirm(
    connection: Annotated[str, typer.Argument(help="Id of the connection.")],
    record: Annotated[str, typer.Argument(help="Record, such as invoices.")],
    reason: Annotated[str, typer.Option(prompt="Why is it right?", help="Why it is right; kept with the deletions.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    project: ProjectOption = HERE,
) -> None:
    """Let a mass deletion pass: sweep again now, and record what is gone.

    A sweep that finds more gone than `most_deleted:` percent, and at least 20, records nothing: a right that was taken
    away, or another database, looks the same. Who confirms, when and why is kept. If even more has vanished by now, it
    stops again.
    What happens next: the next `mlconnector sync` marks the rows in the warehouse.

    Example: mlconnector deletions confirm odoo invoices --reason "old drafts were cleared"
    """
    from mlconnector_assets.state import sweep_stops
    from mlconnector_assets.steps import sweep
    from mlconnector_assets.steps.workspace import one_of, open_workspace

    with open_workspace(project) as workspace:
        one_of(workspace.project.connections, connection, "connection")
        with workspace.state.reading() as tx:
            stops = sweep_stops.open_stops(tx, connection, record)
        for stop in stops:
            err.print(sweep.MassDeletion(stop).what, markup=False)
        if stops and not yes:
            typer.confirm(f"Record {counted(stops[0].missing, 'record')} of {connection} {record} as gone?", abort=True, err=True)
        outcome = sweep.confirm(workspace, connection, record, by=getpass.getuser(), reason=reason)
    if failure := outcome.failure():
        raise failure
    left = f", {len(outcome.left)} left these records" if outcome.left else ""
    out.print(f"recorded {counted(len(outcome.deleted), 'deletion')}{left}")
