"""`<connection>_<record>_deleted`: what vanished at the source, in an asset of its own that reads never touch, and the
sensor that looks for it."""

import dagster as dg

from mlconnector_assets.configuration.connections import OdooConnection
from mlconnector_assets.orchestration import columns, metadata, names
from mlconnector_assets.orchestration.assets import RETRY, Owners
from mlconnector_assets.orchestration.io_manager import FRAMES
from mlconnector_assets.orchestration.outages import met_once
from mlconnector_assets.orchestration.resources import ProjectResource, failure
from mlconnector_assets.orchestration.triggers import in_progress
from mlconnector_assets.records import RECORDS
from mlconnector_assets.steps.sweep import due_sweeps, sweep


def deleted_asset(connection: OdooConnection, record_name: str, owners: Owners) -> dg.AssetsDefinition:
    """Materializing it lists every key of the source and compares; repeated, it finds nothing new."""
    record = RECORDS[record_name]

    @dg.asset(
        key=names.deleted_asset(connection.id, record_name),
        deps=[names.record_asset(connection.id, record_name)],
        group_name=connection.id,
        kinds={connection.system},
        owners=owners,
        pool=f"read_{connection.id}",
        retry_policy=RETRY,
        io_manager_key=FRAMES,
        description=f"{record.title} that vanished from {connection.name or connection.id}: their keys, when that was found, "
        "and those that came back. Found by listing all keys; the warehouse marks its rows, and flows hold what was sent.",
        metadata={
            "connection": connection.id,
            "record": record_name,
            "deletions": True,
            "system": dg.MetadataValue.url(connection.url),
            "dagster/column_schema": columns.deletions_schema(),
        },
    )
    def look(context: dg.AssetExecutionContext, project: ProjectResource) -> dg.MaterializeResult[None]:
        with project.workspace(context.log, context.run.run_id) as workspace:
            with met_once(context.run.run_id, connection.id, record_name):
                outcome = sweep(workspace, connection.id, record_name)
            shown = metadata.of_sweep(workspace, outcome)
        if error := outcome.failure():
            raise failure(error, shown)
        return dg.MaterializeResult(metadata=shown)

    return look


def sweep_sensor(connection: OdooConnection) -> dg.SensorDefinition:
    """`<connection>_deletions`: requests a sweep of the records whose interval has passed, or of which a read did not
    meet some again."""
    keys = {record: names.deleted_asset(connection.id, record) for record in connection.records}
    job = dg.define_asset_job(
        f"{connection.id}_sweep",
        selection=dg.AssetSelection.assets(*keys.values()),
        description=f"Find what was deleted in {connection.name or connection.id}.",
    )

    @dg.sensor(
        name=f"{connection.id}_deletions",
        job=job,
        minimum_interval_seconds=int(connection.poll.total_seconds()),
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Looks for deletions in {connection.name or connection.id} when `sweep:` has passed. Asks no source.",
    )
    def due(context: dg.SensorEvaluationContext, project: ProjectResource) -> dg.RunRequest | dg.SkipReason:
        if in_progress(context.instance, job.name):
            return dg.SkipReason("a sweep of this connection is under way")
        with project.workspace(context.log) as workspace:
            found = due_sweeps(workspace, connection.id)
        wanted = [key for record, key in keys.items() if record in found.everything | found.suspects]
        return dg.RunRequest(asset_selection=wanted) if wanted else dg.SkipReason("no sweep is due")

    return due
