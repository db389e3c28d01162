"""The `mlconnector` command in this process, as a person would meet it: what it prints, and its exit code."""

from __future__ import annotations

import io
import os
import resource
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from mlconnector_assets.cli.app import run
from tests.processes import run_apart


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def errors(self) -> list[str]:
        """The lines that tell what went wrong."""
        return [line for line in self.err.splitlines() if line.startswith("error ")]

    @property
    def mends(self) -> list[str]:
        """The lines that tell what to do."""
        return [line for line in self.err.splitlines() if line.startswith("mend ")]


class Command:
    """Runs commands in this process, on one project folder."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, project: Path | None = None) -> None:
        self._capsys, self._monkeypatch, self._project = capsys, monkeypatch, project

    def __call__(self, *arguments: str, stdin: bytes = b"") -> Ended:
        self._monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        before = ["--project", str(self._project)] if self._project else []
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            run([*before, *arguments])
        said = self._capsys.readouterr()
        return Ended(int(end.value.code or 0), said.out, said.err)

    def on(self, project: Path) -> Command:
        """The same on another folder."""
        return Command(self._capsys, self._monkeypatch, project)


NOT_IN_DAGSTER = "import mlconnector_assets.cli.sync as sync; sync._report = lambda root, outcome: None\n"


def in_a_process(
    project: Path,
    *arguments: str,
    environment: Mapping[str, str] | None = None,
    code: str = "",
) -> Ended:
    """The command as a process of its own. `code` is Python that runs first in it, such as setting limits. What it does
    is not shown in Dagster: that takes longer than the work."""
    program = f"{NOT_IN_DAGSTER}{code}\nfrom mlconnector_assets.cli import main\nmain()"
    done = subprocess.run(
        [sys.executable, "-c", program, "--project", str(project), *arguments],
        capture_output=True,
        text=True,
        env=dict(environment) if environment is not None else None,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def sync_apart(project: Path, largest_file: int | None = None) -> Ended:
    """`mlconnector sync` in a forked process, what it prints left out; no file may grow above `largest_file` bytes."""
    done = run_apart(_sync, project, largest_file, environment={"MLCONNECTOR_STATE_URL": None})
    return Ended(done.code, "", done.said)


def _sync(project: Path, largest_file: int | None) -> None:
    from mlconnector_assets.cli import sync

    sync._report = lambda root, outcome: None
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    if largest_file is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
    run(["--project", str(project), "sync"])
