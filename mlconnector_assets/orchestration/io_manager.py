"""Loads records for people's own assets downstream of ours. It only loads: the steps write."""

from pathlib import Path

import dagster as dg
import polars as pl

from mlconnector_assets.records import RECORDS
from mlconnector_assets.state import reads
from mlconnector_assets.steps.workspace import open_workspace


class RecordFrames(dg.ConfigurableIOManager):
    """Gives `def my_asset(odoo_invoices: pl.DataFrame)` the record's rows of the wanted partition days; all
    of them without partitions. The upstream asset names its connection and record in its metadata."""

    root: str

    def handle_output(self, context: dg.OutputContext, obj: object) -> None:
        """Our assets return no values."""
        if obj is not None:
            raise dg.Failure(f"{context.asset_key.to_user_string()} returned a value; records are written by the read step", allow_retries=False)

    def load_input(self, context: dg.InputContext) -> pl.DataFrame:
        """The frame of the record's schema, newest read of each day, by day."""
        upstream = context.upstream_output
        assert upstream is not None and upstream.definition_metadata is not None
        connection, record = str(upstream.definition_metadata["connection"]), RECORDS[str(upstream.definition_metadata["record"])]
        wanted = set(context.asset_partition_keys) if context.has_asset_partitions else None
        with open_workspace(Path(self.root)) as workspace:
            with workspace.state.reading() as tx:
                partitions = reads.newest(tx, connection, record.name)
            paths = [read.path for read in partitions if wanted is None or read.day.isoformat() in wanted]
            return workspace.records.scan(record, paths).collect()
