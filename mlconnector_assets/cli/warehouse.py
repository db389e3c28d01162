"""`mlconnector warehouse`: ask the warehouse."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer
from rich.table import Table

from mlconnector_assets.cli.options import HERE, ProjectOption, out

app = typer.Typer(no_args_is_help=True, help="The warehouse: which tables it has, and queries.")


class Output(StrEnum):
    """How an answer is written."""

    TABLE = "table"
    CSV = "csv"


@app.command()
def sql(
    statement: Annotated[str, typer.Argument(help='One statement that reads, such as "select * from odoo_invoices limit 5".')],
    output: Annotated[Output, typer.Option(help="A table for people, or CSV for programs.")] = Output.TABLE,
    project: ProjectOption = HERE,
) -> None:
    """Ask the warehouse a question. Nothing can be changed this way."""
    from mlconnector_assets.steps.workspace import open_workspace

    with open_workspace(project) as workspace:
        answer = workspace.warehouse.query(statement)
    if output is Output.CSV:
        typer.echo(answer.write_csv(), nl=False)
        return
    table = Table(*answer.columns)
    for row in answer.iter_rows():
        table.add_row(*("" if value is None else str(value) for value in row))
    out.print(table)


@app.command()
def tables(project: ProjectOption = HERE) -> None:
    """List the tables with their rows and meaning."""
    from mlconnector_assets.steps.workspace import open_workspace

    with open_workspace(project) as workspace:
        sizes = workspace.warehouse.tables()
    table = Table("table", "rows", "meaning")
    for size in sizes:
        table.add_row(size.name, str(size.rows), size.meaning)
    out.print(table)
