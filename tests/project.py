"""A project folder on a running sandbox, for tests of whole steps. Belongs here: what several test
folders need to run cycles against real HTTP and real SSH."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
import yaml

from mlconnector_assets.configuration.project import load_project
from mlconnector_assets.sandbox import Sandbox, start_sandbox
from mlconnector_assets.state import flow_rules, inbox
from mlconnector_assets.state.vault import Vault
from mlconnector_assets.steps.cycle import run_cycle
from mlconnector_assets.steps.eligibility import rules_of
from mlconnector_assets.steps.workspace import Workspace, open_workspace
from tests.books import KeptBooks
from tests.state_databases import PostgresServer, new_sqlite_state, postgres_server

__all__ = [
    "BeforeCycle",
    "ProjectFolder",
    "before_cycle",
    "bring_up_to_date",
    "confirm_rules",
    "copy_project",
    "new_project",
    "postgres_server",
    "project",
    "project_on_both",
    "sandbox",
    "state_on",
    "synced",
    "synced_once",
    "write_project",
]

MOVES = 80
RECORDS = ("invoices", "vendors", "gl_entries")
"""What test projects read, unless a test says more."""
INVOICES_FLOW: dict[str, Any] = {
    "connection": "odoo",
    "record": "invoices",
    "companies": "all",
    "counterparties": "all",
    "since": "2020-01-01",
    "where": "state = 'posted' AND kind = 'customer'",
    "file_name": "invoices_{control_number:06d}.csv",
    "layout": "csv/invoice_lines",
}


@dataclass(frozen=True)
class ProjectFolder:
    """A project whose secrets are stored, and the sandbox it talks to. `inbox` is where its partner's files arrive."""

    root: Path
    sandbox: Sandbox
    inbox: Path

    def files(self) -> dict[str, bytes]:
        """What lies in the partner's outbound/ folder, hidden and partial files too."""
        folder = self.inbox / "outbound"
        return {path.name: path.read_bytes() for path in sorted(folder.iterdir())} if folder.exists() else {}

    def inbound(self) -> dict[str, bytes]:
        """What the partner sent and where it lies now, by path."""
        folders = [self.inbox / name for name in ("inbound", "processing", "processed", "error")]
        return {f"{path.parent.name}/{path.name}": path.read_bytes() for folder in folders for path in sorted(folder.glob("*"))}

    def received(self) -> list[tuple[str, str, bytes]]:
        """Path, state and bytes of everything that the inbox knows, by path."""
        with open_workspace(self.root) as workspace, workspace.state.reading() as tx:
            rows = inbox.listing(tx, limit=None)
            return sorted((row.path, row.state, workspace.files.read(row.sha256 or "")) for row in rows)

    def warehouse_rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """All rows of the record tables, in order, without what tells about the load itself; of deletions whether, not when."""
        rows: dict[str, list[tuple[Any, ...]]] = {}
        path = load_project(self.root).warehouse_path
        if not path.exists():
            return rows
        with duckdb.connect(path, read_only=True, config={"threads": 1}) as database:
            for (table,) in database.execute("SELECT table_name FROM duckdb_tables() ORDER BY 1").fetchall():
                if not table.startswith("_"):
                    frame = database.execute(f'select * from "{table}"').pl().drop("read_at", "load_id", strict=False)
                    frame = frame.with_columns(pl.col("^_(deleted|left)_at$").is_not_null())
                    rows[table] = sorted(frame.rows(), key=str)
        return rows


def write_project(
    root: Path,
    sandbox: Sandbox,
    *,
    home: str = ".",
    flows: dict[str, Any] | None = None,
    confirmed: bool = True,
    mode: str = "live",
    inbound: dict[str, Any] | None = None,
    **connection: Any,
) -> ProjectFolder:
    """Write connections.yaml and partners/acme.yaml, and store their secrets. `home` is the partner's folder on the server.

    `confirmed`: a person has confirmed the rules of all flows already, so that their first run is not held.
    """
    root.mkdir(parents=True, exist_ok=True)
    odoo = {
        "system": "odoo",
        "url": sandbox.odoo_url,
        "database": sandbox.database,
        "api_key": "odoo-key",
        "companies": {"nl": 1, "us": 2, "uk": 3},
        "overlap": "10m",
        "records": list(RECORDS),
    } | connection
    (root / "connections.yaml").write_text(yaml.safe_dump({"connections": {"odoo": odoo}}))
    sftp = {
        "host": sandbox.sftp_host,
        "port": sandbox.sftp_port,
        "user": "acme",
        "private_key": "acme-key",
        "host_keys": list(sandbox.host_keys),
        "root": home,
    }
    partner = {"name": "ACME", "mode": mode, "sftp": sftp, "flows": flows or {"invoices": INVOICES_FLOW}}
    partner |= {"inbox": inbound} if inbound else {}
    (root / "partners").mkdir(exist_ok=True)
    (root / "partners" / "acme.yaml").write_text(yaml.safe_dump(partner))
    path = root / ".mlconnector" / "state.db"
    if "MLCONNECTOR_STATE_URL" not in os.environ and not path.exists():
        new_sqlite_state(path)
    with open_workspace(root) as workspace:
        vault = Vault.open(workspace.state, workspace.project.home, create=True)
        vault.set("odoo-key", sandbox.api_key.encode())
        vault.set("acme-key", sandbox.partner_key("acme").encode())
        if confirmed:
            confirm_rules(workspace)
    return ProjectFolder(root, sandbox, sandbox.partner_folder("acme") / home)


