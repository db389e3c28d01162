"""HTTP to Odoo's JSON-2 interface: one call is one transaction. Belongs here: headers, time limits, retries, the
server's clock; what an answer means is in failures.py."""

from __future__ import annotations

import json
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Protocol

import httpx
import stamina
from stamina.instrumentation import LoggingOnRetryHook, set_on_retry_hooks

from mlconnector_assets.clock import Clock, system_clock
from mlconnector_assets.errors import ConnectorError, CredentialsError, SourceError
from mlconnector_assets.systems.odoo import failures
from mlconnector_assets.systems.odoo.failures import Place, TryLaterError
from mlconnector_assets.systems.odoo.values import Json, Values, parse

_CONNECT_SECONDS = 10.0

# stamina would print to stdout where structlog happens to be installed
set_on_retry_hooks([LoggingOnRetryHook])


class Revealing(Protocol):
    """A secret that shows itself only when asked."""

    def reveal(self) -> str:
        """The secret's text."""
        ...


@dataclass(frozen=True)
class Retry:
    """How often and how long a request that may succeed later is repeated; seconds."""

    attempts: int = 6
    within: float = 240.0
    first_wait: float = 0.5
    longest_wait: float = 60.0


PATIENT = Retry()
"""Waits out a restart of Odoo, or a short traffic jam."""


class OdooClient:
    """Calls methods of models of one Odoo database. May be used by two threads."""

    def __init__(
        self,
        connection: str,
        *,
        url: str,
        database: str,
        api_key: Revealing,
        timeout: float = 60.0,
        retry: Retry = PATIENT,
        clock: Clock = system_clock,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.connection, self.url, self.database = connection, url.rstrip("/"), database
        self._api_key, self._timeout, self._retry, self._clock, self._transport = api_key, timeout, retry, clock, transport
        self._client: httpx.Client | None = None
        self.answered_at: datetime | None = None
        """The server's clock at its latest answer, UTC, whole seconds; None when it does not tell."""

    def call(self, model: str, method: str, arguments: Values) -> Json:
        """The method's result, numbers with a fraction as Decimal.

        Raises AccessDenied, CredentialsError, SourceError (UnreadableRecordError, UnknownFieldError), Unavailable.
        """
        try:
            return parse(self.call_text(model, method, arguments))
        except ValueError:
            raise failures.not_json(self._place(model, method)) from None

    def call_text(self, model: str, method: str, arguments: Values) -> str:
        """The method's result as the JSON text received. Raises as `call` does."""
        body = json.dumps(arguments, separators=(",", ":")).encode()
        headers = {
            "Authorization": f"bearer {self._key()}",
            "X-Odoo-Database": self.database,
            "Content-Type": "application/json; charset=utf-8",
        }
        place = self._place(model, method)
        response = self._send(place, httpx.Request("POST", f"{self.url}/json/2/{model}/{method}", headers=headers, content=body))
        try:
            text = response.content.decode()
        except UnicodeDecodeError:
            raise failures.not_json(place) from None
        if text[:1] in "<":
            raise failures.not_json(place)
        return text

    def version(self) -> tuple[int, str]:
        """Odoo's major version and its full text; needs no key."""
        place = self._place("", "version")
        try:
            answer = parse(self._send(place, httpx.Request("GET", f"{self.url}/web/version")).text)
            return int(answer["version_info"][0]), str(answer["version"])
        except (SourceError, ValueError, LookupError, TypeError):
            # Odoo before 19 has only this one
            body = json.dumps({"jsonrpc": "2.0", "method": "call", "params": {}}).encode()
            request = httpx.Request(
                "POST", f"{self.url}/web/webclient/version_info", headers={"Content-Type": "application/json"}, content=body
            )
            try:
                answer = parse(self._send(place, request).text)["result"]
                return int(answer["server_version_info"][0]), str(answer["server_version"])
            except (ValueError, LookupError, TypeError):
                raise failures.not_json(place) from None

    def server_time(self) -> datetime:
        """The server's clock, UTC, whole seconds, from the Date header of an answer given now."""
        place = self._place("", "version")
        self._send(place, httpx.Request("GET", f"{self.url}/web/version"))
        if self.answered_at is None:
            raise SourceError(
                f"{self.url} answers without a Date header",
                where=str(place),
                mend="Let the proxy in front of Odoo pass the Date header on: reading goes by the server's clock.",
            )
        return self.answered_at

    def close(self) -> None:
        """Close connections."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _place(self, model: str, method: str) -> Place:
        return Place(self.connection, self.url, self.database, model, method)

    def _key(self) -> str:
        key = self._api_key.reveal().strip()
        # an illegal header value would be quoted in the library's exception
        if not key or not key.isascii() or not key.isprintable():
            raise CredentialsError(
                "the API key is empty or holds characters that no Odoo key has",
                where=self.connection,
                mend="Store the key again with `mlconnector secrets set`, as one line.",
            )
        return key

    def _send(self, place: Place, request: httpx.Request) -> httpx.Response:
        def wait_or_stop(error: Exception) -> bool | float:
            if not isinstance(error, TryLaterError):
                return False
            return True if error.wait is None else min(error.wait, self._retry.longest_wait)

        try:
            for attempt in stamina.retry_context(
                on=wait_or_stop,
                attempts=self._retry.attempts,
                timeout=self._retry.within,
                wait_initial=self._retry.first_wait,
                wait_max=self._retry.longest_wait,
                wait_jitter=self._retry.first_wait,
            ):
                with attempt:
                    return self._send_once(place, request)
        except TryLaterError as error:
            raise error.failure from None
        raise AssertionError("unreachable")

    def _send_once(self, place: Place, request: httpx.Request) -> httpx.Response:
        if self._client is None:
            self._client = self._open()
        request.extensions["timeout"] = httpx.Timeout(self._timeout, connect=_CONNECT_SECONDS).as_dict()
        problem: ConnectorError | TryLaterError
        try:
            response = self._client.send(request)
        except httpx.TransportError as error:
            problem = failures.unreachable(error, place)
            raise problem from None
        self.answered_at = _http_date(response.headers.get("date"))
        if response.status_code == 200:
            return response
        problem = failures.refusal(response, place, self._asked_wait(response))
        raise problem

    def _open(self) -> httpx.Client:
        # loading the trust store takes 20 ms of CPU, and plain http has no use for it
        secure = self.url.startswith("https:")
        trust = ssl.create_default_context() if secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        return httpx.Client(verify=trust, trust_env=False, transport=self._transport)

    def _asked_wait(self, response: httpx.Response) -> float | None:
        value = response.headers.get("retry-after", "").strip()
        if value.isdecimal():
            return float(value)
        until = _http_date(value)
        if until is None:
            return None
        return max(0.0, (until - (self.answered_at or self._clock())).total_seconds())


def _http_date(value: str | None) -> datetime | None:
    if not value:
        return None
    try:
        return parsedate_to_datetime(value).astimezone(UTC)
    except ValueError:
        return None
