"""XML-RPC: exact numbers, the login, and what each fault means. The faults are those recorded of an Odoo 19."""

from __future__ import annotations

import json
import xmlrpc.client
from decimal import Decimal

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlconnector_assets.errors import AccessDenied, ConfigurationError, CredentialsError, SourceError, Unavailable
from mlconnector_assets.systems.odoo.client import OdooClient
from mlconnector_assets.systems.odoo.failures import UnknownFieldError, UnknownModelError, UnreadableRecordError
from mlconnector_assets.systems.odoo.values import parse
from mlconnector_assets.systems.odoo.xmlrpc import json_text, parsed
from tests.systems.odoo_records import FAST, KEY, Secret

VERSION = {"server_version": "17.0", "server_version_info": [17, 0, 0, "final", 0, ""]}


def odoo(answer, user_id=7):
    """A handler that is an Odoo 17; `answer` gets the call of `object`, and returns a value, a Fault or a Response."""
    seen: list[tuple[str, tuple[object, ...]]] = []

    def handler(request):
        if request.url.path == "/web/version" or request.url.path.startswith("/json/2/"):
            return httpx.Response(404, html="<h1>Not Found</h1>")
        if request.url.path == "/web/webclient/version_info":
            return httpx.Response(200, json={"jsonrpc": "2.0", "result": VERSION})
        parameters, _ = xmlrpc.client.loads(request.content)
        seen.append((request.url.path, parameters))
        result = user_id if request.url.path == "/xmlrpc/2/common" else answer(parameters)
        if isinstance(result, httpx.Response):
            return result
        values = result if isinstance(result, xmlrpc.client.Fault) else (result,)
        return httpx.Response(200, text=xmlrpc.client.dumps(values, methodresponse=True), headers={"content-type": "text/xml"})

    handler.seen = seen
    return handler


def client(handler, **settings):
    known = {"url": "http://odoo.test", "database": "prod", "api_key": Secret(), "user": "ada", "secret": "odoo-key"}
    return OdooClient("odoo", retry=FAST, transport=httpx.MockTransport(handler), **(known | settings))


def test_a_call_logs_in_once_and_passes_keywords():
    handler = odoo(lambda _: [1, 2])
    made = client(handler)
    assert made.call("res.partner", "search", {"domain": [], "limit": None, "context": {"tz": "UTC"}}) == [1, 2]
    assert made.call("res.partner", "read", {"ids": [3], "fields": ["name"]}) == [1, 2]
    login, first, second = handler.seen
    assert login == ("/xmlrpc/2/common", ("prod", "ada", KEY, {}))
    assert first[1] == ("prod", 7, KEY, "res.partner", "search", [], {"domain": [], "context": {"tz": "UTC"}})
    assert second[1] == ("prod", 7, KEY, "res.partner", "read", [[3]], {"fields": ["name"]})


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**15), max_value=10**15))
def test_numbers_keep_their_digits(number):
    content = f"<methodResponse><params><param><value><double>{number}</double></value></param></params></methodResponse>"
    assert parse(json_text([parsed(content.encode())])) == [Decimal(str(number))]


@pytest.mark.parametrize("number", ["nan", "inf", "1,5", ""])
def test_what_is_no_number_is_refused(number):
    content = f"<methodResponse><params><param><value><double>{number}</double></value></param></params></methodResponse>"
    with pytest.raises(ValueError, match="no number"):
        parsed(content.encode())


def test_texts_that_look_like_numbers_stay_texts():
    value = [{"name": "12.50", "label": 'a "quoted" \\u0000 1.5', "amount": Decimal("0.10"), "flag": False}]
    assert json.loads(json_text(value), parse_float=str) == [value[0] | {"amount": "0.10"}]


