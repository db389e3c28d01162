"""Runs the Odoo stand-in and the SFTP server together in one event loop, over one folder that keeps
everything: books, keys, partners' files. `sandbox.json` in it tells where they listen."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import socket
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO

import uvicorn

from mlconnector_assets.durable import write_durably
from mlconnector_assets.errors import LeaseHeld, Unavailable
from mlconnector_assets.sandbox.clock import MovableClock
from mlconnector_assets.sandbox.control import Control
from mlconnector_assets.sandbox.faults import Faults
from mlconnector_assets.sandbox.odoo.app import DATABASE, OdooApp
from mlconnector_assets.sandbox.odoo.database import Database
from mlconnector_assets.sandbox.odoo.older import VERSION_SETTING
from mlconnector_assets.sandbox.sftp import FOLDERS, Keys, SftpServer
from mlconnector_assets.sandbox.values import Row
from mlconnector_assets.sandbox.world.seed import Scale, seed

ADDRESS = "127.0.0.1"
DESCRIPTION = "sandbox.json"
SFTP_LIMIT = 10.0
"""Seconds the SFTP server may take to start or stop."""
QUIET_HTTP: Row = {
    "log_config": None,
    "log_level": "critical",
    "access_log": False,
    "server_header": False,
    "date_header": False,
    "lifespan": "off",
    "ws": "none",
    "timeout_graceful_shutdown": 2,
}
"""No log, no headers of uvicorn's own: the app answers with Odoo's."""


@dataclass(frozen=True)
class SandboxSettings:
    """Where and how large. Port 0 picks a free one. `scale` matters only while the folder is new; without `odoo_version`
    it stays what it was, at first 19."""

    folder: Path
    odoo_port: int = 8069
    sftp_port: int = 2222
    partners: tuple[str, ...] = ("acme",)
    scale: Scale = field(default_factory=Scale)
    now: datetime | None = None
    odoo_version: int | None = None


@dataclass(frozen=True)
class Description:
    """What a running sandbox offers; holds no secret."""

    pid: int
    odoo_url: str
    database: str
    sftp_host: str
    sftp_port: int
    host_keys: tuple[str, ...]
    partners: tuple[str, ...]
    api_key_file: str
    partner_key_files: dict[str, str]


class SandboxServer:
    """One sandbox over one folder. `prepare` claims folder and ports and seeds; `serve` runs until `stop`."""

    def __init__(self, settings: SandboxSettings) -> None:
        self.settings = settings
        self.folder = settings.folder.resolve()
        self.keys = Keys(self.folder / "keys")
        self._held = ExitStack()
        self._loop: asyncio.AbstractEventLoop

    def prepare(self) -> None:
        """Claim the folder and the HTTP port, and seed a new folder. Raises LeaseHeld when another sandbox runs on
        the folder, Unavailable when a port is taken; then nothing is held."""
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    def _prepare(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._held.enter_context(self._claim_folder())
        (self.folder / DESCRIPTION).unlink(missing_ok=True)
        self._socket = self._held.enter_context(_bind(self.settings.odoo_port, "Odoo", "--odoo-port"))
        database = Database(self.folder / "odoo.db")
        self._held.callback(database.close)
        clock = MovableClock(database)
        self._seed(database, clock)
        logins = {partner: self.keys.login(partner) for partner in self.settings.partners}
        root = self.folder / "sftp"
        for partner in self.settings.partners:
            for name in FOLDERS:
                (root / partner / name).mkdir(parents=True, exist_ok=True)
        faults = Faults()
        self.sftp = SftpServer(root, self.keys, logins, faults)
        if self.settings.odoo_version:
            database.remember(VERSION_SETTING, self.settings.odoo_version)
        control = Control(database, faults, clock, root, self._do_to_sftp)
        hooks: Row = {"before_request": control.commit_due, "page_seen": control.page_seen, "control": control}
        app = OdooApp(database, faults, clock, self.keys.secret("api_key"), **hooks)
        self._http = uvicorn.Server(uvicorn.Config(app.asgi, **QUIET_HTTP))

    def _seed(self, database: Database, clock: MovableClock) -> None:
        if database.setting("seeded"):
            return
        if self.settings.now:
            clock.set(self.settings.now, running=True)
        with database.transaction():
            seed(database, self.settings.scale, clock())
            database.remember("seeded", True)

    async def serve(self) -> None:
        """Serve until `stop`; `sandbox.json` appears when both servers answer. Raises Unavailable when the SFTP port is taken."""
        self._loop = asyncio.get_running_loop()
        try:
            try:
                await self.sftp.listen(self.settings.sftp_port)
            except OSError as error:
                raise _port_taken("SFTP", self.settings.sftp_port, "--sftp-port") from error
            self._publish()
            await self._http.serve([self._socket])
        finally:
            await self.sftp.pause()
            (self.folder / DESCRIPTION).unlink(missing_ok=True)

    def stop(self) -> None:
        """Ask both servers to finish; safe from any thread."""
        self._http.should_exit = True

    def close(self) -> None:
        """Release folder, port and books."""
        self._held.close()

    @property
    def description(self) -> Description:
        """What is offered, once ports are known."""
        return Description(
            pid=os.getpid(),
            odoo_url=f"http://{ADDRESS}:{self._socket.getsockname()[1]}",
            database=DATABASE,
            sftp_host=ADDRESS,
            sftp_port=self.sftp.port,
            host_keys=tuple(key.export_public_key().decode().strip() for key in self.keys.host_keys()),
            partners=self.settings.partners,
            api_key_file=str(self.keys.folder / "api_key"),
            partner_key_files={partner: str(self.keys.folder / f"partner_{partner}") for partner in self.settings.partners},
        )

    def _publish(self) -> None:
        write_durably(self.folder / DESCRIPTION, json.dumps(asdict(self.description), indent=2).encode())

    def _do_to_sftp(self, what: str) -> None:
        work = {"pause": self.sftp.pause, "resume": self.sftp.resume, "change_host_keys": self.sftp.change_host_keys}[what]
        asyncio.run_coroutine_threadsafe(work(), self._loop).result(SFTP_LIMIT)
        if what == "change_host_keys":
            self._publish()

    def _claim_folder(self) -> IO[str]:
        lock = (self.folder / "sandbox.lock").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.seek(0)
            holder = lock.read().strip()
            lock.close()
            raise LeaseHeld(
                f"a sandbox already runs on this folder (process {holder or 'unknown'})",
                where=str(self.folder),
                mend="use the one that runs (sandbox.json tells where), or stop it first",
            ) from error
        lock.seek(0)
        lock.truncate()
        lock.write(str(os.getpid()))
        lock.flush()
        return lock


def _bind(port: int, name: str, option: str) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((ADDRESS, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise _port_taken(name, port, option) from error
    return listener


def _port_taken(name: str, port: int, option: str) -> Unavailable:
    return Unavailable(
        f"port {port} for the {name} stand-in is taken by another program",
        where=f"{ADDRESS}:{port}",
        mend=f"stop that program, or choose another port with {option}",
    )
