"""Puts a project's definitions together. `build_definitions` is the seam for tests."""

from __future__ import annotations

import warnings

import dagster as dg

from mlconnector_assets.configuration.project import Project
from mlconnector_assets.orchestration import alerts, assets, checks, decisions, deletions, inbox, rereads, triggers
from mlconnector_assets.orchestration.io_manager import FRAMES, RecordFrames
from mlconnector_assets.orchestration.resources import ProjectResource, keep_secrets_out_of_logs
from mlconnector_assets.steps.read import first_day
from mlconnector_assets.steps.workspace import Workspace


def build_definitions(project: Project) -> dg.Definitions:
    """Everything that Dagster shows and runs of this project. Opens the state database only to learn the first
    partition days; needs no network and no secret. Raises StateError."""
    keep_secrets_out_of_logs()
    with warnings.catch_warnings():
        # `backfill_policy` is marked beta in the pinned release; what it does is tested
        warnings.simplefilter("ignore", dg.BetaWarning)
        return _definitions(project)


def _definitions(project: Project) -> dg.Definitions:
    days, owners = _partitions(project), [project.owner] if project.owner else []
    connections = [(connection, record) for connection in project.connections.values() for record in connection.records]
    partners = list(project.partners.values())
    root = str(project.root)
    return dg.Definitions(
        assets=[
            *(assets.record_asset(connection, record, days[connection.id], owners) for connection, record in connections),
            *(deletions.deleted_asset(connection, record, owners) for connection, record in connections),
            *(assets.table_asset(connection, record, days[connection.id], owners) for connection, record in connections),
            *(assets.flow_asset(partner, flow, days[flow.connection], owners) for partner, flow in project.flows()),
            *(assets.delivery_asset(partner, owners) for partner in partners),
            *(inbox.collection_asset(partner, owners) for partner in partners if partner.inbox),
            *(inbox.inbox_asset(partner, owners) for partner in partners if partner.inbox),
        ],
        asset_checks=[
            *(check for connection, record in connections for check in checks.record_checks(connection.id, record)),
            *(check for partner, flow in project.flows() for check in checks.flow_checks(partner.id, flow.name)),
            *(check for partner in partners for check in checks.delivery_checks(partner.id)),
        ],
        jobs=[decisions.decide_job(), decisions.settle_job()],
        sensors=[
            *(
                triggers.changes_sensor(
                    connection,
                    [(partner, flow) for partner, flow in project.flows() if flow.connection == connection.id],
                    days[connection.id],
                )
                for connection in project.connections.values()
            ),
            *(rereads.reread_sensor(connection) for connection in project.connections.values()),
            *(deletions.sweep_sensor(connection) for connection in project.connections.values()),
            *([triggers.delivery_sensor(partners)] if partners else []),
            *(inbox.inbox_sensor(partner, partner.inbox) for partner in partners if partner.inbox),
            alerts.alerts_sensor(),
        ],
        schedules=[
            *(
                triggers.flow_schedule(partner, flow, flow.schedule, days[flow.connection])
                for partner, flow in project.flows()
                if flow.schedule
            ),
            alerts.audit_schedule(),
        ],
        resources={"project": ProjectResource(root=root), FRAMES: RecordFrames(root=root)},
        executor=dg.in_process_executor,
    )


def _partitions(project: Project) -> dict[str, dg.DailyPartitionsDefinition]:
    workspace = Workspace(project)
    try:
        return {connection: assets.partitions_of(first_day(workspace, connection)) for connection in project.connections}
    finally:
        workspace.close()
