"""Shows in Dagster what `mlconnector sync` did, as if runs had materialized it. Only a display."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, chdir
from datetime import date
from pathlib import Path

import dagster as dg

from mlconnector_assets.orchestration import metadata, names
from mlconnector_assets.orchestration.metadata import Metadata
from mlconnector_assets.state.reads import PartitionRead
from mlconnector_assets.steps.collect import CollectOutcome
from mlconnector_assets.steps.cycle import CycleOutcome
from mlconnector_assets.steps.workspace import Workspace, open_workspace

TAGS = {"mlconnector/by": "sync"}


def report_cycle(root: Path, outcome: CycleOutcome) -> None:
    """Record the cycle's materializations in the instance of DAGSTER_HOME, else in the one that the project's
    dagster.yaml describes; without either there is none that would keep them."""
    home = os.environ.get("DAGSTER_HOME")
    if not home and not (root / "dagster.yaml").exists():
        return
    root = root.absolute()
    with ExitStack() as stack:
        # a dagster.yaml may name its folders relative to the project, where `dagster dev` is started
        stack.enter_context(chdir(root))
        workspace = stack.enter_context(open_workspace(root))
        instance = stack.enter_context(dg.DagsterInstance.from_config(home or str(root)))
        for collected in outcome.collections:
            taken = [names.inbound_file(row) for row in collected.taken]
            instance.add_dynamic_partitions(names.inbound_files(collected.partner), taken)
        for event in _materializations(workspace, outcome):
            instance.report_runless_asset_event(event)


def _materializations(workspace: Workspace, outcome: CycleOutcome) -> Iterable[dg.AssetMaterialization]:
    """As the assets would have: an event a day, oldest first, what concerns the whole run at the newest. Days without a
    record have none: a first read covers a month of two dozen records, and each event costs Dagster's storage a commit."""
    told = {(read.connection, read.record): [*_with_rows(read.partitions[:-1]), *read.partitions[-1:]] for read in outcome.reads}
    days = {record: [partition.day for partition in partitions] for record, partitions in told.items()}
    today = [workspace.clock().date()]
    for read in outcome.reads:
        key = names.record_asset(read.connection, read.record)
        *earlier, newest = told[read.connection, read.record]
        for partition in earlier:
            yield _event(key, metadata.of_partition(workspace, partition), partition.day)
        yield _event(key, metadata.of_partition(workspace, newest) | metadata.of_read(read), newest.day)
    for swept in outcome.sweeps:
        if swept.stop is None:
            yield _event(names.deleted_asset(swept.connection, swept.record), metadata.of_sweep(workspace, swept))
    for render in outcome.renders:
        partner, flow = workspace.partner(render.partner), workspace.flow(render.partner, render.flow)
        taken = days.get((flow.connection, flow.record), today if render.deliveries else [])
        shown = metadata.of_render(workspace, partner, flow, render)
        yield from _events(names.flow_asset(partner.id, flow.name), taken, shown)
    for load in outcome.loads:
        if taken := days.get((load.connection, load.record), today if load.partitions else []):
            yield from _events(names.table_asset(load.connection, load.record), taken, metadata.of_load(workspace, load))
    for delivery in outcome.deliveries:
        if delivery.sent:
            shown = metadata.of_delivery(workspace.partner(delivery.partner), delivery)
            yield _event(names.delivery_asset(delivery.partner), shown)
    for collected in outcome.collections:
        yield from _of_collection(workspace, collected)


def _of_collection(workspace: Workspace, collected: CollectOutcome) -> Iterable[dg.AssetMaterialization]:
    if collected.collected.received:
        yield _event(names.collection_asset(collected.partner), metadata.of_collection(collected))
    for row in collected.taken:
        key = names.inbox_asset(collected.partner)
        yield dg.AssetMaterialization(
            key, partition=names.inbound_file(row), metadata=metadata.of_inbound(workspace, row), tags=TAGS
        )


def _with_rows(partitions: Sequence[PartitionRead]) -> list[PartitionRead]:
    return [partition for partition in partitions if partition.rows]


def _events(key: dg.AssetKey, days: Sequence[date], shown: Metadata) -> Iterable[dg.AssetMaterialization]:
    for day in days:
        yield _event(key, shown if day == days[-1] else {}, day)


def _event(key: dg.AssetKey, shown: Metadata, day: date | None = None) -> dg.AssetMaterialization:
    return dg.AssetMaterialization(key, partition=day.isoformat() if day else None, metadata=shown, tags=TAGS)
