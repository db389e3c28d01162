"""People's own assets downstream of ours get frames: of their day, of a range of days, or everything."""

from typing import Any

import dagster as dg
import polars as pl
import pytest

from mlconnector_assets.orchestration.io_manager import RecordFrames
from mlconnector_assets.records import RECORDS
from tests.orchestration.code_location import CodeLocation


class Own:
    """Assets that somebody wrote beside ours; each keeps the frame it was given."""

    def __init__(self, location: CodeLocation) -> None:
        self.location, self.given = location, dict[str, pl.DataFrame]()
        days = location.definitions.resolve_assets_def("odoo_invoices").partitions_def

        @dg.asset(partitions_def=days, backfill_policy=dg.BackfillPolicy.single_run())
        def daily(odoo_invoices: pl.DataFrame) -> dg.MaterializeResult[None]:
            self.given["daily"] = odoo_invoices
            return dg.MaterializeResult()

        @dg.asset
        def everything(odoo_invoices: pl.DataFrame) -> int:
            self.given["everything"] = odoo_invoices
            return odoo_invoices.height

        self.definitions = dg.Definitions.merge(location.definitions, dg.Definitions(assets=[daily, everything]))

    def materialize(self, asset: str, **arguments: Any) -> pl.DataFrame:
        job = self.definitions.resolve_implicit_global_asset_job_def()
        result = job.execute_in_process(instance=self.location.instance, asset_selection=[dg.AssetKey(asset)], **arguments)
        assert result.success
        return self.given[asset]


@pytest.fixture
def own(at_rest: CodeLocation) -> Own:
    return Own(at_rest)


pytestmark = pytest.mark.filterwarnings("ignore:Parameter `backfill_policy`")


def test_a_day_a_range_and_everything(own: Own) -> None:
    location = own.location
    first, second, last = location.days
    everything = own.materialize("everything")
    assert everything.schema == RECORDS["invoices"].schema
    assert everything.height == len(location.project.warehouse_rows()["odoo_invoices"])
    tags = {"dagster/asset_partition_range_start": second, "dagster/asset_partition_range_end": last}
    history, newer = own.materialize("daily", partition_key=first), own.materialize("daily", tags=tags)
    assert history.height + newer.height == everything.height
    assert history["modified_at"].max() < newer["modified_at"].min()


def test_nothing_was_read_yet(location: CodeLocation) -> None:
    frame = Own(location).materialize("everything")
    assert frame.is_empty()
    assert frame.schema == RECORDS["invoices"].schema


def test_it_only_loads(location: CodeLocation) -> None:
    context = dg.build_output_context(asset_key=dg.AssetKey("odoo_invoices"))
    with pytest.raises(dg.Failure, match="records are written by the read step"):
        RecordFrames(root=str(location.project.root)).handle_output(context, 1)
