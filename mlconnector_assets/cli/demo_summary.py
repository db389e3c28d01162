"""What the demo did, so that a newcomer can check it: records, files, tables, totals, where to look next."""

from __future__ import annotations

from collections import Counter

from mlconnector_assets.cli import tables
from mlconnector_assets.cli.options import out
from mlconnector_assets.state import deliveries, reads, set_aside
from mlconnector_assets.steps.cycle import CycleOutcome
from mlconnector_assets.steps.flow_kinds import prove_flow
from mlconnector_assets.steps.proof import Proof, prove_keys, prove_source, prove_warehouse
from mlconnector_assets.steps.workspace import Workspace

MARKS = {True: "[green]✓[/]", False: "[red]✗[/]", None: "[yellow]~[/]"}


def show_summary(workspace: Workspace, cycles: list[CycleOutcome]) -> bool:
    """Print the summary; whether every total agrees."""
    out.print("\n[bold]summary[/]")
    _show_records(workspace, cycles)
    _show_files(workspace)
    _show_tables(workspace)
    proven = _show_proofs(workspace)
    _show_next(workspace)
    return proven


def _show_records(workspace: Workspace, cycles: list[CycleOutcome]) -> None:
    counted = [Counter({(read.connection, read.record): read.rows for read in cycle.reads}) for cycle in cycles]
    rows = []
    with workspace.state.reading() as tx:
        for connection, settings in workspace.project.connections.items():
            aside = Counter(item.record for item in set_aside.open_items(tx, connection))
            for record in settings.records:
                days = len(reads.newest(tx, connection, record))
                rows.append([f"{connection} {record}", *(cycle[connection, record] for cycle in counted), days, aside[record]])
    read_in = [f"read in cycle {number}" for number in range(1, len(cycles) + 1)]
    tables.show(["record", *read_in, "days", "set aside"], rows, title="records")


def _show_files(workspace: Workspace) -> None:
    rows: list[tuple[object, ...]] = []
    with workspace.state.reading() as tx:
        for entry in reversed(deliveries.listing(tx, limit=None)):
            sums = [(*key.split("|"), amount) for key, amount in entry.totals.items()]
            first, *more = [f"{currency} {amount}" for column, currency, amount in sums if column == "total_amount"] or [""]
            late = "" if entry.state == "delivered" else f" ({entry.state})"
            rows.append((f"{entry.partner}/{entry.folder}/{entry.remote_name}{late}", entry.documents, first))
            rows += [(None, None, total) for total in more]
    tables.show(["file", "documents", "total"], rows, title="files at partners, below .mlconnector/sandbox/sftp")


def _show_tables(workspace: Workspace) -> None:
    tables.show(["table", "rows"], [(size.name, size.rows) for size in workspace.warehouse.tables()], title="warehouse")


def _show_proofs(workspace: Workspace) -> bool:
    proofs: list[tuple[str, Proof]] = []
    for connection, settings in workspace.project.connections.items():
        for record in settings.records:
            subject = f"{connection} {record}"
            proofs += [(subject, prove(workspace, connection, record)) for prove in (prove_keys, prove_source, prove_warehouse)]
    for partner, flow in workspace.project.flows():
        proofs.append((f"{partner.id} {flow.name}", prove_flow(workspace, partner.id, flow.name)))
    out.print("proof of completeness")
    for subject, proof in proofs:
        out.print(f"  {MARKS[proof.good]} {subject}: {proof.subject}: {proof.detail}")
    return all(proof.good is not False for _, proof in proofs)


def _show_next(workspace: Workspace) -> None:
    partner, flow = workspace.project.flows()[0]
    connection = next(iter(workspace.project.connections))
    out.print(
        "\nwhere to look next\n"
        "  make dev                                          the Dagster UI on this sandbox\n"
        f'  mlconnector warehouse sql "select kind, currency, sum(total_amount) from {connection}_invoices group by all"\n'
        f"  mlconnector preview {partner.id} {flow.name}                  the next file, before it leaves\n"
        "  mlconnector outbox list                           what was sent\n"
        "  partners/*.yaml, connections.yaml                 what made all this happen"
    )
