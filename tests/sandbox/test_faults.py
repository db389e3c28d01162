from __future__ import annotations

import httpx
import pytest

from mlconnector_assets.errors import SourceError

COUNT = "/json/2/res.partner/search_count"
ANY = {"domain": []}


@pytest.mark.parametrize(
    ("kind", "options", "answered"),
    [
        ("too_many_requests", {"retry_after": 7}, (429, "text/html", "429")),
        ("unavailable", {}, (503, "text/html", "503")),
        ("serialization", {}, (500, "application/json", "psycopg2.errors.SerializationFailure")),
        ("locked", {}, (422, "application/json", "inclusive of: Hard Lock Date")),
        ("hard_lock", {}, (500, "application/json", "odoo.exceptions.RedirectWarning")),
        ("html", {}, (200, "text/html", "<html>")),
        ("html", {"status": 502}, (502, "text/html", "<html>")),
        ("no_rights", {"model": "res.partner"}, (403, "application/json", "You are not allowed to access 'Contact'")),
        ("expired_key", {}, (401, "application/json", "Invalid apikey")),
    ],
)
def test_a_fault_strikes_as_often_as_told_and_then_is_gone(sandbox, http, kind, options, answered):
    status, content_type, says = answered
    sandbox.control.fault(kind, times=2, **options)
    for _ in range(2):
        answer = http.post(COUNT, json=ANY)
        assert answer.status_code == status
        assert answer.headers["content-type"].startswith(content_type)
        assert says in answer.text
    assert http.post(COUNT, json=ANY).status_code == 200
    assert sandbox.control.faults() == []


def test_retry_after_is_told(sandbox, http):
    sandbox.control.fault("too_many_requests", retry_after=7)
    assert http.post(COUNT, json=ANY).headers["retry-after"] == "7"


def test_the_connection_breaks_in_mid_body(sandbox, http):
    sandbox.control.fault("cut")
    with pytest.raises(httpx.RemoteProtocolError):
        http.post("/json/2/res.partner/search_read", json={"fields": ["name"]})
    assert http.post(COUNT, json=ANY).status_code == 200


def test_a_slow_answer_waits(sandbox, http):
    sandbox.control.fault("slow", seconds=1.5)
    with pytest.raises(httpx.ReadTimeout):
        http.post(COUNT, json=ANY, timeout=0.3)
    assert http.post(COUNT, json=ANY).status_code == 200


def test_a_fault_on_one_model_spares_the_others(sandbox, http):
    sandbox.control.fault("no_rights", times=None, model="account.move")
    assert http.post(COUNT, json=ANY).status_code == 200
    assert http.post("/json/2/account.move/search_count", json=ANY).status_code == 403
    assert http.post("/json/2/account.move/search_count", json=ANY).status_code == 403
    sandbox.control.clear("no_rights")
    assert http.post("/json/2/account.move/search_count", json=ANY).status_code == 200


def test_rows_behind_and_ahead_of_a_reader_are_rewritten(sandbox, http):
    before = {row["id"]: row["write_date"] for row in sandbox.control.call("account.move", "search_read", fields=["write_date"])}
    sandbox.control.fault("rewrite_rows", times=1, model="account.move", every=2, rows=2)
    pages = []
    for last in (0, 20):
        arguments = {
            "domain": [["id", ">", last]],
            "specification": {"narration": {}},
            "order": "id asc",
            "limit": 20,
            "count_limit": 1,
        }
        pages.append([row["id"] for row in http.post("/json/2/account.move/web_search_read", json=arguments).json()["records"]])
    after = {row["id"]: row["write_date"] for row in sandbox.control.call("account.move", "search_read", fields=["write_date"])}
    changed = sorted(move for move in after if after[move] != before[move])
    assert changed == [*pages[0][:2], pages[1][-1] + 1, pages[1][-1] + 2]


def test_an_unknown_fault_is_refused_with_the_known_ones(sandbox):
    with pytest.raises(SourceError, match="unknown fault 'earthquake'; there are: too_many_requests"):
        sandbox.control.fault("earthquake")


def test_the_control_interface_wants_the_key(sandbox):
    assert httpx.post(f"{sandbox.odoo_url}/sandbox/control", json={"do": "clear"}).status_code == 401
