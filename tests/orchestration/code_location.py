"""A project as Dagster sees it: definitions and an instance, for tests that materialize, evaluate sensors
and look at what was recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import dagster as dg
from dagster._core.remote_origin import InProcessCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.test_utils import create_run_for_test
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

from mlconnector_assets.configuration.project import load_project
from mlconnector_assets.orchestration.build import build_definitions
from mlconnector_assets.orchestration.resources import ProjectResource
from tests.project import ProjectFolder


@dataclass
class CodeLocation:
    """The definitions of a project, with an instance that keeps its events."""

    project: ProjectFolder
    instance: dg.DagsterInstance

    @cached_property
    def definitions(self) -> dg.Definitions:
        return build_definitions(load_project(self.project.root))

    @property
    def days(self) -> list[str]:
        """All partition keys."""
        definition = self.definitions.resolve_assets_def("odoo_invoices").partitions_def
        assert definition is not None
        return list(definition.get_partition_keys())

    def materialize(
        self, *assets: str, partition: str | None = None, tags: Mapping[str, str] | None = None
    ) -> dg.ExecuteInProcessResult:
        """Run these assets with their checks; failures are in the result."""
        job = self.definitions.resolve_implicit_global_asset_job_def()
        with dg.partition_loading_context(dynamic_partitions_store=self.instance):
            return job.execute_in_process(
                instance=self.instance,
                asset_selection=[dg.AssetKey(asset) for asset in assets],
                partition_key=partition,
                tags=tags,
                raise_on_error=False,
            )

    def sensor(self, name: str) -> Any:
        """One evaluation of a sensor."""
        repository = self.definitions.get_repository_def()
        context = dg.build_sensor_context(
            instance=self.instance,
            instance_ref=self.instance.get_ref() if self.instance.is_persistent else None,
            repository_def=repository,
            resources={"project": ProjectResource(root=str(self.project.root))},
        )
        return repository.get_sensor_def(name).evaluate_tick(context)

    def run(self, job: str, request: dg.RunRequest) -> dg.ExecuteInProcessResult:
        """Execute what a sensor or schedule requested."""
        definition = self.definitions.resolve_job_def(request.job_name or job)
        with dg.partition_loading_context(dynamic_partitions_store=self.instance):
            return definition.execute_in_process(
                instance=self.instance, tags=request.tags, partition_key=request.partition_key, raise_on_error=False
            )

    def pretend_run(self, job: str, status: dg.DagsterRunStatus) -> None:
        """A run of this job in the given state that nobody executes."""
        place = InProcessCodeLocationOrigin(LoadableTargetOrigin(module_name="mlconnector_assets.definitions"))
        origin = RemoteJobOrigin(RemoteRepositoryOrigin(place, "__repository__"), job)
        create_run_for_test(self.instance, job_name=job, status=status, remote_job_origin=origin)

    def checks(self, *assets: str, **arguments: Any) -> dict[str, dg.AssetCheckEvaluation]:
        """The check results of materializing these assets, by `asset check`."""
        result = self.materialize(*assets, **arguments)
        return {f"{check.asset_key.to_user_string()} {check.check_name}": check for check in result.get_asset_check_evaluations()}


def metadata_of(result: dg.ExecuteInProcessResult, asset: str, partition: str | None = None) -> dict[str, Any]:
    """Metadata of the materialization that a run recorded."""
    [found] = [
        event.step_materialization_data.materialization
        for event in result.get_asset_materialization_events()
        if event.asset_key == dg.AssetKey(asset) and event.partition == partition
    ]
    return dict(found.metadata)


def failures_of(result: dg.ExecuteInProcessResult) -> dict[str, str]:
    """What Dagster shows of each failed step."""
    found = {}
    for event in result.filter_events(lambda event: event.is_step_failure):
        data = event.step_failure_data
        assert data.user_failure_data is not None, data.error
        found[event.step_key or ""] = data.user_failure_data.description or ""
    return found
