"""The asset factories: a record, a flow's files, a partner's deliveries, a warehouse table."""

from collections.abc import Sequence
from datetime import date

import dagster as dg

from mlconnector_assets.configuration.connections import OdooConnection
from mlconnector_assets.orchestration import columns, metadata, names
from mlconnector_assets.orchestration.io_manager import FRAMES
from mlconnector_assets.orchestration.outages import met_once
from mlconnector_assets.orchestration.resources import ProjectResource, failure
from mlconnector_assets.partners.specification import Flow, Partner
from mlconnector_assets.records import RECORDS
from mlconnector_assets.steps.deliver import deliver_partner
from mlconnector_assets.steps.flow_kinds import render_flow
from mlconnector_assets.steps.load import load_records
from mlconnector_assets.steps.read import Days, read_changes, read_days
from mlconnector_assets.steps.reread import reread

Owners = Sequence[str]

RETRY = dg.RetryPolicy(max_retries=2, delay=30, backoff=dg.Backoff.EXPONENTIAL)
"""For what time may mend: a system that does not answer, another process that holds what is needed."""
RANGE = dg.BackfillPolicy.single_run()
"""A backfill reads its whole range once; every partitioned asset has the same policy, so that one run can hold them all."""


def partitions_of(first_day: date) -> dg.DailyPartitionsDefinition:
    """UTC days of last modification at the source, today included; the first is open towards the past."""
    return dg.DailyPartitionsDefinition(start_date=first_day.isoformat(), timezone="UTC", end_offset=1)


def record_asset(
    connection: OdooConnection, record_name: str, days: dg.DailyPartitionsDefinition, owners: Owners
) -> dg.AssetsDefinition:
    """`<connection>_<record>`: records last modified on the partition's day, as their source has them now."""
    record = RECORDS[record_name]

    @dg.asset(
        key=names.record_asset(connection.id, record_name),
        partitions_def=days,
        backfill_policy=RANGE,
        group_name=connection.id,
        kinds={connection.system, "parquet"},
        owners=owners,
        pool=f"read_{connection.id}",
        retry_policy=RETRY,
        io_manager_key=FRAMES,
        description=f"{record.title} of {connection.name or connection.id}. {record.meaning}",
        metadata={
            "connection": connection.id,
            "record": record_name,
            "system": dg.MetadataValue.url(connection.url),
            "dagster/column_schema": columns.record_schema(record),
        },
    )
    def read(context: dg.AssetExecutionContext, project: ProjectResource) -> dg.MaterializeResult[None]:
        asked = context.partition_keys
        with project.workspace(context.log, context.run.run_id) as workspace:
            with met_once(context.run.run_id, connection.id, record_name):
                if context.run.tags.get(names.INCREMENTAL):
                    outcome = read_changes(workspace, connection.id, record_name)
                else:
                    days = Days(date.fromisoformat(asked[0]), date.fromisoformat(asked[-1]))
                    again = names.REREAD in context.run.tags
                    outcome = (reread if again else read_days)(workspace, connection.id, record_name, days)
            for partition in outcome.partitions:
                if (key := partition.day.isoformat()) in asked:
                    context.add_asset_metadata(metadata.of_partition(workspace, partition), partition_key=key)
        return _materialized(context, metadata.of_read(outcome))

    return read


SENDS = {
    "documents": "Materializing a day queues every eligible document that was never sent, whatever day it is from; repeated, "
    "it queues nothing.",
    "snapshot": "Materializing any day queues the current state, if it is another one than the partner has.",
}


def flow_asset(partner: Partner, flow: Flow, days: dg.DailyPartitionsDefinition, owners: Owners) -> dg.AssetsDefinition:
    """`<partner>_<flow>`: files in the outbox. Any partition sends everything that has to leave."""

    @dg.asset(
        key=names.flow_asset(partner.id, flow.name),
        deps=[names.record_asset(flow.connection, flow.record)],
        partitions_def=days,
        backfill_policy=RANGE,
        group_name=partner.id,
        kinds={flow.format},
        owners=owners,
        retry_policy=RETRY,
        description=f"{RECORDS[flow.record].title} for {partner.name}, as {flow.format}. {SENDS[flow.kind]}",
        metadata={
            "condition": flow.condition,
            "dagster/column_schema": columns.file_schema(flow),
            "dagster/column_lineage": columns.file_lineage(flow),
        },
    )
    def render(context: dg.AssetExecutionContext, project: ProjectResource) -> dg.MaterializeResult[None]:
        with project.workspace(context.log, context.run.run_id) as workspace:
            outcome = render_flow(workspace, partner.id, flow.name)
            return _materialized(context, metadata.of_render(workspace, partner, flow, outcome))

    return render


def delivery_asset(partner: Partner, owners: Owners) -> dg.AssetsDefinition:
    """`<partner>_delivery`: the partner has every queued file."""

    @dg.asset(
        key=names.delivery_asset(partner.id),
        deps=[names.flow_asset(partner.id, flow.name) for flow in partner.flows.values()],
        group_name=partner.id,
        kinds={"sftp"},
        owners=owners,
        pool=f"sftp_{partner.id}",
        description=f"Queued files at {partner.sftp.host}:{partner.sftp.port}, each exactly once. A file that cannot go out "
        "stays queued; the next run sends the same bytes under the same name.",
    )
    def deliver(context: dg.AssetExecutionContext, project: ProjectResource) -> dg.MaterializeResult[None]:
        with project.workspace(context.log, context.run.run_id) as workspace:
            outcome = deliver_partner(workspace, partner.id)
        if error := outcome.failure():
            # no step retry: the queue knows when each file is to be tried again
            raise failure(error, metadata.of_delivery(partner, outcome))
        return dg.MaterializeResult(metadata=metadata.of_delivery(partner, outcome))

    return deliver


def table_asset(
    connection: OdooConnection, record_name: str, days: dg.DailyPartitionsDefinition, owners: Owners
) -> dg.AssetsDefinition:
    """`warehouse_<connection>_<record>`: the record's table and its child tables."""
    record = RECORDS[record_name]

    @dg.asset(
        key=names.table_asset(connection.id, record_name),
        deps=[names.record_asset(connection.id, record_name), names.deleted_asset(connection.id, record_name)],
        partitions_def=days,
        backfill_policy=RANGE,
        group_name="warehouse",
        kinds={"duckdb"},
        owners=owners,
        pool="warehouse",
        retry_policy=RETRY,
        description=f"{record.title} of {connection.name or connection.id}, merged by key: whatever was read, or found deleted, "
        "and not loaded yet.",
        metadata={
            "dagster/table_name": f"{connection.id}_{record_name}",
            "dagster/column_schema": columns.table_schema(record, connection.id),
            "dagster/column_lineage": columns.table_lineage(record, connection.id),
            "child_tables": dg.MetadataValue.json(columns.child_tables(record, connection.id)),
        },
    )
    def load(context: dg.AssetExecutionContext, project: ProjectResource) -> dg.MaterializeResult[None]:
        with project.workspace(context.log, context.run.run_id) as workspace:
            outcome = load_records(workspace, connection.id, record_name)
            return _materialized(context, metadata.of_load(workspace, outcome))

    return load


def _materialized(context: dg.AssetExecutionContext, shown: metadata.Metadata) -> dg.MaterializeResult[None]:
    """The result of a run over a range: `shown` stands at its newest day."""
    context.add_asset_metadata(shown, partition_key=context.partition_keys[-1])
    return dg.MaterializeResult()
