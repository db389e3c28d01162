"""Every check passes on sound data, fails on damage, and shows a source that moves without failing."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import dagster as dg
import duckdb
import polars as pl
import pytest
import sqlalchemy as sa

from mlconnector_assets.state import deliveries, reads
from mlconnector_assets.state.schema import DELIVERIES
from mlconnector_assets.steps.workspace import Workspace, open_workspace
from tests.orchestration.code_location import CodeLocation

RECORDS = ("invoices", "vendors", "gl_entries")


@pytest.fixture
def loaded(location: CodeLocation) -> CodeLocation:
    """Everything is read, sent and loaded."""
    location.materialize_all()
    return location


def evaluate(location: CodeLocation, asset: str, check: str) -> dg.AssetCheckEvaluation:
    """Run one check alone, as the button in the UI does."""
    key = dg.AssetCheckKey(dg.AssetKey(asset), check)
    job = location.definitions.resolve_implicit_global_asset_job_def()
    selected = job.get_subset(asset_selection=set(), asset_check_selection={key})
    result = selected.execute_in_process(instance=location.instance, resources=None)
    assert result.success
    [evaluation] = result.get_asset_check_evaluations()
    return evaluation


def partition_file(workspace: Workspace, record: str) -> Path:
    """The file of the fullest day."""
    with workspace.state.reading() as tx:
        fullest = max(reads.newest(tx, "odoo", record), key=lambda read: read.rows)
    return workspace.records.base / fullest.path


def test_everything_agrees(loaded: CodeLocation) -> None:
    for record in RECORDS:
        for asset, check in (
            (f"odoo_{record}", "unique_key"),
            (f"odoo_{record}", "source_equals_store"),
            (f"warehouse_odoo_{record}", "store_equals_warehouse"),
        ):
            assert evaluate(loaded, asset, check).passed
    files = evaluate(loaded, "acme_invoices", "store_equals_files")
    assert files.passed
    assert "money totals agree" in (files.description or "")
    assert evaluate(loaded, "acme_delivery", "nothing_overdue").passed


def test_checks_run_with_their_assets(loaded: CodeLocation) -> None:
    assert set(loaded.checks("odoo_vendors", "warehouse_odoo_vendors", partition=loaded.days[-1])) == {
        "odoo_vendors unique_key",
        "odoo_vendors source_equals_store",
        "warehouse_odoo_vendors store_equals_warehouse",
    }


def test_a_record_that_stands_twice(loaded: CodeLocation) -> None:
    with open_workspace(loaded.project.root) as workspace:
        path = partition_file(workspace, "vendors")
    rows = pl.read_parquet(path)
    pl.concat([rows, rows.head(1)]).write_parquet(path)
    evaluation = evaluate(loaded, "odoo_vendors", "unique_key")
    assert not evaluation.passed
    assert (evaluation.description or "").startswith("1 keys stand twice")


def test_a_record_that_is_missing_in_the_store(loaded: CodeLocation) -> None:
    with open_workspace(loaded.project.root) as workspace:
        path = partition_file(workspace, "vendors")
    pl.read_parquet(path).slice(1).write_parquet(path)
    evaluation = evaluate(loaded, "odoo_vendors", "source_equals_store")
    assert not evaluation.passed
    assert evaluation.severity is dg.AssetCheckSeverity.ERROR


@pytest.mark.parametrize(
    ("asset", "check"),
    [
        ("odoo_invoices", "source_equals_store"),
        ("warehouse_odoo_invoices", "store_equals_warehouse"),
        ("acme_invoices", "store_equals_files"),
    ],
)
def test_an_amount_that_differs_in_the_store(loaded: CodeLocation, asset: str, check: str) -> None:
    with open_workspace(loaded.project.root) as workspace:
        path = partition_file(workspace, "invoices")
    sent = (pl.col("state") == "posted") & (pl.col("kind") == "customer")
    rows = pl.read_parquet(path).sort(sent, descending=True).with_row_index("row")
    amount = pl.col("total_amount")
    cent = pl.lit("0.01").str.to_decimal(scale=4).cast(rows.schema["total_amount"])
    changed = rows.with_columns(pl.when(pl.col("row") == 0).then(amount + cent).otherwise(amount).alias("total_amount"))
    changed.drop("row").cast({"total_amount": rows.schema["total_amount"]}).write_parquet(path)
    evaluation = evaluate(loaded, asset, check)
    assert not evaluation.passed
    assert "total_amount" in (evaluation.description or "")


@pytest.mark.parametrize(
    "damage",
    [
        "delete from odoo_invoices where source_id = (select min(source_id) from odoo_invoices)",
        "update odoo_invoices set net_amount = net_amount + 0.01 where source_id = (select min(source_id) from odoo_invoices)",
    ],
)
def test_a_warehouse_that_somebody_changed(loaded: CodeLocation, damage: str) -> None:
    with duckdb.connect(str(loaded.project.root / ".mlconnector" / "warehouse.duckdb")) as database:
        database.execute(damage)
    assert not evaluate(loaded, "warehouse_odoo_invoices", "store_equals_warehouse").passed


def test_a_file_that_lost_documents(loaded: CodeLocation) -> None:
    with open_workspace(loaded.project.root) as workspace, workspace.state.transaction() as tx:
        tx.execute(sa.update(DELIVERIES).values(documents=DELIVERIES.c.documents - 1))
    assert not evaluate(loaded, "acme_invoices", "store_equals_files").passed


def test_a_rendered_file_that_is_gone(loaded: CodeLocation) -> None:
    with open_workspace(loaded.project.root) as workspace, workspace.state.reading() as tx:
        [delivery] = deliveries.listing(tx, "acme")
        workspace.files.path(delivery.sha256).unlink()
    evaluation = evaluate(loaded, "acme_invoices", "store_equals_files")
    assert not evaluation.passed
    assert delivery.remote_name in (evaluation.description or "")


def test_a_source_that_moves_is_shown_and_fails_nothing(loaded: CodeLocation) -> None:
    control = loaded.project.sandbox.control
    posted = [["state", "=", "posted"], ["move_type", "=", "out_invoice"]]
    known = control.call("account.move", "search", domain=posted, limit=1)
    control.advance(timedelta(seconds=30))
    control.write("account.move", known)
    evaluation = evaluate(loaded, "odoo_invoices", "source_equals_store")
    assert evaluation.passed
    assert (evaluation.description or "").startswith("moving")
    assert evaluation.metadata["moving"].value is True


def test_files_that_wait_too_long_or_for_a_person(loaded: CodeLocation) -> None:
    with open_workspace(loaded.project.root) as workspace:
        [delivery] = deliveries_of(workspace)
        age(workspace, "queued", timedelta(hours=23))
        assert evaluate(loaded, "acme_delivery", "nothing_overdue").passed
        age(workspace, "queued", timedelta(hours=25))
        overdue = evaluate(loaded, "acme_delivery", "nothing_overdue")
        assert not overdue.passed
        assert delivery.remote_name in (overdue.description or "")
        for state in ("dead", "uncertain"):
            age(workspace, state, timedelta(0))
            assert not evaluate(loaded, "acme_delivery", "nothing_overdue").passed
        age(workspace, "delivered", timedelta(days=9))
        assert evaluate(loaded, "acme_delivery", "nothing_overdue").passed


def deliveries_of(workspace: Workspace) -> list[deliveries.Delivery]:
    with workspace.state.reading() as tx:
        return deliveries.listing(tx, "acme")


def age(workspace: Workspace, state: str, since: timedelta) -> None:
    with workspace.state.transaction() as tx:
        tx.execute(sa.update(DELIVERIES).values(state=state, queued_at=workspace.clock() - since))
