"""What a person meets when a system refuses: one clear message with the mend, an exit code that is not 0, nothing
half-done, and a next run that ends as if nothing had happened. Through the command line, on real HTTP and SSH."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import stamina
import yaml

from mlconnector_assets.clock import system_clock
from mlconnector_assets.exchange.host_keys import parse_host_key
from mlconnector_assets.sandbox import Sandbox
from mlconnector_assets.state import inbox as books
from mlconnector_assets.steps.collect import collect_partner
from mlconnector_assets.steps.cycle import run_cycle
from mlconnector_assets.steps.workspace import open_workspace
from mlconnector_assets.warehouse.duckdb import DuckDBWarehouse
from tests.cli.command import Command, Ended
from tests.cli.conftest import mlconnector, mlconnector_in_dagster  # noqa: F401
from tests.cli.footprint import footprint
from tests.project import BeforeCycle, ProjectFolder, SyncedOnce, before_cycle, copy_project
from tests.sshd import KeyPair

CONNECTIONS, PARTNER = "connections.yaml", "partners/acme.yaml"
Sync = Callable[[ProjectFolder], Ended]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox, synced_once: SyncedOnce) -> BeforeCycle:
    """A project that was up to date; then every record got something new, and the next file is one of 1 kB and more."""
    sandbox.control.post_invoice(lines=[{"name": f"bolt {number}", "quantity": 1, "price": "2.00"} for number in range(40)])
    sandbox.control.create("res.partner", {"name": "New vendor", "is_company": True, "supplier_rank": 1})
    return before_cycle(synced_once.project, tmp_path_factory.mktemp("undisturbed"))


@pytest.fixture
def project(undisturbed: BeforeCycle, tmp_path: Path) -> ProjectFolder:
    return undisturbed.copy(tmp_path)


@dataclass(frozen=True)
class Untouched:
    """A project before the cycle, which tests of refused cycles share: each leaves it as it was."""

    project: ProjectFolder
    footprint: dict[str, Any]


@pytest.fixture(scope="module")
def untouched(undisturbed: BeforeCycle, tmp_path_factory: pytest.TempPathFactory) -> Untouched:
    project = undisturbed.copy(tmp_path_factory.mktemp("untouched"))
    return Untouched(project, footprint(project))


@pytest.fixture(scope="module")
def undelivered_once(undisturbed: BeforeCycle, tmp_path_factory: pytest.TempPathFactory) -> ProjectFolder:
    """The project after a cycle in which the partner's server was down: all but the delivery is done."""
    project = undisturbed.copy(tmp_path_factory.mktemp("undelivered"))
    sent = project.files()
    project.sandbox.control.fault("sftp_down", times=None)
    with open_workspace(project.root) as workspace, stamina.set_testing(True, attempts=3):
        (failure,) = run_cycle(workspace).failures
    project.sandbox.control.clear()
    assert failure.step == "deliver acme"
    assert project.files() == sent
    assert project.warehouse_rows() == undisturbed.rows
    return project


@pytest.fixture
def undelivered(undelivered_once: ProjectFolder, tmp_path: Path) -> ProjectFolder:
    return copy_project(undelivered_once, tmp_path / "project", tmp_path.name)


@pytest.fixture
def sync(
    mlconnector: Command,  # noqa: F811
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Sync]:
    monkeypatch.setitem(DuckDBWarehouse.__init__.__kwdefaults__, "patience", 0.2)
    with stamina.set_testing(True, attempts=3):
        yield lambda project: mlconnector.on(project.root)("sync")
    sandbox.control.clear()


def one_cause(ended: Ended, said: str, mend: str) -> None:
    """Exit code 1 and exactly one message, which says this."""
    assert ended.code == 1, ended
    assert len(ended.errors) == 1, ended.err
    assert re.search(said, ended.errors[0]), ended.err
    assert len(ended.mends) == 1, ended.err
    assert re.search(mend, ended.mends[0]), ended.err
    assert "Traceback" not in ended.err


def caught_up(sync: Sync, project: ProjectFolder, undisturbed: BeforeCycle) -> None:
    """The next run does everything."""
    delivered(sync, project, undisturbed)
    assert project.warehouse_rows() == undisturbed.rows


