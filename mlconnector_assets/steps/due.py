"""Who has not taken in yet what was read: a flow or table whose last run failed, or whose configuration
changed. The change sensor asks, because the source itself may have nothing new."""

from __future__ import annotations

from collections.abc import Iterator

from mlconnector_assets.partners.specification import Flow, Partner
from mlconnector_assets.records import RECORDS
from mlconnector_assets.state import deletions, documents, reads
from mlconnector_assets.steps import load, render
from mlconnector_assets.steps.cut_off import due_reads
from mlconnector_assets.steps.workspace import Workspace


def due_flows(workspace: Workspace, connection: str) -> Iterator[tuple[str, str]]:
    """(partner, flow) of the connection with partitions that were not judged yet, or under other conditions, or with
    documents that a person released or that are gone."""
    for partner, flow in workspace.project.flows():
        if flow.connection != connection:
            continue
        consumer = render.consumer_of(partner.book, flow.name)
        due = _has_reads(workspace, consumer, flow)
        due = due or _has_deletions(workspace, consumer, connection, flow.record)
        if due or _is_released(workspace, partner, flow):
            yield partner.id, flow.name


def due_tables(workspace: Workspace, connection: str) -> Iterator[str]:
    """Records of the connection with partitions or deletions that were never loaded. Asks no warehouse, which may be
    slow or in use; that it is another one is found by the next load."""
    for record in workspace.project.connections[connection].records:
        consumer = load.consumer_of(RECORDS[record])
        if _is_due(workspace, consumer, None, connection, record) or _has_deletions(workspace, consumer, connection, record):
            yield record


def _has_reads(workspace: Workspace, consumer: str, flow: Flow) -> bool:
    with workspace.state.reading() as tx:
        return bool(due_reads(tx, consumer, flow, workspace.clock()))


def _is_released(workspace: Workspace, partner: Partner, flow: Flow) -> bool:
    with workspace.state.reading() as tx:
        return documents.has_released(tx, partner.book, flow.name)


def _is_due(workspace: Workspace, consumer: str, version: str | None, connection: str, record: str) -> bool:
    with workspace.state.reading() as tx:
        return bool(reads.due(tx, consumer, version, connection, record))


def _has_deletions(workspace: Workspace, consumer: str, connection: str, record: str) -> bool:
    with workspace.state.reading() as tx:
        return deletions.is_due(tx, consumer, connection, record)
