"""Mistakes in files, keys, the state database and on the command line: one message with the mend, nothing done."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from mlconnector_assets.state.keys import create_key_file
from tests.cli.command import Command, Ended
from tests.cli.footprint import footprint
from tests.project import ProjectFolder

CONNECTIONS, PARTNER = "connections.yaml", "partners/acme.yaml"
EVERY_COMMAND = [
    ["sync"],
    ["check"],
    ["preview", "acme", "invoices"],
    ["outbox", "list"],
    ["set-aside", "list"],
    ["warehouse", "tables"],
    ["secrets", "list"],
]


def refused(ended: Ended, *said: str) -> None:
    """One message, which says all this and has a mend."""
    refused_with_place(ended, *said)
    assert len(ended.mends) == 1, ended.err


def refused_with_place(ended: Ended, *said: str) -> None:
    """One message, which says all this; what is allowed in the named line is the mend."""
    assert ended.code == 1, ended
    assert len(ended.errors) == 1, ended.err
    for text in said:
        assert text in ended.err, ended.err
    assert "Traceback" not in ended.err


def mistyped(ended: Ended, *said: str) -> None:
    """A usage error, which says all this."""
    assert ended.code == 2, ended
    words = " ".join(ended.err.replace("│", " ").split())
    for text in said:
        assert text in words, ended.err


@pytest.mark.parametrize("arguments", EVERY_COMMAND, ids=" ".join)
def test_a_folder_without_a_project(mlconnector: Command, tmp_path: Path, arguments: list[str]) -> None:
    refused(mlconnector.on(tmp_path)(*arguments), str(tmp_path), "no connections.yaml", "--project DIR")
    assert not (tmp_path / ".mlconnector").exists()


@pytest.mark.parametrize(
    ("right", "wrong", "said", "commands"),
    [
        ("layout: csv/invoice_lines", "layoutt: csv/invoice_lines", ["layoutt", "did you mean `layout`?"], EVERY_COMMAND),
        ("where: state", "where: statee", ["statee", "did you mean `state`?"], [["sync"]]),
        ("where: state = 'posted'", "where: now() > document_date", ["now"], [["sync"]]),
        ("layout: csv/invoice_lines", "layout: {rows: lines, columns: [numbre]}", ["numbre", "number"], [["sync"]]),
        ("connection: odoo", "connection: odo", ["odo", "did you mean `odoo`?"], [["sync"]]),
    ],
    ids=["typo", "column", "function", "layout column", "connection"],
)
def test_a_partner_file_with_a_mistake(
    mlconnector: Command, project: ProjectFolder, right: str, wrong: str, said: list[str], commands: list[list[str]]
) -> None:
    path = project.root / PARTNER
    text = path.read_text()
    assert right in text
    shutil.rmtree(project.root / ".mlconnector")
    path.write_text(text.replace(right, wrong))
    line = next(number for number, line in enumerate(path.read_text().splitlines(), 1) if wrong in line)
    for arguments in commands:
        refused_with_place(mlconnector.on(project.root)(*arguments), f"{PARTNER}:{line}", *said)
    assert not (project.root / ".mlconnector").exists()
    path.write_text(text)
    assert mlconnector.on(project.root)("check").code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["sync", "odo"], ["no connection 'odo'", "use one of: odoo"]),
        (["preview", "acm", "invoices"], ["no partner 'acm'", "use one of: acme"]),
        (["preview", "acme", "invoice"], ["no flow of partner acme 'invoice'", "use one of: invoices"]),
        (["outbox", "list", "--partner", "acm"], ["no partner 'acm'"]),
        (["outbox", "replay", "7"], ["no delivery 7", "mlconnector outbox list"]),
        (["set-aside", "list", "--connection", "odo"], ["no connection 'odo'"]),
        (["set-aside", "show", "odoo", "invoices", "1"], ["is not set aside", "mlconnector set-aside list"]),
        (["warehouse", "sql", "select 1"], ["there is no warehouse yet", "mlconnector sync"]),
    ],
    ids=lambda value: " ".join(value[:3]),
)
def test_what_is_not_there(mlconnector: Command, project: ProjectFolder, arguments: list[str], said: list[str]) -> None:
    before = footprint(project)
    refused(mlconnector.on(project.root)(*arguments), *said)
    assert footprint(project) == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["sync", "--from", "2026-02-01", "--to", "2026-01-31"], ["2026-01-31 is before --from 2026-02-01; swap them"]),
        (["sync", "--to", "2026-01-31"], ["without --from"]),
        (["sync", "--from", "2999-01-01"], ["lies in the future"]),
        (["sync", "--from", "31-01-2026"], ["31-01-2026", "%Y-%m-%d"]),
        (["outbox", "list", "--state", "sent"], ["sent", "delivered"]),
        (["outbox", "replay", "seven"], ["Invalid value for 'ID'"]),
        (["schema", "partners"], ["partners", "partner"]),
        (["synk"], ["No such command 'synk'"]),
    ],
    ids=lambda value: " ".join(value[:3]),
)
def test_a_command_that_was_typed_wrongly(
    mlconnector: Command, project: ProjectFolder, arguments: list[str], said: list[str]
) -> None:
    before = footprint(project)
    mistyped(mlconnector.on(project.root)(*arguments), *said)
    assert footprint(project) == before


class TestKeys:
    """The key-encryption key."""

    @pytest.fixture(autouse=True)
    def _key(self, project: ProjectFolder) -> None:
        self.path = project.root / ".mlconnector" / "keys" / "kek"

    def refuses(self, mlconnector: Command, project: ProjectFolder, *said: str) -> None:
        before = footprint(project)
        for arguments in (["sync"], ["secrets", "set", "odoo-key"], ["secrets", "rotate"], ["secrets", "rotate", "--new-key"]):
            refused(mlconnector.on(project.root)(*arguments, stdin=b"value-canary"), *said)
        ended = mlconnector.on(project.root)("check", "--live")
        assert ended.code == 1
        assert said[0] in ended.out
        assert mlconnector.on(project.root)("secrets", "list").code == 0
        assert footprint(project) == before

    def works_again(self, mlconnector: Command, project: ProjectFolder) -> None:
        assert mlconnector.on(project.root)("check", "--live").code == 0

    def test_missing(self, mlconnector: Command, project: ProjectFolder) -> None:
        key = self.path.read_bytes()
        self.path.unlink()
        self.refuses(mlconnector, project, "key-encryption key is missing", str(self.path))
        assert not self.path.exists()
        self.path.write_bytes(key)
        self.path.chmod(0o600)
        self.works_again(mlconnector, project)

    def test_wrong(self, mlconnector: Command, project: ProjectFolder) -> None:
        right = self.path.rename(self.path.with_name("right"))
        create_key_file(self.path)
        wrong = self.path.read_bytes()
        self.refuses(mlconnector, project, "key-encryption key is wrong", "put back the key file")
        assert self.path.read_bytes() == wrong
        right.replace(self.path)
        self.works_again(mlconnector, project)

    def test_readable_by_others(self, mlconnector: Command, project: ProjectFolder) -> None:
        self.path.chmod(0o644)
        self.refuses(mlconnector, project, "0644: others may have read it", f"chmod 600 {self.path}")
        self.path.chmod(0o600)
        self.works_again(mlconnector, project)

    def test_not_a_key(self, mlconnector: Command, project: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MLCONNECTOR_KEK", "canary-that-is-no-key")
        ended = mlconnector.on(project.root)("sync")
        refused(ended, "not 32 bytes in base64")
        assert "canary" not in ended.err


class TestState:
    """The state database."""

    def test_newer(self, mlconnector: Command, project: ProjectFolder) -> None:
        engine = sa.create_engine(f"sqlite:///{project.root / '.mlconnector' / 'state.db'}")
        with engine.begin() as tx:
            right = tx.exec_driver_sql("select version_num from alembic_version").scalar()
            tx.exec_driver_sql("update alembic_version set version_num = 'r9999'")
        for arguments in (["sync"], ["outbox", "list"], ["secrets", "set", "odoo-key"]):
            refused(mlconnector.on(project.root)(*arguments, stdin=b"value"), "newer version", "r9999")
        with engine.begin() as tx:
            assert tx.exec_driver_sql("select version_num from alembic_version").scalar() == "r9999"
            tx.exec_driver_sql(f"update alembic_version set version_num = '{right}'")
        engine.dispose()
        assert mlconnector.on(project.root)("outbox", "list").code == 0

    def test_damaged(self, mlconnector: Command, project: ProjectFolder) -> None:
        path = project.root / ".mlconnector" / "state.db"
        path.write_bytes(b"hello, this is no database" * 1000)
        damaged = path.read_bytes()
        refused(mlconnector.on(project.root)("sync"), str(path), "not a database")
        assert path.read_bytes() == damaged

    @pytest.mark.parametrize("address", ["127.0.0.1:1", "no-such-host.invalid"])
    def test_unreachable(
        self, mlconnector: Command, project: ProjectFolder, monkeypatch: pytest.MonkeyPatch, address: str
    ) -> None:
        monkeypatch.setenv("MLCONNECTOR_STATE_URL", f"postgresql://ledger:canary-password@{address}/state")
        for arguments in (["sync"], ["--debug", "outbox", "list"], ["secrets", "list"]):
            ended = mlconnector.on(project.root)(*arguments)
            refused(ended, address.partition(":")[0])
            assert "canary" not in ended.out + ended.err
        monkeypatch.delenv("MLCONNECTOR_STATE_URL")
        assert mlconnector.on(project.root)("outbox", "list").code == 0

    def test_a_url_that_is_none(self, mlconnector: Command, project: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MLCONNECTOR_STATE_URL", "mysql://ledger:canary-password@host/state")
        ended = mlconnector.on(project.root)("outbox", "list")
        refused(ended, "MLCONNECTOR_STATE_URL")
        assert "canary" not in ended.err


@pytest.fixture
def readable_project(project: ProjectFolder) -> Iterator[Path]:
    """A copy of a project that every user of this machine can read."""
    with tempfile.TemporaryDirectory(prefix="mlc-") as name:
        Path(name).chmod(0o755)
        root = Path(name) / "project"
        shutil.copytree(project.root, root, ignore=shutil.ignore_patterns(".mlconnector"))
        yield root


def test_a_project_folder_that_may_not_be_written(mlconnector: Command, readable_project: Path) -> None:
    readable_project.chmod(0o555)
    if os.geteuid() == 0:
        os.seteuid(65534)
    try:
        ended = mlconnector.on(readable_project)("sync")
        checked = mlconnector.on(readable_project)("check")
    finally:
        os.seteuid(os.getuid())
        readable_project.chmod(0o755)
    refused(ended, str(readable_project), "ermission")
    assert checked.code == 0
    assert not (readable_project / ".mlconnector").exists()


def test_an_output_that_may_not_be_written(mlconnector: Command, tmp_path: Path) -> None:
    target = tmp_path / "no" / "such" / "schema.json"
    refused(mlconnector("schema", "partner", "--output", str(target)), str(target), "No such file or directory")


def test_questions_that_the_warehouse_cannot_answer(work: Command, synced: ProjectFolder) -> None:
    before = footprint(synced)
    for statement, said in {
        "select * from odoo_invoice": "odoo_invoice",
        "selec 1": "selec",
        "drop table odoo_invoices": "",
        "delete from odoo_invoices": "",
        "select 1; drop table odoo_invoices": "",
        "copy odoo_invoices to 'stolen.csv'": "",
        "select * from read_csv('/etc/passwd')": "",
    }.items():
        refused(work("warehouse", "sql", statement), said)
    assert footprint(synced) == before
    assert list(Path().iterdir()) == []


class TestSandbox:
    """The demo and the sandbox, on projects and machines that they cannot run on."""

    def write(self, root: Path, odoo_port: int, sftp_port: int) -> Path:
        shipped = Path(__file__).parents[2]
        (root / "partners").mkdir(parents=True)
        (root / CONNECTIONS).write_text((shipped / CONNECTIONS).read_text().replace(":8869", f":{odoo_port}"))
        (root / PARTNER).write_text((shipped / PARTNER).read_text().replace("port: 8822", f"port: {sftp_port}"))
        return root

    @pytest.mark.parametrize("command", ["demo", "sandbox"])
    @pytest.mark.parametrize("server", ["Odoo", "SFTP"])
    def test_a_port_is_taken(self, mlconnector: Command, tmp_path: Path, command: str, server: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken, socket.create_server(("127.0.0.1", 0)) as other:
            port, free = taken.getsockname()[1], other.getsockname()[1]
            other.close()
            root = self.write(tmp_path / "p", *((port, free) if server == "Odoo" else (free, port)))
            refused(mlconnector.on(root)(command), f"port {port}", server, "taken by another program")

    @pytest.mark.parametrize("command", ["demo", "sandbox"])
    @pytest.mark.parametrize(
        ("file", "right", "wrong", "said"),
        [
            (CONNECTIONS, "url: http://127.0.0.1:1111", "url: https://mycompany.odoo.com", "mycompany.odoo.com"),
            (CONNECTIONS, "database: sandbox", "database: mycompany", "mycompany"),
            (PARTNER, "host: 127.0.0.1", "host: sftp.acme.example", "sftp.acme.example"),
        ],
    )
    def test_other_systems_than_the_sandbox(
        self, mlconnector: Command, tmp_path: Path, command: str, file: str, right: str, wrong: str, said: str
    ) -> None:
        root = self.write(tmp_path / "p", 1111, 2222)
        text = (root / file).read_text()
        assert right in text
        (root / file).write_text(text.replace(right, wrong))
        refused(mlconnector.on(root)(command), "is not on the sandbox", said, "mlconnector sync")
        assert not (root / ".mlconnector").exists()
