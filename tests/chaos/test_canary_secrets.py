"""Failures are forced on every path, one after another, under Dagster and on the command line, with everything logged;
then every byte that was stored, logged or printed is searched for the secrets, in all usual encodings. Each failure leaves
what it wrote in a folder of its name.

The net that masks known secrets in logs is taken away, except where a server quotes the secret itself: messages
must not be made with one in the first place."""

from __future__ import annotations

import base64
import hashlib
import logging
import secrets
import shutil
import sqlite3
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import dagster as dg
import duckdb
import polars as pl
import pytest
import stamina
import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from dagster._utils.error import serializable_error_info_from_exc_info

from mlconnector_assets.cli.app import run
from mlconnector_assets.orchestration import assets
from mlconnector_assets.orchestration.triggers import RANGE_END, RANGE_START
from mlconnector_assets.sandbox import Sandbox, start_sandbox
from mlconnector_assets.state import deliveries, keys, redaction
from mlconnector_assets.state.vault import Vault
from mlconnector_assets.steps.workspace import open_workspace
from mlconnector_assets.warehouse.duckdb import DuckDBWarehouse
from tests.chaos.echoing_server import echoing_server
from tests.orchestration.code_location import CodeLocation
from tests.orchestration.prepared import take_in
from tests.project import ProjectFolder, write_project
from tests.state_databases import PostgresServer, postgres_server

__all__ = ["postgres_server"]


@dataclass
class World:
    """A project that works, and the secrets by name. A scenario breaks it by `break_it`."""

    name: str
    project: ProjectFolder
    secrets: dict[str, str]
    monkeypatch: pytest.MonkeyPatch
    until_the_end: ExitStack
    request: pytest.FixtureRequest
    seen: list[str] = field(default_factory=list)

    @property
    def control(self) -> Any:
        return self.project.sandbox.control

    def edit(self, file: str, change: Callable[[dict[str, Any]], Any]) -> None:
        path = self.project.root / file
        content = yaml.safe_load(path.read_text())
        change(content)
        path.write_text(yaml.safe_dump(content))

    def add_canary(self, what: str, value: str) -> str:
        """Have this value searched for."""
        self.secrets[f"{what} of {self.name!r}"] = value
        return value

    def store(self, name: str, value: str) -> None:
        """Store a secret, which is one of the canaries from now on."""
        self.add_canary(name, value)
        with open_workspace(self.project.root) as workspace:
            Vault.open(workspace.state, workspace.project.home).set(name, value.encode())

    def log_in_by_password(self, password: str) -> None:
        self.store("acme-password", password)

        def change(partner: dict[str, Any]) -> None:
            del partner["sftp"]["private_key"]
            partner["sftp"]["password"] = "acme-password"

        self.edit("partners/acme.yaml", change)


def canary(name: str) -> str:
    return f"canary-{name}+/=%{secrets.token_urlsafe(12)}"


def private_key() -> str:
    made = Ed25519PrivateKey.generate()
    return made.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()


def fault(kind: str, **options: Any) -> Callable[[World], object]:
    return lambda world: world.control.fault(kind, times=None, **options)


def wrong_database(world: World) -> None:
    world.edit("connections.yaml", lambda found: found["connections"]["odoo"].update(database="nowhere"))


def wrong_host_key(world: World) -> None:
    other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE7P8AXhPB1jMLf1tJjXmTtv1Yqj0FZf3lDkVbKxF7mZ"
    world.edit("partners/acme.yaml", lambda found: found["sftp"].update(host_keys=[other]))


def read_only_folder(world: World) -> None:
    world.control.fault("sftp_read_only", times=None, folder=f"{world.project.inbox.name}/outbound")


def key_encryption_key(key: bytes) -> Callable[[World], None]:
    def break_it(world: World) -> None:
        world.monkeypatch.setattr(keys, "_from_environment", [])
        world.monkeypatch.setenv("MLCONNECTOR_KEK", world.add_canary("KEK", key.decode()))

    return break_it


