import json
import logging
from datetime import UTC, datetime

import httpx
import pytest

from mlconnector_assets.errors import AccessDenied, ConnectorError, CredentialsError, SourceError, Unavailable
from mlconnector_assets.systems.odoo import http as http_module
from mlconnector_assets.systems.odoo.client import OdooClient
from mlconnector_assets.systems.odoo.failures import UnknownFieldError, UnreadableRecordError
from tests.systems.odoo_records import FAST, KEY, Secret, odoo_error

HTML = httpx.Response(404, html="<!DOCTYPE html><title>404 Not Found</title><p>No database is selected body-canary</p>")
NOT_ALLOWED = (
    "You are not allowed to access 'Journal Entry' (account.move) records.\n\n"
    "This operation is allowed for the following groups:\n"
    "\t- Accounting/Administrator\n\t- Accounting/Invoicing\n\nContact your administrator to request access if necessary."
)


def client(handler, **settings):
    transport = httpx.MockTransport(handler)
    return OdooClient(
        "odoo",
        secret="odoo-key",
        **{"url": "http://odoo.test/", "database": "prod", "api_key": Secret(), "retry": FAST, "transport": transport} | settings,
    )


def answers(*responses):
    """A handler that gives the responses in turn, the last one for ever, and counts."""
    seen: list[httpx.Request] = []

    def handler(request):
        seen.append(request)
        response = responses[min(len(seen), len(responses)) - 1]
        if isinstance(response, Exception):
            raise response
        return httpx.Response(response.status_code, headers=response.headers, content=response.content)

    handler.seen = seen
    return handler


def test_a_call_is_one_post_with_key_database_and_length():
    handler = answers(httpx.Response(200, json=[1.10]))
    assert str(client(handler).call("res.partner", "search_count", {"domain": []})) == "[Decimal('1.1')]"
    (request,) = handler.seen
    assert str(request.url) == "http://odoo.test/json/2/res.partner/search_count" and request.method == "POST"
    assert request.headers["authorization"] == f"bearer {KEY}" and request.headers["x-odoo-database"] == "prod"
    assert request.headers["content-length"] == str(len(request.content)) and "transfer-encoding" not in request.headers
    assert json.loads(request.content) == {"domain": []}


LOCKED = "You cannot add/modify entries prior to and inclusive of: Hard Lock Date (12/31/2025)."
DRAFTS = (
    "There are still draft entries in the period you want to hard lock. You should either post or delete them.\n"
    "{'view_mode': 'list', 'res_model': 'account.move'}\nShow draft entries\nNone"
)
LATER = [
    httpx.Response(429),
    httpx.Response(502, html="<h1>Bad gateway</h1>"),
    httpx.Response(503),
    httpx.Response(504),
    odoo_error(500, "psycopg2.errors.SerializationFailure", "could not serialize access due to concurrent update\n"),
    odoo_error(500, "psycopg2.errors.LockNotAvailable", "lock"),
    odoo_error(500, "psycopg2.OperationalError", "gone"),
    httpx.ConnectError("refused"),
    httpx.ReadTimeout("slow"),
    httpx.RemoteProtocolError("peer closed connection without sending complete message body"),
]


@pytest.mark.parametrize("response", LATER, ids=str)
def test_what_may_succeed_later_is_tried_again(response):
    handler = answers(response, httpx.Response(200, json=True))
    assert client(handler).call("m", "f", {}) is True
    assert len(handler.seen) == 2


@pytest.mark.parametrize("response", LATER, ids=str)
def test_after_the_last_try_it_is_unavailable(response):
    handler = answers(response)
    with pytest.raises(Unavailable) as raised:
        client(handler).call("m", "f", {})
    assert len(handler.seen) == FAST.attempts and raised.value.mend and "odoo" in raised.value.where


