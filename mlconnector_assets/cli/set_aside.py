"""`mlconnector set-aside`: records that could not be mapped."""

from __future__ import annotations

from typing import Annotated

import typer

from mlconnector_assets.cli import tables
from mlconnector_assets.cli.options import HERE, ConnectionFilter, CsvOption, ProjectOption

app = typer.Typer(no_args_is_help=True, help="Records that could not be mapped: kept as received, until they can be.")
COLUMNS = ("connection", "record", "id", "company", "since (UTC)", "reason")


@app.command("list")
def list_items(
    connection: ConnectionFilter = None,
    as_csv: CsvOption = False,
    project: ProjectOption = HERE,
) -> None:
    """Show what is set aside and why.

    What happens next: mend the record at its source; the next `mlconnector sync` reads it again, and the item
    ends by itself. Everything else went on meanwhile.

    Example: mlconnector set-aside list --connection odoo
    """
    from mlconnector_assets.state import set_aside
    from mlconnector_assets.steps.workspace import one_of, open_workspace

    with open_workspace(project) as workspace:
        if connection is not None:
            one_of(workspace.project.connections, connection, "connection")
        with workspace.state.reading() as tx:
            items = set_aside.open_items(tx, connection)
    rows = [
        (item.connection, item.record, item.source_id, item.company, f"{item.first_seen_at:%Y-%m-%d %H:%M}", item.reason)
        for item in items
    ]
    tables.show(COLUMNS, rows, folding=["reason"], as_csv=as_csv)


@app.command()
def show(
    connection: Annotated[str, typer.Argument(help="Id of the connection.")],
    record: Annotated[str, typer.Argument(help="Record, such as invoices.")],
    source_id: Annotated[str, typer.Argument(metavar="ID", help="The record's id at its source.")],
    project: ProjectOption = HERE,
) -> None:
    """Print a record that was set aside, byte for byte as it was received.

    Example: mlconnector set-aside show odoo invoices 4711
    """
    from mlconnector_assets.errors import ConfigurationError
    from mlconnector_assets.state import set_aside
    from mlconnector_assets.steps.workspace import open_workspace

    with open_workspace(project) as workspace, workspace.state.reading() as tx:
        items = set_aside.open_items(tx, connection)
    for item in items:
        if (item.record, item.source_id) == (record, source_id):
            typer.echo(item.source_record)
            return
    raise ConfigurationError(f"{connection} {record} {source_id} is not set aside", mend="see `mlconnector set-aside list`")
