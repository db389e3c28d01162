from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import Command
from tests.project import project, sandbox

VARIABLES = (
    "MLCONNECTOR_PROJECT",
    "MLCONNECTOR_DEBUG",
    "MLCONNECTOR_KEK",
    "MLCONNECTOR_KEK_FILE",
    "MLCONNECTOR_STATE_URL",
    "DAGSTER_HOME",
)

__all__ = ["mlconnector", "project", "sandbox"]


@pytest.fixture
def mlconnector(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """The command, run in an empty folder. What it does is not shown in Dagster: that takes longer than the work."""
    empty = tmp_path / "elsewhere"
    empty.mkdir()
    monkeypatch.chdir(empty)
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("mlconnector_assets.cli.sync._report", lambda root, outcome: None)
    return Command(capsys, monkeypatch)
