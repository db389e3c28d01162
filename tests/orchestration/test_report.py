"""What `mlconnector sync` did is seen in Dagster, and nothing depends on its being seen."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest

from mlconnector_assets.orchestration.report import report_cycle
from mlconnector_assets.steps.cycle import CycleOutcome, run_cycle
from mlconnector_assets.steps.workspace import open_workspace
from tests.orchestration.code_location import CodeLocation
from tests.orchestration.prepared import PreparedLocation
from tests.project import ProjectFolder, copy_project

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True)
class Reported:
    """A project after its first sync, what that did, and the DAGSTER_HOME in which it was shown."""

    project: ProjectFolder
    outcome: CycleOutcome
    home: Path


@pytest.fixture(scope="module")
def reported(prepared: PreparedLocation, tmp_path_factory: pytest.TempPathFactory) -> Reported:
    folder = tmp_path_factory.mktemp("reported")
    project = copy_project(prepared.fresh().project, folder / "project", folder.name)
    home = folder / "dagster"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("DAGSTER_HOME", str(home))
        return Reported(project, sync(project), home)


@pytest.fixture
def project(reported: Reported, tmp_path: Path) -> ProjectFolder:
    return copy_project(reported.project, tmp_path / "project", tmp_path.name)


@pytest.fixture
def home(reported: Reported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A DAGSTER_HOME in which the project's first sync is shown."""
    folder = tmp_path / "dagster"
    shutil.copytree(reported.home, folder)
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
    with dg.DagsterInstance.from_config(str(home)) as instance:
        before = instance.fetch_materializations(dg.AssetKey("odoo_invoices"), limit=100).records
        sync(project)
        assert instance.fetch_materializations(dg.AssetKey("odoo_invoices"), limit=100).records == before


def test_the_sync_and_the_sensor_know_of_each_other(project: ProjectFolder, home: Path) -> None:
    with dg.DagsterInstance.from_config(str(home)) as instance:
        location = CodeLocation(project, instance)
        assert location.sensor("odoo_changes").run_requests == []
        assert location.sensor("deliveries").run_requests == []


def test_without_dagsters_events_nothing_is_read_or_sent_again(project: ProjectFolder, home: Path) -> None:
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


def test_the_projects_own_dagster_yaml(project: ProjectFolder, reported: Reported, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    monkeypatch.chdir(project.root.parent)
    shutil.copy(REPOSITORY / "dagster.yaml", project.root)
    report_cycle(project.root, reported.outcome)
    assert Path.cwd() == project.root.parent
    assert (project.root / ".mlconnector" / "dagster" / "storage").is_dir()
    assert not (project.root / "history").exists()


def test_nothing_is_written_where_no_instance_would_keep_it(
    project: ProjectFolder, reported: Reported, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    report_cycle(project.root, reported.outcome)
    assert sorted(path.name for path in project.root.iterdir()) == [".mlconnector", "connections.yaml", "partners"]
