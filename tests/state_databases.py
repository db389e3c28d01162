"""State databases for tests: copies of one that has its tables already, on SQLite and on a private PostgreSQL (one
cluster a test session, on 127.0.0.1 and a free port, one database a test)."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, cached_property
from itertools import count
from pathlib import Path

import psycopg
import pytest

from mlconnector_assets.clock import system_clock
from mlconnector_assets.state.database import State

REQUIRE = "MLCONNECTOR_TESTS_REQUIRE_SERVERS"


@cache
def _migrated_file() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state.db"
        State.open(f"sqlite:///{path}", clock=system_clock).close()
        return path.read_bytes()


def new_sqlite_state(path: Path) -> str:
    """Make a state database of SQLite that has its tables already; its URL."""
    path.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
    path.write_bytes(_migrated_file())
    path.chmod(0o600)
    return f"sqlite:///{path}"


class PostgresServer:
    """A running cluster. `new_database` gives SQLAlchemy URLs with a password in them."""

    def __init__(self, port: int, password: str) -> None:
        self.port, self.password = port, password
        self._numbers = count(1)

    def new_database(self, template: str = "template1") -> str:
        """The URL of a new database: empty, or a copy of one that nobody is connected to."""
        name = f"state_{next(self._numbers)}"
        with psycopg.connect(self._dsn("postgres"), autocommit=True) as connection:
            connection.execute(f"create database {name} template {template}")
        return f"postgresql://tester:{self.password}@127.0.0.1:{self.port}/{name}"

    def new_state(self) -> str:
        """The URL of a new state database that has its tables already."""
        return self.new_database(self._migrated)

    @cached_property
    def _migrated(self) -> str:
        url = self.new_database()
        State.open(url, clock=system_clock).close()
        return url.rsplit("/", 1)[1]

    def drop_database(self, url: str) -> None:
        """Remove a database, also from under connections that were left open."""
        with psycopg.connect(self._dsn("postgres"), autocommit=True) as connection:
            connection.execute(f"drop database {url.rsplit('/', 1)[1]} with (force)")

    def _dsn(self, database: str) -> str:
        return f"host=127.0.0.1 port={self.port} user=tester password={self.password} dbname={database}"


def binaries() -> Path | None:
    """The folder of the newest installed server, if any."""
    folders = [Path(found).resolve().parent for found in [shutil.which("postgres")] if found]
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """Start a cluster that forgets everything; skip the test where PostgreSQL is not installed."""
    folder = binaries()
    if folder is None:
        missing = "PostgreSQL's server is not installed (Debian: apt-get install postgresql)"
        if os.environ.get(REQUIRE) == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    # PostgreSQL refuses to run as root
    user = "postgres" if os.geteuid() == 0 else None
    home = Path(tempfile.mkdtemp(prefix="mlconnector-postgres-"))
    try:
        if user:
            shutil.chown(home, user)
        with _cluster(folder, home, user) as server:
            yield server
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def _cluster(folder: Path, home: Path, user: str | None) -> Iterator[PostgresServer]:
    password, password_file, log = secrets.token_urlsafe(12), home / "password", home / "log"
    password_file.write_text(password)
    if user:
        shutil.chown(password_file, user)
    identity = {"user": user, "group": user, "extra_groups": []} if user else {}
    initdb = [folder / "initdb", "-D", home / "data", "-U", "tester", "--pwfile", password_file, "--auth=scram-sha-256"]
    made = subprocess.run(
        [*initdb, "--no-sync", "--encoding=UTF8", "--locale=C"], check=False, cwd=home, capture_output=True, text=True, **identity
    )
    assert made.returncode == 0, made.stderr
    port = _free_port()
    options = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": "",
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "max_connections": 60,
    }
    arguments = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [folder / "postgres", "-D", home / "data", *arguments], cwd=home, stdout=output, stderr=output, **identity
        )
    try:
        server = PostgresServer(port, password)
        _wait_for(server, process, log)
        yield server
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(server: PostgresServer, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            psycopg.connect(server._dsn("postgres"), connect_timeout=5).close()
            return
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"PostgreSQL did not start:\n{log.read_text(errors='replace')}")
            time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The session's cluster; skips, or fails where servers are required."""
    with running_postgres() as server:
        yield server


@contextmanager
def state_database(request: pytest.FixtureRequest, engine: str, folder: Path, *, tables: bool = True) -> Iterator[str]:
    """The URL of a new state database on `engine`, sqlite or postgresql, that has its tables already, or of a place for one."""
    if engine == "sqlite":
        path = folder / "state" / "state.db"
        yield new_sqlite_state(path) if tables else f"sqlite:///{path}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    url = server.new_state() if tables else server.new_database()
    yield url
    server.drop_database(url)
