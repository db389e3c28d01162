"""Asset checks: unique keys, source = store = files = warehouse, nothing overdue. They judge everything
known to the state database, not only the run that triggered them."""

from collections.abc import Callable
from datetime import timedelta

import dagster as dg

from mlconnector_assets.orchestration import names
from mlconnector_assets.orchestration.resources import ProjectResource
from mlconnector_assets.state import deliveries
from mlconnector_assets.steps.flow_kinds import prove_flow
from mlconnector_assets.steps.proof import Proof, prove_keys, prove_source, prove_warehouse
from mlconnector_assets.steps.workspace import Workspace

OVERDUE = timedelta(hours=24)
"""A file that waits longer than this wants a person."""


def record_checks(connection: str, record: str) -> list[dg.AssetChecksDefinition]:
    """Of a record and its table."""
    source, table = names.record_asset(connection, record), names.table_asset(connection, record)
    return [
        _check(source, "unique_key", "No record stands twice.", lambda workspace: prove_keys(workspace, connection, record)),
        _check(
            source,
            "source_equals_store",
            "Counts and money of the source are those of the records at rest.",
            lambda workspace: prove_source(workspace, connection, record),
        ),
        _check(
            table,
            "store_equals_warehouse",
            "Counts and money of the records at rest are those of the table.",
            lambda workspace: prove_warehouse(workspace, connection, record),
        ),
    ]


def flow_checks(partner: str, flow: str) -> list[dg.AssetChecksDefinition]:
    """Of a flow's files."""
    return [
        _check(
            names.flow_asset(partner, flow),
            "store_equals_files",
            "Every eligible document is in exactly one file or blocked, and the totals agree.",
            lambda workspace: prove_flow(workspace, partner, flow),
        )
    ]


def delivery_checks(partner: str) -> list[dg.AssetChecksDefinition]:
    """Of a partner's deliveries."""
    return [
        _check(
            names.delivery_asset(partner),
            "nothing_overdue",
            f"No file waits for more than {OVERDUE.total_seconds() / 3600:.0f} hours, or for a person.",
            lambda workspace: _nothing_overdue(workspace, partner),
        )
    ]


def _check(asset: dg.AssetKey, name: str, description: str, prove: Callable[[Workspace], Proof]) -> dg.AssetChecksDefinition:
    @dg.asset_check(asset=asset, name=name, description=description)
    def check(context: dg.AssetCheckExecutionContext, project: ProjectResource) -> dg.AssetCheckResult:
        with project.workspace(context.log) as workspace:
            proof = prove(workspace)
        moving = "moving: the source changed meanwhile; " if proof.good is None else ""
        return dg.AssetCheckResult(
            passed=proof.good is not False, description=moving + proof.detail, metadata={"moving": proof.good is None}
        )

    return check


def _nothing_overdue(workspace: Workspace, partner: str) -> Proof:
    with workspace.state.reading() as tx:
        waiting = deliveries.queued(tx, partner)
        stuck = [*deliveries.listing(tx, partner, "dead", limit=None), *deliveries.listing(tx, partner, "uncertain", limit=None)]
    now = workspace.clock()
    overdue = [delivery for delivery in waiting if now - delivery.waiting_since > OVERDUE] + stuck
    listed = ", ".join(
        f"{delivery.remote_name} ({delivery.state}: {delivery.last_error or 'not tried yet'})" for delivery in overdue
    )
    return Proof("nothing overdue", not overdue, listed or f"{len(waiting)} files wait, none of them for long")
