"""How commands end that met a bug, were interrupted, or would have shown a secret; and how fast they begin."""

from __future__ import annotations

import logging
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mlconnector_assets.cli import failures
from mlconnector_assets.errors import ConnectorError
from mlconnector_assets.state import redaction
from tests.cli.command import Command, in_a_process
from tests.project import ProjectFolder

SECRET = "canary-4711-in-memory"
HEAVY = {"polars", "duckdb", "dagster", "paramiko", "sqlalchemy", "pydantic", "httpx", "cryptography", "yaml", "alembic"}


@pytest.fixture
def bug(monkeypatch: pytest.MonkeyPatch) -> None:
    """`check` meets a bug whose message holds a secret."""
    redaction.register(SECRET)

    def broken(root: Path) -> None:
        raise KeyError(f"no {SECRET} in {root}")

    monkeypatch.setattr("mlconnector_assets.configuration.project.load_project", broken)


@pytest.mark.usefixtures("bug")
def test_a_bug_is_one_message(mlconnector: Command) -> None:
    ended = mlconnector("check")
    assert ended.code == 1
    assert ended.out == ""
    assert ended.errors == ["error a bug in mlconnector was met (KeyError); what was committed before it stays"]
    assert len(ended.mends) == len(ended.err.splitlines()) - 1 == 1
    assert "mlconnector --debug" in ended.mends[0]


@pytest.mark.usefixtures("bug")
def test_a_bug_shows_its_place_when_asked_without_secrets(mlconnector: Command, caplog: pytest.LogCaptureFixture) -> None:
    redaction.install(logging.getLogger())
    assert any(isinstance(found, redaction.Redactor) for found in caplog.handler.filters)
    ended = mlconnector("--debug", "check")
    assert ended.code == 1
    assert "Traceback" in caplog.text
    assert "in broken" in caplog.text
    assert "***" in caplog.text
    assert SECRET not in caplog.text + ended.err
    mlconnector("check")
    assert caplog.text.count("Traceback") == 1


def test_a_bug_in_a_process_of_its_own() -> None:
    code = (
        "import sys; from mlconnector_assets.state import redaction; import mlconnector_assets.configuration.project as p\n"
        f"redaction.register({SECRET!r})\n"
        f"def broken(root): raise RuntimeError({SECRET!r})\n"
        "p.load_project = broken\n"
        "sys.argv.insert(1, '--debug')"
    )
    ended = in_a_process(Path(), "check", code=code)
    assert ended.code == 1
    assert "in broken" in ended.err
    assert "RuntimeError: ***" in ended.err
    assert SECRET not in ended.err
    assert len(ended.errors) == 1


def test_a_secret_in_a_failure_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    redaction.register(SECRET)
    failures.complain(ConnectorError(f"[bold]{SECRET}", where=f"/{SECRET}", mend=f"do not show {SECRET}"))
    said = capsys.readouterr().err
    assert said == "error /***: [bold]***\nmend  do not show ***\n"


def test_warnings_of_libraries_show_no_secret() -> None:
    code = (
        "import logging, mlconnector_assets.cli.failures as f; from mlconnector_assets.state import redaction\n"
        f"redaction.register({SECRET!r}); f.protect(); logging.getLogger('paramiko').warning('said %s', {SECRET!r})"
    )
    ended = in_a_process(Path(), "--version", code=code)
    assert "WARNING paramiko: said ***" in ended.err


def test_no_core_dumps(mlconnector: Command) -> None:
    mlconnector("--version")
    assert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)


def test_an_interrupted_command_says_what_stays(project: ProjectFolder) -> None:
    project.sandbox.control.fault("slow", times=None, seconds=30)
    command = [sys.executable, "-m", "mlconnector_assets.cli", "--project", str(project.root), "sync"]
    at_work = project.root / ".mlconnector" / "state-leases.db"
    at_work.unlink(missing_ok=True)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while not at_work.exists() and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    project.sandbox.control.clear()
    assert process.returncode == 130
    assert "stopped; what was committed stays" in said
    assert "Traceback" not in said


def test_a_closed_pipe_is_no_bug(tmp_path: Path) -> None:
    command = f"{sys.executable} -m mlconnector_assets.cli schema partner | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.stdout == "{\n"
    assert "Traceback" not in done.stderr
    assert "bug" not in done.stderr


def test_help_imports_nothing_heavy() -> None:
    code = "import sys, mlconnector_assets.cli.app; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert HEAVY & set(done.stdout.split()) == set()


def test_without_arguments_it_explains_itself(mlconnector: Command) -> None:
    ended = mlconnector()
    assert ended.code == 2
    assert "mlconnector demo" in ended.out


def test_the_version(mlconnector: Command) -> None:
    from mlconnector_assets import __version__

    assert mlconnector("--version").out == f"{__version__}\n"
