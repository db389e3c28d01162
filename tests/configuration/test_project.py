from datetime import timedelta
from pathlib import Path

import pytest

from mlconnector_assets.configuration import load_project
from mlconnector_assets.configuration.connections import ODOO_RECORDS
from mlconnector_assets.layouts import shipped_layouts
from mlconnector_assets.partners.snapshots import EITHER_WAY
from mlconnector_assets.records import RECORDS as CANONICAL
from mlconnector_assets.systems.odoo.streams import RECORDS
from tests.configuration.projects import CONNECTIONS, PARTNER, complaint, write_project
from tests.layouts.frames import record_of


def test_project_is_loaded(tmp_path):
    project = load_project(write_project(tmp_path))
    odoo = project.connections["odoo"]
    assert (odoo.id, odoo.companies, odoo.overlap, odoo.page_size) == ("odoo", {"nl": 1, "be": 2}, timedelta(hours=2), 500)
    assert odoo.records == ODOO_RECORDS
    assert [(partner.id, flow.name) for partner, flow in project.flows()] == [("acme", "bills")]


def test_places_of_a_project(tmp_path, monkeypatch):
    monkeypatch.delenv("MLCONNECTOR_STATE_URL", raising=False)
    project = load_project(write_project(tmp_path))
    assert project.home == tmp_path / ".mlconnector"
    assert project.state_url == f"sqlite:///{tmp_path}/.mlconnector/state.db"
    assert project.warehouse_path == tmp_path / ".mlconnector/warehouse.duckdb"
    monkeypatch.setenv("MLCONNECTOR_STATE_URL", "postgresql+psycopg://db/state")
    assert project.state_url == "postgresql+psycopg://db/state"


def test_root_is_absolute(tmp_path, monkeypatch):
    write_project(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert load_project(Path()).root == tmp_path


def test_project_without_partners_reads_and_loads(tmp_path):
    write_project(tmp_path)
    (tmp_path / "partners/acme.yaml").unlink()
    assert load_project(tmp_path).flows() == []


def test_folder_without_a_project_says_how_to_name_one(tmp_path):
    message = complaint(tmp_path)
    assert str(tmp_path) in message
    assert "--project DIR" in message
    assert "make demo" in message


def test_a_connection_may_name_exactly_what_odoo_offers():
    assert {*ODOO_RECORDS, "bank_accounts"} == set(RECORDS)


@pytest.mark.parametrize("layout", shipped_layouts())
def test_every_shipped_layout_makes_a_flow(tmp_path, layout):
    file_format, record = layout.partition("/")[0], record_of(layout)
    text = PARTNER.replace("record: invoices", f"record: {record}\n    format: {file_format}").replace("csv/invoices", layout)
    text = text.replace("    since: 2026-01-01\n", "") if CANONICAL[record].date_column is None else text
    text = text.replace("since:", "kind: documents\n    since:") if record in EITHER_WAY else text
    if file_format in ("x12", "edifact"):
        text += f"{file_format}: {{sender: {{id: '5412345000013'}}, receiver: {{id: '4012345500004'}}}}\n"
    assert load_project(write_project(tmp_path, acme=text)).flows()[0][1].record == record


def flow_with(line, *, instead_of):
    assert instead_of in PARTNER
    return PARTNER.replace(instead_of, line)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "connection: odoo",
            "connection: odo",
            "10: flows.bills.connection: there is no connection 'odo' in connections.yaml; it has `odoo`; did you mean `odoo`?",
        ),
        (
            "record: invoices",
            "record: invoice",
            "11: flows.bills.record: there is no record 'invoice'; allowed: `invoices`",
        ),
        ("layout: csv/invoices", "layout: csv/invoice", "12: flows.bills.layout.extends: no layout 'csv/invoice' is shipped"),
        (
            "layout: csv/invoices",
            "layout: {columns: [nmber]}",
            "12: flows.bills.layout.columns[0].value: expression `nmber`: there is no column `nmber`; did you mean `number`?",
        ),
        (
            "companies: all",
            "companies: [nl, uk]",
            "13: flows.bills.companies[1]: the connection odoo has no company 'uk'; it has `nl`, `be`",
        ),
        (
            "since: 2026-01-01",
            "since: 2026-01-01\n    where: stat = 1",
            "16: flows.bills.where: expression `stat = 1`: there is no column `stat`; did you mean `state`?",
        ),
        (
            "since: 2026-01-01",
            "since: 2026-01-01\n    where: number",
            "16: flows.bills.where: condition `number` yields String, not true or false",
        ),
        (
            "  bills:",
            "  delivery:",
            "9: flows.delivery: would be the asset `acme_delivery`, which is the delivery of this partner",
        ),
    ],
)
def test_what_does_not_fit_together(tmp_path, old, new, message):
    write_project(tmp_path, acme=flow_with(new, instead_of=old))
    assert complaint(tmp_path).startswith(f"partners/acme.yaml:{message}")


def test_flow_over_a_record_that_is_not_read(tmp_path):
    write_project(tmp_path, CONNECTIONS + "    records: [vendors]\n")
    assert (
        complaint(tmp_path)
        == "partners/acme.yaml:11: flows.bills.record: the connection odoo does not read invoices; it reads `vendors`"
    )


def test_two_flows_that_would_be_one_asset(tmp_path):
    write_project(tmp_path, acme=PARTNER.replace("  bills:", "  nl_bills:"), acme_nl=PARTNER)
    assert "`acme_nl_bills`, which is the flow nl_bills of the partner acme; rename the flow" in complaint(tmp_path)


def test_flow_that_would_be_the_asset_of_a_record(tmp_path):
    write_project(tmp_path, odoo=PARTNER.replace("  bills:", "  invoices:"))
    assert "`odoo_invoices`, which is invoices of the connection odoo" in complaint(tmp_path)


def test_delivery_that_would_be_the_asset_of_a_flow(tmp_path):
    write_project(tmp_path, acme=PARTNER.replace("  bills:", "  nl_delivery:"), acme_nl=PARTNER)
    assert "partners/acme_nl.yaml:1: its delivery would be the asset `acme_nl_delivery`" in complaint(tmp_path)


def test_partner_file_with_another_ending_is_not_passed_over(tmp_path):
    write_project(tmp_path)
    (tmp_path / "partners/acme.yaml").rename(tmp_path / "partners/acme.yml")
    assert complaint(tmp_path).startswith("partners/acme.yml:1: is not read, because its name does not end in .yaml")


def test_partner_file_whose_name_is_no_id(tmp_path):
    write_project(tmp_path, **{"Acme-NL": PARTNER})
    assert "partners/Acme-NL.yaml:1: id: the name of the file must be lower-case letters" in complaint(tmp_path)


def test_owner_is_somebody(tmp_path):
    write_project(tmp_path)
    path = tmp_path / "connections.yaml"
    path.write_text(path.read_text() + "\nowner: finance\n")
    assert complaint(tmp_path).endswith("owner: must be an e-mail address, or a team as in team:finance; found 'finance'")
