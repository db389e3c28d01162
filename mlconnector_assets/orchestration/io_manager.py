"""Loads records for people's own assets downstream of ours. It only loads: the steps write."""

import dagster as dg
import polars as pl

from mlconnector_assets.orchestration.resources import ProjectResource
from mlconnector_assets.records import RECORDS
from mlconnector_assets.state import reads
from mlconnector_assets.steps.sweep import deletions_frame

FRAMES = "record_frames"
"""Resource key of the IO manager of record assets; people's own assets keep whatever `io_manager` is."""


class RecordFrames(dg.ConfigurableIOManager):
    """Gives `def my_asset(odoo_invoices: pl.DataFrame)` the record's rows of the wanted partition days; all
    of them without partitions. The upstream asset names its connection and record in its metadata."""

    root: str

    def handle_output(self, context: dg.OutputContext, obj: object) -> None:
        """Record assets return no value."""
        raise dg.Failure(f"{context.asset_key.to_user_string()} returned a value; records are written by the read step")

    def load_input(self, context: dg.InputContext) -> pl.DataFrame:
        """The frame of the record's schema, newest read of each day, by day; of a `_deleted` asset what vanished."""
        metadata = (context.upstream_output.definition_metadata if context.upstream_output else None) or {}
        connection, record = str(metadata["connection"]), RECORDS[str(metadata["record"])]
        wanted = set(context.asset_partition_keys) if context.has_asset_partitions else None
        with ProjectResource(root=self.root).workspace(context.log) as workspace:
            if metadata.get("deletions"):
                return deletions_frame(workspace, connection, record.name)
            with workspace.state.reading() as tx:
                partitions = reads.newest(tx, connection, record.name)
            paths = [read.path for read in partitions if wanted is None or read.day.isoformat() in wanted]
            return workspace.records.scan(record, paths).collect()
