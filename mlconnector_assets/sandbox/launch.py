"""Start a sandbox from Python: in threads of this process for tests, or as a process of its own for
benchmarks and the demo."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from types import TracebackType

from mlconnector_assets.errors import Unavailable
from mlconnector_assets.sandbox.client import ControlClient
from mlconnector_assets.sandbox.server import DESCRIPTION, SandboxServer, SandboxSettings
from mlconnector_assets.sandbox.values import Row
from mlconnector_assets.sandbox.world.seed import Scale

START_LIMIT = 120.0
"""Seconds a process may take to seed and listen."""


class Sandbox:
    """A running sandbox; a context manager that stops it."""

    def __init__(self, folder: Path, description: Row, stop: Callable[[], None], alive: Callable[[], bool]) -> None:
        self.folder = folder
        self.odoo_url: str = description["odoo_url"]
        self.database: str = description["database"]
        self.sftp_host: str = description["sftp_host"]
        self.sftp_port: int = description["sftp_port"]
        self.host_keys: tuple[str, ...] = tuple(description["host_keys"])
        self.partners: tuple[str, ...] = tuple(description["partners"])
        self.api_key = Path(description["api_key_file"]).read_text("ascii")
        self.control = ControlClient(self.odoo_url, self.api_key)
        self._stop = stop
        self._alive = alive

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._alive()

    def partner_key(self, partner: str) -> str:
        """A partner's private key, OpenSSH text."""
        return (self.folder / "keys" / f"partner_{partner}").read_text("ascii")

    def partner_password(self, partner: str) -> str:
        """A partner's password."""
        return (self.folder / "keys" / f"password_{partner}").read_text("ascii")

    def partner_folder(self, partner: str) -> Path:
        """Where a partner's files lie on disk."""
        return self.folder / "sftp" / partner

    def stop(self) -> None:
        """Stop both servers and wait for it."""
        self.control.close()
        self._stop()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.stop()


def start_sandbox(
    folder: Path,
    *,
    odoo_port: int = 0,
    sftp_port: int = 0,
    partners: Sequence[str] = ("acme",),
    moves: int = 300,
    vendors: int = 40,
    customers: int = 30,
    days: int = 60,
    seed: int = 19,
    now: datetime | None = None,
    own_process: bool = False,
) -> Sandbox:
    """Start a sandbox over `folder`, seeded when the folder is new, and wait until it answers.

    `now` makes a new sandbox's clock start there instead of at the present. Raises LeaseHeld when one already runs
    on the folder, Unavailable when a port is taken.
    """
    scale = Scale(moves, vendors, customers, days, seed)
    settings = SandboxSettings(Path(folder).resolve(), odoo_port, sftp_port, tuple(partners), scale, now)
    return _in_process_of_its_own(settings) if own_process else _in_thread(SandboxServer(settings))


def run_in_foreground(server: SandboxServer, tell: Callable[[Sandbox], None], *, with_parent: bool = False) -> None:
    """Start a sandbox, `tell` what it offers, and serve until SIGTERM or Ctrl-C; `with_parent` also ends it when the
    process that started this one is gone. Raises as `start_sandbox`; call it from the main thread."""
    parent, asked_to_stop = os.getppid(), threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked_to_stop.set())
    with _in_thread(server) as sandbox:
        tell(sandbox)
        while sandbox.alive and not asked_to_stop.wait(0.5):
            if with_parent and os.getppid() != parent:
                return


def _in_thread(server: SandboxServer) -> Sandbox:
    server.prepare()
    failure: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(server.serve())
        except BaseException as error:  # noqa: BLE001 - handed to the starting thread
            failure.append(error)

    thread = threading.Thread(target=run, name="sandbox", daemon=True)
    thread.start()

    def stop() -> None:
        server.stop()
        thread.join(15)
        server.close()

    try:
        description = _wait(server.folder, thread.is_alive)
    except Unavailable:
        stop()
        if failure:
            raise failure[0] from None
        raise
    return Sandbox(server.folder, description, stop, thread.is_alive)


def _in_process_of_its_own(settings: SandboxSettings) -> Sandbox:
    command = [sys.executable, "-m", "mlconnector_assets.sandbox", "--folder", str(settings.folder), "--with-parent"]
    command += [f"--odoo-port={settings.odoo_port}", f"--sftp-port={settings.sftp_port}"]
    command += [f"--{name}={value}" for name, value in asdict(settings.scale).items()]
    command += [f"--partner={partner}" for partner in settings.partners]
    if settings.now:
        command += ["--now", settings.now.isoformat()]
    settings.folder.mkdir(parents=True, exist_ok=True)
    log = settings.folder / "sandbox.log"
    with log.open("wb") as said:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said)  # noqa: S603

    def stop() -> None:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    try:
        description = _wait(settings.folder, lambda: process.poll() is None, pid=process.pid)
    except Unavailable:
        stop()
        raise Unavailable(f"the sandbox did not start: {log.read_text('utf-8').strip()}", where=str(settings.folder)) from None
    return Sandbox(settings.folder, description, stop, lambda: process.poll() is None)


def _wait(folder: Path, alive: Callable[[], bool], pid: int | None = None) -> Row:
    path = folder / DESCRIPTION
    limit = time.monotonic() + START_LIMIT
    while time.monotonic() < limit:
        if path.exists():
            description: Row = json.loads(path.read_text("utf-8"))
            if pid in (None, description["pid"]):
                return description
        if not alive():
            break
        time.sleep(0.02)
    raise Unavailable("the sandbox did not start", where=str(folder))
