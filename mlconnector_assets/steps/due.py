"""Who has something to do: a flow or table that has not taken in yet what was read or deleted, because that is new, its last
run failed, or its configuration changed. Asked for a whole connection at once, however many records it has."""

from __future__ import annotations

from mlconnector_assets.partners.specification import Flow, Partner
from mlconnector_assets.records import RECORDS
from mlconnector_assets.state import deletions, documents, holds, reads
from mlconnector_assets.state.reads import Consumer
from mlconnector_assets.steps import load, render, snapshot, snapshot_holds
from mlconnector_assets.steps.cut_off import versions_of
from mlconnector_assets.steps.workspace import Workspace


def due_flows(workspace: Workspace, connection: str, *, again: bool = False) -> list[tuple[str, str]]:
    """(partner, flow) of the connection's flows with partitions that were not judged yet, or under other conditions, or
    with documents that a person released or that are gone. With `again` also those that have anything else to do at a
    run: to try what was blocked, to see whether a held state still has to wait, to send an unchanged state."""
    now = workspace.clock()
    consumers = {
        Consumer(render.consumer_of(partner.book, flow.name), flow.record, versions_of(flow, now)): (partner, flow)
        for partner, flow in workspace.project.flows()
        if flow.connection == connection
    }
    if not consumers:
        return []
    of_any_version = {Consumer(consumer.name, consumer.record): consumer for consumer in consumers}
    with workspace.state.reading() as tx:
        due = reads.behind(tx, connection, consumers)
        due |= {of_any_version[consumer] for consumer in deletions.behind(tx, connection, of_any_version)}
        waiting = documents.flows_with(tx, *(documents.WAITING if again else ("released",)))
        if again:
            waiting |= {(hold.partner, hold.flow) for hold in holds.open(tx) if hold.kind in snapshot_holds.KINDS}
    return [
        (partner.id, flow.name)
        for consumer, (partner, flow) in consumers.items()
        if consumer in due or (partner.book, flow.name) in waiting or (again and _is_time_again(workspace, partner, flow))
    ]


def due_tables(workspace: Workspace, connection: str, warehouse: str | None = None) -> list[str]:
    """Records of the connection with partitions or deletions that were never loaded; into the warehouse of this identity,
    or else into any. Asks no warehouse, which may be slow or in use: a sensor leaves it to the next load to find that it
    is another one."""
    consumers = [
        Consumer(
            load.consumer_of(RECORDS[record]),
            record,
            None if warehouse is None else frozenset([load.version_of(RECORDS[record], warehouse)]),
        )
        for record in workspace.project.connections[connection].records
    ]
    with workspace.state.reading() as tx:
        due = reads.behind(tx, connection, consumers) | deletions.behind(tx, connection, consumers)
    return [consumer.record for consumer in consumers if consumer in due]


def _is_time_again(workspace: Workspace, partner: Partner, flow: Flow) -> bool:
    return flow.kind == "snapshot" and snapshot.is_time_again(workspace, partner, flow)