def confirm_rules(workspace: Workspace) -> None:
    """As a person does who releases the first run of every flow."""
    with workspace.state.transaction() as tx:
        for partner, flow in workspace.project.flows():
            flow_rules.confirm(tx, partner.book, flow.name, rules_of(flow), workspace.clock())


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A small sandbox for the tests of a module."""
    with start_sandbox(tmp_path_factory.mktemp("sandbox"), moves=MOVES, vendors=12, customers=10, days=6) as running:
        yield running
        running.control.clear()


@pytest.fixture(params=["sqlite", "postgres"])
def state_on(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Put the state on SQLite (in the project), then on PostgreSQL: the same tests pass on both."""
    if request.param == "sqlite":
        monkeypatch.delenv("MLCONNECTOR_STATE_URL", raising=False)
        yield "sqlite"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    url = server.new_state()
    monkeypatch.setenv("MLCONNECTOR_STATE_URL", url)
    yield "postgres"
    server.drop_database(url)


def new_project(folder: Path, sandbox: Sandbox, **connection: Any) -> ProjectFolder:
    """A fresh project with five partition days, of which the first holds all history; its partner has a folder of its own
    on the sandbox's server."""
    (sandbox.partner_folder("acme") / folder.name).mkdir()
    days = {"first_day": (sandbox.control.now().date() - timedelta(days=4)).isoformat()}
    return write_project(folder / "project", sandbox, home=folder.name, **days | connection)


@pytest.fixture
def project(tmp_path: Path, sandbox: Sandbox) -> ProjectFolder:
    """A fresh project with its state on SQLite."""
    return new_project(tmp_path, sandbox)


def copy_project(project: ProjectFolder, root: Path, home: str) -> ProjectFolder:
    """The same project again, with its state on SQLite and its partner's files, in folders of its own."""
    inbox = project.sandbox.partner_folder("acme") / home
    shutil.copytree(project.root, root)
    shutil.copytree(project.inbox, inbox)
    path = root / "partners" / "acme.yaml"
    partner = yaml.safe_load(path.read_text())
    partner["sftp"] |= {"root": home, "host_keys": list(project.sandbox.host_keys)}
    path.write_text(yaml.safe_dump(partner))
    return ProjectFolder(root, project.sandbox, inbox)


@dataclass(frozen=True)
class SyncedOnce:
    """A project after its first sync, and the sandbox's books as they were then."""

    project: ProjectFolder
    books: KeptBooks


@dataclass(frozen=True)
class BeforeCycle:
    """A project before a cycle, and what that cycle makes of it when nothing disturbs it: the partner's files and the
    warehouse rows."""

    project: ProjectFolder
    files: dict[str, bytes]
    rows: dict[str, list[tuple[Any, ...]]]

    def copy(self, folder: Path) -> ProjectFolder:
        """The project in this empty folder."""
        return copy_project(self.project, folder / "project", folder.name)


def before_cycle(project: ProjectFolder, folder: Path) -> BeforeCycle:
    """Run the undisturbed cycle, on a copy in this empty folder."""
    undisturbed = copy_project(project, folder / "project", folder.name)
    bring_up_to_date(undisturbed)
    return BeforeCycle(project, undisturbed.files(), undisturbed.warehouse_rows())


def bring_up_to_date(project: ProjectFolder) -> None:
    """Run a cycle in which nothing fails."""
    with open_workspace(project.root) as workspace:
        outcome = run_cycle(workspace)
    assert not outcome.failures, [str(failure.error) for failure in outcome.failures]


@pytest.fixture(scope="module")
def synced_once(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> SyncedOnce:
    """What `synced` copies: a module's tests read and send the sandbox's records once between them."""
    folder = tmp_path_factory.mktemp("synced")
    project = new_project(folder, sandbox)
    bring_up_to_date(project)
    return SyncedOnce(project, KeptBooks.of(sandbox, folder / "odoo.db"))


@pytest.fixture
def synced(tmp_path: Path, synced_once: SyncedOnce) -> ProjectFolder:
    """A project that has read and sent everything that its source has now, with its state on SQLite."""
    synced_once.books.bring_back()
    return copy_project(synced_once.project, tmp_path / "project", tmp_path.name)


@pytest.fixture
def project_on_both(tmp_path: Path, sandbox: Sandbox, state_on: str) -> ProjectFolder:
    """A fresh project with its state on SQLite, then one on PostgreSQL."""
    assert state_on
    return new_project(tmp_path, sandbox)
