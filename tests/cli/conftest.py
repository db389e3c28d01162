from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import Command
from tests.project import project, sandbox

__all__ = ["mlconnector", "project", "sandbox"]


@pytest.fixture
def mlconnector(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """The command, run in an empty folder."""
    empty = tmp_path / "elsewhere"
    empty.mkdir()
    monkeypatch.chdir(empty)
    for variable in (
        "MLCONNECTOR_PROJECT",
        "MLCONNECTOR_DEBUG",
        "MLCONNECTOR_KEK",
        "MLCONNECTOR_KEK_FILE",
        "MLCONNECTOR_STATE_URL",
    ):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    (tmp_path / "dagster").mkdir()
    (tmp_path / "dagster" / "dagster.yaml").touch()
    return Command(capsys, monkeypatch)