PERMANENT = [
    (odoo_error(401, "werkzeug.exceptions.Unauthorized", "Invalid apikey"), CredentialsError, "refuses the API key"),
    (odoo_error(403, "odoo.exceptions.AccessError", NOT_ALLOWED), AccessDenied, "Accounting/Administrator, Accounting/Invoicing"),
    (odoo_error(403, "odoo.exceptions.AccessError", "Access to unauthorized or invalid companies."), AccessDenied, "company"),
    (
        odoo_error(403, "odoo.exceptions.AccessError", "The fields “pin”, which you are trying to read, are not available"),
        AccessDenied,
        "pin",
    ),
    (
        odoo_error(403, "odoo.exceptions.AccessError", "Sorry, you are not allowed this document"),
        UnreadableRecordError,
        "record rule",
    ),
    (
        odoo_error(404, "odoo.exceptions.MissingError", "Record does not exist or has been deleted.\n(Record: x(9,))"),
        UnreadableRecordError,
        "x(9,)",
    ),
    (
        odoo_error(404, "werkzeug.exceptions.NotFound", "the model 'm' does not exist"),
        SourceError,
        "Odoo has no model m",
    ),
    (HTML, SourceError, "has no database 'prod'"),
    (odoo_error(500, "builtins.ValueError", "Invalid field 'nope' on 'res.partner'"), UnknownFieldError, "'nope' on res.partner"),
    (odoo_error(500, "builtins.ValueError", "Invalid operator"), SourceError, "ValueError: Invalid operator"),
    (odoo_error(422, "odoo.exceptions.UserError", "Invalid language code: xx"), SourceError, "Invalid language code"),
    (odoo_error(422, "odoo.exceptions.UserError", LOCKED), SourceError, "Hard Lock Date (12/31/2025)"),
    (odoo_error(500, "odoo.exceptions.RedirectWarning", DRAFTS), SourceError, "still draft entries in the period"),
    (httpx.Response(301, headers={"location": "https://odoo.test/"}), SourceError, "another address"),
    (httpx.Response(200, html="<html>Sign in body-canary</html>"), SourceError, "not JSON"),
    (httpx.Response(200, content=b"\xff\xfe"), SourceError, "not JSON"),
    (httpx.Response(200, content=b""), SourceError, "not JSON"),
    (httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed"), SourceError, "not trusted"),
    (httpx.UnsupportedProtocol("no scheme"), SourceError, "cannot be called"),
]


@pytest.mark.parametrize(("response", "error", "words"), PERMANENT, ids=[words for _, _, words in PERMANENT])
def test_what_will_not_succeed_is_said_at_once_with_the_mend(response, error, words, caplog):
    handler = answers(response)
    with caplog.at_level(logging.DEBUG), pytest.raises(error) as raised:
        client(handler).call("account.move", "web_search_read", {"secret": "request-canary"})
    assert len([request for request in handler.seen if request.url.path.startswith("/json/2/")]) == 1
    assert words in str(raised.value) and raised.value.mend
    for canary in (KEY, "debug-canary", "body-canary", "request-canary"):
        assert canary not in repr(raised.value) + str(raised.value) + caplog.text
        assert canary not in str(raised.value.__cause__)


@pytest.mark.parametrize("said", [LOCKED, DRAFTS])
def test_a_lock_date_has_its_own_mend_and_shows_no_action(said):
    with pytest.raises(SourceError) as raised:
        client(answers(odoo_error(422, "odoo.exceptions.UserError", said))).call("m", "f", {})
    assert "open period" in (raised.value.mend or "") and "res_model" not in str(raised.value)


def test_a_long_message_is_cut():
    with pytest.raises(SourceError) as raised:
        client(answers(odoo_error(500, "builtins.ValueError", "x" * 5000))).call("m", "f", {})
    assert len(raised.value.what) < 400


@pytest.mark.parametrize("key", ["", "two\nlines", "caf\xe9"])
def test_a_key_that_cannot_be_a_key_is_refused_without_showing_it(key):
    with pytest.raises(CredentialsError) as raised:
        client(answers(httpx.Response(200)), api_key=Secret(key)).call("m", "f", {})
    assert "caf" not in str(raised.value) and "lines" not in str(raised.value)


@pytest.mark.parametrize(
    ("headers", "least"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": "Sat, 21 Nov 2026 05:00:09 GMT", "date": "Sat, 21 Nov 2026 05:00:00 GMT"}, 9),
        ({"retry-after": "Sat, 21 Nov 2026 05:00:09 GMT"}, 9),
        ({"retry-after": "3600"}, 20),
    ],
)
def test_retry_after_is_obeyed_up_to_a_limit(headers, least, monkeypatch):
    slept: list[float] = []
    monkeypatch.setattr("tenacity.nap.time.sleep", slept.append)
    retry = http_module.Retry(attempts=2, within=1000.0, first_wait=0.001, longest_wait=20.0)
    handler = answers(httpx.Response(429, headers=headers), httpx.Response(200, json=1))
    clock = lambda: datetime(2026, 11, 21, 5, tzinfo=UTC)  # noqa: E731
    assert client(handler, retry=retry, clock=clock).call("m", "f", {}) == 1
    assert slept == [least]


def test_the_wait_asked_for_is_in_the_last_message():
    with pytest.raises(Unavailable, match=r"HTTP 429. and asks to wait 3600 s"):
        client(answers(httpx.Response(429, headers={"retry-after": "3600"}))).call("m", "f", {})


def test_the_time_is_the_servers():
    handler = answers(httpx.Response(200, json={}, headers={"date": "Sat, 21 Nov 2026 05:43:56 GMT"}))
    assert client(handler).server_time() == datetime(2026, 11, 21, 5, 43, 56, tzinfo=UTC)
    assert "authorization" not in handler.seen[0].headers


@pytest.mark.parametrize("headers", [{}, {"date": "yesterday"}])
def test_a_server_without_a_clock_is_refused(headers):
    with pytest.raises(SourceError, match="Date header"):
        client(answers(httpx.Response(200, json={}, headers=headers))).server_time()


def test_the_version():
    answer = {"version_info": [19, 0, 0, "final", 0, ""], "version": "19.0"}
    assert client(answers(httpx.Response(200, json=answer))).version() == (19, "19.0")


def test_the_version_of_an_older_odoo():
    old = {"jsonrpc": "2.0", "result": {"server_version": "17.0", "server_version_info": [17, 0, 0, "final", 0, ""]}}
    assert client(answers(HTML, httpx.Response(200, json=old))).version() == (17, "17.0")


def test_what_is_not_an_odoo_has_no_version():
    with pytest.raises(SourceError, match="not JSON"):
        client(answers(httpx.Response(200, html="<p>Welcome"))).version()


def test_the_version_of_a_hosted_odoo():
    hosted = {"version_info": ["saas~18", 2, 0, "final", 0, "e"], "version": "saas~18.2+e"}
    assert client(answers(httpx.Response(200, json=hosted))).version() == (18, "saas~18.2+e")


def test_the_mend_of_a_refused_key_names_its_secret():
    with pytest.raises(CredentialsError) as raised:
        client(answers(odoo_error(401, "werkzeug.exceptions.Unauthorized", "Invalid apikey"))).call("m", "f", {})
    assert "mlconnector secrets set odoo-key" in raised.value.mend


def test_nothing_is_opened_before_the_first_call_and_closing_is_safe_to_repeat():
    idle = client(answers(httpx.Response(200, json=1)))
    idle.close()
    assert idle.call("m", "f", {}) == 1
    idle.close()
    idle.close()


def test_every_error_is_one_people_can_act_on():
    for _, error, _ in PERMANENT:
        assert issubclass(error, ConnectorError)


@pytest.mark.parametrize(("url", "loaded"), [("http://odoo.test", 0), ("https://odoo.test", 1)])
def test_the_trust_store_is_loaded_only_for_https_and_once(url, loaded, monkeypatch):
    calls = []
    original = http_module.ssl.create_default_context
    monkeypatch.setattr(http_module.ssl, "create_default_context", lambda: calls.append(url) or original())
    made = client(answers(httpx.Response(200, json=1)), url=url)
    made.call("m", "f", {})
    made.call("m", "f", {})
    made.close()
    assert len(calls) == loaded


def test_a_page_that_takes_too_long_is_told_to_be_smaller():
    with pytest.raises(Unavailable) as raised:
        client(answers(httpx.ReadTimeout("slow"))).call("m", "f", {})
    assert "page_size" in raised.value.mend


def test_limits_of_time_go_with_every_request():
    handler = answers(httpx.Response(200, json=1))
    client(handler, timeout=33.0).call("m", "f", {})
    assert handler.seen[0].extensions["timeout"] == {"connect": 10.0, "read": 33.0, "write": 33.0, "pool": 33.0}
