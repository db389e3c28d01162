"""The demo and the sandbox command, as a newcomer runs them: on the files that the repository ships."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import stamina

from mlconnector_assets.configuration.connections import ODOO_RECORDS
from tests.cli.command import Command
from tests.cli.test_bad_input import refused
from tests.sshd import free_port

SHIPPED = Path(__file__).parents[2]
PROOFS = 3 * len(ODOO_RECORDS) + 1
"""Three of each record, and one of the flow."""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What a fresh clone holds, on free ports."""
    root = tmp_path / "clone"
    (root / "partners").mkdir(parents=True)
    ports = {"8869": str(free_port()), "8822": str(free_port())}
    for name in ("connections.yaml", "partners/acme.yaml"):
        text = (SHIPPED / name).read_text()
        assert [port for port in ports if port in text]
        (root / name).write_text(re.sub("8869|8822", lambda found: ports[found[0]], text))
    return root


@contextmanager
def sandbox_running(root: Path) -> Iterator[subprocess.Popen[str]]:
    """`mlconnector sandbox` as a process, ready; stopped by Ctrl-C unless it is gone by then."""
    command = [sys.executable, "-m", "mlconnector_assets.cli", "--project", str(root), "sandbox", "--moves", "60"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout
        said = ""
        while "Ctrl-C stops it" not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                assert process.wait(60) == 0
    assert "Odoo at http://127.0.0.1:" in said


def outbound(root: Path) -> list[str]:
    return sorted(path.name for path in (root / ".mlconnector/sandbox/sftp/acme/outbound").iterdir())


def test_the_demo_runs_again_and_uses_a_sandbox_that_runs(mlconnector: Command, clone: Path) -> None:
    demo = mlconnector.on(clone)
    first = demo("demo")
    assert (first.code, first.errors) == (0, []), first
    assert "read in cycle 1" in first.out
    assert first.out.count("✓") == PROOFS
    assert "queued 1 file; delivered 1; loaded 13 new or changed records" in first.out
    assert len(outbound(clone)) == 2
    for name in outbound(clone):
        assert f"acme/outbound/{name}" in first.out
    with sandbox_running(clone):
        again = demo("demo")
        assert (again.code, again.errors) == (0, []), again
        assert "runs already; it is used, and left running" in again.out
        assert len(outbound(clone)) == 3
        refused(demo("sandbox"), "runs already")
        assert demo("sync").code == 0
    with stamina.set_testing(True, attempts=2):
        last = demo("sync")
    assert last.code == 1
    assert "cannot be reached" in last.err


def test_a_killed_sandbox_is_no_obstacle(mlconnector: Command, clone: Path) -> None:
    with sandbox_running(clone) as process:
        process.kill()
        process.wait()
    assert (clone / ".mlconnector" / "sandbox" / "sandbox.json").exists()
    ended = mlconnector.on(clone)("demo")
    assert (ended.code, ended.errors) == (0, []), ended
    assert "runs already" not in ended.out
