"""Requests recorded against a real Odoo 19 (odoo19/*) are sent to the sandbox: status, headers that matter, error
names and messages, and the JSON shape of every answer must be the recorded ones. Ids differ, so those that the
requests name are replaced by records of the sandbox that are of the same kind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from mlconnector_assets.sandbox import Sandbox, start_sandbox

RECORDINGS = Path(__file__).parent / "odoo19"
CASES = sorted(str(path.relative_to(RECORDINGS)) for path in RECORDINGS.rglob("*.json") if path.stem != "boundary_table")
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
TEXTS = {"101000": "103001", "probe": "müller"}
FAULTS = {"errors/access_denied_model_read": "no_rights", "errors/serialization_exhausted": "serialization"}


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with start_sandbox(tmp_path_factory.mktemp("sandbox"), moves=120, now=NOW) as running:
        running.control.post_invoice(at="2026-11-21 07:26:00")
        running.control.draft_invoice(move_type="in_invoice", at="2026-11-21 07:27:00")
        yield running


@pytest.fixture(scope="module")
def ids(sandbox: Sandbox) -> dict[int, int]:
    """Recorded id to one in the sandbox."""
    call = sandbox.control.call
    in_bill = [["parent_state", "=", "posted"], ["move_type", "=", "in_invoice"]]
    section = call(
        "account.move.line", "search_read", domain=[["display_type", "=", "line_section"], *in_bill], fields=["move_id"], load=""
    )
    foreign = call(
        "account.move.line",
        "search_read",
        domain=[["currency_id", "=", "USD"], ["company_id", "=", 1], *in_bill],
        fields=["move_id"],
        load="",
    )
    vendors = call("res.partner", "search", domain=[["supplier_rank", ">", 0]], order="id asc", limit=5)
    return {
        57: section[0]["move_id"],
        63: foreign[0]["move_id"],
        71: vendors[4],
        67: vendors[0],
        68: vendors[1],
        69: vendors[2],
        70: vendors[3],
    }


def translated(value: Any, ids: dict[int, int], name: str = "") -> Any:
    """A request body with the sandbox's ids and names; only numbers that stand for ids are touched."""
    if isinstance(value, dict):
        return {key: translated(inner, ids, key) for key, inner in value.items()}
    if isinstance(value, list):
        names_an_id = len(value) == 3 and value[0] in ("id", "move_id")
        return [translated(inner, ids, "ids" if names_an_id else name) for inner in value]
    if isinstance(value, int) and not isinstance(value, bool) and name == "ids":
        return ids.get(value, value)
    return TEXTS.get(value, value) if isinstance(value, str) else value


def send(http: httpx.Client, sandbox: Sandbox, request: dict[str, Any], ids: dict[int, int]) -> httpx.Response:
    headers = {name: value for name, value in request["headers"].items() if name != "User-Agent"}
    if "<api_key" in headers.get("Authorization", ""):
        headers["Authorization"] = f"bearer {sandbox.api_key}"
    if headers.get("X-Odoo-Database", "nosuchdb") != "nosuchdb":
        headers["X-Odoo-Database"] = "sandbox"
    body = request["body"]
    content = json.dumps(translated(body, ids)) if isinstance(body, dict) else body or ""
    return http.request(request["method"], sandbox.odoo_url + request["path"], headers=headers, content=content.encode())


def kind(value: Any) -> str:
    return {"int": "integer", "float": "number with decimals"}.get(type(value).__name__, type(value).__name__)


def assert_same_shape(recorded: Any, answered: Any, where: str = "answer") -> None:
    """Same JSON type and keys all the way down; false fits anything, as it is Odoo's null."""
    if recorded is False or answered is False:
        return
    assert kind(recorded) == kind(answered), f"{where}: recorded {recorded!r}, answered {answered!r}"
    if isinstance(recorded, dict) and not where.endswith("analytic_distribution"):
        assert sorted(recorded) == sorted(answered), where
        for key in recorded:
            assert_same_shape(recorded[key], answered[key], f"{where}.{key}")
    elif isinstance(recorded, list) and len({kind(item) for item in recorded}) > 1 and not where.endswith("__extra_domain"):
        assert [kind(item) for item in recorded] == [kind(item) for item in answered], where
    elif isinstance(recorded, list) and recorded and answered and not where.endswith("__extra_domain"):
        for item in answered:
            assert_same_shape(recorded[0], item, f"{where}[]")


@pytest.mark.parametrize("case", CASES)
def test_answer_has_the_recorded_shape(http: httpx.Client, sandbox: Sandbox, ids: dict[int, int], case: str) -> None:
    recording = json.loads((RECORDINGS / case).read_text("utf-8"))
    fault = FAULTS.get(recording["case"])
    if fault:
        sandbox.control.fault(fault)
    recorded = recording["response"]
    answered = send(http, sandbox, recording["request"], ids)
    headers = {name.lower(): value for name, value in recorded["headers"]}
    assert answered.status_code == recorded["status"], answered.text
    for name in ("content-type", "www-authenticate", "connection", "accept", "x-content-type-options"):
        assert answered.headers.get(name, "").strip() == headers.get(name, "").strip(), name
    if "body_text" in recorded:
        assert answered.text == recorded["body_text"]
        return
    body = json.loads(recorded["body"]) if isinstance(recorded["body"], str) else recorded["body"]
    if recorded["status"] == 200:
        if body:
            assert answered.json(), "the sandbox holds nothing of this kind, so nothing was compared"
        assert_same_shape(body, answered.json())
    else:
        assert_same_error(body, answered.json())


def assert_same_error(recorded: dict[str, Any], answered: dict[str, Any]) -> None:
    assert sorted(recorded) == sorted(answered)
    assert recorded["name"] == answered["name"]
    assert recorded["message"].strip().split("\n")[0] == answered["message"].strip().split("\n")[0]
    assert [kind(item) for item in recorded["arguments"]] == [kind(item) for item in answered["arguments"]]
    assert answered["context"] == {}
    assert answered["debug"].startswith("Traceback (most recent call last):\n")


def test_instants_compare_by_whole_seconds_as_recorded(http: httpx.Client, sandbox: Sandbox, ids: dict[int, int]) -> None:
    recorded = json.loads((RECORDINGS / "write_date" / "boundary_table.json").read_text("utf-8"))
    back = {}
    for number, stamp in recorded["sql_truth"].items():
        back[ids[int(number)]] = int(number)
        sandbox.control.write("res.partner", [ids[int(number)]], at=stamp)
    for row in recorded["table"]:
        domain = [["id", "in", list(back)], ["write_date", row["op"], row["value"]]]
        answered = http.post(
            f"{sandbox.odoo_url}/json/2/res.partner/search",
            headers={"Authorization": f"bearer {sandbox.api_key}", "X-Odoo-Database": "sandbox"},
            json={"domain": domain, "context": {"tz": recorded["user_tz"]}},
        )
        assert answered.status_code == row["status"], row
        if row["status"] == 200:
            assert sorted(back[found] for found in answered.json()) == row["matched"], row
        else:
            assert {name: answered.json()[name] for name in ("name", "message")} == row["matched"], row
