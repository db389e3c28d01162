"""`mlconnector holds`: what waits for a person, and the person's decision."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mlconnector_assets.cli import tables
from mlconnector_assets.cli.options import HERE, ByOption, CsvOption, ProjectOption, ReasonOption, counted, out

if TYPE_CHECKING:
    from mlconnector_assets.state.holds import Decision

app = typer.Typer(no_args_is_help=True, help="What waits for a person before it leaves, or because it changed afterwards.")
COLUMNS = ("id", "state", "partner", "flow", "kind", "documents", "total", "since (UTC)", "decided by", "about")
DOCUMENTS = ("document", "id", "state", "counterparty", "date", "amount", "what differs")

HoldIds = Annotated[list[int], typer.Argument(metavar="ID…", help="Ids of holds, from `mlconnector holds list`.")]


@app.command("list")
def list_holds(
    partner: Annotated[str | None, typer.Option(help="Only this partner.")] = None,
    flow: Annotated[str | None, typer.Option(help="Only this flow.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also those that were decided.")] = False,
    as_csv: CsvOption = False,
    project: ProjectOption = HERE,
) -> None:
    """Show what waits for a decision.

    What happens next: `mlconnector holds show ID` lists the documents of a hold; release it and they leave with the
    next `mlconnector sync`, dismiss it and they never do.

    Example: mlconnector holds list --partner acme
    """
    from mlconnector_assets.state import holds
    from mlconnector_assets.steps.workspace import open_workspace

    with open_workspace(project) as workspace:
        book = workspace.partner(partner).book if partner is not None else None
        with workspace.state.reading() as tx:
            found = holds.listing(tx, book, flow, states=None if everything else ("open",))
    rows = [
        (
            hold.id,
            hold.state,
            hold.partner,
            hold.flow,
            hold.kind,
            hold.documents,
            _total(hold.totals),
            f"{hold.opened_at:%Y-%m-%d %H:%M}",
            hold.decided_by,
            hold.reason or hold.about,
        )
        for hold in found
    ]
    tables.show(COLUMNS, rows, folding=["about", "total"], as_csv=as_csv)


@app.command()
def show(
    hold: Annotated[int, typer.Argument(metavar="ID", help="The hold's id, from `mlconnector holds list`.")],
    as_csv: CsvOption = False,
    project: ProjectOption = HERE,
) -> None:
    """Show the documents of a hold: number, counterparty, date and amount as they are now, and what differs.

    For a document that changed after it was sent, each business column is shown as it was sent and as it is now.

    Example: mlconnector holds show 12
    """
    from mlconnector_assets.steps.hold_details import documents_of_hold
    from mlconnector_assets.steps.workspace import open_workspace

    with open_workspace(project) as workspace:
        found, documents = documents_of_hold(workspace, hold)
    if not as_csv:
        out.print(f"hold {found.id} ({found.state}) of {found.partner} {found.flow}: {found.about}", markup=False)
        if found.decided_at:
            told = f"{found.state} by {found.decided_by} on {found.decided_at:%Y-%m-%d %H:%M} UTC: {found.reason}"
            out.print(told, markup=False)
    rows = [
        (
            document.number,
            document.source_id,
            document.state,
            document.counterparty,
            document.date,
            document.amount,
            "; ".join(document.differences),
        )
        for document in documents
    ]
    tables.show(DOCUMENTS, rows, folding=["what differs", "counterparty"], as_csv=as_csv)


@app.command()
def release(ids: HoldIds, reason: ReasonOption, by: ByOption = None, project: ProjectOption = HERE) -> None:
    """Let exactly the documents of these holds leave.

    They leave with the next `mlconnector sync`, in their newest version. A document that was sent before leaves again
    under a new control number. Releasing a first run, or a run after the rules were widened, also confirms the flow's
    rules: what they admit later leaves without being asked. Documents that came meanwhile have holds of their own.

    Example: mlconnector holds release 3 4 --reason "checked with Ms Jansen of ACME"
    """
    _decide(ids, "released", reason, by, project)


@app.command()
def dismiss(ids: HoldIds, reason: ReasonOption, by: ByOption = None, project: ProjectOption = HERE) -> None:
    """Keep the documents of these holds back for good.

    What never left never will; what had left stays with the partner as it is. The same change of a document is not
    asked about again, another one is. A dismissal confirms no rules.

    Example: mlconnector holds dismiss 5 --reason "corrected by credit note CN-12"
    """
    _decide(ids, "dismissed", reason, by, project)


def _decide(ids: list[int], decision: Decision, reason: str, by: str | None, project: Path) -> None:
    from mlconnector_assets.steps.holding import decide
    from mlconnector_assets.steps.workspace import open_workspace

    with open_workspace(project) as workspace:
        decided = decide(workspace, ids, decision, by=by or getpass.getuser(), reason=reason)
    for one in decided:
        about = f"hold {one.hold.id} of {one.hold.partner} {one.hold.flow}"
        if one.before:
            out.print(f"{about} was {decision} before, by {one.hold.decided_by}; nothing changed", markup=False)
        else:
            out.print(f"{about} is {decision}: {counted(one.documents, 'document')}", markup=False)


def _total(totals: dict[str, str]) -> str:
    """The last total of the record, which is the whole one, by currency."""
    columns = dict.fromkeys(key.partition("|")[0] for key in totals)
    last = list(columns)[-1] if columns else ""
    return ", ".join(f"{key.partition('|')[2]} {amount}" for key, amount in totals.items() if key.startswith(f"{last}|"))
