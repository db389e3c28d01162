import json

import httpx
import pytest

from mlconnector_assets.errors import Unavailable
from tests.systems.odoo_records import odoo_error, source

VERSION = {"version_info": [19, 0, 0, "final", 0, ""], "version": "19.0"}
NOT_ALLOWED = (
    "You are not allowed to access 'Tax' (account.tax) records.\n\nThis operation is allowed for the following groups:\n"
    "\t- Accounting/Administrator\n\t- Accounting/Invoicing\n\nContact your administrator to request access if necessary."
)


def odoo(version=VERSION, refuse=lambda model, method, arguments: None):
    def handler(request):
        if request.url.path == "/web/version":
            return httpx.Response(200, json=version, headers={"date": "Sat, 21 Nov 2026 06:00:00 GMT"})
        model, method = request.url.path.split("/")[-2:]
        arguments = json.loads(request.content)
        refusal = refuse(model, method, arguments)
        if refusal is not None:
            return refusal
        answers = {
            ("res.users", "context_get"): {"lang": "en_US", "tz": "UTC", "uid": 7},
            ("res.users", "read"): [{"id": 7, "name": "Connector", "login": "mlconnector"}],
            ("res.company", "search_read"): [{"id": 1, "name": "My Company"}, {"id": 3, "name": "Other"}],
        }
        empty = {"length": 0, "records": []} if method == "web_search_read" else []
        return httpx.Response(200, json=answers.get((model, method), empty))

    return handler


def findings(handler, **settings):
    made = source(handler, **settings)
    try:
        return {finding.subject: finding for finding in made.check()}
    finally:
        made.close()


def test_everything_in_order():
    found = findings(odoo())
    assert all(finding.good and finding.detail and not finding.mend for finding in found.values())
    assert found["version"].detail == "Odoo 19.0, read over JSON-2" and found["user"].detail == "Connector (mlconnector)"
    assert found["company us"].detail == "1: My Company"
    assert {"record invoices", "record vendors", "record gl_entries", "model account.move.line"} <= set(found)


def test_an_older_odoo_is_told_what_it_needs():
    found = findings(odoo({"version_info": [18, 0, 0, "final", 0, ""], "version": "18.0"}))
    assert list(found) == ["version"] and not found["version"].good
    assert found["version"].detail.startswith("Odoo 18.0 is read over XML-RPC") and "Add `user:`" in found["version"].mend


def test_a_too_old_odoo_is_refused():
    found = findings(odoo({"version_info": [16, 0, 0, "final", 0, ""], "version": "16.0"}), user="ada")
    assert found["version"].detail == "Odoo 16.0 is too old to be read" and "17 or newer" in found["version"].mend


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (odoo_error(401, "werkzeug.exceptions.Unauthorized", "Invalid apikey"), "refuses the API key"),
        (httpx.Response(404, html="<h1>Not Found</h1>"), "no database 'prod'"),
    ],
)
def test_a_login_that_fails_ends_the_check(refusal, words):
    found = findings(odoo(refuse=lambda *_: refusal))
    assert list(found) == ["version", "user"]
    assert not found["user"].good and words in found["user"].detail and found["user"].mend


def test_a_company_that_the_user_does_not_see_is_named_beside_those_it_sees():
    found = findings(odoo(), companies={"us": 1, "be": 2})
    assert found["company us"].good and not found["company be"].good
    assert "company 2" in found["company be"].detail and "1 (My Company), 3 (Other)" in found["company be"].detail
    assert found["record invoices"].good


def test_a_model_without_rights_is_named_with_odoos_own_list_of_groups():
    def refuse(model, method, arguments):
        return odoo_error(403, "odoo.exceptions.AccessError", NOT_ALLOWED) if model == "account.tax" else None

    found = findings(odoo(refuse=refuse))
    assert not found["model account.tax"].good
    assert found["model account.tax"].mend.endswith("Accounting/Administrator, Accounting/Invoicing.")
    assert "record invoices" not in found and found["record vendors"].good


def test_a_record_that_cannot_be_read_although_its_models_can():
    def refuse(model, method, arguments):
        refused = model == "res.partner" and method == "web_search_read"
        return odoo_error(403, "odoo.exceptions.AccessError", "The fields “lang” are not available") if refused else None

    found = findings(odoo(refuse=refuse))
    assert not found["record vendors"].good and "lang" in found["record vendors"].detail


def test_fields_of_modules_that_are_not_installed_are_told():
    def refuse(model, method, arguments):
        if "purchase_line_id" in json.dumps(arguments.get("specification", {})):
            return odoo_error(500, "builtins.ValueError", "Invalid field 'purchase_line_id' on 'account.move.line'")
        return None

    found = findings(odoo(refuse=refuse))
    assert found["record invoices"].good and "purchase_line_id (module purchase)" in found["record invoices"].detail


def test_only_the_records_of_the_connection_are_tried():
    found = findings(odoo(), records=("vendors",))
    assert "record vendors" in found and "record invoices" not in found and "model account.move" not in found


def test_a_server_that_does_not_answer_raises():
    def gone(request):
        raise httpx.ConnectError("refused")

    with pytest.raises(Unavailable, match="cannot be reached"):
        findings(gone)


def test_an_odoo_that_falls_silent_during_the_check_ends_it():
    found = findings(odoo(refuse=lambda model, *_: httpx.Response(503) if model == "account.tax" else None))
    assert found["version"].good and found["user"].good
    assert not found["records"].good and "HTTP 503" in found["records"].detail


def test_a_user_that_may_not_list_companies():
    denied = odoo_error(403, "odoo.exceptions.AccessError", NOT_ALLOWED.replace("account.tax", "res.company"))
    found = findings(odoo(refuse=lambda model, *_: denied if model == "res.company" else None))
    assert list(found) == ["version", "user", "companies"] and not found["companies"].good