def state_at(world: World, url: str, password: str) -> None:
    world.add_canary("state password", password)
    world.monkeypatch.setenv("MLCONNECTOR_STATE_URL", url.format(quote(password, safe="")))


def unreachable_state(world: World) -> None:
    state_at(world, "postgresql://canary:{}@127.0.0.1:1/state", canary("state"))


def garbled_state_url(world: World) -> None:
    state_at(world, "postgresql//canary:{}@127.0.0.1:port/state", canary("state"))


def refused_by_the_state(world: World) -> None:
    server: PostgresServer = world.request.getfixturevalue("postgres_server")
    state_at(world, f"postgresql://tester:{{}}@127.0.0.1:{server.port}/postgres", canary("state"))


def warehouse_in_use(world: World) -> None:
    path = world.project.root / ".mlconnector" / "warehouse.duckdb"
    world.until_the_end.enter_context(duckdb.connect(str(path)))


def answers_that_quote_the_key(status: int, *, html: bool) -> Callable[[World], None]:
    def break_it(world: World) -> None:
        url = world.until_the_end.enter_context(echoing_server(status, html=html))
        world.edit("connections.yaml", lambda found: found["connections"]["odoo"].update(url=url))

    return break_it


BROKEN: Mapping[str, Mapping[str, tuple[Callable[[World], object], str]]] = {
    "reading": {
        "wrong API key": (lambda world: world.store("odoo-key", canary("api")), "API key"),
        "API key that is none": (lambda world: world.store("odoo-key", canary("api") + "\nö"), "API key"),
        "wrong database": (wrong_database, "nowhere"),
        "no rights on a model": (fault("no_rights", model="account.move"), "account.move"),
        "500": (fault("serialization"), "Odoo"),
        "503": (fault("unavailable"), "Odoo"),
        "HTML": (fault("html"), "something that is not JSON"),
        "cut connection": (fault("cut"), "connection"),
        "500 that quotes": (answers_that_quote_the_key(500, html=False), "500"),
        "400 that quotes": (answers_that_quote_the_key(400, html=False), "400"),
        "403 that quotes": (answers_that_quote_the_key(403, html=False), ""),
        "HTML that quotes": (answers_that_quote_the_key(200, html=True), "something that is not JSON"),
    },
    "sending": {
        "wrong SFTP password": (lambda world: world.log_in_by_password(canary("password")), "password"),
        "wrong SFTP key": (lambda world: world.store("acme-key", private_key()), "key"),
        "SFTP key that is none": (lambda world: world.store("acme-key", canary("private-key")), "is no private key"),
        "changed host key": (wrong_host_key, "host key"),
        "read-only folder": (read_only_folder, "outbound"),
        "SFTP connection drops": (fault("sftp_drop", after_bytes=100), "connection"),
    },
    "everything": {
        "wrong KEK": (key_encryption_key(base64.b64encode(secrets.token_bytes(32))), "key-encryption key is wrong"),
        "damaged KEK": (key_encryption_key(b"canary" + base64.b64encode(secrets.token_bytes(20))), "MLCONNECTOR_KEK"),
        "unreachable PostgreSQL": (unreachable_state, "cannot be reached"),
        "PostgreSQL refuses": (refused_by_the_state, "password authentication failed"),
        "garbled state URL": (garbled_state_url, "the URL of the state database cannot be read"),
        "warehouse in use": (warehouse_in_use, "in use"),
    },
}
"""What fails, by what it keeps from working: how to break it, and what is said of it."""


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """In a process of its own: what the other side knows and logs is not what is searched."""
    with start_sandbox(tmp_path_factory.mktemp("sandbox"), moves=50, vendors=5, customers=5, days=3, own_process=True) as running:
        yield running


