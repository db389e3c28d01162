"""`mlconnector outbox`: the files that were made for partners, and what became of them."""

from __future__ import annotations

import getpass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mlconnector_assets.cli import tables
from mlconnector_assets.cli.options import HERE, ByOption, CsvOption, ProjectOption, ReasonOption, counted, err, out

app = typer.Typer(no_args_is_help=True, help="Files for partners: queued, delivered, or waiting for a person.")
COLUMNS = ("id", "state", "partner", "flow", "file", "documents", "bytes", "made (UTC)", "attempts", "last error")


class DeliveryState(StrEnum):
    """Where a file can be on its way."""

    QUEUED = "queued"
    SENDING = "sending"
    DELIVERED = "delivered"
    UNCERTAIN = "uncertain"
    DEAD = "dead"


@app.command("list")
def list_deliveries(
    partner: Annotated[str | None, typer.Option(help="Only this partner.")] = None,
    state: Annotated[DeliveryState | None, typer.Option(help="Only files in this state.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest first.")] = 50,
    as_csv: CsvOption = False,
    project: ProjectOption = HERE,
) -> None:
    """Show files for partners, the newest first.

    A queued file leaves with the next `mlconnector sync`. A dead or uncertain one waits for you: mend what its
    last error says, then `mlconnector outbox replay ID`; or `settle ID`, if the partner has it.

    Example: mlconnector outbox list --partner acme --state queued
    """
    from mlconnector_assets.state import deliveries
    from mlconnector_assets.steps.workspace import open_workspace

    with open_workspace(project) as workspace:
        if partner is not None:
            workspace.partner(partner)
        with workspace.state.reading() as tx:
            found = deliveries.listing(tx, partner=partner, state=state, limit=limit)
    rows = [
        (
            entry.id,
            entry.state,
            entry.partner,
            entry.flow,
            f"{entry.folder}/{entry.remote_name}",
            entry.documents,
            entry.size,
            f"{entry.created_at:%Y-%m-%d %H:%M}",
            entry.attempts,
            entry.last_error,
        )
        for entry in found
    ]
    tables.show(COLUMNS, rows, folding=["last error"], as_csv=as_csv)


@app.command()
def replay(
    delivery: Annotated[int, typer.Argument(metavar="ID", help="The delivery's id, from `mlconnector outbox list`.")],
    project: ProjectOption = HERE,
) -> None:
    """Send a file again: the same bytes, the same name, the same control number.

    For a file that the partner has lost, or one that is dead or uncertain. What happens next: it is queued, and
    leaves with the next `mlconnector sync`.

    Example: mlconnector outbox replay 12
    """
    from mlconnector_assets.state import deliveries
    from mlconnector_assets.steps.workspace import open_workspace

    with open_workspace(project) as workspace, workspace.state.transaction() as tx:
        entry = deliveries.replay(tx, delivery, workspace.clock())
    out.print(f"delivery {entry.id} is queued again: {entry.folder}/{entry.remote_name} for {entry.partner}", markup=False)


@app.command()
def settle(
    ids: Annotated[list[int], typer.Argument(metavar="ID…", help="Ids of deliveries, from `mlconnector outbox list`.")],
    reason: ReasonOption,
    by: ByOption = None,
    project: ProjectOption = HERE,
) -> None:
    """Say that the partner has these files: they count as delivered, and are not sent again.

    For an uncertain file that the partner found, or one that reached them in another way while their server was down.
    Who said so and why is in the audit. What happens next: its alert ends. If it was a mistake,
    `mlconnector outbox replay ID` sends the file after all.

    Example: mlconnector outbox settle 12 --reason "Ms Jansen of ACME has booked it"
    """
    from mlconnector_assets.steps.settle import settle_deliveries
    from mlconnector_assets.steps.workspace import open_workspace

    with open_workspace(project) as workspace:
        settled = settle_deliveries(workspace, ids, by=by or getpass.getuser(), reason=reason)
    for one in settled:
        about = f"delivery {one.delivery.id} ({one.delivery.folder}/{one.delivery.remote_name} for {one.delivery.partner})"
        told = f"was delivered before ({one.delivery.how}); nothing changed" if one.before else "counts as delivered"
        out.print(f"{about} {told}", markup=False)


@app.command()
def resend(
    delivery: Annotated[int | None, typer.Argument(metavar="[ID]", help="A delivery whose documents leave again.")] = None,
    *,
    reason: ReasonOption,
    document: Annotated[str | None, typer.Option(help="Instead: one document, by its number or its id at the source.")] = None,
    partner: Annotated[str | None, typer.Option(help="With --document: the partner, when several have it.")] = None,
    by: ByOption = None,
    project: ProjectOption = HERE,
) -> None:
    """Send documents again in a new file: new control number, new name, what they are at their source now.

    For a partner who wants it again as something new. (`mlconnector outbox replay` sends the same file again.) The new
    file is linked to the old one, with who asked and why. What happens next: they leave with the next `mlconnector sync`.

    Examples: mlconnector outbox resend 12 --reason "refused by ACME's import", mlconnector outbox resend --document
    INV/2026/00012 --reason "ACME deleted it by mistake"
    """
    from mlconnector_assets.steps.resend import resend_delivery, resend_document
    from mlconnector_assets.steps.workspace import open_workspace

    if (delivery is None) == (document is None):
        raise typer.BadParameter("give either the ID of a delivery or --document", param_hint="ID")
    with open_workspace(project) as workspace:
        if delivery is not None:
            hold = resend_delivery(workspace, delivery, by=by or getpass.getuser(), reason=reason)
        else:
            hold = resend_document(workspace, str(document), by=by or getpass.getuser(), reason=reason, partner=partner)
    out.print(f"{counted(hold.documents, 'document')} of {hold.partner} {hold.flow} leave again with the next sync", markup=False)


