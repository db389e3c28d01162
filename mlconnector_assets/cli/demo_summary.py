"""What the demo did, so that a newcomer can check it: records, files, what waits for a person, totals, where to look next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from mlconnector_assets.cli import tables
from mlconnector_assets.cli.options import out
from mlconnector_assets.state import deliveries, documents, holds, inbox, reads, set_aside
from mlconnector_assets.state.deliveries import Delivery
from mlconnector_assets.steps.cycle import CycleOutcome
from mlconnector_assets.steps.flow_kinds import prove_flow
from mlconnector_assets.steps.proof import Proof, prove_keys, prove_source, prove_warehouse
from mlconnector_assets.steps.workspace import Workspace

LARGEST_TABLES = 8
MARKS = {True: "[green]✓[/]", False: "[red]✗[/]", None: "[yellow]~[/]"}


def show_summary(workspace: Workspace, cycles: list[CycleOutcome]) -> bool:
    """Print the summary; whether every total agrees."""
    out.print("\n[bold]summary[/]")
    _show_records(workspace, cycles)
    _show_files(workspace)
    _show_waiting(workspace)
    _show_taken_in(workspace)
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
            name = f"{entry.partner}/{entry.folder}/{entry.remote_name}"
            rows.append((name, entry.documents, _how(entry), first))
            rows += [(None, None, None, total) for total in more]
    tables.show(
        ["file", "documents", "delivery", "total"],
        rows,
        title="files at partners, below .mlconnector/sandbox/sftp",
        folding=["file"],
    )


def _how(entry: Delivery) -> str:
    if entry.state != "delivered":
        return entry.state
    return "delivered" if entry.attempts == 1 else f"delivered at attempt {entry.attempts}, same bytes and name"


def _show_waiting(workspace: Workspace) -> None:
    rows: list[tuple[object, ...]] = []
    with workspace.state.reading() as tx:
        for hold in holds.open(tx):
            mend = f"mlconnector holds show {hold.id}, then release or dismiss it"
            rows.append((f"{hold.partner} {hold.flow}", f"held: {hold.about}", mend))
        for partner, flow in workspace.project.flows():
            for row in documents.blocked(tx, partner.book, flow.name):
                reason, _, mend = (row.reason or "").rpartition("; ")
                rows.append((f"{partner.id} {flow.name}", f"blocked: {row.number or row.source_id}: {reason}", mend))
    tables.show(["flow", "what waits for a person", "mend"], rows, folding=["what waits for a person", "mend"])


def _show_taken_in(workspace: Workspace) -> None:
    rows: list[tuple[object, ...]] = []
    with workspace.state.reading() as tx:
        for partner in workspace.project.partners.values():
            if partner.inbox:
                rows += [
                    (f"{partner.id}/{file.name}", file.kind, file.size, file.state) for file in inbox.listing(tx, partner.id)
                ]
    tables.show(["file from a partner", "kind", "bytes", "state"], rows)


def _show_tables(workspace: Workspace) -> None:
    sizes = workspace.warehouse.tables()
    largest = sorted(sizes, key=lambda size: -size.rows)[:LARGEST_TABLES]
    title = f"warehouse: the largest of {len(sizes)} tables"
    tables.show(["table", "rows"], [(size.name, size.rows) for size in largest], title=title)


def _show_proofs(workspace: Workspace) -> bool:
    """One line a kind of comparison over all records, one a flow; a comparison that fails is told by itself."""
    out.print("proof of completeness")
    records = [(name, record) for name, settings in workspace.project.connections.items() for record in settings.records]
    good = True
    for prove in (prove_keys, prove_source, prove_warehouse):
        proofs = [(f"{name} {record}", prove(workspace, name, record)) for name, record in records]
        agreeing = [proof for _, proof in proofs if proof.good]
        if agreeing:
            out.print(f"  {MARKS[True]} {agreeing[0].subject}: {len(agreeing)} of {len(proofs)} records")
        good &= _show_each((subject, proof) for subject, proof in proofs if not proof.good)
    flows = workspace.project.flows()
    return good & _show_each(
        (f"{partner.id} {flow.name}", prove_flow(workspace, partner.id, flow.name)) for partner, flow in flows
    )


def _show_each(proofs: Iterable[tuple[str, Proof]]) -> bool:
    good = True
    for subject, proof in proofs:
        out.print(f"  {MARKS[proof.good]} {subject}: {proof.subject}: {proof.detail}")
        good &= proof.good is not False
    return good


def _show_next(workspace: Workspace) -> None:
    partner, flow = workspace.project.flows()[0]
    connection = next(iter(workspace.project.connections))
    out.print(
        "\nwhere to look next\n"
        "  make dev                                          the Dagster UI on this sandbox\n"
        f'  mlconnector warehouse sql "select kind, currency, sum(total_amount) from {connection}_invoices group by all"\n'
        f"  mlconnector preview {partner.id} {flow.name}                  the next file, before it leaves\n"
        "  mlconnector outbox list, holds list, inbox list   what was sent, what waits, what was taken in\n"
        "  partners/*.yaml, connections.yaml                 what made all this happen"
    )
