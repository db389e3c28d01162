"""Deletions in Dagster: a sensor that asks for sweeps when they are due, an asset that shows what vanished."""

from __future__ import annotations

from pathlib import Path

import dagster as dg

from mlconnector_assets.orchestration.io_manager import RecordFrames
from mlconnector_assets.state import deletions
from mlconnector_assets.state.reads import Consumer
from mlconnector_assets.steps.read import read_changes
from mlconnector_assets.steps.sweep import deletions_frame
from mlconnector_assets.steps.workspace import open_workspace
from tests.orchestration.code_location import CodeLocation


def test_a_due_sweep_is_requested_and_shows_what_vanished(location: CodeLocation) -> None:
    control = location.project.sandbox.control
    assert location.sensor("odoo_deletions").skip_message == "no sweep is due"
    draft = control.draft_invoice()["id"]
    with open_workspace(location.project.root) as workspace:
        read_changes(workspace, "odoo", "invoices")
    control.delete(draft)
    [request] = location.sensor("odoo_deletions").run_requests
    assert request.asset_selection == [dg.AssetKey("odoo_invoices_deleted")]
    result = location.materialize("odoo_invoices_deleted")
    assert result.success
    [event] = result.get_asset_materialization_events()
    assert event.materialization.metadata["deleted"].value == 1
    assert str(draft) in event.materialization.metadata["deleted_now"].value
    assert location.sensor("odoo_deletions").skip_message == "no sweep is due"
    with open_workspace(location.project.root) as workspace:
        frame = deletions_frame(workspace, "odoo", "invoices")
        with workspace.state.reading() as tx:
            assert deletions.behind(tx, "odoo", [Consumer("warehouse:invoices", "invoices")])
    assert frame.select("source_id", "state").rows() == [(str(draft), "deleted")]
    assert load_of(location.project.root, location).equals(frame)
    assert location.sensor("odoo_reread").skip_message == "not the time to read closed days again"


def load_of(root: Path, location: CodeLocation) -> object:
    """What people's own assets get of the deletions."""
    manager = RecordFrames(root=str(root))
    definition = location.definitions.resolve_assets_def("odoo_invoices_deleted")
    upstream = dg.build_output_context(definition_metadata=definition.metadata_by_key[definition.key])
    return manager.load_input(dg.build_input_context(upstream_output=upstream))
