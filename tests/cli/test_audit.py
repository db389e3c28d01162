"""From a record to its files and back, as a person asks; and what a changed audit looks like."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import time
from datetime import timedelta
from pathlib import Path

import polars as pl

from mlconnector_assets.sandbox import Sandbox
from mlconnector_assets.state import audit_search, deliveries, incidents
from mlconnector_assets.steps.alerts import raise_alerts
from mlconnector_assets.steps.audit_trail import record_trails
from mlconnector_assets.steps.workspace import open_workspace
from tests.cli.command import Command
from tests.project import ProjectFolder, write_project


def folder(project: ProjectFolder) -> Path:
    return project.root / ".mlconnector" / "audit"


def test_a_record_and_a_file_lead_to_each_other(work: Command, synced: ProjectFolder, tmp_path: Path) -> None:
    with open_workspace(synced.root) as workspace, workspace.state.reading() as tx:
        rows = audit_search.scan(folder(synced), audit_entries(tx)).filter(pl.col("kind") == "file").collect()
    first = rows.row(0, named=True)
    by_number = work("audit", "show", first["number"])
    by_id = work("audit", "show", f"odoo/invoices/{first['source_id']}")
    assert (by_number.code, by_id.code) == (0, 0)
    assert first["file_name"] in by_number.out and f"odoo/invoices/{first['source_id']}" in by_number.out
    assert f"/web#id={first['source_id']}&model=account.move&view_type=form" in by_id.out
    assert "in the warehouse: odoo_invoices, modified" in by_id.out
    assert "delivered" in by_id.out and "load" in by_id.out
    with open_workspace(synced.root) as workspace:
        trail = next(one for one in record_trails(workspace, first["number"]) if one.record == "invoices")
    delivery = trail.files[1]
    for name in (first["file_name"], "1", delivery.sha256[:12]):
        shown = work("audit", "show", name)
        assert shown.code == 0
        assert delivery.sha256 in shown.out and first["number"] in shown.out
        assert f"{delivery.documents} of its {delivery.documents} record" in shown.out


def test_what_nobody_knows(work: Command) -> None:
    ended = work("audit", "show", "INV/none")
    assert ended.code == 1
    assert "knows neither a record nor a file 'INV/none'" in ended.errors[0]
    assert work("audit", "show", "odoo/invoices/999999").code == 1


def test_a_changed_audit_is_told_until_it_is_mended(work: Command, synced: ProjectFolder) -> None:
    assert "the audit is what was written" in work("audit", "verify").out
    path = max(folder(synced).glob("*.parquet"), key=lambda one: one.stat().st_size)
    content = path.read_bytes()
    path.write_bytes(content[:-9] + b"x" + content[-8:])
    stranger = folder(synced) / f"{'a' * 64}.parquet"
    stranger.write_bytes(b"x")
    assert "was changed" in work("audit", "verify").out
    old = time.time() - timedelta(hours=1).total_seconds()
    os.utime(stranger, (old, old))
    ended = work("audit", "verify")
    assert ended.code == 1
    assert f"segment {path.name}" in ended.out and "was changed" in ended.out
    assert f"segment {stranger.name} is not part of the audit" in ended.out
    with open_workspace(synced.root) as workspace:
        raise_alerts(workspace)
        with workspace.state.reading() as tx:
            assert "audit_broken" in {incident.kind for incident in incidents.listing(tx)}
    assert "audit_broken" in work("alerts", "list", "--csv").out
    path.write_bytes(content)
    stranger.unlink()
    assert work("audit", "verify").code == 0


def csv_rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text("utf-8").splitlines()))


def test_an_export_is_checked_without_this_program(work: Command, synced: ProjectFolder, tmp_path: Path) -> None:
    rows, chain = tmp_path / "rows.csv", tmp_path / "chain.csv"
    assert work("audit", "export", str(rows), "--partner", "acme", "--chain", str(chain)).code == 0
    before = "0" * 64
    for row in csv_rows(chain):
        content = [
            "MLC1-audit",
            int(row["seq"]),
            row["kind"],
            row["reference"],
            row["segment"],
            row["sha256"],
            int(row["rows"]),
            before,
        ]
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        assert (row["prev_hash"], row["hash"]) == (before, hashlib.sha256(text.encode()).hexdigest())
        assert row["sha256"] == hashlib.sha256((folder(synced) / row["segment"]).read_bytes()).hexdigest()
        before = row["hash"]
    told = csv_rows(rows)
    assert told and {row["partner"] for row in told} == {"acme"}
    segments = {row["segment"] for row in told}
    assert sum(pl.read_parquet(folder(synced) / name).height for name in segments) == len(told)


def test_an_export_as_parquet_by_kind_of_record_and_day(work: Command, tmp_path: Path) -> None:
    everything, some, none = tmp_path / "a.parquet", tmp_path / "b.parquet", tmp_path / "c.parquet"
    assert work("audit", "export", str(everything)).code == 0
    assert work("audit", "export", str(some), "--record", "vendors", "--connection", "odoo").code == 0
    assert work("audit", "export", str(none), "--from", "2020-01-01", "--to", "2020-01-31").code == 0
    vendors = pl.read_parquet(everything).filter(pl.col("record") == "vendors")
    assert pl.read_parquet(some).equals(vendors) and vendors.height
    assert pl.read_parquet(none).is_empty()
    assert work("audit", "export", str(tmp_path / "x.txt")).code == 1


def audit_entries(tx):
    from mlconnector_assets.state import audit

    return audit.entries(tx)


def test_secrets_are_told_by_name_only(work: Command, synced: ProjectFolder) -> None:
    assert work("secrets", "set", "odoo-key", "--expires", "2027-01-31", stdin=b"canary-4711-geheim\n").code == 0
    assert "2027-01-31" in work("secrets", "list", "--csv").out
    for path in folder(synced).iterdir():
        assert b"canary-4711" not in path.read_bytes()
    with open_workspace(synced.root) as workspace, workspace.state.reading() as tx:
        (row,) = audit_search.scan(folder(synced), audit_entries(tx)[-1:]).collect().to_dicts()
    assert (row["status"], row["reference"], row["reason"]) == ("secret_set", "secret odoo-key", "expires 2027-01-31")
    assert "@" in row["actor"]


def test_nobody_is_told_without_a_channel(work: Command) -> None:
    ended = work("alerts", "test")
    assert ended.code == 1
    assert "nobody is told" in ended.errors[0]
    assert "nobody is told" in work("alerts", "list").err


def test_a_decision_is_shown_with_its_file_and_its_records(work: Command, synced: ProjectFolder) -> None:
    assert "was delivered before (sent); nothing changed" in work("outbox", "settle", "1", "--reason", "sure?").out
    with open_workspace(synced.root) as workspace, workspace.state.transaction() as tx:
        deliveries.doubt(tx, 1, "cut off")
    ended = work("outbox", "settle", "1", "--reason", "ACME has it", "--by", "Ann")
    assert (ended.code, ended.out.count("counts as delivered")) == (0, 1)
    shown = work("audit", "show", "1").out
    assert "(confirmed)" in shown and shown.count("file_settled by Ann: ACME has it") == 1
    assert work("outbox", "resend", "1", "--reason", "asked by ACME", "--by", "Eva").code == 0
    with open_workspace(synced.root) as workspace, workspace.state.reading() as tx:
        number = audit_search.scan(folder(synced), audit_entries(tx)[-1:]).collect()["number"][0]
    of_record = work("audit", "show", number).out
    assert all(told in of_record for told in ("file_settled", "ACME has it", "file_resent", "asked by ACME"))
    assert "odoo/None/" not in of_record, of_record


def test_a_switch_to_live_is_chained_once(mlconnector: Command, sandbox: Sandbox, tmp_path: Path) -> None:
    home = "switched"
    (sandbox.partner_folder("acme") / home).mkdir()
    work = mlconnector.on(write_project(tmp_path / "project", sandbox, home=home, mode="test").root)
    assert work("sync").code == 0
    assert work("audit", "show", "acme").code == 1, "nothing was switched yet"
    write_project(tmp_path / "project", sandbox, home=home, mode="live")
    assert "mode test became live" in work("sync").err
    assert work("sync").code == 0
    shown = work("audit", "show", "acme").out
    assert shown.count("mode_changed by ") == 1 and "mode: test became live" in shown
    assert work("audit", "export", str(tmp_path / "rows.csv"), "--partner", "acme").code == 0
    (row,) = (one for one in csv_rows(tmp_path / "rows.csv") if one["status"] == "mode_changed")
    assert (row["reference"], row["kind"]) == ("partner acme", "decision") and "@" in row["actor"]
    assert "the audit is what was written" in work("audit", "verify").out