FAULTS = [
    (3, "Access Denied", CredentialsError, "refuses the API key"),
    (
        4,
        "You are not allowed to access 'Journal Entry' (account.move) records.\n\nThis operation is allowed for the following "
        "groups:\n\t- Accounting/Invoicing",
        AccessDenied,
        "may not read the model account.move",
    ),
    (4, "Access to unauthorized or invalid companies.", AccessDenied, "may not work in a configured company"),
    (2, "Record does not exist or has been deleted.\n(Record: res.partner(9,), User: 7)", UnreadableRecordError, "deleted"),
    (2, "Object res.partners doesn't exist", UnknownModelError, "no model res.partners"),
    (1, "ValueError: Invalid field 'nope' on 'res.partner'", UnknownFieldError, "'nope' on res.partner"),
    (1, 'Traceback body-canary\npsycopg2.OperationalError: FATAL:  database "prod" does not exist', SourceError, "no database"),
    (1, "Traceback body-canary\nAttributeError: The method 'm.f' does not exist\n", SourceError, "AttributeError: The method"),
    (1, "Traceback\npsycopg2.errors.SerializationFailure: could not serialize access", Unavailable, "busy"),
]


@pytest.mark.parametrize(("code", "text", "error", "words"), FAULTS)
def test_faults_say_what_to_do_and_show_no_traceback(code, text, error, words):
    with pytest.raises(error) as raised:
        client(odoo(lambda _: xmlrpc.client.Fault(code, text))).call("m", "f", {})
    assert words in str(raised.value) and "canary" not in str(raised.value) and raised.value.mend


def test_a_conflict_is_tried_again():
    results = [xmlrpc.client.Fault(1, "could not serialize access due to concurrent update"), 5]
    assert client(odoo(lambda _: results.pop(0))).call("m", "f", {}) == 5


def test_a_wrong_login_names_user_and_secret():
    with pytest.raises(CredentialsError, match="user 'ada'") as raised:
        client(odoo(lambda _: 1, user_id=False)).call("m", "f", {})
    assert "mlconnector secrets set odoo-key" in raised.value.mend


@pytest.mark.parametrize("content", [b"<html>Sign in</html>", b"", b"<methodResponse><params>"])
def test_something_else_than_xmlrpc_is_told(content):
    with pytest.raises(SourceError, match="not JSON"):
        client(odoo(lambda _: httpx.Response(200, content=content))).call("m", "f", {})


def test_without_a_user_an_older_odoo_says_what_it_needs():
    with pytest.raises(ConfigurationError, match=r"Odoo 17.0 is read over XML-RPC") as raised:
        client(odoo(lambda _: 1), user=None).call("m", "f", {})
    assert "Add `user:`" in raised.value.mend


def test_grouping_is_asked_in_the_older_words():
    def answer(parameters):
        assert parameters[4] == "read_group" and parameters[6]["lazy"] is False
        assert parameters[6]["fields"] == ["amount_total_sum:sum(amount_total)"]
        return [{"currency_id": [1, "EUR"], "amount_total_sum": 117.1, "__count": 2, "__domain": []}]

    asked = {"domain": [], "groupby": ["currency_id"], "aggregates": ["__count", "amount_total:sum"]}
    groups = client(odoo(answer)).call("account.move", "formatted_read_group", asked)
    assert groups == [{"currency_id": [1, "EUR"], "amount_total:sum": Decimal("117.1"), "__count": 2}]


def test_fields_have_their_older_names_and_come_back_under_the_new_ones():
    def answer(parameters):
        assert parameters[6]["specification"] == {"name": {}, "line_ids": {"fields": {"quantity": {}}}}
        return {"length": 1, "records": [{"id": 4, "name": "INV/1", "line_ids": [{"id": 5, "quantity": 1.0}]}]}

    specification = {"invoice_currency_rate": {}, "name": {}, "line_ids": {"fields": {"quantity": {}}}}
    found = client(odoo(answer)).call("account.move", "web_search_read", {"domain": [], "specification": specification})
    line = {"id": 5, "quantity": Decimal("1.0")}
    assert found["records"] == [{"id": 4, "invoice_currency_rate": 0, "name": "INV/1", "line_ids": [line]}]