class Stage:
    """A project at rest, of which everything is read and a file waits for its delivery; its definitions, loaded before
    anything is broken as in a server that runs; and an instance. `scene` puts it back for one failure after another."""

    def __init__(self, sandbox: Sandbox, folder: Path, instance: dg.DagsterInstance, request: pytest.FixtureRequest) -> None:
        self.left, self.kek, self._request = folder / "left", base64.b64encode(secrets.token_bytes(32)).decode(), request
        with pytest.MonkeyPatch.context() as monkeypatch:
            self._give_the_key(monkeypatch)
            today = sandbox.control.now().date().isoformat()
            self.project = write_project(folder / "project", sandbox, home=folder.name, first_day=today, records=["invoices"])
            take_in(self.project)
        assert not list((self.project.root / ".mlconnector").rglob("kek"))
        self.location = CodeLocation(self.project, instance)
        assert self.location.definitions
        self._at_rest = self.project.root.rename(folder / "at rest")
        self.secrets = {"KEK": self.kek, "API key": sandbox.api_key, "SFTP key": sandbox.partner_key("acme")}

    def _give_the_key(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(keys, "_from_environment", [])
        monkeypatch.setenv("MLCONNECTOR_KEK", self.kek)

    @contextmanager
    def scene(self, name: str) -> Iterator[World]:
        """The project as it was at rest; what it has become is left in a folder of this name."""
        shutil.copytree(self._at_rest, self.project.root)
        shutil.rmtree(self.project.inbox, ignore_errors=True)
        self.project.inbox.mkdir()
        (self.left / name).mkdir(parents=True)
        with (
            pytest.MonkeyPatch.context() as monkeypatch,
            everything_logged(self.left / name / "debug.log"),
            ExitStack() as until_the_end,
        ):
            self._give_the_key(monkeypatch)
            monkeypatch.setattr(redaction, "_forms", set())
            monkeypatch.setattr(redaction, "_pattern", None)
            if "quotes" not in name:
                monkeypatch.setattr(redaction, "register", lambda value: None)
            yield World(name, self.project, self.secrets, monkeypatch, until_the_end, self._request)
        self.project.sandbox.control.clear()
        self.project.root.rename(self.left / name / "project")


@contextmanager
def everything_logged(path: Path) -> Iterator[None]:
    root, handler = logging.getLogger(), logging.FileHandler(path)
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.setLevel(level)
        root.removeHandler(handler)
        handler.close()


@pytest.fixture
def stage(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Stage]:
    monkeypatch.setattr(assets, "RETRY", dg.RetryPolicy(max_retries=1))
    monkeypatch.setattr(DuckDBWarehouse.__init__, "__kwdefaults__", DuckDBWarehouse.__init__.__kwdefaults__ | {"patience": 0.1})
    (sandbox.partner_folder("acme") / tmp_path.name).mkdir()
    (tmp_path / "dagster").mkdir()
    with (
        stamina.set_testing(testing=True, attempts=2),
        dg.DagsterInstance.local_temp(str(tmp_path / "dagster")) as instance,
    ):
        yield Stage(sandbox, tmp_path, instance, request)


@pytest.mark.parametrize("concerned", BROKEN)
def test_no_secret_is_stored_logged_or_printed(
    concerned: str, stage: Stage, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    not_told = {}
    for name, (break_it, expected) in BROKEN[concerned].items():
        with stage.scene(name) as world:
            break_it(world)
            run_all(concerned, world, stage.location)
        said = "".join(capfd.readouterr()) + "".join(world.seen)
        (stage.left / name / "said").write_text(said)
        if "failure" not in said.lower() or expected not in said:
            not_told[name] = said[-2000:]
    found = {place: what for place, content in contents(tmp_path) if (what := leaked(content, stage.secrets))}
    assert (found, not_told) == ({}, {})


def run_all(concerned: str, world: World, location: CodeLocation) -> None:
    """What uses that which is broken. Under Dagster: jobs with their checks, sensors, loading the definitions anew. On the
    command line: a whole cycle, the live check, a preview. Whatever fails is kept as Dagster would keep it."""
    reading, sending = concerned != "sending", concerned != "reading"
    if reading:
        run_job(world, location, "odoo_cycle", tags={RANGE_START: location.days[0], RANGE_END: location.days[-1]})
        keep_failure(world, lambda: location.sensor("odoo_changes"))
    if sending:
        keep_failure(world, lambda: location.sensor("deliveries"))
        run_job(world, location, "acme_deliver")
    commands = [["sync"], ["check", "--live"]]
    if reading and sending:
        keep_failure(world, lambda: CodeLocation(world.project, location.instance).definitions)
        commands += [["preview", "acme", "invoices"], ["outbox", "list"]]
    elif sending:
        with open_workspace(world.project.root) as workspace, workspace.state.transaction() as tx:
            for file in deliveries.queued(tx, "acme"):
                deliveries.replay(tx, file.id, workspace.clock())
    for command in commands:
        world.monkeypatch.setattr(sys, "argv", ["mlconnector", "--debug", "--project", str(world.project.root), *command])
        with pytest.raises(SystemExit):
            run()


def run_job(world: World, location: CodeLocation, name: str, **arguments: Any) -> None:
    job = location.definitions.resolve_job_def(name)
    result = job.execute_in_process(instance=location.instance, raise_on_error=False, **arguments)
    world.seen += [f"{event.message} {event.event_specific_data}\n" for event in result.all_events]


def keep_failure(world: World, attempt: Callable[[], object]) -> None:
    try:
        attempt()
    except Exception:  # noqa: BLE001  whatever it is, Dagster would keep it
        world.seen.append(serializable_error_info_from_exc_info(sys.exc_info()).to_string())


def contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file below `folder`, raw and unpacked; of files with the same bytes only one."""
    known = set[bytes]()
    for path in folder.rglob("*"):
        if path.is_file() and (digest := hashlib.sha256(content := path.read_bytes()).digest()) not in known:
            known.add(digest)
            place = str(path.relative_to(folder))
            yield place, content
            if path.suffix == ".parquet":
                yield f"{place}, unpacked", str(pl.read_parquet(path).rows()).encode()
            if path.suffix == ".db":
                yield f"{place}, unpacked", b"".join(_packed_in(path))


def _packed_in(path: Path) -> Iterator[bytes]:
    """Values in a SQLite file that are compressed, as Dagster's snapshots are."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        tables = [name for (name,) in database.execute("select name from sqlite_master where type = 'table'")]
        for table in tables:
            for row in database.execute(f'select * from "{table}"'):
                for value in row:
                    if isinstance(value, bytes) and value[:1] == b"\x78":
                        yield zlib.decompress(value)
    database.close()


def leaked(content: bytes, known: Mapping[str, str]) -> list[str]:
    return [name for name, value in known.items() if any(form in content for form in forms(value))]


def forms(value: str) -> Iterator[bytes]:
    """The value as it is, quoted for URLs, in hexadecimal, and within base64; each line of a longer text."""
    lines = [line.strip() for line in value.splitlines() if not line.startswith("-----")] if "\n" in value else []
    for text in (value, *(line for line in lines if len(line) >= 16)):
        raw = text.encode()
        yield from (raw, quote(text).encode(), quote(text, safe="").encode(), quote_plus(text).encode(), raw.hex().encode())
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            for shift in range(3):
                whole = encode(b"\0" * shift + raw).rstrip(b"=")
                yield whole[(shift * 8 + 5) // 6 : (shift + len(raw)) * 8 // 6]


@pytest.mark.parametrize("place", ["dagster/history/runs.db", "debug.log", "project/.mlconnector/audit/a.parquet"])
def test_the_search_finds_what_it_should(place: str, tmp_path: Path) -> None:
    secret = canary("planted")
    path = tmp_path / place
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".db":
        with sqlite3.connect(path) as database:
            database.execute("create table snapshots (body blob)")
            database.execute("insert into snapshots values (?)", (zlib.compress(f"x {quote(secret)}".encode()),))
        database.close()
    elif path.suffix == ".parquet":
        pl.DataFrame({"error": [f"key {secret}"]}).write_parquet(path)
    else:
        path.write_bytes(base64.b64encode(f"user:{secret}".encode()))
    assert any(leaked(content, {"planted": secret}) for _, content in contents(tmp_path))
