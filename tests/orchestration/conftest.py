from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest

from mlconnector_assets.orchestration import assets
from mlconnector_assets.sandbox import Sandbox
from tests.orchestration.code_location import CodeLocation
from tests.project import ProjectFolder, postgres_server, sandbox, state_on, write_project

__all__ = ["postgres_server", "sandbox", "state_on"]


@pytest.fixture(autouse=True)
def prompt_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "RETRY", dg.RetryPolicy(max_retries=1))


@pytest.fixture
def project(tmp_path: Path, sandbox: Sandbox) -> ProjectFolder:
    """A fresh project with three partition days; the first holds all history."""
    home = tmp_path.name
    (sandbox.partner_folder("acme") / home).mkdir()
    first_day = sandbox.control.now().date() - timedelta(days=2)
    return write_project(tmp_path / "project", sandbox, home=home, first_day=first_day.isoformat())


@pytest.fixture
def location(project: ProjectFolder) -> Iterator[CodeLocation]:
    """The project in an instance that forgets everything at the end."""
    with dg.DagsterInstance.ephemeral() as instance:
        yield CodeLocation(project, instance)
