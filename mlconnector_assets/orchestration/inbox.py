"""`<partner>_collection`, which fetches files, `<partner>_inbox` with a partition for each file, and the sensor that looks
for them. What was fetched and handed over is in the state database; partitions and events only show it."""

from collections.abc import Sequence
from datetime import UTC, datetime

import dagster as dg

from mlconnector_assets.errors import ConnectorError
from mlconnector_assets.orchestration import metadata, names
from mlconnector_assets.orchestration.assets import RETRY, Owners
from mlconnector_assets.orchestration.resources import ProjectResource, failure
from mlconnector_assets.orchestration.triggers import in_progress
from mlconnector_assets.partners.inbox import Inbox
from mlconnector_assets.partners.specification import Partner
from mlconnector_assets.state import inbox as books
from mlconnector_assets.state.inbox import InboundFile
from mlconnector_assets.steps.collect import fetch_from_partner, hand_over_file, look_at_partner
from mlconnector_assets.steps.workspace import Workspace

AT_ONCE = 50
"""Files whose handing over one evaluation of a sensor requests."""
TICK = 30
"""Seconds between evaluations; the partner's server is only asked each `poll:`."""


def inbox_asset(partner: Partner, owners: Owners) -> dg.AssetsDefinition:
    """Materializing a partition hands that file over, also one that was refused before; one that was handed over stays so."""

    @dg.asset(
        key=names.inbox_asset(partner.id),
        deps=[names.collection_asset(partner.id)],
        partitions_def=dg.DynamicPartitionsDefinition(name=names.inbound_files(partner.id)),
        group_name=partner.id,
        kinds={"sftp"},
        owners=owners,
        retry_policy=RETRY,
        description=f"Files that {partner.name} sent, each handed over once. A partition is a file: its name and the beginning "
        "of its SHA-256. A refused one is handed over again by materializing its partition.",
    )
    def hand_over(context: dg.AssetExecutionContext, project: ProjectResource) -> dg.MaterializeResult[None]:
        with project.workspace(context.log, context.run.run_id) as workspace:
            row = hand_over_file(workspace, _file_of(workspace, partner.id, context.partition_key).id, again=True)
            shown = metadata.of_inbound(workspace, row)
        if row.state == "failed":
            raise dg.Failure(f"refused: {row.reason}", metadata=shown, allow_retries=False)
        return dg.MaterializeResult(metadata=shown)

    return hand_over


def collection_asset(partner: Partner, owners: Owners) -> dg.AssetsDefinition:
    """`<partner>_collection`: what is complete in the partner's folders is fetched, and what is done is moved out of the way."""

    @dg.asset(
        key=names.collection_asset(partner.id),
        group_name=partner.id,
        kinds={"sftp"},
        owners=owners,
        pool=f"sftp_{partner.id}",
        description=f"Files of {partner.name} at {partner.sftp.host}:{partner.sftp.port} that are complete, fetched and kept "
        "byte for byte; those that were handed over or refused are moved out of the way.",
    )
    def collect(context: dg.AssetExecutionContext, project: ProjectResource) -> dg.MaterializeResult[None]:
        with project.workspace(context.log, context.run.run_id) as workspace:
            outcome = fetch_from_partner(workspace, partner.id)
        if error := outcome.failure():
            raise failure(error, metadata.of_collection(outcome))
        return dg.MaterializeResult(metadata=metadata.of_collection(outcome))

    return collect


def inbox_sensor(partner: Partner, inbox: Inbox) -> dg.SensorDefinition:
    """`<partner>_inbox_files`: looks into the partner's folders each `poll:`, has complete files fetched, and requests a run
    for each fetched one, in a partition of its own."""
    hand_over = dg.define_asset_job(f"{partner.id}_hand_over", selection=dg.AssetSelection.assets(names.inbox_asset(partner.id)))
    collect = dg.define_asset_job(f"{partner.id}_collect", selection=dg.AssetSelection.assets(names.collection_asset(partner.id)))
    partitions = dg.DynamicPartitionsDefinition(name=names.inbound_files(partner.id))

    @dg.sensor(
        name=f"{partner.id}_inbox_files",
        jobs=[collect, hand_over],
        minimum_interval_seconds=TICK,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Looks for files of {partner.name}, has them fetched, and handed over one by one.",
    )
    def files(context: dg.SensorEvaluationContext, project: ProjectResource) -> dg.SensorResult:
        with project.workspace(context.log) as workspace:
            now = workspace.clock()
            with workspace.state.reading() as tx:
                waiting = books.to_hand_over(tx, partner.id, now, AT_ONCE)
                unmoved = bool(books.to_file(tx, partner.id))
            requests = [_request(partner.id, row, hand_over.name, now) for row in waiting]
            looked = datetime.fromisoformat(context.cursor) if context.cursor else datetime.min.replace(tzinfo=UTC)
            cursor = context.cursor
            if (unmoved or now - looked >= inbox.poll) and not in_progress(context.instance, collect.name):
                cursor = now.isoformat()
                if unmoved or _look(context, workspace, partner.id, requests):
                    requests.append(dg.RunRequest(run_key=f"{partner.id}:{now:%Y-%m-%dT%H:%M:%S}", job_name=collect.name))
        return dg.SensorResult(
            run_requests=requests,
            dynamic_partitions_requests=[partitions.build_add_request([names.inbound_file(row) for row in waiting])],
            skip_reason=None if requests else dg.SkipReason("nothing is complete, or it is being fetched"),
            cursor=cursor,
        )

    return files


def _request(partner: str, row: InboundFile, job: str, now: datetime) -> dg.RunRequest:
    """Each attempt is requested once. The hour is for runs that failed before they could attempt anything."""
    key = f"{partner}:{now:%Y-%m-%dT%H}:{row.id}:{row.attempts}"
    return dg.RunRequest(run_key=key, partition_key=names.inbound_file(row), job_name=job)


def _look(context: dg.SensorEvaluationContext, workspace: Workspace, partner: str, requests: Sequence[dg.RunRequest]) -> bool:
    """Whether anything is to be fetched. A server that does not answer fails the evaluation, unless it requests runs."""
    try:
        return look_at_partner(workspace, partner)
    except ConnectorError as error:
        if not requests:
            raise
        context.log.warning(str(error))
        return False


def _file_of(workspace: Workspace, partner: str, key: str) -> InboundFile:
    """The file of a partition. Raises ConnectorError when it is unknown, as in a new state database."""
    with workspace.state.reading() as tx:
        for row in books.of_content(tx, partner, key.rpartition("@")[2]):
            if names.inbound_file(row) == key:
                return row
    raise ConnectorError(f"no file {key} of partner {partner} is known", mend="look at `mlconnector inbox list`")
