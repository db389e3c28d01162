"""A client of one Odoo database: one call is one transaction. Asks the server which Odoo it is, and speaks JSON-2 to 19
and newer, XML-RPC to 17 and 18."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from datetime import datetime
from typing import Protocol

import httpx

from mlconnector_assets.clock import Clock, system_clock
from mlconnector_assets.errors import ConfigurationError, CredentialsError, SourceError, Unavailable
from mlconnector_assets.systems.odoo import failures
from mlconnector_assets.systems.odoo.failures import NoDatabaseError, Place
from mlconnector_assets.systems.odoo.http import PATIENT, Http, Retry
from mlconnector_assets.systems.odoo.json2 import Json2
from mlconnector_assets.systems.odoo.older import FIRST_WITH_JSON2, OLDEST
from mlconnector_assets.systems.odoo.values import Json, Values, parse
from mlconnector_assets.systems.odoo.xmlrpc import XmlRpc

__all__ = ["PATIENT", "OdooClient", "Retry", "Revealing", "require_supported"]


class Revealing(Protocol):
    """A secret that shows itself only when asked."""

    def reveal(self) -> str:
        """The secret's text."""
        ...


class Calls(Protocol):
    """A way to call methods: JSON-2 or XML-RPC."""

    def call_text(self, place: Place, arguments: Values) -> str:
        """The method's result as JSON text, in the words of Odoo 19."""
        ...


class OdooClient:
    """Calls methods of models of one Odoo database. May be used by two threads.

    `user` is the login that the API key belongs to. Only XML-RPC needs it: without it JSON-2 is spoken without asking
    for the version first.
    """

    def __init__(
        self,
        connection: str,
        *,
        url: str,
        database: str,
        api_key: Revealing,
        user: str | None = None,
        secret: str = "",
        timeout: float = 60.0,
        retry: Retry = PATIENT,
        clock: Clock = system_clock,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.connection, self.url, self.database, self.user = connection, url.rstrip("/"), database, user
        self._api_key, self._secret = api_key, secret
        self._http = Http(self.url, timeout=timeout, retry=retry, clock=clock, transport=transport)
        self._calls: Calls | None = None
        self._major: int | None = None

    @property
    def answered_at(self) -> datetime | None:
        """The server's clock at its latest answer, UTC, whole seconds; None when it does not tell."""
        return self._http.answered_at

    def call(self, model: str, method: str, arguments: Values) -> Json:
        """The method's result, numbers with a fraction as Decimal.

        Raises AccessDenied, CredentialsError, SourceError (UnreadableRecordError, UnknownFieldError), Unavailable;
        ConfigurationError when this Odoo is too old, or needs a `user`.
        """
        try:
            return parse(self.call_text(model, method, arguments))
        except ValueError:
            raise failures.not_json(self._place(model, method)) from None

    def call_text(self, model: str, method: str, arguments: Values) -> str:
        """The method's result as JSON text: of JSON-2 as it was received. Raises as `call` does."""
        try:
            return self._way_in().call_text(self._place(model, method), arguments)
        except NoDatabaseError:
            with suppress(SourceError, Unavailable):
                # the same answer comes from an Odoo that does not know JSON-2
                require_supported(self.connection, *self.version(), self.user)
            raise

    def version(self) -> tuple[int, str]:
        """Odoo's major version and its full text; needs no key."""
        place = self._place("", "version")
        try:
            answer = self._ask(place, httpx.Request("GET", f"{self.url}/web/version"))
            return _major(answer["version_info"]), str(answer["version"])
        except (SourceError, ValueError, LookupError, TypeError):
            # Odoo before 19 has only this one
            body = json.dumps({"jsonrpc": "2.0", "method": "call", "params": {}}).encode()
            request = httpx.Request(
                "POST", f"{self.url}/web/webclient/version_info", headers={"Content-Type": "application/json"}, content=body
            )
            try:
                answer = self._ask(place, request)["result"]
                return _major(answer["server_version_info"]), str(answer["server_version"])
            except (ValueError, LookupError, TypeError):
                raise failures.not_json(place) from None

    def major(self) -> int | None:
        """The major version that is spoken to; None when JSON-2 is spoken without asking. Raises as `call` does."""
        self._way_in()
        return self._major

    def server_time(self) -> datetime:
        """The server's clock, UTC, whole seconds, from the Date header of an answer given now."""
        place = self._place("", "version")
        with suppress(NoDatabaseError):  # Odoo before 19 does not know this page, and tells the time all the same
            self._http.send(place, httpx.Request("GET", f"{self.url}/web/version"), lambda _: None)
        if self.answered_at is None:
            raise SourceError(
                f"{self.url} answers without a Date header",
                where=str(place),
                mend="Let the proxy in front of Odoo pass the Date header on: reading goes by the server's clock.",
            )
        return self.answered_at

    def close(self) -> None:
        """Close connections."""
        self._http.close()

    def _way_in(self) -> Calls:
        if self._calls is None:
            self._calls = self._chosen()
        return self._calls

    def _chosen(self) -> Calls:
        if self.user is None:
            return Json2(self._http, self.database, self._key)
        self._major, text = self.version()
        require_supported(self.connection, self._major, text, self.user)
        if self._major >= FIRST_WITH_JSON2:
            return Json2(self._http, self.database, self._key)
        return XmlRpc(self._http, self.database, self.user, self._key, self._major)

    def _ask(self, place: Place, request: httpx.Request) -> Json:
        return self._http.send(place, request, lambda response: parse(response.text))

    def _place(self, model: str, method: str) -> Place:
        return Place(self.connection, self.url, self.database, model, method, self._secret)

    def _key(self) -> str:
        key = self._api_key.reveal().strip()
        # an illegal header value would be quoted in the library's exception
        if not key or not key.isascii() or not key.isprintable():
            raise CredentialsError(
                "the API key is empty or holds characters that no Odoo key has",
                where=self.connection,
                mend=f"Store the key again, as one line: `mlconnector secrets set {self._secret or 'NAME'}`.",
            )
        return key


def require_supported(connection: str, major: int, version: str, user: str | None) -> None:
    """Raises ConfigurationError for an Odoo that is too old, or that needs the user's login and has none."""
    if major < OLDEST:
        raise ConfigurationError(
            f"Odoo {version} is too old to be read", where=connection, mend=f"Upgrade this Odoo to {OLDEST} or newer."
        )
    if major < FIRST_WITH_JSON2 and user is None:
        raise ConfigurationError(
            f"Odoo {version} is read over XML-RPC, which wants the login of the API key's user",
            where=connection,
            mend="Add `user:` to this connection in connections.yaml: what the user types to log in to Odoo.",
        )


def _major(version: list[Json]) -> int:
    """The major number, also of hosted versions such as "saas~18"."""
    found = re.search(r"\d+", str(version[0]))
    if not found:
        raise ValueError("no version")
    return int(found[0])
