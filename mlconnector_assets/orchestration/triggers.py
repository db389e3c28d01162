"""When things run: a sensor per connection that looks for changes, a schedule per flow that has one, a
sensor on queued files. A sensor decides and requests; it reads no records and parses nothing."""

import hashlib
from datetime import date

import dagster as dg

from mlconnector_assets.clock import system_clock
from mlconnector_assets.configuration.connections import OdooConnection
from mlconnector_assets.orchestration import names
from mlconnector_assets.orchestration.resources import ProjectResource
from mlconnector_assets.partners.specification import Flow, Partner
from mlconnector_assets.state import deliveries, reads
from mlconnector_assets.steps.read import first_day, needs_read
from mlconnector_assets.steps.workspace import Workspace

RANGE_START, RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
DELIVERY_POLL = 60
IN_PROGRESS = [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]


def changes_sensor(connection: OdooConnection, flows: list[tuple[Partner, Flow]]) -> dg.SensorDefinition:
    """`<connection>_changes`: when the source has something new, or a day waits to be closed, one run reads every
    record over one range, loads the warehouse, and renders the flows that have no schedule of their own."""
    keys = [key for record in connection.records for key in (names.record_asset(connection.id, record), names.table_asset(connection.id, record))]
    keys += [names.flow_asset(partner, flow) for partner, flow in flows if flow.schedule is None]
    job = dg.define_asset_job(
        f"{connection.id}_cycle",
        selection=dg.AssetSelection.assets(*keys) | dg.AssetSelection.checks_for_assets(*keys),
        description=f"Read {connection.name or connection.id}, load the warehouse, render what is due.",
    )

    @dg.sensor(
        name=f"{connection.id}_changes",
        job=job,
        minimum_interval_seconds=int(connection.poll.total_seconds()),
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Looks for changes in {connection.name or connection.id}; nothing changed means no run.",
    )
    def changes(context: dg.SensorEvaluationContext, project: ProjectResource) -> dg.SensorResult:
        if context.instance.get_runs(dg.RunsFilter(job_name=job.name, statuses=IN_PROGRESS), limit=1):
            return dg.SensorResult(skip_reason=dg.SkipReason("a run of this connection is under way"))
        with project.workspace(context.log) as workspace:
            changed = [record for record in connection.records if needs_read(workspace, connection.id, record)]
            if not changed:
                return dg.SensorResult(skip_reason=dg.SkipReason("nothing changed at the source, and no day waits to be closed"))
            start = _first_day_to_read(workspace, connection)
        tags = {names.INCREMENTAL: "true", RANGE_START: start.isoformat(), RANGE_END: system_clock().date().isoformat()}
        return dg.SensorResult(run_requests=[dg.RunRequest(tags=tags)])

    return changes


def flow_schedule(partner: Partner, flow: Flow, days: dg.DailyPartitionsDefinition) -> dg.ScheduleDefinition:
    """Renders a flow at the times its `schedule:` names."""
    key = names.flow_asset(partner, flow)
    assert flow.schedule is not None
    job = dg.define_asset_job(f"{partner.id}_{flow.name}_render", selection=dg.AssetSelection.assets(key) | dg.AssetSelection.checks_for_assets(key))

    @dg.schedule(name=f"{partner.id}_{flow.name}_schedule", job=job, cron_schedule=flow.schedule, execution_timezone=flow.timezone)
    def schedule() -> dg.RunRequest:
        return dg.RunRequest(partition_key=days.get_last_partition_key())

    return schedule


def delivery_sensor(partners: list[Partner]) -> dg.SensorDefinition:
    """`deliveries`: requests a partner's delivery run as soon as a file is due."""
    jobs = [
        dg.define_asset_job(
            f"{partner.id}_deliver",
            selection=dg.AssetSelection.assets(names.delivery_asset(partner.id)) | dg.AssetSelection.checks_for_assets(names.delivery_asset(partner.id)),
        )
        for partner in partners
    ]

    @dg.sensor(name="deliveries", jobs=jobs, minimum_interval_seconds=DELIVERY_POLL, default_status=dg.DefaultSensorStatus.RUNNING, description="Queued files whose time has come.")
    def queued(context: dg.SensorEvaluationContext, project: ProjectResource) -> dg.SensorResult:
        requests = []
        with project.workspace(context.log) as workspace:
            for partner in partners:
                with workspace.state.reading() as tx:
                    due = deliveries.queued(tx, partner.id, workspace.clock())
                if due:
                    # Attempts are part of the key: a postponed file is requested again, a queued run is not.
                    waiting = hashlib.sha256(",".join(f"{entry.id}:{entry.attempts}" for entry in due).encode()).hexdigest()[:16]
                    requests.append(dg.RunRequest(run_key=f"{partner.id}:{waiting}", job_name=f"{partner.id}_deliver"))
        skip = None if requests else dg.SkipReason("no file is due")
        return dg.SensorResult(run_requests=requests, skip_reason=skip)

    return queued


def _first_day_to_read(workspace: Workspace, connection: OdooConnection) -> date:
    """The partition in which the coming read begins; the first of all, before the first read."""
    first = first_day(workspace, connection.id)
    with workspace.state.reading() as tx:
        until = [reads.read_until(tx, connection.id, record) for record in connection.records]
    known = [at for at in until if at is not None]
    if len(known) < len(until):
        return first
    return max(first, (min(known) - connection.overlap).date())
