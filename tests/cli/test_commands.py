"""The commands of a working project: what each answers, and that `--project` may stand before or after them."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from mlconnector_assets.state import reads
from mlconnector_assets.steps.workspace import open_workspace
from tests.cli.command import Command, Ended
from tests.cli.footprint import footprint
from tests.project import INVOICES_FLOW, ProjectFolder, write_project


def rows(ended: Ended) -> list[dict[str, str]]:
    assert ended.code == 0, ended
    return list(csv.DictReader(io.StringIO(ended.out)))


def test_sync_tells_what_it_did(mlconnector: Command, project: ProjectFolder) -> None:
    ended = mlconnector.on(project.root)("sync")
    assert (ended.code, ended.errors) == (0, [])
    assert "queued 1 file; delivered 1" in ended.out
    assert "✓ read odoo invoices" in ended.err
    project.sandbox.control.post_invoice()
    assert "queued 1 file; delivered 1" in mlconnector.on(project.root)("sync", "odoo").out
    assert len(project.files()) == 2


def test_sync_shows_in_dagster(
    mlconnector_in_dagster: Command, project: ProjectFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_project(project.root, project.sandbox, home=project.inbox.name, records=["invoices"])
    home = tmp_path / "dagster"
    home.mkdir()
    (home / "dagster.yaml").touch()
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    ended = mlconnector_in_dagster.on(project.root)("sync")
    assert (ended.code, ended.errors) == (0, [])
    assert "could not be shown" not in ended.err
    import dagster as dg

    with open_workspace(project.root) as workspace, workspace.state.reading() as tx:
        partitions = reads.newest(tx, "odoo", "invoices")
    days = {read.day.isoformat() for read in partitions if read.rows} | {partitions[-1].day.isoformat()}
    assert len(days) > 3
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert instance.get_materialized_partitions(dg.AssetKey("odoo_invoices")) == days


def test_dagster_that_cannot_be_reached_changes_nothing(
    mlconnector_in_dagster: Command, project: ProjectFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dagster.yaml").write_text("storage: nonsense")
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    ended = mlconnector_in_dagster.on(project.root)("sync")
    assert (ended.code, ended.errors) == (0, [])
    assert "the cycle is done, but could not be shown in Dagster" in ended.err
    assert len(project.files()) == 1


def test_sync_reads_days_again(work: Command, synced: ProjectFolder) -> None:
    today = synced.sandbox.control.now().date().isoformat()
    ended = work("sync", "odoo", "--from", "2020-01-01", "--to", today)
    assert ended.code == 0
    assert "5 days" in ended.err
    assert "queued 0 files" in ended.out


def test_the_project_before_and_after_the_command(
    mlconnector: Command, project: ProjectFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right, wrong = str(project.root), str(tmp_path)
    assert mlconnector("--project", right, "outbox", "list").code == 0
    assert mlconnector("outbox", "list", "--project", right).code == 0
    assert mlconnector("--project", wrong, "outbox", "list", "--project", right).code == 0
    assert mlconnector("--project", right, "outbox", "list", "--project", wrong).code == 1
    assert mlconnector("outbox", "list").code == 1
    monkeypatch.setenv("MLCONNECTOR_PROJECT", right)
    assert mlconnector("outbox", "list").code == 0
    assert mlconnector("--project", wrong, "outbox", "list").code == 1
    assert mlconnector("outbox", "list", "--project", wrong).code == 1
    monkeypatch.delenv("MLCONNECTOR_PROJECT")
    monkeypatch.chdir(project.root)
    assert mlconnector("outbox", "list").code == 0


def test_outbox(work: Command, synced: ProjectFolder) -> None:
    (entry,) = rows(work("outbox", "list", "--csv"))
    (name,) = synced.files()
    assert (entry["state"], entry["file"], entry["attempts"]) == ("delivered", f"outbound/{name}", "1")
    assert rows(work("outbox", "list", "--csv", "--state", "queued")) == []
    assert len(rows(work("outbox", "list", "--csv", "--partner", "acme", "--limit", "1"))) == 1
    assert f"outbound/{name}" in work("outbox", "list").out


def test_replay_sends_the_same_bytes_under_the_same_name(work: Command, synced: ProjectFolder) -> None:
    sent = synced.files()
    (synced.inbox / "outbound" / next(iter(sent))).unlink()
    assert "is queued again" in work("outbox", "replay", "1").out
    assert [entry["state"] for entry in rows(work("outbox", "list", "--csv"))] == ["queued"]
    assert "delivered 1" in work("sync").out
    assert synced.files() == sent


def test_set_aside(work: Command, synced: ProjectFolder) -> None:
    made = synced.sandbox.control.post_invoice()
    synced.sandbox.control.write("account.move", [made["id"]], {"amount_total": "1.23456789"})
    ended = work("sync")
    assert ended.code == 0
    assert f"{made['id']} is set aside" in ended.err
    items = rows(work("set-aside", "list", "--csv", "--connection", "odoo"))
    item = next(item for item in items if item["record"] == "invoices")
    assert item["id"] == str(made["id"])
    assert "1.23456789" in item["reason"]
    shown = work("set-aside", "show", "odoo", "invoices", str(made["id"]))
    assert json.loads(shown.out)["name"] == made["name"]
    synced.sandbox.control.delete(made["id"])


def test_warehouse(work: Command) -> None:
    tables = {row["table"]: row for row in rows(work("warehouse", "tables", "--csv"))}
    assert {"odoo_invoices", "odoo_invoices_lines", "odoo_vendors", "odoo_gl_entries", "_LOADS"} <= set(tables)
    count = rows(work("warehouse", "sql", "select count(*) as n from odoo_invoices", "--csv"))
    assert count == [{"n": tables["odoo_invoices"]["rows"]}]
    exact = rows(work("warehouse", "sql", "select 0.10::decimal(9,2) as d, null as n, 'a,b' as t", "--csv"))
    assert exact == [{"d": "0.10", "n": "", "t": "a,b"}]
    assert "| 0.10 |" in work("warehouse", "sql", "select 0.10::decimal(9,2) as d").out


def test_preview_is_the_file_that_follows(work: Command, synced: ProjectFolder, tmp_path: Path) -> None:
    synced.sandbox.control.post_invoice(lines=[{"name": "Bolt ½″ — «special»", "quantity": 3, "price": "19.99"}])
    with open_workspace(synced.root) as workspace:
        from mlconnector_assets.steps.read import read_changes

        read_changes(workspace, "odoo", "invoices")
    before = footprint(synced)
    file = tmp_path / "next.csv"
    shown, written = work("preview", "acme", "invoices"), work("preview", "acme", "invoices", "-o", str(file))
    for ended in (shown, written):
        assert ended.code == 0
        assert "invoices_000002.csv: 1 document, " in ended.err
    assert written.out == ""
    assert footprint(synced) == before
    work("sync")
    assert synced.files()["invoices_000002.csv"].decode() == shown.out == file.read_bytes().decode()


def test_preview_of_nothing(work: Command) -> None:
    ended = work("preview", "acme", "invoices")
    assert (ended.code, ended.out) == (0, "")
    assert "nothing would be sent now" in ended.err


def test_preview_tells_what_is_blocked(work: Command, synced: ProjectFolder) -> None:
    made = synced.sandbox.control.post_invoice()
    synced.sandbox.control.write("account.move", [made["id"]], {"amount_total": "99999.00"})
    work("sync")
    ended = work("preview", "acme", "invoices")
    assert f"document {made['id']} is blocked" in ended.err
    assert "99999" in ended.err
    synced.sandbox.control.delete(made["id"])


@pytest.mark.parametrize(
    ("record", "layout"),
    [
        ("vendors", "csv/vendors"),
        ("gl_entries", "csv/gl_postings"),
        ("gl_entries", "fixed_width/gl_postings"),
        ("vendors", "xml/vendors"),
    ],
)
def test_preview_of_every_record(mlconnector: Command, project: ProjectFolder, record: str, layout: str) -> None:
    file_format = layout.partition("/")[0]
    flow = {"connection": "odoo", "record": record, "companies": "all", "counterparties": "all"}
    flow |= {"format": file_format, "layout": layout} | ({"since": "2020-01-01"} if record == "gl_entries" else {})
    write_project(project.root, project.sandbox, home=project.inbox.name, flows={"feed": flow})
    with open_workspace(project.root) as workspace:
        from mlconnector_assets.steps.read import read_changes

        read_changes(workspace, "odoo", record)
    ended = mlconnector.on(project.root)("preview", "acme", "feed")
    assert ended.code == 0
    ending = {"csv": "csv", "fixed_width": "txt", "xml": "xml"}[file_format]
    assert f"acme_feed_000001.{ending}" in ended.err
    assert ended.out.count("\n") > 3
    assert ("....:....|....:....|" in ended.err) == (file_format == "fixed_width")


UNITS = {"Units": "EA", "Dozens": "DZ", "m": "MR", "Hours": "HR", "kg": "KG", "L": "LT", "Days": "DA", "g": "GR"}


@pytest.mark.parametrize(
    ("file_format", "begins", "options"),
    [
        ("x12", b"ISA*00*", {"sender": {"id": "US"}, "receiver": {"id": "ACME"}, "codes": {"355": UNITS}}),
        ("edifact", b"UNA:+.? 'UNB+", {"sender": {"id": "US"}, "receiver": {"id": "ACME"}}),
    ],
)
def test_preview_of_edi_tells_whether_it_is_valid(
    mlconnector: Command, project: ProjectFolder, tmp_path: Path, file_format: str, begins: bytes, options: dict
) -> None:
    layout = {"extends": f"{file_format}/invoices", file_format: options}
    flow = {**INVOICES_FLOW, "file_name": "out_{control_number}.edi", "format": file_format, "layout": layout}
    write_project(project.root, project.sandbox, home=project.inbox.name, flows={"feed": flow})
    with open_workspace(project.root) as workspace:
        from mlconnector_assets.steps.read import read_changes

        read_changes(workspace, "odoo", "invoices")
    file = tmp_path / "next.edi"
    ended = mlconnector.on(project.root)("preview", "acme", "feed", "-o", str(file))
    assert ended.code == 0, ended
    assert file.read_bytes().startswith(begins)
    assert f"✓ out_1.edi: {file_format}, " in ended.err
    assert mlconnector("edi", "validate", str(file)).code == 0


def test_preview_tells_what_the_partner_will_see_change(mlconnector: Command, project: ProjectFolder) -> None:
    columns = [{"name": "id", "value": "source_id"}, "name", "city"]
    vendors = {"connection": "odoo", "record": "vendors", "companies": "all", "counterparties": "all"}
    flows = {"vendors": vendors | {"layout": {"columns": columns}, "compress": "gzip"}}
    write_project(project.root, project.sandbox, home=project.inbox.name, flows=flows)
    work = mlconnector.on(project.root)
    first = work("preview", "acme", "vendors", "--diff")
    assert "nothing would be sent now" in first.err
    assert work("sync").code == 0
    (name,) = project.files()
    control = project.sandbox.control
    vendor = control.call("res.partner", "search", domain=[["supplier_rank", ">", 0]], limit=1)[0]
    control.change_partner(vendor, {"city": "Łódź"})
    with open_workspace(project.root) as workspace:
        from mlconnector_assets.steps.read import read_changes

        read_changes(workspace, "odoo", "vendors")
    ended = work("preview", "acme", "vendors", "--diff")
    assert f"against {name}: 0 new, 1 changed, 0 gone" in ended.err
    changed = [line for line in ended.out.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    assert [line[0] for line in changed] == ["-", "+"]
    assert changed[1].startswith(f"+{vendor},")
    assert changed[1].endswith("Łódź")
    work("sync")
    assert len(project.files()) == 2
    assert work("sync").code == 0
    assert len(project.files()) == 2


def test_check(work: Command, synced: ProjectFolder) -> None:
    ended = work("check")
    assert ended.code == 0
    assert "connection odoo: odoo, companies nl, uk, us" in ended.out
    assert "partner acme" in ended.out
    live = work("check", "--live")
    assert live.code == 0, live
    assert "✗" not in live.out
    for told in ("19", "account.move", "SHA256:", "outbound"):
        assert told in live.out, live.out


def test_check_live_tells_what_is_wrong_and_changes_nothing(work: Command, synced: ProjectFolder) -> None:
    before = footprint(synced)
    synced.sandbox.control.fault("no_rights", times=None, model="account.move")
    synced.sandbox.control.fault("sftp_read_only", times=None, folder=f"{synced.inbox.name}/outbound")
    ended = work("check", "--live")
    synced.sandbox.control.clear()
    assert ended.code == 1
    wrong = [line for line in ended.out.splitlines() if "✗" in line]
    assert any("account.move" in line for line in wrong), ended.out
    assert any("outbound" in line for line in wrong), ended.out
    assert "mend:" in ended.out
    assert "some systems cannot be used as configured" in ended.err
    assert footprint(synced) == before
    assert work("check", "--live").code == 0
