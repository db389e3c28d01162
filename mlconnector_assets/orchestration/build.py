"""Puts a project's definitions together. `build_definitions` is the seam for tests."""

from __future__ import annotations

import dagster as dg

from mlconnector_assets.configuration.project import Project
from mlconnector_assets.orchestration import assets, checks, triggers
from mlconnector_assets.orchestration.io_manager import RecordFrames
from mlconnector_assets.orchestration.resources import ProjectResource
from mlconnector_assets.steps.read import first_day
from mlconnector_assets.steps.workspace import Workspace


def build_definitions(project: Project) -> dg.Definitions:
    """Everything that Dagster shows and runs of this project. Opens the state database only to learn the first
    partition day; needs no network and no secret."""
    found_assets: list[dg.AssetsDefinition] = []
    found_checks: list[dg.AssetChecksDefinition] = []
    sensors: list[dg.SensorDefinition] = []
    schedules: list[dg.ScheduleDefinition] = []
    days = _partitions(project)
    for connection in project.connections.values():
        for record in connection.records:
            found_assets += [assets.record_assets(connection, record, days[connection.id]), assets.table_assets(connection, record, days[connection.id])]
            found_checks += [*checks.record_checks(connection.id, record), *checks.table_checks(connection.id, record)]
        flows = [(partner, flow) for partner, flow in project.flows() if flow.connection == connection.id]
        sensors.append(triggers.changes_sensor(connection, flows))
    for partner, flow in project.flows():
        found_assets.append(assets.flow_assets(partner, flow, days[flow.connection]))
        found_checks += checks.flow_checks(partner, flow)
        if flow.schedule is not None:
            schedules.append(triggers.flow_schedule(partner, flow, days[flow.connection]))
    partners = [partner for partner in project.partners.values() if partner.flows]
    for partner in partners:
        found_assets.append(assets.delivery_assets(partner))
        found_checks += checks.delivery_checks(partner.id)
    if partners:
        sensors.append(triggers.delivery_sensor(partners))
    return dg.Definitions(
        assets=found_assets,
        asset_checks=found_checks,
        sensors=sensors,
        schedules=schedules,
        resources={"project": ProjectResource(root=str(project.root)), "io_manager": RecordFrames(root=str(project.root))},
        executor=dg.in_process_executor,
    )


def _partitions(project: Project) -> dict[str, dg.DailyPartitionsDefinition]:
    workspace = Workspace(project)
    try:
        return {connection: assets.partitions_of(first_day(workspace, connection)) for connection in project.connections}
    finally:
        workspace.close()
