import pytest

from tests.configuration.projects import CONNECTIONS, PARTNER, complaint, write_project

SECRET = "hunter2-canary"


def with_connection(tmp_path, old, new):
    assert old in CONNECTIONS
    return complaint(write_project(tmp_path, CONNECTIONS.replace(old, new)))


def with_partner(tmp_path, old, new):
    assert old in PARTNER
    return complaint(write_project(tmp_path, acme=PARTNER.replace(old, new)))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("system: odoo", "system: oddo", "3: connections.odoo.system: must be one of `odoo`; did you mean `odoo`?; found 'oddo'"),
        (
            "database: books",
            "databse: books",
            "5: connections.odoo.databse: unknown key; did you mean `database`?; allowed: `api_key`",
        ),
        ("    database: books\n", "", "2: connections.odoo.database: is missing: Name of the database."),
        (
            "first_day: 2026-01-01",
            "first_day: 2026-02-30",
            "8: connections.odoo.first_day: must be a day that exists, such as 2026-01-31; found '2026-02-30'",
        ),
        (
            "first_day: 2026-01-01",
            "overlap: 2 weeks",
            "8: connections.odoo.overlap: must be a duration such as 90s, 15m, 2h, 1h30m or 1d; found '2 weeks'",
        ),
        (
            "first_day: 2026-01-01",
            "page_size: 10",
            "8: connections.odoo.page_size: input should be greater than or equal to 50; found '10'",
        ),
        ("first_day: 2026-01-01", "page_size: many", "8: connections.odoo.page_size: must be a whole number; found 'many'"),
        (
            "first_day: 2026-01-01",
            "records: [invoice]",
            "8: connections.odoo.records[0]: is no record that is read from Odoo; allowed: `invoices`",
        ),
        ("first_day: 2026-01-01", "records: []", "8: connections.odoo.records: must have at least one entry"),
        ("first_day: 2026-01-01", "records:", "8: connections.odoo.records: must be a list; found nothing"),
        ("{nl: 1, be: 2}", "{nl: 1, be: 1}", "2: connections.odoo: two codes in `companies` have the same id"),
        ("{nl: 1, be: 2}", "[1, 2]", "7: connections.odoo.companies: must be a mapping of keys to values"),
        ("{nl: 1, be: 2}", "{nl: one}", "7: connections.odoo.companies.nl: must be a whole number; found 'one'"),
        ("{nl: 1, be: 2}", "{nl: 1, nl: 2}", "7: connections.odoo.companies: has the key `nl` twice, in lines 7 and 7; keep one"),
        ("https://books.example", "books.example", "4: connections.odoo.url: must begin with https://"),
        (
            "https://books.example",
            "https://books.example/web?db=1",
            "4: connections.odoo.url: must end after the host name: https://books.example",
        ),
        (
            "  odoo:",
            "  Odoo:",
            "2: connections.Odoo: must be lower-case letters, digits and `_`, begin with a letter and have at most 60",
        ),
        ("  odoo:", "  odoo:\n    id: x", "3: connections.odoo.id: unknown key: the id is the key above it; leave it out"),
        (
            "connections:",
            "conections:",
            "1: conections: unknown key; did you mean `connections`?; allowed: `alerts`, `connections`, `owner`, `warehouse`",
        ),
    ],
)
def test_mistake_in_connections(tmp_path, old, new, message):
    found = with_connection(tmp_path, old, new)
    assert f"connections.yaml:{message}" in found


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("user: us", "user: us\n  port: x", "5: sftp.port: must be a whole number; found 'x'"),
        (
            "user: us",
            "user: us\n  folders: {outbond: x}",
            "5: sftp.folders.outbond: unknown key; did you mean `outbound`?; allowed: `acks`, `error`",
        ),
        (
            "    companies: all\n",
            "",
            "9: flows.bills.companies: is missing: Codes of our companies whose documents are sent, or `all`.",
        ),
        ("    counterparties: all\n", "", "9: flows.bills.counterparties: is missing"),
        ("    since: 2026-01-01\n", "", "9: flows.bills.since: is missing"),
        (
            "companies: all",
            "companies: nl",
            "13: flows.bills.companies: must be a list with at least one entry, or the word `all`; found 'nl'",
        ),
        ("companies: all", "schedul: x", "13: flows.bills.schedul: unknown key; did you mean `schedule`?"),
        ("companies: all", "schedule: 61 * * * *", "13: flows.bills.schedule: '61' is not a valid minute"),
        ("companies: all", "timezone: Europe/Brussel", "13: flows.bills.timezone: is no time zone"),
        ("companies: all", "file_name: a.csv", "13: flows.bills.file_name: must contain {control_number}"),
        (
            "companies: all",
            "format: xlm",
            "13: flows.bills.format: must be one of `csv`, `fixed_width`, `xml`, `x12`, `edifact`; did you mean `xml`?; "
            "found 'xlm'",
        ),
        (
            "layout: csv/invoices",
            "layout: xml/invoices",
            "12: flows.bills.layout.extends: xml/invoices is for `format: xml`, and the flow has `format: csv`",
        ),
        (
            "layout: csv/invoices",
            "layout: {columns: [number], xml: {root: Bills}}",
            "12: flows.bills.layout.xml: is for `format: xml`, and the flow has `format: csv`, whose options are in `delimited:`",
        ),
        (
            "layout: csv/invoices",
            "layout: {columns: [{nme: x}]}",
            "12: flows.bills.layout.columns[0].nme: unknown key; did you mean `name`?; allowed: `align`, `codes`, `date_format`",
        ),
        (
            "layout: csv/invoices",
            "layout: {delimited: {encoding: utf8}}",
            "12: flows.bills.layout.delimited.encoding: must be one of `utf-8`, `utf-8-sig`",
        ),
        (
            "layout: csv/invoices",
            "layout: {extends: csv/invoices, change: {number: {decimal: 2}}}",
            "flows.bills.layout.change.number.decimal: unknown key; did you mean `decimals`?",
        ),
        ("  bills:", "  bills:\n    name: x", "10: flows.bills.name: unknown key: the name is the key above it; leave it out"),
        ("name: ACME", "name: ACME\nid: acme", "2: id: unknown key: the id is the name of the file; leave it out"),
        ("name: ACME", "", "name: is missing: Name of the partner, for people."),
    ],
)
def test_mistake_in_a_partner(tmp_path, old, new, message):
    assert message in with_partner(tmp_path, old, new)


