"""`mlconnector reads`: how well the incremental reads do."""

from __future__ import annotations

import typer

from mlconnector_assets.cli import tables
from mlconnector_assets.cli.options import HERE, ConnectionFilter, CsvOption, NewestLimit, ProjectOption, RecordFilter

app = typer.Typer(no_args_is_help=True, help="How well reading by changes does.")
COLUMNS = ("connection", "record", "day (UTC)", "id", "number", "found (UTC)", "why")
WHY = {
    "late": "became visible after its day was closed: a transaction longer than `overlap:`",
    "silent": "changed without a new stamp at its source",
}


@app.callback()
def reads() -> None:
    """How well reading by changes does."""


@app.command()
def report(
    connection: ConnectionFilter = None,
    record: RecordFilter = None,
    limit: NewestLimit = 100,
    as_csv: CsvOption = False,
    project: ProjectOption = HERE,
) -> None:
    """Show what the incremental reads missed: found when closed days were read again, and mended by that.

    Closed days are read again once a day, see `reread_days:` in connections.yaml, and by `mlconnector sync --from`.
    What happens next: many late ones want a longer `overlap:`; silent ones are normal, such as new matching numbers.

    Example: mlconnector reads report --connection odoo
    """
    from mlconnector_assets.state import missed
    from mlconnector_assets.steps.workspace import one_of, open_workspace

    with open_workspace(project) as workspace:
        if connection is not None:
            one_of(workspace.project.connections, connection, "connection")
        with workspace.state.reading() as tx:
            found = missed.listing(tx, connection, record, limit=limit)
    rows = [
        (row.connection, row.record, row.day, row.key, row.number, f"{row.found_at:%Y-%m-%d %H:%M}", WHY[row.why])
        for row in found
    ]
    tables.show(COLUMNS, rows, folding=["why"], as_csv=as_csv)
