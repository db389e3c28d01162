"""`mlconnector set-aside`: records that could not be mapped."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from mlconnector_assets.cli.options import HERE, ProjectOption, out

app = typer.Typer(no_args_is_help=True, help="Records that could not be mapped: kept as received, until they can be.")


@app.command("list")
def list_items(
    connection: Annotated[str | None, typer.Option(help="Only this connection.")] = None, project: ProjectOption = HERE
) -> None:
    """Show what is set aside and why. An item ends by itself when the record is mended at its source and read again."""
    from mlconnector_assets.state import set_aside
    from mlconnector_assets.steps.workspace import open_workspace

    table = Table("connection", "record", "id", "company", "since (UTC)", "reason")
    with open_workspace(project) as workspace, workspace.state.reading() as tx:
        for item in set_aside.open_items(tx, connection):
            table.add_row(item.connection, item.record, item.source_id, item.company, f"{item.first_seen_at:%Y-%m-%d %H:%M}", item.reason)
    out.print(table)


@app.command()
def show(
    connection: Annotated[str, typer.Argument(help="Id of the connection.")],
    record: Annotated[str, typer.Argument(help="Record, such as invoices.")],
    source_id: Annotated[str, typer.Argument(help="The record's id at its source.")],
    project: ProjectOption = HERE,
) -> None:
    """Print a record that was set aside, as received."""
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