def test_all_mistakes_of_all_files_are_in_one_message_in_order(tmp_path):
    connections = CONNECTIONS.replace("database", "databse").replace("2026-01-01", "soon")
    message = complaint(
        write_project(tmp_path, connections, acme=PARTNER.replace("since", "sinse"), zulu=PARTNER.replace("user", "usr"))
    )
    lines = message.splitlines()
    assert lines[0] == "the configuration has 7 problems"
    assert [line.split(": ")[0].strip() for line in lines[1:]] == [
        "connections.yaml:2", "connections.yaml:5", "connections.yaml:8", "partners/acme.yaml:9", "partners/acme.yaml:15",
        "partners/zulu.yaml:2", "partners/zulu.yaml:4",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("api_key: odoo-api-key", f"api_key: {SECRET}!"),
        ("api_key: odoo-api-key", f"api_key: [{SECRET}]"),
        ("api_key: odoo-api-key", f"api_key: {{{SECRET}: {SECRET}}}"),
        ("api_key: odoo-api-key", f"apikey: {SECRET}"),
        ("api_key: odoo-api-key", f"psw: {SECRET}"),
        ("url: https://books.example", f"url: https://us:{SECRET}@books.example"),
        ("api_key: odoo-api-key", f"api_key: '{SECRET}"),
        ("api_key: odoo-api-key", f"api_key: {SECRET}: x"),
        ("api_key: odoo-api-key", f"api_key: !key {SECRET}!"),
        ("api_key: odoo-api-key", f"api_key: *{SECRET}"),
        ("api_key: odoo-api-key", f"api_key: !{SECRET}"),
        ("api_key: odoo-api-key", f"api_key: !{SECRET}!x"),
    ],
)
def test_value_of_a_secret_is_never_shown(tmp_path, old, new):
    message = with_connection(tmp_path, old, new)
    assert "connections.yaml:" in message
    assert "hunter2" not in message


@pytest.mark.parametrize("key", ["private_key", "password"])
def test_private_key_written_into_the_file_is_refused_unseen(tmp_path, key):
    message = with_partner(tmp_path, "private_key: acme-key", f"{key}: |\n    -----BEGIN OPENSSH PRIVATE KEY-----\n    {SECRET}")
    assert f"partners/acme.yaml:5: sftp.{key}: this must be the NAME of a secret" in message
    assert "mlconnector secrets set NAME" in message
    assert "BEGIN" not in message
    assert SECRET not in message
