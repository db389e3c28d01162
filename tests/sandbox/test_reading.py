from __future__ import annotations

import json
import sqlite3

import httpx
import pytest

from mlconnector_assets.errors import SourceError

ALL = {"allowed_company_ids": [1, 2, 3], "active_test": False}


def test_nested_reading_answers_objects_lists_and_bare_ids(sandbox):
    page = sandbox.control.call(
        "account.move",
        "web_search_read",
        domain=[["move_type", "=", "in_invoice"], ["state", "=", "posted"]],
        specification={
            "name": {},
            "currency_id": {},
            "reversed_entry_id": {"fields": {"name": {}}},
            "partner_id": {"fields": {"name": {}, "country_id": {"fields": {"code": {}}}}},
            "invoice_line_ids": {
                "fields": {"display_type": {}, "tax_ids": {"fields": {"name": {}, "amount": {}}}, "account_id": {}}
            },
            "line_ids": {},
        },
        order="id asc",
        limit=5,
        count_limit=1,
    )
    assert set(page) == {"length", "records"}
    assert len(page["records"]) == 5
    bill = page["records"][0]
    assert isinstance(bill["currency_id"], int)
    assert bill["reversed_entry_id"] is False
    assert set(bill["partner_id"]) == {"id", "name", "country_id"}
    assert set(bill["partner_id"]["country_id"]) == {"id", "code"}
    product = next(line for line in bill["invoice_line_ids"] if line["display_type"] == "product")
    assert isinstance(product["account_id"], int)
    assert all(isinstance(tax["amount"], float) for tax in product["tax_ids"])
    assert len(bill["line_ids"]) > len(bill["invoice_line_ids"])


def test_length_counts_everything_unless_limited(sandbox):
    everything = sandbox.control.call("account.move", "search_count", domain=[])
    arguments = {"domain": [], "specification": {"id": {}}, "limit": 10}
    assert sandbox.control.call("account.move", "web_search_read", **arguments)["length"] == everything
    assert sandbox.control.call("account.move", "web_search_read", **arguments, count_limit=50)["length"] == 50
    assert sandbox.control.call("account.move", "web_search_read", **arguments, count_limit=1)["length"] == 10


def test_paging_by_id_in_a_frozen_window_yields_every_row_once(sandbox):
    window = [["write_date", ">=", "2026-10-01 00:00:00"], ["write_date", "<", "2026-11-01 00:00:00"]]
    seen: list[int] = []
    while page := sandbox.control.call(
        "account.move", "search", domain=[*window, ["id", ">", seen[-1] if seen else 0]], order="id asc", limit=7
    ):
        seen += page
    assert seen == sorted(sandbox.control.call("account.move", "search", domain=window))
    assert len(seen) == len(set(seen)) > 30


def test_limit_zero_means_no_limit(sandbox):
    everything = sandbox.control.call("account.move", "search_count", domain=[])
    assert len(sandbox.control.call("account.move", "search", domain=[], limit=0)) == everything


def test_account_codes_belong_to_the_current_company(sandbox):
    def read(companies: list[int]) -> dict[int, object]:
        rows = sandbox.control.call(
            "account.account", "search_read", domain=[], fields=["code"], context={"allowed_company_ids": companies}
        )
        return {row["id"]: row["code"] for row in rows}

    assert read([1])[200] == "189000"
    assert read([2])[200] == "290000"
    assert read([1])[1] == "130000"
    assert read([2, 1])[1] is False


def test_archived_records_hide_unless_asked_for(sandbox):
    def count(domain: list[object], **context: object) -> int:
        return int(sandbox.control.call("res.partner", "search_count", domain=domain, context=context))

    vendors = ["supplier_rank", ">", 0]
    assert count([vendors], active_test=False) > count([vendors])
    assert count([vendors, ["active", "=", False]]) == count([vendors], active_test=False) - count([vendors])


