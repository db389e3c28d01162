"""A backfill through Dagster's own machinery: request, daemon, run launcher, a code location that loads the
project's definitions. Nothing of it is ours, so that it is what the UI's button does."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.test_utils import create_test_daemon_workspace_context
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster._daemon.backfill import execute_backfill_iteration

from mlconnector_assets.sandbox import Sandbox
from mlconnector_assets.state import deliveries, documents
from mlconnector_assets.steps.workspace import open_workspace
from tests.orchestration.code_location import CodeLocation
from tests.project import ProjectFolder, write_project

MODULE = "mlconnector_assets.definitions"


@pytest.fixture
def project(tmp_path: Path, sandbox: Sandbox) -> ProjectFolder:
    """A project of one record with the partition days that a fresh one has: thirty-one."""
    (sandbox.partner_folder("acme") / tmp_path.name).mkdir()
    return write_project(tmp_path / "project", sandbox, home=tmp_path.name, records=["invoices"])


@pytest.fixture
def daemon(project: ProjectFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkspaceProcessContext]:
    """What the backfill daemon works with; its runs are executed at once, in this process."""
    monkeypatch.setenv("MLCONNECTOR_PROJECT", str(project.root))
    monkeypatch.delitem(sys.modules, MODULE, raising=False)
    at_once = {
        "run_launcher": {"module": "dagster._core.launcher.sync_in_memory_run_launcher", "class": "SyncInMemoryRunLauncher"},
        "run_coordinator": {"module": "dagster._core.run_coordinator", "class": "DefaultRunCoordinator"},
    }
    target = InProcessWorkspaceLoadTarget(
        InProcessCodeLocationOrigin(LoadableTargetOrigin(module_name=MODULE), location_name=MODULE)
    )
    (tmp_path / "dagster").mkdir()
    with (
        dg.DagsterInstance.local_temp(str(tmp_path / "dagster"), overrides=at_once) as instance,
        create_test_daemon_workspace_context(target, instance) as context,
    ):
        yield context


def backfill(daemon: WorkspaceProcessContext, location: CodeLocation, days: list[str], name: str) -> list[dg.DagsterRun]:
    """Request all partitioned assets over these days and let the daemon work until it is done; answers the runs."""
    partitioned = [spec.key for spec in location.definitions.resolve_all_asset_specs() if spec.partitions_def]
    asset_graph = daemon.create_request_context().asset_graph
    location.instance.add_backfill(
        PartitionBackfill.from_asset_partitions(
            backfill_id=name,
            asset_graph=asset_graph,
            partition_names=days,
            asset_selection=partitioned,
            backfill_timestamp=time.time(),
            tags={},
            dynamic_partitions_store=location.instance,
            all_partitions=False,
            title=None,
            description=None,
            run_config=None,
        )
    )
    for _ in range(20):
        assert [error for error in execute_backfill_iteration(daemon, logging.getLogger("backfill")) if error] == []
        found = location.instance.get_backfill(name)
        assert found is not None
        if found.status is not BulkActionStatus.REQUESTED:
            break
    assert found.status is BulkActionStatus.COMPLETED_SUCCESS
    return list(location.instance.get_runs(dg.RunsFilter(tags={"dagster/backfill": name})))


def sent(project: ProjectFolder) -> tuple[dict[str, bytes], int, int]:
    """The partner's files, how many deliveries there are, and how many documents are in them."""
    with open_workspace(project.root) as workspace, workspace.state.reading() as tx:
        made = deliveries.listing(tx, "acme", limit=None)
        assert documents.blocked(tx, "acme", "invoices") == []
    return project.files(), len(made), sum(delivery.documents for delivery in made)


# Dagster's own: a call it deprecates itself, and the loop of a run that is executed inside the daemon's
@pytest.mark.filterwarnings("ignore:Function `AssetSelection.sources` is deprecated:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:.*shutdown_asyncgens:pytest.PytestUnraisableExceptionWarning")
def test_thirty_days_end_green_and_again_send_nothing(project: ProjectFolder, daemon: WorkspaceProcessContext) -> None:
    location = CodeLocation(project, daemon.instance)
    days = location.days[-30:]
    [run] = backfill(daemon, location, days, "first")
    assert run.status is dg.DagsterRunStatus.SUCCESS
    for spec in location.definitions.resolve_all_asset_specs():
        if spec.partitions_def:
            assert daemon.instance.get_materialized_partitions(spec.key) == set(days)
    assert location.materialize("acme_delivery").success
    before, rows = sent(project), project.warehouse_rows()
    assert before[1] == 1
    assert before[2] > 5
    [again] = backfill(daemon, location, days, "again")
    assert again.status is dg.DagsterRunStatus.SUCCESS
    assert location.materialize("acme_delivery").success
    assert (sent(project), project.warehouse_rows()) == (before, rows)
