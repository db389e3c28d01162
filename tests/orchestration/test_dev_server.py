"""`dagster dev` in a project folder: the server answers, the daemons are well, the assets are listed, and a
sensor's run, in a process of its own, opens the vault with the key of the environment."""

from __future__ import annotations

import base64
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from mlconnector_assets.sandbox import Sandbox
from mlconnector_assets.state import keys
from tests.project import ProjectFolder, write_project

REPOSITORY = Path(__file__).parents[2]
LIMIT = 120.0
"""Seconds that anything may take on a busy machine."""

HEALTH = "{instance {daemonHealth {allDaemonStatuses {daemonType healthy required}}}}"
ASSETS = "{assetsOrError {... on AssetConnection {nodes {key {path}}}}}"
RUNS = "{runsOrError {... on Runs {results {jobName status}}}}"


@pytest.fixture
def key_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> str:
    """The key-encryption key, which is in no file."""
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    monkeypatch.setattr(keys, "_from_environment", [])
    monkeypatch.setenv("MLCONNECTOR_KEK", key)
    return key


@pytest.fixture
def project(key_in_the_environment: str, tmp_path: Path, sandbox: Sandbox) -> ProjectFolder:
    """A project that reads one record; its vault knows only this key."""
    assert key_in_the_environment
    (sandbox.partner_folder("acme") / tmp_path.name).mkdir()
    today = sandbox.control.now().date().isoformat()
    return write_project(tmp_path / "project", sandbox, home=tmp_path.name, first_day=today, records=["invoices"])


@pytest.fixture
def server(key_in_the_environment: str, project: ProjectFolder) -> Iterator[str]:
    """The URL of a server on the project."""
    for name in ("dagster.yaml", "workspace.yaml"):
        shutil.copy(REPOSITORY / name, project.root)
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MLCONNECTOR_", "DAGSTER_"))}
    log = project.root.parent / "dev.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "dagster", "dev", "-h", "127.0.0.1", "-p", str(port)],
            cwd=project.root,
            env=kept | {"MLCONNECTOR_KEK": key_in_the_environment, "DAGSTER_DISABLE_TELEMETRY": "1"},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield f"http://127.0.0.1:{port}"
        assert key_in_the_environment not in log.read_text("utf-8", "replace")
    finally:
        for number in (signal.SIGINT, signal.SIGKILL):
            # the servers below it would outlive it by half a minute
            with suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                process.wait(5)


def ask(server: str, query: str) -> Any:
    body = json.dumps({"query": query}).encode()
    request = urllib.request.Request(f"{server}/graphql", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)["data"]


def wait_for(server: str, query: str, good: Callable[[Any], bool]) -> Any:
    """The first answer that is good."""
    limit, answer = time.monotonic() + LIMIT, None
    while time.monotonic() < limit:
        with suppress(OSError):
            answer = ask(server, query)
            if good(answer):
                return answer
        time.sleep(0.5)
    raise AssertionError(f"still not after {LIMIT:.0f} s: {answer}")


def test_the_server_works_by_itself(server: str, project: ProjectFolder) -> None:
    assets = wait_for(server, ASSETS, lambda answer: bool(answer["assetsOrError"]["nodes"]))
    listed = {"/".join(node["key"]["path"]) for node in assets["assetsOrError"]["nodes"]}
    assert {"odoo_invoices", "warehouse_odoo_invoices", "acme_invoices", "acme_delivery"} <= listed
    wait_for(
        server,
        HEALTH,
        lambda answer: all(
            daemon["healthy"] for daemon in answer["instance"]["daemonHealth"]["allDaemonStatuses"] if daemon["required"]
        ),
    )
    runs = wait_for(
        server,
        RUNS,
        lambda answer: any(run["status"] in ("SUCCESS", "FAILURE") for run in answer["runsOrError"]["results"]),
    )
    assert runs["runsOrError"]["results"][-1] == {"jobName": "odoo_cycle", "status": "SUCCESS"}
    assert project.warehouse_rows()["odoo_invoices"]