@pytest.mark.parametrize(
    ("domain", "condition"),
    [
        (["|", ["state", "=", "draft"], ["state", "=", "cancel"]], "state IN ('draft', 'cancel')"),
        (["!", ["state", "=", "posted"]], "state <> 'posted'"),
        ([["state", "in", ["draft", "cancel"]]], "state IN ('draft', 'cancel')"),
        ([["state", "not in", ["draft"]]], "state <> 'draft'"),
        ([["name", "=", False]], "name IS NULL"),
        ([["name", "!=", False]], "name IS NOT NULL"),
        ([["ref", "ilike", "po-"]], "ref LIKE '%PO-%'"),
        ([["ref", "not ilike", "po-"]], "(ref IS NULL OR ref NOT LIKE '%PO-%')"),
        ([["amount_total", ">=", 100], ["amount_total", "<", 1000]], "amount_total >= 100 AND amount_total < 1000"),
        ([["partner_id.country_id.code", "=", "NL"]], "country = 'NL'"),
        ([["currency_id", "=", "JPY"]], "currency_id = 25"),
        ([["line_ids.display_type", "=", "rounding"]], "rounding > 0"),
        ([["invoice_date", ">=", "2026-11-01"]], "invoice_date >= '2026-11-01'"),
        ([["id", "in", [1, 2, 3]]], "id IN (1, 2, 3)"),
        ([["reversed_entry_id", "!=", False]], "reversed_entry_id IS NOT NULL"),
    ],
)
def test_domains_choose_the_rows_that_sql_chooses(sandbox, domain, condition):
    extra = (
        "(SELECT n.code FROM res_partner p JOIN res_country n ON n.id = p.country_id WHERE p.id = m.partner_id) AS country, "
        "(SELECT count(*) FROM account_move_line l WHERE l.move_id = m.id AND l.display_type = 'rounding') AS rounding"
    )
    books = sqlite3.connect(sandbox.folder / "odoo.db")
    expected = [
        row[0] for row in books.execute(f"SELECT id FROM (SELECT m.*, {extra} FROM account_move m) WHERE {condition} ORDER BY id")
    ]
    books.close()
    assert expected
    assert sandbox.control.call("account.move", "search", domain=domain, order="id asc") == expected


def test_sums_of_groups_are_sums_of_rows(sandbox):
    rows = sandbox.control.call("account.move", "search_read", domain=[], fields=["company_id", "amount_total_signed"], load="")
    groups = sandbox.control.call(
        "account.move",
        "formatted_read_group",
        domain=[],
        groupby=["company_id"],
        aggregates=["amount_total_signed:sum", "__count"],
    )
    for group in groups:
        own = [row["amount_total_signed"] for row in rows if row["company_id"] == group["company_id"][0]]
        assert group["__count"] == len(own)
        assert group["amount_total_signed:sum"] == pytest.approx(sum(own), abs=0.001)
    assert len(groups) == 3


@pytest.mark.parametrize("content", [b"[[1, 2]]", b"{}", b""])
def test_a_body_that_is_no_object_reads_every_move_with_every_field(http, content):
    rows = http.post("/json/2/account.move/search_read", content=content, headers={"Content-Type": "application/json"}).json()
    assert len(rows) > 300
    assert len(rows[0]) == 200


def test_a_chunked_body_counts_as_empty(http):
    def pieces():
        yield json.dumps({"domain": []}).encode()

    answer = http.post("/json/2/res.partner/search_count", content=pieces(), headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["message"] == "missing a required argument: 'domain'"


def test_every_error_carries_the_canary_that_must_never_leak(http):
    answer = http.post("/json/2/res.partner/search_read", json={"fields": ["nope"]})
    assert "sandbox-traceback-canary" in answer.json()["debug"]


def test_a_wrong_key_is_refused(sandbox):
    headers = {"Authorization": "bearer wrong", "X-Odoo-Database": "sandbox"}
    answer = httpx.post(f"{sandbox.odoo_url}/json/2/res.users/context_get", json={}, headers=headers)
    assert (answer.status_code, answer.json()["message"]) == (401, "Invalid apikey")
    with pytest.raises(SourceError, match="401"):
        type(sandbox.control)(sandbox.odoo_url, "wrong").call("res.users", "context_get")


def test_written_values_are_read_back_and_move_the_stamp(http, sandbox):
    before = sandbox.control.call("res.partner", "read", ids=[12], fields=["write_date"])[0]["write_date"]
    assert http.post("/json/2/res.partner/write", json={"ids": [12], "vals": {"street": "Ålgade 1"}}).json() is True
    after = sandbox.control.call("res.partner", "read", ids=[12], fields=["street", "write_date"])[0]
    assert after["street"] == "Ålgade 1"
    assert after["write_date"] > before
