from collections.abc import Iterator
from datetime import timedelta

import dagster as dg
import pytest

from mlconnector_assets.orchestration import assets
from mlconnector_assets.sandbox import Sandbox
from tests.orchestration.code_location import CodeLocation
from tests.orchestration.prepared import PreparedLocation
from tests.project import ProjectFolder, new_project, postgres_server, sandbox, state_on

__all__ = ["postgres_server", "sandbox", "state_on"]

SHIPPED_RETRY = assets.RETRY


@pytest.fixture(autouse=True, scope="module")
def prompt_retries() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(assets, "RETRY", dg.RetryPolicy(max_retries=1))
        yield


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> Iterator[PreparedLocation]:
    """A project with three partition days, of which the first holds all history, for the tests of a module."""
    folder = tmp_path_factory.mktemp("prepared")
    first_day = sandbox.control.now().date() - timedelta(days=2)
    project = new_project(folder, sandbox, first_day=first_day.isoformat())
    with dg.DagsterInstance.ephemeral() as instance:
        yield PreparedLocation(project, instance, folder / "kept")


@pytest.fixture
def location(prepared: PreparedLocation) -> CodeLocation:
    """A project of which nothing was read, in an instance that knows of nothing."""
    return prepared.fresh()


@pytest.fixture
def at_rest(prepared: PreparedLocation) -> CodeLocation:
    """The same project when everything was read, loaded and rendered; files wait for their delivery."""
    return prepared.at_rest()


@pytest.fixture
def project(location: CodeLocation) -> ProjectFolder:
    return location.project