@app.command()
def baseline(
    partner: Annotated[str, typer.Argument(help="The partner's id.")],
    flow: Annotated[str, typer.Argument(help="The flow's name.")],
    *,
    reason: ReasonOption,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="DAY", help="Only documents dated this day or earlier.")
    ] = None,
    by: ByOption = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do it. Without it counts and totals are shown, and nothing changes.")
    ] = False,
    project: ProjectOption = HERE,
) -> None:
    """Mark history as sent already, so that a flow begins with what is new.

    For a partner who got the past from another system. Everything eligible that was not sent yet, held and blocked
    documents too, counts as with the partner; later changes of it are held as those of sent documents. It is made from
    what was read last. What happens next: the next run sends, or holds, only the rest.

    Example: mlconnector outbox baseline acme invoices --until 2026-03-31 --reason "sent by the old system" --yes
    """
    from mlconnector_assets.steps.baseline import preview_baseline, set_baseline
    from mlconnector_assets.steps.workspace import open_workspace

    day = until.date() if until else None
    with open_workspace(project) as workspace:
        if yes:
            found = set_baseline(workspace, partner, flow, day, by=by or getpass.getuser(), reason=reason)
        else:
            found = preview_baseline(workspace, partner, flow, day)
    would = "count" if yes else "would count"
    dated = f", dated {found.first} to {found.last}" if found.first else ""
    out.print(f"{counted(found.documents, 'document')} {would} as sent before{dated}", markup=False)
    tables.show(["total", "currency", "amount"], [(*key.split("|"), amount) for key, amount in found.totals.items()])
    out.print(
        f"{counted(found.remaining, 'eligible document')} would still be sent" if found.remaining else "nothing else is unsent"
    )
    if not yes:
        out.print("nothing was changed; add --yes to do it")


@app.command("export-blocked")
def export_blocked(
    partner: Annotated[str, typer.Argument(help="The partner's id.")],
    flow: Annotated[str, typer.Argument(help="The flow's name.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the CSV here instead of printing it.")
    ] = None,
    project: ProjectOption = HERE,
) -> None:
    """Write the blocked documents in the flow's own columns as CSV, each row with its reason in front.

    The values are those the file would have, without the checks that stopped them. What happens next: mend them at
    their source, or the layout; every `mlconnector sync` tries them again.

    Example: mlconnector outbox export-blocked acme invoices -o blocked.csv
    """
    from mlconnector_assets.steps.blocked_export import blocked_rows
    from mlconnector_assets.steps.workspace import open_workspace

    with open_workspace(project) as workspace:
        rows = blocked_rows(workspace, partner, flow)
    header = ["reason", "id", *rows.columns[2:]]
    text = tables.csv_text(header, (["" if value is None else value for value in row] for row in rows.iter_rows()))
    if output is not None:
        output.write_text(text, encoding="utf-8")
        err.print(f"{counted(rows.height, 'row')} written to {output}", markup=False)
    else:
        typer.echo(text, nl=False)


@app.command()
def reconcile(
    reason: Annotated[str | None, typer.Option(help="Why; required with --yes. It is kept for good.")] = None,
    by: ByOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it. Without it the findings are shown, and nothing changes.")] = False,
    project: ProjectOption = HERE,
) -> None:
    """After an older state database was restored: enter what was sent since, and let sending go on.

    Until then nothing is rendered, delivered or decided. The audit beside the database tells which files were made, and
    the partners' folders which of them are there; control numbers go on after the highest one. Files that nobody knows
    are listed. What happens next: `mlconnector sync` goes on; what was released but had not left is asked about again.

    Examples: mlconnector outbox reconcile, mlconnector outbox reconcile --yes --reason "disk of db1 failed on Monday"
    """
    from mlconnector_assets.steps.reconcile import reconcile as compare
    from mlconnector_assets.steps.workspace import open_workspace

    if yes and not reason:
        raise typer.BadParameter("is needed with --yes", param_hint="--reason")
    with open_workspace(project) as workspace:
        found = compare(workspace, by=by or getpass.getuser(), reason=reason) if yes else compare(workspace)
    out.print(f"{counted(found.entries, 'audit entry', 'audit entries')} unknown to the state database", markup=False)
    tables.show(["delivery", "file", "becomes"], found.files, title="files made after the backup")
    for name in found.arrived:
        out.print(f"{name}: it was on its way in the backup, and has arrived", markup=False)
    out.print(f"{counted(found.sent, 'document')} marked as sent, {found.kept_back} as kept back by a person", markup=False)
    for scope, number in found.numbers.items():
        out.print(f"control numbers of {scope} go on after {number}", markup=False)
    for name in found.unknown:
        out.print(f"nobody knows {name}; ask where it came from", markup=False)
    out.print("sending goes on with the next sync" if yes else "nothing was changed; add --yes --reason TEXT to do it")
