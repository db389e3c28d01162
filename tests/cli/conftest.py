from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import Command
from tests.project import ProjectFolder, project, sandbox, synced, synced_once

VARIABLES = (
    "MLCONNECTOR_PROJECT",
    "MLCONNECTOR_DEBUG",
    "MLCONNECTOR_KEK",
    "MLCONNECTOR_KEK_FILE",
    "MLCONNECTOR_STATE_URL",
    "DAGSTER_HOME",
)

__all__ = ["mlconnector", "project", "sandbox", "synced", "synced_once", "work"]


@pytest.fixture
def mlconnector_in_dagster(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """The command, run in an empty folder."""
    empty = tmp_path / "elsewhere"
    empty.mkdir()
    monkeypatch.chdir(empty)
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    return Command(capsys, monkeypatch)


@pytest.fixture
def mlconnector(mlconnector_in_dagster: Command, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The same; what it does is not shown in Dagster: that takes longer than the work."""
    monkeypatch.setattr("mlconnector_assets.cli.sync._report", lambda root, outcome: None)
    return mlconnector_in_dagster


@pytest.fixture
def work(mlconnector: Command, synced: ProjectFolder) -> Command:
    """The command on a project that was synced once."""
    return mlconnector.on(synced.root)
