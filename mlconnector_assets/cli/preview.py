"""`mlconnector preview`: the next file of a flow, without making it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from mlconnector_assets.cli import tables
from mlconnector_assets.cli.options import HERE, ProjectOption, counted, err, out

if TYPE_CHECKING:
    from mlconnector_assets.steps.preview import Difference, News

COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def preview(
    partner: Annotated[str, typer.Argument(help="The partner's id: the name of its file in partners/.")],
    flow: Annotated[str, typer.Argument(help="The flow's name in that file.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the file here instead of printing it.")
    ] = None,
    diff: Annotated[
        bool, typer.Option("--diff", help="Show what differs from the last file that was sent, instead of the whole file.")
    ] = False,
    project: ProjectOption = HERE,
) -> None:
    """Show the file that would be sent now, and which documents are in it. Changes nothing.

    It is made from what was read last. The file goes to standard output, byte for byte; its name and documents go
    to standard error, for a fixed-width file also a ruler and where its columns stand. X12 and EDIFACT are validated as
    the partner will; a terminal shows them a line a segment, and **mlconnector edi inspect** explains them. What happens next:
    `mlconnector sync` reads what is newer, makes the file, and sends it.

    With --diff it is compared with the last file of the flow, line by line; of a snapshot this is what the partner will
    see change.

    Examples: mlconnector preview acme invoices -o next.csv, mlconnector preview acme vendors --diff,
    mlconnector preview acme invoices | mlconnector edi inspect -
    """
    from mlconnector_assets.formats.display import places, readable, ruler
    from mlconnector_assets.layouts import EDI_FORMATS
    from mlconnector_assets.records import RECORDS
    from mlconnector_assets.steps.flow_kinds import preview_flow
    from mlconnector_assets.steps.preview import compare_with_last
    from mlconnector_assets.steps.workspace import open_workspace

    with open_workspace(project) as workspace:
        seen = preview_flow(workspace, partner, flow)
        difference = compare_with_last(workspace, partner, flow, seen.file) if diff else None
        number = RECORDS[workspace.flow(partner, flow).record].number_column
    file, body = seen.file, seen.file.body
    for source_id, reason in body.blocked.items():
        err.print(f"[yellow]![/] document {escape(source_id)} is blocked: {escape(reason)}")
    if body.documents.is_empty():
        err.print("nothing would be sent now")
        return
    tables.show(
        ["document", "id", "place in the file"], body.documents.select(number, "source_id", "position").iter_rows(), console=err
    )
    totals = ", ".join(f"{key.replace('|', ' ')} {amount}" for key, amount in body.totals.items())
    lines = [] if body.lines is None else [counted(body.lines, "line")]
    size = [counted(body.documents.height, "document"), *lines, counted(len(file.content), "byte")]
    err.print(f"{file.name}: {', '.join(size)}", markup=False)
    if totals:
        err.print(totals, markup=False)
    if seen.held:
        err.print(f"{counted(seen.held, 'document')} wait for a person's release: mlconnector holds list")
    if seen.waiting:
        err.print(f"{seen.waiting} more documents would go into further files")
    if edi := body.layout.format in EDI_FORMATS:
        _show_validity(file.name, file.content)
    if output is not None:
        output.write_bytes(file.content)
    if difference is not None:
        _show_difference(difference, seen.news)
    elif output is None:
        if body.layout.format == "fixed_width":
            tables.show(["line", "positions", "column", "filled with"], places(body.layout), console=err)
            typer.echo("\n".join(ruler(body.layout)), err=True)
        if edi and out.is_terminal:
            typer.echo(readable(file.content.decode(body.layout.options.encoding), body.layout))
        else:
            typer.get_binary_stream("stdout").write(file.content)


def _show_validity(name: str, content: bytes) -> None:
    """What is wrong with an EDI file, if anything."""
    from mlconnector_assets.cli.edi import show_validity
    from mlconnector_assets.formats.standards import standards
    from mlconnector_assets.formats.validation import validate

    show_validity([(name, validate(io.BytesIO(content), standards()))], console=err)


def _show_difference(difference: Difference, news: News) -> None:
    for line in difference.lines:
        out.print(line, style=COLOURS.get(line[:1], ""), markup=False, highlight=False, soft_wrap=True)
    against = f"against {difference.last.remote_name}" if difference.last else "no file of this flow was sent before"
    if not difference.lines:
        err.print("the file has the same lines as the last one")
    counts = (f"{len(ids)} {what}" for ids, what in ((news.added, "new"), (news.changed, "changed"), (news.removed, "gone")))
    err.print(f"{against}: {', '.join(counts)}", markup=False)
