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


def evaluate_all(location: CodeLocation, *checks: tuple[str, str]) -> list[dg.AssetCheckEvaluation]:
    """Run checks without their assets, as the button in the UI does."""
    keys = {dg.AssetCheckKey(dg.AssetKey(asset), check) for asset, check in checks}
    job = location.definitions.resolve_implicit_global_asset_job_def()
    selected = job.get_subset(asset_selection=set(), asset_check_selection=keys)
    result = selected.execute_in_process(instance=location.instance, resources=None)
    assert result.success
    return list(result.get_asset_check_evaluations())


def evaluate(location: CodeLocation, asset: str, check: str) -> dg.AssetCheckEvaluation:
    """Run one check alone."""
    [evaluation] = evaluate_all(location, (asset, check))
    return evaluation


def partition_file(workspace: Workspace, record: str) -> Path:
    """The file of the fullest day."""
    with workspace.state.reading() as tx:
        fullest = max(reads.newest(tx, "odoo", record), key=lambda read: read.rows)
    return workspace.records.base / fullest.path


def test_everything_agrees(at_rest: CodeLocation) -> None:
    every = [("acme_invoices", "store_equals_files"), ("acme_delivery", "nothing_overdue")]
    for record in RECORDS:
        every += [(f"odoo_{record}", "unique_key"), (f"odoo_{record}", "source_equals_store")]
        every += [(f"warehouse_odoo_{record}", "store_equals_warehouse")]
    found = {(one.asset_key.to_user_string(), one.check_name): one for one in evaluate_all(at_rest, *every)}
    assert set(found) == set(every)
    assert all(one.passed for one in found.values())
    assert "money totals agree" in (found["acme_invoices", "store_equals_files"].description or "")


def test_checks_run_with_their_assets(at_rest: CodeLocation) -> None:
    assert set(at_rest.checks("odoo_vendors", "warehouse_odoo_vendors", partition=at_rest.days[-1])) == {
        "odoo_vendors unique_key",
        "odoo_vendors source_equals_store",
        "warehouse_odoo_vendors store_equals_warehouse",
    }


def test_a_record_that_stands_twice(at_rest: CodeLocation) -> None:
    with open_workspace(at_rest.project.root) as workspace:
        path = partition_file(workspace, "vendors")
    rows = pl.read_parquet(path)
    pl.concat([rows, rows.head(1)]).write_parquet(path)
    evaluation = evaluate(at_rest, "odoo_vendors", "unique_key")
    assert not evaluation.passed
    assert (evaluation.description or "").startswith("1 keys stand twice")


def test_a_record_that_is_missing_in_the_store(at_rest: CodeLocation) -> None:
    with open_workspace(at_rest.project.root) as workspace:
        path = partition_file(workspace, "vendors")
    pl.read_parquet(path).slice(1).write_parquet(path)
    evaluation = evaluate(at_rest, "odoo_vendors", "source_equals_store")
    assert not evaluation.passed
    assert evaluation.severity is dg.AssetCheckSeverity.ERROR


def test_an_amount_that_differs_in_the_store(at_rest: CodeLocation) -> None:
    with open_workspace(at_rest.project.root) as workspace:
        path = partition_file(workspace, "invoices")
    sent = (pl.col("state") == "posted") & (pl.col("kind") == "customer")
    rows = pl.read_parquet(path).sort(sent, descending=True).with_row_index("row")
    amount = pl.col("total_amount")
    cent = pl.lit("0.01").str.to_decimal(scale=4).cast(rows.schema["total_amount"])
    changed = rows.with_columns(pl.when(pl.col("row") == 0).then(amount + cent).otherwise(amount).alias("total_amount"))
    changed.drop("row").cast({"total_amount": rows.schema["total_amount"]}).write_parquet(path)
    concerned = {
        ("odoo_invoices", "source_equals_store"),
        ("warehouse_odoo_invoices", "store_equals_warehouse"),
        ("acme_invoices", "store_equals_files"),
    }
    evaluations = evaluate_all(at_rest, *concerned)
    assert {(one.asset_key.to_user_string(), one.check_name) for one in evaluations if not one.passed} == concerned
    assert all("total_amount" in (one.description or "") for one in evaluations)


@pytest.mark.parametrize(
    "damage",
    [
        "delete from odoo_invoices where source_id = (select min(source_id) from odoo_invoices)",
        "update odoo_invoices set net_amount = net_amount + 0.01 where source_id = (select min(source_id) from odoo_invoices)",
    ],
)
def test_a_warehouse_that_somebody_changed(at_rest: CodeLocation, damage: str) -> None:
    with duckdb.connect(str(at_rest.project.root / ".mlconnector" / "warehouse.duckdb")) as database:
        database.execute(damage)
    assert not evaluate(at_rest, "warehouse_odoo_invoices", "store_equals_warehouse").passed


def test_a_file_that_lost_documents(at_rest: CodeLocation) -> None:
    with open_workspace(at_rest.project.root) as workspace, workspace.state.transaction() as tx:
        tx.execute(sa.update(DELIVERIES).values(documents=DELIVERIES.c.documents - 1))
    assert not evaluate(at_rest, "acme_invoices", "store_equals_files").passed


def test_a_rendered_file_that_is_gone(at_rest: CodeLocation) -> None:
    with open_workspace(at_rest.project.root) as workspace, workspace.state.reading() as tx:
        [delivery] = deliveries.listing(tx, "acme")
        workspace.files.path(delivery.sha256).unlink()
    evaluation = evaluate(at_rest, "acme_invoices", "store_equals_files")
    assert not evaluation.passed
    assert delivery.remote_name in (evaluation.description or "")


def test_a_source_that_moves_is_shown_and_fails_nothing(at_rest: CodeLocation) -> None:
    control = at_rest.project.sandbox.control
    posted = [["state", "=", "posted"], ["move_type", "=", "out_invoice"]]
    known = control.call("account.move", "search", domain=posted, limit=1)
    control.advance(timedelta(seconds=30))
    control.write("account.move", known)
    evaluation = evaluate(at_rest, "odoo_invoices", "source_equals_store")
    assert evaluation.passed
    assert (evaluation.description or "").startswith("moving")
    assert evaluation.metadata["moving"].value is True


def test_files_that_wait_too_long_or_for_a_person(at_rest: CodeLocation) -> None:
    with open_workspace(at_rest.project.root) as workspace:
        [delivery] = deliveries_of(workspace)
        age(workspace, "queued", timedelta(hours=23))
        assert evaluate(at_rest, "acme_delivery", "nothing_overdue").passed
        age(workspace, "queued", timedelta(hours=25))
        overdue = evaluate(at_rest, "acme_delivery", "nothing_overdue")
        assert not overdue.passed
        assert delivery.remote_name in (overdue.description or "")
        for state in ("dead", "uncertain"):
            age(workspace, state, timedelta(0))
            assert not evaluate(at_rest, "acme_delivery", "nothing_overdue").passed
        age(workspace, "delivered", timedelta(days=9))
        assert evaluate(at_rest, "acme_delivery", "nothing_overdue").passed


def deliveries_of(workspace: Workspace) -> list[deliveries.Delivery]:
    with workspace.state.reading() as tx:
        return deliveries.listing(tx, "acme")


def age(workspace: Workspace, state: str, since: timedelta) -> None:
    with workspace.state.transaction() as tx:
        tx.execute(sa.update(DELIVERIES).values(state=state, queued_at=workspace.clock() - since))