def delivered(sync: Sync, project: ProjectFolder, undisturbed: BeforeCycle) -> None:
    """The next run delivers what is queued."""
    ended = sync(project)
    assert (ended.code, ended.errors) == (0, []), ended
    assert project.files() == undisturbed.files


def rewrite(path: Path, change: Callable[[dict], None]) -> None:
    data = yaml.safe_load(path.read_text())
    change(data)
    path.write_text(yaml.safe_dump(data))


@contextmanager
def changed(path: Path, change: Callable[[dict], None]) -> Iterator[None]:
    """The file with something wrong in it, then as it was."""
    right = path.read_text()
    rewrite(path, change)
    yield
    path.write_text(right)


def test_a_wrong_key(sync: Sync, project: ProjectFolder, mlconnector: Command, undisturbed: BeforeCycle) -> None:  # noqa: F811
    secrets = mlconnector.on(project.root)
    secrets("secrets", "set", "odoo-key", stdin=b"not-the-key-canary-4711")
    before, ended = footprint(project), sync(project)
    one_cause(ended, "refuses the API key", "secrets set")
    assert "canary" not in ended.out + ended.err
    assert footprint(project) == before
    secrets("secrets", "set", "odoo-key", stdin=project.sandbox.api_key.encode())
    caught_up(sync, project, undisturbed)


@pytest.mark.parametrize(
    ("settings", "said", "mend"),
    [
        ({"database": "sandbax"}, "no database.*sandbax", "database"),
        ({"url": "http://127.0.0.1:9"}, "127.0.0.1:9 cannot be reached", "this machine may reach it"),
    ],
    ids=["a wrong database", "nobody listens"],
)
def test_wrong_settings(sync: Sync, untouched: Untouched, settings: dict, said: str, mend: str) -> None:
    project = untouched.project
    with changed(project.root / CONNECTIONS, lambda data: data["connections"]["odoo"].update(settings)):
        one_cause(sync(project), said, mend)
    assert footprint(project) == untouched.footprint


@pytest.mark.parametrize(
    ("fault", "said", "mend"),
    [
        ("html", "not JSON", "Check `url`: a proxy or a login page"),
        ("cut", "closed the connection before its answer was complete", "the next read goes on"),
    ],
)
def test_an_answer_that_cannot_be_used(sync: Sync, untouched: Untouched, fault: str, said: str, mend: str) -> None:
    project = untouched.project
    project.sandbox.control.fault(fault, times=None)
    one_cause(sync(project), said, mend)
    assert footprint(project) == untouched.footprint


def test_no_rights_on_a_model_stops_only_its_records(sync: Sync, project: ProjectFolder, undisturbed: BeforeCycle) -> None:
    sent, rows = project.files(), project.warehouse_rows()
    project.sandbox.control.fault("no_rights", times=None, model="account.move")
    ended = sync(project)
    one_cause(ended, r"account\.move", "group|right")
    assert "failed read odoo invoices, read odoo gl_entries" in ended.err
    assert project.files() == sent
    assert rows["odoo_vendors"] != undisturbed.rows["odoo_vendors"]
    assert project.warehouse_rows() == rows | {"odoo_vendors": undisturbed.rows["odoo_vendors"]}
    project.sandbox.control.clear()
    caught_up(sync, project, undisturbed)


def test_a_host_key_that_changed(sync: Sync, undelivered: ProjectFolder, undisturbed: BeforeCycle) -> None:
    sent = undelivered.files()
    with changed(undelivered.root / PARTNER, lambda data: data["sftp"].update(host_keys=[KeyPair.make().public])):
        ended = sync(undelivered)
    one_cause(ended, "host key.*SHA256.*SHA256", "host_keys")
    assert "failed deliver acme" in ended.err
    assert undelivered.files() == sent
    delivered(sync, undelivered, undisturbed)


