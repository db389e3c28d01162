"""Asset checks: unique keys, source = store = files = warehouse, nothing overdue. They judge everything
known to the state database, not only the run that triggered them."""

from collections.abc import Callable
from datetime import timedelta

import dagster as dg

from mlconnector_assets.orchestration import names
from mlconnector_assets.orchestration.resources import ProjectResource
from mlconnector_assets.partners.specification import Flow, Partner
from mlconnector_assets.state import deliveries
from mlconnector_assets.steps.proof import Proof, prove_flow, prove_keys, prove_source, prove_warehouse
from mlconnector_assets.steps.workspace import Workspace

OVERDUE = timedelta(hours=24)
"""A file that waits longer than this wants a person."""


def record_checks(connection: str, record: str) -> list[dg.AssetChecksDefinition]:
    """Of a record asset."""
    key = names.record_asset(connection, record)
    return [
        _check(key, "unique_key", "No record stands twice.", lambda workspace: prove_keys(workspace, connection, record)),
        _check(key, "source_equals_store", "Counts and money of the source are those of the records at rest.", lambda workspace: prove_source(workspace, connection, record)),
    ]


def table_checks(connection: str, record: str) -> list[dg.AssetChecksDefinition]:
    """Of a warehouse asset."""
    key = names.table_asset(connection, record)
    return [_check(key, "store_equals_warehouse", "Counts and money of the records at rest are those of the table.", lambda workspace: prove_warehouse(workspace, connection, record))]


def flow_checks(partner: Partner, flow: Flow) -> list[dg.AssetChecksDefinition]:
    """Of a flow asset."""
    key = names.flow_asset(partner, flow)
    return [_check(key, "store_equals_files", "Every eligible document is in exactly one file or blocked, and the totals agree.", lambda workspace: prove_flow(workspace, partner.id, flow.name))]


def delivery_checks(partner: str) -> list[dg.AssetChecksDefinition]:
    """Of a delivery asset."""
    return [_check(names.delivery_asset(partner), "nothing_overdue", "No file waits for long or for a person.", lambda workspace: _nothing_overdue(workspace, partner))]


def _check(asset: dg.AssetKey, name: str, description: str, prove: Callable[[Workspace], Proof]) -> dg.AssetChecksDefinition:
    @dg.asset_check(asset=asset, name=name, description=description)
    def check(context: dg.AssetCheckExecutionContext, project: ProjectResource) -> dg.AssetCheckResult:
        with project.workspace(context.log) as workspace:
            proof = prove(workspace)
        return dg.AssetCheckResult(
            passed=proof.good is not False,
            description="moving: the source changed meanwhile" if proof.good is None else proof.detail,
            metadata={"detail": proof.detail},
        )

    return check


def _nothing_overdue(workspace: Workspace, partner: str) -> Proof:
    with workspace.state.reading() as tx:
        waiting = deliveries.queued(tx, partner)
        stuck = [*deliveries.listing(tx, partner, "dead"), *deliveries.listing(tx, partner, "uncertain")]
    now = workspace.clock()
    overdue = [entry for entry in waiting if now - entry.created_at > OVERDUE] + stuck
    listed = ", ".join(f"{entry.remote_name} ({entry.state}: {entry.last_error or 'not tried yet'})" for entry in overdue)
    return Proof("nothing overdue", not overdue, listed or f"{len(waiting)} files wait, none of them for long")
