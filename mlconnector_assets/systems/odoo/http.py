"""HTTP to an Odoo server: time limits, retries, and the server's clock. What is asked and what an answer means is in
json2.py and xmlrpc.py."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

import httpx
import stamina
from stamina.instrumentation import LoggingOnRetryHook, set_on_retry_hooks

from mlconnector_assets.clock import Clock
from mlconnector_assets.errors import ConnectorError
from mlconnector_assets.systems.odoo import failures
from mlconnector_assets.systems.odoo.failures import Place, TryLaterError

T = TypeVar("T")
_CONNECT_SECONDS = 10.0

# stamina would print to stdout where structlog happens to be installed
set_on_retry_hooks([LoggingOnRetryHook])


@dataclass(frozen=True)
class Retry:
    """How often and how long a request that may succeed later is repeated; seconds."""

    attempts: int = 6
    within: float = 240.0
    first_wait: float = 0.5
    longest_wait: float = 60.0


PATIENT = Retry()
"""Waits out a restart of Odoo, or a short traffic jam."""


class Http:
    """Requests to one server. May be used by two threads."""

    def __init__(self, url: str, *, timeout: float, retry: Retry, clock: Clock, transport: httpx.BaseTransport | None) -> None:
        self.url = url.rstrip("/")
        self._timeout, self._retry, self._clock, self._transport = timeout, retry, clock, transport
        self._client: httpx.Client | None = None
        self.answered_at: datetime | None = None
        """The server's clock at its latest answer, UTC, whole seconds; None when it does not tell."""

    def send(self, place: Place, request: httpx.Request, read: Callable[[httpx.Response], T]) -> T:
        """What `read` makes of the answer with status 200. Repeated as long as the request may succeed later, which an
        answer tells by its status, or `read` by TryLaterError."""

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
                    return read(self._send_once(place, request))
        except TryLaterError as error:
            raise error.failure from None
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Close connections."""
        if self._client is not None:
            self._client.close()
            self._client = None

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
