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

from mlconnector_assets.configuration.project import load_project
from mlconnector_assets.sandbox import start_sandbox
from tests.cli.command import Command, Ended
from tests.cli.test_bad_input import refused
from tests.sshd import free_port

SHIPPED = Path(__file__).parents[2]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What a fresh clone holds, on free ports."""
    root = tmp_path / "clone"
    (root / "partners").mkdir(parents=True)
    ports = {"8869": str(free_port()), "8822": str(free_port())}
    for path in (SHIPPED / "connections.yaml", *(SHIPPED / "partners").glob("*.yaml")):
        name, text = path.relative_to(SHIPPED), path.read_text()
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


def read_what_flows_send(root: Path) -> None:
    """Leave out of connections.yaml what no flow needs: the rest is shown by the first run."""
    path = root / "connections.yaml"
    flows = [flow for partner in load_project(root).partners.values() for flow in partner.flows.values()]
    needed = ", ".join(sorted({flow.record for flow in flows} | {"vendors"}))
    path.write_text(path.read_text().replace("    page_size: 500\n", f"    page_size: 500\n    records: [{needed}]\n"))


def outbound(root: Path) -> list[str]:
    return sorted(path.name for path in (root / ".mlconnector/sandbox/sftp/acme/outbound").iterdir())


def told_of_the_outage(ended: Ended) -> None:
    """The demo ends well although it shows an outage: nothing but that failed."""
    assert ended.code == 0, ended
    assert ended.errors
    assert all("the server cannot be reached" in error for error in ended.errors), ended.errors


def test_the_demo_tells_its_stories_runs_again_and_uses_a_sandbox_that_runs(
    mlconnector: Command, clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(start_sandbox.__kwdefaults__, "moves", 60)
    demo = mlconnector.on(clone)
    first = demo("demo")
    told_of_the_outage(first)
    for text in (
        "nothing has left yet: the first files for a partner wait for a person",
        "it was sent, and is different at its source now",
        "has 16 characters, and the column's width is 8",
        "delivered at attempt 2, same bytes and name",
        "| confirmations | ",
        "✓ unique key: 24 of 24 records",
        "✓ source = store: 24 of 24 records",
        "✓ store = warehouse: 24 of 24 records",
    ):
        assert text in first.out
    assert first.out.count(": store = files: ") == 5
    assert "✗" not in first.out
    assert len(outbound(clone)) == 2
    for name in outbound(clone):
        assert f"acme/outbound/{name}" in first.out
    read_what_flows_send(clone)
    with sandbox_running(clone) as process:
        again = demo("demo")
        told_of_the_outage(again)
        assert "runs already; it is used, and left running" in again.out
        assert "wait for a person\n" not in again.out
        assert len(outbound(clone)) == 3
        refused(demo("sandbox"), "runs already")
        assert demo("sync").code == 0
        process.kill()
        process.wait()
    with stamina.set_testing(True, attempts=2):
        last = demo("sync")
    assert last.code == 1
    assert "cannot be reached" in last.err
    assert (clone / ".mlconnector" / "sandbox" / "sandbox.json").exists()
    with sandbox_running(clone):  # what a killed sandbox left is no obstacle
        pass
