"""XML-RPC, which Odoo before 19 is read over: the login, one call, and what faults mean. Answers become the JSON text that
JSON-2 would have sent, so that nothing above knows the difference; numbers with a fraction keep their digits."""

from __future__ import annotations

import json
import re
import xmlrpc.client
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any
from xml.parsers.expat import ExpatError

import httpx

from mlconnector_assets.errors import CredentialsError
from mlconnector_assets.systems.odoo import failures, older
from mlconnector_assets.systems.odoo.failures import Place
from mlconnector_assets.systems.odoo.http import Http
from mlconnector_assets.systems.odoo.values import Json, Values

_MARK = "\x00"
"""Stands before a number that is written as text first. No text of XML or of PostgreSQL can hold it."""
_MARKED = re.compile(r'"\\u0000([^"]+)"')


class XmlRpc:
    """Calls methods of one database as one user. `key` reveals the API key, which takes the place of the password."""

    def __init__(self, http: Http, database: str, user: str, key: Callable[[], str], major: int) -> None:
        self._http, self._database, self._user, self._key, self._major = http, database, user, key, major
        self._user_id: int | None = None

    def call_text(self, place: Place, arguments: Values) -> str:
        """The method's result as JSON text. Raises as `OdooClient.call`."""
        method, arguments, restored = older.translated(self._major, place.model, place.method, arguments)
        keywords = {name: value for name, value in arguments.items() if name != "ids" and value is not None}
        ids = [arguments["ids"]] if "ids" in arguments else []
        login = (self._database, self._logged_in(place), self._key())
        answer = self._call(place, "object", "execute_kw", (*login, place.model, method, ids, keywords))
        return json_text(restored(answer))

    def _logged_in(self, place: Place) -> int:
        if self._user_id is None:
            answer = self._call(place, "common", "authenticate", (self._database, self._user, self._key(), {}))
            if not answer:
                raise CredentialsError(
                    f"Odoo refuses user '{self._user}' with this API key (wrong login, or the key is wrong, expired or deleted)",
                    where=str(place),
                    mend=failures.new_key(place),
                )
            self._user_id = int(answer)
        return self._user_id

    def _call(self, place: Place, service: str, method: str, parameters: tuple[Any, ...]) -> Json:
        def read(response: httpx.Response) -> Json:
            try:
                return parsed(response.content)
            except xmlrpc.client.Fault as fault:
                raise failures.fault(int(fault.faultCode), str(fault.faultString), place) from None
            except (ExpatError, xmlrpc.client.ResponseError, ValueError, TypeError, LookupError):
                raise failures.not_json(place) from None

        body = xmlrpc.client.dumps(parameters, method).encode()
        headers = {"Content-Type": "text/xml"}
        request = httpx.Request("POST", f"{self._http.url}/xmlrpc/2/{service}", headers=headers, content=body)
        return self._http.send(place, request, read)


def _exact(reader: xmlrpc.client.Unmarshaller, data: str) -> None:
    """Takes in a `double` with its digits, where the library would make a float."""
    try:
        value = Decimal(data)
    except InvalidOperation:
        raise ValueError(f"no number: {data!r}") from None
    if not value.is_finite():
        raise ValueError(f"no number: {data!r}")
    reader.append(value)
    reader._value = False  # as every reader of the library does: the value is complete


def parsed(content: bytes) -> Json:
    """The value of a response. Raises Fault, ExpatError, ResponseError, ValueError."""
    target = xmlrpc.client.Unmarshaller(use_builtin_types=True)
    target.dispatch = {**xmlrpc.client.Unmarshaller.dispatch, "double": _exact}
    parser = xmlrpc.client.ExpatParser(target)
    parser.feed(content)
    parser.close()
    return target.close()[0]


def json_text(value: Json) -> str:
    """JSON with the digits of every Decimal."""
    text = json.dumps(value, default=lambda number: f"{_MARK}{number}", ensure_ascii=True)
    return _MARKED.sub(r"\1", text)
