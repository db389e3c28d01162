"""Every asset materializes, by one day and by a range, and shows what people want to know of it."""

from __future__ import annotations

from datetime import timedelta

import dagster as dg
import pytest

from mlconnector_assets.state import reads
from mlconnector_assets.steps.workspace import open_workspace
from tests.orchestration.code_location import CodeLocation, metadata_of

RECORDS = ("invoices", "vendors", "gl_entries")


def test_one_partition_of_every_asset(location: CodeLocation) -> None:
    for kind in (
        [f"odoo_{record}" for record in RECORDS],
        [f"odoo_{record}_deleted" for record in RECORDS],
        [f"warehouse_odoo_{record}" for record in RECORDS],
        ["acme_invoices"],
        ["acme_delivery"],
    ):
        partitioned = location.definitions.resolve_assets_def(kind[0]).partitions_def
        result = dg.materialize(
            [*location.definitions.assets],
            selection=dg.AssetSelection.assets(*kind),
            partition_key=location.days[0] if partitioned else None,
            resources=location.definitions.resources,
            instance=location.instance,
        )
        assert result.success, kind
        assert {event.asset_key for event in result.get_asset_materialization_events()} == {dg.AssetKey(asset) for asset in kind}
    materialized = {spec.key for spec in location.definitions.resolve_all_asset_specs()}
    assert set(location.instance.all_asset_keys()) == materialized
    assert len(location.project.files()) == 1


def test_a_table_and_a_file_before_anything_was_read_are_empty(location: CodeLocation) -> None:
    result = location.materialize("warehouse_odoo_invoices", "acme_invoices", partition=location.days[-1])
    assert result.success
    assert metadata_of(result, "warehouse_odoo_invoices", location.days[-1])["dagster/row_count"].value == 0
    assert metadata_of(result, "acme_invoices", location.days[-1])["files"].value == 0


