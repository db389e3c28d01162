"""JSON-2, the interface of Odoo 19 and newer: one POST a call, keyword arguments as a JSON object, the bare result back."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx

from mlconnector_assets.systems.odoo import failures
from mlconnector_assets.systems.odoo.failures import Place
from mlconnector_assets.systems.odoo.http import Http
from mlconnector_assets.systems.odoo.values import Values


class Json2:
    """Calls methods of one database. `key` reveals the API key, which names its user."""

    def __init__(self, http: Http, database: str, key: Callable[[], str]) -> None:
        self._http, self._database, self._key = http, database, key

    def call_text(self, place: Place, arguments: Values) -> str:
        """The method's result as the JSON text received. Raises as `OdooClient.call`."""
        body = json.dumps(arguments, separators=(",", ":")).encode()
        headers = {
            "Authorization": f"bearer {self._key()}",
            "X-Odoo-Database": self._database,
            "Content-Type": "application/json; charset=utf-8",
        }
        url = f"{self._http.url}/json/2/{place.model}/{place.method}"
        return self._http.send(
            place, httpx.Request("POST", url, headers=headers, content=body), lambda answer: _text(answer, place)
        )


def _text(response: httpx.Response, place: Place) -> str:
    try:
        text = response.content.decode()
    except UnicodeDecodeError:
        raise failures.not_json(place) from None
    if text[:1] in "<":
        raise failures.not_json(place)
    return text
