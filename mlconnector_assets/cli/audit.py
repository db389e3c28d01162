"""`mlconnector audit`: where a record went, what became of a file, and whether the audit is what was written."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mlconnector_assets.cli import tables
from mlconnector_assets.cli.options import HERE, ProjectOption, counted, out
from mlconnector_assets.cli.progress import TerminalProgress
from mlconnector_assets.errors import ConfigurationError

if TYPE_CHECKING:
    import polars as pl

    from mlconnector_assets.steps.audit_trail import FileTrail, RecordTrail
    from mlconnector_assets.steps.workspace import Workspace

app = typer.Typer(no_args_is_help=True, help="The audit: every record in every file and load, and every decision.")
DAY = ["%Y-%m-%d"]
SHOWN_RECORDS = 200


@app.command()
def show(
    target: Annotated[
        str,
        typer.Argument(
            metavar="RECORD|FILE|PARTNER",
            help="A record: its number, or CONNECTION/RECORD/ID. A file: its name, its delivery's id, or its SHA-256. A partner: "
            "its id.",
        ),
    ],
    project: ProjectOption = HERE,
) -> None:
    """Show where a record went, what became of a file, or when a partner was switched from test to live.

    Of a record: every file it was in with its place there and what became of that file, every load and its row in
    the warehouse, every decision about it. Of a file: its state, and the records in it. What happens next:
    `mlconnector outbox replay ID` sends a lost file again.

    Examples: mlconnector audit show INV/2026/00042, mlconnector audit show odoo/invoices/4711,
    mlconnector audit show invoices_000012.csv
    """
    from mlconnector_assets.steps.audit_trail import file_trails, partner_decisions, record_trails
    from mlconnector_assets.steps.workspace import open_workspace

    with open_workspace(project) as workspace:
        files, records = file_trails(workspace, target), record_trails(workspace, target)
        switches = partner_decisions(workspace, target)
        if not files and not records and switches.is_empty():
            raise ConfigurationError(
                f"the audit knows neither a record nor a file {target!r}",
                mend="give a number, CONNECTION/RECORD/ID, a file name or a delivery's id; what was never sent nor loaded has no "
                "audit, see `mlconnector set-aside list`",
            )
        for record in records:
            _show_record(workspace, record)
        for file in files:
            _show_file(file)
        if not switches.is_empty():
            out.print(f"[bold]partner {target}[/]")
            _show_decisions(switches)


@app.command()
def verify(project: ProjectOption = HERE) -> None:
    """Recompute every hash, and tell what was changed, removed or put in. Exits with 1 if anything was.

    The outcome is kept, and `mlconnector alerts list` tells it too. Made for cron, once a day.

    Example: mlconnector audit verify
    """
    from mlconnector_assets.steps.audit_trail import verify_audit
    from mlconnector_assets.steps.workspace import open_workspace

    with TerminalProgress() as progress, open_workspace(project, progress=progress) as workspace:
        check = verify_audit(workspace)
    for problem in check.problems:
        out.print(f"✗ {problem}", markup=False)
    if check.problems:
        raise typer.Exit(1)
    out.print(f"{counted(check.entries, 'entry').replace('entrys', 'entries')}: the audit is what was written")


@app.command()
def export(
    target: Annotated[Path, typer.Argument(metavar="FILE", help="Where the rows go: FILE.csv or FILE.parquet.")],
    *,
    partner: Annotated[str | None, typer.Option(help="Only this partner.")] = None,
    flow: Annotated[str | None, typer.Option(help="Only this flow.")] = None,
    connection: Annotated[str | None, typer.Option(help="Only records of this connection.")] = None,
    record: Annotated[str | None, typer.Option(help="Only this kind of record, such as invoices.")] = None,
    from_: Annotated[
        datetime | None, typer.Option("--from", formats=DAY, metavar="DAY", help="Only from this day on (UTC) …")
    ] = None,
    to: Annotated[datetime | None, typer.Option(formats=DAY, metavar="DAY", help="… to this one, inclusive.")] = None,
    chain: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write the whole chain of hashes, by which segments are checked.")
    ] = None,
    project: ProjectOption = HERE,
) -> None:
    """Write the audit for an auditor: a row for each record in each file and load, and for each decision.

    Each row names its entry of the chain with its hashes; the audit guide says how they are checked without this
    program. What happens next: give the auditor the files, and the segments in .mlconnector/audit.

    Example: mlconnector audit export acme-2026.parquet --partner acme --from 2026-01-01 --to 2026-12-31 --chain chain.csv
    """
    from datetime import timedelta

    from mlconnector_assets.steps.audit_trail import Wanted, export_chain, export_rows
    from mlconnector_assets.steps.workspace import open_workspace

    wanted = Wanted(
        partner,
        flow,
        connection,
        record,
        from_.replace(tzinfo=UTC) if from_ else None,
        to.replace(tzinfo=UTC) + timedelta(days=1) if to else None,
    )
    with open_workspace(project) as workspace:
        out.print(f"wrote {counted(export_rows(workspace, wanted, target), 'row')} to {target}", markup=False)
        if chain:
            out.print(f"wrote {export_chain(workspace, chain)} entries of the chain to {chain}", markup=False)


def _show_record(workspace: Workspace, trail: RecordTrail) -> None:
    number = f" ({trail.number})" if trail.number else ""
    out.print(f"[bold]{trail.connection}/{trail.record}/{trail.source_id}[/]{number}")
    if link := workspace.link(trail.connection, trail.record, trail.source_id):
        out.print(f"  at its source: {link}", markup=False)
    if trail.table_row is not None:
        loaded = f"modified {trail.table_row.get('modified_at')}, load {trail.table_row.get('load_id')}"
        out.print(f"  in the warehouse: {trail.connection}_{trail.record}, {loaded}", markup=False)
    else:
        out.print(f"  in the warehouse: {trail.table_problem or 'no row'}", markup=False)
    for document in trail.documents:
        reason = f": {document.reason}" if document.reason else ""
        out.print(f"  {document.partner} {document.flow}: {document.state}{reason}", markup=False)
    tables.show(
        ["when (UTC)", "what", "where", "position", "control number", "version of (UTC)", "state now", "by", "why"],
        [_event(row, trail) for row in trail.rows.iter_rows(named=True)],
        folding=["why"],
    )


def _event(row: dict[str, Any], trail: RecordTrail) -> tuple[object, ...]:
    delivery = None
    if row["kind"] == "file":
        delivery = trail.files.get(int(row["reference"].removeprefix("delivery ")))
    where, state, number = row["reference"], row["status"], row["control_number"]
    if delivery is not None:
        where = f"{delivery.partner}/{delivery.folder}/{delivery.remote_name} ({row['reference']})"
        state = f"{delivery.state} {delivery.delivered_at:%Y-%m-%d %H:%M}" if delivery.delivered_at else delivery.state
        number = delivery.control_number
    return (
        f"{row['occurred_at']:%Y-%m-%d %H:%M:%S}",
        row["kind"] if row["kind"] != "decision" else row["status"],
        where,
        row["position"],
        number,
        f"{row['modified_at']:%Y-%m-%d %H:%M:%S}" if row["modified_at"] else None,
        state,
        row["actor"],
        row["reason"],
    )


def _show_file(trail: FileTrail) -> None:
    one = trail.delivery
    out.print(f"[bold]{one.partner}/{one.folder}/{one.remote_name}[/] (delivery {one.id})")
    delivered = f", delivered {one.delivered_at:%Y-%m-%d %H:%M} UTC ({one.how})" if one.delivered_at else ""
    error = f", last error: {one.last_error}" if one.last_error else ""
    lines = [
        f"{one.state} after {counted(one.attempts, 'attempt')}{delivered}{error}",
        f"made {one.created_at:%Y-%m-%d %H:%M} UTC by {one.partner} {one.flow}, control number {one.control_number}",
        f"{one.size} bytes, SHA-256 {one.sha256}",
        f"stored in {trail.stored}",
        *(f"total {key.replace('|', ' ')} {amount}" for key, amount in one.totals.items()),
    ]
    if trail.in_warehouse is not None:
        lines.append(f"{trail.in_warehouse} of its {counted(one.documents, 'record')} in the warehouse")
    for line in lines:
        out.print(f"  {line}", markup=False)
    rows = trail.rows.filter(trail.rows["kind"] == "file").head(SHOWN_RECORDS)
    shown = ["position", "connection", "record", "company", "source_id", "number"]
    tables.show(shown, rows.select(shown).iter_rows())
    if one.documents > SHOWN_RECORDS:
        out.print(f"... and {one.documents - SHOWN_RECORDS} more; `mlconnector audit export` writes them all", markup=False)
    decisions = trail.rows.filter(trail.rows["kind"] == "decision").unique("seq", keep="first", maintain_order=True)
    _show_decisions(decisions)


def _show_decisions(decisions: pl.DataFrame) -> None:
    for row in decisions.iter_rows(named=True):
        out.print(f"  {row['occurred_at']:%Y-%m-%d %H:%M} {row['status']} by {row['actor']}: {row['reason'] or ''}", markup=False)
