"""When things run: a sensor per connection that looks for changes, a schedule per flow that has one, a
sensor on queued files. A sensor decides and requests; it reads no records and parses nothing."""

import hashlib
from collections.abc import Sequence
from datetime import date

import dagster as dg

from mlconnector_assets.configuration.connections import OdooConnection
from mlconnector_assets.orchestration import names
from mlconnector_assets.orchestration.resources import ProjectResource
from mlconnector_assets.partners.specification import Flow, Partner
from mlconnector_assets.state import deliveries, reads
from mlconnector_assets.state.deliveries import Delivery
from mlconnector_assets.steps.due import due_flows, due_tables
from mlconnector_assets.steps.read import looking
from mlconnector_assets.steps.workspace import Workspace

RANGE_START, RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
DELIVERY_POLL = 60
IN_PROGRESS = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def changes_sensor(
    connection: OdooConnection, flows: Sequence[tuple[Partner, Flow]], days: dg.DailyPartitionsDefinition
) -> dg.SensorDefinition:
    """`<connection>_changes`: when the source has something new, a day waits to be closed, or something read was not
    taken in, one run reads every record over one range, loads the warehouse, and renders the flows (of `flows`, those
    of this connection) that have no schedule of their own."""
    unscheduled = [(partner.id, flow.name) for partner, flow in flows if flow.schedule is None]
    keys = [names.record_asset(connection.id, record) for record in connection.records]
    keys += [names.table_asset(connection.id, record) for record in connection.records]
    keys += [names.flow_asset(partner, flow) for partner, flow in unscheduled]
    job = dg.define_asset_job(
        f"{connection.id}_cycle",
        selection=dg.AssetSelection.assets(*keys),
        description=f"Read {connection.name or connection.id}, load the warehouse, render what is due.",
    )

    @dg.sensor(
        name=f"{connection.id}_changes",
        job=job,
        minimum_interval_seconds=int(connection.poll.total_seconds()),
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Looks for changes in {connection.name or connection.id}; nothing changed means no run.",
    )
    def changes(context: dg.SensorEvaluationContext, project: ProjectResource) -> dg.RunRequest | dg.SkipReason:
        if in_progress(context.instance, job.name):
            return dg.SkipReason("a run of this connection is under way")
        with project.workspace(context.log) as workspace:
            with looking(workspace, connection.id) as needs_read:
                something = any(needs_read(record) for record in connection.records)
            something = something or any(due in unscheduled for due in due_flows(workspace, connection.id))
            if not (something or due_tables(workspace, connection.id)):
                return dg.SkipReason("nothing changed at the source, and nothing waits to be closed or taken in")
            start = _read_from(workspace, connection, days)
        tags = {names.INCREMENTAL: "true", RANGE_START: start.isoformat(), RANGE_END: days.get_last_partition_key() or ""}
        return dg.RunRequest(tags=tags)

    return changes


def flow_schedule(partner: Partner, flow: Flow, cron: str, days: dg.DailyPartitionsDefinition) -> dg.ScheduleDefinition:
    """Renders a flow at the times its `schedule:` names."""
    job = dg.define_asset_job(
        f"{partner.id}_{flow.name}_render", selection=dg.AssetSelection.assets(names.flow_asset(partner.id, flow.name))
    )

    @dg.schedule(
        name=f"{partner.id}_{flow.name}_schedule",
        job=job,
        cron_schedule=cron,
        execution_timezone=flow.zone.key,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=f"When {partner.name} gets {flow.name}.",
    )
    def schedule() -> dg.RunRequest:
        return dg.RunRequest(partition_key=days.get_last_partition_key())

    return schedule


def delivery_sensor(partners: Sequence[Partner]) -> dg.SensorDefinition:
    """`deliveries`: requests a partner's delivery run as soon as a file is due."""
    jobs = {
        partner.id: dg.define_asset_job(
            f"{partner.id}_deliver", selection=dg.AssetSelection.assets(names.delivery_asset(partner.id))
        )
        for partner in partners
    }

    @dg.sensor(
        name="deliveries",
        jobs=list(jobs.values()),
        minimum_interval_seconds=DELIVERY_POLL,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Requests a partner's delivery when a queued file's time has come.",
    )
    def queued(context: dg.SensorEvaluationContext, project: ProjectResource) -> dg.SensorResult:
        requests = []
        with project.workspace(context.log) as workspace:
            for partner, job in jobs.items():
                with workspace.state.reading() as tx:
                    due = deliveries.queued(tx, partner, workspace.clock())
                if due and not in_progress(context.instance, job.name):
                    requests.append(
                        dg.RunRequest(run_key=_once(partner, due, f"{workspace.clock():%Y-%m-%dT%H}"), job_name=job.name)
                    )
        skip = None if requests else dg.SkipReason("no file is due, or its delivery is under way")
        return dg.SensorResult(run_requests=requests, skip_reason=skip)

    return queued


def _once(partner: str, due: Sequence[Delivery], hour: str) -> str:
    """A run key: each attempt at these files is requested once. The hour is for runs that failed before they could
    attempt anything, such as without the key-encryption key."""
    attempts = ",".join(f"{delivery.id}:{delivery.attempts}" for delivery in due)
    return f"{partner}:{hour}:{hashlib.sha256(attempts.encode()).hexdigest()[:16]}"


def in_progress(instance: dg.DagsterInstance, job: str) -> bool:
    """Whether a run of the job waits or works."""
    return bool(instance.get_run_ids(dg.RunsFilter(job_name=job, statuses=IN_PROGRESS), limit=1))


def _read_from(workspace: Workspace, connection: OdooConnection, days: dg.DailyPartitionsDefinition) -> date:
    """The partition in which the coming read begins; the first of all, before the first read."""
    with workspace.state.reading() as tx:
        until = reads.progress(tx, connection.id)
    starts = [
        (until[record] - connection.overlap).date() if record in until else days.start.date() for record in connection.records
    ]
    return max(days.start.date(), min(starts))
