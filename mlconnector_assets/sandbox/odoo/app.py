"""The HTTP side of the stand-in: routes, login, request checks in Odoo's order, error bodies, and the
transport faults."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from email.utils import format_datetime

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from mlconnector_assets.clock import Clock
from mlconnector_assets.sandbox.faults import Faults
from mlconnector_assets.sandbox.odoo.context import read_context
from mlconnector_assets.sandbox.odoo.database import Database
from mlconnector_assets.sandbox.odoo.errors import (
    OdooError,
    drafts_under_hard_lock,
    locked_period,
    no_model,
    not_allowed_on_model,
    not_found,
    unauthorized,
)
from mlconnector_assets.sandbox.odoo.methods import Call, model_named
from mlconnector_assets.sandbox.odoo.older import JSON2_SINCE, VERSION_SETTING, OlderCall
from mlconnector_assets.sandbox.odoo.reading import Json
from mlconnector_assets.sandbox.odoo.xmlrpc import XML_TYPE, XmlRpcServer, called_model, version_info
from mlconnector_assets.sandbox.values import Row, Value

DATABASE = "sandbox"
"""Must be named in each call, as on a server that holds several."""
COMPANIES = (1, 2, 3)
JSON_TYPE = "application/json; charset=utf-8"
HTML_TYPE = "text/html; charset=utf-8"
VERSION = {"version_info": [19, 0, 0, "final", 0, ""], "version": "19.0"}
NO_DATABASE = (
    "<!DOCTYPE html>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n<p>No database is selected and the requested URL was "
    "not found in the server-wide controllers.</p>\n"
    "<p>Please verify the hostname, <a href=/web/login>login</a> and try again.</p>\n\n"
    "<!-- Alternatively, use the X-Odoo-Database header. -->\n"
)
WRONG_TYPE = (
    "<!doctype html>\n<html lang=en>\n<title>415 Unsupported Media Type</title>\n<h1>Unsupported Media Type</h1>\n"
    "<p>Request inferred type is compatible with [&#39;http&#39;] but "
    "&#39;/json/2/&lt;__model__&gt;/&lt;__method__&gt;&#39; is type=&#39;json2&#39;.<br><br>"
    "Please verify the Content-Type request header and try again.</p>\n"
)
LOGIN_PAGE = (
    '<!DOCTYPE html>\n<html><head><title>Odoo</title></head><body><form action="/web/login">Log in</form></body></html>\n'
)
UNAVAILABLE = "<html><head><title>503 Service Temporarily Unavailable</title></head><body><h1>503</h1></body></html>\n"
TOO_MANY = "<html><head><title>429 Too Many Requests</title></head><body><h1>429 Too Many Requests</h1></body></html>\n"

PageSeen = Callable[[str, list[int]], None]
"""Told the model and ids of each page, after it was read and before it is answered."""


class CutResponse(Response):
    """Announces the whole body and sends half of it; the server then drops the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send half of the body."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": bytes(self.body)[: len(self.body) // 2], "more_body": True})


class OdooApp:
    """The stand-in as an ASGI application (`asgi`). `before_request` runs ahead of each call (late commits become visible)."""

    def __init__(
        self,
        database: Database,
        faults: Faults,
        clock: Clock,
        api_key: str,
        *,
        before_request: Callable[[], None],
        page_seen: PageSeen,
        control: Callable[[Row], Row],
    ) -> None:
        self.database, self.faults, self.clock, self.api_key = database, faults, clock, api_key
        self.before_request, self.page_seen, self.control = before_request, page_seen, control
        self.xmlrpc = XmlRpcServer(DATABASE, self._is_key, self._answer)
        everything = ["GET", "POST", "PUT", "DELETE", "PATCH"]
        self.asgi = Starlette(
            routes=[
                Route("/json/2/{model}/{method}", self._json2, methods=everything),
                Route("/json/2/{rest:path}", self._wrong_path, methods=everything),
                Route("/web/version", self._version),
                Route("/json/version", self._version),
                Route("/web/webclient/version_info", self._older_version, methods=["POST"]),
                Route("/xmlrpc/2/{service}", self._xmlrpc, methods=["POST"]),
                Route("/web/health", self._health),
                Route("/sandbox/control", self._control, methods=["POST"]),
                Route("/{rest:path}", self._no_page, methods=everything),
            ]
        )

    async def _json2(self, request: Request) -> Response:
        model, method = request.path_params["model"], request.path_params["method"]
        body = await request.body() if "content-length" in request.headers else b""
        if request.headers.get("x-odoo-database") != DATABASE or self.version < JSON2_SINCE:
            return self._respond(404, NO_DATABASE, HTML_TYPE)
        slow = self.faults.strike("slow", model=model)
        if slow:
            await asyncio.sleep(float(slow.options.get("seconds", 1.0)))
        broken = self._transport_fault(model)
        if broken:
            return broken
        content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if request.method == "POST" and content_type != "application/json":
            return self._respond(415, WRONG_TYPE, HTML_TYPE, {"Accept": "application/json"})
        try:
            if request.method != "POST":
                raise not_found("Did you mean POST /json/2/<model>/<method>?")
            self._log_in(request)
            text = await run_in_threadpool(self._call, model, method, body)
        except OdooError as error:
            return self._respond(error.status, json.dumps(error.body()), JSON_TYPE, error.headers)
        cut = self.faults.strike("cut", model=model)
        return self._respond(200, text, JSON_TYPE, {"X-Content-Type-Options": "nosniff"}, kind=CutResponse if cut else Response)

    def _call(self, model_name: str, method: str, body: bytes) -> str:
        try:
            arguments = json.loads(body or b"{}")
        except ValueError as error:
            raise OdooError(400, "werkzeug.exceptions.BadRequest", f"could not parse the body as json: {error}") from None
        arguments = arguments if isinstance(arguments, dict) else {}
        answer = self._answer(model_name, method, arguments)
        return answer if isinstance(answer, Json) else json.dumps(answer)

    def _answer(self, model_name: str, method: str, arguments: Row) -> Value:
        """The answer to a call, whichever way it came."""
        if self.faults.strike("no_app", model=model_name):
            raise no_model(model_name)
        model = model_named(model_name)
        context = read_context(arguments.pop("context", None) or {}, COMPANIES)
        if self.faults.strike("no_rights", model=model_name):
            if method == "has_access" or arguments.get("raise_exception") is False:
                return False
            raise not_allowed_on_model(model_name, model.title)
        if self.faults.strike("serialization", model=model_name):
            raise OdooError(500, "psycopg2.errors.SerializationFailure", "could not serialize access due to concurrent update\n")
        if self.faults.strike("locked", model=model_name):
            raise locked_period()
        if self.faults.strike("hard_lock", model=model_name):
            raise drafts_under_hard_lock()
        self.before_request()
        call = Call(self.database, model, context, self.clock())
        version = self.version
        if version < JSON2_SINCE:
            answer = OlderCall(version, call, self.database, context).run(method, arguments)
        else:
            answer = call.run(method, arguments)
        if method in ("search", "search_read", "web_search_read"):
            self.page_seen(model_name, call.reader.last_ids)
        return answer

    def _log_in(self, request: Request) -> None:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise unauthorized("User not authenticated, use an API Key with a Bearer Authorization header.")
        if not self._is_key(key.strip()):
            raise unauthorized("Invalid apikey")

    def _is_key(self, key: str) -> bool:
        return key == self.api_key and not self.faults.strike("expired_key")

    def _transport_fault(self, model: str | None) -> Response | None:
        too_many = self.faults.strike("too_many_requests", model=model)
        if too_many:
            return self._respond(429, TOO_MANY, HTML_TYPE, {"Retry-After": str(too_many.options.get("retry_after", 1))})
        if self.faults.strike("unavailable", model=model):
            return self._respond(503, UNAVAILABLE, HTML_TYPE)
        page = self.faults.strike("html", model=model)
        return self._respond(int(page.options.get("status", 200)), LOGIN_PAGE, HTML_TYPE) if page else None

    async def _control(self, request: Request) -> Response:
        try:
            self._log_in_for_control(request)
            answer = await run_in_threadpool(self.control, await request.json())
        except OdooError as error:
            return self._respond(error.status, json.dumps({"error": error.message}), JSON_TYPE)
        except (ValueError, KeyError, TypeError) as error:
            return self._respond(400, json.dumps({"error": str(error)}), JSON_TYPE)
        return self._respond(200, json.dumps(answer), JSON_TYPE)

    def _log_in_for_control(self, request: Request) -> None:
        if request.headers.get("authorization", "") != f"bearer {self.api_key}":
            raise unauthorized("the control interface wants the sandbox's own API key as a bearer token")

    async def _wrong_path(self, request: Request) -> Response:
        if request.headers.get("x-odoo-database") != DATABASE:
            return self._respond(404, NO_DATABASE, HTML_TYPE)
        error = not_found("Did you mean POST /json/2/<model>/<method>?")
        return self._respond(error.status, json.dumps(error.body()), JSON_TYPE)

    @property
    def version(self) -> int:
        """The major version that it pretends to be."""
        return int(self.database.setting(VERSION_SETTING) or JSON2_SINCE)

    async def _version(self, request: Request) -> Response:
        if self.version < JSON2_SINCE:
            return self._respond(404, NO_DATABASE, HTML_TYPE)
        return self._respond(200, json.dumps(VERSION), JSON_TYPE, {"X-Content-Type-Options": "nosniff"})

    async def _older_version(self, request: Request) -> Response:
        answer = {"jsonrpc": "2.0", "id": None, "result": version_info(self.version)}
        return self._respond(200, json.dumps(answer), "application/json")

    async def _xmlrpc(self, request: Request) -> Response:
        service, body = request.path_params["service"], await request.body()
        if service not in ("common", "object"):
            return self._respond(404, NO_DATABASE, HTML_TYPE)
        model = called_model(body) if service == "object" else None
        slow = self.faults.strike("slow", model=model)
        if slow:
            await asyncio.sleep(float(slow.options.get("seconds", 1.0)))
        if broken := self._transport_fault(model):
            return broken
        answer = await run_in_threadpool(self.xmlrpc.answer, service, body, self.version)
        cut = self.faults.strike("cut", model=model)
        return self._respond(200, answer.decode(), XML_TYPE, kind=CutResponse if cut else Response)

    async def _health(self, request: Request) -> Response:
        return self._respond(
            200, '{"status": "pass"}', "application/json", {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        )

    async def _no_page(self, request: Request) -> Response:
        return self._respond(404, NO_DATABASE, HTML_TYPE)

    def _respond(
        self, status: int, text: str, content_type: str, headers: dict[str, str] | None = None, *, kind: type[Response] = Response
    ) -> Response:
        # Odoo without a proxy closes the connection after each answer
        shared = {
            "Server": "Werkzeug/2.2.2 Python/3.11.2",
            "Date": format_datetime(self.clock(), usegmt=True),
            "Connection": "close",
        }
        return kind(text.encode(), status_code=status, headers={**shared, "Content-Type": content_type, **(headers or {})})