@pytest.mark.parametrize(
    ("fault", "options", "said", "mend"),
    [
        ("sftp_read_only", {"folder": "outbound"}, "outbound", "write"),
        ("sftp_full", {"after_bytes": 1000}, "disk is full", "make room"),
        ("sftp_close", {}, "could not write", "ask the partner"),
        ("sftp_no_rename", {}, "may not rename", "rename: none"),
        ("sftp_drop", {"after_bytes": 1000}, "127.0.0.1", "queued"),
        ("sftp_down", {}, "127.0.0.1", "queued"),
    ],
)
def test_a_partner_that_takes_no_file(
    sync: Sync, undelivered: ProjectFolder, undisturbed: BeforeCycle, fault: str, options: dict, said: str, mend: str
) -> None:
    if fault == "sftp_read_only":
        options = {"folder": f"{undelivered.inbox.name}/outbound"}
    sent = undelivered.files()
    undelivered.sandbox.control.fault(fault, times=None, **options)
    one_cause(sync(undelivered), said, mend)
    assert {name for name in undelivered.files() if not name.startswith(".")} == set(sent)
    undelivered.sandbox.control.clear()
    delivered(sync, undelivered, undisturbed)


def test_the_host_key_of_a_rebuilt_server(
    sync: Sync,
    mlconnector: Command,  # noqa: F811
    undelivered: ProjectFolder,
    undisturbed: BeforeCycle,
) -> None:
    sandbox, sent = undelivered.sandbox, undelivered.files()
    sandbox.control.change_host_keys()
    sandbox.host_keys = tuple(json.loads((sandbox.folder / "sandbox.json").read_text())["host_keys"])
    one_cause(sync(undelivered), "host key.*SHA256.*SHA256", "partner host-key")
    assert undelivered.files() == sent
    shown = [parse_host_key(line).fingerprint for line in sandbox.host_keys]
    on = mlconnector.on(undelivered.root)
    ended = on("partner", "host-key", "acme", *(word for one in shown for word in ("--fingerprint", one)))
    assert ended.code == 0, ended
    delivered(sync, undelivered, undisturbed)


@pytest.mark.parametrize("wire", [{}, {"verify": "readback", "rename": "none"}], ids=str)
def test_a_partner_that_takes_files_the_moment_they_are_there(
    sync: Sync, undelivered: ProjectFolder, undisturbed: BeforeCycle, wire: dict
) -> None:
    rewrite(undelivered.root / PARTNER, lambda data: data["sftp"].update(wire=wire))
    sent = undelivered.files()
    undelivered.sandbox.control.fault("sftp_taken", times=None, folder=f"{undelivered.inbox.name}/outbound")
    for _ in range(2):
        assert (ended := sync(undelivered)).code == 0, ended
    taken = {path.name: path.read_bytes() for path in (undelivered.inbox / "taken").iterdir()}
    assert taken | sent == undisturbed.files
    assert undelivered.files() == sent


def test_an_inbound_file_that_grows_while_it_is_listed(sync: Sync, undelivered: ProjectFolder) -> None:
    project = undelivered
    inbox = {"files": {"any": {"pattern": "*"}}, "stable_for": "0s"}
    rewrite(project.root / PARTNER, lambda data: data.update(inbox=inbox))
    project.sandbox.control.put_file("acme", f"{project.inbox.name}/inbound/GL_1.csv", b"first line\n")
    project.sandbox.control.fault("sftp_growing", folder=f"{project.inbox.name}/inbound")
    assert (ended := sync(project)).code == 0, ended
    with open_workspace(project.root, clock=lambda: system_clock() + timedelta(minutes=1)) as workspace:
        with workspace.state.reading() as tx:
            (row,) = books.listing(tx)
        assert (row.state, row.sha256) == ("claimed", None)
        assert "still being written" in (row.reason or "")
        collect_partner(workspace, "acme")
    whole = b"first line\none more line\n"
    assert project.received() == [("inbound/GL_1.csv", "handed_over", whole)]
    assert list(project.inbound().values()) == [whole]


def test_the_file_of_the_warehouse_is_held_by_another_process(
    sync: Sync, project: ProjectFolder, undisturbed: BeforeCycle
) -> None:
    path = project.root / ".mlconnector" / "warehouse.duckdb"
    holder = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", holder, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        ended = sync(project)
        process.stdin.close()
    one_cause(ended, f"process {process.pid}", f"ps -p {process.pid}")
    assert project.files() == undisturbed.files
    caught_up(sync, project, undisturbed)


def test_another_run_is_reading(sync: Sync, untouched: Untouched) -> None:
    project = untouched.project
    with open_workspace(project.root) as other, other.state.leases.hold("read:odoo", "another run", timedelta(minutes=1)):
        one_cause(sync(project), "another run", "wait|again")
        assert footprint(project) == untouched.footprint
