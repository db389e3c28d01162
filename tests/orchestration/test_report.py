"""What `mlconnector sync` did is seen in Dagster, and nothing depends on its being seen."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest

from mlconnector_assets.orchestration.report import report_cycle
from mlconnector_assets.steps.cycle import CycleOutcome, run_cycle
from mlconnector_assets.steps.workspace import open_workspace
from tests.orchestration.code_location import CodeLocation
from tests.project import ProjectFolder

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A DAGSTER_HOME."""
    folder = tmp_path / "dagster"
    folder.mkdir()
    (folder / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    monkeypatch.setenv("DAGSTER_HOME", str(folder))
    return folder


def sync(project: ProjectFolder) -> CycleOutcome:
    """A cycle of the command line."""
    project.sandbox.control.advance(timedelta(seconds=30))
    with open_workspace(project.root) as workspace:
        outcome = run_cycle(workspace)
    assert outcome.failures == []
    report_cycle(project.root, outcome)
    return outcome


def test_every_asset_is_materialized_with_its_partitions(project: ProjectFolder, home: Path) -> None:
    sync(project)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        location = CodeLocation(project, instance)
        for spec in location.definitions.resolve_all_asset_specs():
            assert instance.get_materialized_partitions(spec.key) == (set(location.days) if spec.partitions_def else set())
            event = instance.get_latest_materialization_event(spec.key)
            assert event is not None
            shown = event.asset_materialization
            assert shown is not None
            assert (shown.tags or {})["mlconnector/by"] == "sync"
            assert shown.partition == (location.days[-1] if spec.partitions_def else None)
        table = instance.get_latest_materialization_event(dg.AssetKey("warehouse_odoo_invoices"))
        assert table is not None
        assert table.asset_materialization is not None
        metadata = table.asset_materialization.metadata
        assert metadata["dagster/row_count"].value == len(project.warehouse_rows()["odoo_invoices"])
        assert "dagster/column_lineage" in metadata


def test_a_cycle_without_news_shows_nothing(project: ProjectFolder, home: Path) -> None:
    sync(project)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        before = instance.fetch_materializations(dg.AssetKey("odoo_invoices"), limit=100).records
        sync(project)
        assert instance.fetch_materializations(dg.AssetKey("odoo_invoices"), limit=100).records == before


def test_the_sync_and_the_sensor_know_of_each_other(project: ProjectFolder, home: Path) -> None:
    sync(project)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        location = CodeLocation(project, instance)
        assert location.sensor("odoo_changes").run_requests == []
        assert location.sensor("deliveries").run_requests == []


def test_without_dagsters_events_nothing_is_read_or_sent_again(project: ProjectFolder, home: Path) -> None:
    sync(project)
    files = project.files()
    with dg.DagsterInstance.from_config(str(home)) as instance:
        location = CodeLocation(project, instance)
        for spec in location.definitions.resolve_all_asset_specs():
            instance.wipe_assets([spec.key])
            assert instance.get_latest_materialization_event(spec.key) is None
        assert location.sensor("odoo_changes").run_requests == []
    outcome = sync(project)
    assert (outcome.reads, len(outcome.unchanged)) == ([], 3)
    assert (outcome.renders, outcome.loads) == ([], [])
    assert project.files() == files


def test_the_projects_own_dagster_yaml(project: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    monkeypatch.chdir(project.root.parent)
    shutil.copy(REPOSITORY / "dagster.yaml", project.root)
    sync(project)
    assert Path.cwd() == project.root.parent
    assert (project.root / ".mlconnector" / "dagster" / "storage").is_dir()
    assert not (project.root / "history").exists()


def test_nothing_is_written_where_no_instance_would_keep_it(project: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    sync(project)
    assert sorted(path.name for path in project.root.iterdir()) == [".mlconnector", "connections.yaml", "partners"]