def test_a_range_of_days_is_read_once_and_each_day_has_its_own_numbers(location: CodeLocation) -> None:
    first, last = location.days[0], location.days[-1]
    tags = {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
    result = location.materialize("odoo_invoices", tags=tags)
    shown = [metadata_of(result, "odoo_invoices", day) for day in location.days]
    with open_workspace(location.project.root) as workspace, workspace.state.reading() as tx:
        stored = reads.newest(tx, "odoo", "invoices")
    assert [one["dagster/partition_row_count"].value for one in shown] == [read.rows for read in stored]
    assert len({read.read_at for read in stored}) == 1
    assert {read.run_id for read in stored} == {result.run_id}
    assert "records_read" not in shown[0]
    assert shown[-1]["records_read"].value == sum(read.rows for read in stored)


def test_only_the_wanted_day_is_read(at_rest: CodeLocation) -> None:
    assert at_rest.materialize("odoo_invoices", partition=at_rest.days[1]).success
    with open_workspace(at_rest.project.root) as workspace, workspace.state.reading() as tx:
        at = {read.day.isoformat(): read.read_at for read in reads.newest(tx, "odoo", "invoices")}
    assert at[at_rest.days[1]] > at[at_rest.days[0]] == at[at_rest.days[2]]


def test_the_incremental_tag_reads_from_the_last_read_on(at_rest: CodeLocation) -> None:
    with open_workspace(at_rest.project.root) as workspace, workspace.state.reading() as tx:
        until = reads.read_until(tx, "odoo", "invoices")
    tags = {
        "mlconnector/incremental": "true",
        "dagster/asset_partition_range_start": at_rest.days[-1],
        "dagster/asset_partition_range_end": at_rest.days[-1],
    }
    window = metadata_of(at_rest.materialize("odoo_invoices", tags=tags), "odoo_invoices", at_rest.days[-1])["window"].value
    assert until is not None
    start = until - timedelta(minutes=10)
    assert window.startswith(f"{start} to ")


def test_what_a_record_shows(location: CodeLocation) -> None:
    result = location.materialize("odoo_invoices", partition=location.days[0])
    shown = metadata_of(result, "odoo_invoices", location.days[0])
    assert shown["dagster/partition_row_count"].value > 10
    assert isinstance(shown["total_amount_EUR"], dg.FloatMetadataValue)
    header, _, *rows = shown["preview"].value.splitlines()
    assert "| number |" in header
    assert "source_record" not in header
    assert 0 < len(rows) <= 10
    assert shown["table"].asset_key == dg.AssetKey("warehouse_odoo_invoices")
    assert shown["sent_by_acme_invoices"].asset_key == dg.AssetKey("acme_invoices")
    assert f"]({location.project.sandbox.odoo_url}/web#id=" in rows[0]
    assert shown["stored"].value.endswith(".parquet")


def test_what_files_show(location: CodeLocation) -> None:
    first = location.days[0]
    result = location.materialize("odoo_invoices", "acme_invoices", partition=first)
    shown = metadata_of(result, "acme_invoices", first)
    delivered = metadata_of(location.materialize("acme_delivery"), "acme_delivery")
    [(name, content)] = location.project.files().items()
    assert shown["file"].value == name
    assert content.decode().startswith(shown["file_content"].value.splitlines()[1])
    assert shown["documents"].value == delivered["documents_delivered"].value > 10
    assert shown["source"].asset_key == dg.AssetKey("odoo_invoices")
    assert shown["delivery"].asset_key == dg.AssetKey("acme_delivery")
    assert shown["table"].asset_key == dg.AssetKey("warehouse_odoo_invoices")
    assert delivered["rendered_by_invoices"].asset_key == dg.AssetKey("acme_invoices")
    assert delivered["source_of_invoices"].asset_key == dg.AssetKey("odoo_invoices")
    assert delivered["table_of_invoices"].asset_key == dg.AssetKey("warehouse_odoo_invoices")
    assert delivered["trail"].value == shown["trail"].value == "```\nmlconnector audit show 1\n```"
    documents = shown["documents_sent"].value.splitlines()[2:]
    assert len(documents) == shown["documents"].value
    assert documents[0].startswith(f"| {name} | 2 | [") and "&model=account.move&view_type=form) |" in documents[0]
    assert delivered["files"].value == f"- outbound/{name}: {shown['all_files'].value.partition(': ')[2]}: delivered"
    assert delivered["folder"].value.startswith("sftp://acme@127.0.0.1:")


def test_what_a_table_shows(at_rest: CodeLocation) -> None:
    result = at_rest.materialize("warehouse_odoo_invoices", partition=at_rest.days[1])
    shown = metadata_of(result, "warehouse_odoo_invoices", at_rest.days[1])
    assert shown["dagster/row_count"].value == len(at_rest.project.warehouse_rows()["odoo_invoices"])
    assert (shown["inserted"].value, shown["partitions_loaded"].value) == (0, 0)
    assert "| counterparty_name |" in shown["preview"].value
    assert "/web#id=" in shown["preview"].value
    assert shown["sent_by_acme_invoices"].asset_key == dg.AssetKey("acme_invoices")
    assert isinstance(shown["total_amount_EUR"], dg.FloatMetadataValue)


def test_columns_lead_back_to_the_record(at_rest: CodeLocation) -> None:
    last = at_rest.days[-1]
    result = at_rest.materialize("acme_invoices", "warehouse_odoo_invoices", partition=last)

    def inputs(asset: str, column: str) -> list[str]:
        lineage = metadata_of(result, asset, last)["dagster/column_lineage"].value
        assert {dep.asset_key for dep in lineage.deps_by_column[column]} <= {dg.AssetKey("odoo_invoices")}
        return [dep.column_name for dep in lineage.deps_by_column[column]]

    assert inputs("acme_invoices", "number") == ["number"]
    assert inputs("acme_invoices", "counterparty_name") == ["counterparty"]
    assert inputs("acme_invoices", "quantity") == ["lines"]
    assert inputs("warehouse_odoo_invoices", "counterparty_name") == ["counterparty"]
    assert inputs("warehouse_odoo_invoices", "total_amount") == ["total_amount"]
    assert inputs("warehouse_odoo_invoices", "load_id") == []


@pytest.mark.parametrize("record", RECORDS)
def test_schemas_name_type_and_meaning_of_every_column(location: CodeLocation, record: str) -> None:
    for asset in (f"odoo_{record}", f"warehouse_odoo_{record}"):
        metadata = location.definitions.resolve_assets_def(asset).metadata_by_key[dg.AssetKey(asset)]
        columns = metadata["dagster/column_schema"].columns
        assert all(column.type for column in columns)
        assert [column.name for column in columns if not column.description] == []
    columns = {column.name: column.type for column in metadata["dagster/column_schema"].columns}
    assert columns["modified_at"] == "Datetime"
