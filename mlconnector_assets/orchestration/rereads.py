"""The sensor that has closed days read again, once a day at a quiet hour."""

import dagster as dg

from mlconnector_assets.configuration.connections import OdooConnection
from mlconnector_assets.orchestration import names
from mlconnector_assets.orchestration.resources import ProjectResource
from mlconnector_assets.orchestration.triggers import RANGE_END, RANGE_START, in_progress
from mlconnector_assets.steps.reread import days_to_reread


def reread_sensor(connection: OdooConnection) -> dg.SensorDefinition:
    """`<connection>_reread`: one run reads the last closed days of every record again; what the incremental reads had
    missed is in the metadata of each record."""
    keys = {record: names.record_asset(connection.id, record) for record in connection.records}
    job = dg.define_asset_job(
        f"{connection.id}_reread",
        selection=dg.AssetSelection.assets(*keys.values()),
        description=f"Read the last closed days of {connection.name or connection.id} again, to find what was missed.",
    )

    @dg.sensor(
        name=f"{connection.id}_reread",
        job=job,
        minimum_interval_seconds=int(connection.poll.total_seconds()),
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Reads the last {connection.reread_days} closed days again from {connection.reread_hour}:00 UTC on.",
    )
    def due(context: dg.SensorEvaluationContext, project: ProjectResource) -> dg.RunRequest | dg.SkipReason:
        if in_progress(context.instance, job.name):
            return dg.SkipReason("closed days are being read again")
        with project.workspace(context.log) as workspace:
            due_days = days_to_reread(workspace, connection.id)
        if not due_days:
            return dg.SkipReason("not the time to read closed days again")
        first, last = min(days.first for days in due_days.values()), max(days.last for days in due_days.values())
        tags = {names.REREAD: "true", RANGE_START: first.isoformat(), RANGE_END: last.isoformat()}
        return dg.RunRequest(asset_selection=[keys[record] for record in due_days], tags=tags)

    return due
