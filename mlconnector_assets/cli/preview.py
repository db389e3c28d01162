"""`mlconnector preview`: the next file of a flow, without making it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from mlconnector_assets.cli.options import HERE, ProjectOption, err


def preview(
    partner: Annotated[str, typer.Argument(help="The partner's id: the name of its file in partners/.")],
    flow: Annotated[str, typer.Argument(help="The flow's name in that file.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write the file here instead of printing it.")] = None,
    project: ProjectOption = HERE,
) -> None:
    """Show the file that would be sent now, and which documents are in it. Changes nothing.

    It is made from what was read last; run `mlconnector sync` for newer records. The file goes to standard
    output, byte for byte; the list of documents goes to standard error.
    """
    from mlconnector_assets.steps.preview import preview_flow
    from mlconnector_assets.steps.workspace import open_workspace

    with open_workspace(project) as workspace:
        seen = preview_flow(workspace, partner, flow)
    table = Table("document", "id", "first line")
    for source_id, number, position in seen.body.documents.select("source_id", "_number", "position").iter_rows():
        table.add_row(number, source_id, str(position))
    if seen.body.documents.height:
        err.print(table)
    err.print(f"{seen.name}: {seen.body.documents.height} documents, {seen.body.lines} lines, {len(seen.body.content)} bytes")
    for key, amount in seen.body.totals.items():
        column, _, currency = key.partition("|")
        err.print(f"  {column} {currency} {amount}")
    if seen.waiting:
        err.print(f"{seen.waiting} more documents would go into further files")
    for source_id, reason in seen.body.blocked.items():
        err.print(f"[yellow]![/] {source_id} is blocked: {reason}")
    if output is not None:
        output.write_bytes(seen.body.content)
    elif seen.body.documents.height:
        typer.get_binary_stream("stdout").write(seen.body.content)
