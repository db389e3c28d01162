"""The asset factories: a record, a flow's files, a partner's deliveries, a warehouse table."""

from datetime import date

import dagster as dg
import polars as pl

from mlconnector_assets.configuration.connections import OdooConnection
from mlconnector_assets.orchestration import metadata, names
from mlconnector_assets.orchestration.resources import ProjectResource
from mlconnector_assets.partners.specification import Flow, Partner
from mlconnector_assets.records import RECORDS
from mlconnector_assets.steps.deliver import deliver_partner
from mlconnector_assets.steps.load import load_records
from mlconnector_assets.steps.read import Days, ReadOutcome, read_changes, read_days
from mlconnector_assets.steps.render import render_flow
from mlconnector_assets.steps.workspace import Workspace

RETRY = dg.RetryPolicy(max_retries=2, delay=30, backoff=dg.Backoff.EXPONENTIAL)
RANGE = dg.BackfillPolicy.single_run()
"""A backfill reads its whole range once; every partitioned asset has the same policy, so that one run can hold them all."""


def partitions_of(first_day: date) -> dg.DailyPartitionsDefinition:
    """UTC days of last modification at the source, today included; the first is open towards the past."""
    return dg.DailyPartitionsDefinition(start_date=first_day.isoformat(), timezone="UTC", end_offset=1)


def record_assets(connection: OdooConnection, record_name: str, days: dg.DailyPartitionsDefinition) -> dg.AssetsDefinition:
    """`<connection>_<record>`: records last modified on the partition's day, as their source has them now."""
    record = RECORDS[record_name]

    @dg.asset(
        key=names.record_asset(connection.id, record_name),
        partitions_def=days,
        backfill_policy=RANGE,
        group_name=connection.id,
        kinds={connection.system, "parquet"},
        pool=f"read_{connection.id}",
        retry_policy=RETRY,
        description=f"{record.title} of {connection.name or connection.id}. {record.meaning}",
        metadata={"connection": connection.id, "record": record_name, "dagster/column_schema": metadata.record_schema(record)},
    )
    def read(context: dg.AssetExecutionContext, project: ProjectResource) -> dg.MaterializeResult[None]:
        with project.workspace(context.log, context.run.run_id) as workspace:
            if context.run.tags.get(names.INCREMENTAL):
                outcome = read_changes(workspace, connection.id, record_name)
            else:
                keys = context.partition_keys
                outcome = read_days(workspace, connection.id, record_name, Days(date.fromisoformat(keys[0]), date.fromisoformat(keys[-1])))
            asked = set(context.partition_keys)
            for partition in outcome.partitions:
                if partition.day.isoformat() in asked:
                    context.add_asset_metadata(metadata.of_partition(partition), partition_key=partition.day.isoformat())
            return dg.MaterializeResult(metadata=metadata.of_read(outcome, _preview(workspace, outcome)))

    return read


def flow_assets(partner: Partner, flow: Flow, days: dg.DailyPartitionsDefinition) -> dg.AssetsDefinition:
    """`<partner>_<flow>`: files in the outbox. Any partition sends every eligible document that was not sent yet."""

    @dg.asset(
        key=names.flow_asset(partner, flow),
        deps=[names.record_asset(flow.connection, flow.record)],
        partitions_def=days,
        backfill_policy=RANGE,
        group_name=partner.id,
        kinds={flow.format},
        description=f"{flow.record} for {partner.name}, as {flow.format}. Materializing a day queues every eligible document that was never "
        "sent, whatever day it is from; repeated, it queues nothing.",
        metadata={"dagster/column_schema": metadata.flow_schema(flow)},
    )
    def render(context: dg.AssetExecutionContext, project: ProjectResource) -> dg.MaterializeResult[None]:
        with project.workspace(context.log, context.run.run_id) as workspace:
            outcome = render_flow(workspace, partner.id, flow.name)
            contents = {delivery.id: workspace.files.read(delivery.sha256) for delivery in outcome.deliveries[:1]}
        return dg.MaterializeResult(metadata=metadata.of_render(outcome, contents))

    return render


def delivery_assets(partner: Partner) -> dg.AssetsDefinition:
    """`<partner>_delivery`: the partner has every queued file."""

    @dg.asset(
        key=names.delivery_asset(partner.id),
        deps=[names.flow_asset(partner, flow) for flow in partner.flows.values()],
        group_name=partner.id,
        kinds={"sftp"},
        pool=f"sftp_{partner.id}",
        description=f"Queued files at {partner.sftp.host}:{partner.sftp.port}, each exactly once. A file that cannot be delivered stays queued; "
        "the next run sends the same bytes under the same name.",
    )
    def deliver(context: dg.AssetExecutionContext, project: ProjectResource) -> dg.MaterializeResult[None]:
        with project.workspace(context.log, context.run.run_id) as workspace:
            outcome = deliver_partner(workspace, partner.id)
            if failure := outcome.failure():
                raise failure
        return dg.MaterializeResult(metadata=metadata.of_delivery(outcome))

    return deliver


def table_assets(connection: OdooConnection, record_name: str, days: dg.DailyPartitionsDefinition) -> dg.AssetsDefinition:
    """`warehouse_<connection>_<record>`: the record's table and its child tables."""
    record = RECORDS[record_name]

    @dg.asset(
        key=names.table_asset(connection.id, record_name),
        deps=[names.record_asset(connection.id, record_name)],
        partitions_def=days,
        backfill_policy=RANGE,
        group_name="warehouse",
        kinds={"duckdb"},
        pool="warehouse",
        description=f"{record.title} of {connection.name or connection.id}, merged by key: whatever was read and not loaded yet.",
        metadata={"dagster/column_schema": metadata.record_schema(record), "dagster/table_name": f"{connection.id}_{record_name}"},
    )
    def load(context: dg.AssetExecutionContext, project: ProjectResource) -> dg.MaterializeResult[None]:
        with project.workspace(context.log, context.run.run_id) as workspace:
            outcome = load_records(workspace, connection.id, record_name)
        return dg.MaterializeResult(metadata=metadata.of_load(outcome))

    return load


def _preview(workspace: Workspace, outcome: ReadOutcome) -> pl.DataFrame:
    """The newest records of this read, without what is nested or long."""
    record = RECORDS[outcome.record]
    rows = workspace.records.scan(record, [read.path for read in outcome.partitions])
    return rows.drop("source_record", "content_hash").sort("modified_at", descending=True).head(metadata.PREVIEW_ROWS).collect()
