"""Shows in Dagster what `mlconnector sync` did, as if a run had materialized it. Only a display."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import dagster as dg

from mlconnector_assets.orchestration import metadata, names
from mlconnector_assets.steps.cycle import CycleOutcome


def report_cycle(root: Path, outcome: CycleOutcome) -> None:
    """Record the cycle's materializations in the instance of DAGSTER_HOME, or of the project's dagster.yaml."""
    with _instance(root) as instance:
        for read in outcome.reads:
            for partition in read.partitions:
                shown = metadata.of_partition(partition)
                _materialized(instance, names.record_asset(read.connection, read.record), shown, partition.day.isoformat())
        for render in outcome.renders:
            if render.deliveries:
                _materialized(instance, dg.AssetKey(f"{render.partner}_{render.flow}"), {"documents": render.documents, "files": len(render.deliveries)})
        for load in outcome.loads:
            if load.partitions:
                _materialized(instance, names.table_asset(load.connection, load.record), metadata.of_load(load))
        for delivery in outcome.deliveries:
            if delivery.sent:
                _materialized(instance, names.delivery_asset(delivery.partner), metadata.of_delivery(delivery))


def _materialized(instance: dg.DagsterInstance, key: dg.AssetKey, shown: dict[str, Any], partition: str | None = None) -> None:
    event = dg.AssetMaterialization(key, partition=partition, metadata=shown, tags={"mlconnector/by": "sync"})
    instance.report_runless_asset_event(event)


def _instance(root: Path) -> dg.DagsterInstance:
    if home := os.environ.get("DAGSTER_HOME"):
        return dg.DagsterInstance.from_config(home)
    # dagster.yaml names its folders relative to the project, as `dagster dev` there sees them
    os.chdir(root)
    return dg.DagsterInstance.from_config(str(root))
