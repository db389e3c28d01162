"""`mlconnector warehouse`: ask the warehouse."""

from __future__ import annotations

from typing import Annotated

import typer

from mlconnector_assets.cli import tables
from mlconnector_assets.cli.options import HERE, CsvOption, ProjectOption

app = typer.Typer(no_args_is_help=True, help="The warehouse: which tables it has, and queries.")


@app.command()
def sql(
    statement: Annotated[str, typer.Argument(help='One statement that reads, such as "select * from odoo_invoices limit 5".')],
    as_csv: CsvOption = False,
    project: ProjectOption = HERE,
) -> None:
    """Ask the warehouse a question, in DuckDB's SQL. Nothing can be changed this way.

    Example: mlconnector warehouse sql "select currency, sum(total_amount) from odoo_invoices group by all" --csv
    """
    from mlconnector_assets.steps.workspace import open_workspace

    with open_workspace(project) as workspace:
        answer = workspace.warehouse.query(statement)
    tables.show(answer.columns, answer.iter_rows(), as_csv=as_csv)


@app.command("tables")
def list_tables(as_csv: CsvOption = False, project: ProjectOption = HERE) -> None:
    """List the tables with their rows and meaning. `mlconnector sync` fills them.

    Example: mlconnector warehouse tables
    """
    from mlconnector_assets.steps.workspace import open_workspace

    with open_workspace(project) as workspace:
        sizes = workspace.warehouse.tables()
    tables.show(
        ["table", "rows", "meaning"], [(size.name, size.rows, size.meaning) for size in sizes], folding=["meaning"], as_csv=as_csv
    )
